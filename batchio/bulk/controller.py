"""What a controller of the pacing answers, and what it is told.

Law: a shape only; `RatePacing` is ours, and `benchmarks/pacing` has those of others.
"""

from __future__ import annotations

from typing import Protocol


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
