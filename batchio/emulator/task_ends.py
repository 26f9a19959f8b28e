"""What the end of a task means: for the task, for those that depend on it, and for its job.

Law: exit conditions decide; where they say nothing, success satisfies and a failure blocks.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from .dependencies import freed_by
from .failures import is_before_the_process
from .resources import Job, StoredTask
from .states import ACTIVE, COMPLETED, DISABLING, TERMINATING
from .task_reading import read_parts

if TYPE_CHECKING:
    from .store import Store

SUCCESS = "success"
FAILURE = "failure"

MOST_RETRIES = 10_000
"""How often a task is tried again at most: a clock that is moved by years must come to an end."""


def ended(store: Store, job: Job, task: StoredTask, *, failure: str | None) -> None:
    """A task is completed, with the code of what failed or None."""
    record = task.ran()
    record.result = SUCCESS if failure is None else FAILURE
    record.failure = failure
    options = _exit_options(task, record.exit_code, failure)
    blocks = options.get("dependencyAction", "block" if failure else "satisfy").lower() != "satisfy"
    if blocks != record.seldom.blocks:
        record.happens(blocks=blocks)
    if failure is not None:
        store.count_failure(job, task)
    store.put_task(job, task, COMPLETED)
    if not blocks:
        job.queue.extend(freed_by(job, task))
        store.touch_pool(job)
    store.touch(job)
    _act_on_job(store, job, task, options.get("jobAction", "terminate" if failure else "none").lower())


def _act_on_job(store: Store, job: Job, task: StoredTask, action: str) -> None:
    if job.state != ACTIVE:
        return
    manager: dict[str, Any] | None = job.spec.get("jobManagerTask")
    if manager is not None and manager["id"].lower() == task.id.lower() and manager.get("killJobOnCompletion", True):
        store.move(job, TERMINATING, store.now(), "JMComplete")
    elif job.acts_on_failure and action == "terminate":
        store.move(job, TERMINATING, store.now(), "TaskFailed")
    elif job.acts_on_failure and action == "disable":
        store.move(job, DISABLING, store.now(), "requeue")


def _exit_options(task: StoredTask, code: int | None, failure: str | None) -> dict[str, str]:
    if b'"exitConditions"' not in task.raw:
        return {}
    conditions = read_parts(task).exit_conditions
    for mapping in conditions.get("exitCodes", ()):
        if mapping["code"] == code:
            return dict(mapping["exitOptions"])
    for mapping in conditions.get("exitCodeRanges", ()):
        if code is not None and mapping["start"] <= code <= mapping["end"]:
            return dict(mapping["exitOptions"])
    if failure is not None and code is None and is_before_the_process(failure):
        return dict(conditions.get("preProcessingError", conditions.get("default", {})))
    return dict(conditions.get("default", {})) if failure is not None else {}


def retries_left(job: Job, task: StoredTask) -> bool:
    """Whether a task that has failed is tried again."""
    most = read_parts(task).constraints.max_task_retry_count
    if most is None:
        most = job.spec.get("constraints", {}).get("maxTaskRetryCount", 0)
    return task.ran().seldom.retries < (MOST_RETRIES if most < 0 else min(most, MOST_RETRIES))
