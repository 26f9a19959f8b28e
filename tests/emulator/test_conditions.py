from __future__ import annotations

import pytest

from batchio.emulator import Emulator

from .wire import Wire

NOW = "Mon, 01 Jul 2024 12:00:00 GMT"
EARLIER = "Mon, 01 Jul 2024 11:59:59 GMT"
LATER = "Mon, 01 Jul 2024 12:00:01 GMT"


@pytest.mark.parametrize(
    ("headers", "reading", "writing"),
    [
        ({"If-Match": "same"}, 200, 202),
        ({"If-Match": '"same"'}, 200, 202),
        ({"If-Match": "*"}, 200, 202),
        ({"If-Match": "0x1"}, 412, 412),
        ({"If-None-Match": "same"}, 304, 412),
        ({"If-None-Match": "*"}, 304, 412),
        ({"If-None-Match": "0x1"}, 200, 202),
        ({"If-Modified-Since": EARLIER}, 200, 202),
        ({"If-Modified-Since": NOW}, 304, 412),
        ({"If-Modified-Since": LATER}, 304, 412),
        ({"If-Unmodified-Since": EARLIER}, 412, 412),
        ({"If-Unmodified-Since": NOW}, 200, 202),
        ({"If-None-Match": "0x1", "If-Modified-Since": LATER}, 200, 202),
        ({"If-Match": "0x1", "If-None-Match": "same"}, 412, 412),
        ({"If-Modified-Since": "yesterday"}, 400, 400),
        ({"If-Match": '"0x1", "same"'}, 200, 202),
        ({"If-Match": '"0x1","0x2"'}, 412, 412),
        ({"If-None-Match": '"0x1", "same"'}, 304, 412),
        ({"If-Match": 'W/"same"'}, 412, 412),
        ({"If-None-Match": 'W/"same"'}, 200, 202),
        ({"If-Match": "same", "If-Unmodified-Since": EARLIER}, 200, 202),
        ({"If-Match": "0x1", "If-Unmodified-Since": LATER}, 412, 412),
    ],
)
@pytest.mark.parametrize("path", ["/jobs/thing", "/pools/thing", "/jobs/thing/tasks/thing"])
async def test_conditions(wire: Wire, path: str, headers: dict[str, str], reading: int, writing: int) -> None:
    await wire.job("thing")
    await wire.pool("thing")
    await wire.add("thing", "thing")
    tag = (await wire.get(path)).headers["ETag"]
    sent = {name: value.replace("same", tag) for name, value in headers.items()}
    read = await wire.call("GET", path, headers=sent)
    assert read.status == reading
    if reading == 304:
        assert read.body == b""
        assert read.headers["ETag"] == tag
    if reading == 412:
        assert read.code == "ConditionNotMet"
    written = await wire.call("DELETE", path, headers=sent)
    # The deletion of a task is done at once.
    assert written.status == (200 if writing == 202 and "tasks" in path else writing)
    if writing == 412:
        assert written.code == "ConditionNotMet"
        assert (await wire.get(path)).headers["ETag"] == tag


async def test_etag_changes_with_the_resource_alone(wire: Wire, emulator: Emulator) -> None:
    await wire.job()
    tag = (await wire.get("/jobs/job")).headers["ETag"]
    emulator.clock.advance(60)
    await wire.job("other")
    await wire.add("job", "a")
    assert (await wire.get("/jobs/job")).headers["ETag"] == tag
    await wire.call("DELETE", "/jobs/job")
    changed = await wire.get("/jobs/job")
    assert changed.headers["ETag"] != tag
    assert changed.headers["Last-Modified"] == "Mon, 01 Jul 2024 12:01:00 GMT"


async def test_etags_never_come_twice(wire: Wire, emulator: Emulator) -> None:
    seen: set[str] = set()
    for _ in range(3):
        await wire.job()
        added = await wire.add("job", "a", "b")
        tags = [(await wire.get("/jobs/job")).json["eTag"], *(item["eTag"] for item in added.items)]
        assert not seen.intersection(tags)
        seen.update(tags)
        emulator.reset()
    assert len(seen) == 9


@pytest.mark.parametrize("headers", [{"If-Match": "0x1"}, {"If-None-Match": "*"}, {"If-Modified-Since": LATER}])
async def test_an_operation_without_conditions_does_not_look_at_them(wire: Wire, headers: dict[str, str]) -> None:
    await wire.pool(enableAutoScale=True, autoScaleFormula="$TargetDedicatedNodes=0;")
    assert (await wire.call("GET", "/pools", headers=headers)).status == 200
    body = {"autoScaleFormula": "$TargetDedicatedNodes=0;"}
    assert (await wire.call("POST", "/pools/pool/evaluateautoscale", body, headers=headers)).status == 200
    assert (await wire.call("POST", "/pools/pool/disableautoscale", headers=headers)).status == 200
    replaced: dict[str, object] = {"certificateReferences": [], "applicationPackageReferences": [], "metadata": []}
    assert (await wire.call("POST", "/pools/pool/updateproperties", replaced, headers=headers)).status == 204
