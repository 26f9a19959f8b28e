"""How many jobs and schedules of the account are neither completed nor being deleted.

Law: whoever is over is never looked at again: what a million completed jobs cost, they cost once.
"""

from __future__ import annotations

from .resources import Job, JobSchedule
from .shelf import Shelf
from .states import COMPLETED, DELETING

_OVER = (COMPLETED, DELETING)


class Alive:
    """Counts those on some shelves that are not over."""

    def __init__(self, *shelves: Shelf[Job] | Shelf[JobSchedule]) -> None:
        self._shelves = shelves
        self._seen = 0
        self._alive: list[Job | JobSchedule] = []

    def count(self) -> int:
        """How many there are now."""
        new = [thing for shelf in self._shelves for row in shelf.after(self._seen) for thing in row]
        self._seen = max((thing.born for thing in new), default=self._seen)
        self._alive = [thing for thing in (*self._alive, *new) if not thing.gone and thing.state not in _OVER]
        return len(self._alive)
