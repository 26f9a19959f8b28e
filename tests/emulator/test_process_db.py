"""`db` and real processes together: what has run has run, what was running runs again."""

from __future__ import annotations

import signal
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Literal

import pytest

from batchio import BatchClient
from batchio.emulator import Emulator
from batchio.emulator.database import Database
from batchio.emulator.restore import restore
from batchio.emulator.store import Store

from .conftest import standing_clock
from .persistence import records
from .process_farm import SECONDS, Farm, alive, are_gone, script, started, until

TWICE = script("test -e $AZ_BATCH_NODE_SHARED_DIR/tried && exit 0; touch $AZ_BATCH_NODE_SHARED_DIR/tried; sleep 500")
"""Runs on until it is killed, and ends at its second try."""


@pytest.fixture
def db(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    return tmp_path / "state.db"


@asynccontextmanager
async def farming(db: Path, nodes: Literal["simulate", "process"] = "process") -> AsyncGenerator[Farm]:
    async with (
        Emulator(nodes=nodes, db=db, auth="loose") as emulator,
        BatchClient(emulator.endpoint, emulator.credential) as client,
    ):
        yield Farm(emulator, client)


def store_of(farm: Farm) -> Store:
    return farm.emulator._store  # pyright: ignore[reportPrivateUsage]  # the test looks inside


async def sow(farm: Farm) -> list[str]:
    """One task has run and two run; gives the numbers of processes of one of these."""
    start = {"commandLine": script("echo up >> log"), "waitForSuccess": True}
    await farm.pool(taskSlotsPerNode=4, startTask=start)
    ready = {"commandLine": script("echo ready >> log")}
    await farm.job(jobPreparationTask=ready, jobReleaseTask={"commandLine": "true"})
    assert (await farm.run(script("echo once >> log; cat log"), "done")).exit_code == 0
    await farm.add(TWICE, "twice")
    await farm.is_state("running", "twice")
    tree = script("sleep 500 & echo $$ $! $PPID; wait")
    await farm.add(tree, "tree")
    return (await farm.lines(1, "tree"))[0].split()


async def on_node(farm: Farm, path: str) -> str:
    async with farm.client.nodes.get_file("farm", await farm.node(), path) as stream:
        return (await stream.read()).decode()


async def reap(farm: Farm, pids: list[str]) -> None:
    """After a start everything is as `sow` left it, and what ran runs again."""
    await are_gone(*pids)
    assert await farm.read(id="done") == "once\n"
    done = (await farm.task("done"))[1]
    assert (done.exit_code, done.requeue_count) == (0, 0)
    again = await farm.done("twice")
    assert (again.exit_code, again.requeue_count) == (0, 1)
    assert (await farm.task("tree"))[1].requeue_count == 1
    assert await on_node(farm, "workitems/job/job-1/jobpreparation/wd/log") == "ready\nready\n"
    assert await on_node(farm, "startup/wd/log") == "up\nup\n"
    await farm.client.jobs.terminate("job")
    await farm.job_is("completed")
    assert (await farm.task("tree"))[1].exit_code == 137


@pytest.mark.parametrize("number", [signal.SIGINT, pytest.param(signal.SIGKILL, marks=pytest.mark.slow)])
async def test_a_service_that_comes_back(db: Path, number: signal.Signals) -> None:
    process, client = started(db.parent, "--db", str(db))
    async with client:
        pids = await sow(Farm(None, client))
    process.send_signal(number)
    process.communicate(timeout=SECONDS)
    async with farming(db) as farm:
        await reap(farm, pids)
        node = await farm.node()
        assert await farm.read(id="done") == "once\n"
        last = (await farm.lines(1, "tree"))[0].split()
    assert not any(alive(int(pid)) for pid in last)
    assert [path.name for path in (db.parent / "state.db.nodes" / "nodes" / "farm").iterdir()] == [node]
    assert not (db.parent / "state.db.nodes" / "trash").exists()


async def test_everything_that_changes_is_written(db: Path) -> None:
    async with farming(db) as farm:
        await sow(farm)
        node = await farm.node()
        for path in ("/missing", "/nowhere"):
            await farm.run(path, path[1:], constraints={"maxTaskRetryCount": 1})
    for _ in range(2):
        async with farming(db) as farm:
            await farm.is_state("running", "tree")
            await farm.client.nodes.reboot("farm", node)
            await farm.is_state("running", "tree")
            store = store_of(farm)
        written = Database(db)
        rows = list(written.rows())
        written.close()
        assert {(row.home, row.born): row.record for row in rows if row.home or row.born} == records(store)
        again = Store(standing_clock(), simulate=True)
        assert restore(again, rows)
        assert records(again) == records(store)


async def test_what_ends_while_nobody_asks_is_kept(db: Path) -> None:
    async with farming(db) as farm:
        await farm.pool()
        await farm.job()
        await farm.add("true")
        store = store_of(farm)

        async def kept() -> bool:
            return store.job("job").tasks_in["completed"] == 1 and not store.changes

        await until(kept)
        database = Store(standing_clock(), simulate=True)
        keeper = farm.emulator._keeper  # pyright: ignore[reportPrivateUsage]  # the test looks inside
        assert keeper is not None
        rows = await keeper._in_thread(lambda: [*keeper._database.rows()])  # type: ignore[union-attr]  # pyright: ignore[reportPrivateUsage, reportOptionalMemberAccess]  # as above
        restore(database, rows)
        assert database.job("job").tasks_in["completed"] == 1


async def test_nodes_that_are_simulated_from_now_on(db: Path) -> None:
    async with farming(db) as farm:
        pids = await sow(farm)
    async with farming(db, "simulate") as farm:
        await farm.is_state("running", "tree")
        farm.emulator.clock.advance(600)
        for task in ("twice", "tree"):
            assert (await farm.done(task)).requeue_count == 1
        await farm.client.jobs.terminate("job")
        await farm.job_is("completed")
    await are_gone(*pids)


async def test_nodes_that_are_processes_from_now_on(db: Path) -> None:
    async with farming(db, "simulate") as farm:
        await farm.pool()
        await farm.job()
        await farm.add("sleep 1000")
        await farm.add("echo hello", "next")
        await farm.is_state("running")
    async with farming(db) as farm:
        await farm.is_state("running")
        assert (await farm.task())[1].requeue_count == 1
        await farm.client.tasks.terminate("job", "t")
        await farm.done("next")
        assert await farm.read(id="next") == "hello\n"


async def test_folders_of_what_is_gone_go(db: Path) -> None:
    async with farming(db) as farm:
        await farm.pool()
        node = await farm.node()
        for job in ("job", "stays"):
            await farm.client.jobs.create({"id": job, "poolInfo": {"poolId": "farm"}})
            await farm.client.tasks.create(job, {"id": "t", "commandLine": "true"})
            await farm.client.tasks.wait(job, deadline=SECONDS)
    jobs = db.parent / "state.db.nodes" / "nodes" / "farm" / node / "workitems"
    assert {path.name for path in jobs.iterdir()} == {"job", "stays"}
    async with farming(db, "simulate") as farm:
        await farm.client.jobs.delete("job")
        await farm.client.jobs.wait_deleted("job", deadline=SECONDS)
    async with farming(db):
        assert [path.name for path in jobs.iterdir()] == ["stays"]
        farm.emulator.reset()
    async with farming(db) as farm:
        farm.emulator.reset()
    assert not list(jobs.parents[2].iterdir())
