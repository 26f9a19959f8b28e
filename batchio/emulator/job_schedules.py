"""The operations on job schedules.

Law: as in `jobs`; when a schedule makes a job is the business of `schedule_life`.
"""

from __future__ import annotations

from typing import Any

from msgspec import UNSET

from ..models import CloudJobSchedule, JobScheduleAddParameter, JobSchedulePatchParameter
from ..service import operations as ops
from . import filter_tables
from .bodies import check_whole, normal
from .calls import Answer, Call, Handler, answer_created
from .conditions import check_conditions
from .jobs import check_job, check_quota
from .kinds import Kind, accepted, changed
from .refusals import Refusal, bad_property
from .resources import JobSchedule
from .schedule_life import plan
from .settings import check_metadata
from .states import ACTIVE, COMPLETED, DELETING, DISABLED, TERMINATING
from .statistics import schedule_statistics
from .strict import wire_fields
from .ticks import read_time
from .views import schedule_url, schedule_view

_OVER = {
    DELETING: "JobScheduleBeingDeleted",
    TERMINATING: "JobScheduleBeingTerminated",
    COMPLETED: "JobScheduleCompleted",
}

SCHEDULES: Kind[JobSchedule] = Kind(
    "jobschedules",
    CloudJobSchedule,
    filter_tables.JOB_SCHEDULES,
    find=lambda call: call.store.schedule(call.params["jobScheduleId"]),
    shelf=lambda call: call.store.schedules,
    viewer=lambda call: lambda schedule: schedule_view(call.base, schedule),
    statistics=schedule_statistics,
)


def create_schedule(call: Call) -> Answer:
    """JobSchedules_CreateJobSchedule."""
    sent = call.read(JobScheduleAddParameter)
    _check(sent)
    store = call.store
    if store.schedules.get(sent.id) is None:
        check_quota(call)
        if store.jobs.get(sent.id) is not None:
            raise Refusal("JobWithSameIdExists")
    stamp = store.stamps()
    schedule = JobSchedule(id=sent.id, spec=normal(sent), born=stamp, changed=stamp, since=stamp)
    plan(store, schedule, fresh=True)
    store.add(store.schedules, schedule)
    return answer_created(schedule_url(call.base, schedule), stamp)


def _check(sent: Any) -> None:
    check_metadata(sent.metadata)
    if sent.job_specification is not UNSET:
        check_job(sent.job_specification, "jobSpecification.")
    times = sent.schedule
    if times is UNSET or times.do_not_run_until is UNSET or times.do_not_run_after is UNSET:
        return
    if read_time(times.do_not_run_after) <= read_time(times.do_not_run_until):
        raise bad_property("schedule.doNotRunAfter", times.do_not_run_after, "Not after doNotRunUntil")


def _schedule(call: Call) -> JobSchedule:
    schedule = call.store.schedule(call.params["jobScheduleId"])
    check_conditions(call, schedule.changed)
    return schedule


def _check_not_over(schedule: JobSchedule) -> None:
    if schedule.state in _OVER:
        raise Refusal(_OVER[schedule.state])


def replace_schedule(call: Call) -> Answer:
    """JobSchedules_ReplaceJobSchedule."""
    schedule = _schedule(call)
    sent = call.read(CloudJobSchedule)
    _check(sent)
    return _change(call, schedule, normal(sent), wire_fields(CloudJobSchedule, call.version))


def update_schedule(call: Call) -> Answer:
    """JobSchedules_UpdateJobSchedule."""
    schedule = _schedule(call)
    changes = normal(call.read_changes(JobSchedulePatchParameter))
    _check(check_whole(JobSchedulePatchParameter, call.version, changes))
    return _change(call, schedule, changes, frozenset())


def _change(call: Call, schedule: JobSchedule, changes: dict[str, Any], removed: frozenset[str]) -> Answer:
    _check_not_over(schedule)
    schedule.spec = {**{name: value for name, value in schedule.spec.items() if name not in removed}, **changes}
    if "schedule" in changes or "schedule" in removed:
        plan(call.store, schedule, fresh=False)
    return changed(call, 200, schedule, schedule_url(call.base, schedule))


def disable_schedule(call: Call) -> Answer:
    """JobSchedules_DisableJobSchedule."""
    schedule = _schedule(call)
    _check_not_over(schedule)
    if schedule.state != DISABLED:
        call.store.move(schedule, DISABLED, call.store.now())
    return accepted(204, schedule, schedule_url(call.base, schedule))


def enable_schedule(call: Call) -> Answer:
    """JobSchedules_EnableJobSchedule."""
    schedule = _schedule(call)
    _check_not_over(schedule)
    if schedule.state == DISABLED:
        call.store.move(schedule, ACTIVE, call.store.now())
        call.store.touch(schedule)
    return accepted(204, schedule, schedule_url(call.base, schedule))


def terminate_schedule(call: Call) -> Answer:
    """JobSchedules_TerminateJobSchedule."""
    schedule = _schedule(call)
    force = call.flag("force")
    if not (force and schedule.state == TERMINATING):
        _check_not_over(schedule)
    schedule.forced = force
    call.store.move(schedule, TERMINATING, call.store.now())
    call.store.touch(schedule)
    return accepted(202, schedule, schedule_url(call.base, schedule))


HANDLERS: dict[str, Handler] = {
    ops.CREATE_JOB_SCHEDULE.id: create_schedule,
    ops.GET_JOB_SCHEDULE.id: SCHEDULES.get,
    ops.LIST_JOB_SCHEDULES.id: SCHEDULES.list,
    ops.JOB_SCHEDULE_EXISTS.id: SCHEDULES.exists,
    ops.DELETE_JOB_SCHEDULE.id: SCHEDULES.delete,
    ops.REPLACE_JOB_SCHEDULE.id: replace_schedule,
    ops.UPDATE_JOB_SCHEDULE.id: update_schedule,
    ops.DISABLE_JOB_SCHEDULE.id: disable_schedule,
    ops.ENABLE_JOB_SCHEDULE.id: enable_schedule,
    ops.TERMINATE_JOB_SCHEDULE.id: terminate_schedule,
}
