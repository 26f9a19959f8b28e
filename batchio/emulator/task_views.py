"""What a client sees of tasks.

Law: as in `views`. A task on which nothing has happened is shown from its bytes, with no part of it decoded: a page
of a thousand is the most that is ever asked of the emulator at once.
"""

from __future__ import annotations

from typing import Any, cast

import msgspec

from ..models import TaskAddParameter
from ..service.operations import GET_NODE, GET_NODE_FILE
from .failures import FAILURES
from .resources import Job, NodeStatus, Special, StoredTask, e_tag
from .states import RUNNING
from .strict import secret_names
from .task_runs import TaskRun
from .ticks import time_text
from .views import UNLIMITED, shown

_CONSTRAINTS = {"maxWallClockTime": UNLIMITED, "retentionTime": "P7D", "maxTaskRetryCount": 0}
_CONSTRAINTS_JSON = msgspec.Raw(msgspec.json.encode(_CONSTRAINTS))
_IDENTITY_JSON = msgspec.Raw(b'{"autoUser":{"scope":"task","elevationLevel":"nonadmin"}}')
_EXECUTION_JSON = msgspec.Raw(b'{"retryCount":0,"requeueCount":0}')
_SECRETS = tuple(f'"{name}"'.encode() for name in sorted(secret_names(TaskAddParameter)))

_parts = msgspec.json.Decoder(dict[str, msgspec.Raw])


def task_view(base: str, job: Job, jobs_url: str, task: StoredTask) -> dict[str, Any]:
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
        view["constraints"] = _CONSTRAINTS_JSON
    else:
        given = _parts.decode(constraints) if isinstance(constraints, msgspec.Raw) else constraints
        view["constraints"] = {**_CONSTRAINTS, **given}
    view.setdefault("userIdentity", _IDENTITY_JSON)
    view["requiredSlots"] = task.slots
    if task.run is None:
        view["executionInfo"] = _EXECUTION_JSON
    else:
        _add_run(view, base, job, task, task.run)
    return view


def _add_run(view: dict[str, Any], base: str, job: Job, task: StoredTask, run: TaskRun) -> None:
    if run.previous is not None:
        view["previousState"] = run.previous
        view["previousStateTransitionTime"] = time_text(run.previous_since)
    view["executionInfo"] = execution_view(run)
    if run.pool is not None and run.node is not None:
        view["nodeInfo"] = node_info(base, run.pool, run.node, f"workitems/{job.id}/job-1/{task.id}")


def execution_view(run: TaskRun) -> dict[str, Any]:
    """How a task ran, as `TaskExecutionInformation` in wire shape."""
    view: dict[str, Any] = {"retryCount": run.seldom.retries, "requeueCount": run.seldom.requeues}
    times = {
        "startTime": run.start,
        "endTime": run.end,
        "lastRetryTime": run.seldom.last_retry,
        "lastRequeueTime": run.seldom.last_requeue,
    }
    view |= {name: time_text(time) for name, time in times.items() if time is not None}
    if run.exit_code is not None:
        view["exitCode"] = run.exit_code
    if run.result is not None:
        view["result"] = run.result
    if run.failure is not None:
        view["failureInfo"] = failure_view(run.failure)
    return view


def failure_view(failure: str) -> dict[str, Any]:
    """A failure as `TaskFailureInformation` in wire shape."""
    code, _, about = failure.partition(": ")
    category, message = FAILURES.get(code, ("usererror", code))
    details = [{"name": "Reason", "value": about}] if about else []
    return {"category": category, "code": code, "message": message, "details": details}


def node_info(base: str, pool: str, node: str, root: str) -> dict[str, Any]:
    """The node of a task, as `ComputeNodeInformation` in wire shape."""
    return {
        "affinityId": f"TVM:{node}",
        "nodeUrl": base + GET_NODE.path.format(poolId=pool, nodeId=node),
        "poolId": pool,
        "nodeId": node,
        "taskRootDirectory": root,
        "taskRootDirectoryUrl": base + GET_NODE_FILE.path.format(poolId=pool, nodeId=node, filePath=root),
    }


def subtask_view(base: str, job: Job, task: StoredTask, number: int, node: str) -> dict[str, Any]:
    """A subtask as `SubtaskInformation` in wire shape; it begins and ends with its task."""
    run = task.ran()
    view: dict[str, Any] = {"id": number, "state": task.state, "stateTransitionTime": time_text(task.since)}
    if run.pool is not None:
        view["nodeInfo"] = node_info(base, run.pool, node, f"workitems/{job.id}/job-1/{task.id}/{number}")
    if run.previous is not None:
        view["previousState"] = run.previous
        view["previousStateTransitionTime"] = time_text(run.previous_since)
    execution = execution_view(run)
    view |= {name: execution[name] for name in ("startTime", "endTime", "exitCode", "result") if name in execution}
    return view


def status_view(base: str, job: Job, status: NodeStatus) -> dict[str, Any]:
    """The preparation and release tasks of a job on a node, in wire shape."""
    node_url = base + GET_NODE.path.format(poolId=status.pool, nodeId=status.id)
    view: dict[str, Any] = {"poolId": status.pool, "nodeId": status.id, "nodeUrl": node_url}
    for name, special, task in (
        ("jobPreparationTaskExecutionInfo", status.preparation, "jobpreparation"),
        ("jobReleaseTaskExecutionInfo", status.release, "jobrelease"),
    ):
        if special is not None:
            view[name] = _special_view(base, job, status, special, task)
    return view


def _special_view(base: str, job: Job, status: NodeStatus, special: Special, task: str) -> dict[str, Any]:
    info = node_info(base, status.pool, status.id, f"workitems/{job.id}/job-1/{task}")
    view: dict[str, Any] = {
        "startTime": time_text(special.start),
        "state": RUNNING if special.done is None else "completed",
        "taskRootDirectory": info["taskRootDirectory"],
        "taskRootDirectoryUrl": info["taskRootDirectoryUrl"],
    }
    if special.kind == "preparation":
        # What is simulated is known before it happens.
        view["retryCount"] = special.retries if special.done is not None or special.ends is None else 0
    if special.done is not None:
        view["endTime"] = time_text(special.done)
        view |= result_view(special.exit_code, special.failure)
    return view


def result_view(exit_code: int | None, failure: str | None) -> dict[str, Any]:
    """How a preparation, release or start task has ended."""
    view: dict[str, Any] = {"result": "success" if exit_code == 0 else "failure"}
    if exit_code is not None:
        view["exitCode"] = exit_code
    if exit_code != 0:
        view["failureInfo"] = failure_view(failure or "FailureExitCode")
    return view


def _sent(raw: bytes) -> dict[str, Any]:
    if any(name in raw for name in _SECRETS):
        return shown(msgspec.json.decode(raw), secret_names(TaskAddParameter))
    return cast("dict[str, Any]", _parts.decode(raw))
