from __future__ import annotations

import aiohttp
import pytest

from batchio.emulator import Emulator, jobs
from batchio.emulator.resources import Job

from .wire import VERSION, Wire

AUTO_POOL = "poolInfo.autoPoolSpecification.pool"


def auto_pool(**properties: object) -> dict[str, object]:
    auto = {"poolLifetimeOption": "job", "pool": {"vmSize": "a", **properties}}
    return {"poolInfo": {"autoPoolSpecification": auto}}


async def test_create_then_get(wire: Wire, emulator: Emulator) -> None:
    made = await wire.job("Render", displayName="ein Bild ☃", onTaskFailure="NoAction")
    url = f"{emulator.endpoint}/jobs/Render"
    assert made.status == 201
    assert made.body == b""
    assert made.headers["DataServiceId"] == made.headers["Location"] == url
    assert made.headers["Last-Modified"] == "Mon, 01 Jul 2024 12:00:00 GMT"
    got = await wire.get("/jobs/rENDER")
    assert got.status == 200
    assert got.headers["Content-Type"] == "application/json;odata=minimalmetadata"
    assert got.headers["ETag"] == made.headers["ETag"] == got.json["eTag"]
    job = got.json
    assert (job["id"], job["url"], job["state"], job["displayName"]) == ("Render", url, "active", "ein Bild ☃")
    assert job["creationTime"] == job["lastModified"] == job["executionInfo"]["startTime"]
    assert job["creationTime"] == "2024-07-01T12:00:00.1234560Z"
    assert job["constraints"] == {"maxWallClockTime": "P10675199DT2H48M5.4775807S", "maxTaskRetryCount": 0}
    # Enums come back in the service's letter case.
    assert (job["onTaskFailure"], job["onAllTasksComplete"], job["priority"]) == ("noaction", "noaction", 0)


async def test_ids_are_unique_without_letter_case(wire: Wire) -> None:
    assert (await wire.job("Job")).status == 201
    again = await wire.job("jOB")
    assert (again.status, again.code) == (409, "JobExists")
    assert (await wire.get("/jobs")).ids == ["Job"]


@pytest.mark.parametrize("id", ["", "a b", "a" * 65, "ü", "a/b", "a.b", "a\n"])
async def test_bad_ids(wire: Wire, id: str) -> None:
    reply = await wire.job(id)
    assert (reply.status, reply.code) == (400, "InvalidPropertyValue")
    assert reply.values["PropertyName"] == "id"


@pytest.mark.parametrize(
    ("change", "code", "name"),
    [
        ({"nonsense": 1}, "InvalidRequestBody", "nonsense"),
        ({"priority": "high"}, "InvalidRequestBody", "priority"),
        ({"priority": 1001}, "OutOfRangePriority", "priority"),
        ({"priority": 1.5}, "InvalidRequestBody", "priority"),
        ({"maxParallelTasks": 0}, "InvalidPropertyValue", "maxParallelTasks"),
        ({"maxParallelTasks": 2**31}, "InvalidPropertyValue", "maxParallelTasks"),
        ({"displayName": "x" * 1025}, "InvalidPropertyValue", "displayName"),
        ({"poolInfo": {}}, "InvalidPropertyValue", "poolInfo"),
        (auto_pool(enableAutoScale=True), "MissingRequiredProperty", f"{AUTO_POOL}.autoScaleFormula"),
        (auto_pool(targetDedicatedNodes=-1), "InvalidPropertyValue", f"{AUTO_POOL}.targetDedicatedNodes"),
        (
            {"jobManagerTask": {"id": "a", "commandLine": "x", "constraints": {"maxTaskRetryCount": -2}}},
            "InvalidConstraintValue",
            "jobManagerTask.constraints.maxTaskRetryCount",
        ),
        (
            {"jobPreparationTask": {"commandLine": "x", "constraints": {"maxTaskRetryCount": -2}}},
            "InvalidConstraintValue",
            "jobPreparationTask.constraints.maxTaskRetryCount",
        ),
        (
            auto_pool(startTask={"commandLine": "x", "maxTaskRetryCount": -2}),
            "InvalidPropertyValue",
            f"{AUTO_POOL}.startTask.maxTaskRetryCount",
        ),
        (auto_pool(taskSlotsPerNode=0), "InvalidPropertyValue", f"{AUTO_POOL}.taskSlotsPerNode"),
        (auto_pool(metadata=[{"name": "", "value": ""}]), "EmptyMetadataKey", f"{AUTO_POOL}.metadata[0].name"),
        ({"onAllTasksComplete": "explode"}, "InvalidPropertyValue", "onAllTasksComplete"),
        ({"constraints": {"maxWallClockTime": "1 hour"}}, "InvalidPropertyValue", "constraints.maxWallClockTime"),
        ({"constraints": {"maxWallClockTime": "-PT1S"}}, "InvalidConstraintValue", "constraints.maxWallClockTime"),
        ({"jobPreparationTask": {}}, "MissingRequiredProperty", "jobPreparationTask.commandLine"),
        (
            {"jobReleaseTask": {"commandLine": "x", "maxWallClockTime": "PT16M"}},
            "InvalidPropertyValue",
            "jobReleaseTask.maxWallClockTime",
        ),
        ({"metadata": [{"name": "a", "value": "b"}, {"name": "c"}]}, "MissingRequiredProperty", "metadata[1].value"),
        ({"metadata": [{"name": "", "value": "b"}]}, "EmptyMetadataKey", "metadata[0].name"),
    ],
)
async def test_bad_properties(wire: Wire, change: dict[str, object], code: str, name: str) -> None:
    reply = await wire.job("job", **change)
    assert (reply.status, reply.code) == (400, code)
    assert reply.values["PropertyName"] == name
    assert reply.values["Reason"]
    assert (await wire.get("/jobs/job")).status == 404


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b"null", b'{"id":"a"', b"\xff\xfe", b'{"id":"a"} x'])
async def test_bodies_that_are_none(wire: Wire, body: bytes) -> None:
    reply = await wire.call("POST", "/jobs", body)
    assert (reply.status, reply.code) == (400, "InvalidRequestBody")


