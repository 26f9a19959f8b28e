"""Changes of jobs: properties, states, conditions."""

from __future__ import annotations

from typing import Any

import pytest

from batchio import BatchClient, models

from .wire import Reply, Wire

OLD = "2023-11-01.18.0"


async def act(wire: Wire, verb: str, body: object = None, *, job: str = "job", **headers: str) -> Reply:
    return await wire.call("POST", f"/jobs/{job}/{verb}", body, headers=headers)


async def state(wire: Wire, job: str = "job") -> str:
    found: str = (await wire.get(f"/jobs/{job}")).json["state"]
    return found


async def test_update_changes_what_is_given(wire: Wire) -> None:
    await wire.job(priority=5, metadata=[{"name": "a", "value": "b"}])
    before = (await wire.get("/jobs/job")).json
    sent = {"priority": None, "maxParallelTasks": 3, "constraints": {"maxTaskRetryCount": 2, "maxWallClockTime": None}}
    reply = await wire.call("PATCH", "/jobs/job", sent)
    after = (await wire.get("/jobs/job")).json
    assert reply.status == 200
    assert reply.headers["ETag"] == after["eTag"] != before["eTag"]
    assert reply.headers["DataServiceId"].endswith("/jobs/job")
    assert (after["priority"], after["maxParallelTasks"], after["metadata"]) == (5, 3, before["metadata"])
    assert after["constraints"]["maxTaskRetryCount"] == 2


async def test_replace_sets_all(wire: Wire) -> None:
    await wire.job(priority=5, metadata=[{"name": "a", "value": "b"}], displayName="d", onTaskFailure="noaction")
    reply = await wire.call("PUT", "/jobs/job", {"poolInfo": {"poolId": "pool"}, "maxParallelTasks": 2})
    assert reply.status == 200
    job = (await wire.get("/jobs/job")).json
    assert (job["priority"], job["maxParallelTasks"], job["displayName"]) == (0, 2, "d")
    assert "metadata" not in job


@pytest.mark.parametrize(
    ("method", "body", "code", "name"),
    [
        ("PATCH", {"priority": 1001}, "OutOfRangePriority", "priority"),
        ("PATCH", {"displayName": "x"}, "InvalidRequestBody", "displayName"),
        ("PATCH", {"maxParallelTasks": 0}, "InvalidPropertyValue", "maxParallelTasks"),
        ("PATCH", {"metadata": [{"name": "", "value": "b"}]}, "EmptyMetadataKey", "metadata[0].name"),
        ("PATCH", {"onAllTasksComplete": "noaction"}, "InvalidPropertyValue", "onAllTasksComplete"),
        ("PATCH", {"poolInfo": {}}, "InvalidPropertyValue", "poolInfo"),
        ("PUT", {}, "MissingRequiredProperty", "poolInfo"),
        ("PUT", {"poolInfo": {"poolId": "pool"}}, "InvalidPropertyValue", "onAllTasksComplete"),
        ("PUT", {"poolInfo": {"poolId": "pool"}, "state": "active"}, "InvalidRequestBody", "state"),
    ],
)
async def test_bad_changes(wire: Wire, method: str, body: object, code: str, name: str) -> None:
    await wire.job(onAllTasksComplete="terminatejob")
    await wire.add("job", "a")
    reply = await wire.call(method, "/jobs/job", body)
    assert (reply.status, reply.code, reply.values["PropertyName"]) == (400, code, name)


async def test_a_pool_changes_while_the_job_is_disabled(wire: Wire) -> None:
    await wire.job()
    other = {"poolInfo": {"poolId": "other"}}
    reply = await wire.call("PATCH", "/jobs/job", other)
    assert (reply.status, reply.code) == (409, "OperationInvalidForCurrentState")
    await act(wire, "disable", {"disableTasks": "requeue"})
    wire.emulator.clock.advance(1)
    assert (await wire.call("PATCH", "/jobs/job", other)).status == 200
    assert (await wire.get("/jobs/job")).json["executionInfo"]["poolId"] == "other"


async def test_disable_and_enable(wire: Wire) -> None:
    await wire.job()
    reply = await act(wire, "disable", {"disableTasks": "Wait"})
    assert reply.status == 202
    assert reply.headers["ETag"] == (await wire.get("/jobs/job")).headers["ETag"]
    assert await state(wire) == "disabling"
    wire.emulator.clock.advance(1)
    assert await state(wire) == "disabled"
    assert (await act(wire, "disable", {"disableTasks": "wait"})).status == 202
    assert (await wire.add("job", "a")).items[0]["status"] == "success"
    assert (await act(wire, "enable")).status == 202
    assert await state(wire) == "enabling"
    assert (await act(wire, "disable", {"disableTasks": "wait"})).code == "JobNotActive"
    wire.emulator.clock.advance(1)
    assert await state(wire) == "active"
    assert (await act(wire, "enable")).code == "OperationInvalidForCurrentState"
    assert (await act(wire, "disable", {})).code == "MissingRequiredProperty"
    assert (await act(wire, "disable", {"disableTasks": "explode"})).code == "InvalidPropertyValue"


