"""`db`: what was there is there after a start, and goes on."""

from __future__ import annotations

import asyncio
import os
import re
import sqlite3
import threading
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from batchio.emulator import Clock, Emulator
from batchio.emulator.changes import Write
from batchio.emulator.database import Database
from batchio.emulator.restore import restore
from batchio.emulator.store import Store
from batchio.errors import ConfigurationError

from .conftest import standing_clock
from .persistence import fill, later, records, seen
from .wire import Wire


@pytest.fixture
def db(tmp_path: Path) -> Path:
    return tmp_path / "state.db"


@asynccontextmanager
async def running(db: Path | None, **options: Any) -> AsyncGenerator[Wire]:
    """An emulator that starts at noon, or later where its file says so."""
    settings: dict[str, Any] = {"clock": standing_clock(), "nodes": "simulate", **options}
    async with Emulator(db=db, **settings) as emulator, aiohttp.ClientSession() as session:
        yield Wire(emulator, session)


async def test_everything_is_there_again(db: Path) -> None:
    async with running(db) as wire:
        await fill(wire)
        before = await seen(wire)
        now = wire.emulator.clock.now()
    async with running(db) as wire:
        assert wire.emulator.clock.now() == now
        assert await seen(wire) == before


async def test_everything_that_changes_is_written(db: Path) -> None:
    async with running(db) as wire:
        store: Store = wire.emulator._store  # pyright: ignore[reportPrivateUsage]  # the test looks inside
        await fill(wire)
        await later(wire, 60)
    written = Database(db)
    rows = list(written.rows())
    written.close()
    assert {(row.home, row.born): row.record for row in rows if row.home or row.born} == records(store)
    again = Store(standing_clock(), simulate=True)
    restore(again, rows)
    assert records(again) == records(store)
    for job in store.jobs.all():
        other = again.job(job.id)
        assert (other.tasks_in, other.slots_in, other.failed) == (job.tasks_in, job.slots_in, job.failed)
        assert other.runs.keys() == job.runs.keys()
    for pool in store.pools.all():
        assert [node.used for node in again.pool(pool.id).nodes.all()] == [node.used for node in pool.nodes.all()]


def states(found: dict[str, Any]) -> dict[str, Any]:
    """What was read, without the names of auto pools and of their nodes."""
    uuid = re.compile(r"[0-9A-F]{8}(-[0-9A-F]{4}){3}-[0-9A-F]{12}")
    return {uuid.sub("", path): (status, uuid.sub("", said)) for path, (status, said) in found.items()}


async def test_life_goes_on_as_if_nothing_had_been(db: Path) -> None:
    async with running(None) as wire:
        await fill(wire)
        for _ in range(12):
            await later(wire, 10)
        uninterrupted = await seen(wire)
    async with running(db) as wire:
        await fill(wire)
    for _ in range(4):
        async with running(db) as wire:
            for _ in range(3):
                await later(wire, 10)
    async with running(db) as wire:
        found = await seen(wire)
    assert states(found) == states(uninterrupted)


async def test_what_fell_due_meanwhile_happens_at_its_time(db: Path) -> None:
    async with running(db) as wire:
        await wire.pool(targetDedicatedNodes=1)
        await wire.job()
        await later(wire, 10)
        await wire.add("job", "long", "next", commandLine="sleep 60")
        await later(wire, 10)
        assert (await wire.get("/jobs/job/tasks/long")).json["state"] == "running"
        started = (await wire.get("/jobs/job/tasks/long")).json["executionInfo"]["startTime"]
    clock = standing_clock()
    clock.advance(3600)
    async with running(db, clock=clock) as wire:
        info = (await wire.get("/jobs/job/tasks/long")).json["executionInfo"]
        after = (await wire.get("/jobs/job/tasks/next")).json["executionInfo"]
    assert info["startTime"] == started
    assert info["endTime"][:19] == "2024-07-01T12:01:10"
    assert after["startTime"][:19] == "2024-07-01T12:01:10"


_LAST_HOUR = "$TargetDedicatedNodes = 0; all = $ActiveTasks.GetSample(TimeInterval_Hour); n = len(all);"


async def evaluated(wire: Wire) -> str:
    reply = await wire.call("POST", "/pools/scaled/evaluateautoscale", {"autoScaleFormula": _LAST_HOUR})
    return str(reply.json["results"])