async def test_missing_property(wire: Wire) -> None:
    reply = await wire.call("POST", "/jobs", {"id": "a"})
    assert (reply.code, reply.values["PropertyName"]) == ("MissingRequiredProperty", "poolInfo")


@pytest.mark.parametrize("kind", ["text/plain", "application/json", "application/json; odata=verbose", ""])
async def test_content_type_is_needed(wire: Wire, kind: str) -> None:
    reply = await wire.call("POST", "/jobs", b"{}", headers={"Content-Type": kind})
    assert (reply.status, reply.code) == (400, "InvalidHeaderValue")
    assert (reply.values["HeaderName"], reply.values["HeaderValue"]) == ("Content-Type", kind)


async def test_no_content_type_at_all() -> None:
    async with Emulator(auth="loose") as emulator, aiohttp.ClientSession() as session:
        url = f"{emulator.endpoint}/jobs?api-version={VERSION}"
        reply = await Wire(emulator, session).raw("POST", url, b"{}", {"Authorization": "Bearer x"})
        assert (reply.status, reply.code) == (400, "MissingRequiredHeader")
        assert reply.values["HeaderName"] == "Content-Type"


@pytest.mark.parametrize(
    "kind", ["application/json;odata=minimalmetadata; charset=utf-8", "Application/JSON; OData=minimalmetadata"]
)
async def test_content_type_in_other_spellings(wire: Wire, kind: str) -> None:
    body = b'{"id":"a","poolInfo":{"poolId":"p"}}'
    assert (await wire.call("POST", "/jobs", body, headers={"Content-Type": kind})).status == 201


async def test_byte_order_mark_is_read(wire: Wire) -> None:
    assert (await wire.call("POST", "/jobs", b'\xef\xbb\xbf{"id":"a","poolInfo":{"poolId":"p"}}')).status == 201


async def test_unknown_job_is_404(wire: Wire) -> None:
    for method, path in [("GET", ""), ("DELETE", ""), ("GET", "/taskcounts"), ("GET", "/tasks")]:
        reply = await wire.call(method, f"/jobs/none{path}")
        assert (reply.status, reply.code) == (404, "JobNotFound")


async def test_deleting_takes_a_while(wire: Wire, emulator: Emulator) -> None:
    await wire.job()
    before = (await wire.get("/jobs/job")).json
    assert (await wire.call("DELETE", "/jobs/job")).status == 202
    after = (await wire.get("/jobs/job")).json
    assert (after["state"], after["previousState"]) == ("deleting", "active")
    assert after["eTag"] != before["eTag"]
    assert (await wire.call("DELETE", "/jobs/job")).code == "JobBeingDeleted"
    assert (await wire.job()).code == "JobBeingDeleted"
    refused = await wire.add("job", "a")
    assert (refused.status, refused.code) == (409, "JobBeingDeleted")
    emulator.clock.advance(1)
    assert (await wire.get("/jobs/job")).status == 404
    assert (await wire.get("/jobs")).items == []
    assert (await wire.job()).status == 201
    assert (await wire.get("/jobs/job")).json["eTag"] not in (before["eTag"], after["eTag"])


