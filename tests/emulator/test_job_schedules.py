from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from batchio import BatchClient, StateConflictError, models
from batchio.emulator import schedule_life

from .wire import Reply, Wire

SPEC = {"poolInfo": {"poolId": "pool"}}
YEAR = 365 * 24 * 3600
ENDING = {**SPEC, "onAllTasksComplete": "terminatejob"}


async def create(wire: Wire, id: str = "daily", spec: object = SPEC, **schedule: str) -> Reply:
    return await wire.call("POST", "/jobschedules", {"id": id, "schedule": schedule, "jobSpecification": spec})


async def get(wire: Wire, id: str = "daily") -> dict[str, Any]:
    found: dict[str, Any] = (await wire.get(f"/jobschedules/{id}")).json
    return found


async def jobs(wire: Wire, id: str = "daily") -> list[str]:
    return (await wire.get(f"/jobschedules/{id}/jobs")).ids


async def act(wire: Wire, verb: str, **query: str) -> Reply:
    return await wire.call("POST", f"/jobschedules/daily/{verb}", query=query)


async def test_create_then_get(wire: Wire) -> None:
    made = await create(wire)
    assert made.status == 201
    assert made.headers["Location"] == f"{wire.emulator.endpoint}/jobschedules/daily"
    found = await get(wire, "DAILY")
    assert (found["state"], found["jobSpecification"]["priority"]) == ("active", 0)
    assert found["eTag"] == made.headers["ETag"]
    assert (await create(wire)).code == "JobScheduleExists"
    assert (await wire.call("HEAD", "/jobschedules/daily")).status == 200
    assert (await wire.call("HEAD", "/jobschedules/none")).status == 404
    assert (await wire.get("/jobschedules", _filter="schedule/doNotRunUntil eq null")).ids == ["daily"]
    assert (await wire.get("/jobschedules/none")).code == "JobScheduleNotFound"


async def test_ids_of_jobs_and_schedules_exclude_each_other(wire: Wire) -> None:
    await create(wire)
    assert (await wire.job("Daily")).code == "JobScheduleWithSameIdExists"
    await wire.job("other")
    assert (await create(wire, "OTHER")).code == "JobWithSameIdExists"


async def test_one_job(wire: Wire) -> None:
    await create(wire)
    wire.emulator.clock.advance(1)
    assert await jobs(wire) == ["daily:job-1"]
    found = await get(wire)
    assert found["executionInfo"]["recentJob"]["id"] == "daily:job-1"
    assert "nextRunTime" not in found["executionInfo"]
    job = (await wire.get("/jobs/daily:job-1")).json
    assert (job["state"], job["poolInfo"]) == ("active", {"poolId": "pool"})
    await wire.add("daily:job-1", "t")
    await wire.call("POST", "/jobs/daily:job-1/terminate")
    wire.emulator.clock.advance(2)
    found = await get(wire)
    assert (found["state"], found["executionInfo"]["endTime"]) == ("completed", found["stateTransitionTime"])


async def test_recurrence(wire: Wire) -> None:
    times = {"doNotRunUntil": "2024-07-02T00:00:00Z", "doNotRunAfter": "2024-07-04T00:00:00Z"}
    await create(wire, spec=ENDING, recurrenceInterval="P1D", **times)
    assert (await get(wire))["executionInfo"] == {"nextRunTime": "2024-07-02T00:00:00.0000000Z"}
    wire.emulator.clock.advance(11 * 3600)
    assert await jobs(wire) == []
    wire.emulator.clock.advance(3600)
    assert await jobs(wire) == ["daily:job-1"]
    assert (await get(wire))["executionInfo"]["nextRunTime"] == "2024-07-03T00:00:00.0000000Z"
    wire.emulator.clock.advance(24 * 3600)
    assert await jobs(wire) == ["daily:job-1", "daily:job-2"]
    assert (await get(wire))["state"] == "active"
    # The third day is the last.
    wire.emulator.clock.advance(5 * 24 * 3600)
    assert len(await jobs(wire)) == 3
    assert (await get(wire))["state"] == "completed"


