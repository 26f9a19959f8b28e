"""Tasks become requests: at most 100 of them and at most so many bytes.

Law: pure. A size that the service has refused is remembered for a while and then forgotten, so that one odd
request does not make all others small.
"""

from __future__ import annotations

from itertools import accumulate

from .tasks import FRAME, HEAD, TAIL, Tasks

MAX_TASKS = 100
"""Tasks a request. Source: the REST documentation, "Add a collection of tasks to a job"."""

_FORGET = 100


def body_of(tasks: Tasks) -> bytes:
    """The body of a request that carries these tasks."""
    if tasks.packed is not None:
        return tasks.packed
    return b"".join((HEAD, b",".join(tasks.bodies), TAIL))


def fits_alone(size: int, max_body: int) -> bool:
    """Whether one task of `size` bytes fits into a request."""
    return size + FRAME <= max_body


class Packer:
    """A queue of tasks that gives them out a request at a time."""

    def __init__(self, max_body: int) -> None:
        self.size_limit = SizeLimit(max_body)
        self._queue = Tasks.none()

    def __len__(self) -> int:
        return len(self._queue)

    @property
    def full(self) -> bool:
        """Whether the queue holds at least one full request, counted by tasks."""
        return len(self._queue) >= MAX_TASKS

    def add(self, tasks: Tasks) -> None:
        """Queue tasks at the end."""
        if self._queue.ids:
            self._queue.extend(tasks)
        else:
            self._queue = tasks

    def add_first(self, tasks: Tasks) -> None:
        """Queue tasks before all others."""
        tasks.extend(self._queue)
        self._queue = tasks

    def take(self) -> Tasks:
        """The next request's tasks; at least one where the queue is not empty."""
        group, limit = self._queue, self.size_limit.now
        count = len(group.ids)
        # Each task needs its bytes and a comma.
        if count <= MAX_TASKS and group.size + count + FRAME <= limit:
            self._queue = Tasks.none()
            return group
        count = min(count, MAX_TASKS)
        ends = list(accumulate(map(len, group.bodies[:count]), initial=FRAME - 1))
        while count > 1 and ends[count] + count > limit:
            count -= 1
        return group.cut(count)

    def drain(self) -> Tasks:
        """All that is queued."""
        return self._queue.cut(len(self._queue))


class SizeLimit:
    """How many bytes a request may have: what the caller allows, or less while the service refuses that.

    Between the largest size that went through and the smallest that was refused the limit moves by halves.
    After `_FORGET` requests the refusal is forgotten and the limit grows again.
    """

    def __init__(self, most: int) -> None:
        self.now = most
        self._most = most
        self._refused: int | None = None
        self._accepted = 0
        self._since = 0

    def refuse(self, size: int) -> None:
        """The service has refused a request of `size` bytes and more than one task."""
        if self._accepted >= size:
            self._accepted = 0
        self._refused, self._since = size, 0
        self.now = max(1, self._accepted, size // 2)

    def accept(self, size: int) -> None:
        """The service has accepted a request of `size` bytes."""
        if self.now == self._most and self._refused is None:
            return
        self._since += 1
        if self._refused is None or self._since > _FORGET:
            self._refused = None
            self.now = min(self._most, self.now + self.now // 4 + 1)
        elif size < self._refused:
            self._accepted = max(self._accepted, size)
            gap = self._refused - self._accepted
            self.now = max(self.now, self._accepted + (gap // 2 if gap > self._refused // 8 else 0))


def halve(tasks: Tasks) -> tuple[Tasks, Tasks]:
    """Two halves, by count."""
    middle = len(tasks) // 2
    return tasks.pick(range(middle)), tasks.pick(range(middle, len(tasks)))
