"""The files of simulated tasks and nodes.

Law: files are worked out from what has run when they are asked for; only what was deleted is kept. A path is
relative to the root, with `/` between its parts.
"""

from __future__ import annotations

import msgspec

from .commands import Plan, plan_of
from .refusals import Refusal
from .resources import Job, Node, StoredTask, TaskRun
from .states import COMPLETED, LEAVING_POOL
from .store import Store
from .task_reading import environment_of, pairs, read_parts
from .ticks import read_duration

_RETENTION = "P7D"


class File(msgspec.Struct, frozen=True):
    """A file with its content, or a directory (None); `changed` is the time of its last change."""

    path: str
    content: bytes | None
    changed: int


def task_files(store: Store, job: Job, task: StoredTask) -> dict[str, File]:
    """The files of a task by path. Raises `Refusal` where they cannot be reached."""
    run = task.run
    if run is None or run.start is None or run.node is None or run.pool is None:
        raise Refusal("TaskFilesUnavailable", (("Reason", "The task has not run on a node"),))
    pool = store.pools.get(run.pool)
    node = None if pool is None else pool.nodes.get(run.node)
    if node is None or node.state == LEAVING_POOL:
        raise Refusal("TaskFilesUnavailable", (("Reason", "The node is gone"),))
    if _is_cleaned(store, task, run):
        raise Refusal("TaskFilesCleanedup")
    files = _of_plan(_plan(job, task), run.start)
    return {path: file for path, file in files.items() if not _is_gone(path, run.deleted)}


def _is_cleaned(store: Store, task: StoredTask, run: TaskRun) -> bool:
    """Whether the retention time of the task is over."""
    retention = read_parts(task).constraints.retention_time
    kept = read_duration(_RETENTION if retention is None else retention)
    return task.state == COMPLETED and run.end is not None and run.end + kept < store.now()


def _plan(job: Job, task: StoredTask) -> Plan:
    parts = read_parts(task)
    return plan_of(parts.command_line, environment_of(job, parts), task.ran().retries)


def _of_plan(plan: Plan, when: int) -> dict[str, File]:
    contents: dict[str, bytes | None] = {"stdout.txt": plan.out.encode(), "stderr.txt": plan.err.encode(), "wd": None}
    contents |= {f"wd/{name.lstrip('/')}": text.encode() for name, text in plan.files}
    return {path: File(path, content, when) for path, content in contents.items()}


def _is_gone(path: str, deleted: tuple[str, ...] | set[str]) -> bool:
    return any(path == name or path.startswith(f"{name}/") for name in deleted)


def node_files(store: Store, node: Node) -> dict[str, File]:
    """The files of a node by path."""
    if node.booted is None:
        raise Refusal("OperationNotValidOnNode", (("Reason", "The node has not booted"),))
    born = node.booted
    paths = ("applications", "shared", "startup", "workitems")
    files = {path: File(path, None, born) for path in paths}
    start_task = node.pool.spec.get("startTask")
    if start_task is not None and node.start is not None:
        plan = plan_of(start_task["commandLine"], pairs(start_task.get("environmentSettings")), node.start.retries)
        _hang(files, "startup", _of_plan(plan, node.start.start))
    for job_id, task_id in node.recent:
        job = store.jobs.get(job_id)
        task = None if job is None else job.tasks.get(task_id)
        if job is None or task is None or task.run is None or task.run.node != node.id or task.run.start is None:
            continue
        if _is_cleaned(store, task, task.run):
            continue
        for path in (f"workitems/{job.id}", f"workitems/{job.id}/job-1", f"workitems/{job.id}/job-1/{task.id}"):
            files.setdefault(path, File(path, None, task.run.start))
        of_task = _of_plan(_plan(job, task), task.run.start)
        left = {path: file for path, file in of_task.items() if not _is_gone(path, task.run.deleted)}
        _hang(files, f"workitems/{job.id}/job-1/{task.id}", left)
    return {path: file for path, file in files.items() if not _is_gone(path, node.deleted)}


def _hang(files: dict[str, File], root: str, below: dict[str, File]) -> None:
    files |= {f"{root}/{path}": msgspec.structs.replace(file, path=f"{root}/{path}") for path, file in below.items()}
