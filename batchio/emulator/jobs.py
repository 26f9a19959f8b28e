"""The operations on jobs.

Law: a handler checks, acts through the store, and answers; what follows by itself is a row of `transitions`.
"""

from __future__ import annotations

from typing import Any

from msgspec import UNSET

from ..models import CloudJob, JobAddParameter
from ..service import operations as ops
from . import filter_tables
from .bodies import normal
from .calls import Answer, Call, Handler, answer_created, answer_json, change_headers
from .conditions import check_conditions
from .pages import Listing, pick
from .queries import selected
from .refusals import Refusal, bad_property
from .resources import COMPLETED, DELETING, PREPARING, RUNNING, Job
from .settings import check_metadata
from .views import job_url, job_view

MAX_ACTIVE_JOBS = 300
"""The account's quota of jobs that are neither completed nor being deleted."""

_JOBS = Listing("jobs", CloudJob, filter_tables.JOBS)


def create_job(call: Call) -> Answer:
    """Jobs_CreateJob."""
    sent = call.read(JobAddParameter)
    _check(sent)
    store = call.store
    taken = store.jobs.get(sent.id)
    if taken is None:
        _check_quota(call)
    stamp = store.stamps()
    job = Job(
        id=sent.id,
        spec=normal(sent),
        born=stamp,
        changed=stamp,
        since=stamp,
        uses_dependencies=sent.uses_task_dependencies is True,
        reserved_keys=_reserved_keys(sent),
    )
    store.add(store.jobs, job)
    return answer_created(job_url(call.base, job), stamp)


def get_job(call: Call) -> Answer:
    """Jobs_GetJob."""
    job = call.store.job(call.params["jobId"])
    names = selected(call, CloudJob)
    check_conditions(call, job.changed)
    shown = pick(job_view(call.base, job), names)
    return answer_json(call, "jobs/@Element", shown, change_headers(job.changed))


def list_jobs(call: Call) -> Answer:
    """Jobs_ListJobs."""
    return _JOBS.answer(call, call.store.jobs, lambda job: job_view(call.base, job))


def delete_job(call: Call) -> Answer:
    """Jobs_DeleteJob."""
    job = call.store.job(call.params["jobId"])
    check_conditions(call, job.changed)
    call.store.start_deleting(job)
    return Answer(202)


def get_job_task_counts(call: Call) -> Answer:
    """Jobs_GetJobTaskCounts."""
    job = call.store.job(call.params["jobId"])
    counts = {"taskCounts": _counts(job.tasks_in), "taskSlotCounts": _counts(job.slots_in)}
    return answer_json(call, "Microsoft.Azure.Batch.Protocol.Entities.TaskCountsResult", counts)


def _counts(by_state: dict[str, int]) -> dict[str, int]:
    completed = by_state[COMPLETED]
    running = by_state[RUNNING] + by_state[PREPARING]
    # Nothing runs yet, so nothing has failed.
    return {
        "active": by_state["active"],
        "running": running,
        "completed": completed,
        "succeeded": completed,
        "failed": 0,
    }


def _check(sent: Any) -> None:
    pool = sent.pool_info
    if pool.pool_id is UNSET and pool.auto_pool_specification is UNSET:
        raise bad_property("poolInfo", None, "Either poolId or autoPoolSpecification is required")
    if pool.pool_id is not UNSET and pool.auto_pool_specification is not UNSET:
        raise bad_property("poolInfo", None, "poolId and autoPoolSpecification exclude each other")
    if sent.max_parallel_tasks is not UNSET and sent.max_parallel_tasks != -1 and sent.max_parallel_tasks < 1:
        raise bad_property("maxParallelTasks", str(sent.max_parallel_tasks), "-1 or at least 1")
    check_metadata(sent.metadata)


def _check_quota(call: Call) -> None:
    jobs = call.store.jobs
    if len(jobs) < MAX_ACTIVE_JOBS:
        return
    if sum(job.state not in (COMPLETED, DELETING) for job in jobs.all()) >= MAX_ACTIVE_JOBS:
        raise Refusal("ActiveJobAndScheduleQuotaReached", (("Quota", str(MAX_ACTIVE_JOBS)),))


def _reserved_keys(sent: Any) -> dict[str, str]:
    keys: dict[str, str] = {}
    for task, default, code in (
        (sent.job_preparation_task, "jobpreparation", "TaskIdSameAsJobPreparationTask"),
        (sent.job_release_task, "jobrelease", "TaskIdSameAsJobReleaseTask"),
    ):
        if task is not UNSET:
            keys[default if task.id is UNSET else task.id.lower()] = code
    return keys


HANDLERS: dict[str, Handler] = {
    ops.CREATE_JOB.id: create_job,
    ops.GET_JOB.id: get_job,
    ops.LIST_JOBS.id: list_jobs,
    ops.DELETE_JOB.id: delete_job,
    ops.GET_JOB_TASK_COUNTS.id: get_job_task_counts,
}
