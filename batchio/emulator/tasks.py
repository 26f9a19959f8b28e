"""The operations on single tasks, and their listing.

Law: as in `jobs`. A task that was sent alone and one of a collection are kept and shown alike.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import msgspec
from msgspec import UNSET

from ..models import CloudTask, SubtaskInformation, TaskAddParameter
from ..service import operations as ops
from . import dispatch, filter_tables
from .bodies import normal
from .calls import Answer, Call, Handler, answer_created, change_headers
from .conditions import check_conditions
from .kinds import Kind, answer_items
from .pages import Listing
from .refusals import Refusal
from .resources import Job, StoredTask
from .states import COMPLETED
from .statistics import task_statistics
from .task_collections import create_task_collection
from .task_rules import check_constraints, check_task, required_slots, task_problem
from .task_views import subtask_view, task_view
from .views import job_url


def _job(call: Call) -> Job:
    return call.store.job(call.params["jobId"])


def _find(call: Call) -> StoredTask:
    return call.store.task(_job(call), call.params["taskId"])


def _viewer(call: Call) -> Callable[[StoredTask], dict[str, Any]]:
    job = _job(call)
    base, url = call.base, job_url(call.base, job)
    return lambda task: task_view(base, job, url, task)


TASKS: Kind[StoredTask] = Kind(
    "tasks",
    CloudTask,
    filter_tables.TASKS,
    find=_find,
    shelf=lambda call: _job(call).tasks,
    viewer=_viewer,
    statistics=task_statistics,
    counts=lambda call: _job(call).tasks_in,
)
_SUBTASKS = Listing("subtasks", SubtaskInformation, filter_tables.NO_PROPERTIES)


def create_task(call: Call) -> Answer:
    """Tasks_CreateTask."""
    store = call.store
    job = _job(call)
    sent = call.read(TaskAddParameter)
    check_task("", sent)
    store.check_takes_tasks(job)
    key = sent.id.lower()
    problem = task_problem(job, key, sent)
    if problem is not None:
        raise problem
    stamp = store.stamps()
    slots = required_slots(sent)
    task = StoredTask(sent.id, call.content, stamp, stamp, stamp, slots=slots)
    store.add_task(job, key, task)
    dispatch.queue_task(store, job, task)
    return answer_created(f"{job_url(call.base, job)}/tasks/{sent.id}", stamp)


def get_task(call: Call) -> Answer:
    """Tasks_GetTask."""
    answer = TASKS.get(call)
    answer.headers["DataServiceId"] = f"{job_url(call.base, _job(call))}/tasks/{_find(call).id}"
    return answer


def delete_task(call: Call) -> Answer:
    """Tasks_DeleteTask."""
    job = _job(call)
    task = _find(call)
    check_conditions(call, task.changed)
    dispatch.forget(call.store, job, task)
    return Answer(200)


def replace_task(call: Call) -> Answer:
    """Tasks_ReplaceTask: only the constraints can be replaced."""
    job = _job(call)
    task = _find(call)
    check_conditions(call, task.changed)
    sent = call.read(CloudTask)
    if sent.constraints is not UNSET:
        check_constraints("", sent.constraints)
    body = {name: value for name, value in msgspec.json.decode(task.raw).items() if name != "constraints"}
    task.raw = msgspec.json.encode({**body, **normal(sent)})
    call.store.change_task(job, task)
    return _changed(call, 200, task)


def terminate_task(call: Call) -> Answer:
    """Tasks_TerminateTask."""
    job = _job(call)
    task = _find(call)
    check_conditions(call, task.changed)
    if task.state == COMPLETED:
        raise Refusal("TaskCompleted")
    dispatch.end_task(call.store, job, task)
    return _changed(call, 204, task)


def reactivate_task(call: Call) -> Answer:
    """Tasks_ReactivateTask."""
    job = _job(call)
    task = _find(call)
    check_conditions(call, task.changed)
    if task.state != COMPLETED:
        raise Refusal("TaskNotCompleted")
    if task.run is None or task.run.result == "success":
        raise Refusal("TaskSucceeded")
    call.store.check_takes_tasks(job)
    dispatch.reactivate(call.store, job, task)
    return _changed(call, 204, task)


def list_subtasks(call: Call) -> Answer:
    """Tasks_ListSubTasks."""
    job = _job(call)
    task = _find(call)
    nodes = () if task.run is None else task.run.seldom.nodes
    views = ((f"{number:09}", subtask_view(call.base, job, task, number, node)) for number, node in enumerate(nodes, 1))
    return answer_items(call, _SUBTASKS, views)


def _changed(call: Call, status: int, task: StoredTask) -> Answer:
    url = f"{job_url(call.base, _job(call))}/tasks/{task.id}"
    return Answer(status, headers={**change_headers(task.changed), "DataServiceId": url})


HANDLERS: dict[str, Handler] = {
    ops.CREATE_TASK.id: create_task,
    ops.CREATE_TASK_COLLECTION.id: create_task_collection,
    ops.GET_TASK.id: get_task,
    ops.LIST_TASKS.id: TASKS.list,
    ops.DELETE_TASK.id: delete_task,
    ops.REPLACE_TASK.id: replace_task,
    ops.TERMINATE_TASK.id: terminate_task,
    ops.REACTIVATE_TASK.id: reactivate_task,
}

SIMULATED: dict[str, Handler] = {ops.LIST_SUBTASKS.id: list_subtasks}
