"""`$expand=stats`: what was used, from the simulated life."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from batchio import BatchClient
from batchio.emulator import ticks

from .wire import Wire

NOTHING = {"readIOps": "0", "writeIOps": "0", "readIOGiB": 0.0, "writeIOGiB": 0.0, "kernelCPUTime": "PT0S"}


def seconds(*codes: int, take: float) -> list[dict[str, str]]:
    return [
        {"name": "BATCHIO_SECONDS", "value": str(take)},
        {"name": "BATCHIO_EXIT_CODE", "value": ",".join(map(str, codes))},
    ]


async def stats(wire: Wire, path: str, **query: str) -> dict[str, Any]:
    found: dict[str, Any] = (await wire.get(path, _expand="stats", **query)).json["stats"]
    return found


async def farm(wire: Wire, nodes: int = 2, **more: Any) -> None:
    await wire.pool(targetDedicatedNodes=nodes, **more)
    wire.emulator.clock.advance(10)


def whole(text: str) -> int:
    """Seconds of a duration; ticks between two steps of a life fall away."""
    return ticks.read_duration(text) // ticks.SECOND


async def test_of_a_job_and_its_tasks(working: Wire) -> None:
    await farm(working)
    await working.job(constraints={"maxTaskRetryCount": 1})
    await working.add("job", "good", environmentSettings=seconds(0, take=20))
    await working.add("job", "bad", environmentSettings=seconds(1, take=30))
    working.emulator.clock.advance(15)
    found = await stats(working, "/jobs/job")
    assert [whole(found[name]) for name in ("wallClockTime", "userCPUTime", "waitTime")] == [29, 29, 0]
    assert found["numSucceededTasks"] == found["numFailedTasks"] == found["numTaskRetries"] == "0"
    working.emulator.clock.advance(100)
    found = await stats(working, "/jobs/job")
    job = (await working.get("/jobs/job")).json
    assert found.items() >= NOTHING.items()
    assert (found["url"], found["startTime"]) == (job["url"], job["creationTime"])
    assert found["lastUpdateTime"] == "2024-07-01T12:02:05.1234560Z"
    assert [whole(found[name]) for name in ("wallClockTime", "userCPUTime", "waitTime")] == [80, 80, 30]
    assert [found[f"num{name}"] for name in ("SucceededTasks", "FailedTasks", "TaskRetries")] == ["1", "1", "1"]
    task = await stats(working, "/jobs/job/tasks/bad")
    assert [whole(task[name]) for name in ("wallClockTime", "userCPUTime", "waitTime")] == [60, 60, 30]
    listed = (await working.get("/jobs/job/tasks", _expand="stats")).items
    assert [item["stats"]["wallClockTime"] for item in listed] == ["PT20S", "PT1M"]
    # What is deleted was done all the same.
    await working.call("DELETE", "/jobs/job/tasks/good")
    assert await stats(working, "/jobs/job") == found


async def test_of_a_schedule_and_the_jobs_it_had(working: Wire) -> None:
    await farm(working)
    manager = {"id": "boss", "commandLine": "sleep 60"}
    spec = {"poolInfo": {"poolId": "pool"}, "jobManagerTask": manager}
    body = {"id": "s", "schedule": {"recurrenceInterval": "PT1H"}, "jobSpecification": spec}
    await working.call("POST", "/jobschedules", body)
    working.emulator.clock.advance(2 * 3600)
    before = await stats(working, "/jobschedules/s")
    assert (before["numSucceededTasks"], whole(before["wallClockTime"])) == ("2", 120)
    await working.call("DELETE", "/jobs/s:job-1")
    working.emulator.clock.advance(5)
    assert (await working.get("/jobschedules/s/jobs", _expand="stats")).items[0]["stats"]["wallClockTime"] == "PT1M"
    after = await stats(working, "/jobschedules/s")
    assert after["numSucceededTasks"] == "2"
    assert 124 <= whole(after["wallClockTime"]) <= 125


async def test_of_a_pool(working: Wire) -> None:
    await farm(working, taskSlotsPerNode=2)
    await working.job()
    await working.add("job", "a", environmentSettings=seconds(0, take=90))
    working.emulator.clock.advance(90)
    found = await stats(working, "/pools/pool")
    assert 199 <= whole(found["usageStats"]["dedicatedCoreTime"]) <= 200
    # One of four slots, for 90 of 100 seconds.
    assert found["resourceStats"]["avgCPUPercentage"] == pytest.approx(22.5, abs=0.1)
    await working.call("POST", "/pools/pool/resize", {"targetDedicatedNodes": 0})
    working.emulator.clock.advance(3600)
    found = await stats(working, "/pools/pool")
    assert whole(found["usageStats"]["dedicatedCoreTime"]) == 200
    assert "stats" not in (await working.get("/pools/pool")).json


async def test_what_is_asked_for(working: Wire) -> None:
    await farm(working)
    assert set((await working.get("/pools/pool", _expand="stats", _select="id")).json) == {
        "odata.metadata",
        "id",
        "stats",
    }
    assert (await working.get("/pools", _expand="everything")).code == "InvalidQueryParameterValue"
    old = await working.call("GET", "/pools/pool", query={"$expand": "stats"}, version="2023-11-01.18.0")
    assert old.json["stats"]["resourceStats"]["diskReadIOps"] == 0


async def test_our_client_reads_them(client: BatchClient, working: Wire) -> None:
    await farm(working)
    await working.job()
    pool = await client.pools.get("pool", expand="stats")
    job = await client.jobs.get("job", expand="stats")
    assert pool.stats is not None
    assert pool.stats.usage_stats is not None
    assert pool.stats.usage_stats.dedicated_core_time is not None
    assert pool.stats.usage_stats.dedicated_core_time.total_seconds() == 20
    assert job.stats is not None
    assert job.stats.num_succeeded_tasks == 0


@given(st.integers(0, ticks.LONGEST))
def test_durations_survive_the_wire(length: int) -> None:
    assert ticks.read_duration(ticks.duration_text(length)) == length
