"""A run that goes on after whatever has stopped it: nothing lost, nothing twice, the counts of all runs right."""

from __future__ import annotations

import asyncio
import math
import random
import stat
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import pytest
from scripted import (
    JOB,
    Act,
    ScriptedService,
    chance,
    drop,
    fail,
    for_requests,
    hang,
    item_error,
    make_ids,
    make_mappings,
    make_models,
    omit,
    refuse,
    results,
)
from scripted.resuming import Runs

from batchio import BatchClient
from batchio.bulk import recorder
from batchio.bulk.journal import EVERYTHING, Ending
from batchio.bulk.journal_file import JournalFile, read
from batchio.cli.journal import as_mapping

Encoded = Callable[[int], list[Any]]


@pytest.fixture
def runs(client: BatchClient, service: ScriptedService, tmp_path: Path) -> Runs:
    return Runs(client=client, service=service, path=tmp_path / "journal")


def told(count: int) -> Callable[[Runs], bool]:
    """So many outcomes are told."""
    return lambda runs: len(runs.told) >= count


async def test_a_whole_run(runs: Runs) -> None:
    report = await runs.run(make_mappings(5_000))
    assert (report.added, report.resumed) == (5_000, 0)
    runs.check(make_ids(5_000))
    state = read(str(runs.path))
    assert (state.ended, state.position, state.header.shard) == (Ending.WHOLE, 5_000, "")
    assert stat.S_IMODE(runs.path.stat().st_mode) == 0o600


async def test_again_after_its_end_sends_nothing(runs: Runs) -> None:
    await runs.run(make_mappings(5_000))
    seen = len(runs.service.history)
    report = await runs.run(make_mappings(5_000))
    assert (report.added, report.resumed, report.taken, report.requests) == (5_000, 5_000, 5_000, 0)
    assert len(runs.service.history) == seen
    report.raise_for_failures()


@pytest.mark.parametrize("kind", ["iterator", "async"])
async def test_a_run_that_was_stopped_has_not_read_all(runs: Runs, kind: str) -> None:
    async def slowly() -> AsyncIterator[Any]:
        for task in make_mappings(100_000):
            yield task

    tasks: Any = slowly() if kind == "async" else iter(make_mappings(100_000))
    report = await runs.run(tasks, until=told(100), max_requests=1)
    state = read(str(runs.path))
    assert (state.ended, state.position) == (Ending.STOPPED, report.taken)


async def test_what_was_settled_is_written_once(runs: Runs) -> None:
    runs.service.items = lambda folded, _: item_error() if folded.endswith("0") else None
    await runs.run(make_mappings(1_000), max_requests=1)
    ranges = read(str(runs.path)).ranges
    assert sum(end - start for start, end, _, _ in ranges) == 1_000


async def test_the_rate_is_of_this_run_alone(runs: Runs) -> None:
    await runs.run(make_mappings(5_000))
    report = await runs.run(make_mappings(5_300))
    assert (report.taken, report.resumed) == (5_300, 5_000)
    assert report.tasks_per_second == pytest.approx(300 / report.elapsed)


async def test_more_input_than_before_is_added(runs: Runs) -> None:
    await runs.run(make_mappings(5_000))
    report = await runs.run(make_mappings(12_000))
    assert (report.added, report.resumed, report.requests) == (12_000, 5_000, 70)
    runs.check(make_ids(12_000))


@pytest.mark.parametrize("make", [make_mappings, make_models])
@pytest.mark.parametrize("feed", ["list", "iterator", "lists", "async"])
async def test_stopped_and_resumed(runs: Runs, make: Encoded, feed: str) -> None:
    def tasks() -> Any:
        made = make(9_000)
        if feed == "list":
            return made
        if feed == "lists":
            return iter([made[:37], made[37:5_000], made[5_000:]])
        return iter(made) if feed == "iterator" else slowly(made)

    async def slowly(made: list[Any]) -> AsyncIterator[Any]:
        for each in made:
            yield each

    for goal in (300, 1_700, 4_200, 6_000):
        await runs.run(tasks(), until=told(goal), max_requests=3)
        assert read(str(runs.path)).ended is Ending.STOPPED
    await runs.run(tasks(), max_requests=3)
    runs.check(make_ids(9_000))
    assert runs.report.added == 9_000


