"""Tasks become requests: at most 100 of them and at most so many bytes.

Law: pure. A size that the service has refused is remembered for a while and then forgotten, so that one odd
request does not make all others small.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from itertools import accumulate

from .tasks import FRAME, HEAD, TAIL, Tasks

MAX_TASKS = 100
"""Tasks a request. Source: the REST documentation, "Add a collection of tasks to a job"."""

_FORGET = 100
_PASSING = 50
"""Full requests between two that leave less than full although there is more."""


def body_of(tasks: Tasks) -> bytes:
    """The body of a request that carries these tasks."""
    if tasks.packed is not None:
        return tasks.packed
    return b"".join((HEAD, b",".join(tasks.bodies), TAIL))


def fits_alone(size: int, max_body: int) -> bool:
    """Whether one task of `size` bytes fits into a request."""
    return size + FRAME <= max_body


class Packer:
    """A queue of tasks that gives them out a request at a time.

    New tasks leave in their order, in requests that were encoded as such where that can be. What is sent again gathers
    beside them until it fills a request, there is nothing else, or enough full requests have gone before it.
    """

    def __init__(self, max_body: int) -> None:
        self.size_limit = SizeLimit(max_body)
        self._new: deque[Tasks] = deque()
        self._again = Tasks.none()
        self._full_ones = _PASSING

    def __len__(self) -> int:
        return sum(map(len, self._new)) + len(self._again)

    @property
    def full(self) -> bool:
        """Whether a request can leave that nobody can add to."""
        new = self._new
        return len(new) > 1 or (bool(new) and len(new[0]) >= MAX_TASKS) or len(self._again) >= MAX_TASKS

    @property
    def room(self) -> int:
        """How many new tasks the request that is being filled can take."""
        return MAX_TASKS - len(self._new[-1]) % MAX_TASKS if self._new else MAX_TASKS

    def add(self, tasks: Tasks) -> None:
        """Queue new tasks at the end."""
        if self._new and len(self._new[-1]) + len(tasks) <= MAX_TASKS:
            self._new[-1].extend(tasks)
        else:
            self._new.append(tasks)

    def add_again(self, tasks: Tasks) -> None:
        """Queue tasks that were sent before."""
        self._again.extend(tasks)

    def take(self) -> Tasks:
        """The next request's tasks; at least one where the queue is not empty."""
        tasks = self._next()
        self._full_ones = self._full_ones + 1 if len(tasks) == MAX_TASKS else 0
        return tasks

    def _next(self) -> Tasks:
        new, limit, may_be_short = self._new, self.size_limit.now, self._full_ones >= _PASSING
        waiting = len(self._again)
        if not new or waiting >= MAX_TASKS or (waiting and may_be_short and _is_request(new[0], limit)):
            tasks, self._again = self._again, Tasks.none()
            return self._cut(tasks, self._again.extend)
        tasks = new.popleft()
        if _is_request(tasks, limit) or (may_be_short and new and _is_request(new[0], limit)):
            # Cut and joined, the tasks of one request would shift those of all that follow.
            return self._cut(tasks, new.appendleft)
        while new and len(tasks) < MAX_TASKS and _bytes_of(tasks) < limit:
            tasks.extend(new.popleft())
        if not new and waiting:
            tasks.extend(self._again.cut(min(waiting, max(0, MAX_TASKS - len(tasks)))))
        return self._cut(tasks, new.appendleft)

    def _cut(self, tasks: Tasks, put_back: Callable[[Tasks], None]) -> Tasks:
        """As many of the tasks as fit into one request."""
        limit = self.size_limit.now
        if len(tasks) <= MAX_TASKS and _bytes_of(tasks) <= limit:
            return tasks
        count = min(len(tasks), MAX_TASKS)
        ends = list(accumulate(map(len, tasks.bodies[:count]), initial=FRAME - 1))
        while count > 1 and ends[count] + count > limit:
            count -= 1
        head = tasks.cut(count)
        if len(tasks):
            put_back(tasks)
        return head

    def drain(self) -> list[Tasks]:
        """All that is queued."""
        rest, self._again = [self._again, *self._new], Tasks.none()
        self._new.clear()
        return rest


def _is_request(tasks: Tasks, limit: int) -> bool:
    return len(tasks) == MAX_TASKS and _bytes_of(tasks) <= limit


def _bytes_of(tasks: Tasks) -> int:
    """Of the body that carries them: each task needs its bytes and a comma."""
    return tasks.size + len(tasks) + FRAME


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