async def test_samples_of_formulas_are_there_again(db: Path) -> None:
    found: list[str] = []
    async with running(None) as wire:
        await fill(wire)
        for _ in range(20):
            await later(wire, 75)
            found.append(await evaluated(wire))
    async with running(db) as wire:
        await fill(wire)
    for number in range(20):
        async with running(db) as wire:
            await later(wire, 75)
            assert await evaluated(wire) == found[number]
    assert found[-1].endswith(";n=50")


async def test_samples_of_a_formula_that_was_taken_away_do_not_come_back(db: Path) -> None:
    async with running(db) as wire:
        await fill(wire)
        await later(wire, 300)
        await wire.call("POST", "/pools/scaled/disableautoscale")
    async with running(db) as wire:
        formula = {"autoScaleFormula": _LAST_HOUR}
        assert (await wire.call("POST", "/pools/scaled/enableautoscale", formula)).status == 200
    async with running(db) as wire:
        await later(wire, 30)
        assert (await evaluated(wire)).endswith(";n=1")


@pytest.mark.parametrize("how", ["control", "before the first start", "the emulator itself"])
async def test_what_is_held_stays_held(db: Path, how: str) -> None:
    emulator = Emulator(db=db, clock=standing_clock(), nodes="simulate")
    if how == "before the first start":
        emulator.hold("task", "running")
    async with emulator, aiohttp.ClientSession() as session:
        wire = Wire(emulator, session)
        if how == "control":
            await wire.call("PUT", "/_emulator/holds", [{"kind": "task", "state": "running"}])
        if how == "the emulator itself":
            emulator.hold("task", "running")
        await wire.pool(targetDedicatedNodes=1)
        await wire.job()
        await later(wire, 10)
        await wire.add("job", "one", commandLine="true")
        await later(wire, 10)
    for _ in range(2):
        async with running(db) as wire:
            await later(wire, 100)
            assert (await wire.get("/jobs/job/tasks/one")).json["state"] == "running"
    async with running(db) as wire:
        wire.emulator.release("task", "running")
        await later(wire, 0.001)
        assert (await wire.get("/jobs/job/tasks/one")).json["state"] == "completed"
    async with running(db) as wire:
        assert wire.emulator.holds == []


async def test_no_etag_comes_twice(db: Path) -> None:
    tags: list[str] = []
    for number in range(3):
        async with running(db) as wire:
            tags.append((await wire.job(f"job{number}")).headers["ETag"])
            tags.append((await wire.call("PATCH", f"/jobs/job{number}", {"priority": 1})).headers["ETag"])
    assert sorted(set(tags)) == tags


async def test_a_clock_that_runs_keeps_its_distance(db: Path) -> None:
    async with running(db, clock=Clock()) as wire:
        await wire.call("POST", "/_emulator/clock", {"advance": 86400})
        before = wire.emulator.clock.now()
    async with running(db, clock=Clock()) as wire:
        assert wire.emulator.clock.now() >= before


async def test_the_same_emulator_again(db: Path) -> None:
    emulator = Emulator(db=db, clock=standing_clock())
    async with aiohttp.ClientSession() as session:
        for number in range(3):
            async with emulator:
                wire = Wire(emulator, session)
                await wire.job(f"job{number}")
                assert len((await wire.get("/jobs")).ids) == number + 1


@pytest.mark.parametrize("how", ["control", "running", "stopped", "before the first start"])
async def test_reset_clears_the_file(db: Path, how: str) -> None:
    async with running(db) as wire:
        await fill(wire)
        tag = (await wire.job("last")).headers["ETag"]
        if how == "control":
            await wire.call("POST", "/_emulator/reset")
        if how == "running":
            wire.emulator.reset()
    if how == "stopped":
        wire.emulator.reset()
        async with wire.emulator:
            pass
    fresh = Emulator(db=db, clock=standing_clock())
    if how == "before the first start":
        fresh.reset()
    async with fresh, aiohttp.ClientSession() as session:
        wire = Wire(fresh, session)
        assert (await wire.get("/jobs")).items == (await wire.get("/pools")).items == []
        assert (await wire.get("/applications")).items == []
        assert (await wire.job("last")).headers["ETag"] > tag


async def test_jobs_and_all_that_lived_in_them_go(db: Path) -> None:
    async with running(db) as wire:
        await fill(wire)
        await wire.call("DELETE", "/jobs/render")
        await later(wire, 2)
        for pool in (await wire.get("/pools")).ids:
            await wire.call("DELETE", f"/pools/{pool}")
        await later(wire, 60)
        store: Store = wire.emulator._store  # pyright: ignore[reportPrivateUsage]  # the test looks inside
    written = Database(db)
    rows = [row for row in written.rows() if row.home or row.born]
    written.close()
    assert "Node" not in {row.kind for row in rows}
    assert {(row.home, row.born) for row in rows} == records(store).keys()


