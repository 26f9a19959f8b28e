from __future__ import annotations

import time

import aiohttp
import pytest

from batchio.emulator import Emulator, FaultRule

from .wire import Wire

ADD = "Tasks_CreateTaskCollection"
IDS = [f"t{n}" for n in range(100)]


async def test_status_and_retry_after(wire: Wire, emulator: Emulator) -> None:
    emulator.faults.append(FaultRule(operation="Jobs_GetJob", status=503, code="ServerBusy", retry_after=2, count=1))
    await wire.job()
    reply = await wire.get("/jobs/job")
    assert (reply.status, reply.code, reply.headers["Retry-After"]) == (503, "ServerBusy", "2")
    assert (await wire.get("/jobs/job")).status == 200
    assert emulator.requests[-2].faults == (
        "FaultRule(operation='Jobs_GetJob', count=1, status=503, code='ServerBusy', retry_after=2)",
    )


@pytest.mark.parametrize(
    ("status", "code"), [(429, "TooManyRequests"), (503, "ServerBusy"), (500, "InternalError"), (409, "InvalidInput")]
)
async def test_status_has_a_code_by_itself(wire: Wire, emulator: Emulator, status: int, code: str) -> None:
    emulator.faults.append(FaultRule(status=status))
    reply = await wire.get("/jobs")
    assert (reply.status, reply.code) == (status, code)


@pytest.mark.parametrize("status", [200, 403, 413, 502])
async def test_the_page_of_a_proxy(wire: Wire, emulator: Emulator, status: int) -> None:
    emulator.faults.append(FaultRule(status=status, code="html"))
    reply = await wire.get("/jobs")
    assert reply.status == status
    assert reply.headers["Content-Type"] == "text/html; charset=utf-8"
    assert reply.body.startswith(b"<!DOCTYPE html>")


async def test_dropped_before(wire: Wire, emulator: Emulator) -> None:
    emulator.faults.append(FaultRule(operation="Jobs_CreateJob", drop="before", count=1))
    with pytest.raises(aiohttp.ServerDisconnectedError):
        await wire.job()
    assert (await wire.get("/jobs/job")).status == 404
    assert emulator.requests[0].status == 0


async def test_dropped_after(wire: Wire, emulator: Emulator) -> None:
    await wire.job()
    emulator.faults.append(FaultRule(operation=ADD, drop="after", count=1))
    with pytest.raises(aiohttp.ServerDisconnectedError):
        await wire.add("job", "a")
    assert (await wire.get("/jobs/job/tasks")).ids == ["a"]


async def test_broken_off_in_the_answer(wire: Wire, emulator: Emulator) -> None:
    await wire.job()
    emulator.faults.append(FaultRule(operation=ADD, drop="body", count=1))
    with pytest.raises(aiohttp.ClientPayloadError):
        await wire.add("job", *IDS)
    assert len((await wire.get("/jobs/job/tasks")).ids) == 100
    emulator.faults.append(FaultRule(operation="Jobs_CreateJob", drop="body", count=1))
    with pytest.raises(aiohttp.ServerDisconnectedError):
        await wire.job("other")
    assert emulator.requests[1].status == 200


async def test_latency(wire: Wire, emulator: Emulator) -> None:
    emulator.faults.append(FaultRule(latency=0.05, path="/pools"))
    before = time.monotonic()
    assert (await wire.get("/pools")).status == 200
    assert time.monotonic() - before >= 0.05
    assert emulator.requests[-1].seconds >= 0.05


@pytest.mark.parametrize("refuse_with", [429, 503])
async def test_capacity(wire: Wire, emulator: Emulator, refuse_with: int) -> None:
    await wire.job()
    rule = FaultRule(operation=ADD, capacity=1, burst=250, refuse_with=refuse_with, retry_after=0.5)
    emulator.faults.append(rule)
    replies = [await wire.add("job", *(f"{batch}-{id}" for id in IDS)) for batch in "abc"]
    assert [reply.status for reply in replies] == [200, 200, refuse_with]
    assert replies[2].code == {429: "TooManyRequests", 503: "ServerBusy"}[refuse_with]
    assert replies[2].headers["Retry-After"] == "0.5"
    # Fewer tasks still fit, and other operations are not counted.
    assert (await wire.add("job", *IDS[:40])).status == 200
    assert (await wire.get("/jobs")).status == 200


