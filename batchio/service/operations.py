"""The operations of the API, one row each.

Law: a path of the API stands here and nowhere else. Client methods, the emulator's routes, the command line
and the tests all read this table.
"""

from __future__ import annotations

from typing import Any, Generic, TypeVar

import msgspec

from .. import models as m
from . import options as o

JSON = "application/json; odata=minimalmetadata"
"""Content type of every JSON body."""

A = TypeVar("A")


class Operation(msgspec.Struct, Generic[A], frozen=True, kw_only=True):
    """One operation of the REST API; `A` is what it gives: a model, a page's item, or None for a receipt.

    `path` has its parameters in braces. `options` is the TypedDict of the options that it takes. `body`,
    `answer` and `items` are models: what is sent, what comes back, what a page holds. `success` are the
    statuses that mean yes.
    """

    id: str
    method: str
    path: str
    options: type
    body: type[m.Model] | None = None
    answer: type[m.Model] | None = None
    items: type[m.Model] | None = None
    success: tuple[int, ...] = (200,)

    @property
    def parameters(self) -> tuple[str, ...]:
        """Names of the path's parameters, in order."""
        return tuple(part.split("}", 1)[0] for part in self.path.split("{")[1:])

    @property
    def takes(self) -> frozenset[str]:
        """Names of the options."""
        return frozenset(self.options.__annotations__)


OPERATIONS: dict[str, Operation[Any]] = {}
"""All rows by operation id."""


def _row(id: str, request: str, options: type, **columns: Any) -> Operation[Any]:
    method, path = request.split(" ", 1)
    OPERATIONS[id] = Operation(id=id, method=method, path=path, options=options, **columns)
    return OPERATIONS[id]


def _read(id: str, request: str, options: type, answer: type[A], body: type[m.Model] | None = None) -> Operation[A]:
    return _row(id, request, options, answer=answer, body=body)


def _list(id: str, request: str, options: type, items: type[A]) -> Operation[A]:
    return _row(id, request, options, items=items)


def _act(
    id: str, request: str, options: type, body: type[m.Model] | None = None, *, success: int = 200
) -> Operation[None]:
    return _row(id, request, options, body=body, success=(success,))


# Jobs
LIST_JOBS = _list("Jobs_ListJobs", "GET /jobs", o.ListOptions, m.CloudJob)
CREATE_JOB = _act("Jobs_CreateJob", "POST /jobs", o.CallOptions, m.JobAddParameter, success=201)
GET_JOB = _read("Jobs_GetJob", "GET /jobs/{jobId}", o.ConditionalReadOptions, m.CloudJob)
DELETE_JOB = _act("Jobs_DeleteJob", "DELETE /jobs/{jobId}", o.ForceOptions, success=202)
GET_JOB_TASK_COUNTS = _read("Jobs_GetJobTaskCounts", "GET /jobs/{jobId}/taskcounts", o.CallOptions, m.TaskCountsResult)

# Tasks
LIST_TASKS = _list("Tasks_ListTasks", "GET /jobs/{jobId}/tasks", o.ListOptions, m.CloudTask)
CREATE_TASK = _act("Tasks_CreateTask", "POST /jobs/{jobId}/tasks", o.CallOptions, m.TaskAddParameter, success=201)
CREATE_TASK_COLLECTION = _read(
    "Tasks_CreateTaskCollection",
    "POST /jobs/{jobId}/addtaskcollection",
    o.CallOptions,
    m.TaskAddCollectionResult,
    m.TaskAddCollectionParameter,
)
GET_TASK = _read("Tasks_GetTask", "GET /jobs/{jobId}/tasks/{taskId}", o.ConditionalReadOptions, m.CloudTask)
DELETE_TASK = _act("Tasks_DeleteTask", "DELETE /jobs/{jobId}/tasks/{taskId}", o.ConditionalOptions)

# Pools
LIST_POOLS = _list("Pools_ListPools", "GET /pools", o.ListOptions, m.CloudPool)
CREATE_POOL = _act("Pools_CreatePool", "POST /pools", o.CallOptions, m.PoolAddParameter, success=201)
GET_POOL = _read("Pools_GetPool", "GET /pools/{poolId}", o.ConditionalReadOptions, m.CloudPool)
DELETE_POOL = _act("Pools_DeletePool", "DELETE /pools/{poolId}", o.ConditionalOptions, success=202)
