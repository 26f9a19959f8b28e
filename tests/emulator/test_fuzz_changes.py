"""Any body of any operation, and any order of operations, is answered or refused; never with a failure inside."""

from __future__ import annotations

import tracemalloc
from datetime import UTC, datetime
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from batchio.emulator import Clock
from batchio.emulator.calls import Answer
from batchio.emulator.commands import LEAST, MOST, plan_of
from batchio.emulator.refusals import Refusal
from batchio.emulator.store import Store
from batchio.emulator.strict import strict_type
from batchio.service.operations import OPERATIONS, Operation
from batchio.service.versions import is_known

from .test_fuzz import asked, json_of
from .wire import VERSION

ROWS = sorted((row for row in OPERATIONS.values() if is_known(row, VERSION)), key=lambda row: row.id)
PARAMS = {
    "jobId": "job",
    "taskId": "t",
    "poolId": "pool",
    "jobScheduleId": "s",
    "filePath": "stdout.txt",
    "userName": "me",
    "extensionName": "e",
    "applicationId": "a",
    "thumbprintAlgorithm": "sha1",
    "thumbprint": "ab",
}
AFTER_T = {"taskIds": ["t"]}
TWICE = {"numberOfInstances": 2, "coordinationCommandLine": "y"}
START = {
    "Pools_CreatePool": {"id": "pool", "vmSize": "a", "targetDedicatedNodes": 2},
    "JobSchedules_CreateJobSchedule": {
        "id": "s",
        "schedule": {"recurrenceInterval": "PT1H"},
        "jobSpecification": {"poolInfo": {"poolId": "pool"}, "onAllTasksComplete": "terminatejob"},
    },
    "Certificates_CreateCertificate": {"thumbprint": "ab", "thumbprintAlgorithm": "sha1", "data": "AAAA"},
    "Jobs_CreateJob": {
        "id": "job",
        "poolInfo": {"poolId": "pool"},
        "usesTaskDependencies": True,
        "onTaskFailure": "performexitoptionsjobaction",
        "jobPreparationTask": {"commandLine": "sleep 1"},
        "jobReleaseTask": {"commandLine": "sleep 2"},
    },
    "Tasks_CreateTask": {"id": "t", "commandLine": "sleep 30"},
    "Tasks_CreateTaskCollection": {
        "value": [
            {"id": "u", "commandLine": "exit 1", "constraints": {"maxTaskRetryCount": 3}, "dependsOn": AFTER_T},
            {"id": "v", "commandLine": "sleep 60", "exitConditions": {"default": {"jobAction": "disable"}}},
            {"id": "w", "commandLine": "x", "multiInstanceSettings": TWICE},
        ]
    },
}


def perform(store: Store, row: Operation[Any], body: bytes) -> Answer | Refusal:
    pool = store.pools.get("pool")
    nodes = [] if pool is None else pool.nodes.all()
    params = {name: PARAMS.get(name, nodes[0].id if nodes else "none") for name in row.parameters}
    answer = asked(store, row, body, params)
    if isinstance(answer, Refusal):
        return answer
    assert answer.status in row.success
    shown = row.answer or row.items
    if shown is not None and answer.status == 200:
        content = msgspec.json.decode(answer.body)
        msgspec.convert(content["value"] if row.items else content, list[shown] if row.items else shown, strict=False)  # type: ignore[valid-type]  # a model that is a value
    return answer


def started() -> Store:
    store = Store(Clock(datetime(2024, 7, 1, tzinfo=UTC), frozen=True), simulate=True)
    for operation, body in START.items():
        assert isinstance(perform(store, OPERATIONS[operation], msgspec.json.encode(body)), Answer), operation
        store.clock.advance(2)
    return store


def body_of(data: st.DataObject, row: Operation[Any]) -> bytes:
    if row.body is None:
        return b""
    kind = strict_type(row.body, VERSION, changes=row.method == "PATCH")
    return msgspec.json.encode(data.draw(json_of(kind, wild=40)))


@given(st.data())
@settings(max_examples=100)
def test_any_order_of_operations(data: st.DataObject) -> None:
    store = started()
    for row in data.draw(st.lists(st.sampled_from(ROWS), max_size=12)):
        perform(store, row, body_of(data, row))
        store.clock.advance(data.draw(st.sampled_from([0, 0.0000001, 0.6, 5, 4000])))
    for job in store.jobs.all():
        # Counts and slots are what the tasks say.
        tasks = job.tasks.all()
        assert job.tasks_in == {state: sum(task.state == state for task in tasks) for state in job.tasks_in}
        assert job.failed == sum(task.run is not None and task.run.result == "failure" for task in tasks)
        assert len(job.runs) == sum(task.state in ("running", "preparing") for task in tasks)
    for pool in store.pools.all():
        for node in pool.nodes.all():
            assert node.used == sum(run.task.slots for run in node.runs.values()) <= pool.slots
    store.clock.advance(10)
    store.settle()


@given(st.text("sleep echo;&|<>'\"019.mexitcdfalstr/-\n$", max_size=60), st.integers(0, 3))
def test_any_command_line_has_a_plan(line: str, tries: int) -> None:
    for environment in ({}, {"BATCHIO_SECONDS": line, "BATCHIO_EXIT_CODE": line}):
        plan = plan_of(line, environment, tries)
        assert LEAST <= plan.seconds <= MOST


@pytest.mark.parametrize("simulate", [False, True])
def test_a_small_task_takes_few_bytes(*, simulate: bool) -> None:
    store = Store(Clock(datetime(2024, 7, 1, tzinfo=UTC), frozen=True), simulate=simulate)
    for operation in ("Pools_CreatePool", "Jobs_CreateJob"):
        perform(store, OPERATIONS[operation], msgspec.json.encode(START[operation]))
    number = 2000
    tracemalloc.start()
    try:
        before, _ = tracemalloc.get_traced_memory()
        for first in range(0, number, 100):
            tasks = [{"id": f"task-{first + n}", "commandLine": f"/bin/sh -c 'echo {n}'"} for n in range(100)]
            body = msgspec.json.encode({"value": tasks})
            perform(store, OPERATIONS["Tasks_CreateTaskCollection"], body)
        store.clock.advance(600)
        store.settle()
        after, _ = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    job = store.job("job")
    assert job.tasks_in["completed" if simulate else "active"] == number
    # With what has happened to it.
    assert (after - before) / number <= (800 if simulate else 600)
