"""What the rows of `transitions` ask: whether something is so, and when something is due.

Law: a cause is read off the resources; it changes nothing and knows no clock.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from .resources import Job, JobSchedule, Node, Pool, Run
from .states import ACTIVE, COMPLETED, DEALLOCATING, DISABLED, ENABLED, LEAVING_POOL, REBOOTING, REIMAGING
from .ticks import read_duration

TERMINATE_JOB = "terminatejob"

ALL_TASKS_COMPLETE = "all tasks complete"
NOTHING_RUNS = "nothing runs"
PREPARED = "the preparation task has succeeded"
SCHEDULE_OVER = "no run is to come and no job is active"
JOBS_OVER = "its jobs are completed"
JOBS_GONE = "its jobs are gone"
TASKS_AND_ROOM = "tasks wait and nodes have room"
NO_NODES = "it has no nodes"
NODES_ARE_THERE = "it has the nodes that it should have"
START_TASK_FIRST = "the start task comes first"
START_TASK_FAILS = "the start task fails"
WORKS = "tasks run on it"
WORKS_NOT = "no tasks run on it"
SCHEDULING_OFF = "its scheduling is off and no tasks run on it"
SCHEDULING_ON = "its scheduling is on"
USED_BY_POOLS = "pools use it"

JOB_LIMIT = "the job's maxWallClockTime"
END_OF_RUN = "the end of the run"
NEXT_RUN = "the schedule's next run"
NEXT_EVALUATION = "the formula's next run"
RESIZE_LIMIT = "the resizeTimeout"
START_TASK_ENDED = "the end of the start task"

NODE_ARRIVES = 5_000_000
"""Ticks from the boot of a node to its start task, as the row of `transitions` has it."""
FAR = 3_155_378_976_000_000_000
"""The end of the year 9999: what is due after it is never due."""


def _all_tasks_complete(job: Job) -> bool:
    return job.spec.get("onAllTasksComplete") == TERMINATE_JOB and job.unfinished == 0


def _nothing_runs(job: Job) -> bool:
    if job.runs:
        return False
    return not any(
        special is not None and special.done is None
        for status in job.statuses.all()
        for special in (status.preparation, status.release)
    )


def _prepared(run: Run) -> bool:
    statuses = [run.job.statuses.get(node.key) for node in run.nodes]
    return not any(
        status is not None and status.preparation is not None and status.preparation.done is None for status in statuses
    )


def has_active_job(schedule: JobSchedule) -> bool:
    """Whether a job of the schedule is not over yet: its latest, as no other is made before that."""
    job = schedule.jobs.get(schedule.recent or "")
    return job is not None and job.state != COMPLETED


def _schedule_over(schedule: JobSchedule) -> bool:
    return schedule.next_run is None and schedule.late is None and not has_active_job(schedule)


def _tasks_and_room(pool: Pool) -> bool:
    return bool(pool.open) and any(job.queue and job.state == ACTIVE for job in pool.jobs.values())


def wants_start_task_first(pool: Pool) -> bool:
    """Whether nodes take no tasks before their start task has succeeded."""
    start_task: dict[str, Any] | None = pool.spec.get("startTask")
    return start_task is not None and start_task.get("waitForSuccess", True)


def _goes(after: str) -> Callable[[Node], bool]:
    return lambda node: node.after == after and not node.runs


CONDITIONS: dict[str, Callable[[Any], bool]] = {
    ALL_TASKS_COMPLETE: _all_tasks_complete,
    NOTHING_RUNS: _nothing_runs,
    PREPARED: _prepared,
    SCHEDULE_OVER: _schedule_over,
    JOBS_OVER: lambda schedule: not has_active_job(schedule),
    JOBS_GONE: lambda schedule: not len(schedule.jobs),
    TASKS_AND_ROOM: _tasks_and_room,
    NO_NODES: lambda pool: not len(pool.nodes),
    NODES_ARE_THERE: lambda allocation: allocation.arrived,
    START_TASK_FIRST: lambda node: wants_start_task_first(node.pool),
    START_TASK_FAILS: lambda node: node.start is not None and node.start.exit_code != 0,
    WORKS: lambda node: bool(node.runs),
    WORKS_NOT: lambda node: not node.runs,
    SCHEDULING_OFF: lambda node: node.scheduling == DISABLED and not node.runs,
    SCHEDULING_ON: lambda node: node.scheduling == ENABLED,
    USED_BY_POOLS: lambda certificate: bool(certificate.users),
    **{after: _goes(after) for after in (REBOOTING, REIMAGING, DEALLOCATING, LEAVING_POOL)},
}


def _job_limit(job: Job) -> int | None:
    limit = job.spec.get("constraints", {}).get("maxWallClockTime")
    return None if limit is None or (due := job.born + read_duration(limit)) > FAR else due


DEADLINES: dict[str, Callable[[Any], int | None]] = {
    JOB_LIMIT: _job_limit,
    END_OF_RUN: lambda run: run.ends,
    NEXT_RUN: lambda schedule: schedule.next_run,
    NEXT_EVALUATION: lambda pool: None if pool.scaling is None else pool.scaling.next_run,
    RESIZE_LIMIT: lambda allocation: allocation.limit,
    START_TASK_ENDED: lambda node: None if node.start is None else node.start.end,
}
