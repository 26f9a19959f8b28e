"""Resources as bytes and back.

Law: a record holds all attributes of a resource but those that `_LINKED` names, which point at other resources or
follow from them. Whoever adds an attribute to a resource has it kept by that alone; `LAYOUT` tells files with other
attributes apart.
"""

from __future__ import annotations

import zlib
from collections.abc import Callable
from operator import attrgetter
from typing import Any

import msgspec

from .autoscale.variables import METRICS
from .certificate_life import Certificate
from .resources import (
    Allocation,
    Job,
    JobSchedule,
    Node,
    NodeStatus,
    Pool,
    Resource,
    Run,
    Special,
    StartRun,
    StoredTask,
)
from .scaling import Scaling
from .task_runs import Seldom, TaskRun
from .usage import PoolUsage, Usage

Kept = Resource | NodeStatus
"""What has a record of its own, beside tasks; a run is kept with its task, an allocation with its pool."""

_FORMAT = 2
"""One more whenever the meaning of a record changes and its names do not."""

_LINKED: dict[type[msgspec.Struct], frozenset[str]] = {
    Certificate: frozenset(),
    JobSchedule: frozenset({"jobs"}),
    Allocation: frozenset(),
    Scaling: frozenset({"history"}),
    Pool: frozenset({"allocation", "scaling", "nodes", "jobs", "open"}),
    Node: frozenset({"pool", "runs", "used"}),
    Job: frozenset(
        {"tasks", "tasks_in", "slots_in", "failed", "failed_slots", "schedule", "queue", "runs", "waiting", "statuses"}
    ),
    Special: frozenset({"job", "node"}),
    NodeStatus: frozenset({"preparation", "release"}),
    Run: frozenset({"job", "task", "nodes"}),
}


class Account(msgspec.Struct, array_like=True):
    """What belongs to no resource: the last stamp, the time of the clock and how far that is from real time.

    `processes`: tasks were processes, of which no start brings one back. `sampled` is when samples are due next, `held`
    are the kinds and states that are held.
    """

    last: int
    now: int
    skew: int | None
    pools_made: int
    applications: dict[str, dict[str, Any]]
    processes: bool
    sampled: int
    held: list[tuple[str, str]]


class Samples(msgspec.Struct, array_like=True):
    """The history of a pool, which changes at other times than the pool: as `History.kept_as` gives it."""

    rows: list[tuple[int, list[float]]]
    last: dict[str, float]


SAMPLES_BIRTH = 0
"""The place of a pool's samples among what lives in it: before everything that is born."""


def samples_of(scaling: Scaling) -> Samples:
    """The samples of a pool that scales."""
    return Samples(*scaling.history.kept_as())


class Plain:
    """The attributes of a class that are kept: read by `values`, decoded as `record`."""

    def __init__(self, kind: type[msgspec.Struct]) -> None:
        fields = [field for field in msgspec.structs.fields(kind) if field.name not in _LINKED[kind]]
        self.names = tuple(field.name for field in fields)
        self.values: Callable[[Any], tuple[Any, ...]] = attrgetter(*self.names)
        types = [(field.name, field.type) for field in fields]
        self.record: Any = msgspec.defstruct(f"{kind.__name__}Record", types, array_like=True)
        self._kind = kind

    def remade(self, record: Any, **links: Any) -> Any:
        """The resource of a record, with its links."""
        return self._kind(**{name: getattr(record, name) for name in self.names}, **links)


PLAIN = {kind: Plain(kind) for kind in _LINKED}

_NESTED = (Account, StoredTask, TaskRun, Seldom, StartRun, Usage, PoolUsage)
_names = [(kind.__name__, plain.names) for kind, plain in PLAIN.items()]
_names += [(kind.__name__, kind.__struct_fields__) for kind in _NESTED]
_names.append((Samples.__name__, tuple(METRICS)))

LAYOUT = zlib.crc32(repr((_FORMAT, _names)).encode()) >> 1
"""A number that no other layout has."""

_encode = msgspec.msgpack.Encoder().encode
_run_values = PLAIN[Run].values


def task_record(job: Job, task: StoredTask) -> bytes:
    """A task, and its run where it is under way."""
    run = job.runs.get(task.id.lower()) if job.runs else None
    return _encode((task, None if run is None else _run_values(run)))


def record(thing: Kept | Account | Samples) -> bytes:
    """Any other resource, and what lives and dies with it."""
    if isinstance(thing, Account | Samples):
        return _encode((thing, None))
    return _encode((PLAIN[type(thing)].values(thing), _more(thing)))


def _more(thing: Kept) -> Any:
    if isinstance(thing, Job):
        return None if thing.schedule is None or thing.schedule.gone else thing.schedule.born
    if isinstance(thing, Pool):
        scaling = None if thing.scaling is None else PLAIN[Scaling].values(thing.scaling)
        return PLAIN[Allocation].values(thing.allocation), scaling
    if isinstance(thing, NodeStatus):
        values = PLAIN[Special].values
        return [None if special is None else values(special) for special in (thing.preparation, thing.release)]
    return None


def _reader(kind: Any, more: Any = None) -> Callable[[bytes], tuple[Any, Any]]:
    return msgspec.msgpack.Decoder(tuple[kind, more]).decode


def _of(kind: type[msgspec.Struct]) -> Any:
    return PLAIN[kind].record


_allocation: Any = _of(Allocation)
_scaling: Any = _of(Scaling) | None
_special: Any = _of(Special) | None

READERS: dict[str, Callable[[bytes], tuple[Any, Any]]] = {
    Account.__name__: _reader(Account),
    Certificate.__name__: _reader(_of(Certificate)),
    JobSchedule.__name__: _reader(_of(JobSchedule)),
    Pool.__name__: _reader(_of(Pool), tuple[_allocation, _scaling]),
    Samples.__name__: _reader(Samples),
    Node.__name__: _reader(_of(Node)),
    Job.__name__: _reader(_of(Job), int | None),
    NodeStatus.__name__: _reader(_of(NodeStatus), tuple[_special, _special]),
    StoredTask.__name__: _reader(StoredTask, _of(Run) | None),
}
"""Name of a kind -> what gives its record and what lives and dies with it."""
