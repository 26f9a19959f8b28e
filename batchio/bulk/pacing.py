"""How many requests may be in flight, and when the next may leave.

Law: pure. The controller is fed with what happened and when; it never looks at a clock and never sleeps.

A start that doubles every round trip finds the service's rate; a refusal cuts the window by 0.7, at most once
a round trip; after that the window grows by one request a round trip. A request that was refused keeps its
place in the window while it waits, so refusals themselves slow the run down. Failures that are not refusals
(5xx, timeouts, resets) are noise: a service that fails now and then is not full.
"""

from __future__ import annotations

from collections import deque
from typing import Protocol

_START = 8.0
_CUT = 0.7
_NOISE_SHARE = 0.02
_NOISE_ANSWERS = 50
_NOISE_SECONDS = 1.0


class Pacing(Protocol):
    """A controller. Times are seconds of one monotonic clock; `sent_at` is what `sent` was told."""

    @property
    def state(self) -> str:
        """A word for people: what the controller is doing."""
        ...

    def window(self, now: float) -> int:
        """How many requests may be in flight."""
        ...

    def next_at(self, now: float) -> float:
        """When the next request may leave; `now` or earlier means at once."""
        ...

    def sent(self, now: float) -> None:
        """A request has left."""
        ...

    def answered(self, now: float, sent_at: float) -> None:
        """A request was answered with results."""
        ...

    def refused(self, now: float, sent_at: float, retry_after: float | None) -> None:
        """A request was throttled."""
        ...

    def noise(self, now: float, sent_at: float) -> None:
        """A request failed in a way that says nothing of the service's rate."""
        ...


class WindowPacing:
    """Slow start, one cut a round trip, then additive increase."""

    def __init__(self, *, start: float = _START, most: int = 4096) -> None:
        self._window = start
        self._most = most
        self._starting = True
        self._cut_at = float("-inf")
        self._recent: deque[tuple[float, bool]] = deque()
        self._noises = 0

    @property
    def state(self) -> str:
        """`starting` until the first cut, then `steady`."""
        return "starting" if self._starting else "steady"

    def window(self, now: float) -> int:  # noqa: ARG002 - the protocol's
        """The window, at least 1."""
        return max(1, int(self._window))

    def next_at(self, now: float) -> float:
        """At once: the window alone holds requests back."""
        return now

    def sent(self, now: float) -> None:
        """Nothing to learn from a departure alone."""

    def answered(self, now: float, sent_at: float) -> None:  # noqa: ARG002 - the protocol's
        """Widen the window: by one in the start, by one a round trip after it."""
        self._window = min(self._most, self._window + (1.0 if self._starting else 1.0 / self._window))
        self._remember(now, noise=False)

    def refused(self, now: float, sent_at: float, retry_after: float | None) -> None:  # noqa: ARG002 - the protocol's
        """Cut the window, once a round trip."""
        # What was sent before the last cut says nothing about the window after it.
        if sent_at > self._cut_at:
            self._cut(now)

    def noise(self, now: float, sent_at: float) -> None:
        """Cut the window only where there is more noise than a healthy service makes."""
        self._remember(now, noise=True)
        answers = len(self._recent)
        tolerated = _NOISE_SHARE * answers + (_NOISE_SHARE * answers) ** 0.5
        if answers >= _NOISE_ANSWERS and self._noises > tolerated and sent_at > self._cut_at:
            self._cut(now)

    def _cut(self, now: float) -> None:
        self._window = max(1.0, self._window * _CUT)
        self._starting = False
        self._cut_at = now

    def _remember(self, now: float, *, noise: bool) -> None:
        self._recent.append((now, noise))
        self._noises += noise
        while len(self._recent) > _NOISE_ANSWERS and self._recent[0][0] < now - _NOISE_SECONDS:
            self._noises -= self._recent.popleft()[1]
