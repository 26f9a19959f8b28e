"""Changes of pools: properties, size, auto scale, nodes; and what is said of all pools."""

from __future__ import annotations

from typing import Any

import pytest

from batchio import BatchClient, models
from batchio.emulator import pool_life

from .wire import Reply, Wire


async def act(wire: Wire, verb: str, body: object = None) -> Reply:
    return await wire.call("POST", f"/pools/pool/{verb}", body)


async def pool(wire: Wire) -> dict[str, Any]:
    found: dict[str, Any] = (await wire.get("/pools/pool")).json
    return found


async def test_exists(wire: Wire, client: BatchClient) -> None:
    await wire.pool()
    there = await wire.call("HEAD", "/pools/POOL")
    assert (there.status, there.headers["ETag"]) == (200, (await pool(wire))["eTag"])
    assert (await wire.call("HEAD", "/pools/pool", headers={"If-None-Match": there.headers["ETag"]})).status == 304
    assert (await wire.call("HEAD", "/pools/none")).status == 404
    assert not await client.pools.exists("none")


async def test_update(wire: Wire) -> None:
    await wire.pool(metadata=[{"name": "a", "value": "b"}], startTask={"commandLine": "true"})
    sent: dict[str, Any] = {"metadata": [], "vmSize": "other", "startTask": None, "taskSlotsPerNode": 4}
    reply = await wire.call("PATCH", "/pools/pool", sent)
    found = await pool(wire)
    assert (reply.status, reply.headers["ETag"]) == (200, found["eTag"])
    assert (found["metadata"], found["vmSize"], found["taskSlotsPerNode"]) == ([], "other", 4)
    assert found["startTask"]["commandLine"] == "true"


@pytest.mark.parametrize(
    ("body", "code", "name"),
    [
        ({"startTask": {"waitForSuccess": False}}, "MissingRequiredProperty", "startTask.commandLine"),
        (
            {"startTask": {"commandLine": "x", "environmentSettings": [{"value": "x"}]}},
            "MissingRequiredProperty",
            "startTask.environmentSettings[0].name",
        ),
        (
            {"startTask": {"commandLine": "x", "maxTaskRetryCount": -2}},
            "InvalidPropertyValue",
            "startTask.maxTaskRetryCount",
        ),
        ({"virtualMachineConfiguration": {}}, "MissingRequiredProperty", "virtualMachineConfiguration.imageReference"),
        ({"metadata": [{"name": "a"}]}, "MissingRequiredProperty", "metadata[0].value"),
        ({"mountConfiguration": [{}]}, "InvalidPropertyValue", "mountConfiguration[0]"),
        ({"targetDedicatedNodes": 3}, "InvalidRequestBody", "targetDedicatedNodes"),
        ({"taskSlotsPerNode": 0}, "InvalidPropertyValue", "taskSlotsPerNode"),
        (
            {"certificateReferences": [{"thumbprint": "ab", "thumbprintAlgorithm": "sha1"}]},
            "InvalidCertificateReferences",
            "certificateReferences[0]",
        ),
    ],
)
async def test_bad_updates(wire: Wire, body: object, code: str, name: str) -> None:
    await wire.pool()
    reply = await wire.call("PATCH", "/pools/pool", body)
    assert (reply.status, reply.code, reply.values["PropertyName"]) == (400, code, name)


async def test_replace_properties(wire: Wire) -> None:
    await wire.pool(startTask={"commandLine": "true"}, metadata=[{"name": "a", "value": "b"}], displayName="d")
    body: dict[str, Any] = {"applicationPackageReferences": [], "metadata": [], "certificateReferences": []}
    reply = await act(wire, "updateproperties", body)
    assert reply.status == 204
    found = await pool(wire)
    assert "startTask" not in found
    assert (found["metadata"], found["displayName"]) == ([], "d")
    del body["metadata"]
    assert (await act(wire, "updateproperties", body)).values["PropertyName"] == "metadata"


async def test_a_pool_that_is_being_deleted_takes_no_change(wire: Wire) -> None:
    await wire.pool()
    await wire.call("DELETE", "/pools/pool")
    for reply in (
        await wire.call("PATCH", "/pools/pool", {}),
        await act(wire, "resize", {"targetDedicatedNodes": 1}),
        await act(wire, "stopresize"),
        await act(wire, "disableautoscale"),
        await act(wire, "removenodes", {"nodeList": ["a"]}),
    ):
        assert (reply.status, reply.code) == (409, "PoolBeingDeleted")


