"""Preparation and release tasks on simulated nodes.

Law: a preparation task runs once on each node before the job's first task there, a release task on each node that
was prepared; both are things with a life, which ends by a row of `transitions`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from . import ticks
from .commands import tries_of
from .resources import Job, Node, NodeStatus, Special
from .states import RUNNING
from .task_reading import pairs

if TYPE_CHECKING:
    from .store import Store

_RELEASE_LIMIT = "PT15M"
_UNLIMITED = "P10675199DT2H48M5.4775807S"


def _special(store: Store, kind: str, job: Job, node: Node, task: dict[str, Any]) -> Special:
    now = store.now()
    environment = {**pairs(job.spec.get("commonEnvironmentSettings")), **pairs(task.get("environmentSettings"))}
    limits: dict[str, Any] = task.get("constraints", {})
    limit = limits.get("maxWallClockTime", _UNLIMITED)
    if kind == "release":
        limit = task.get("maxWallClockTime", _RELEASE_LIMIT)
    most = limits.get("maxTaskRetryCount", 0)
    tries = tries_of(task["commandLine"], environment, most, ticks.read_duration(limit) / ticks.SECOND)
    special = Special(
        since=now,
        state=RUNNING,
        kind=kind,
        job=job,
        node=node,
        start=now,
        ends=now + int(tries.seconds * ticks.SECOND),
        exit_code=tries.exit_code,
        retries=tries.retries,
        failure=None if tries.exit_code == 0 else "TaskEnded" if tries.killed else "FailureExitCode",
    )
    store.enter(special)
    return special


def prepare(store: Store, job: Job, node: Node) -> bool:
    """Have the preparation task run where it has not yet; whether the job's tasks have to wait for it."""
    task: dict[str, Any] | None = job.spec.get("jobPreparationTask")
    status = job.statuses.get(node.key)
    if status is None and (task is not None or "jobReleaseTask" in job.spec):
        status = NodeStatus(id=node.id, pool=node.pool.id, born=store.stamps())
        job.statuses.add(node.key, status)
    if task is None or status is None:
        return False
    if status.preparation is None:
        status.preparation = _special(store, "preparation", job, node, task)
    return status.preparation.done is None and task.get("waitForSuccess", True)


def run_release_tasks(store: Store, job: Job) -> None:
    """Have the release task run on every node that has run something of the job and is still there."""
    task: dict[str, Any] | None = job.spec.get("jobReleaseTask")
    for status in job.statuses.all() if task is not None else ():
        pool = store.pools.get(status.pool)
        node = None if pool is None else pool.nodes.get(status.id)
        if task is not None and node is not None and status.release is None:
            status.release = _special(store, "release", job, node, task)
