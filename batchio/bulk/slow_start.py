"""The window of the start, before any refusal: wider with every answer, as long as it is used.

Law: pure; it follows the answers, so a service that is slow to answer slows it down.
"""

from __future__ import annotations

import math

_FIRST_WINDOW = 8.0
_GROWTH = 0.42
_FIRST_GAP = 0.005
_IN_USE = 2.0
_LEAST_EPOCH = 0.02
"""Seconds; where answers come sooner than that, requests wait for the client's own CPU as long as for the service."""
_SMOOTHING = 0.1


class SlowStart:
    """How many may be in flight, and how far apart they leave."""

    def __init__(self, most: int) -> None:
        self._most = float(most)
        self.window = min(_FIRST_WINDOW, self._most)
        self.gap = _FIRST_GAP
        """Seconds between two departures: the window spread over a round trip."""
        self.round_trip: float | None = None
        """Seconds, smoothed; None before the first answer."""
        self._place = 0.0
        self._epoch = -math.inf
        self._requests = 0

    def learn(self, took: float) -> None:
        """An answer came after so many seconds."""
        if self.round_trip is None:
            self.round_trip = self._place = took
        self.round_trip += (took - self.round_trip) * _SMOOTHING
        self._place += (took - self._place) * _SMOOTHING

    def hold(self, seconds: float) -> None:
        """A request was refused, and keeps its place so long before it leaves again."""
        self._place += (seconds - self._place) * _SMOOTHING

    def widen(self, now: float, requests: int) -> None:
        """One more answer; `requests` were sent until now."""
        window = self.window + _GROWTH
        if now - self._epoch >= max(self._place, _LEAST_EPOCH):
            # What leaves while one place is taken is what is in flight; a window that nobody uses must not grow.
            window = min(window, max(_FIRST_WINDOW, _IN_USE * (requests - self._requests)))
            self._epoch, self._requests = now, requests
        self.window = min(window, self._most)
        self.gap = self._place / self.window

    def restart(self) -> None:
        """Begin again."""
        self.window = min(_FIRST_WINDOW, self.window)
