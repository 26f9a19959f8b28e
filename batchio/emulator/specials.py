"""Preparation and release tasks on nodes.

Law: a preparation task runs once on each node before the job's first task there, a release task on each node that
was prepared; both are things with a life, which ends by a row of `transitions`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from . import ticks
from .commands import tries_of
from .processes.orders import KILLED
from .resources import Job, Node, NodeStatus, Special
from .states import RUNNING
from .task_reading import pairs

if TYPE_CHECKING:
    from .store import Store

_RELEASE_LIMIT = "PT15M"


def _special(store: Store, kind: str, job: Job, node: Node, task: dict[str, Any]) -> Special:
    now = store.now()
    if store.processes is not None:
        special = Special(since=now, state=RUNNING, kind=kind, job=job, node=node, start=now, ends=None, exit_code=None)
        store.processes.begin_special(special, _limit(kind, task))
        store.enter(special)
        return special
    environment = {**pairs(job.spec.get("commonEnvironmentSettings")), **pairs(task.get("environmentSettings"))}
    most = task.get("constraints", {}).get("maxTaskRetryCount", 0)
    tries = tries_of(task["commandLine"], environment, most, _limit(kind, task) / ticks.SECOND)
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


def _limit(kind: str, task: dict[str, Any]) -> int:
    constraints = task.get("constraints", {})
    text = task.get("maxWallClockTime", _RELEASE_LIMIT) if kind == "release" else constraints.get("maxWallClockTime")
    return ticks.LONGEST if text is None else ticks.read_duration(text)


def break_off_preparation(store: Store, job: Job) -> None:
    """The job has no use for preparation tasks any more: processes that still prepare are killed."""
    if store.processes is None:
        return
    for status in job.statuses.all():
        special = status.preparation
        if special is not None and special.done is None:
            store.processes.end(special)
            special.ends, special.exit_code, special.failure = store.now(), KILLED, "TaskEnded"
            store.enter(special)


def undo_preparation(store: Store, job: Job, status: NodeStatus) -> Special | None:
    """A preparation task that is not done was broken off with its node: it is as if it had not begun."""
    special = status.preparation
    if special is None or special.done is not None:
        return None
    special.gone = True
    status.preparation = None
    store.note(status, job)
    store.touch(job)
    return special


def prepare(store: Store, job: Job, node: Node) -> bool:
    """Have the preparation task run where it has not yet; whether the job's tasks have to wait for it."""
    task: dict[str, Any] | None = job.spec.get("jobPreparationTask")
    if task is None:
        # No job has a release task alone.
        return False
    status = job.statuses.get(node.key)
    if status is None:
        status = NodeStatus(id=node.id, pool=node.pool.id, born=store.stamps())
        job.statuses.add(node.key, status)
        store.note(status, job)
    if status.preparation is None:
        status.preparation = _special(store, "preparation", job, node, task)
    return status.preparation.done is None and task.get("waitForSuccess", True)


def run_release_tasks(store: Store, job: Job) -> None:
    """Have the release task run on every node that has run something of the job and is still there."""
    task: dict[str, Any] | None = job.spec.get("jobReleaseTask")
    if task is None:
        return
    for status in job.statuses.all():
        pool = store.pools.get(status.pool)
        node = None if pool is None else pool.nodes.get(status.id)
        if node is not None and status.release is None:
            status.release = _special(store, "release", job, node, task)
