"""What the service keeps: jobs, tasks and pools.

Law: a resource is data; it changes through the store, which gives each change its stamp. A stamp is a tick that
no other change has: it is the time of the change, the ETag and, at birth, the place in listings.
"""

from __future__ import annotations

from typing import Any

import msgspec

from .shelf import Shelf

ACTIVE = "active"
PREPARING = "preparing"
RUNNING = "running"
COMPLETED = "completed"
DISABLED = "disabled"
TERMINATING = "terminating"
DELETING = "deleting"
STEADY = "steady"

TASK_STATES = (ACTIVE, PREPARING, RUNNING, COMPLETED)


class Resource(msgspec.Struct, eq=False, kw_only=True):
    """A resource with a life. `spec` is what was sent, in wire shape; `changed` is the stamp of the last change."""

    id: str
    spec: dict[str, Any]
    born: int
    changed: int
    since: int
    state: str = ACTIVE
    previous: str | None = None
    previous_since: int | None = None
    gone: bool = False

    kind = ""
    """The name of this kind in the table of transitions."""

    @property
    def key(self) -> str:
        """The id in lower case."""
        return self.id.lower()


class StoredTask(msgspec.Struct, eq=False, gc=False):
    """A task in as few bytes as it takes: what was sent stays as bytes until somebody reads the task.

    `since` is the time of the last change of state. Not known to the garbage collector, which would walk a
    million of them again and again: nothing in here can refer to itself.
    """

    id: str
    raw: bytes
    born: int
    changed: int
    since: int
    state: str = ACTIVE
    slots: int = 1
    gone: bool = False


class Job(Resource, kw_only=True, eq=False):
    """A job and its tasks; `tasks_in` and `slots_in` count them by state."""

    tasks: Shelf[StoredTask] = msgspec.field(default_factory=Shelf[StoredTask])
    tasks_in: dict[str, int] = msgspec.field(default_factory=lambda: dict.fromkeys(TASK_STATES, 0))
    slots_in: dict[str, int] = msgspec.field(default_factory=lambda: dict.fromkeys(TASK_STATES, 0))
    uses_dependencies: bool = False
    reserved_keys: dict[str, str] = {}
    """Keys that no task may have, and the code that says so: those of the preparation and release tasks."""
    end_time: int | None = None
    terminate_reason: str | None = None

    kind = "job"

    @property
    def unfinished(self) -> int:
        """Tasks that are not completed."""
        return len(self.tasks) - self.tasks_in[COMPLETED]


class Pool(Resource, kw_only=True, eq=False):
    """A pool."""

    allocation_state: str = STEADY
    allocation_since: int = 0

    kind = "pool"


def e_tag(stamp: int) -> str:
    """The ETag of the change with this stamp."""
    return f"0x{stamp:X}"