async def test_resize_without_nodes(wire: Wire) -> None:
    await wire.pool()
    reply = await act(wire, "resize", {"targetDedicatedNodes": 3, "resizeTimeout": "PT20M"})
    assert reply.status == 202
    found = await pool(wire)
    assert reply.headers["ETag"] == found["eTag"]
    assert (found["allocationState"], found["targetDedicatedNodes"], found["resizeTimeout"]) == (
        "resizing",
        3,
        "PT20M",
    )
    assert (await act(wire, "resize", {"targetDedicatedNodes": 1})).code == "PoolBeingResized"
    wire.emulator.clock.advance(1)
    found = await pool(wire)
    assert (found["allocationState"], found["currentDedicatedNodes"]) == ("steady", 0)
    assert (await wire.get("/pools", _filter="allocationState eq 'resizing'")).items == []


@pytest.mark.parametrize(
    ("body", "code"),
    [
        ({}, "InvalidPropertyValue"),
        ({"targetDedicatedNodes": -1}, "InvalidPropertyValue"),
        ({"targetDedicatedNodes": 1, "resizeTimeout": "PT1M"}, "InvalidPropertyValue"),
        ({"targetDedicatedNodes": 1, "nodeDeallocationOption": "explode"}, "InvalidPropertyValue"),
    ],
)
async def test_bad_sizes(wire: Wire, body: object, code: str) -> None:
    await wire.pool()
    reply = await act(wire, "resize", body)
    assert (reply.status, reply.code) == (400, code)


async def test_stop(wire: Wire) -> None:
    await wire.pool()
    assert (await act(wire, "stopresize")).code == "OperationInvalidForCurrentState"
    await act(wire, "resize", {"targetDedicatedNodes": 3})
    assert (await act(wire, "stopresize")).status == 202
    assert (await pool(wire))["allocationState"] == "stopping"
    wire.emulator.clock.advance(1)
    found = await pool(wire)
    assert found["allocationState"] == "steady"
    assert [error["code"] for error in found["resizeErrors"]] == ["ResizeStopped"]


async def test_auto_scale(wire: Wire) -> None:
    await wire.pool()
    assert (await act(wire, "enableautoscale", {})).values["PropertyName"] == "autoScaleFormula"
    formula = {"autoScaleFormula": "$TargetDedicatedNodes=1"}
    assert (await act(wire, "evaluateautoscale", formula)).code == "OperationNotValidOnPool"
    short = await act(wire, "enableautoscale", {**formula, "autoScaleEvaluationInterval": "PT1M"})
    assert (short.status, short.code) == (400, "InvalidPropertyValue")
    assert (await act(wire, "enableautoscale", formula)).status == 200
    found = await pool(wire)
    assert (found["enableAutoScale"], found["autoScaleEvaluationInterval"]) == (True, "PT15M")
    again = await act(wire, "enableautoscale", {})
    assert (again.status, again.code, again.headers["Retry-After"]) == (503, "TooManyEnableAutoScaleRequests", "30")
    wire.emulator.clock.advance(31)
    assert (await act(wire, "enableautoscale", {})).status == 200
    assert (await act(wire, "resize", {"targetDedicatedNodes": 1})).code == "OperationNotValidOnPool"
    assert (await act(wire, "disableautoscale")).status == 200
    found = await pool(wire)
    assert not found["enableAutoScale"]
    assert "autoScaleFormula" not in found


async def test_nodes_come_and_go(client: BatchClient, working: Wire) -> None:
    await client.pools.create({"id": "pool", "vmSize": "a", "targetDedicatedNodes": 3})
    working.emulator.clock.advance(5)
    await client.jobs.create({"id": "job", "poolInfo": {"poolId": "pool"}})
    await client.tasks.create("job", {"id": "t", "commandLine": "sleep 60"})
    working.emulator.clock.advance(1)
    busy = (await client.tasks.get("job", "t")).node_info
    assert busy is not None
    refused = await act(working, "removenodes", {"nodeList": ["none"]})
    assert (refused.status, refused.code) == (404, "NodeNotFound")
    assert (await act(working, "removenodes", {"nodeList": []})).status == 400
    # A smaller pool lets go of those that have nothing to do.
    await client.pools.resize("pool", models.PoolResizeParameter(target_dedicated_nodes=2))
    assert {str(node.state) async for node in client.nodes.list("pool")} == {"idle", "leavingpool", "running"}
    working.emulator.clock.advance(2)
    assert (await client.pools.wait_steady("pool")).allocation_state == "steady"
    await client.pools.remove_nodes("pool", {"nodeList": [busy.node_id], "nodeDeallocationOption": "taskcompletion"})
    working.emulator.clock.advance(10)
    assert (await client.pools.get("pool")).allocation_state == "resizing"
    working.emulator.clock.advance(60)
    found = await client.pools.get("pool")
    assert (found.allocation_state, found.current_dedicated_nodes) == ("steady", 1)
    assert (await client.tasks.get("job", "t")).state == "completed"
    await client.pools.resize("pool", {"targetDedicatedNodes": 0})
    working.emulator.clock.advance(5)
    assert [node async for node in client.nodes.list("pool")] == []
    await client.pools.delete("pool")
    working.emulator.clock.advance(1)
    await client.pools.wait_deleted("pool")


