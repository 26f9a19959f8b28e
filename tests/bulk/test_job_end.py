"""A job that is to end by itself: never while it is filled, and only when all of its tasks are in it.

Over real sockets, against the emulator, whose jobs do end, and which takes nothing back.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import pytest

from batchio import BatchClient, ConfigurationError, SubmissionError, shard
from batchio.emulator import Clock, Emulator, FaultRule

JOB = {"id": "render", "poolInfo": {"poolId": "farm"}}
POOL = {
    "id": "farm",
    "vmSize": "standard_d2s_v3",
    "targetDedicatedNodes": 2,
    "taskSlotsPerNode": 4,
    "virtualMachineConfiguration": {
        "imageReference": {"publisher": "p", "offer": "o", "sku": "s"},
        "nodeAgentSKUId": "batch.node.ubuntu 22.04",
    },
}


@pytest.fixture
async def emulator() -> AsyncIterator[Emulator]:
    async with Emulator(nodes="simulate", clock=Clock(frozen=True)) as emulator:
        yield emulator


@pytest.fixture
async def client(emulator: Emulator) -> AsyncIterator[BatchClient]:
    async with BatchClient(emulator.endpoint, emulator.credential) as client:
        await client.pools.create(POOL)
        emulator.clock.advance(240)
        await client.jobs.create(JOB)
        yield client


def tasks(count: int) -> Iterator[dict[str, Any]]:
    return ({"id": f"frame-{number}", "commandLine": "sleep 5"} for number in range(count))


async def ending(client: BatchClient) -> str:
    return str((await client.jobs.get("render")).on_all_tasks_complete)


async def test_the_job_does_not_end_while_it_is_filled(client: BatchClient, emulator: Emulator) -> None:
    seen: list[str] = []
    async with client.tasks.submitting("render", tasks(300), max_requests=1, terminate_when_complete=True) as run:
        async for _ in run:
            # All that is there is done: a job that was to end by itself would end here.
            emulator.clock.advance(60)
            seen.append(await ending(client))
    assert set(seen) == {"noaction"}
    assert run.report.added == 300
    assert run.report.job_terminates is True
    assert "does not end" not in run.report.summary()
    assert await ending(client) == "terminatejob"
    emulator.clock.advance(300)
    job = await client.jobs.get("render")
    assert (job.state, job.execution_info and job.execution_info.terminate_reason) == ("completed", "AllTasksComplete")


async def test_a_job_that_is_left_alone_says_nothing(client: BatchClient) -> None:
    report = await client.tasks.submit("render", tasks(10))
    assert report.job_terminates is None
    assert await ending(client) == "noaction"


async def test_a_task_that_is_not_in_the_job_keeps_it_open(client: BatchClient) -> None:
    bad = {"id": "bad id", "commandLine": "x"}
    report = await client.tasks.submit("render", [*tasks(10), bad], terminate_when_complete=True)
    assert (report.added, report.rejected, report.job_terminates) == (10, 1, False)
    assert report.summary().endswith("; the job does not end by itself")
    assert await ending(client) == "noaction"


async def test_ids_that_are_there_already_are_in_the_job(client: BatchClient) -> None:
    await client.tasks.submit("render", tasks(10))
    report = await client.tasks.submit("render", tasks(20), terminate_when_complete=True)
    assert (report.added, report.existed, report.job_terminates) == (10, 10, True)


async def test_an_input_that_raises_keeps_it_open(client: BatchClient) -> None:
    def broken() -> Iterator[dict[str, Any]]:
        yield from tasks(10)
        raise ZeroDivisionError

    with pytest.raises(SubmissionError, match="the job does not end by itself") as told:
        await client.tasks.submit("render", broken(), terminate_when_complete=True)
    assert told.value.report.job_terminates is False
    assert await ending(client) == "noaction"


async def test_whoever_knows_better_leaves_it_open(client: BatchClient) -> None:
    async with client.tasks.submitting("render", tasks(10), terminate_when_complete=True) as run:
        run.leave_open()
        async for _ in run:
            pass
    assert (run.report.added, run.report.job_terminates) == (10, False)
    assert await ending(client) == "noaction"


async def test_the_last_run_of_a_journal_sets_it(client: BatchClient, tmp_path: Path) -> None:
    journal, options = tmp_path / "journal", dict[str, Any](terminate_when_complete=True, max_requests=1)
    async with client.tasks.submitting("render", tasks(1_000), journal=journal, **options) as run:
        async for _ in run:
            run.stop()
    assert run.report.not_sent
    assert run.report.job_terminates is False
    assert await ending(client) == "noaction"
    report = await client.tasks.submit("render", tasks(1_000), journal=journal, **options)
    assert (report.added, report.job_terminates) == (1_000, True)
    assert await ending(client) == "terminatejob"


async def test_one_run_too_many_does_no_harm(client: BatchClient, emulator: Emulator, tmp_path: Path) -> None:
    journal = tmp_path / "journal"
    for _ in range(2):
        report = await client.tasks.submit("render", tasks(10), journal=journal, terminate_when_complete=True)
        assert (report.added, report.job_terminates) == (10, True)
        emulator.clock.advance(300)
    assert (await client.jobs.get("render")).state == "completed"


async def test_a_job_that_may_end_already_is_refused(client: BatchClient) -> None:
    await client.jobs.create({**JOB, "id": "ends", "onAllTasksComplete": "terminatejob"})
    with pytest.raises(SubmissionError, match="is set to terminatejob already, which cannot be taken back") as told:
        await client.tasks.submit("ends", tasks(10), terminate_when_complete=True)
    assert isinstance(told.value.__cause__, ConfigurationError)
    assert [task.id async for task in client.tasks.list("ends")] == []
    assert (await client.jobs.get("ends")).state == "active"


async def test_a_job_that_is_not_there(client: BatchClient) -> None:
    with pytest.raises(SubmissionError, match="JobNotFound"):
        await client.tasks.submit("nowhere", tasks(10), terminate_when_complete=True)


@pytest.mark.parametrize("drop", ["before", "after"])
async def test_an_answer_that_is_lost_is_no_reason_to_give_up(
    client: BatchClient, emulator: Emulator, drop: Any
) -> None:
    emulator.faults = [FaultRule(operation="Jobs_UpdateJob", drop=drop, count=1)]
    report = await client.tasks.submit("render", tasks(10), terminate_when_complete=True)
    assert report.job_terminates is True
    assert await ending(client) == "terminatejob"


async def test_a_job_that_cannot_be_set_is_told(client: BatchClient, emulator: Emulator) -> None:
    emulator.faults = [FaultRule(operation="Jobs_UpdateJob", status=409, code="JobDisabled")]
    with pytest.raises(SubmissionError, match=r"JobDisabled.*10 added; the job does not end by itself") as told:
        await client.tasks.submit("render", tasks(10), terminate_when_complete=True)
    assert told.value.report.added == 10


async def test_a_shard_cannot_know(client: BatchClient) -> None:
    with pytest.raises(ConfigurationError, match="shard 1/2 does not know when the others are through"):
        await client.tasks.submit("render", shard(tasks(10), 1, 2), terminate_when_complete=True)
    report = await client.tasks.submit("render", shard(tasks(10), 1, 1), terminate_when_complete=True)
    assert (report.added, report.job_terminates) == (10, True)


# The journal of a shard


async def test_a_journal_knows_its_shard(client: BatchClient, tmp_path: Path) -> None:
    paths = [tmp_path / "1.journal", tmp_path / "2.journal"]
    for number, path in enumerate(paths, 1):
        report = await client.tasks.submit("render", shard(tasks(99), number, 2), journal=path)
        assert report.added == 51 - number
    for part, words in (
        (shard(tasks(99), 2, 2), "the journal of shard 1/2, not of shard 2/2"),
        (shard(tasks(99), 1, 3), "the journal of shard 1/2, not of shard 1/3"),
        (tasks(99), "the journal of shard 1/2, not of a whole input"),
    ):
        with pytest.raises(ConfigurationError, match=words):
            await client.tasks.submit("render", part, journal=paths[0])
    await client.tasks.submit("render", [], journal=tmp_path / "whole")
    with pytest.raises(ConfigurationError, match="the journal of a whole input, not of shard 1/2"):
        await client.tasks.submit("render", shard([], 1, 2), journal=tmp_path / "whole")
    report = await client.tasks.submit("render", shard(tasks(99), 1, 2), journal=paths[0])
    assert (report.added, report.resumed) == (50, 50)