async def test_one_job_at_a_time(wire: Wire) -> None:
    await create(wire, recurrenceInterval="PT1H")
    wire.emulator.clock.advance(5 * 3600)
    assert await jobs(wire) == ["daily:job-1"]
    await wire.call("POST", "/jobs/daily:job-1/terminate")
    wire.emulator.clock.advance(1)
    # The one that was due is made as soon as it can.
    assert await jobs(wire) == ["daily:job-1", "daily:job-2"]


async def test_a_start_window_that_is_missed(wire: Wire) -> None:
    await create(wire, recurrenceInterval="PT1H", startWindow="PT10M")
    wire.emulator.clock.advance(3600 + 1200)
    await wire.call("POST", "/jobs/daily:job-1/terminate")
    wire.emulator.clock.advance(1)
    assert await jobs(wire) == ["daily:job-1"]
    wire.emulator.clock.advance(3600)
    assert await jobs(wire) == ["daily:job-1", "daily:job-2"]


async def test_disable_and_enable(wire: Wire) -> None:
    await create(wire, spec=ENDING, recurrenceInterval="PT1H")
    wire.emulator.clock.advance(1)
    assert (await act(wire, "disable")).status == 204
    assert (await act(wire, "disable")).status == 204
    assert (await get(wire))["state"] == "disabled"
    wire.emulator.clock.advance(10 * 3600)
    assert len(await jobs(wire)) == 1
    assert (await act(wire, "enable")).status == 204
    wire.emulator.clock.advance(3600)
    assert len(await jobs(wire)) > 1


async def test_terminate(wire: Wire) -> None:
    await create(wire, recurrenceInterval="PT1H")
    wire.emulator.clock.advance(1)
    assert (await act(wire, "terminate")).status == 202
    assert (await get(wire))["state"] == "terminating"
    assert (await wire.get("/jobs/daily:job-1")).json["state"] == "terminating"
    assert (await act(wire, "terminate")).code == "JobScheduleBeingTerminated"
    assert (await wire.call("PATCH", "/jobschedules/daily", {})).code == "JobScheduleBeingTerminated"
    wire.emulator.clock.advance(2)
    assert (await get(wire))["state"] == "completed"
    job = (await wire.get("/jobs/daily:job-1")).json
    assert job["executionInfo"]["terminateReason"] == "TerminateJobSchedule"
    assert (await act(wire, "enable")).code == "JobScheduleCompleted"
    wire.emulator.clock.advance(7200)
    assert await jobs(wire) == ["daily:job-1"]


@pytest.mark.parametrize("force", [False, True])
async def test_delete(wire: Wire, *, force: bool) -> None:
    await create(wire)
    wire.emulator.clock.advance(1)
    query = {"force": "true"} if force else {}
    assert (await wire.call("DELETE", "/jobschedules/daily", query=query)).status == 202
    assert (await get(wire))["state"] == "deleting"
    assert (await wire.call("DELETE", "/jobschedules/daily")).code == "JobScheduleBeingDeleted"
    assert (await create(wire)).code == "JobScheduleBeingDeleted"
    wire.emulator.clock.advance(0.1 if force else 2)
    assert (await wire.get("/jobschedules/daily")).status == 404
    assert (await wire.get("/jobs")).items == []


async def test_update_and_replace(wire: Wire) -> None:
    await create(wire, recurrenceInterval="PT1H")
    tag = (await get(wire))["eTag"]
    body = {"schedule": {"recurrenceInterval": "PT2H"}, "metadata": None}
    reply = await wire.call("PATCH", "/jobschedules/daily", body, headers={"If-Match": tag})
    assert reply.status == 200
    assert (await get(wire))["schedule"] == {"recurrenceInterval": "PT2H"}
    assert (await wire.call("PATCH", "/jobschedules/daily", {}, headers={"If-Match": tag})).status == 412
    spec = {"poolInfo": {"poolId": "other"}, "priority": 3}
    reply = await wire.call("PUT", "/jobschedules/daily", {"schedule": {}, "jobSpecification": spec})
    assert (reply.status, reply.headers["ETag"]) == (200, (await get(wire))["eTag"])
    wire.emulator.clock.advance(1)
    job = (await wire.get("/jobs/daily:job-1")).json
    assert (job["priority"], job["poolInfo"]) == (3, {"poolId": "other"})