async def test_a_resize_that_takes_too_long(client: BatchClient, working: Wire) -> None:
    await client.pools.create({"id": "pool", "vmSize": "a", "targetDedicatedNodes": 1})
    await client.jobs.create({"id": "job", "poolInfo": {"poolId": "pool"}})
    await client.tasks.create("job", {"id": "t", "commandLine": "sleep 3600"})
    working.emulator.clock.advance(5)
    option = {"targetDedicatedNodes": 0, "nodeDeallocationOption": "taskcompletion", "resizeTimeout": "PT5M"}
    await client.pools.resize("pool", option)
    working.emulator.clock.advance(301)
    found = await pool(working)
    assert found["allocationState"] == "steady"
    assert [error["code"] for error in found["resizeErrors"]] == ["AllocationTimedOut"]


async def test_a_quota_of_nodes(client: BatchClient, working: Wire, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pool_life, "MAX_NODES", 2)
    await client.pools.create({"id": "pool", "vmSize": "a", "targetDedicatedNodes": 5})
    working.emulator.clock.advance(5)
    found = await pool(working)
    assert (found["allocationState"], found["currentDedicatedNodes"]) == ("steady", 2)
    assert [error["code"] for error in found["resizeErrors"]] == ["AccountCoreQuotaReached"]


async def test_deleting_a_pool_with_nodes(client: BatchClient, working: Wire) -> None:
    await client.pools.create({"id": "pool", "vmSize": "a", "targetDedicatedNodes": 2})
    await client.jobs.create({"id": "job", "poolInfo": {"poolId": "pool"}})
    await client.tasks.create("job", {"id": "t", "commandLine": "sleep 3600"})
    working.emulator.clock.advance(5)
    await client.pools.delete("pool")
    assert (await client.tasks.get("job", "t")).state == "active"
    working.emulator.clock.advance(0.1)
    assert (await client.pools.get("pool")).state == "deleting"
    working.emulator.clock.advance(3)
    assert not await client.pools.exists("pool")
    # A pool of the same name takes over.
    await client.pools.create({"id": "pool", "vmSize": "a", "targetDedicatedNodes": 1})
    working.emulator.clock.advance(5)
    assert (await client.tasks.get("job", "t")).state == "running"


async def test_node_counts(wire: Wire) -> None:
    await wire.pool("a")
    await wire.pool("b")
    items = (await wire.get("/nodecounts")).items
    assert [item["poolId"] for item in items] == ["a", "b"]
    assert items[0]["dedicated"]["total"] == items[0]["lowPriority"]["idle"] == 0
    first = await wire.get("/nodecounts", maxresults="1")
    assert len(first.items) == 1
    assert len((await wire.send("GET", first.json["odata.nextLink"])).items) == 1
    old = await wire.call("GET", "/nodecounts", version="2019-08-01.10.0")
    assert "deallocated" not in old.items[0]["dedicated"]


async def test_supported_images(client: BatchClient) -> None:
    every = [image async for image in client.pools.list_supported_images()]
    linux = [image async for image in client.pools.list_supported_images(filter="osType eq 'linux'")]
    assert len(every) > len(linux) > 1
    assert {image.os_type for image in linux} == {"linux"}


async def test_usage_metrics(client: BatchClient, working: Wire) -> None:
    await client.pools.create({"id": "pool", "vmSize": "a", "targetDedicatedNodes": 2})
    assert [metrics async for metrics in client.pools.list_usage_metrics()] == []
    working.emulator.clock.advance(3600)
    [metrics] = [metrics async for metrics in client.pools.list_usage_metrics(filter="poolId eq 'pool'")]
    assert (metrics.vm_size, metrics.total_core_hours) == ("a", 1.0)
    bad = await working.get("/poolusagemetrics", startTime="yesterday")
    assert (bad.status, bad.code) == (400, "InvalidQueryParameterValue")
