from __future__ import annotations

import pytest

from batchio.emulator import Emulator, FaultRule

from .wire import Reply, Wire


async def ask(wire: Wire, method: str, name: str, body: bytes | None = None, **headers: str) -> Reply:
    """No signature: the control endpoints need none."""
    return await wire.raw(method, f"{wire.emulator.endpoint}/_emulator/{name}", body, headers)


async def test_health(wire: Wire) -> None:
    await wire.job()
    reply = await ask(wire, "GET", "health")
    assert reply.json == {"status": "ok", "jobs": 1, "pools": 0, "nodes": "none"}
    assert reply.headers["Content-Type"] == "application/json"


async def test_clock(wire: Wire, emulator: Emulator) -> None:
    assert (await ask(wire, "GET", "clock")).json == {"now": "2024-07-01T12:00:00.1234560Z"}
    assert (await ask(wire, "POST", "clock", b'{"advance": 60.5}')).json == {"now": "2024-07-01T12:01:00.6234560Z"}
    assert emulator.clock.now().minute == 1


async def test_faults(wire: Wire, emulator: Emulator) -> None:
    rules = b'[{"status":503,"code":"ServerBusy","count":2},{"operation":"Jobs_GetJob","latency":0.001}]'
    reply = await ask(wire, "PUT", "faults", rules)
    assert reply.status == 200
    assert reply.json == (await ask(wire, "GET", "faults")).json
    assert list(emulator.faults) == [
        FaultRule(status=503, code="ServerBusy", count=2),
        FaultRule(operation="Jobs_GetJob", latency=0.001),
    ]
    assert (await wire.get("/jobs")).status == 503


async def test_requests_and_counters(wire: Wire, emulator: Emulator) -> None:
    await wire.job()
    await wire.add("job", "a", "b")
    await wire.get("/jobs/none")
    emulator.faults.append(FaultRule(status=500))
    await wire.get("/jobs")
    log = (await ask(wire, "GET", "requests")).json
    assert [record["operation"] for record in log] == [
        "Jobs_CreateJob",
        "Tasks_CreateTaskCollection",
        "Jobs_GetJob",
        "Jobs_ListJobs",
    ]
    assert log[0]["at"] == "2024-07-01T12:00:00.1234560Z"
    assert (await ask(wire, "GET", "requests?last=1")).json == log[-1:]
    assert (await ask(wire, "GET", "requests?last=0")).json == []
    assert (await ask(wire, "GET", "counters")).json == {
        "requests": 4,
        "tasks": 2,
        "faulted": 1,
        "statuses": {"201": 1, "200": 1, "404": 1, "500": 1},
        "codes": {"JobNotFound": 1, "InternalError": 1},
        "operations": {
            "Jobs_CreateJob": 1,
            "Tasks_CreateTaskCollection": 1,
            "Jobs_GetJob": 1,
            "Jobs_ListJobs": 1,
        },
    }


async def test_reset(wire: Wire, emulator: Emulator) -> None:
    await wire.job()
    assert (await ask(wire, "POST", "reset")).status == 200
    assert not emulator.requests
    assert (await wire.get("/jobs")).items == []


@pytest.mark.parametrize(
    ("method", "name", "body", "status"),
    [
        ("GET", "nothing", None, 404),
        ("GET", "", None, 404),
        ("DELETE", "faults", None, 405),
        ("POST", "clock", b'{"advance": -1}', 400),
        ("POST", "clock", b'{"advance": 1e300}', 400),
        ("POST", "clock", b"", 400),
        ("PUT", "faults", b'[{"rate": 5, "status": 500}]', 400),
        ("PUT", "faults", b"\xff", 400),
        ("GET", "requests?last=x", None, 400),
    ],
)
async def test_refused(wire: Wire, method: str, name: str, body: bytes | None, status: int) -> None:
    reply = await ask(wire, method, name, body)
    assert reply.status == status
    assert reply.code
    assert reply.values["Reason"]
