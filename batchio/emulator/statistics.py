"""What `$expand=stats` shows.

Law: from birth to now. The service adds up every half hour, here it is always the latest.
"""

from __future__ import annotations

from typing import Any

from .calls import Call
from .pool_views import pool_url
from .resources import Job, JobSchedule, Pool, Run, StoredTask
from .states import COMPLETED, RUNNING
from .ticks import duration_text, time_text
from .usage import Usage
from .views import job_url, schedule_url


def _times(born: int, now: int) -> dict[str, Any]:
    return {"startTime": time_text(born), "lastUpdateTime": time_text(now)}


def _spent(url: str, born: int, now: int, usage: Usage) -> dict[str, Any]:
    """What all statistics of tasks have."""
    return {
        "url": url,
        **_times(born, now),
        "userCPUTime": duration_text(usage.cpu),
        "kernelCPUTime": duration_text(0),
        "wallClockTime": duration_text(usage.wall),
        **dict.fromkeys(("readIOps", "writeIOps"), "0"),
        **dict.fromkeys(("readIOGiB", "writeIOGiB"), 0.0),
        "waitTime": duration_text(usage.wait),
    }


def _counted(usage: Usage) -> dict[str, str]:
    return {
        "numSucceededTasks": str(usage.succeeded),
        "numFailedTasks": str(usage.failed),
        "numTaskRetries": str(usage.retries),
    }


def _span(run: Run, now: int) -> int:
    start = run.task.ran().start
    return 0 if run.state != RUNNING or start is None else max(now - start, 0)


def _of_job(job: Job, now: int) -> Usage:
    total = Usage()
    total.add(job.usage)
    total.succeeded += job.tasks_in[COMPLETED] - job.failed
    total.failed += job.failed
    for run in job.runs.values():
        total.wall += _span(run, now)
        total.cpu += _span(run, now) * len(run.nodes)
    return total


def job_statistics(call: Call, job: Job) -> dict[str, Any]:
    """`JobStatistics` in wire shape."""
    usage = _of_job(job, call.now)
    return {**_spent(job_url(call.base, job), job.born, call.now, usage), **_counted(usage)}


def schedule_statistics(call: Call, schedule: JobSchedule) -> dict[str, Any]:
    """`JobScheduleStatistics` in wire shape, of all jobs that it ever made."""
    total = Usage()
    total.add(schedule.usage)
    for job in schedule.jobs.all():
        total.add(_of_job(job, call.now))
    return {**_spent(schedule_url(call.base, schedule), schedule.born, call.now, total), **_counted(total)}


def task_statistics(call: Call, task: StoredTask) -> dict[str, Any]:
    """`TaskStatistics` in wire shape."""
    job = call.store.job(call.params["jobId"])
    usage, record = Usage(), task.run
    if record is not None:
        run = job.runs.get(task.id.lower())
        usage.wall = record.spent + (0 if run is None else _span(run, call.now))
        usage.cpu = usage.wall * (1 + len(record.seldom.nodes))
        usage.wait = 0 if record.start is None else record.start - task.born
    return _spent(f"{job_url(call.base, job)}/tasks/{task.id}", task.born, call.now, usage)


def pool_statistics(call: Call, pool: Pool) -> dict[str, Any]:
    """`PoolStatistics` in wire shape; a node counts as one core, as in usage metrics."""
    now, usage, nodes = call.now, pool.usage, pool.nodes.all()
    dedicated = usage.dedicated + sum(now - node.born for node in nodes if node.dedicated)
    all_nodes = usage.nodes + sum(now - node.born for node in nodes)
    going = {id(run): run for node in nodes for run in node.runs.values()}.values()
    busy = usage.busy + sum(_span(run, now) * run.task.slots * len(run.nodes) for run in going)
    sizes = ("avgMemoryGiB", "peakMemoryGiB", "avgDiskGiB", "peakDiskGiB", "diskReadGiB", "diskWriteGiB")
    times = _times(pool.born, now)
    return {
        "url": pool_url(call.base, pool),
        **times,
        "usageStats": {**times, "dedicatedCoreTime": duration_text(dedicated)},
        "resourceStats": {
            **times,
            "avgCPUPercentage": 100.0 * busy / (all_nodes * pool.slots) if all_nodes else 0.0,
            **dict.fromkeys((*sizes, "networkReadGiB", "networkWriteGiB"), 0.0),
            **dict.fromkeys(("diskReadIOps", "diskWriteIOps"), "0"),
        },
    }
