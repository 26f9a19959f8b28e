"""What has changed since it was last written down.

Law: a change is noted in the step in which it happens and read when it is written, so that whatever else that step
does to a resource is written, too. Which resource keeps what is said here alone.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from .records import SAMPLES_BIRTH, Account, Kept, Samples, record, samples_of, task_record
from .resources import Allocation, Job, Living, Node, NodeStatus, Pool, Resource, Run, Special, StoredTask

if TYPE_CHECKING:
    from .store import Store


Home = Job | Pool | None
"""In what something lives; None is the account."""


class Write(NamedTuple):
    """What one transaction does: `all` and `homes` are emptied first; `put` and `gone` are rows and keys, laid flat."""

    put: list[Any]
    gone: list[int]
    homes: list[int]
    all: bool


class Changes:
    """Notes; one resource is noted once, however often it changes.

    `kept` and `tasks` are by birth, each with the job or pool in which it lives; `sampled` are pools with new samples;
    `gone` are (home, born), `homes` the
    jobs and pools that are gone with all that lived in them. `all`: everything before these notes is forgotten.
    `account`: something has changed that belongs to no resource.
    """

    def __init__(self) -> None:
        self._clear()

    def _clear(self, *, all: bool = False) -> None:
        self.kept: dict[int, tuple[Home, Kept]] = {}
        self.tasks: dict[int, tuple[Job, StoredTask]] = {}
        self.sampled: dict[int, Pool] = {}
        self.gone: list[tuple[int, int]] = []
        self.homes: list[int] = []
        self.all = all
        self.account = False

    def __bool__(self) -> bool:
        return bool(self.kept or self.tasks or self.sampled or self.gone or self.homes or self.all or self.account)

    def write(self, account: Account) -> Write:
        """What has to be written, as it is now."""
        put: list[Any] = [0, 0, type(account).__name__, record(account)]
        for home, thing in self.kept.values():
            if not (thing.gone or (home is not None and home.gone)):
                put += (_birth(home), thing.born, type(thing).__name__, record(thing))
        for job, task in self.tasks.values():
            if not (task.gone or job.gone):
                put += (job.born, task.born, StoredTask.__name__, task_record(job, task))
        for pool in self.sampled.values():
            if not pool.gone and pool.scaling is not None:
                put += (pool.born, SAMPLES_BIRTH, Samples.__name__, record(samples_of(pool.scaling)))
        return Write(put, [number for key in self.gone for number in key], self.homes, self.all)

    def note(self, store: Store, thing: Living | NodeStatus, home: Job | None = None) -> None:
        """A thing is new or another; `home` is the job of a `NodeStatus`."""
        if isinstance(thing, Run):
            self.tasks[thing.task.born] = (thing.job, thing.task)
        elif isinstance(thing, Special):
            status = thing.job.statuses.get(thing.node.key)
            if status is not None:
                self.kept[status.born] = thing.job, status
        elif isinstance(thing, Allocation):
            pool = store.pools.get(thing.pool_key)
            if pool is not None:
                self.kept[pool.born] = None, pool
        elif isinstance(thing, Resource | NodeStatus):
            self.kept[thing.born] = _home(thing) if home is None else home, thing

    def note_gone(self, thing: Living) -> None:
        """A resource is no longer there, and nothing that lived in it."""
        if isinstance(thing, Resource):
            self.gone.append((_birth(_home(thing)), thing.born))
        if isinstance(thing, Job | Pool):
            self.homes.append(thing.born)

    def forget(self) -> None:
        """Whatever was noted or written before is no longer there."""
        self._clear(all=True)

    def add(self, later: Changes) -> None:
        """Take in what has changed after these notes."""
        if later.all:
            self.forget()
        self.kept |= later.kept
        self.tasks |= later.tasks
        self.sampled |= later.sampled
        self.gone += later.gone
        self.homes += later.homes
        self.account |= later.account


def _home(thing: Kept) -> Home:
    return thing.pool if isinstance(thing, Node) else None


def _birth(home: Home) -> int:
    return 0 if home is None else home.born