async def test_terminate(wire: Wire) -> None:
    await wire.job()
    await wire.add("job", "a")
    assert (await act(wire, "terminate", {"terminateReason": "enough"})).status == 202
    assert await state(wire) == "terminating"
    for reply in (
        await act(wire, "terminate"),
        await act(wire, "enable"),
        await act(wire, "disable", {"disableTasks": "wait"}),
        await wire.call("PATCH", "/jobs/job", {"priority": 1}),
        await wire.add("job", "b"),
    ):
        assert (reply.status, reply.code) == (409, "JobBeingTerminated")
    wire.emulator.clock.advance(1)
    job = (await wire.get("/jobs/job")).json
    assert (job["state"], job["executionInfo"]["terminateReason"]) == ("completed", "enough")
    assert (await wire.get("/jobs/job/tasks/a")).json["state"] == "active"
    assert (await act(wire, "terminate")).code == "JobCompleted"
    assert (await wire.call("PATCH", "/jobs/job", {"priority": 1})).code == "JobCompleted"
    await wire.call("DELETE", "/jobs/job")
    assert (await act(wire, "terminate")).code == "JobBeingDeleted"


async def test_without_a_reason_and_by_force(wire: Wire) -> None:
    await wire.job()
    reply = await wire.call("POST", "/jobs/job/terminate", query={"force": "true"})
    assert reply.status == 202
    wire.emulator.clock.advance(0.001)
    job = (await wire.get("/jobs/job")).json
    assert (job["state"], job["executionInfo"]["terminateReason"]) == ("completed", "UserTerminate")
    assert (await wire.call("DELETE", "/jobs/job", query={"force": "TRUE"})).status == 202
    wire.emulator.clock.advance(0.001)
    assert (await wire.get("/jobs/job")).status == 404


async def test_force_is_new(wire: Wire) -> None:
    await wire.job()
    old = await wire.call("DELETE", "/jobs/job", query={"force": "true"}, version=OLD)
    assert (old.status, old.code) == (400, "UnsupportedQueryParameter")
    assert (await wire.call("DELETE", "/jobs/job", query={"force": "x"})).code == "InvalidQueryParameterValue"


async def test_a_wall_clock_limit(wire: Wire) -> None:
    await wire.job(constraints={"maxWallClockTime": "PT1H"})
    await wire.call("PATCH", "/jobs/job", {"constraints": {"maxWallClockTime": "PT2H"}})
    wire.emulator.clock.advance(5400)
    assert await state(wire) == "active"
    wire.emulator.clock.advance(1801)
    job = (await wire.get("/jobs/job")).json
    assert job["executionInfo"]["terminateReason"] == "MaxWallClockTimeExpiry"
    assert job["state"] == "completed"


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("PUT", "", {"poolInfo": {"poolId": "pool"}}),
        ("PATCH", "", {"priority": 3}),
        ("POST", "/disable", {"disableTasks": "wait"}),
        ("POST", "/enable", None),
        ("POST", "/terminate", {}),
        ("DELETE", "", None),
        ("PUT", "/tasks/a", {}),
        ("POST", "/tasks/a/terminate", None),
        ("POST", "/tasks/a/reactivate", None),
    ],
)
async def test_conditions(wire: Wire, method: str, path: str, body: object) -> None:
    await wire.job()
    await wire.add("job", "a")
    for headers in ({"If-Match": "0x1"}, {"If-Unmodified-Since": "Mon, 01 Jul 2024 11:59:59 GMT"}):
        reply = await wire.call(method, f"/jobs/job{path}", body, headers=headers)
        assert (reply.status, reply.code) == (412, "ConditionNotMet")
    assert await state(wire) == "active"


async def test_statuses_need_a_task(wire: Wire) -> None:
    await wire.job()
    reply = await wire.get("/jobs/job/jobpreparationandreleasetaskstatus")
    assert (reply.status, reply.code) == (409, "JobPreparationTaskNotSpecified")
    await wire.job("other", jobPreparationTask={"commandLine": "true"})
    assert (await wire.get("/jobs/other/jobpreparationandreleasetaskstatus")).items == []


async def test_a_release_task_needs_a_preparation_task(wire: Wire) -> None:
    reply = await wire.job(jobReleaseTask={"commandLine": "true"})
    assert (reply.code, reply.values["PropertyName"]) == ("InvalidPropertyValue", "jobReleaseTask")


