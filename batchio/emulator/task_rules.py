"""What makes a task wrong beyond its shape.

Law: a property that can never be right refuses the whole request; what is wrong only in this job, beside these
tasks, is the result of that one task.
"""

from __future__ import annotations

from typing import Any

from msgspec import UNSET

from .refusals import Refusal, bad_property
from .resources import Job
from .settings import check_least

MAX_DEPENDENCY_CHARACTERS = 64_000


def check_task(path: str, sent: Any) -> None:
    """Refuse a task with a value that the service never takes; `path` leads to the task, with a dot behind it."""
    slots = getattr(sent, "required_slots", UNSET)
    if slots is not UNSET:
        check_least(f"{path}requiredSlots", slots, 1)
    if sent.constraints is not UNSET:
        check_constraints(path, sent.constraints)
    if sent.multi_instance_settings is not UNSET:
        settings = sent.multi_instance_settings
        check_least(f"{path}multiInstanceSettings.numberOfInstances", settings.number_of_instances, 1)
    if sent.depends_on is not UNSET:
        _check_ranges(f"{path}dependsOn.taskIdRanges", sent.depends_on.task_id_ranges)
    if sent.exit_conditions is not UNSET:
        _check_ranges(f"{path}exitConditions.exitCodeRanges", sent.exit_conditions.exit_code_ranges)


def _check_ranges(path: str, ranges: Any) -> None:
    for index, span in enumerate(() if ranges is UNSET else ranges):
        if span.start > span.end:
            raise bad_property(f"{path}[{index}]", f"{span.start}..{span.end}", "start is above end")


def required_slots(sent: Any) -> int:
    """The slots that a task takes; old versions have no such property."""
    slots: Any = getattr(sent, "required_slots", UNSET)
    return 1 if slots is UNSET else slots


def check_constraints(path: str, constraints: Any) -> None:
    """Refuse constraints that no task can have."""
    check_least(f"{path}constraints.maxTaskRetryCount", constraints.max_task_retry_count, -1)


def task_problem(job: Job, key: str, sent: Any) -> Refusal | None:
    """Why this job does not take this task, if it does not."""
    if job.tasks.has(key):
        return Refusal("TaskExists")
    if key in job.reserved_keys:
        return Refusal(job.reserved_keys[key])
    problem = None if sent.depends_on is UNSET else _dependency_problem(job, sent.depends_on)
    if problem is not None:
        return problem
    if sent.exit_conditions is not UNSET and not job.acts_on_failure:
        return _exit_problem(sent.exit_conditions)
    return None


def _exit_problem(conditions: Any) -> Refusal | None:
    mappings = [
        mapping.exit_options
        for many in (conditions.exit_codes, conditions.exit_code_ranges)
        for mapping in ([] if many is UNSET else many)
    ]
    single = (conditions.pre_processing_error, conditions.file_upload_error, conditions.default)
    for options in (*mappings, *(options for options in single if options is not UNSET)):
        if options.job_action is not UNSET:
            reason = "Only where onTaskFailure of the job is performexitoptionsjobaction"
            return bad_property("exitConditions.exitOptions.jobAction", options.job_action.value, reason)
    return None


def _dependency_problem(job: Job, depends_on: Any) -> Refusal | None:
    if not job.uses_dependencies:
        return Refusal("TaskDependenciesNotSpecifiedOnJob")
    ids = [] if depends_on.task_ids is UNSET else depends_on.task_ids
    if sum(map(len, ids)) > MAX_DEPENDENCY_CHARACTERS:
        return Refusal("TaskDependencyListTooLong")
    return None
