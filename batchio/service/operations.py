"""The operations of the API, one row each.

Law: a path of the API stands here and nowhere else. Client methods, the emulator's routes, the command line
and the tests all read this table.
"""

from __future__ import annotations

import msgspec

from .. import models as m
from . import options as o

JSON = "application/json; odata=minimalmetadata"
"""Content type of every JSON body."""


class Operation(msgspec.Struct, frozen=True, kw_only=True):
    """One operation of the REST API.

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


OPERATIONS: dict[str, Operation] = {}
"""All rows by operation id."""


def _row(
    id: str,
    request: str,
    options: type = o.CallOptions,
    *,
    body: type[m.Model] | None = None,
    answer: type[m.Model] | None = None,
    items: type[m.Model] | None = None,
    success: int | tuple[int, ...] = 200,
) -> Operation:
    method, path = request.split(" ", 1)
    statuses = success if isinstance(success, tuple) else (success,)
    OPERATIONS[id] = Operation(
        id=id, method=method, path=path, options=options, body=body, answer=answer, items=items, success=statuses
    )
    return OPERATIONS[id]


# Jobs
LIST_JOBS = _row("Jobs_ListJobs", "GET /jobs", o.ListOptions, items=m.CloudJob)
CREATE_JOB = _row("Jobs_CreateJob", "POST /jobs", body=m.JobAddParameter, success=201)
GET_JOB = _row("Jobs_GetJob", "GET /jobs/{jobId}", o.ConditionalReadOptions, answer=m.CloudJob)
DELETE_JOB = _row("Jobs_DeleteJob", "DELETE /jobs/{jobId}", o.ForceOptions, success=202)
GET_JOB_TASK_COUNTS = _row("Jobs_GetJobTaskCounts", "GET /jobs/{jobId}/taskcounts", answer=m.TaskCountsResult)

# Tasks
LIST_TASKS = _row("Tasks_ListTasks", "GET /jobs/{jobId}/tasks", o.ListOptions, items=m.CloudTask)
CREATE_TASK = _row("Tasks_CreateTask", "POST /jobs/{jobId}/tasks", body=m.TaskAddParameter, success=201)
CREATE_TASK_COLLECTION = _row(
    "Tasks_CreateTaskCollection",
    "POST /jobs/{jobId}/addtaskcollection",
    body=m.TaskAddCollectionParameter,
    answer=m.TaskAddCollectionResult,
)
GET_TASK = _row("Tasks_GetTask", "GET /jobs/{jobId}/tasks/{taskId}", o.ConditionalReadOptions, answer=m.CloudTask)
DELETE_TASK = _row("Tasks_DeleteTask", "DELETE /jobs/{jobId}/tasks/{taskId}", o.ConditionalOptions)

# Pools
LIST_POOLS = _row("Pools_ListPools", "GET /pools", o.ListOptions, items=m.CloudPool)
CREATE_POOL = _row("Pools_CreatePool", "POST /pools", body=m.PoolAddParameter, success=201)
GET_POOL = _row("Pools_GetPool", "GET /pools/{poolId}", o.ConditionalReadOptions, answer=m.CloudPool)
DELETE_POOL = _row("Pools_DeletePool", "DELETE /pools/{poolId}", o.ConditionalOptions, success=202)
