"""What jobs do when they change their state.

Law: effects of the rows of `transitions` on jobs, and of requests that put a job into a state.
"""

from __future__ import annotations

import uuid
from typing import TYPE_CHECKING, Any

import msgspec

from .dispatch import end_runs, queue_task, requeue
from .pool_life import make_pool
from .resources import Job, JobSchedule, Special, StoredTask
from .specials import break_off_preparation, run_release_tasks
from .states import COMPLETED, DELETING

if TYPE_CHECKING:
    from .store import Store

_PERFORM = "performexitoptionsjobaction"
_MANAGER_ONLY = ("killJobOnCompletion", "runExclusive", "allowLowPriorityNode")


def make_job(store: Store, id: str, spec: dict[str, Any], schedule: JobSchedule | None = None) -> Job:
    """A new job, with its pool where it brings one, and with its manager task."""
    stamp = store.stamps()
    job = Job(
        id=id,
        spec=spec,
        born=stamp,
        changed=stamp,
        since=stamp,
        uses_dependencies=spec.get("usesTaskDependencies") is True,
        acts_on_failure=spec.get("onTaskFailure", "").lower() == _PERFORM,
        reserved_keys=_reserved_keys(spec),
        schedule=schedule,
    )
    store.add(store.jobs, job)
    _find_pool(store, job)
    store.touch_pool(job)
    manager: dict[str, Any] | None = spec.get("jobManagerTask")
    if manager is not None:
        body = {name: value for name, value in manager.items() if name not in _MANAGER_ONLY}
        stamp = store.stamps()
        task = StoredTask(manager["id"], msgspec.json.encode(body), stamp, stamp, stamp)
        store.add_task(job, task.id.lower(), task)
        queue_task(store, job, task)
    return job


def _reserved_keys(spec: dict[str, Any]) -> dict[str, str]:
    keys: dict[str, str] = {}
    for name, default, code in (
        ("jobPreparationTask", "jobpreparation", "TaskIdSameAsJobPreparationTask"),
        ("jobReleaseTask", "jobrelease", "TaskIdSameAsJobReleaseTask"),
    ):
        if name in spec:
            keys[spec[name].get("id", default).lower()] = code
    return keys


def _find_pool(store: Store, job: Job) -> None:
    info = job.spec["poolInfo"]
    job.pool_id = info.get("poolId")
    auto = info.get("autoPoolSpecification")
    if auto is None:
        return
    lives_with_schedule = job.schedule is not None and auto["poolLifetimeOption"] == "jobschedule"
    if lives_with_schedule and job.schedule is not None and job.schedule.pool_id is not None:
        job.pool_id = job.schedule.pool_id
        return
    job.pool_id = f"{auto.get('autoPoolIdPrefix', '')}{uuid.uuid4()}".upper()
    make_pool(store, job.pool_id, dict(auto.get("pool", {"vmSize": "standard_a1"})))
    if not auto.get("keepAlive", False):
        job.auto_pool = not lives_with_schedule
    if lives_with_schedule and job.schedule is not None:
        job.schedule.pool_id = job.pool_id


def active(store: Store, job: Job, _when: int, _why: str | None) -> None:
    """Tasks can start again."""
    store.touch_pool(job)
    store.touch(job)


def disabling(store: Store, job: Job, _when: int, why: str | None) -> None:
    """No task starts; those that run go where the option says."""
    end_runs(store, list(job.runs.values()), why or "wait")


def terminating(store: Store, job: Job, _when: int, why: str | None) -> None:
    """What runs is ended, and the release tasks run."""
    job.terminate_reason = why
    end_runs(store, list(job.runs.values()), "terminate")
    break_off_preparation(store, job)
    run_release_tasks(store, job)


def completed(store: Store, job: Job, when: int, _why: str | None) -> None:
    """The job is over."""
    job.end_time = when
    _give_pool_back(store, job)
    if job.schedule is not None:
        _tell_schedule(store, job.schedule, when)


def deleting(store: Store, job: Job, _when: int, _why: str | None) -> None:
    """What runs is ended."""
    end_runs(store, list(job.runs.values()), "terminate")
    break_off_preparation(store, job)
    if job.end_time is None:
        run_release_tasks(store, job)


def gone(store: Store, job: Job, when: int, _why: str | None) -> None:
    """The job and its tasks are no longer there."""
    store.jobs.remove(job.key)
    if store.processes is not None:
        store.processes.job_is_gone(job)
    _give_pool_back(store, job)
    if job.schedule is not None:
        job.schedule.jobs.remove(job.key)
        job.schedule.usage.add(job.usage)
        job.schedule.usage.succeeded += job.tasks_in[COMPLETED] - job.failed
        job.schedule.usage.failed += job.failed
        _tell_schedule(store, job.schedule, when)


def _tell_schedule(store: Store, schedule: JobSchedule, when: int) -> None:
    """A job of a schedule is over: one that was late may be made now."""
    if not schedule.gone:
        store.touch(schedule)
        store.move(schedule, "make a job", when)


def _give_pool_back(store: Store, job: Job) -> None:
    pool = store.pools.get(job.pool_id or "")
    if pool is None:
        return
    pool.jobs.pop(job.key, None)
    if job.auto_pool and pool.state != DELETING:
        store.start_deleting(pool)


def preparation_ended(store: Store, special: Special, when: int, _why: str | None) -> None:
    """The job's tasks on this node can run; where it has failed they go to another node."""
    job, node = special.job, special.node
    special.done = when
    if store.processes is not None:
        store.processes.end(special)
    waits = job.spec["jobPreparationTask"].get("waitForSuccess", True)
    failed = special.exit_code != 0 and waits
    if failed:
        job.shunned.add(node.key)
    for run in [run for run in node.runs.values() if run.job is job]:
        if failed:
            requeue(store, run)
        else:
            store.touch(run)
    store.touch(job)


def release_ended(store: Store, special: Special, when: int, _why: str | None) -> None:
    """A release task has ended; the job may be over."""
    special.done = when
    if store.processes is not None:
        store.processes.end(special)
    store.touch(special.job)
