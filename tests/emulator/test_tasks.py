from __future__ import annotations

import pytest

from batchio.emulator import Emulator

from .wire import Wire

FULL = {
    "id": "Full",
    "displayName": 'a "quoted" näme',
    "commandLine": "/bin/echo 'hi'",
    "resourceFiles": [{"httpUrl": "https://x/y?sig=abc", "filePath": "y"}],
    "environmentSettings": [{"name": "A", "value": "b"}],
    "constraints": {"retentionTime": "P1D", "maxTaskRetryCount": -1},
    "requiredSlots": 2,
    "containerSettings": {"imageName": "i", "registry": {"username": "u", "password": "hunter2"}},
    "userIdentity": {"autoUser": {"scope": "pool"}},
}


async def test_create_then_get(wire: Wire, emulator: Emulator) -> None:
    await wire.job("Job")
    made = await wire.call("POST", "/jobs/job/tasks", FULL)
    assert made.status == 201
    assert made.headers["DataServiceId"] == f"{emulator.endpoint}/jobs/Job/tasks/Full"
    got = await wire.get("/jobs/JOB/tasks/FULL")
    task = got.json
    assert got.headers["ETag"] == made.headers["ETag"] == task["eTag"]
    assert (task["id"], task["state"], task["requiredSlots"]) == ("Full", "active", 2)
    assert task["url"] == made.headers["Location"]
    assert task["constraints"]["retentionTime"] == "P1D"
    assert task["constraints"]["maxWallClockTime"] == "P10675199DT2H48M5.4775807S"
    assert task["containerSettings"] == {"imageName": "i", "registry": {"username": "u"}}
    assert task["executionInfo"] == {"retryCount": 0, "requeueCount": 0}
    for name in ("displayName", "commandLine", "resourceFiles", "environmentSettings", "userIdentity"):
        assert task[name] == FULL[name]


async def test_the_url_of_a_task_comes_with_it(wire: Wire, emulator: Emulator) -> None:
    await wire.job()
    await wire.add("job", "Task")
    reply = await wire.get("/jobs/JOB/tasks/tASK")
    assert reply.headers["DataServiceId"] == reply.json["url"] == f"{emulator.endpoint}/jobs/job/tasks/Task"


async def test_a_collection_and_a_single_task_look_alike(wire: Wire) -> None:
    await wire.job()
    await wire.call("POST", "/jobs/job/tasks", {**FULL, "id": "single"})
    await wire.call("POST", "/jobs/job/addtaskcollection", {"value": [{**FULL, "id": "of-many"}]})
    single, of_many = (await wire.get("/jobs/job/tasks")).items
    own = {"id", "url", "eTag", "lastModified", "creationTime", "stateTransitionTime"}
    assert {k: v for k, v in single.items() if k not in own} == {k: v for k, v in of_many.items() if k not in own}


@pytest.mark.parametrize(
    ("change", "status", "code"),
    [
        ({"id": "taken"}, 409, "TaskExists"),
        ({"id": "TAKEN"}, 409, "TaskExists"),
        ({"id": "a b"}, 400, "InvalidPropertyValue"),
        ({"id": 5}, 400, "InvalidRequestBody"),
        ({"requiredSlots": 0}, 400, "InvalidPropertyValue"),
        ({"constraints": {"maxTaskRetryCount": -2}}, 400, "InvalidConstraintValue"),
        (
            {"multiInstanceSettings": {"coordinationCommandLine": "x", "numberOfInstances": 0}},
            400,
            "InvalidPropertyValue",
        ),
        ({"commandLine": None}, 400, "MissingRequiredProperty"),
        ({"nonsense": 1}, 400, "InvalidRequestBody"),
        ({"dependsOn": {"taskIds": ["x"]}}, 400, "TaskDependenciesNotSpecifiedOnJob"),
        ({"id": "JobPreparation"}, 409, "TaskIdSameAsJobPreparationTask"),
        ({"id": "release-me"}, 409, "TaskIdSameAsJobReleaseTask"),
    ],
)
async def test_refused(wire: Wire, change: dict[str, object], status: int, code: str) -> None:
    release = {"id": "Release-Me", "commandLine": "true"}
    await wire.job(jobPreparationTask={"commandLine": "true"}, jobReleaseTask=release)
    await wire.add("job", "Taken")
    reply = await wire.call("POST", "/jobs/job/tasks", {"id": "a", "commandLine": "true", **change})
    assert (reply.status, reply.code) == (status, code)


async def test_dependencies(wire: Wire) -> None:
    await wire.job(usesTaskDependencies=True)
    cases = {
        "fine": ({"taskIds": ["x"], "taskIdRanges": [{"start": 1, "end": 5}]}, None),
        "too-long": ({"taskIds": ["x" * 64] * 1001}, "TaskDependencyListTooLong"),
        "backwards": ({"taskIdRanges": [{"start": 5, "end": 1}]}, "InvalidPropertyValue"),
    }
    for id, (depends_on, code) in cases.items():
        reply = await wire.call("POST", "/jobs/job/tasks", {"id": id, "commandLine": "x", "dependsOn": depends_on})
        assert (reply.code if reply.body else None) == code


async def test_delete(wire: Wire) -> None:
    await wire.job()
    await wire.add("job", "a", "b")
    assert (await wire.call("DELETE", "/jobs/job/tasks/A")).status == 200
    for method in ("GET", "DELETE"):
        gone = await wire.call(method, "/jobs/job/tasks/a")
        assert (gone.status, gone.code) == (404, "TaskNotFound")
    assert (await wire.get("/jobs/job/tasks")).ids == ["b"]
    assert (await wire.add("job", "a")).items[0]["status"] == "success"


async def test_filters(wire: Wire, emulator: Emulator) -> None:
    await wire.job()
    await wire.add("job", "frame-1", "frame-2")
    emulator.clock.advance(5)
    await wire.add("job", "other")
    first = (await wire.get("/jobs/job/tasks/frame-1")).json["creationTime"]
    cases = {
        "state eq 'active'": ["frame-1", "frame-2", "other"],
        "state eq 'completed'": [],
        "id eq 'FRAME-2'": ["frame-2"],
        "id eq 'frame-2' and startswith(id, 'o')": [],
        "id eq 'frame-2' or id eq 'other'": ["frame-2", "other"],
        "startswith(id, 'frame') and not (id eq 'frame-1')": ["frame-2"],
        # The seventh fraction digit counts: these two were born one tick apart.
        f"creationTime gt datetime'{first}'": ["frame-2", "other"],
        "executionInfo/exitCode eq null": ["frame-1", "frame-2", "other"],
        "executionInfo/exitCode ne 0": ["frame-1", "frame-2", "other"],
        "executionInfo/exitCode gt 0": [],
        "executionInfo/result eq 'failure'": [],
        f"lastModifiedTime le datetime'{first}'": ["frame-1"],
    }
    for text, ids in cases.items():
        reply = await wire.get("/jobs/job/tasks", _filter=text)
        assert reply.status == 200, reply.body
        assert reply.ids == ids, text