@pytest.mark.parametrize(
    ("specification", "code", "name"),
    [
        ({"jobManagerTask": {"commandLine": "x"}}, "MissingRequiredProperty", "jobManagerTask.id"),
        ({"jobReleaseTask": {"commandLine": "x"}}, "InvalidPropertyValue", "jobReleaseTask"),
        ({"constraints": {"maxTaskRetryCount": -2}}, "InvalidConstraintValue", "constraints.maxTaskRetryCount"),
        ({"priority": 1001}, "OutOfRangePriority", "priority"),
        ({"poolInfo": {}}, "InvalidPropertyValue", "poolInfo"),
        (
            {"poolInfo": {"autoPoolSpecification": {}}},
            "MissingRequiredProperty",
            "poolInfo.autoPoolSpecification.poolLifetimeOption",
        ),
    ],
)
async def test_a_patch_makes_no_job_that_cannot_be(
    wire: Wire, specification: dict[str, object], code: str, name: str
) -> None:
    await create(wire, recurrenceInterval="PT1H", doNotRunUntil="2024-07-01T12:30:00Z")
    body = {"jobSpecification": {"poolInfo": {"poolId": "pool"}, **specification}}
    reply = await wire.call("PATCH", "/jobschedules/daily", body)
    assert (reply.status, reply.code, reply.values["PropertyName"]) == (400, code, f"jobSpecification.{name}")
    # What is due later is fit to be made.
    wire.emulator.clock.advance(3600)
    assert (await wire.get("/jobs")).ids == ["daily:job-1"]


@pytest.mark.parametrize(
    ("change", "code", "name"),
    [
        ({"schedule": {"recurrenceInterval": "PT59S"}}, "InvalidPropertyValue", "schedule.recurrenceInterval"),
        ({"schedule": {"startWindow": "PT1S"}}, "InvalidPropertyValue", "schedule.startWindow"),
        (
            {"schedule": {"doNotRunUntil": "2024-07-02T00:00:00Z", "doNotRunAfter": "2024-07-01T00:00:00Z"}},
            "InvalidPropertyValue",
            "schedule.doNotRunAfter",
        ),
        ({"jobSpecification": {"poolInfo": {}}}, "InvalidPropertyValue", "jobSpecification.poolInfo"),
        ({"jobSpecification": {}}, "MissingRequiredProperty", "jobSpecification.poolInfo"),
        ({"id": "a:b"}, "InvalidPropertyValue", "id"),
        ({"schedule": None}, "MissingRequiredProperty", "schedule"),
    ],
)
async def test_bad_schedules(wire: Wire, change: dict[str, object], code: str, name: str) -> None:
    body = {"id": "a", "schedule": {}, "jobSpecification": SPEC, **change}
    reply = await wire.call("POST", "/jobschedules", body)
    assert (reply.status, reply.code, reply.values["PropertyName"]) == (400, code, name)


async def test_our_client(client: BatchClient, working: Wire) -> None:
    specification = models.JobSpecification(pool_info=models.PoolInformation(pool_id="p"))
    given = models.JobScheduleAddParameter(id="s", schedule=models.Schedule(), job_specification=specification)
    await client.job_schedules.create(given)
    assert await client.job_schedules.exists("s")
    working.emulator.clock.advance(1)
    found = await client.job_schedules.get("s")
    await client.job_schedules.replace("s", found, if_match=str(found.e_tag))
    await client.job_schedules.update("s", {"metadata": [{"name": "a", "value": "b"}]})
    assert [job.id async for job in client.jobs.list_from_schedule("s")] == ["s:job-1"]
    assert (await client.jobs.get("s:job-1")).state == "active"
    await client.job_schedules.disable("s")
    await client.job_schedules.enable("s")
    await client.job_schedules.terminate("s")
    with pytest.raises(StateConflictError):
        await client.job_schedules.terminate("s")
    working.emulator.clock.advance(2)
    assert [s.state async for s in client.job_schedules.list()] == ["completed"]
    await client.job_schedules.delete("s")
    working.emulator.clock.advance(2)
    await client.job_schedules.wait_deleted("s")


