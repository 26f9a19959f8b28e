"""States that are held, and what a clock brings that only the test moves."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import pytest
import pytest_asyncio

from batchio.emulator import Emulator
from batchio.errors import ConfigurationError

from .wire import Wire

DAY = 86_400
LONG = [{"name": "BATCHIO_SECONDS", "value": "10"}]


@pytest_asyncio.fixture
async def farm(working: Wire) -> AsyncIterator[Wire]:
    """A pool with a node, and a job."""
    await working.pool(targetDedicatedNodes=1)
    working.emulator.clock.advance(5)
    await working.job()
    yield working


async def shown(wire: Wire, path: str) -> dict[str, Any]:
    found: dict[str, Any] = (await wire.get(path)).json
    return found


async def state(wire: Wire, path: str, name: str = "state") -> str:
    found: str = (await shown(wire, path))[name]
    return found


async def act(wire: Wire, path: str, body: object = None) -> int:
    return (await wire.call("POST", path, body)).status


# Holding.


async def test_cancelling_in_preparing(farm: Wire) -> None:
    farm.emulator.hold("task", "preparing")
    await farm.job("prepared", jobPreparationTask={"commandLine": "true"})
    await farm.add("prepared", "a")
    farm.emulator.clock.advance(DAY)
    assert await state(farm, "/jobs/prepared/tasks/a") == "preparing"
    assert await act(farm, "/jobs/prepared/tasks/a/terminate") == 204
    ended = await shown(farm, "/jobs/prepared/tasks/a")
    assert (ended["state"], ended["previousState"]) == ("completed", "preparing")
    await farm.job("other", jobPreparationTask={"commandLine": "true"})
    await farm.add("other", "b")
    farm.emulator.clock.advance(DAY)
    assert await state(farm, "/jobs/other/tasks/b") == "preparing"
    farm.emulator.release("task", "preparing")
    assert await state(farm, "/jobs/other/tasks/b") == "running"


async def test_tasks_that_stay_active(farm: Wire) -> None:
    farm.emulator.hold("task", "active")
    await farm.add("job", "a")
    farm.emulator.clock.advance(DAY)
    assert await state(farm, "/jobs/job/tasks/a") == "active"
    farm.emulator.release("task", "active")
    assert await state(farm, "/jobs/job/tasks/a") == "running"


async def test_a_task_that_runs_until_it_is_let_go(farm: Wire) -> None:
    await farm.add("job", "a", environmentSettings=LONG)
    farm.emulator.clock.advance(0.5)
    farm.emulator.hold("task", "running")
    farm.emulator.clock.advance(DAY)
    task = await shown(farm, "/jobs/job/tasks/a")
    assert (task["state"], "endTime" in task["executionInfo"]) == ("running", False)
    farm.emulator.release("task", "running")
    task = await shown(farm, "/jobs/job/tasks/a")
    # It ends when it is let go, not when it would have.
    assert (task["state"], task["executionInfo"]["endTime"][:19]) == ("completed", "2024-07-02T12:00:05")


async def test_what_was_due_before_a_hold_has_happened(farm: Wire) -> None:
    await farm.add("job", "a")
    farm.emulator.clock.advance(DAY)
    farm.emulator.hold("task", "running")
    assert await state(farm, "/jobs/job/tasks/a") == "completed"


@pytest.mark.parametrize(
    ("path", "request_", "kind", "held", "after"),
    [
        ("/jobs/job", "disable", "job", "disabling", "disabled"),
        ("/jobs/job", "terminate", "job", "terminating", "completed"),
        ("/jobs/job", "delete", "job", "deleting", "gone"),
        ("/pools/pool", "delete", "pool", "deleting", "gone"),
    ],
)
async def test_each_state_can_be_held(farm: Wire, path: str, request_: str, kind: str, held: str, after: str) -> None:
    farm.emulator.hold(kind, held)
    if request_ == "delete":
        await farm.call("DELETE", path)
    else:
        await act(farm, f"{path}/{request_}", {"disableTasks": "requeue"} if request_ == "disable" else None)
    farm.emulator.clock.advance(DAY)
    assert await state(farm, path) == held
    farm.emulator.release(kind, held)
    reply = await farm.get(path)
    assert ("gone" if reply.status == 404 else reply.json["state"]) == after


@pytest.mark.parametrize("held", ["creating", "starting", "waitingforstarttask"])
async def test_nodes_that_do_not_come(working: Wire, held: str) -> None:
    working.emulator.hold("node", held)
    await working.pool(targetDedicatedNodes=1, startTask={"commandLine": "true"})
    working.emulator.clock.advance(60)
    [node] = (await working.get("/pools/pool/nodes")).items
    assert node["state"] == held
    assert await state(working, "/pools/pool", "allocationState") == ("resizing" if held == "creating" else "steady")
    working.emulator.release("node", held)
    working.emulator.clock.advance(60)
    [node] = (await working.get("/pools/pool/nodes")).items
    assert node["state"] == "idle"


async def test_a_resize_that_runs_into_its_timeout(working: Wire) -> None:
    working.emulator.hold("node", "creating")
    await working.pool(targetDedicatedNodes=1, resizeTimeout="PT10M")
    working.emulator.clock.advance(599)
    assert await state(working, "/pools/pool", "allocationState") == "resizing"
    working.emulator.clock.advance(1)
    found = await shown(working, "/pools/pool")
    assert (found["allocationState"], found["resizeErrors"][0]["code"]) == ("steady", "AllocationTimedOut")


async def test_a_schedule_that_makes_no_job(working: Wire) -> None:
    working.emulator.hold("jobschedule", "active")
    times = {"recurrenceInterval": "PT1H", "startWindow": "PT10M"}
    spec = {"poolInfo": {"poolId": "pool"}}
    await working.call("POST", "/jobschedules", {"id": "s", "schedule": times, "jobSpecification": spec})
    working.emulator.clock.advance(1800)
    assert (await working.get("/jobs")).ids == []
    # The window of the first run has passed.
    working.emulator.release("jobschedule", "active")
    assert (await working.get("/jobs")).ids == []
    working.emulator.clock.advance(1800)
    assert (await working.get("/jobs")).ids == ["s:job-1"]


def test_what_can_be_held() -> None:
    emulator = Emulator()
    for kind, name in (("job", "completed"), ("task", "completed"), ("job", ""), ("nothing", "active")):
        with pytest.raises(ConfigurationError, match=f"{kind} {name} does not change by itself.*task preparing"):
            emulator.hold(kind, name)
    emulator.hold("job", "deleting")
    emulator.hold("job", "deleting")
    assert emulator.holds == [("job", "deleting")]
    emulator.release("job", "deleting")
    emulator.release("job", "deleting")
    assert emulator.holds == []
    emulator.hold("job", "deleting")
    emulator.reset()
    assert emulator.holds == []


async def test_holds_over_the_wire(farm: Wire) -> None:
    async def put(text: bytes) -> Any:
        return await farm.raw("PUT", f"{farm.emulator.endpoint}/_emulator/holds", text, {})

    held = [{"kind": "task", "state": "active"}, {"kind": "job", "state": "deleting"}]
    reply = await put(b'[{"kind": "task", "state": "active"}, {"kind": "job", "state": "deleting"}]')
    assert (reply.status, sorted(reply.json, key=str)) == (200, sorted(held, key=str))
    for bad in (b'[{"kind": "job", "state": "completed"}]', b"[{}]", b"", b"\xff"):
        assert (await put(bad)).status == 400
    assert sorted(farm.emulator.holds) == [("job", "deleting"), ("task", "active")]
    await farm.add("job", "a")
    farm.emulator.clock.advance(60)
    assert await state(farm, "/jobs/job/tasks/a") == "active"
    assert (await put(b"[]")).json == []
    assert await state(farm, "/jobs/job/tasks/a") == "running"


# What the clock alone brings.


async def test_the_end_of_a_preparation_task_that_takes_too_long(farm: Wire) -> None:
    await farm.job(
        "slow",
        jobPreparationTask={"commandLine": "sleep 60", "constraints": {"maxWallClockTime": "PT30S"}},
    )
    await farm.add("slow", "a")
    farm.emulator.clock.advance(29)
    assert await state(farm, "/jobs/slow/tasks/a") == "preparing"
    farm.emulator.clock.advance(2)
    assert await state(farm, "/jobs/slow/tasks/a") == "active"
    [status] = (await farm.get("/jobs/slow/jobpreparationandreleasetaskstatus")).items
    info = status["jobPreparationTaskExecutionInfo"]
    assert (info["exitCode"], info["result"], info["failureInfo"]["code"]) == (137, "failure", "TaskEnded")


async def test_the_end_of_a_release_task_that_takes_too_long(farm: Wire) -> None:
    release = {"commandLine": "sleep 3600", "maxWallClockTime": "PT5M"}
    await farm.job("slow", jobPreparationTask={"commandLine": "true"}, jobReleaseTask=release)
    await farm.add("slow", "a")
    farm.emulator.clock.advance(60)
    await act(farm, "/jobs/slow/terminate")
    farm.emulator.clock.advance(299)
    assert await state(farm, "/jobs/slow") == "terminating"
    farm.emulator.clock.advance(2)
    assert await state(farm, "/jobs/slow") == "completed"
    [status] = (await farm.get("/jobs/slow/jobpreparationandreleasetaskstatus")).items
    assert status["jobReleaseTaskExecutionInfo"]["exitCode"] == 137


async def test_a_preparation_task_is_tried_again(farm: Wire) -> None:
    codes = [{"name": "BATCHIO_EXIT_CODE", "value": "1,1,0"}]
    task = {"commandLine": "sleep 10", "environmentSettings": codes, "constraints": {"maxTaskRetryCount": 2}}
    await farm.job("again", jobPreparationTask=task)
    await farm.add("again", "a")
    farm.emulator.clock.advance(29)
    assert await state(farm, "/jobs/again/tasks/a") == "preparing"
    farm.emulator.clock.advance(2)
    assert await state(farm, "/jobs/again/tasks/a") != "preparing"
    [status] = (await farm.get("/jobs/again/jobpreparationandreleasetaskstatus")).items
    info = status["jobPreparationTaskExecutionInfo"]
    assert (info["exitCode"], info["retryCount"]) == (0, 2)


async def test_files_are_kept_for_their_time(farm: Wire) -> None:
    await farm.add("job", "a", constraints={"retentionTime": "P2D"})
    farm.emulator.clock.advance(DAY)
    node = (await shown(farm, "/jobs/job/tasks/a"))["nodeInfo"]
    root = f"/pools/pool/nodes/{node['nodeId']}/files/{node['taskRootDirectory']}/stdout.txt"
    assert (await farm.get("/jobs/job/tasks/a/files/stdout.txt")).status == 200
    assert (await farm.get(root)).status == 200
    farm.emulator.clock.advance(DAY + 10)
    assert (await farm.get("/jobs/job/tasks/a/files/stdout.txt")).code == "TaskFilesCleanedup"
    assert (await farm.get(root)).status == 404


async def test_a_schedule_between_its_bounds(farm: Wire) -> None:
    times = {
        "doNotRunUntil": "2024-07-03T00:00:00Z",
        "doNotRunAfter": "2024-07-03T03:30:00Z",
        "recurrenceInterval": "PT1H",
    }
    spec = {"poolInfo": {"poolId": "pool"}, "onAllTasksComplete": "terminatejob"}
    await farm.call("POST", "/jobschedules", {"id": "s", "schedule": times, "jobSpecification": spec})
    farm.emulator.clock.advance(30 * DAY)
    jobs = (await farm.get("/jobschedules/s/jobs")).items
    assert [job["creationTime"][:19] for job in jobs] == [f"2024-07-03T{hour:02d}:00:00" for hour in range(4)]
    schedule = await shown(farm, "/jobschedules/s")
    assert (schedule["state"], schedule["executionInfo"]["endTime"][:16]) == ("completed", "2024-07-03T03:00")


async def test_a_clock_moved_by_years(farm: Wire) -> None:
    """Costs what happens in them: a run of the formula in each week."""
    await farm.call("POST", "/jobs/job/terminate")
    await farm.call(
        "POST",
        "/pools/pool/enableautoscale",
        {"autoScaleFormula": "$TargetDedicatedNodes = 1", "autoScaleEvaluationInterval": "PT168H"},
    )
    farm.emulator.clock.advance(20 * 365 * DAY)
    assert (await shown(farm, "/pools/pool"))["autoScaleRun"]["timestamp"] > "2044-06-15"
