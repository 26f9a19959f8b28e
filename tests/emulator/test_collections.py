from __future__ import annotations

import json

import pytest

from batchio.emulator import Emulator
from batchio.emulator.bodies import MAX_BODY

from .wire import VERSION, Wire

BACKWARDS = {"start": 5, "end": 1, "exitOptions": {}}
ADD = "/jobs/job/addtaskcollection"


def task(id: str, **more: object) -> dict[str, object]:
    return {"id": id, "commandLine": "true", **more}


async def test_added(wire: Wire, emulator: Emulator) -> None:
    await wire.job("Job")
    reply = await wire.add("jOB", "Eins", "zwei")
    assert reply.status == 200
    first, second = reply.items
    assert (first["status"], first["taskId"]) == ("success", "Eins")
    assert first["location"] == f"{emulator.endpoint}/jobs/Job/tasks/Eins"
    got = (await wire.get("/jobs/job/tasks/eins")).json
    assert (got["eTag"], got["lastModified"]) == (first["eTag"], first["lastModified"])
    assert second["eTag"] != first["eTag"]


async def test_each_task_has_its_own_result(wire: Wire) -> None:
    await wire.job()
    await wire.add("job", "there")
    tasks = [task("new"), task("THERE"), task("New"), task("waits", dependsOn={"taskIds": ["new"]})]
    reply = await wire.call("POST", ADD, {"value": tasks})
    assert [(item["taskId"], item["status"], item.get("error", {}).get("code")) for item in reply.items] == [
        ("new", "success", None),
        ("THERE", "clienterror", "TaskExists"),
        ("New", "clienterror", "TaskExists"),
        ("waits", "clienterror", "TaskDependenciesNotSpecifiedOnJob"),
    ]
    error = reply.items[1]["error"]
    assert error["message"]["value"].split("\n")[1] == f"RequestId:{reply.headers['request-id']}"
    assert (await wire.get("/jobs/job/tasks")).ids == ["there", "new"]


@pytest.mark.parametrize(
    ("bad", "code", "name"),
    [
        ({"id": "a b", "commandLine": "x"}, "InvalidPropertyValue", "value[1].id"),
        ({"id": "", "commandLine": "x"}, "InvalidPropertyValue", "value[1].id"),
        ({"id": "a,b", "commandLine": "x"}, "InvalidPropertyValue", "value[1].id"),
        ({"id": "a" * 65, "commandLine": "x"}, "InvalidPropertyValue", "value[1].id"),
        ({"id": "a\n", "commandLine": "x"}, "InvalidPropertyValue", "value[1].id"),
        ({"id": None, "commandLine": "x"}, "MissingRequiredProperty", "value[1].id"),
        ({"id": "a"}, "MissingRequiredProperty", "value[1].commandLine"),
        ({"commandLine": "x"}, "MissingRequiredProperty", "value[1].id"),
        ({"id": "a", "commandLine": 5}, "InvalidRequestBody", "value[1].commandLine"),
        ({"id": "a", "commandLine": "x", "nonsense": 5}, "InvalidRequestBody", "value[1].nonsense"),
        ({"id": "a", "commandLine": "x", "requiredSlots": 0}, "InvalidPropertyValue", "value[1].requiredSlots"),
        (
            {"id": "a", "commandLine": "x", "constraints": {"retentionTime": "soon"}},
            "InvalidPropertyValue",
            "value[1].constraints.retentionTime",
        ),
        (
            {"id": "a", "commandLine": "x", "resourceFiles": [{"httpUrl": "http://x"}, {"nonsense": 1}]},
            "InvalidRequestBody",
            "value[1].resourceFiles[1].nonsense",
        ),
        (
            {"id": "a", "commandLine": "x", "resourceFiles": [{"filePath": "x"}]},
            "InvalidPropertyValue",
            "value[1].resourceFiles[0]",
        ),
        (
            {"id": "a", "commandLine": "x", "resourceFiles": [{"httpUrl": "x", "storageContainerUrl": "x"}]},
            "InvalidPropertyValue",
            "value[1].resourceFiles[0]",
        ),
        (
            {"id": "a", "commandLine": "x", "exitConditions": {"exitCodeRanges": [BACKWARDS]}},
            "InvalidPropertyValue",
            "value[1].exitConditions.exitCodeRanges[0]",
        ),
        (
            {"id": "a", "commandLine": "x", "userIdentity": {"username": "u", "autoUser": {}}},
            "InvalidPropertyValue",
            "value[1].userIdentity",
        ),
    ],
)
async def test_a_malformed_task_refuses_all(wire: Wire, bad: object, code: str, name: str) -> None:
    await wire.job()
    reply = await wire.call("POST", ADD, {"value": [task("good"), bad]})
    assert (reply.status, reply.code, reply.values["PropertyName"]) == (400, code, name)
    assert (await wire.get("/jobs/job/tasks")).items == []


async def test_at_most_100_tasks(wire: Wire) -> None:
    await wire.job()
    reply = await wire.add("job", *(f"t{n}" for n in range(101)))
    assert (reply.status, reply.code, reply.values["PropertyName"]) == (400, "InvalidPropertyValue", "value")
    assert len((await wire.add("job", *(f"t{n}" for n in range(100)))).items) == 100


async def test_no_tasks(wire: Wire) -> None:
    await wire.job()
    assert (await wire.add("job")).items == []
    assert (await wire.call("POST", ADD, {})).code == "MissingRequiredProperty"


def body_of(size: int) -> bytes:
    empty = json.dumps({"value": [task("a", displayName="d") | {"commandLine": ""}]}).encode()
    return empty.replace(b'"commandLine": ""', b'"commandLine": "' + b"x" * (size - len(empty)) + b'"')


async def test_less_than_a_megabyte(wire: Wire) -> None:
    await wire.job()
    largest = body_of(MAX_BODY - 1)
    assert len(largest) == MAX_BODY - 1
    assert (await wire.call("POST", ADD, largest)).status == 200
    for size in (MAX_BODY, 3 * MAX_BODY):
        reply = await wire.call("POST", ADD, body_of(size))
        assert (reply.status, reply.code) == (413, "RequestBodyTooLarge")
    # The connection is as good as before.
    assert (await wire.get("/jobs/job/tasks")).ids == ["a"]


async def test_a_large_body_in_chunks(wire: Wire, emulator: Emulator) -> None:
    async def chunks() -> object:
        for _ in range(40):
            yield b" " * 65536

    await wire.job()
    url = f"{emulator.endpoint}{ADD}?api-version={VERSION}"
    headers = {"Authorization": "Bearer x", "Content-Type": "application/json"}
    async with wire.session.post(url, data=chunks(), headers=headers) as answer:
        # Whoever has no right to add tasks is not told more.
        assert answer.status == 401


async def test_unknown_job(wire: Wire) -> None:
    reply = await wire.add("none", "a")
    assert (reply.status, reply.code) == (404, "JobNotFound")


async def test_what_was_sent_comes_back_whatever_its_spelling(wire: Wire) -> None:
    await wire.job()
    body = b'{ "value" : [ {\n "commandLine":"\\u00e4 \\"x\\"", "id" : "a", "id":"b" } ] }'
    assert (await wire.call("POST", ADD, body)).items[0]["taskId"] == "b"
    shown = (await wire.get("/jobs/job/tasks")).items[0]
    assert (shown["id"], shown["commandLine"]) == ("b", 'ä "x"')
