"""Tasks that were taken and are not on their way: queued, waiting for a retry, waiting for their twin.

Law: no I/O. A key is in the window from the moment its task is admitted until the task is settled; a second
task with the same key waits for the first.
"""

from __future__ import annotations

import heapq
from collections import deque

from .packer import Packer
from .tasks import Tasks

_TOGETHER_SECONDS = 0.05


class Backlog:
    """What could be sent next, and what has to wait."""

    def __init__(self, max_body: int) -> None:
        self.packer = Packer(max_body)
        self._window: set[str] = set()
        self._twins: dict[str, deque[Tasks]] = {}
        self._later: list[tuple[float, int, Tasks]] = []
        self._whole: deque[Tasks] = deque()
        self._serial = 0

    @property
    def is_empty(self) -> bool:
        """Whether nothing waits here, not even for its twin."""
        return not (len(self.packer) or self._later or self._whole or self._twins)

    @property
    def next_retry(self) -> float | None:
        """When the first retry is due."""
        return self._later[0][0] if self._later else None

    def wake_retries(self, now: float) -> None:
        """Queue what is due."""
        # What is due a moment later may as well share the request.
        while self._later and self._later[0][0] <= now:
            until = now + _TOGETHER_SECONDS
            while self._later and self._later[0][0] <= until:
                self.packer.add_again(heapq.heappop(self._later)[2])

    def has_request(self, *, flush: bool) -> bool:
        """Whether a request can be made: a full one, or with `flush` any."""
        return bool(self._whole) or self.packer.full or (flush and len(self.packer) > 0)

    def take(self) -> Tasks:
        """The next request's tasks."""
        return self._whole.popleft() if self._whole else self.packer.take()

    def admit(self, tasks: Tasks) -> None:
        """Queue new tasks; those whose key is in the window wait for it to be settled."""
        keys = tasks.keys
        if self._window.isdisjoint(keys):
            before = len(self._window)
            self._window.update(keys)
            if len(self._window) - before == len(keys):
                self.packer.add(tasks)
                return
            self._window.difference_update(keys)
        fresh: list[int] = []
        for at, key in enumerate(keys):
            if key in self._window:
                self._twins.setdefault(key, deque()).append(tasks.pick([at]))
            else:
                self._window.add(key)
                fresh.append(at)
        self.packer.add(tasks.pick(fresh))

    def retry(self, tasks: Tasks, due: float) -> None:
        """Queue tasks again, to be merged into the next requests from `due` on."""
        self._serial += 1
        heapq.heappush(self._later, (due, self._serial, tasks))

    def send_whole(self, tasks: Tasks) -> None:
        """Queue tasks that must travel as one request, by themselves."""
        self._whole.append(tasks)

    def release(self, tasks: Tasks) -> list[tuple[str, deque[Tasks]]]:
        """Take settled tasks out of the window; gives the twins that waited for them."""
        self._window.difference_update(tasks.keys)
        if not self._twins:
            return []
        return [(key, self._twins.pop(key)) for key in tasks.keys if key in self._twins]

    def wait_again(self, key: str, twins: deque[Tasks]) -> None:
        """The first twin takes the place of the task that did not come through; the others wait for it."""
        self._window.add(key)
        self.packer.add(twins.popleft())
        if twins:
            self._twins[key] = twins

    def drain(self) -> Tasks:
        """All that waits here."""
        groups = [*self.packer.drain(), *self._whole, *(tasks for _, _, tasks in self._later)]
        rest = Tasks.joined_from(groups + [twin for twins in self._twins.values() for twin in twins])
        self._whole.clear()
        self._later.clear()
        self._twins.clear()
        self._window.clear()
        return rest
