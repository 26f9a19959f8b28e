"""The state of the whole account.

Law: every change of state goes through here and gets a stamp of its own, so that ETags, times and places in
listings agree.
"""

from __future__ import annotations

from typing import TypeVar

from .clock import Clock
from .refusals import Refusal
from .resources import COMPLETED, DELETING, TERMINATING, Job, Pool, Resource, StoredTask
from .shelf import Shelf
from .transitions import GONE, Life

R = TypeVar("R", Job, Pool)
T = TypeVar("T")

_BEING_DELETED = {"job": "JobBeingDeleted", "pool": "PoolBeingDeleted"}
_EXISTS = {"job": "JobExists", "pool": "PoolExists"}
_TAKES_NO_TASKS = {DELETING: "JobBeingDeleted", TERMINATING: "JobBeingTerminated", COMPLETED: "JobCompleted"}


class Store:
    """Jobs with their tasks, and pools, in memory."""

    def __init__(self, clock: Clock) -> None:
        self.clock = clock
        self._last = 0
        self._clear()

    def _clear(self) -> None:
        self.jobs: Shelf[Job] = Shelf()
        self.pools: Shelf[Pool] = Shelf()
        self._life = Life(self.move)

    def reset(self) -> None:
        """Forget everything but the stamps, so that no ETag comes twice."""
        self._clear()

    def stamps(self, number: int = 1) -> int:
        """The first of so many stamps in a row that nothing else gets."""
        first = max(self.clock.ticks(), self._last + 1)
        self._last = first + number - 1
        return first

    def settle(self) -> None:
        """Let everything happen that is due by the clock."""
        self._life.settle(self.clock.ticks())

    def job(self, id: str) -> Job:
        """The job with this id. Raises `Refusal`."""
        return _found(self.jobs.get(id), "JobNotFound")

    def pool(self, id: str) -> Pool:
        """The pool with this id. Raises `Refusal`."""
        return _found(self.pools.get(id), "PoolNotFound")

    def task(self, job: Job, id: str) -> StoredTask:
        """The task with this id. Raises `Refusal`."""
        return _found(job.tasks.get(id), "TaskNotFound")

    def add(self, shelf: Shelf[R], resource: R) -> None:
        """Put a new resource on its shelf; its life begins. Raises `Refusal` where the id is taken."""
        taken = shelf.get(resource.id)
        if taken is not None:
            raise Refusal((_BEING_DELETED if taken.state == DELETING else _EXISTS)[taken.kind])
        shelf.add(resource.key, resource)
        self._life.entered(resource)

    def start_deleting(self, resource: Resource) -> None:
        """The resource will be gone shortly. Raises `Refusal` where that is so already."""
        if resource.state == DELETING:
            raise Refusal(_BEING_DELETED[resource.kind])
        self.move(resource, DELETING, self.clock.ticks())

    def move(self, resource: Resource, state: str, when: int) -> None:
        """Put a resource into a state, or take it away where the state is `GONE`."""
        if state == GONE:
            self._remove(resource)
            return
        resource.previous, resource.previous_since = resource.state, resource.since
        resource.state, resource.since = state, when
        resource.changed = self.stamps()
        if isinstance(resource, Job) and state == COMPLETED:
            resource.end_time = when
            resource.terminate_reason = resource.terminate_reason or "AllTasksComplete"
        self._life.entered(resource)

    def _remove(self, resource: Resource) -> None:
        if isinstance(resource, Job):
            self.jobs.remove(resource.key)
        elif isinstance(resource, Pool):
            self.pools.remove(resource.key)

    def check_takes_tasks(self, job: Job) -> None:
        """Raise `Refusal` where the job's state takes no more tasks."""
        code = _TAKES_NO_TASKS.get(job.state)
        if code is not None:
            raise Refusal(code)

    def add_task(self, job: Job, key: str, task: StoredTask) -> None:
        """Put a new task into a job; its key is free."""
        job.tasks.add(key, task)
        job.tasks_in[task.state] += 1
        job.slots_in[task.state] += task.slots

    def remove_task(self, job: Job, task: StoredTask) -> None:
        """Take a task out of its job."""
        job.tasks.remove(task.id.lower())
        job.tasks_in[task.state] -= 1
        job.slots_in[task.state] -= task.slots
        self._life.touched(job)


def _found(thing: T | None, code: str) -> T:
    if thing is None:
        raise Refusal(code)
    return thing
