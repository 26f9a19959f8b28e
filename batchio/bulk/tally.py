"""What a controller counts: requests that the service took, and failures that are no refusals.

Law: pure counting; nothing here decides a rate.
"""

from __future__ import annotations

from bisect import bisect_right
from collections import deque

_REMEMBERED_SENDS = 4096
_FIRST_LAG = 0.02
_FALLING, _RISING = 0.5, 0.05
_LAGS = 5.0
_SHORTEST, _LONGEST = 0.02, 0.5
_LEAST_SECONDS = 0.005
_NOISE_SHARE = 0.02
_NOISE_ANSWERS = 50
_NOISE_SECONDS = 1.0


class Tally:
    """What the service took since a mark: requests sent after it, without those of them that were refused.

    A refusal comes soon and in order, an answer whenever the work is done: who waits for answers to count what was
    taken is a round trip behind.
    """

    def __init__(self) -> None:
        self.requests = 0
        self.refused = 0
        """Of the requests sent after the mark."""
        self.marked_at: float | None = None
        self._requests_at_mark = 0
        self._sends: deque[float] = deque(maxlen=_REMEMBERED_SENDS)
        self._lag = _FIRST_LAG

    def send(self, now: float) -> None:
        """A request leaves."""
        self.requests += 1
        self._sends.append(now)

    def refuse(self, sent_at: float, lag: float | None) -> None:
        """A request was refused, after `lag` seconds; None: that time says nothing of refusals."""
        if self.marked_at is not None and sent_at > self.marked_at:
            self.refused += 1
        if lag is not None:
            # One that took longer was held up on its way; what a refusal takes is what the quick ones take.
            self._lag += (lag - self._lag) * (_FALLING if lag < self._lag else _RISING)

    def mark(self, moment: float | None) -> None:
        """Count from here on; None: there is nothing to count from."""
        self.marked_at, self.refused = moment, 0
        self._requests_at_mark = 0 if moment is None else self.sent_until(moment)

    def taken_until(self, moment: float) -> int:
        """Requests that left after the mark and until then and were not refused."""
        return self.sent_until(moment) - self._requests_at_mark - self.refused

    def sent_until(self, moment: float) -> int:
        """Requests that had left by then; exact for the last 4096."""
        return self.requests - (len(self._sends) - bisect_right(self._sends, moment))

    def rate_until(self, moment: float, seconds: float | None) -> float:
        """Requests a second that were sent in the `seconds` before; None: since the first one."""
        start = moment - seconds if seconds is not None else self._sends[0] if self._sends else moment
        requests = max(1, self.sent_until(moment) - self.sent_until(start))
        return requests / max(_LEAST_SECONDS, moment - start)

    @property
    def horizon(self) -> float:
        """Seconds after which enough is known to measure a rate: some times what a refusal takes."""
        return min(_LONGEST, max(_SHORTEST, _LAGS * self._lag))


class Failures:
    """Failures among the answers of the last second or the last 50."""

    def __init__(
        self, *, share: float = _NOISE_SHARE, deviations: float = 1.0, least: int = _NOISE_ANSWERS, more: float = 0.0
    ) -> None:
        self.share = share
        """Of the answers; so many failures are nothing new."""
        self._deviations, self._least, self._more = deviations, least, more
        self._recent: deque[tuple[float, bool]] = deque()
        self._failures = 0

    def add(self, now: float, *, failed: bool) -> None:
        """An answer has come."""
        self._recent.append((now, failed))
        self._failures += failed
        while len(self._recent) > _NOISE_ANSWERS and self._recent[0][0] < now - _NOISE_SECONDS:
            self._failures -= self._recent.popleft()[1]

    @property
    def is_flood(self) -> bool:
        """Whether there are more than the share and what chance adds to that."""
        answers = len(self._recent)
        expected = self.share * answers
        return answers >= self._least and self._failures > expected + self._deviations * expected**0.5 + self._more

    def clear(self) -> None:
        """Begin again."""
        self._recent.clear()
        self._failures = 0
