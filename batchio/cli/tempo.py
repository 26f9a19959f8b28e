"""How fast tasks are completed.

Law: pure; the time is given. Of a slow job the whole watch is the measure, of a fast one the last looks.
"""

from __future__ import annotations

from collections import deque

_LOOKS = 20
_ENOUGH = 10
"""Tasks that have to be completed during the last looks for their rate to mean something."""


class Tempo:
    """Looks at a count that grows."""

    def __init__(self) -> None:
        self._first: tuple[float, int] | None = None
        self._last: deque[tuple[float, int]] = deque(maxlen=_LOOKS)

    def add(self, now: float, completed: int) -> None:
        """One look, at `now` seconds of any clock that goes steadily."""
        if self._last and completed < self._last[-1][1]:
            # Tasks were reactivated or deleted: what was before is no measure.
            self._first = None
            self._last.clear()
        self._first = self._first or (now, completed)
        self._last.append((now, completed))

    @property
    def rate(self) -> float | None:
        """Tasks a second, None where nobody can know yet.

        >>> tempo = Tempo()
        >>> tempo.add(100.0, 0)
        >>> tempo.rate
        >>> tempo.add(110.0, 50)
        >>> tempo.rate
        5.0
        """
        if self._first is None or len(self._last) < 2:
            return None
        end, count = self._last[-1]
        begin, before = self._last[0]
        if count - before < _ENOUGH:
            begin, before = self._first
        return (count - before) / (end - begin) if end > begin else None