@pytest.mark.parametrize("seed", range(6))
async def test_stopped_and_resumed_at_random_with_faults(runs: Runs, seed: int) -> None:
    dice = random.Random(seed)  # noqa: S311 -- a seed that can be repeated
    service = runs.service
    service.truth.preload([f"task-{number}" for number in range(50, 3_000, 97)])
    service.items = lambda folded, seen: (
        item_error()
        if folded.endswith("13")
        else item_error("InternalError", server=True)
        if folded.endswith("7") and seen < 2
        else None
    )
    faults = [(0.05, drop(1.0)), (0.05, drop(0.5)), (0.05, refuse()), (0.05, Act(share=0.5)), (0.05, results(omit(3)))]
    service.fault = chance(seed, faults)
    size = dice.choice([1, 4, 64])
    for _ in range(5):
        goal = len(runs.told) + dice.randrange(1, 900)
        await runs.run(make_mappings(3_000), until=told(goal), max_requests=size)
    service.fault = None
    await runs.run(make_mappings(3_000), max_requests=size)
    runs.check(make_ids(3_000))
    report = runs.report
    # Somebody else's task in a request that nobody answered is inferred to be ours, as in a single run.
    guessed = sum(
        outcome.state == "added" and not outcome.confirmed and outcome.task_id in service.truth.before
        for outcome in runs.told.values()
    )
    assert (report.added - guessed, report.existed + guessed, report.rejected) == counts_of(service, 3_000)
    assert report.errors["InvalidPropertyValue"] == report.rejected
    assert report.errors["TaskExists"] == report.existed


def counts_of(service: ScriptedService, count: int) -> tuple[int, int, int]:
    """Added, existed and rejected as the service's own truth has them."""
    bad = sum(name.endswith("13") for name in make_ids(count))
    existed = sum(not name.endswith("13") for name in service.truth.before)
    return count - bad - existed, existed, bad


async def test_cancelled_and_resumed(runs: Runs) -> None:
    """What was in flight is unknown, and may have been added: TaskExists then means added."""
    runs.service.fault = for_requests([7, 9], hang(1.0))
    path = runs.path
    enough = asyncio.Event()

    async def follow() -> None:
        async with runs.client.tasks.submitting(runs.service.job, make_mappings(4_000), journal=path) as run:
            async for outcomes in run:
                runs.receive(outcomes)
                if len(runs.told) == 3_800:
                    enough.set()

    task = asyncio.create_task(follow())
    await runs.service.until(lambda: runs.service.processed == 4_000)
    await enough.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    state = read(str(path))
    assert state.ended in (Ending.STOPPED, Ending.WHOLE)
    assert state.maybe.count == 200
    await runs.run(make_mappings(4_000))
    runs.check(make_ids(4_000))
    assert runs.report.added == 4_000
    assert sum(not outcome.confirmed for outcome in runs.told.values()) == 200


async def test_what_was_not_sent_is_not_taken_for_ours(runs: Runs) -> None:
    """A run that has ended in order knows what it has not sent: an id that is there then is somebody else's."""
    await runs.run(make_mappings(3_000), until=told(500), max_requests=2)
    missing = [name for name in make_ids(3_000) if not runs.service.truth.has(name)]
    runs.service.truth.preload(missing[:5])
    await runs.run(make_mappings(3_000))
    runs.check(make_ids(3_000))
    assert (runs.report.added, runs.report.existed) == (2_995, 5)


