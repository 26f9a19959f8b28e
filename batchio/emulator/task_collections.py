"""Adding a collection of tasks, the operation for which this emulator is fast.

Law: a request with a malformed task adds nothing; otherwise each task is added or refused on its own, in order, so
that of two tasks with one id the first is added.
"""

from __future__ import annotations

import re
from functools import cache
from typing import Any

import msgspec

from ..models import TaskAddCollectionParameter, TaskAddParameter
from .bodies import decode, decoder, without_mark
from .calls import Answer, Call
from .dispatch import queue_task
from .refusals import Refusal
from .resources import Job, StoredTask
from .strict import decode_hook, strict_type
from .task_rules import check_task, required_slots, task_problem
from .ticks import time_text
from .views import job_url

MAX_TASKS = 100

_IDS = re.compile(r"[a-zA-Z0-9_-]{1,64}(?:,[a-zA-Z0-9_-]{1,64})*")


class _RawTasks(msgspec.Struct, gc=False):
    value: list[msgspec.Raw]


_raw_tasks = msgspec.json.Decoder(_RawTasks)


@cache
def _fast_decoder(version: str) -> msgspec.json.Decoder[Any]:
    # A pattern costs a call into Python for each task; one match over all the ids does not.
    task = strict_type(TaskAddParameter, version, unchecked="id")
    collection = msgspec.defstruct(
        "Tasks",
        [("value", _list_of(task))],
        forbid_unknown_fields=True,
        gc=False,
    )
    return msgspec.json.Decoder(collection, dec_hook=decode_hook)


def _list_of(task: Any) -> Any:
    return list[task]


def count_tasks(body: bytes) -> int:
    """How many tasks a body has; 1 where it has no tasks that can be counted."""
    try:
        return len(_raw_tasks.decode(without_mark(body)).value) or 1
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return 1


def create_task_collection(call: Call) -> Answer:
    """Tasks_CreateTaskCollection."""
    store = call.store
    job = store.job(call.params["jobId"])
    tasks, keys = _read(call)
    call.tasks = len(tasks)
    store.check_takes_tasks(job)
    raws = _raw_tasks.decode(call.content).value
    results = _Results(call, job, store.stamps(len(tasks) or 1))
    for index, (sent, key, raw) in enumerate(zip(tasks, keys, raws, strict=True)):
        problem = call.items.problem() if call.items is not None else None
        problem = problem or task_problem(job, key, sent)
        if problem is not None:
            results.refused(sent.id, problem)
            continue
        stamp = results.first + index
        slots = required_slots(sent)
        task = StoredTask(sent.id, bytes(raw), stamp, stamp, stamp, slots=slots)
        store.add_task(job, key, task)
        if store.simulate:
            queue_task(store, job, task)
        results.added(sent.id, stamp)
    lines = results.lines if call.items is None else call.items.spoil(results.lines)
    return Answer(200, results.body(lines))


def _read(call: Call) -> tuple[list[Any], list[str]]:
    """The tasks of the request and their keys. Raises `Refusal`."""
    tasks = decode(_fast_decoder(call.version), TaskAddCollectionParameter, call.content).value
    ids: list[str] = [sent.id for sent in tasks]
    joined = ",".join(ids)
    if len(tasks) > MAX_TASKS or (tasks and (not _IDS.fullmatch(joined) or joined.count(",") >= len(tasks))):
        # Something is wrong with the number of tasks or an id: the full check finds out what.
        decode(decoder(TaskAddCollectionParameter, call.version), TaskAddCollectionParameter, call.content)
    for index, sent in enumerate(tasks):
        check_task(f"value[{index}].", sent)
    lowered = joined.lower()
    keys: list[str] = ids if lowered == joined else lowered.split(",")
    return tasks, keys


class _Results:
    """The results of one request, as JSON: written by hand, because ids need no escaping and stamps come in a row."""

    def __init__(self, call: Call, job: Job, first: int) -> None:
        self.lines: list[str] = []
        self.first = first
        self._call = call
        self._url = f"{job_url(call.base, job)}/tasks/"
        self._base = call.base

    def added(self, id: str, stamp: int) -> None:
        self.lines.append(
            f'{{"status":"success","taskId":"{id}","eTag":"0x{stamp:X}",'
            f'"lastModified":"{time_text(stamp)}","location":"{self._url}{id}"}}'
        )

    def refused(self, id: str, problem: Refusal) -> None:
        result = {
            "status": "servererror" if problem.status >= 500 else "clienterror",
            "taskId": id,
            "error": problem.error(self._call.request_id, self._call.now),
        }
        if problem.code == "TaskExists":
            result["location"] = f"{self._url}{id}"
        self.lines.append(msgspec.json.encode(result).decode())

    def body(self, lines: list[str]) -> bytes:
        metadata = f"{self._base}/$metadata#Microsoft.Azure.Batch.Protocol.Entities.TaskAddResults"
        return f'{{"odata.metadata":"{metadata}","value":[{",".join(lines)}]}}'.encode()
