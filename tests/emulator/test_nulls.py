"""A property that is null counts as absent, as clients with nullable types send it."""

from __future__ import annotations

import json
from typing import Any

import pytest

from batchio.emulator import bodies

from .wire import Wire

NOTHING: dict[str, Any] = {"displayName": None, "constraints": {"maxWallClockTime": None, "maxTaskRetryCount": 1}}


async def test_nulls_of_what_is_created(wire: Wire) -> None:
    assert (await wire.job(**NOTHING, priority=None, jobManagerTask=None)).status == 201
    job = (await wire.get("/jobs/job")).json
    assert (job["constraints"]["maxTaskRetryCount"], job["priority"]) == (1, 0)
    image = {"publisher": "a", "offer": "b", "sku": "c", "version": None}
    # As one of the examples of the API sends it.
    profile = {"uefiSettings": {"vTpmEnabled": None}}
    machine = {"imageReference": image, "nodeAgentSKUId": "d", "securityProfile": profile}
    assert (await wire.pool(virtualMachineConfiguration=machine, startTask=None)).status == 201
    shown = (await wire.get("/pools/pool")).json
    assert shown["virtualMachineConfiguration"]["imageReference"] == {"publisher": "a", "offer": "b", "sku": "c"}
    assert b"null" not in json.dumps([job, shown]).encode()


async def test_nulls_of_tasks(wire: Wire) -> None:
    await wire.job()
    line = "echo '\"a\": null' > /dev/null"
    task = {"id": "one", "commandLine": line, **NOTHING, "dependsOn": None, "exitConditions": {"exitCodes": None}}
    assert (await wire.call("POST", "/jobs/job/tasks", task)).status == 201
    many = {"value": [{**task, "id": "two"}]}
    [result] = (await wire.call("POST", "/jobs/job/addtaskcollection", many)).items
    assert result["status"] == "success"
    one, two = (await wire.get("/jobs/job/tasks")).items
    assert one["commandLine"] == two["commandLine"] == line
    assert one["constraints"] == two["constraints"]
    assert one["constraints"]["maxTaskRetryCount"] == 1
    assert "displayName" not in one
    assert "dependsOn" not in one


async def test_nulls_change_nothing(wire: Wire) -> None:
    await wire.job(priority=5, metadata=[{"name": "a", "value": "b"}])
    nulls = {"priority": None, "metadata": None, "poolInfo": None, "constraints": None, "maxParallelTasks": 3}
    assert (await wire.call("PATCH", "/jobs/job", nulls)).status == 200
    job = (await wire.get("/jobs/job")).json
    assert (job["priority"], job["maxParallelTasks"]) == (5, 3)
    assert job["metadata"] == [{"name": "a", "value": "b"}]


@pytest.mark.parametrize(
    ("change", "code", "name"),
    [
        ({"id": None}, "MissingRequiredProperty", "id"),
        ({"metadata": [{"name": "a", "value": None}]}, "MissingRequiredProperty", "metadata[0].value"),
        ({"metadata": [None]}, "InvalidRequestBody", "metadata[0]"),
        ({"commonEnvironmentSettings": [None]}, "InvalidRequestBody", "commonEnvironmentSettings[0]"),
    ],
)
async def test_a_null_is_no_value(wire: Wire, change: dict[str, Any], code: str, name: str) -> None:
    reply = await wire.call("POST", "/jobs", {"id": "job", "poolInfo": {"poolId": "pool"}, **change})
    assert (reply.status, reply.code, reply.values["PropertyName"]) == (400, code, name)


@pytest.mark.parametrize("body", [b'{"a":' * 5000 + b"null", b'{"a": null', b"\xff: null", b'{"a":"/dev/null"}'])
def test_what_has_none_or_is_no_json_stays_as_it_is(body: bytes) -> None:
    assert bodies.plain(body) is body
