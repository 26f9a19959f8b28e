"""Tasks become requests: at most 100 of them and at most so many bytes.

Law: pure; the clock is passed in. A size that the service has refused is remembered for a while and then
forgotten, so that one odd request does not make all others small.
"""

from __future__ import annotations

from itertools import accumulate

from .tasks import Tasks

MAX_TASKS = 100
"""Tasks a request. Source: the REST documentation, "Add a collection of tasks to a job"."""

HEAD, TAIL = b'{"value":[', b"]}"
_FRAME = len(HEAD) + len(TAIL)
_LEARNED_SECONDS = 30.0


def body_of(tasks: Tasks) -> bytes:
    """The body of a request that carries these tasks."""
    return b"".join((HEAD, b",".join(tasks.bodies), TAIL))


def fits_alone(size: int, max_body: int) -> bool:
    """Whether one task of `size` bytes fits into a request."""
    return size + _FRAME <= max_body


class Packer:
    """A queue of tasks that gives them out a request at a time."""

    def __init__(self, max_body: int) -> None:
        self._max_body = max_body
        self._learned = max_body
        self._learned_until = 0.0
        self._queue = Tasks.none()

    def __len__(self) -> int:
        return len(self._queue)

    @property
    def full(self) -> bool:
        """Whether the queue holds at least one full request, counted by tasks."""
        return len(self._queue) >= MAX_TASKS

    def add(self, tasks: Tasks) -> None:
        """Queue tasks at the end."""
        self._queue.extend(tasks)

    def add_first(self, tasks: Tasks) -> None:
        """Queue tasks before all others."""
        tasks.extend(self._queue)
        self._queue = tasks

    def take(self, now: float) -> Tasks:
        """The next request's tasks; at least one where the queue is not empty."""
        group, limit = self._queue, self.limit(now)
        count = min(MAX_TASKS, len(group.ids))
        # Each task needs its bytes and a comma.
        if sum(map(len, group.bodies[:count])) + count + _FRAME > limit:
            ends = list(accumulate(map(len, group.bodies[:count]), initial=_FRAME - 1))
            while count > 1 and ends[count] + count > limit:
                count -= 1
        elif count == len(group.ids):
            self._queue = Tasks.none()
            return group
        return group.cut(count)

    def drain(self) -> Tasks:
        """All that is queued."""
        return self._queue.cut(len(self._queue))

    def limit(self, now: float) -> int:
        """Bytes a request may have now."""
        return self._learned if now < self._learned_until else self._max_body

    def too_large(self, size: int, now: float) -> None:
        """The service has refused a request of `size` bytes and more than one task."""
        self._learned = max(1, size // 2)
        self._learned_until = now + _LEARNED_SECONDS


def halve(tasks: Tasks) -> tuple[Tasks, Tasks]:
    """Two halves, by count."""
    middle = len(tasks) // 2
    return tasks.pick(range(middle)), tasks.pick(range(middle, len(tasks)))
