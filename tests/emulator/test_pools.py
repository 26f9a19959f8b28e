from __future__ import annotations

from typing import Any

import pytest

from batchio.emulator import Emulator, pools

from .wire import Wire


async def test_create_then_get(wire: Wire, emulator: Emulator) -> None:
    made = await wire.pool("Pool", taskSlotsPerNode=4)
    assert made.status == 201
    assert made.headers["DataServiceId"] == f"{emulator.endpoint}/pools/Pool"
    pool = (await wire.get("/pools/POOL")).json
    assert (pool["id"], pool["state"], pool["allocationState"]) == ("Pool", "active", "steady")
    assert (pool["taskSlotsPerNode"], pool["currentDedicatedNodes"], pool["vmSize"]) == (4, 0, "standard_a1")
    assert pool["eTag"] == made.headers["ETag"]


async def test_secrets_are_never_given_back(wire: Wire) -> None:
    accounts = [{"name": "me", "password": "hunter2", "linuxUserConfiguration": {"sshPrivateKey": "hunter3"}}]
    assert (await wire.pool(userAccounts=accounts)).status == 201
    got = await wire.get("/pools/pool")
    assert got.json["userAccounts"] == [{"name": "me", "linuxUserConfiguration": {}}]
    assert b"hunter" not in got.body
    assert b"hunter" not in (await wire.get("/pools")).body


async def test_a_refused_secret_is_not_quoted(wire: Wire) -> None:
    reply = await wire.pool(userAccounts=[{"name": "me", "password": ["hunter2"]}])
    assert reply.values["PropertyName"] == "userAccounts[0].password"
    assert b"hunter" not in reply.body


@pytest.mark.parametrize(
    ("change", "code", "name"),
    [
        ({"vmSize": None}, "MissingRequiredProperty", "vmSize"),
        ({"targetDedicatedNodes": -1}, "InvalidPropertyValue", "targetDedicatedNodes"),
        ({"taskSlotsPerNode": 0}, "InvalidPropertyValue", "taskSlotsPerNode"),
        ({"taskSlotsPerNode": 257}, "InvalidPropertyValue", "taskSlotsPerNode"),
        ({"resizeTimeout": "PT4M59S"}, "InvalidPropertyValue", "resizeTimeout"),
        ({"enableAutoScale": True}, "MissingRequiredProperty", "autoScaleFormula"),
        ({"autoScaleFormula": "$x=1"}, "InvalidPropertyValue", "autoScaleFormula"),
        (
            {"enableAutoScale": True, "autoScaleFormula": "$x=1", "targetDedicatedNodes": 1},
            "InvalidPropertyValue",
            "targetDedicatedNodes",
        ),
    ],
)
async def test_bad_properties(wire: Wire, change: dict[str, Any], code: str, name: str) -> None:
    reply = await wire.pool(**change)
    assert (reply.status, reply.code, reply.values["PropertyName"]) == (400, code, name)


ENDPOINTS = "networkConfiguration.endpointConfiguration.inboundNATPools"


def endpoint(name: str = "a", port: int = 80, first: int = 1000, **more: object) -> dict[str, object]:
    ports = {"backendPort": port, "frontendPortRangeStart": first, "frontendPortRangeEnd": first + 39}
    return {"name": name, "protocol": "tcp", **ports, **more}


def rules(*priorities: int) -> list[dict[str, object]]:
    return [{"priority": priority, "access": "allow", "sourceAddressPrefix": "*"} for priority in priorities]


@pytest.mark.parametrize(
    ("endpoints", "name"),
    [
        ([endpoint("-a")], "[0].name"),
        ([endpoint("a-")], "[0].name"),
        ([endpoint("a b")], "[0].name"),
        ([endpoint(port=29877)], "[0].backendPort"),
        ([endpoint(first=49_970)], "[0].frontendPortRangeStart"),
        ([endpoint(frontendPortRangeEnd=1038)], "[0].frontendPortRangeEnd"),
        ([endpoint(), endpoint("A", 81, 2000)], "[1].name"),
        ([endpoint(), endpoint("b", 80, 2000)], "[1].backendPort"),
        ([endpoint(), endpoint("b", 81, 1039)], "[1].frontendPortRangeStart"),
        ([endpoint(networkSecurityGroupRules=rules(150, 150))], ""),
        ([endpoint(networkSecurityGroupRules=rules(*range(150, 176)))], ""),
    ],
)
async def test_endpoints_that_cannot_be(wire: Wire, endpoints: list[object], name: str) -> None:
    network = {"endpointConfiguration": {"inboundNATPools": endpoints}}
    await wire.pool("other")
    for reply in (
        await wire.pool(networkConfiguration=network),
        await wire.call("PATCH", "/pools/other", {"networkConfiguration": network}),
    ):
        assert (reply.status, reply.code) == (400, "InvalidPropertyValue")
        assert reply.values["PropertyName"] == f"{ENDPOINTS}{name}"


async def test_endpoints_that_can_be(wire: Wire) -> None:
    endpoints = [endpoint("a.b-c_", networkSecurityGroupRules=rules(150, 151)), endpoint("b", 81, 1040)]
    network = {"endpointConfiguration": {"inboundNATPools": endpoints}}
    assert (await wire.pool(networkConfiguration=network)).status == 201


async def test_a_property_of_another_version_is_refused(wire: Wire) -> None:
    body = {"id": "p", "vmSize": "s", "resourceTags": {"a": "b"}}
    old = await wire.call("POST", "/pools", body, version="2019-08-01.10.0")
    assert (old.code, old.values["PropertyName"]) == ("InvalidRequestBody", "resourceTags")
    assert (await wire.call("POST", "/pools", body)).status == 201


async def test_life(wire: Wire, emulator: Emulator) -> None:
    await wire.pool()
    assert (await wire.pool("POOL")).code == "PoolExists"
    assert (await wire.call("DELETE", "/pools/pool")).status == 202
    assert (await wire.get("/pools/pool")).json["state"] == "deleting"
    assert (await wire.pool()).code == "PoolBeingDeleted"
    assert (await wire.call("DELETE", "/pools/pool")).code == "PoolBeingDeleted"
    emulator.clock.advance(1)
    gone = await wire.get("/pools/pool")
    assert (gone.status, gone.code) == (404, "PoolNotFound")


async def test_quota(wire: Wire, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pools, "MAX_POOLS", 1)
    await wire.pool("a")
    assert (await wire.pool("b")).code == "PoolQuotaReached"


async def test_filters(wire: Wire) -> None:
    await wire.pool("a", enableInterNodeCommunication=True)
    await wire.pool("b", vmSize="Standard_D2")
    cases = {
        "enableInterNodeCommunication eq true": ["a"],
        "not enableInterNodeCommunication": ["b"],
        "vmSize eq 'standard_d2'": ["b"],
        "allocationState eq 'steady' and enableAutoScale eq false": ["a", "b"],
    }
    for text, ids in cases.items():
        assert (await wire.get("/pools", _filter=text)).ids == ids, text
