"""The state of the whole account.

Law: every change of state goes through here and gets a stamp of its own, so that ETags, times and places in
listings agree.
"""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import AbstractContextManager
from typing import TYPE_CHECKING, Any, TypeVar

from .certificate_life import Certificate
from .changes import Changes
from .clock import Clock
from .codes import BEING_DELETED, EXISTS
from .effects import EFFECTS
from .quota import Alive
from .records import Account
from .refusals import Refusal
from .resources import Job, JobSchedule, Living, Node, NodeStatus, Pool, Resource, StoredTask
from .samples import Sampler
from .shelf import Shelf
from .states import COMPLETED, DELETING, TERMINATING
from .transitions import ACTS, GONE, Life, check_can_hold

if TYPE_CHECKING:
    from .process_life import Processes

R = TypeVar("R", Job, Pool, JobSchedule, Certificate)
T = TypeVar("T")

_TAKES_NO_TASKS = {DELETING: "JobBeingDeleted", TERMINATING: "JobBeingTerminated", COMPLETED: "JobCompleted"}


class Store:
    """All resources of the account, in memory; with `simulate` pools get nodes that run tasks.

    `changes`: what has changed since somebody last wrote it down; None where nobody does. `processes` is what really
    runs tasks; without it that is simulated.
    """

    def __init__(self, clock: Clock, *, simulate: bool = False) -> None:
        self.clock = clock
        self.simulate = simulate
        self.changes: Changes | None = None
        self.processes: Processes | None = None
        self._last = 0
        self._seen = 0
        self._clear()

    def _clear(self) -> None:
        self.jobs: Shelf[Job] = Shelf()
        self.pools: Shelf[Pool] = Shelf()
        self.schedules: Shelf[JobSchedule] = Shelf()
        self.alive = Alive(self.jobs, self.schedules)
        self.certificates: Shelf[Certificate] = Shelf()
        self.applications: dict[str, dict[str, Any]] = {}
        self.pools_made = 0
        self._sampler = Sampler(self.pools, self.note_samples)
        self._life = Life(self.move, self._sampler)

    def reset(self) -> None:
        """Forget everything but the stamps, so that no ETag comes twice."""
        self._clear()
        if self.changes is not None:
            self.changes.forget()
        if self.processes is not None:
            self.processes.reset()

    def account(self) -> Account:
        """What belongs to no resource."""
        clock = self.clock
        return Account(
            self._last,
            clock.ticks(),
            clock.skew,
            self.pools_made,
            self.applications,
            self.processes is not None,
            self._sampler.next,
            self.held,
        )

    def go_on(self, account: Account) -> None:
        """Be the account that this one was."""
        self._last = max(self._last, account.last)
        self._seen = account.now
        self.pools_made, self.applications = account.pools_made, account.applications
        self.clock.go_on(account.now, account.skew)
        self._sampler.next = account.sampled
        self.hold_again(account.held)

    def resume(self, things: Iterable[Living]) -> AbstractContextManager[None]:
        """Have things that are there again go on with their lives, from the time at which they were last seen.

        In the block that time is the present one.
        """
        return self._life.resumed(things, self._seen)

    def note(self, thing: Living | NodeStatus, home: Job | None = None) -> None:
        """A thing is new or another, and has to be kept; `home` is the job of a `NodeStatus`."""
        if self.changes is not None:
            self.changes.note(self, thing, home)

    def note_samples(self, pool: Pool) -> None:
        """A pool has new samples."""
        if self.changes is not None:
            self.changes.sampled[pool.born] = pool

    def note_account(self) -> None:
        """Something has changed that belongs to no resource."""
        if self.changes is not None:
            self.changes.account = True

    @property
    def next_due(self) -> int | None:
        """When something may change next, in ticks."""
        return self._life.next_due

    def now(self) -> int:
        """The time of the change that is under way, or of the clock."""
        return self._life.now or self.clock.ticks()

    def stamps(self, number: int = 1) -> int:
        """The first of so many stamps in a row that nothing else gets."""
        first = max(self.now(), self._last + 1)
        self._last = first + number - 1
        return first

    def settle(self) -> None:
        """Let everything happen that is due by the clock."""
        self._life.settle(self.clock.ticks())

    @property
    def held(self) -> list[tuple[str, str]]:
        """The kinds and states that are held."""
        return self._life.held

    def hold(self, kind: str, state: str) -> None:
        """Hold what is in a state; what was due before still happens. Raises `ConfigurationError`."""
        check_can_hold(kind, state)
        self.settle()
        self.hold_again([(kind, state)])
        self.note_account()

    def hold_again(self, held: Iterable[tuple[str, str]]) -> None:
        """Hold what was held before a start."""
        for kind, state in held:
            self._life.hold(kind, state)

    def release(self, kind: str, state: str) -> None:
        """Let go what is in a state; what was due in the meantime happens now."""
        self.settle()
        self._life.release(kind, state, self.now())
        self.note_account()
        self.settle()

    def job(self, id: str) -> Job:
        """The job with this id. Raises `Refusal`."""
        return _found(self.jobs.get(id), "JobNotFound")

    def pool(self, id: str) -> Pool:
        """The pool with this id. Raises `Refusal`."""
        return _found(self.pools.get(id), "PoolNotFound")

    def schedule(self, id: str) -> JobSchedule:
        """The job schedule with this id. Raises `Refusal`."""
        return _found(self.schedules.get(id), "JobScheduleNotFound")

    def certificate(self, key: str) -> Certificate:
        """The certificate with this key. Raises `Refusal`."""
        return _found(self.certificates.get(key), "CertificateNotFound")

    def node(self, pool: Pool, id: str) -> Node:
        """The node with this id. Raises `Refusal`."""
        return _found(pool.nodes.get(id), "NodeNotFound")

    def task(self, job: Job, id: str) -> StoredTask:
        """The task with this id. Raises `Refusal`."""
        return _found(job.tasks.get(id), "TaskNotFound")

    def add(self, shelf: Shelf[R], resource: R) -> None:
        """Put a new resource on its shelf; its life begins. Raises `Refusal` where the id is taken."""
        taken = shelf.get(resource.key)
        if taken is not None:
            raise Refusal((BEING_DELETED if taken.state == DELETING else EXISTS)[taken.kind])
        shelf.add(resource.key, resource)
        self.enter(resource)

    def start_deleting(self, resource: Resource, *, force: bool = False) -> None:
        """The resource will be gone shortly. Raises `Refusal` where that is so already."""
        if resource.state == DELETING and not (force and not resource.forced):
            raise Refusal(BEING_DELETED[resource.kind])
        resource.forced = force
        self.move(resource, DELETING, self.now())

    def enter(self, thing: Living) -> None:
        """Plan what follows from the state of a thing, or from its new properties."""
        self._life.entered(thing)
        self.touch(thing)

    def touch(self, thing: Living) -> None:
        """Something has changed on which the thing's state may depend."""
        self.note(thing)
        self._life.touched(thing, self.now())

    def touch_pool(self, job: Job) -> None:
        """The job's pool may be able to start tasks."""
        pool = self.pools.get(job.pool_id or "")
        if pool is not None:
            pool.jobs[job.key] = job
            self.touch(pool)

    def change(self, resource: Resource) -> int:
        """The resource has changed in its properties; gives the stamp."""
        resource.changed = self.stamps()
        self.enter(resource)
        return resource.changed

    def move(self, thing: Living, state: str, when: int, why: str | None = None) -> None:
        """Put a thing into a state, take it away where that is `GONE`, or do what is none but an act."""
        # Stamps of one tick run ahead of a clock that stands still; a life never goes back.
        when = max(when, thing.since)
        if state == GONE:
            thing.gone = True
        elif state not in ACTS:
            if isinstance(thing, Resource):
                thing.previous, thing.previous_since = thing.state, thing.since
                thing.changed = self.stamps()
            thing.state, thing.since = state, when
        if self.changes is not None:
            (self.changes.note_gone if thing.gone else self.note)(thing)
        effect = EFFECTS.get((thing.kind, state))
        if effect is not None:
            effect(self, thing, when, why)
        if state not in ACTS and not thing.gone:
            self._life.entered(thing)

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
        # As `note_task`, without its call: this is the one place that has to be fast.
        if self.changes is not None:
            self.changes.tasks[task.born] = job, task

    def note_task(self, job: Job, task: StoredTask) -> None:
        """A task is another, and has to be kept."""
        if self.changes is not None:
            self.changes.tasks[task.born] = job, task

    def change_task(self, job: Job, task: StoredTask) -> None:
        """The task has changed in its properties."""
        task.changed = self.stamps()
        self.note_task(job, task)

    def remove_task(self, job: Job, task: StoredTask) -> None:
        """Take a task out of its job."""
        job.tasks.remove(task.id.lower())
        if self.changes is not None:
            self.changes.gone.append((job.born, task.born))
        self._count(job, task, -1)
        self.touch(job)

    def put_task(self, job: Job, task: StoredTask, state: str) -> None:
        """Put a task into a state; what it has run is written by the caller, before."""
        now = max(self.now(), task.since)
        run = task.ran()
        job.tasks_in[task.state] -= 1
        job.slots_in[task.state] -= task.slots
        run.previous, run.previous_since = task.state, task.since
        task.state, task.since, task.changed = state, now, self.stamps()
        job.tasks_in[state] += 1
        job.slots_in[state] += task.slots
        self.note_task(job, task)

    def count_failure(self, job: Job, task: StoredTask, number: int = 1) -> None:
        """A completed task of the job has failed, or is no longer one that has."""
        job.failed += number
        job.failed_slots += number * task.slots

    def _count(self, job: Job, task: StoredTask, number: int) -> None:
        job.tasks_in[task.state] += number
        job.slots_in[task.state] += number * task.slots
        if task.state == COMPLETED and task.run is not None and task.run.result == "failure":
            self.count_failure(job, task, number)


def _found(thing: T | None, code: str) -> T:
    if thing is None:
        raise Refusal(code)
    return thing
