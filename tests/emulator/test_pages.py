from __future__ import annotations

import gc
from collections.abc import Awaitable, Callable
from types import SimpleNamespace
from typing import Any
from urllib.parse import urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st

from batchio.emulator import Emulator, pages, shelf
from batchio.emulator.resources import StoredTask
from batchio.emulator.shelf import Shelf

from .wire import Wire


async def follow(
    wire: Wire, path: str, between: Callable[[int], Awaitable[None]] | None = None, **query: str
) -> list[list[str]]:
    """The ids of every page, by following the links."""
    reply = await wire.get(path, **query)
    found = [reply.ids]
    while "odata.nextLink" in reply.json:
        if between is not None:
            await between(len(found))
        reply = await wire.send("GET", reply.json["odata.nextLink"])
        assert reply.status == 200, reply.body
        found.append(reply.ids)
    return found


async def test_pages_and_links(wire: Wire, emulator: Emulator) -> None:
    await wire.job()
    await wire.add("job", *(f"t{n}" for n in range(7)))
    assert await follow(wire, "/jobs/job/tasks", maxresults="3") == [["t0", "t1", "t2"], ["t3", "t4", "t5"], ["t6"]]
    # No empty page at the end.
    assert [len(page) for page in await follow(wire, "/jobs/job/tasks", maxresults="7")] == [7]
    link = (await wire.get("/jobs/job/tasks", maxresults="3", _select="id", _filter="state eq 'active'")).json
    parts = urlsplit(link["odata.nextLink"])
    assert f"{parts.scheme}://{parts.netloc}" == emulator.endpoint
    assert "%20" in parts.query
    assert "+" not in parts.query
    assert (await wire.send("GET", link["odata.nextLink"])).items == [{"id": "t3"}, {"id": "t4"}, {"id": "t5"}]


async def test_a_thousand_is_the_page_of_old(wire: Wire) -> None:
    await wire.job()
    for start in range(0, 1100, 100):
        await wire.add("job", *(f"t{n}" for n in range(start, start + 100)))
    assert [len(page) for page in await follow(wire, "/jobs/job/tasks")] == [1000, 100]


async def test_links_stay_right_while_things_come_and_go(wire: Wire) -> None:
    await wire.job()
    await wire.add("job", *(f"t{n}" for n in range(20)))

    async def change(page: int) -> None:
        if page > 3:
            return
        # The last task that was shown goes, one ahead goes, and others come; one of them is an old one anew.
        await wire.call("DELETE", f"/jobs/job/tasks/t{page * 5 - 1}")
        await wire.call("DELETE", f"/jobs/job/tasks/t{page * 5 + 2}")
        await wire.add("job", f"new{page}", f"t{page * 5 - 1}")

    shown = [id for page in await follow(wire, "/jobs/job/tasks", change, maxresults="5") for id in page]
    gone = {f"t{page * 5 + place}" for page in range(1, 4) for place in (-1, 2)}
    lived = {f"t{n}" for n in range(20)} - gone
    assert all(shown.count(id) == 1 for id in lived)
    # What came in anew is another task of the same name.
    assert {id for id in shown if shown.count(id) > 1} <= gone


async def test_links_of_what_is_worked_out_stay_right_too(wire: Wire) -> None:
    for id in "abcdef":
        await wire.pool(id)

    async def counts(link: str | None = None) -> tuple[list[str], str]:
        reply = await (wire.get("/nodecounts", maxresults="2") if link is None else wire.send("GET", link))
        return [item["poolId"] for item in reply.items], reply.json.get("odata.nextLink", "")

    first, link = await counts()
    # One that was shown goes, the last one that was shown goes, and one comes that is ahead of all.
    for id in first:
        await wire.call("DELETE", f"/pools/{id}")
    wire.emulator.clock.advance(60)
    await wire.pool("A0")
    second, link = await counts(link)
    third, link = await counts(link)
    assert (first, second, third, link) == (["a", "b"], ["c", "d"], ["e", "f"], "")


async def test_files_in_pages(working: Wire) -> None:
    await working.pool(targetDedicatedNodes=1)
    working.emulator.clock.advance(10)
    await working.job()
    await working.add("job", "t")
    working.emulator.clock.advance(10)
    path = "/jobs/job/tasks/t/files"
    first = await working.get(path, maxresults="1")
    assert (await working.call("DELETE", f"{path}/{first.items[0]['name']}")).status == 200
    second = await working.send("GET", first.json["odata.nextLink"])
    third = await working.send("GET", second.json["odata.nextLink"])
    assert [reply.items[0]["name"] for reply in (first, second, third)] == ["stderr.txt", "stdout.txt", "wd"]
    assert "odata.nextLink" not in third.json


async def test_a_link_does_not_fit_another_listing(wire: Wire) -> None:
    await wire.job("a")
    await wire.job("b")
    link = (await wire.get("/jobs", maxresults="1")).json["odata.nextLink"]
    other = await wire.send("GET", link.replace("/jobs?", "/pools?"))
    assert (other.status, other.code) == (400, "InvalidQueryParameterValue")