async def test_a_pool_that_lives_with_the_schedule(wire: Wire) -> None:
    auto = {"poolLifetimeOption": "jobschedule", "pool": {"vmSize": "a"}}
    spec = {**ENDING, "poolInfo": {"autoPoolSpecification": auto}}
    await create(wire, spec=spec, recurrenceInterval="PT1H")
    wire.emulator.clock.advance(2 * 3600)
    pools = {(await wire.get(f"/jobs/{id}")).json["executionInfo"]["poolId"] for id in await jobs(wire)}
    assert len(await jobs(wire)) > 1
    assert (await wire.get("/pools")).ids == list(pools)
    await act(wire, "terminate")
    wire.emulator.clock.advance(3)
    assert (await wire.get("/pools")).ids == []


async def test_a_schedule_of_the_same_name(wire: Wire) -> None:
    await create(wire)
    wire.emulator.clock.advance(1)
    await wire.call("DELETE", "/jobs/daily:job-1")
    await wire.call("DELETE", "/jobschedules/daily", query={"force": "true"})
    wire.emulator.clock.advance(0.001)
    assert (await create(wire)).status == 201
    wire.emulator.clock.advance(0.001)
    assert (await jobs(wire)) == ["daily:job-2"]


async def test_jobs_that_are_over_are_not_asked_again(wire: Wire) -> None:
    await create(wire, spec=ENDING, recurrenceInterval="PT1H")
    wire.emulator.clock.advance(3600 * 3 + 60)
    assert len(await jobs(wire)) == 4
    # Years bring thousands: whether the next can be made is a question to the latest alone.
    wire.emulator.hold("job", "deleting")
    assert (await wire.call("DELETE", "/jobs/daily:job-2")).status == 202
    wire.emulator.clock.advance(3600)
    assert await jobs(wire) == [f"daily:job-{number}" for number in range(1, 6)]
    wire.emulator.release("job", "deleting")
    wire.emulator.clock.advance(1)
    assert len(await jobs(wire)) == 4


def minutes_before(end: datetime, made: dict[str, Any]) -> int:
    return int((end - datetime.fromisoformat(made["creationTime"])).total_seconds() // 60)


async def test_years_at_once_come_to_an_end(wire: Wire, monkeypatch: pytest.MonkeyPatch) -> None:
    """Ten years are five million minutes, and as many jobs."""
    monkeypatch.setattr(schedule_life, "MOST_JOBS", 30)
    await create(wire, spec=ENDING, recurrenceInterval="PT1M")
    over = {"doNotRunAfter": "2024-07-01T15:00:00Z"}
    await create(wire, "over", spec=ENDING, recurrenceInterval="PT1M", **over)
    await create(wire, "once", recurrenceInterval="PT1M")
    await act(wire, "disable")
    wire.emulator.clock.advance(10 * YEAR)
    assert (await act(wire, "enable")).status == 204
    wire.emulator.clock.advance(10 * YEAR)
    made = (await wire.get("/jobschedules/daily/jobs")).items
    # Of each move the first one, and the last ones up to now.
    assert len(made) == 11
    now = wire.emulator.clock.now()
    assert [minutes_before(now, job) for job in made[1:]] == [*range(9, -1, -1)]
    assert datetime.fromisoformat((await get(wire))["executionInfo"]["nextRunTime"]) > now
    made = (await wire.get("/jobschedules/over/jobs")).items
    assert [minutes_before(datetime(2024, 7, 1, 15, tzinfo=UTC), job) for job in made[1:]] == [*range(9, -1, -1)]
    assert (await get(wire, "over"))["state"] == "completed"
    assert len((await wire.get("/jobschedules/once/jobs")).items) == 1


async def test_a_run_beyond_the_calendar_never_comes(wire: Wire) -> None:
    await create(wire, spec=ENDING, recurrenceInterval="P10675199DT2H48M5.4775807S")
    await create(wire, "last", recurrenceInterval="PT1M", doNotRunUntil="9999-12-31T23:59:59.9999999Z")
    wire.emulator.clock.advance(5)
    listed = await wire.get("/jobschedules")
    assert [(item["id"], item["state"]) for item in listed.items] == [("daily", "completed"), ("last", "active")]
    assert "nextRunTime" not in listed.items[0]["executionInfo"]
    assert listed.items[1]["executionInfo"]["nextRunTime"] == "9999-12-31T23:59:59.9999999Z"