async def test_job_without_tasks_is_terminated_at_the_next_tick(wire: Wire, emulator: Emulator) -> None:
    await wire.job(onAllTasksComplete="terminatejob")
    assert (await wire.get("/jobs/job")).json["state"] == "active"
    emulator.clock.advance(0.001)
    job = (await wire.get("/jobs/job")).json
    assert (job["state"], job["previousState"]) == ("terminating", "active")
    emulator.clock.advance(0.5)
    job = (await wire.get("/jobs/job")).json
    assert (job["state"], job["previousState"]) == ("completed", "terminating")
    assert job["executionInfo"]["terminateReason"] == "AllTasksComplete"
    assert job["executionInfo"]["endTime"] == job["stateTransitionTime"]
    assert (await wire.add("job", "a")).code == "JobCompleted"
    single = await wire.call("POST", "/jobs/job/tasks", {"id": "a", "commandLine": "true"})
    assert (single.status, single.code) == (409, "JobCompleted")


async def test_job_with_tasks_stays_until_the_last_is_gone(wire: Wire, emulator: Emulator) -> None:
    await wire.job(onAllTasksComplete="terminatejob")
    await wire.add("job", "a")
    emulator.clock.advance(60)
    assert (await wire.get("/jobs/job")).json["state"] == "active"
    await wire.call("DELETE", "/jobs/job/tasks/a")
    emulator.clock.advance(1)
    assert (await wire.get("/jobs/job")).json["state"] == "completed"


async def test_quota(wire: Wire, emulator: Emulator, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(jobs, "MAX_ACTIVE_JOBS", 2)
    await wire.job("a", onAllTasksComplete="terminatejob")
    await wire.job("b")
    refused = await wire.job("c")
    assert (refused.status, refused.code) == (409, "ActiveJobAndScheduleQuotaReached")
    assert (await wire.job("b")).code == "JobExists"
    emulator.clock.advance(1)
    # The first has completed and does not count any more.
    assert (await wire.job("c")).status == 201
    assert (await wire.job("d")).status == 409
    await wire.call("DELETE", "/jobs/b")
    schedule = {"id": "s", "schedule": {}, "jobSpecification": {"poolInfo": {"poolId": "pool"}}}
    assert (await wire.call("POST", "/jobschedules", schedule)).status == 201
    assert (await wire.job("d")).status == 409
    emulator.reset()
    assert (await wire.job("d")).status == 201


async def test_jobs_that_are_over_cost_nothing_more(
    wire: Wire, emulator: Emulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Or else a million small jobs cost the square of that."""
    looks = 0

    class Watched(Job):
        def __getattribute__(self, name: str) -> object:
            nonlocal looks
            looks += name == "state"
            return super().__getattribute__(name)

    monkeypatch.setattr(jobs, "MAX_ACTIVE_JOBS", 50)
    monkeypatch.setattr("batchio.emulator.job_life.Job", Watched)
    found: list[int] = []
    for number in range(120):
        before = looks
        assert (await wire.job(f"job{number}", onAllTasksComplete="terminatejob")).status == 201
        found.append(looks - before)
        emulator.clock.advance(2)
    assert found[-1] == found[20]


async def test_task_counts(wire: Wire) -> None:
    await wire.job()
    await wire.add("job", "a", "b")
    await wire.add("job", "c", requiredSlots=3)
    await wire.call("DELETE", "/jobs/job/tasks/a")
    counts = (await wire.get("/jobs/job/taskcounts")).json
    idle = {"running": 0, "completed": 0, "succeeded": 0, "failed": 0}
    assert counts["taskCounts"] == {"active": 2, **idle}
    assert counts["taskSlotCounts"] == {"active": 4, **idle}


async def test_list_filter(wire: Wire, emulator: Emulator) -> None:
    await wire.job("first", poolInfo={"poolId": "North"})
    emulator.clock.advance(10)
    await wire.job("second")
    cutoff = (await wire.get("/jobs/second")).json["creationTime"]
    cases = {
        "executionInfo/poolId eq 'north'": ["first"],
        f"creationTime ge datetime'{cutoff}'": ["second"],
        f"creationTime lt datetime'{cutoff}' and state eq 'active'": ["first"],
        "executionInfo/endTime eq null": ["first", "second"],
        "id eq 'SECOND'": ["second"],
        "id eq 'second' and state eq 'completed'": [],
        "startswith(id, 'FI') or startswith(id, 'se')": ["first", "second"],
    }
    for text, ids in cases.items():
        assert (await wire.get("/jobs", _filter=text)).ids == ids, text
    invalid = await wire.get("/jobs", _filter="state eq 'deleted'")
    assert invalid.values["Reason"] == "invalid state"