async def test_a_page_looks_at_a_bounded_number(wire: Wire, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pages, "SCAN_LIMIT", 100)
    monkeypatch.setattr(shelf, "_BLOCK", 100)
    await wire.job()
    for start in range(0, 300, 100):
        await wire.add("job", *(f"t{n}" for n in range(start, start + 100)))
    await wire.add("job", "last")
    found = await follow(wire, "/jobs/job/tasks", _filter="startswith(id,'l')")
    assert found == [[], [], [], ["last"]]


async def test_a_long_filter_looks_at_fewer(wire: Wire, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pages, "SCAN_LIMIT", 200)
    monkeypatch.setattr(shelf, "_BLOCK", 50)
    await wire.job()
    await wire.add("job", *(f"t{n}" for n in range(100)))
    await wire.add("job", *(f"u{n}" for n in range(100)))
    await wire.add("job", "last")
    each = "startswith(id,'l')"
    assert await follow(wire, "/jobs/job/tasks", _filter=each) == [[], ["last"]]
    # Sixteen times as many comparisons, a quarter of the looks.
    assert await follow(wire, "/jobs/job/tasks", _filter=" or ".join([each] * 16)) == [[], [], [], [], ["last"]]
    assert await follow(wire, "/jobs/job/tasks", _filter=f"not (not ({each} and {each} and {each}))") == [[], ["last"]]


async def test_what_is_selected_twice_is_looked_for_once(wire: Wire, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[object] = []
    pick = pages.pick

    def watched(shown: dict[str, Any], names: tuple[str, ...] | None) -> dict[str, Any]:
        asked.append(names)
        return pick(shown, names)

    monkeypatch.setattr(pages, "pick", watched)
    await wire.job()
    assert (await wire.get("/jobs", _select="id, state,id ,id")).items == [{"id": "job", "state": "active"}]
    assert asked == [("id", "state")]


class Thing(SimpleNamespace):
    born: int
    gone: bool


@given(st.data())
def test_each_lives_once_through_any_listing(data: st.DataObject) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("batchio.emulator.shelf._BLOCK", data.draw(st.integers(1, 5)))
        patch.setattr("batchio.emulator.shelf._FEW", data.draw(st.integers(0, 3)))
        go_through_a_listing(data)


def go_through_a_listing(data: st.DataObject) -> None:
    things: Shelf[Thing] = Shelf()
    born = 0

    def add() -> None:
        nonlocal born
        born += data.draw(st.integers(1, 3))
        things.add(str(born), Thing(born=born, gone=False))

    for _ in range(data.draw(st.integers(0, 12))):
        add()
    lived = {thing.born for thing in things.all()}
    seen: list[int] = []
    after: int | None = 0
    while after is not None:
        found, after = pages.one_page(things, after, data.draw(st.integers(1, 4)))
        seen += [thing.born for thing in found]
        for _ in range(data.draw(st.integers(0, 2))):
            if born < 60:
                add()
        for thing in data.draw(
            st.lists(st.sampled_from(things.all()), unique_by=id, max_size=4) if len(things) else st.just([])
        ):
            things.remove(str(thing.born))
            lived.discard(thing.born)
    assert seen == sorted(set(seen))
    assert lived <= set(seen)


def test_what_is_kept_by_the_million_is_left_alone_by_the_garbage_collector() -> None:
    tasks: Shelf[StoredTask] = Shelf()
    kept = [StoredTask(f"t{born}", b"{}", born, changed=0, since=0) for born in range(1, 2501)]
    for task in kept:
        tasks.add(task.id, task)
    # Not the shelf's dict of all, and not the block that it stands in.
    assert gc.get_referrers(kept[0]) == [kept]


def shelf_of(count: int) -> Shelf[Thing]:
    things: Shelf[Thing] = Shelf()
    for born in range(1, count + 1):
        things.add(str(born), Thing(born=born, gone=False))
    return things


def test_a_shelf_is_read_in_parts_of_up_to_a_thousand() -> None:
    things = shelf_of(3200)
    assert [len(part) for part in things.after(0)] == [1000, 1000, 1000, 200]
    assert [len(part) for part in things.after(1500)] == [500, 1000, 200]


def test_a_place_on_a_shelf_is_found_by_looking_at_few_things() -> None:
    class Looked:
        gone = False

        def __init__(self, born: int) -> None:
            self.at = born

        @property
        def born(self) -> int:
            looks.append(self.at)
            return self.at

    looks = list[int]()
    things: Shelf[Any] = Shelf()
    for born in range(1, 64_001):
        things.add(str(born), Looked(born))
    assert [thing.at for part in things.after(63_998) for thing in part] == [63_999, 64_000]
    assert len(looks) < 30


def test_a_shelf_forgets_what_is_gone() -> None:
    things = shelf_of(5000)
    for born in range(1, 4001):
        things.remove(str(born))
    assert len(things) == 1000
    # Closed up when more than half had gone, with 2,499 left, and again with 1,249.
    assert sum(map(len, things.after(0))) == 1249
    found, after = pages.one_page(things, 2500, 10)
    assert [thing.born for thing in found] == list(range(4001, 4011))
    assert after == 4010
