"""Changing jobs: their properties and, by request, their state.

Law: as in `jobs`. A job that is deleted, completed or on its way there takes no change, and says which it is.
"""

from __future__ import annotations

from typing import Any

from msgspec import UNSET

from ..models import CloudJob, JobDisableParameter, JobPatchParameter, JobTerminateParameter
from ..service import operations as ops
from .bodies import check_whole, normal
from .calls import Answer, Call, Handler
from .causes import TERMINATE_JOB
from .conditions import check_conditions
from .jobs import check_changeable, check_pool_info
from .kinds import accepted, changed
from .refusals import Refusal, bad_property
from .resources import Job
from .states import ACTIVE, COMPLETED, DELETING, DISABLED, DISABLING, ENABLING, TERMINATING
from .strict import wire_fields
from .views import job_url

_OVER = {DELETING: "JobBeingDeleted", TERMINATING: "JobBeingTerminated", COMPLETED: "JobCompleted"}


def _job(call: Call) -> Job:
    job = call.store.job(call.params["jobId"])
    check_conditions(call, job.changed)
    return job


def _check_not_over(job: Job) -> None:
    if job.state in _OVER:
        raise Refusal(_OVER[job.state])


def replace_job(call: Call) -> Answer:
    """Jobs_ReplaceJob."""
    job = _job(call)
    sent = call.read(CloudJob)
    check_pool_info(sent.pool_info)
    check_changeable(sent)
    return _change(call, job, normal(sent), wire_fields(CloudJob, call.version))


def update_job(call: Call) -> Answer:
    """Jobs_UpdateJob."""
    job = _job(call)
    sent = call.read_changes(JobPatchParameter)
    check_changeable(sent)
    changes = normal(sent)
    check_whole(JobPatchParameter, call.version, {name: changes[name] for name in changes if name != "poolInfo"})
    if "autoPoolSpecification" in changes.get("poolInfo", {}):
        changes["poolInfo"] = _keep_alive_changed(job, changes["poolInfo"])
    elif "poolInfo" in changes:
        check_pool_info(sent.pool_info)
    return _change(call, job, changes, frozenset())


def _keep_alive_changed(job: Job, info: dict[str, Any]) -> dict[str, Any]:
    auto = job.spec["poolInfo"].get("autoPoolSpecification")
    given = info["autoPoolSpecification"]
    if auto is None or set(given) - {"keepAlive"} or "poolId" in info:
        raise bad_property("poolInfo.autoPoolSpecification", None, "Only keepAlive of an auto pool can be changed")
    return {"autoPoolSpecification": {**auto, **given}}


def _change(call: Call, job: Job, changes: dict[str, Any], removed: frozenset[str]) -> Answer:
    """Put the changes in place of what the job has; of `removed` what is not among them falls back to defaults."""
    _check_not_over(job)
    own, other = job.spec["poolInfo"], changes.get("poolInfo", job.spec["poolInfo"])
    if other != own and "poolId" in other and job.state != DISABLED:
        raise Refusal("OperationInvalidForCurrentState", (("Reason", "poolInfo changes while the job is disabled"),))
    wanted = changes.get("onAllTasksComplete", "noaction" if "onAllTasksComplete" in removed else TERMINATE_JOB)
    if job.spec.get("onAllTasksComplete") == TERMINATE_JOB and wanted != TERMINATE_JOB:
        raise bad_property("onAllTasksComplete", wanted, "Once terminatejob, it cannot be changed back")
    job.spec = {**{name: value for name, value in job.spec.items() if name not in removed}, **changes}
    if "poolId" in other and other != own:
        _move_to_pool(call, job, other["poolId"])
    keep = job.spec["poolInfo"].get("autoPoolSpecification", {}).get("keepAlive", False)
    job.auto_pool = job.auto_pool and not keep
    call.store.touch_pool(job)
    return changed(call, 200, job, job_url(call.base, job))


def _move_to_pool(call: Call, job: Job, pool_id: str) -> None:
    before = call.store.pools.get(job.pool_id or "")
    if before is not None:
        before.jobs.pop(job.key, None)
    job.pool_id = pool_id


def disable_job(call: Call) -> Answer:
    """Jobs_DisableJob."""
    job = _job(call)
    option = call.read(JobDisableParameter).disable_tasks.value
    _check_not_over(job)
    if job.state == ENABLING:
        raise Refusal("JobNotActive")
    if job.state != DISABLED:
        call.store.move(job, DISABLING, call.store.now(), option)
    return accepted(202, job, job_url(call.base, job))


def enable_job(call: Call) -> Answer:
    """Jobs_EnableJob."""
    job = _job(call)
    _check_not_over(job)
    if job.state == ACTIVE:
        raise Refusal("OperationInvalidForCurrentState", (("Reason", "The job is not disabled"),))
    if job.state != ENABLING:
        call.store.move(job, ENABLING, call.store.now())
    return accepted(202, job, job_url(call.base, job))


def terminate_job(call: Call) -> Answer:
    """Jobs_TerminateJob."""
    job = _job(call)
    reason = call.read_optional(JobTerminateParameter).terminate_reason
    force = call.flag("force")
    if not (force and job.state == TERMINATING):
        _check_not_over(job)
    job.forced = force
    call.store.move(job, TERMINATING, call.store.now(), "UserTerminate" if reason is UNSET else reason)
    return accepted(202, job, job_url(call.base, job))


HANDLERS: dict[str, Handler] = {
    ops.REPLACE_JOB.id: replace_job,
    ops.UPDATE_JOB.id: update_job,
    ops.DISABLE_JOB.id: disable_job,
    ops.ENABLE_JOB.id: enable_job,
    ops.TERMINATE_JOB.id: terminate_job,
}