async def test_what_gave_up_is_sent_again(runs: Runs) -> None:
    runs.service.items = lambda folded, _: item_error(server=True) if folded == "task-7" else None
    report = await runs.run(make_mappings(300), attempts=2)
    assert (report.added, report.gave_up) == (299, 1)
    runs.service.items = None
    report = await runs.run(make_mappings(300))
    assert (report.added, report.resumed) == (300, 299)
    runs.check(make_ids(300))


async def test_what_is_unknown_is_sent_again(runs: Runs) -> None:
    runs.service.fault = for_requests(range(1, 3), drop(1.0))
    report = await runs.run(make_mappings(100), attempts=1, max_requests=1)
    assert report.unknown == 100
    runs.service.fault = None
    report = await runs.run(make_mappings(100))
    assert report.added == 100
    assert not any(outcome.confirmed for outcome in runs.told.values())
    runs.check(make_ids(100))


async def test_bad_tasks_keep_their_place(runs: Runs) -> None:
    """What has no id counts in the hash, and is not told again."""
    tasks: list[Any] = make_mappings(1_000)
    ids: list[str | None] = list(make_ids(1_000))
    for at in (0, 99, 100, 550, 999):
        tasks[at], ids[at] = {"commandLine": "no id"}, None
    tasks[700] = {"id": "task-700", "commandLine": "x" * 2_000}
    await runs.run(tasks, until=told(300), max_requests=1, max_body=1_500)
    await runs.run(iter(tasks), max_body=1_500)
    runs.check(ids)
    assert runs.report.rejected == 6
    assert runs.report.errors == {"InvalidTask": 5, "RequestBodyTooLarge": 1}


async def test_an_empty_input(runs: Runs) -> None:
    for _ in range(2):
        report = await runs.run([])
        assert report.taken == 0
        runs.check([])


async def test_one_task_at_a_time(runs: Runs) -> None:
    """A source that is slow: each task leaves alone, and is written."""
    go_on = asyncio.Event()

    async def slow() -> AsyncIterator[Any]:
        for each in make_mappings(3):
            yield each
            await go_on.wait()

    def see(_: Runs) -> bool:
        go_on.set()
        return False

    await runs.run(slow(), until=see)
    runs.check(make_ids(3))


async def test_submit_and_its_report(client: BatchClient, service: ScriptedService, tmp_path: Path) -> None:
    path = tmp_path / "journal"
    service.items = lambda folded, _: item_error() if folded == "task-7" else None
    first = await client.tasks.submit(service.job, make_mappings(300), journal=str(path), keep="all")
    assert (first.added, first.rejected, len(first.outcomes), len(first.failures)) == (299, 1, 300, 1)
    again = await client.tasks.submit(service.job, make_mappings(300), journal=str(path), keep="all")
    assert (again.added, again.rejected, again.taken, again.resumed) == (299, 1, 300, 300)
    assert (again.outcomes, again.failures, again.requests, again.bytes_sent) == ((), (), 0, 0)
    assert again.errors == {"InvalidPropertyValue": 1}
    assert again.failed == 1


async def test_progress_counts_all_runs(runs: Runs) -> None:
    await runs.run(make_mappings(2_000))
    seen: list[Any] = []
    runs.service.latency = 0.3
    await runs.run(make_mappings(2_100), progress=seen.append)
    assert seen[-1].taken == 2_100
    assert seen[-1].outcomes["added"] >= 2_000
    assert all(each.rate < 1_000 for each in seen)


# A journal as a crash leaves it: a part of its bytes, and a service that is further.


async def written(runs: Runs, tasks: Any, monkeypatch: pytest.MonkeyPatch, **options: Any) -> list[int]:
    """Run to the end; gives the sizes that the journal had after each write."""
    sizes: list[int] = []
    write = JournalFile.write

    def watched(self: JournalFile, data: bytes) -> None:
        write(self, data)
        sizes.append(Path(self.path).stat().st_size)

    with monkeypatch.context() as patch:
        patch.setattr(JournalFile, "write", watched)
        await runs.run(tasks, **options)
    return sizes


