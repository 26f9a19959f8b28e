"""Making and reading jobs.

Law: a handler checks, acts through the store, and answers; what follows by itself is a row of `transitions`.
"""

from __future__ import annotations

from typing import Any

from msgspec import UNSET

from ..models import (
    CloudJob,
    JobAddParameter,
    JobPreparationAndReleaseTaskExecutionInformation,
    TaskCountsResult,
)
from ..models.base import field_rules
from ..service import operations as ops
from ..service.versions import is_known
from . import filter_tables
from .bodies import normal
from .calls import Answer, Call, Handler, answer_created, answer_json
from .job_life import make_job
from .kinds import Kind
from .pages import Listing
from .pools import check_pool
from .refusals import Refusal, bad_property
from .resources import Job
from .settings import check_least, check_metadata
from .states import COMPLETED, PREPARING, RUNNING
from .statistics import job_statistics
from .task_views import status_view
from .views import job_url, job_view

MAX_ACTIVE_JOBS = 300
"""The account's quota of jobs and schedules that are neither completed nor being deleted."""

JOBS: Kind[Job] = Kind(
    "jobs",
    CloudJob,
    filter_tables.JOBS,
    find=lambda call: call.store.job(call.params["jobId"]),
    shelf=lambda call: call.store.jobs,
    viewer=lambda call: lambda job: job_view(call.base, job),
    statistics=job_statistics,
)
_OF_SCHEDULE: Kind[Job] = Kind(
    "jobs",
    CloudJob,
    filter_tables.JOBS,
    find=lambda call: call.store.job(call.params["jobId"]),
    shelf=lambda call: call.store.schedule(call.params["jobScheduleId"]).jobs,
    viewer=lambda call: lambda job: job_view(call.base, job),
    statistics=job_statistics,
)
_STATUSES = Listing(
    "jobpreparationandreleasetaskstatuslist",
    JobPreparationAndReleaseTaskExecutionInformation,
    filter_tables.STATUSES,
)
_COUNTS_RULE = field_rules(TaskCountsResult)["task_counts"]


def create_job(call: Call) -> Answer:
    """Jobs_CreateJob."""
    sent = call.read(JobAddParameter)
    check_job(sent)
    store = call.store
    if store.jobs.get(sent.id) is None:
        check_quota(call)
        if store.schedules.get(sent.id) is not None:
            raise Refusal("JobScheduleWithSameIdExists")
    job = make_job(store, sent.id, normal(sent))
    return answer_created(job_url(call.base, job), job.changed)


def get_job_task_counts(call: Call) -> Answer:
    """Jobs_GetJobTaskCounts."""
    job = call.store.job(call.params["jobId"])
    tasks = _counts(job.tasks_in, job.failed)
    kind = "Microsoft.Azure.Batch.Protocol.Entities.TaskCounts"
    if not is_known(_COUNTS_RULE, call.version):
        return answer_json(call, kind, tasks)
    slots = _counts(job.slots_in, job.failed_slots)
    return answer_json(call, f"{kind}Result", {"taskCounts": tasks, "taskSlotCounts": slots})


def _counts(by_state: dict[str, int], failed: int) -> dict[str, int]:
    completed = by_state[COMPLETED]
    return {
        "active": by_state["active"],
        "running": by_state[RUNNING] + by_state[PREPARING],
        "completed": completed,
        "succeeded": completed - failed,
        "failed": failed,
    }


def list_statuses(call: Call) -> Answer:
    """Jobs_ListJobPreparationAndReleaseTaskStatus."""
    job = call.store.job(call.params["jobId"])
    if "jobPreparationTask" not in job.spec and "jobReleaseTask" not in job.spec:
        raise Refusal("JobPreparationTaskNotSpecified")
    return _STATUSES.answer(call, job.statuses, lambda status: status_view(call.base, job, status))


def check_job(sent: Any, path: str = "") -> None:
    """Refuse what no job can have; `path` leads to the job, with a dot behind it."""
    check_pool_info(sent.pool_info, path)
    check_changeable(sent, path)
    for name, task in (("jobManagerTask", sent.job_manager_task), ("jobPreparationTask", sent.job_preparation_task)):
        if task is not UNSET and task.constraints is not UNSET:
            check_least(f"{path}{name}.constraints.maxTaskRetryCount", task.constraints.max_task_retry_count, -1)
    if sent.job_release_task is not UNSET and sent.job_preparation_task is UNSET:
        raise bad_property(f"{path}jobReleaseTask", None, "A release task needs a preparation task")


def check_pool_info(pool: Any, path: str = "") -> None:
    """Refuse a `poolInfo` that does not say which pool, or whose own pool is one that no pool can be."""
    given = (pool.pool_id, pool.auto_pool_specification)
    if all(value is UNSET or value is None for value in given):
        raise bad_property(f"{path}poolInfo", None, "Either poolId or autoPoolSpecification is required")
    if all(value is not UNSET and value is not None for value in given):
        raise bad_property(f"{path}poolInfo", None, "poolId and autoPoolSpecification exclude each other")
    auto = pool.auto_pool_specification
    if auto is not UNSET and auto is not None and auto.pool is not UNSET:
        check_pool(auto.pool, f"{path}poolInfo.autoPoolSpecification.pool.")


def check_changeable(sent: Any, path: str = "") -> None:
    """Refuse what no job can have, of what can be changed later."""
    most = getattr(sent, "max_parallel_tasks", UNSET)
    if most is not UNSET and most != -1 and most < 1:
        raise bad_property(f"{path}maxParallelTasks", str(most), "-1 or at least 1")
    if sent.constraints is not UNSET:
        check_least(f"{path}constraints.maxTaskRetryCount", sent.constraints.max_task_retry_count, -1)
    check_metadata(sent.metadata, path)


def check_quota(call: Call) -> None:
    """Refuse one job or schedule more than the account may have."""
    if call.store.alive.count() >= MAX_ACTIVE_JOBS:
        raise Refusal("ActiveJobAndScheduleQuotaReached", (("Quota", str(MAX_ACTIVE_JOBS)),))


HANDLERS: dict[str, Handler] = {
    ops.CREATE_JOB.id: create_job,
    ops.GET_JOB.id: JOBS.get,
    ops.LIST_JOBS.id: JOBS.list,
    ops.LIST_JOBS_FROM_SCHEDULE.id: _OF_SCHEDULE.list,
    ops.DELETE_JOB.id: JOBS.delete,
    ops.GET_JOB_TASK_COUNTS.id: get_job_task_counts,
}

SIMULATED: dict[str, Handler] = {ops.LIST_JOB_PREPARATION_AND_RELEASE_TASK_STATUS.id: list_statuses}
