"""What a client sees of pools and nodes.

Law: as in `views`.
"""

from __future__ import annotations

from collections import Counter
from typing import Any

from ..models import ComputeNodeState, PoolAddParameter
from ..service.operations import GET_NODE, GET_POOL, GET_TASK
from .pool_life import ERRORS
from .resources import Node, Pool, StartRun
from .states import RUNNING, STEADY
from .store import Store
from .strict import secret_names
from .task_views import execution_view, result_view
from .ticks import time_text
from .views import life_view, shown

_DEFAULTS: dict[str, Any] = {
    "resizeTimeout": "PT15M",
    "targetDedicatedNodes": 0,
    "targetLowPriorityNodes": 0,
    "enableAutoScale": False,
    "enableInterNodeCommunication": False,
    "taskSchedulingPolicy": {"nodeFillType": "spread"},
}
_START_TASK_DEFAULTS: dict[str, Any] = {
    "userIdentity": {"autoUser": {"scope": "task", "elevationLevel": "nonadmin"}},
    "maxTaskRetryCount": 0,
    "waitForSuccess": True,
}
_COUNTED = {
    "startTaskFailed": "starttaskfailed",
    "leavingPool": "leavingpool",
    "waitingForStartTask": "waitingforstarttask",
    "upgradingOS": "upgradingos",
}
_PLAIN = (
    *("creating", "idle", "offline", "preempted", "rebooting", "reimaging", "running", "starting", "unknown"),
    *("unusable", "deallocated", "deallocating"),
)
_STATES = {**{name: name for name in _PLAIN}, **_COUNTED}
if set(_STATES.values()) != {state.value for state in ComputeNodeState}:
    raise AssertionError("a state of nodes is not counted")


def pool_url(base: str, pool: Pool) -> str:
    """The URL of a pool."""
    return base + GET_POOL.path.format(poolId=pool.id)


def node_url(base: str, node: Node) -> str:
    """The URL of a node."""
    return base + GET_NODE.path.format(poolId=node.pool.id, nodeId=node.id)


def pool_view(base: str, pool: Pool) -> dict[str, Any]:
    """A pool as `CloudPool` in wire shape."""
    view: dict[str, Any] = {
        **life_view(pool, pool_url(base, pool)),
        "allocationState": pool.allocation.state,
        "allocationStateTransitionTime": time_text(pool.allocation.since),
        "currentDedicatedNodes": pool.count(dedicated=True),
        "currentLowPriorityNodes": pool.count(dedicated=False),
        **_DEFAULTS,
        **pool.spec,
        # Each version shows the one that it has.
        "maxTasksPerNode": pool.slots,
        "taskSlotsPerNode": pool.slots,
    }
    if "startTask" in view:
        view["startTask"] = {**_START_TASK_DEFAULTS, **view["startTask"]}
    if view["enableAutoScale"]:
        view.setdefault("autoScaleEvaluationInterval", "PT15M")
    if pool.scaling is not None and pool.scaling.run is not None:
        view["autoScaleRun"] = pool.scaling.run
    if pool.errors and pool.allocation.state == STEADY:
        view["resizeErrors"] = [{"code": code, "message": ERRORS[code], "values": []} for code in pool.errors]
    view.pop("previousState", None)
    view.pop("previousStateTransitionTime", None)
    return shown(view, secret_names(PoolAddParameter))


def counts_view(pool: Pool) -> dict[str, Any]:
    """The nodes of a pool by state, as `PoolNodeCounts` in wire shape."""
    nodes = pool.nodes.all()
    return {
        "poolId": pool.id,
        "dedicated": _counts(node for node in nodes if node.dedicated),
        "lowPriority": _counts(node for node in nodes if not node.dedicated),
    }


def _counts(nodes: Any) -> dict[str, int]:
    by_state = Counter(node.state for node in nodes)
    return {**{name: by_state[state] for name, state in _STATES.items()}, "total": by_state.total()}


def node_view(base: str, store: Store, node: Node) -> dict[str, Any]:
    """A node as `ComputeNode` in wire shape."""
    pool = node.pool
    view: dict[str, Any] = {
        "id": node.id,
        "url": node_url(base, node),
        "state": node.state,
        "schedulingState": node.scheduling,
        "stateTransitionTime": time_text(node.since),
        "allocationTime": time_text(node.born),
        "ipAddress": f"10.{pool.number % 256}.{node.number // 250 % 256}.{node.number % 250 + 4}",
        "affinityId": f"TVM:{node.id}",
        "vmSize": pool.spec["vmSize"],
        "totalTasksRun": node.total,
        "totalTasksSucceeded": node.succeeded,
        "runningTasksCount": len(node.runs),
        "runningTaskSlotsCount": node.used,
        "isDedicated": node.dedicated,
    }
    if node.booted is not None:
        view["lastBootTime"] = time_text(node.booted)
        view["nodeAgentInfo"] = {"version": "1.12.2", "lastUpdateTime": time_text(node.booted)}
    if "startTask" in pool.spec:
        view["startTask"] = {**_START_TASK_DEFAULTS, **pool.spec["startTask"]}
    if node.start is not None and store.now() >= node.start.start:
        view["startTaskInfo"] = start_view(node.start, store.now())
    if "certificateReferences" in pool.spec:
        view["certificateReferences"] = pool.spec["certificateReferences"]
    machine = pool.spec.get("virtualMachineConfiguration")
    if machine is not None:
        view["virtualMachineInfo"] = {"imageReference": machine["imageReference"]}
    if recent := _recent(base, store, node):
        view["recentTasks"] = recent
    return shown(view, secret_names(PoolAddParameter))


def start_view(run: StartRun, now: int) -> dict[str, Any]:
    """The run of a start task, as `StartTaskInformation` in wire shape."""
    view: dict[str, Any] = {
        "state": RUNNING,
        "startTime": time_text(run.start),
        "retryCount": 0 if run.end else run.retries,
    }
    if run.end is not None and now >= run.end:
        view |= {"state": "completed", "endTime": time_text(run.end)}
        view |= {"retryCount": run.retries, **result_view(run.exit_code, run.failure)}
    return view


def _recent(base: str, store: Store, node: Node) -> list[dict[str, Any]]:
    shown_tasks: list[dict[str, Any]] = []
    for job_id, task_id in list(node.recent)[:-11:-1]:
        job = store.jobs.get(job_id)
        task = None if job is None else job.tasks.get(task_id)
        if task is not None and task.run is not None:
            shown_tasks.append(
                {
                    "taskUrl": base + GET_TASK.path.format(jobId=job_id, taskId=task_id),
                    "jobId": job_id,
                    "taskId": task_id,
                    "taskState": task.state,
                    "executionInfo": execution_view(task.run),
                }
            )
    return shown_tasks