def foreign(db: Path) -> None:
    with sqlite3.connect(db) as connection:
        connection.execute("CREATE TABLE things (a)")
    connection.close()


def another_layout(db: Path) -> None:
    Database(db).close()
    with sqlite3.connect(db) as connection:
        connection.execute("PRAGMA user_version=7")
    connection.close()


def damaged(db: Path) -> None:
    Database(db).close()
    with sqlite3.connect(db) as connection:
        connection.execute("INSERT INTO things VALUES (0, 1, 'Job', x'00')")
    connection.close()


def spoiled(statement: str) -> Callable[[Path], None]:
    """A file with a pool, a job and a task, to which something has happened."""

    async def made(db: Path) -> None:
        async with running(db) as wire:
            await wire.pool()
            await wire.job()
            assert (await wire.add("job", "task")).status == 200

    def spoil(db: Path) -> None:
        asyncio.run(made(db))
        with sqlite3.connect(db) as connection:
            assert connection.execute(statement).rowcount > 0
        connection.close()

    return spoil


@pytest.mark.parametrize(
    ("spoil", "said"),
    [
        (spoiled("DELETE FROM things WHERE kind = 'Account'"), "damaged: the record of the account is not there"),
        (spoiled("DELETE FROM things WHERE kind = 'Job'"), "it is damaged"),
        (spoiled("UPDATE things SET record = NULL WHERE kind = 'Pool'"), "it is damaged"),
        (spoiled("UPDATE things SET record = 'text' WHERE kind = 'Account'"), "it is damaged"),
        (spoiled("UPDATE things SET record = x'91a1ff' WHERE kind = 'StoredTask'"), "it is damaged"),
        (lambda db: db.write_text("no database at all, but long enough to be one" * 100), "not a database"),
        (foreign, "not one of the emulator"),
        (another_layout, "another version of batchio wrote it"),
        (damaged, "it is damaged"),
        (Path.mkdir, "unable to open"),
    ],
)
def test_a_file_that_cannot_be_used(db: Path, spoil: Callable[[Path], None], said: str) -> None:
    threads = threading.active_count()
    spoil(db)
    before = db.read_bytes() if db.is_file() else None
    with pytest.raises(ConfigurationError, match=f"^db: {re.escape(str(db))} cannot be used: .*{said}"):
        asyncio.run(Emulator(db=db).start())
    assert before is None or db.read_bytes() == before
    assert threading.active_count() == threads


async def test_a_folder_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="no such file or directory"):
        await Emulator(db=tmp_path / "missing" / "state.db").start()


async def test_one_emulator_a_file(db: Path) -> None:
    async with running(db) as wire:
        with pytest.raises(ConfigurationError, match="another emulator has it open"):
            await Emulator(db=db).start()
        assert (await wire.job()).status == 201
    async with running(db) as wire:
        assert (await wire.get("/jobs")).ids == ["job"]


async def test_the_file_is_for_its_owner_alone(db: Path) -> None:
    async with running(db):
        pass
    assert os.stat(db).st_mode & 0o77 == 0  # noqa: PTH116 - over in no time


async def test_an_address_that_is_taken_gives_the_file_back(db: Path, tmp_path: Path) -> None:
    async with running(tmp_path / "other.db") as wire:
        port = int(wire.emulator.endpoint.rpartition(":")[2])
        with pytest.raises(ConfigurationError, match="cannot listen"):
            await Emulator(db=db, port=port).start()
    async with running(db):
        pass


