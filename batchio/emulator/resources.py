"""What the service keeps: jobs, tasks, pools, nodes, schedules; certificates are in `certificate_life`.

Law: a resource is data; it changes through the store, which gives each change its stamp. A stamp is a tick that
no other change has: it is the time of the change, the ETag and, at birth, the place in listings.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from typing import Any

import msgspec

from .scaling import Scaling
from .shelf import Shelf
from .states import ACTIVE, COMPLETED, ENABLED, IDLE, LEAVING_POOL, RUNNING, TASK_STATES
from .task_runs import TaskRun
from .usage import PoolUsage, Usage


class Living(msgspec.Struct, eq=False, kw_only=True):
    """What has states and a life; `since` is the time of the last change of state.

    `forced`: it waits for nothing any more.
    """

    since: int
    state: str = ACTIVE
    gone: bool = False
    forced: bool = False

    kind = ""
    """The name of this kind in the table of transitions."""


class Resource(Living, kw_only=True, eq=False):
    """A resource with a life. `spec` is what was sent, in wire shape; `changed` is the stamp of the last change."""

    id: str
    spec: dict[str, Any]
    born: int
    changed: int
    previous: str | None = None
    previous_since: int | None = None

    @property
    def key(self) -> str:
        """The id in lower case."""
        return self.id.lower()


class StoredTask(msgspec.Struct, array_like=True, eq=False, gc=False):
    """A task in as few bytes as it takes: what was sent stays as bytes until somebody reads the task.

    `since` is the time of the last change of state. `run` is there once something has happened to it. Not known
    to the garbage collector, which would walk a million of them again and again: nothing in here can refer to
    itself.
    """

    id: str
    raw: bytes
    born: int
    changed: int
    since: int
    state: str = ACTIVE
    slots: int = 1
    gone: bool = False
    run: TaskRun | None = None

    def ran(self) -> TaskRun:
        """What has happened to it, to be written to."""
        if self.run is None:
            self.run = TaskRun()
        return self.run


class Special(Living, kw_only=True, eq=False):
    """A preparation or release task on one node, from `start` to `ends` (None: unknown); `done` is when it did end."""

    kind: str
    job: Job
    node: Node
    start: int
    ends: int | None
    exit_code: int | None
    failure: str | None = None
    retries: int = 0
    done: int | None = None


class NodeStatus(msgspec.Struct, eq=False, kw_only=True):
    """How the preparation and release tasks of a job went on one node."""

    id: str
    pool: str
    born: int
    gone: bool = False
    preparation: Special | None = None
    release: Special | None = None


class Job(Resource, kw_only=True, eq=False):
    """A job and its tasks; `tasks_in` and `slots_in` count them by state, `failed` and `failed_slots` by result.

    Where tasks run: `queue` are those that can, `runs` those that do (by key), `waiting` those that wait for
    another one (by the other one's key), `shunned` the nodes whose preparation task failed.
    """

    tasks: Shelf[StoredTask] = msgspec.field(default_factory=Shelf[StoredTask])
    tasks_in: dict[str, int] = msgspec.field(default_factory=lambda: dict.fromkeys(TASK_STATES, 0))
    slots_in: dict[str, int] = msgspec.field(default_factory=lambda: dict.fromkeys(TASK_STATES, 0))
    failed: int = 0
    failed_slots: int = 0
    uses_dependencies: bool = False
    acts_on_failure: bool = False
    reserved_keys: dict[str, str] = {}
    """Keys that no task may have, and the code that says so: those of the preparation and release tasks."""
    pool_id: str | None = None
    auto_pool: bool = False
    schedule: JobSchedule | None = None
    end_time: int | None = None
    terminate_reason: str | None = None
    queue: deque[StoredTask] = msgspec.field(default_factory=deque[StoredTask])
    runs: dict[str, Run] = msgspec.field(default_factory=dict[str, "Run"])
    waiting: dict[str, list[tuple[StoredTask, Iterator[str]]]] = msgspec.field(
        default_factory=dict[str, list[tuple[StoredTask, Iterator[str]]]]
    )
    statuses: Shelf[NodeStatus] = msgspec.field(default_factory=Shelf[NodeStatus])
    shunned: set[str] = msgspec.field(default_factory=set[str])
    usage: Usage = msgspec.field(default_factory=Usage)

    kind = "job"

    @property
    def unfinished(self) -> int:
        """Tasks that are not completed."""
        return len(self.tasks) - self.tasks_in[COMPLETED]


class JobSchedule(Resource, kw_only=True, eq=False):
    """A schedule and the jobs that it made; `made` counts them, `next_run` is when the next is due.

    `late` is the time of a job that is due and waits for the one before; `pool_id` the pool that lives with it.
    """

    made: int = 0
    next_run: int | None = None
    late: int | None = None
    recent: str | None = None
    jobs: Shelf[Job] = msgspec.field(default_factory=Shelf[Job])
    pool_id: str | None = None
    end_time: int | None = None
    usage: Usage = msgspec.field(default_factory=Usage)

    kind = "jobschedule"


class Allocation(Living, kw_only=True, eq=False):
    """Whether a pool changes its size: until it has `arrived` at it, but not beyond the `limit`."""

    pool_key: str
    arrived: bool = False
    limit: int | None = None

    kind = "allocation"


class Pool(Resource, kw_only=True, eq=False):
    """A pool and its nodes; `errors` are those of the latest resize, `scaling` is there where a formula scales it."""

    allocation: Allocation
    nodes: Shelf[Node] = msgspec.field(default_factory=Shelf["Node"])
    jobs: dict[str, Job] = msgspec.field(default_factory=dict[str, Job])
    """The jobs that run here, by key."""
    open: dict[str, Node] = msgspec.field(default_factory=dict[str, "Node"])
    """Every node that has room, by key, and some that have no more."""
    number: int = 0
    nodes_made: int = 0
    errors: tuple[str, ...] = ()
    scaling: Scaling | None = None
    usage: PoolUsage = msgspec.field(default_factory=PoolUsage)

    kind = "pool"

    def count(self, *, dedicated: bool) -> int:
        """How many nodes of one sort it has; those that leave do not count."""
        return sum(node.dedicated is dedicated and node.state != LEAVING_POOL for node in self.nodes.all())

    def staying(self, *, dedicated: bool) -> list[Node]:
        """The nodes of one sort that will not leave."""
        nodes = (node for node in self.nodes.all() if node.dedicated is dedicated)
        return [node for node in nodes if LEAVING_POOL not in (node.state, node.after)]

    def target(self, *, dedicated: bool) -> int:
        """How many it should have."""
        number: int = self.spec.get("targetDedicatedNodes" if dedicated else "targetLowPriorityNodes", 0)
        return number

    @property
    def slots(self) -> int:
        """Task slots of each node."""
        number: int = self.spec.get("taskSlotsPerNode", self.spec.get("maxTasksPerNode", 1))
        return number


class StartRun(msgspec.Struct, frozen=True):
    """The run of a start task; `end` is None while it is not known."""

    start: int
    end: int | None
    exit_code: int | None
    retries: int
    failure: str | None = None


class Node(Resource, kw_only=True, eq=False):
    """A node of a pool. `after` is the state into which it goes when its tasks are done, `recent` its last tasks."""

    pool: Pool
    dedicated: bool
    number: int
    scheduling: str = ENABLED
    booted: int | None = None
    start: StartRun | None = None
    after: str | None = None
    runs: dict[int, Run] = msgspec.field(default_factory=dict[int, "Run"])
    used: int = 0
    total: int = 0
    succeeded: int = 0
    recent: list[tuple[str, str]] = []
    users: dict[str, dict[str, Any]] = msgspec.field(default_factory=dict[str, dict[str, Any]])
    deleted: set[str] = msgspec.field(default_factory=set[str])

    kind = "node"

    @property
    def free(self) -> int:
        """Slots that tasks could take now."""
        if self.state not in (IDLE, RUNNING) or self.scheduling != ENABLED or self.after is not None:
            return 0
        return self.pool.slots - self.used


class Run(Living, kw_only=True, eq=False):
    """A task on its `nodes`, the first the primary's, until it `ends` (None: unknown) with this code."""

    job: Job
    task: StoredTask
    nodes: tuple[Node, ...]
    ends: int | None = 0
    exit_code: int | None = 0
    failure: str | None = None

    kind = "task"


def e_tag(stamp: int) -> str:
    """The ETag of the change with this stamp."""
    return f"0x{stamp:X}"