async def test_capacity_counts_a_request_without_tasks_as_one(wire: Wire, emulator: Emulator) -> None:
    emulator.faults.append(FaultRule(capacity=0.001, burst=2))
    assert [(await wire.get("/jobs")).status for _ in range(3)] == [200, 200, 429]


async def collect(wire: Wire, emulator: Emulator, rule: FaultRule) -> list[tuple[str, str, str | None]]:
    await wire.job()
    emulator.faults.append(rule)
    reply = await wire.add("job", *IDS)
    emulator.faults.clear()
    return [(item["taskId"], item["status"], item.get("error", {}).get("code")) for item in reply.items]


@pytest.mark.parametrize(
    ("items", "code", "given"),
    [
        ("servererror", None, "InternalError"),
        ("servererror", "ServerBusy", "ServerBusy"),
        ("clienterror", None, "InvalidPropertyValue"),
        ("clienterror", "TaskExists", "TaskExists"),
    ],
)
async def test_tasks_that_are_not_added(
    wire: Wire, emulator: Emulator, items: str, code: str | None, given: str
) -> None:
    rule = FaultRule(items=items, code=code, rate=0.3)  # type: ignore[arg-type]  # the words are parameters here
    results = await collect(wire, emulator, rule)
    assert [id for id, _, _ in results] == IDS
    failed = {id for id, status, reason in results if (status, reason) == (items, given)}
    assert 10 < len(failed) < 60
    assert set((await wire.get("/jobs/job/tasks")).ids) == set(IDS) - failed


async def test_results_that_are_missing(wire: Wire, emulator: Emulator) -> None:
    results = await collect(wire, emulator, FaultRule(items="omit", rate=0.2))
    assert 50 < len(results) < 98
    assert (await wire.get("/jobs/job/tasks")).ids == IDS


async def test_results_that_come_twice(wire: Wire, emulator: Emulator) -> None:
    results = await collect(wire, emulator, FaultRule(items="duplicate", rate=0.2))
    assert {id for id, _, _ in results} == set(IDS)
    assert 102 < len(results) < 150


async def test_results_that_change_places(wire: Wire, emulator: Emulator) -> None:
    ids = [id for id, _, _ in await collect(wire, emulator, FaultRule(items="reorder"))]
    assert ids != IDS
    assert sorted(ids) == sorted(IDS)


async def test_results_in_another_letter_case(wire: Wire, emulator: Emulator) -> None:
    ids = [id for id, _, _ in await collect(wire, emulator, FaultRule(items="recase", rate=0.5))]
    assert 20 < sum(id.isupper() for id in ids) < 80
    assert [id.lower() for id in ids] == IDS


async def test_rules_work_together(wire: Wire, emulator: Emulator) -> None:
    await wire.job()
    emulator.faults.extend(
        [FaultRule(items="omit", rate=0.5), FaultRule(items="recase"), FaultRule(items="reorder")],
    )
    ids = [item["taskId"] for item in (await wire.add("job", *IDS)).items]
    assert len(ids) < 90
    assert all(id.isupper() for id in ids)
    assert ids != sorted(ids, key=lambda name: int(name[1:]))


async def test_rules_change_while_it_runs(wire: Wire, emulator: Emulator) -> None:
    emulator.faults = [FaultRule(status=500)]
    assert (await wire.get("/jobs")).status == 500
    emulator.faults = []
    assert (await wire.get("/jobs")).status == 200


async def test_a_rule_goes_on_counting_when_others_come(wire: Wire, emulator: Emulator) -> None:
    emulator.faults.append(FaultRule(status=500, count=1))
    assert (await wire.get("/jobs")).status == 500
    faults = emulator.faults
    faults += [FaultRule(status=503, first=2)]
    emulator.faults = faults
    assert (await wire.get("/jobs")).status == 200
    assert (await wire.get("/jobs")).status == 503


async def test_a_fault_needs_no_credential(wire: Wire, emulator: Emulator) -> None:
    emulator.faults.append(FaultRule(status=502, code="html"))
    assert (await wire.raw("GET", f"{emulator.endpoint}/jobs", None, {})).status == 502


async def test_overload_is_told_soon() -> None:
    slow = Emulator(latency=30, faults=[FaultRule(capacity=0.001, burst=1, first=1)])
    async with slow as emulator, aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=10)) as session:
        wire = Wire(emulator, session)
        emulator.faults.append(FaultRule(capacity=0.001, burst=1))
        emulator.faults.plan("Jobs_GetJob", "/jobs/x").overload(1, time.monotonic())
        assert (await wire.get("/jobs")).status == 429
