"""Tasks onto nodes and off again, where there are nodes.

Law: jobs by priority, then by age; within a job the task that has waited longest. Each change of a task's state is
one of the store, each end by time a row of `transitions`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from . import ticks
from .commands import plan_of
from .dependencies import wait_for_dependencies
from .node_life import give_back, take
from .processes.orders import KILLED
from .resources import Job, Node, Pool, Run, StoredTask
from .rooms import Rooms
from .specials import prepare
from .states import ACTIVE, COMPLETED, PREPARING, RUNNING
from .task_ends import ended, retries_left
from .task_reading import environment_of, read_parts

if TYPE_CHECKING:
    from .store import Store

LOOK_AHEAD = 100
"""How many tasks of a job for which there is no room are passed over for others."""


def queue_task(store: Store, job: Job, task: StoredTask, *, first: bool = False) -> None:
    """A task is active: it will run when it can and when there is room."""
    if not store.simulate:
        return
    if job.uses_dependencies and b'"dependsOn"' in task.raw and wait_for_dependencies(job, task):
        return
    if first:
        job.queue.appendleft(task)
    else:
        job.queue.append(task)
    store.touch_pool(job)


def start_tasks(store: Store, pool: Pool, when: int, _why: str | None) -> None:
    """Start every task for which there is room."""
    pool.open = {key: node for key, node in pool.open.items() if node.free > 0 and not node.gone}
    pack = pool.spec.get("taskSchedulingPolicy", {}).get("nodeFillType", "spread").lower() == "pack"
    rooms = Rooms(pool.open.values(), pack=pack)
    for job in sorted(pool.jobs.values(), key=lambda job: (-job.spec.get("priority", 0), job.born)):
        if not rooms:
            return
        if job.state == ACTIVE:
            _start_tasks_of(store, job, rooms, when)


def _start_tasks_of(store: Store, job: Job, rooms: Rooms, when: int) -> None:
    most = job.spec.get("maxParallelTasks", -1)
    aside: list[StoredTask] = []
    while job.queue and rooms and len(aside) < LOOK_AHEAD and (most < 0 or len(job.runs) < most):
        task = job.queue.popleft()
        if task.gone or task.state != ACTIVE:
            continue
        parts = read_parts(task)
        nodes = rooms.take(parts.instances, task.slots, job.shunned, parts.affinity)
        if nodes:
            start(store, job, task, nodes, when)
            rooms.put(nodes)
        else:
            aside.append(task)
    job.queue.extendleft(reversed(aside))


def start(store: Store, job: Job, task: StoredTask, nodes: tuple[Node, ...], when: int) -> None:
    """Put a task onto nodes; it runs at once, or when the job's preparation task has ended there."""
    # The task's birth may be a few ticks ahead of a clock that stands still.
    run = Run(since=max(when, task.since), state=PREPARING, job=job, task=task, nodes=nodes)
    record = task.ran()
    _forget_run(store, job, task)
    record.pool, record.node = nodes[0].pool.id, nodes[0].id
    if len(nodes) > 1 or record.seldom.nodes:
        record.happens(nodes=tuple(node.id for node in nodes[1:]))
    job.runs[task.id.lower()] = run
    for node in nodes:
        take(store, node, run)
    waits = [node for node in nodes if prepare(store, job, node)]
    if waits:
        store.put_task(job, task, PREPARING)
        store.enter(run)
    else:
        store.move(run, RUNNING, when)


def begin(store: Store, run: Run, when: int, _why: str | None) -> None:
    """A run begins: from here on it is known how it will end, unless a process tells."""
    task, job = run.task, run.job
    parts = read_parts(task)
    record = task.ran()
    record.start = when
    job.usage.wait += when - task.born
    store.note(job)
    if store.processes is not None:
        store.processes.begin_run(run, when)
        store.put_task(job, task, RUNNING)
        return
    plan = plan_of(parts.command_line, environment_of(job, parts), record.seldom.retries)
    span, limit = int(plan.seconds * ticks.SECOND), parts.limit
    run.exit_code = plan.exit_code
    if limit is not None and span > limit:
        span, run.exit_code, run.failure = limit, KILLED, "TaskEnded"
    run.ends = when + span
    store.put_task(job, task, RUNNING)


