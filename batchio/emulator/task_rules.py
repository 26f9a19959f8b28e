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
    check_least(f"{path}requiredSlots", sent.required_slots, 1)
    if sent.constraints is not UNSET:
        check_least(f"{path}constraints.maxTaskRetryCount", sent.constraints.max_task_retry_count, -1)
    if sent.multi_instance_settings is not UNSET:
        settings = sent.multi_instance_settings
        check_least(f"{path}multiInstanceSettings.numberOfInstances", settings.number_of_instances, 1)
    if sent.depends_on is not UNSET and sent.depends_on.task_id_ranges is not UNSET:
        for index, span in enumerate(sent.depends_on.task_id_ranges):
            if span.start > span.end:
                name = f"{path}dependsOn.taskIdRanges[{index}]"
                raise bad_property(name, f"{span.start}..{span.end}", "start is above end")


def task_problem(job: Job, key: str, sent: Any) -> Refusal | None:
    """Why this job does not take this task, if it does not."""
    if job.tasks.has(key):
        return Refusal("TaskExists")
    if key in job.reserved_keys:
        return Refusal(job.reserved_keys[key])
    if sent.depends_on is not UNSET:
        return _dependency_problem(job, sent.depends_on)
    return None


def _dependency_problem(job: Job, depends_on: Any) -> Refusal | None:
    if not job.uses_dependencies:
        return Refusal("TaskDependenciesNotSpecifiedOnJob")
    ids = [] if depends_on.task_ids is UNSET else depends_on.task_ids
    if sum(map(len, ids)) > MAX_DEPENDENCY_CHARACTERS:
        return Refusal("TaskDependencyListTooLong")
    return None
