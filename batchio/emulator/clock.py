"""The clock of the emulator.

Law: whatever happens with time in the service happens on this clock. Latency, token buckets and the life of a
fault rule are the network's, not the service's: they run on the machine's own clock.
"""

from __future__ import annotations

import time
from datetime import UTC, datetime, timedelta

from ..errors import ConfigurationError
from . import ticks

_LAST = ticks.from_datetime(datetime(9999, 12, 31, tzinfo=UTC))


class Clock:
    """A clock that runs with real time and can be moved ahead; `frozen` stands still between moves.

    `start` is an aware datetime, by default now; with one, what a client signs has to go by this clock.

    >>> clock = Clock(datetime(2024, 7, 1, tzinfo=UTC), frozen=True)
    >>> clock.advance(90).isoformat()
    '2024-07-01T00:01:30+00:00'
    """

    def __init__(self, start: datetime | None = None, *, frozen: bool = False) -> None:
        if start is not None and start.tzinfo is None:
            raise ConfigurationError("clock: start needs a time zone")
        real = _real()
        begin = real if start is None else ticks.from_datetime(start)
        self._frozen = frozen
        self._began_now = start is None
        self._offset = begin if frozen else begin - real

    def ticks(self) -> int:
        """The time in ticks of 100 ns since the year 1."""
        return self._offset if self._frozen else _real() + self._offset

    def now(self) -> datetime:
        """The time, with zone UTC."""
        return ticks.to_datetime(self.ticks())

    def skew_of(self, sent: int) -> int:
        """How many ticks a client's time is ahead; it may be the machine's, however far a test has moved this one."""
        skew = sent - self.ticks()
        return min(skew, sent - _real(), key=abs) if self._began_now else skew

    def advance(self, by: float | timedelta) -> datetime:
        """Move ahead by seconds or a timedelta; returns the new time. A clock never goes back."""
        step = by if isinstance(by, timedelta) else _seconds(by)
        moved = step // timedelta(microseconds=1) * 10
        if moved < 0:
            raise ConfigurationError("clock: advance cannot go back")
        if self.ticks() + moved > _LAST:
            raise ConfigurationError("clock: advance goes beyond the year 9999")
        self._offset += moved
        return self.now()

    @property
    def skew(self) -> int | None:
        """How many ticks it is ahead of real time; None where it stands still."""
        return None if self._frozen else self._offset

    def go_on(self, now: int, skew: int | None) -> None:
        """Take over from a clock that was at `now` and had this skew: be at no earlier time."""
        if skew is not None and not self._frozen:
            self._offset = max(self._offset, skew)
        self._offset += max(now - self.ticks(), 0)


def _real() -> int:
    return time.time_ns() // 100 + ticks.UNIX_EPOCH


def _seconds(by: float) -> timedelta:
    try:
        return timedelta(seconds=by)
    except (OverflowError, ValueError, TypeError) as error:
        raise ConfigurationError("clock: advance needs a number of seconds or a timedelta") from error