def _forget_run(store: Store, job: Job, task: StoredTask) -> None:
    """A task runs again: of the run before only what it took is kept. Its wait is that before the latest run."""
    record = task.ran()
    spent = record.spent
    if record.start is not None:
        job.usage.wait -= record.start - task.born
        store.note(job)
    record.start = record.end = record.exit_code = record.result = record.failure = None
    record.spend(spent)


def end(store: Store, run: Run, when: int, _why: str | None) -> None:
    """A run has come to its end by itself: the task is tried again, or completed."""
    release(store, run)
    job, task = run.job, run.task
    record = task.ran()
    record.end, record.exit_code = when, run.exit_code
    succeeded = run.exit_code == 0 and run.failure is None
    for node in run.nodes:
        node.total += 1
        node.succeeded += succeeded
    if not succeeded and run.failure is None and retries_left(job, task):
        spent = record.spent
        # Only what is completed has an end.
        record.end = record.exit_code = None
        record.spend(spent)
        record.happens(retries=record.seldom.retries + 1, last_retry=when)
        job.usage.retries += 1
        store.put_task(job, task, ACTIVE)
        queue_task(store, job, task, first=True)
        return
    ended(store, job, task, failure=None if succeeded else run.failure or "FailureExitCode")


def release(store: Store, run: Run) -> int:
    """The run is over: its nodes have room again. Gives how long it ran."""
    span = _add_up(store, run)
    run.gone = True
    if store.processes is not None:
        store.processes.end(run)
    run.job.runs.pop(run.task.id.lower(), None)
    for node in run.nodes:
        give_back(store, node, run)
    store.touch_pool(run.job)
    store.touch(run.job)
    return span


def _add_up(store: Store, run: Run) -> int:
    start = run.task.ran().start
    if run.gone or start is None:
        return 0
    span = max(store.now() - start, 0)
    run.job.usage.wall += span
    run.job.usage.cpu += span * len(run.nodes)
    pool = run.nodes[0].pool
    pool.usage.busy += span * run.task.slots * len(run.nodes)
    store.note(pool)
    return span


def requeue(store: Store, run: Run) -> None:
    """Take a task off its nodes; it will run again."""
    span = release(store, run)
    record = run.task.ran()
    record.spend(record.spent + span)
    record.happens(requeues=record.seldom.requeues + 1, last_requeue=store.now())
    store.put_task(run.job, run.task, ACTIVE)
    queue_task(store, run.job, run.task, first=True)


def kill(store: Store, run: Run) -> None:
    """End a task by request; it will not run again."""
    release(store, run)
    record = run.task.ran()
    record.end, record.exit_code = max(store.now(), run.task.since), KILLED if run.state == RUNNING else None
    ended(store, run.job, run.task, failure="TaskEnded")


def end_runs(store: Store, runs: list[Run], option: str) -> None:
    """Do to runs what the option of a request says; what it lets go on, goes on."""
    for run in runs:
        if run.gone:
            # The end of another one of these has ended the job, and with it this one.
            continue
        if option == "requeue":
            requeue(store, run)
        elif option == "terminate":
            kill(store, run)


def end_task(store: Store, job: Job, task: StoredTask) -> None:
    """Complete a task by request, whether it runs or not."""
    run = job.runs.get(task.id.lower())
    if run is not None:
        kill(store, run)
        return
    record = task.ran()
    spent = record.spent
    record.end = max(store.now(), task.since)
    record.spend(spent)
    ended(store, job, task, failure="TaskEnded")


def reactivate(store: Store, job: Job, task: StoredTask) -> None:
    """Have a task that has failed run once more, as if it were new."""
    store.count_failure(job, task, -1)
    record = task.ran()
    record.happens(retries=0, last_retry=None)
    _forget_run(store, job, task)
    record.pool = record.node = None
    store.put_task(job, task, ACTIVE)
    queue_task(store, job, task)


def forget(store: Store, job: Job, task: StoredTask) -> None:
    """A task is deleted: where it runs it is ended."""
    run = job.runs.get(task.id.lower())
    if run is not None:
        release(store, run)
    if store.processes is not None:
        store.processes.task_is_gone(job, task)
    if task.state == COMPLETED:
        failed = task.ran().result == "failure"
        job.usage.failed += failed
        job.usage.succeeded += not failed
    store.remove_task(job, task)
