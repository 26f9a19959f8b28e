"""Which tasks wait for which others.

Law: a task that waits is found by the one task that it waits for now, and goes on from there when that one has
come to a good end; so every dependency is looked at once.
"""

from __future__ import annotations

from collections.abc import Iterator

from .resources import Job, StoredTask
from .states import COMPLETED
from .task_reading import read_parts


def keys_of(task: StoredTask) -> Iterator[str]:
    """The keys of the tasks on which a task depends, one by one: ranges may be long."""
    depends = read_parts(task).depends_on
    if depends is None:
        return
    for id in depends.task_ids:
        yield id.lower()
    for span in depends.task_id_ranges:
        for number in range(span.start, span.end + 1):
            yield str(number)


def wait_for_dependencies(job: Job, task: StoredTask) -> bool:
    """Have a task wait for the first of its dependencies that is not satisfied; False where all are."""
    return _wait(job, task, keys_of(task))


def _wait(job: Job, task: StoredTask, keys: Iterator[str]) -> bool:
    for key in keys:
        if not _is_satisfied(job.tasks.get(key)):
            job.waiting.setdefault(key, []).append((task, keys))
            return True
    return False


def _is_satisfied(task: StoredTask | None) -> bool:
    return task is not None and task.state == COMPLETED and task.run is not None and not task.run.seldom.blocks


def freed_by(job: Job, task: StoredTask) -> list[StoredTask]:
    """The tasks that wait for nothing more, now that this one has come to a good end."""
    waiting = job.waiting.pop(task.id.lower(), ())
    return [other for other, keys in waiting if not _wait(job, other, keys)]