@pytest.mark.parametrize(
    ("option", "states"),
    [("requeue", ("active", 1)), ("terminate", ("completed", 0)), ("wait", ("running", 0))],
)
async def test_what_becomes_of_running_tasks(
    client: BatchClient, working: Wire, option: str, states: tuple[str, int]
) -> None:
    await client.pools.create({"id": "pool", "vmSize": "a", "targetDedicatedNodes": 1})
    await client.jobs.create({"id": "job", "poolInfo": {"poolId": "pool"}})
    await client.tasks.create("job", {"id": "t", "commandLine": "sleep 60"})
    working.emulator.clock.advance(5)
    await client.jobs.disable("job", {"disableTasks": option})
    working.emulator.clock.advance(2)
    task = await client.tasks.get("job", "t")
    assert task.execution_info is not None
    assert (task.state, task.execution_info.requeue_count) == states
    assert (await client.jobs.get("job")).state == ("disabling" if option == "wait" else "disabled")
    working.emulator.clock.advance(60)
    assert (await client.jobs.get("job")).state == "disabled"
    await client.jobs.enable("job")
    working.emulator.clock.advance(65)
    assert (await client.tasks.get("job", "t")).state == "completed"


async def test_our_client(client: BatchClient, working: Wire) -> None:
    await client.jobs.create({"id": "job", "poolInfo": {"poolId": "p"}})
    job = await client.jobs.get("job")
    await client.jobs.replace("job", job, if_match=str(job.e_tag))
    await client.jobs.update("job", models.JobPatchParameter(priority=7))
    assert (await client.jobs.get("job")).priority == 7
    await client.jobs.terminate("job", force=True)
    working.emulator.clock.advance(1)
    await client.jobs.wait("job", deadline=5)


async def test_tasks_are_replaced(wire: Wire) -> None:
    await wire.job()
    await wire.add("job", "a", constraints={"maxTaskRetryCount": 4})
    reply = await wire.call("PUT", "/jobs/job/tasks/a", {"constraints": {"retentionTime": "P1D"}})
    assert reply.status == 200
    task: dict[str, Any] = (await wire.get("/jobs/job/tasks/a")).json
    assert task["constraints"] == {
        "maxWallClockTime": "P10675199DT2H48M5.4775807S",
        "retentionTime": "P1D",
        "maxTaskRetryCount": 0,
    }
    assert task["commandLine"] == "true"
    assert reply.headers["ETag"] == task["eTag"]
    bad = await wire.call("PUT", "/jobs/job/tasks/a", {"constraints": {"maxTaskRetryCount": -2}})
    assert bad.values["PropertyName"] == "constraints.maxTaskRetryCount"
    assert (await wire.call("PUT", "/jobs/job/tasks/a", {"commandLine": "x"})).code == "InvalidRequestBody"
    assert (await wire.get("/jobs/job/tasks/a/subtasksinfo")).items == []


async def test_a_job_action_needs_the_job_to_allow_it(wire: Wire) -> None:
    conditions = {"default": {"jobAction": "disable"}}
    await wire.job()
    single = await wire.call("POST", "/jobs/job/tasks", {"id": "a", "commandLine": "x", "exitConditions": conditions})
    assert (single.status, single.code) == (400, "InvalidPropertyValue")
    assert (await wire.add("job", "a", exitConditions=conditions)).items[0]["status"] == "clienterror"
    await wire.job("other", onTaskFailure="performExitOptionsJobAction")
    assert (await wire.add("other", "a", exitConditions=conditions)).items[0]["status"] == "success"


async def test_only_keep_alive_of_an_auto_pool_changes(client: BatchClient, working: Wire) -> None:
    auto = {"poolLifetimeOption": "job", "pool": {"vmSize": "a", "targetDedicatedNodes": 1}}
    await client.jobs.create({"id": "job", "poolInfo": {"autoPoolSpecification": auto}})
    bad = {"poolInfo": {"autoPoolSpecification": {"poolLifetimeOption": "jobschedule"}}}
    reply = await working.call("PATCH", "/jobs/job", bad)
    assert (reply.code, reply.values["PropertyName"]) == ("InvalidPropertyValue", "poolInfo.autoPoolSpecification")
    good = {"poolInfo": {"autoPoolSpecification": {"keepAlive": True}}}
    assert (await working.call("PATCH", "/jobs/job", good)).status == 200
    found = (await working.get("/jobs/job")).json["poolInfo"]["autoPoolSpecification"]
    assert (found["keepAlive"], found["poolLifetimeOption"]) == (True, "job")
    await client.jobs.terminate("job")
    working.emulator.clock.advance(5)
    assert [pool.state async for pool in client.pools.list()] == ["active"]
