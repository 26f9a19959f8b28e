"""The files of tasks and nodes.

Law: simulated files are worked out from what has run when they are asked for; only what was deleted is kept. Where
processes run, their files are theirs.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping

from .commands import Plan, plan_of
from .refusals import Refusal
from .resources import Job, Node, StoredTask
from .states import COMPLETED, LEAVING_POOL
from .store import Store
from .task_reading import environment_of, pairs, read_parts
from .task_runs import TaskRun
from .ticks import read_duration
from .trees import File, Tree

_RETENTION = "P7D"

Simulated = tuple[bytes | None, int]
"""The content of a simulated file, or None for a directory, and the time of its last change."""


class SimulatedTree:
    """Files that are worked out: content (None: a directory) and time by path. `forget` keeps what was deleted."""

    def __init__(self, files: Mapping[str, Simulated], forget: Callable[[str], None]) -> None:
        self._files = files
        self._forget = forget

    def listed(self, *, recursive: bool) -> Iterable[File]:
        """As `Tree` says."""
        return (_file(path, file) for path, file in sorted(self._files.items()) if recursive or "/" not in path)

    def find(self, path: str) -> File | None:
        """As `Tree` says."""
        file = self._files.get(path)
        return None if file is None else _file(path, file)

    def content(self, file: File, first: int, last: int) -> bytes:
        """As `Tree` says."""
        return (self._files[file.path][0] or b"")[first : last + 1]

    def delete(self, path: str) -> None:
        """As `Tree` says."""
        self._forget(path)


def _file(path: str, file: Simulated) -> File:
    content, changed = file
    return File(path, None, changed, "0o40755") if content is None else File(path, len(content), changed)


def task_tree(store: Store, job: Job, task: StoredTask) -> Tree:
    """The files of a task. Raises `Refusal` where they cannot be reached."""
    node, run = _node_of(store, job, task), task.ran()
    if store.processes is not None:
        return store.processes.files_of_task(node, job, task)
    files = _of_plan(_plan(job, task), run.start or task.since)

    def forget(path: str) -> None:
        run.happens(deleted=(*run.seldom.deleted, path))
        store.note_task(job, task)

    left = {path: file for path, file in files.items() if not _is_gone(path, run.seldom.deleted)}
    return SimulatedTree(left, forget)


def _node_of(store: Store, job: Job, task: StoredTask) -> Node:
    """The node that has the files of a task. Raises `Refusal` where they cannot be reached."""
    run = task.run
    if run is None or run.start is None or run.node is None or run.pool is None:
        raise Refusal("TaskFilesUnavailable", (("Reason", "The task has not run on a node"),))
    pool = store.pools.get(run.pool)
    node = None if pool is None else pool.nodes.get(run.node)
    if node is None or node.state == LEAVING_POOL:
        raise Refusal("TaskFilesUnavailable", (("Reason", "The node is gone"),))
    if _is_cleaned(store, task, run):
        if store.processes is not None:
            store.processes.task_is_gone(job, task)
        raise Refusal("TaskFilesCleanedup")
    return node


def _is_cleaned(store: Store, task: StoredTask, run: TaskRun) -> bool:
    """Whether the retention time of the task is over."""
    retention = read_parts(task).constraints.retention_time
    kept = read_duration(_RETENTION if retention is None else retention)
    return task.state == COMPLETED and run.end is not None and run.end + kept < store.now()


def _plan(job: Job, task: StoredTask) -> Plan:
    parts = read_parts(task)
    return plan_of(parts.command_line, environment_of(job, parts), task.ran().seldom.retries)


def _of_plan(plan: Plan, when: int) -> dict[str, Simulated]:
    contents: dict[str, bytes | None] = {"stdout.txt": plan.out.encode(), "stderr.txt": plan.err.encode(), "wd": None}
    contents |= {f"wd/{name.lstrip('/')}": text.encode() for name, text in plan.files}
    return {path: (content, when) for path, content in contents.items()}


def _is_gone(path: str, deleted: tuple[str, ...] | set[str]) -> bool:
    return any(path == name or path.startswith(f"{name}/") for name in deleted)


def node_tree(store: Store, node: Node) -> Tree:
    """The files of a node. Raises `Refusal` where they cannot be reached."""
    if node.booted is None:
        raise Refusal("OperationNotValidOnNode", (("Reason", "The node has not booted"),))
    if store.processes is not None:
        return store.processes.files_of_node(node)

    def forget(path: str) -> None:
        node.deleted.add(path)
        store.note(node)

    return SimulatedTree(_node_files(store, node, node.booted), forget)


def _node_files(store: Store, node: Node, born: int) -> dict[str, Simulated]:
    paths = ("applications", "shared", "startup", "workitems")
    files: dict[str, Simulated] = dict.fromkeys(paths, (None, born))
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
            files.setdefault(path, (None, task.run.start))
        of_task = _of_plan(_plan(job, task), task.run.start)
        left = {path: file for path, file in of_task.items() if not _is_gone(path, task.run.seldom.deleted)}
        _hang(files, f"workitems/{job.id}/job-1/{task.id}", left)
    return {path: file for path, file in files.items() if not _is_gone(path, node.deleted)}


def _hang(files: dict[str, Simulated], root: str, below: dict[str, Simulated]) -> None:
    files |= {f"{root}/{path}": file for path, file in below.items()}
