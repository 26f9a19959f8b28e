"""The operations on single tasks, and their listing.

Law: as in `jobs`. A task that was sent alone and one of a collection are kept and shown alike.
"""

from __future__ import annotations

from msgspec import UNSET

from ..models import CloudTask, TaskAddParameter
from ..service import operations as ops
from . import filter_tables
from .bodies import without_mark
from .calls import Answer, Call, Handler, answer_created, answer_json, change_headers
from .conditions import check_conditions
from .pages import Listing, pick
from .queries import selected
from .resources import StoredTask
from .task_collections import create_task_collection
from .task_rules import check_task, task_problem
from .views import job_url, task_view

_TASKS = Listing("tasks", CloudTask, filter_tables.TASKS)


def create_task(call: Call) -> Answer:
    """Tasks_CreateTask."""
    store = call.store
    job = store.job(call.params["jobId"])
    sent = call.read(TaskAddParameter)
    check_task("", sent)
    store.check_takes_tasks(job)
    key = sent.id.lower()
    problem = task_problem(job, key, sent)
    if problem is not None:
        raise problem
    stamp = store.stamps()
    slots = 1 if sent.required_slots is UNSET else sent.required_slots
    store.add_task(job, key, StoredTask(sent.id, without_mark(call.body), stamp, stamp, stamp, slots=slots))
    return answer_created(f"{job_url(call.base, job)}/tasks/{sent.id}", stamp)


def get_task(call: Call) -> Answer:
    """Tasks_GetTask."""
    job = call.store.job(call.params["jobId"])
    task = call.store.task(job, call.params["taskId"])
    names = selected(call, CloudTask)
    check_conditions(call, task.changed)
    shown = pick(task_view(job_url(call.base, job), task), names)
    return answer_json(call, "tasks/@Element", shown, change_headers(task.changed))


def list_tasks(call: Call) -> Answer:
    """Tasks_ListTasks."""
    job = call.store.job(call.params["jobId"])
    url = job_url(call.base, job)
    return _TASKS.answer(call, job.tasks, lambda task: task_view(url, task), job.tasks_in)


def delete_task(call: Call) -> Answer:
    """Tasks_DeleteTask."""
    job = call.store.job(call.params["jobId"])
    task = call.store.task(job, call.params["taskId"])
    check_conditions(call, task.changed)
    call.store.remove_task(job, task)
    return Answer(200)


HANDLERS: dict[str, Handler] = {
    ops.CREATE_TASK.id: create_task,
    ops.CREATE_TASK_COLLECTION.id: create_task_collection,
    ops.GET_TASK.id: get_task,
    ops.LIST_TASKS.id: list_tasks,
    ops.DELETE_TASK.id: delete_task,
}
