"""What a client sees of jobs, schedules and certificates.

Law: an answer shows what was sent, the service's defaults for what was not, and what the service knows beside; it
never shows a secret.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Any, cast

from ..models import Certificate as CertificateModel
from ..models import JobAddParameter, JobScheduleAddParameter
from ..service.operations import GET_CERTIFICATE, GET_JOB, GET_JOB_SCHEDULE
from .certificate_life import Certificate
from .resources import Job, JobSchedule, Resource, e_tag
from .states import DELETE_FAILED
from .strict import secret_names
from .ticks import time_text as text_of_time

time_text = lru_cache(1024)(text_of_time)
"""As in `ticks`; the times of a job are few, and shown again and again while somebody waits for it."""

UNLIMITED = "P10675199DT2H48M5.4775807S"
_JOB_DEFAULTS: dict[str, Any] = {
    "priority": 0,
    "maxParallelTasks": -1,
    "allowTaskPreemption": False,
    "usesTaskDependencies": False,
    "onAllTasksComplete": "noaction",
    "onTaskFailure": "noaction",
}
_JOB_CONSTRAINTS = {"maxWallClockTime": UNLIMITED, "maxTaskRetryCount": 0}


def job_url(base: str, job: Job) -> str:
    """The URL of a job."""
    return base + GET_JOB.path.format(jobId=job.id)


def schedule_url(base: str, schedule: JobSchedule) -> str:
    """The URL of a job schedule."""
    return base + GET_JOB_SCHEDULE.path.format(jobScheduleId=schedule.id)


def certificate_url(base: str, certificate: Certificate) -> str:
    """The URL of a certificate."""
    path = GET_CERTIFICATE.path
    return base + path.format(thumbprintAlgorithm=certificate.algorithm, thumbprint=certificate.id)


def state_view(resource: Resource) -> dict[str, Any]:
    """The state of a resource and the one before."""
    view = {"state": resource.state, "stateTransitionTime": time_text(resource.since)}
    if resource.previous is not None and resource.previous_since is not None:
        view["previousState"] = resource.previous
        view["previousStateTransitionTime"] = time_text(resource.previous_since)
    return view


def life_view(resource: Resource, url: str) -> dict[str, Any]:
    """What all resources with an ETag show."""
    return {
        "id": resource.id,
        "url": url,
        "eTag": e_tag(resource.changed),
        "lastModified": time_text(resource.changed),
        "creationTime": time_text(resource.born),
        **state_view(resource),
    }


def job_view(base: str, job: Job) -> dict[str, Any]:
    """A job as `CloudJob` in wire shape."""
    view = {**life_view(job, job_url(base, job)), **_JOB_DEFAULTS, **job.spec}
    view["constraints"] = {**_JOB_CONSTRAINTS, **job.spec.get("constraints", {})}
    execution = {"startTime": time_text(job.born)}
    if job.pool_id is not None:
        execution["poolId"] = job.pool_id
    if job.end_time is not None:
        execution["endTime"] = time_text(job.end_time)
    if job.terminate_reason is not None:
        execution["terminateReason"] = job.terminate_reason
    view["executionInfo"] = execution
    return shown(view, secret_names(JobAddParameter))


def schedule_view(base: str, schedule: JobSchedule) -> dict[str, Any]:
    """A job schedule as `CloudJobSchedule` in wire shape."""
    view = {**life_view(schedule, schedule_url(base, schedule)), **schedule.spec}
    specification = schedule.spec["jobSpecification"]
    constraints = {**_JOB_CONSTRAINTS, **specification.get("constraints", {})}
    view["jobSpecification"] = {**_JOB_DEFAULTS, **specification, "constraints": constraints}
    execution: dict[str, Any] = {}
    if schedule.next_run is not None:
        execution["nextRunTime"] = time_text(schedule.next_run)
    if schedule.recent is not None:
        url = base + GET_JOB.path.format(jobId=schedule.recent)
        execution["recentJob"] = {"id": schedule.recent, "url": url}
    if schedule.end_time is not None:
        execution["endTime"] = time_text(schedule.end_time)
    view["executionInfo"] = execution
    return shown(view, secret_names(JobScheduleAddParameter))


def certificate_view(base: str, certificate: Certificate) -> dict[str, Any]:
    """A certificate in wire shape."""
    view = {
        "thumbprint": certificate.id,
        "thumbprintAlgorithm": certificate.algorithm,
        "url": certificate_url(base, certificate),
        **state_view(certificate),
    }
    if certificate.spec.get("certificateFormat") == "cer":
        view["publicData"] = certificate.spec["data"]
    if certificate.state == DELETE_FAILED:
        view["deleteCertificateError"] = {
            "code": "PoolsReferencingCertificate",
            "message": "The specified certificate is being used by the below mentioned pool(s)",
            "values": [{"name": "Pools", "value": ", ".join(certificate.users)}],
        }
    return shown(view, secret_names(CertificateModel))


def shown(view: dict[str, Any], secrets: frozenset[str]) -> dict[str, Any]:
    """The view without secrets."""
    clean: dict[str, Any] = without_secrets(view, secrets)
    return clean


def without_secrets(value: Any, names: frozenset[str]) -> Any:
    """A copy without the properties of these names, however deep."""
    if isinstance(value, dict):
        pairs = cast("dict[str, object]", value).items()
        # Most of what is shown is a text or a number, which is not worth a call.
        return {
            name: without_secrets(item, names) if isinstance(item, (dict, list)) else item
            for name, item in pairs
            if name not in names
        }
    if isinstance(value, list):
        return [without_secrets(item, names) for item in cast("list[object]", value)]
    return value