class Gate:
    """Stands before every write; `writes` counts them."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.open = threading.Event()
        self.open.set()
        self.writes = 0
        write = Database.write

        def gated(database: Database, batch: Write) -> None:
            self.writes += 1
            assert self.open.wait(30)
            write(database, batch)

        monkeypatch.setattr(Database, "write", gated)


async def test_no_answer_before_the_write(db: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    gate = Gate(monkeypatch)
    async with running(db) as wire:
        await wire.job("first")
        gate.open.clear()
        adding = asyncio.create_task(wire.job())
        while gate.writes < 2:  # noqa: ASYNC110 - the write is in a thread, no event of ours tells it
            await asyncio.sleep(0)
        # What reads sees the job, so it waits as well.
        reading = asyncio.create_task(wire.get("/jobs"))
        refused = asyncio.create_task(wire.job())
        done, _ = await asyncio.wait({adding, reading, refused}, timeout=0.2)
        assert not done
        gate.open.set()
        assert [(await call).status for call in (adding, reading, refused)] == [201, 200, 409]


async def test_many_answers_wait_for_one_write(db: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    gate = Gate(monkeypatch)
    async with running(db) as wire:
        await wire.job()
        gate.open.clear()
        calls = [asyncio.create_task(wire.add("job", f"task{number}")) for number in range(50)]
        while len(wire.emulator._front.flying) < 50:  # noqa: ASYNC110 - no event tells it  # pyright: ignore[reportPrivateUsage]  # the test looks inside
            await asyncio.sleep(0)
        gate.open.set()
        assert {(await call).status for call in calls} == {200}
        assert gate.writes < 10
        before = gate.writes
        # What changes nothing writes nothing.
        await wire.get("/jobs/job/tasks")
        assert gate.writes == before


async def test_whoever_goes_away_takes_no_write_with_him(db: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    gate = Gate(monkeypatch)
    async with running(db) as wire:
        gate.open.clear()
        leaving, staying = (asyncio.create_task(wire.job(name)) for name in ("leaving", "staying"))
        while gate.writes < 1:  # noqa: ASYNC110 - the write is in a thread, no event of ours tells it
            await asyncio.sleep(0)
        leaving.cancel()
        await asyncio.gather(leaving, return_exceptions=True)
        gate.open.set()
        assert (await staying).status == 201
    async with running(db) as wire:
        assert sorted((await wire.get("/jobs")).ids) == ["leaving", "staying"]


async def pages(wire: Wire, most: int) -> None:
    """Let the file have so many pages and no more, as a full disk does."""
    keeper: Any = wire.emulator._keeper  # pyright: ignore[reportPrivateUsage]  # the test looks inside
    connection = keeper._database._connection
    await keeper._in_thread(lambda: connection.execute(f"PRAGMA max_page_count={most}"))


async def test_a_full_disk(db: Path, caplog: pytest.LogCaptureFixture) -> None:
    acknowledged: list[str] = []
    async with running(db) as wire:
        await wire.job()
        await pages(wire, 30)
        while (reply := await wire.add("job", f"task{len(acknowledged)}", commandLine="x" * 3000)).status == 200:
            acknowledged.append(f"task{len(acknowledged)}")
        assert (reply.status, reply.code) == (500, "StateNotWritten")
        assert "full" in reply.values["Reason"]
        assert "cannot be written: database or disk is full" in caplog.text
        # It would show what may be lost.
        assert (await wire.get("/jobs/job/tasks")).code == "StateNotWritten"
        await pages(wire, 10_000)
        assert (await wire.get("/jobs/job/tasks")).status == 200
        assert (await wire.add("job", "last")).status == 200
    async with running(db) as wire:
        assert {*acknowledged, "last"} <= set((await wire.get("/jobs/job/tasks")).ids)


async def test_a_disk_that_is_full_to_the_end(db: Path) -> None:
    async with running(db) as wire:
        await wire.job()
        await pages(wire, 3)
        big = [{"name": f"name{number}", "value": "x" * 1000} for number in range(50)]
        assert (await wire.job("big", metadata=big)).code == "StateNotWritten"
    async with running(db) as wire:
        assert (await wire.get("/jobs")).ids == ["job"]


def replace(path: Path) -> None:
    other = path.with_name("other")
    other.write_bytes(path.read_bytes())
    other.replace(path)


def empty(path: Path) -> None:
    path.write_bytes(b"")


@pytest.mark.parametrize(("spoil", "said"), [(Path.unlink, "removed"), (replace, "replaced"), (empty, "emptied")])
async def test_a_file_that_goes_while_it_is_in_use(
    db: Path, spoil: Callable[[Path], None], said: str, caplog: pytest.LogCaptureFixture
) -> None:
    """What cannot be found again is not acknowledged."""
    async with running(db):
        pass
    async with running(db) as wire:
        assert (await wire.job("before")).status == 201
        spoil(db)
        reply = await wire.job("after")
        assert (reply.status, reply.code) == (500, "StateNotWritten")
        assert said in reply.values["Reason"]
        assert (await wire.get("/jobs")).status == 500
    assert said in caplog.text


def test_a_name_that_no_file_can_have() -> None:
    with pytest.raises(ConfigurationError, match="null"):
        Database("a\0b")