async def test_a_crash_at_every_byte(runs: Runs, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever the journal has lost, the service has: it is found there, and is `added`."""
    tasks = make_mappings(430)
    await written(runs, tasks, monkeypatch, max_requests=2)
    whole = runs.path.read_bytes()
    begin = read(str(runs.path)).end - len(whole)
    assert begin == 0
    header = 8 + 6 + int.from_bytes(whole[10:14], "little") + 4
    for size in range(header, len(whole)):
        runs.path.write_bytes(whole[:size])
        runs.told.clear()
        await runs.run(tasks)
        runs.check(make_ids(430), crashed=True)
        assert runs.report.added == 430, size


async def test_a_flipped_byte_anywhere(runs: Runs, monkeypatch: pytest.MonkeyPatch) -> None:
    tasks = make_mappings(430)
    await written(runs, tasks, monkeypatch, max_requests=2)
    whole = runs.path.read_bytes()
    header = 8 + 6 + int.from_bytes(whole[10:14], "little") + 4
    for at in range(header, len(whole)):
        runs.path.write_bytes(whole[:at] + bytes([whole[at] ^ 0x10]) + whole[at + 1 :])
        runs.told.clear()
        await runs.run(tasks)
        runs.check(make_ids(430), crashed=True)
        assert runs.report.added == 430, at


@pytest.mark.slow
async def test_twins_after_a_crash(runs: Runs, monkeypatch: pytest.MonkeyPatch) -> None:
    """A twin that waited for its first is written with it: no crash makes it a task of its own."""
    ids = [f"task-{number // 2}" for number in range(60)] + ["TASK-3", "task-200"]
    tasks = [{"id": name, "commandLine": "run"} for name in ids]
    sizes = await written(runs, tasks, monkeypatch)
    assert (runs.report.added, runs.report.existed) == (31, 31)
    whole = runs.path.read_bytes()
    for size in range(sizes[0], len(whole), 3):
        runs.path.write_bytes(whole[:size])
        runs.told.clear()
        await runs.run(tasks)
        runs.check(ids, crashed=True)
        assert (runs.report.added, runs.report.existed) == (31, 31), size


async def test_a_twin_that_an_earlier_run_may_have_added(runs: Runs) -> None:
    """Its first finds the task there: it existed, and the twin added it."""
    ids = ["task-0", "TASK-0", "task-0", "task-1"]
    tasks = [{"id": name, "commandLine": "run"} for name in ids]
    runs.service.items = lambda folded, seen: item_error(server=True) if (folded, seen) == ("task-0", 0) else None
    runs.service.fault = for_requests([2], fail(500, share=1.0))
    report = await runs.run(tasks, attempts=1)
    assert (report.added, report.gave_up, report.unknown, report.existed) == (1, 1, 1, 1)
    runs.service.items = runs.service.fault = None
    report = await runs.run(tasks)
    assert (report.added, report.existed) == (2, 2)
    assert [str(runs.told[index].state) for index in range(4)] == ["existed", "added", "existed", "added"]
    assert [runs.told[index].confirmed for index in range(4)] == [True, False, True, True]
    runs.check(ids)


async def test_a_twin_beyond_the_window_after_a_crash(runs: Runs, monkeypatch: pytest.MonkeyPatch) -> None:
    """The one thing that is inferred wrong: the same id twice, far apart, and the second one on its way at the crash.

    It is `added` and not `confirmed`, as whatever was on its way; the service has the task once.
    """
    ids = [*make_ids(1_000), "task-0"]
    tasks = [{"id": name, "commandLine": "run"} for name in ids]
    sizes = await written(runs, tasks, monkeypatch, max_requests=1)
    assert (runs.report.added, runs.report.existed) == (1_000, 1)
    whole = runs.path.read_bytes()
    last = next(size for size in sizes if replayed(runs, whole[:size]) == 1_000)
    runs.path.write_bytes(whole[:last])
    runs.told.clear()
    await runs.run(tasks)
    runs.check(ids, crashed=True)
    assert (runs.report.added, runs.report.existed) == (1_001, 0)
    assert [(outcome.index, outcome.confirmed) for outcome in runs.told.values()] == [(1_000, False)]


def replayed(runs: Runs, data: bytes) -> int:
    runs.path.write_bytes(data)
    return read(str(runs.path)).settled().done.count


async def test_a_crash_between_crashes_keeps_what_may_be_there(runs: Runs, monkeypatch: pytest.MonkeyPatch) -> None:
    """What the first run may have added is not forgotten when the second one ends in order before it gets there."""
    tasks = make_mappings(2_000)
    sizes = await written(runs, tasks, monkeypatch, max_requests=1)
    runs.path.write_bytes(runs.path.read_bytes()[: sizes[4]])
    runs.told.clear()
    await runs.run(tasks, until=told(300), max_requests=1)
    assert runs.report.unknown > 0
    assert runs.report.not_sent == 0
    await runs.run(tasks)
    runs.check(make_ids(2_000), crashed=True)
    assert (runs.report.added, runs.report.existed) == (2_000, 0)


@pytest.mark.slow
async def test_a_damage_behind_which_a_reservation_may_have_stood(runs: Runs) -> None:
    """Everything may have been added then, however far it is."""
    tasks = make_mappings(70_000)
    await runs.run(tasks, keep="none")
    whole = runs.path.read_bytes()
    header = 8 + 6 + int.from_bytes(whole[10:14], "little") + 4
    runs.path.write_bytes(whole[: header + 20] + bytes([whole[header + 20] ^ 1]) + whole[header + 21 :])
    assert list(read(str(runs.path)).maybe) == [EVERYTHING]
    runs.told.clear()
    await runs.run(tasks, keep="none")
    assert (runs.report.added, runs.report.existed) == (70_000, 0)


@pytest.mark.parametrize(("seconds", "expected"), [(0.0, [65_536, 131_072]), (math.inf, [65_536, 65_536 + 2 * 65_536])])
async def test_reservations_are_on_disk_before_anything_is_sent(
    runs: Runs, monkeypatch: pytest.MonkeyPatch, service: ScriptedService, seconds: float, expected: list[int]
) -> None:
    """And there is one for each 64 Ki ordinals, or for more where one does not last for so many `seconds`."""
    monkeypatch.setattr(recorder, "_FAST_SECONDS", seconds)
    reserved: list[int] = []
    synced = [0]
    sync = JournalFile.sync

    def watched(self: JournalFile) -> None:
        sync(self)
        found = read(self.path).reserved
        if found > synced[0]:
            reserved.append(found)
        synced[0] = max(synced[0], found)

    def no_higher(record: Any) -> None:
        assert all(int(name.removeprefix("task-")) < synced[0] for name in record.ids)

    monkeypatch.setattr(JournalFile, "sync", watched)
    service.fault = no_higher
    await runs.run(iter(make_mappings(70_000)), keep="none")
    assert not service.violations
    assert reserved == expected
    assert runs.report.added == 70_000


async def test_a_run_that_is_cancelled_has_not_read_all_of_its_input(runs: Runs) -> None:
    """Where all that was read is settled, `journal show` would call it complete, and the rest would be forgotten."""

    async def some() -> AsyncIterator[Any]:
        for task in make_mappings(100):
            yield task
        await asyncio.sleep(60)

    seen = 0
    async with asyncio.timeout(20), runs.client.tasks.submitting(JOB, some(), journal=runs.path) as run:
        async for outcomes in run:
            seen += len(outcomes)
            if seen == 100:
                break
    found = as_mapping(read(str(runs.path)))
    assert (found["settled"], found["open"], found["last_run"], found["complete"]) == (100, 0, "stopped", False)
    await runs.client.tasks.submit(JOB, make_mappings(150), journal=runs.path)
    found = as_mapping(read(str(runs.path)))
    assert (found["settled"], found["last_run"], found["complete"]) == (150, "whole", True)
