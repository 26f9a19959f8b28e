"""How fast a run goes and what it waits for.

Law: pure; measured a few times a second, never per task.
"""

from __future__ import annotations

from .report import Lost

_SMOOTH_SECONDS = 2.0


class Meter:
    """Rate, elapsed time and time lost of one run."""

    def __init__(self, now: float) -> None:
        self.rate = 0.0
        self.lost: dict[Lost, float] = {"input": 0.0, "service": 0.0, "consumer": 0.0}
        self.waits_for: Lost | None = None
        self._started = self._ticked = now
        self._ended: float | None = None
        self._settled = 0

    def resume(self, settled: int) -> None:
        """So many tasks were settled before."""
        self._settled = settled

    def elapsed(self, now: float) -> float:
        """Seconds from the start to now, or to the end."""
        return (self._ended if self._ended is not None else now) - self._started

    def end(self, now: float) -> None:
        """The run is over."""
        self._ended = now

    def tick(self, now: float, settled: int) -> None:
        """Look at the run: `settled` tasks so far."""
        seconds = now - self._ticked
        if seconds <= 0:
            return
        share = min(1.0, seconds / _SMOOTH_SECONDS) if self.rate else 1.0
        self.rate += ((settled - self._settled) / seconds - self.rate) * share
        if self.waits_for is not None:
            self.lost[self.waits_for] += seconds
        self._ticked, self._settled = now, settled
