"""What the service did and saw: the ids it has, and every request with its fate.

Law: a record is written by the service alone, and a test reads it.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from .acts import Act

Result = dict[str, Any]
"""One entry of the answer's `value`."""


class ItemError(NamedTuple):
    """What the service says of one task instead of adding it."""

    status: str = "servererror"
    code: str = "InternalError"
    message: str = "scripted"


def success(task_id: str, endpoint: str) -> Result:
    """The result for a task that was added."""
    return {
        "status": "success",
        "taskId": task_id,
        "eTag": f"0x8DC{len(task_id):04X}",
        "lastModified": "2024-07-01T12:30:45.1234567Z",
        "location": f"{endpoint}/jobs/tasks/{task_id}",
    }


@dataclass(kw_only=True, eq=False)
class Record:
    """One request for a task collection. Times are the loop's; `ids` stand as they were sent."""

    number: int
    """From 1."""
    at: float
    ids: tuple[str, ...]
    folded: frozenset[str]
    tasks: list[dict[str, Any]]
    client_request_id: str
    date: str
    """The `ocp-date` header."""
    authorization: str
    size: int
    """Bytes of the body."""
    connection: int
    """From 1."""
    turn: int
    """Place of the request on its connection, from 1."""
    in_flight: int = 0
    """Unanswered requests at arrival, this one included."""
    act: Act | None = None
    status: int | None = None
    """Of the answer; None while or where there was none."""
    ended: float | None = None
    """When the answer was handed to the socket, or the connection ended."""
    gone: bool = False
    """The client left before the answer."""
    whole: bool = False
    """A whole and readable answer of the service itself was sent."""
    told: dict[str, tuple[str, str]] = field(default_factory=dict)
    """Folded id -> status and error code, as a readable 200 said (the first result for an id counts)."""

    def settles(self, folded: str) -> bool:
        """Whether this answer leaves nothing open for the id: told by name, or the request was refused as a whole."""
        if not self.whole:
            return False
        if self.status == 200:
            return folded in self.told
        return self.certain

    @property
    def certain(self) -> bool:
        """A refusal after which nothing was certainly done: any 4xx, and 503 ServerBusy."""
        busy = self.status == 503 and self.act is not None and self.act.code == "ServerBusy"
        return self.status is not None and (400 <= self.status < 500 or busy) and self.status != 408

    @property
    def refused(self) -> bool:
        """429, whoever says it, or 503 ServerBusy."""
        return self.status == 429 or (self.status == 503 and self.certain)


@dataclass(kw_only=True, eq=False)
class Truth:
    """The tasks of one job. Ids are kept folded."""

    adds: dict[str, int] = field(default_factory=dict)
    """How often each id was added by requests: 1, or the service is wrong."""
    spelled: dict[str, str] = field(default_factory=dict)
    """Folded id -> the id as it was added."""
    before: set[str] = field(default_factory=set)
    """Ids that somebody else added."""
    tries: dict[str, int] = field(default_factory=dict)
    """How often a task with this id was looked at."""

    def has(self, task_id: str) -> bool:
        """Whether the job has the task, whoever added it."""
        folded = task_id.lower()
        return folded in self.adds or folded in self.before

    def add(self, task_id: str) -> bool:
        """Add the task; False where the id is taken."""
        folded = task_id.lower()
        if self.has(folded):
            return False
        self.adds[folded] = self.adds.get(folded, 0) + 1
        self.spelled[folded] = task_id
        return True

    def preload(self, ids: Iterable[str]) -> None:
        """Tasks of somebody else."""
        self.before.update(task_id.lower() for task_id in ids)
