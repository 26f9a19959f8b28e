"""What a client sees of a resource.

Law: an answer shows what was sent, the service's defaults for what was not, and what the service knows beside; it
never shows a secret.
"""

from __future__ import annotations

from typing import Any, cast

import msgspec

from ..models import JobAddParameter, PoolAddParameter, TaskAddParameter
from ..service.operations import GET_JOB, GET_POOL
from .resources import Job, Pool, Resource, StoredTask, e_tag
from .strict import secret_names
from .ticks import time_text

_UNLIMITED = "P10675199DT2H48M5.4775807S"
_JOB_DEFAULTS: dict[str, Any] = {
    "priority": 0,
    "maxParallelTasks": -1,
    "allowTaskPreemption": False,
    "usesTaskDependencies": False,
    "onAllTasksComplete": "noaction",
    "onTaskFailure": "noaction",
}
_JOB_CONSTRAINTS = {"maxWallClockTime": _UNLIMITED, "maxTaskRetryCount": 0}
_POOL_DEFAULTS: dict[str, Any] = {
    "resizeTimeout": "PT15M",
    "targetDedicatedNodes": 0,
    "targetLowPriorityNodes": 0,
    "enableAutoScale": False,
    "enableInterNodeCommunication": False,
    "taskSlotsPerNode": 1,
    "taskSchedulingPolicy": {"nodeFillType": "spread"},
}
_TASK_CONSTRAINTS = {"maxWallClockTime": _UNLIMITED, "retentionTime": "P7D", "maxTaskRetryCount": 0}
_TASK_CONSTRAINTS_JSON = msgspec.Raw(msgspec.json.encode(_TASK_CONSTRAINTS))
_TASK_IDENTITY_JSON = msgspec.Raw(b'{"autoUser":{"scope":"task","elevationLevel":"nonadmin"}}')
_TASK_EXECUTION_JSON = msgspec.Raw(b'{"retryCount":0,"requeueCount":0}')
_TASK_SECRETS = tuple(f'"{name}"'.encode() for name in sorted(secret_names(TaskAddParameter)))

_parts = msgspec.json.Decoder(dict[str, msgspec.Raw])


def job_url(base: str, job: Job) -> str:
    """The URL of a job."""
    return base + GET_JOB.path.format(jobId=job.id)


def pool_url(base: str, pool: Pool) -> str:
    """The URL of a pool."""
    return base + GET_POOL.path.format(poolId=pool.id)


def _life(resource: Resource, url: str) -> dict[str, Any]:
    view = {
        "id": resource.id,
        "url": url,
        "eTag": e_tag(resource.changed),
        "lastModified": time_text(resource.changed),
        "creationTime": time_text(resource.born),
        "state": resource.state,
        "stateTransitionTime": time_text(resource.since),
    }
    if resource.previous is not None and resource.previous_since is not None:
        view["previousState"] = resource.previous
        view["previousStateTransitionTime"] = time_text(resource.previous_since)
    return view


def job_view(base: str, job: Job) -> dict[str, Any]:
    """A job as `CloudJob` in wire shape."""
    view = {**_life(job, job_url(base, job)), **_JOB_DEFAULTS, **job.spec}
    view["constraints"] = {**_JOB_CONSTRAINTS, **job.spec.get("constraints", {})}
    execution = {"startTime": time_text(job.born)}
    pool_id = job.spec["poolInfo"].get("poolId")
    if pool_id is not None:
        execution["poolId"] = pool_id
    if job.end_time is not None:
        execution["endTime"] = time_text(job.end_time)
    if job.terminate_reason is not None:
        execution["terminateReason"] = job.terminate_reason
    view["executionInfo"] = execution
    return _shown(view, secret_names(JobAddParameter))


def pool_view(base: str, pool: Pool) -> dict[str, Any]:
    """A pool as `CloudPool` in wire shape."""
    view = {
        **_life(pool, pool_url(base, pool)),
        "allocationState": pool.allocation_state,
        "allocationStateTransitionTime": time_text(pool.allocation_since),
        "currentDedicatedNodes": 0,
        "currentLowPriorityNodes": 0,
        **_POOL_DEFAULTS,
        **pool.spec,
    }
    view.pop("previousState", None)
    view.pop("previousStateTransitionTime", None)
    return _shown(view, secret_names(PoolAddParameter))


def task_view(jobs_url: str, task: StoredTask) -> dict[str, Any]:
    """A task as `CloudTask` in wire shape; `jobs_url` is its job's."""
    view: dict[str, Any] = _sent(task.raw)
    view["id"] = task.id
    view["url"] = f"{jobs_url}/tasks/{task.id}"
    view["eTag"] = e_tag(task.changed)
    born = time_text(task.born)
    view["creationTime"] = born
    view["lastModified"] = born if task.changed == task.born else time_text(task.changed)
    view["state"] = task.state
    view["stateTransitionTime"] = born if task.since == task.born else time_text(task.since)
    constraints = view.get("constraints")
    if constraints is None:
        view["constraints"] = _TASK_CONSTRAINTS_JSON
    else:
        given = _parts.decode(constraints) if isinstance(constraints, msgspec.Raw) else constraints
        view["constraints"] = {**_TASK_CONSTRAINTS, **given}
    view.setdefault("userIdentity", _TASK_IDENTITY_JSON)
    view["requiredSlots"] = task.slots
    view["executionInfo"] = _TASK_EXECUTION_JSON
    return view


def _sent(raw: bytes) -> dict[str, Any]:
    if any(name in raw for name in _TASK_SECRETS):
        return _shown(msgspec.json.decode(raw), secret_names(TaskAddParameter))
    return cast("dict[str, Any]", _parts.decode(raw))


def _shown(view: dict[str, Any], secrets: frozenset[str]) -> dict[str, Any]:
    shown: dict[str, Any] = without_secrets(view, secrets)
    return shown


def without_secrets(value: Any, names: frozenset[str]) -> Any:
    """A copy without the properties of these names, however deep."""
    if isinstance(value, dict):
        pairs = cast("dict[str, object]", value).items()
        return {name: without_secrets(item, names) for name, item in pairs if name not in names}
    if isinstance(value, list):
        return [without_secrets(item, names) for item in cast("list[object]", value)]
    return value
