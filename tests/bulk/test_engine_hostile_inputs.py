"""Inputs that do what no input should: each task that was taken is told, and no run waits for ever."""

from __future__ import annotations

import asyncio
import contextlib
import sqlite3
import threading
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import msgspec
import pytest
from scripted import OutcomeError, ScriptedService, connect, drive, hang, item_error, make_ids, make_mappings, start
from simulated import MemoryService, run
from simulated import connect as connect_to_memory

from batchio import BatchClient, SubmissionError, SubmissionReport
from batchio.bulk.source import open_source


def adds_up(report: SubmissionReport) -> bool:
    told = report.added + report.existed + report.rejected + report.gave_up + report.unknown + report.not_sent
    return told == report.taken


# Asynchronous inputs.


class NoIterator:
    def __aiter__(self) -> Any:
        raise ValueError("not today")


class AsyncIter:
    """A common mistake: `async def __aiter__`."""

    async def __aiter__(self) -> Any:
        return self


@pytest.mark.parametrize(("tasks", "word"), [(NoIterator(), "ValueError: not today"), (AsyncIter(), "coroutine")])
@pytest.mark.filterwarnings("ignore:coroutine 'AsyncIter.__aiter__' was never awaited")
async def test_what_gives_no_iterator(client: BatchClient, service: ScriptedService, tasks: Any, word: str) -> None:
    told = await drive(client, service, tasks, ids=[], fails=SubmissionError)
    assert word in str(told.error)


@pytest.mark.parametrize("error", [OutcomeError("x"), GeneratorExit()])
async def test_an_input_that_raises_no_exception(
    client: BatchClient, service: ScriptedService, error: BaseException
) -> None:
    """Whatever it raises, the rest of it was never given: that is no whole input."""

    async def broken() -> AsyncIterator[Any]:
        for task in make_mappings(150):
            yield task
        raise error

    told = await drive(client, service, broken(), ids=make_ids(150), fails=SubmissionError, complete=True)
    assert f"the input raised {type(error).__name__}" in str(told.error)
    assert told.error is not None
    assert told.error.__cause__ is not None
    assert told.error.__cause__.__cause__ is error


def stopped_after(seconds: float, tasks: Any, **options: Any) -> SubmissionReport:
    """What is told of a run with this deadline, on a virtual clock."""

    async def main() -> SubmissionReport:
        async with MemoryService() as service, connect_to_memory(service) as client:
            service.fault = options.pop("fault", None)
            with pytest.raises(SubmissionError, match="deadline") as caught:
                await client.tasks.submit(service.job, tasks, deadline=seconds, **options)
            assert len(service.truth.adds) == caught.value.report.added
            return caught.value.report

    return run(main())


def test_an_input_that_swallows_its_cancellation_and_goes_on() -> None:
    async def stubborn() -> AsyncIterator[Any]:
        number = 0
        while True:
            with contextlib.suppress(asyncio.CancelledError):
                await asyncio.sleep(3_600 if number == 120 else 0)
            yield {"id": f"task-{number}", "commandLine": "run"}
            number += 1

    # What it gave in place of ending was taken, and is told.
    report = stopped_after(30.0, stubborn())
    assert (report.taken, report.added, report.not_sent) == (121, 120, 1)


def test_an_input_that_never_ends_is_left_behind(caplog: pytest.LogCaptureFixture) -> None:
    async def deaf() -> AsyncIterator[Any]:
        yield make_mappings(10)
        ends_at = asyncio.get_running_loop().time() + 1_000
        while (left := ends_at - asyncio.get_running_loop().time()) > 0:
            with contextlib.suppress(asyncio.CancelledError):
                await asyncio.sleep(left)

    report = stopped_after(30.0, deaf())
    assert report.added == 10
    assert 40 <= report.elapsed < 41
    assert "the input does not end when it is cancelled, and is left behind" in caplog.messages


async def test_an_input_that_cannot_be_closed(
    client: BatchClient, service: ScriptedService, caplog: pytest.LogCaptureFixture
) -> None:
    async def broken() -> AsyncIterator[Any]:
        try:
            for task in make_mappings(100_000):
                yield task
        finally:
            raise ValueError("sig=secret")

    async with client.tasks.submitting(service.job, broken(), max_requests=1) as run:
        async for _ in run:
            break
    assert adds_up(run.report)
    assert "the input could not be closed: ValueError" in caplog.messages
    assert "secret" not in caplog.text


# Synchronous inputs.


class Rows:
    """An iterable that opens its database when it is iterated: a cursor belongs to the thread that made it."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def __iter__(self) -> Iterator[Any]:
        rows = sqlite3.connect(self._path).execute("select number from numbers order by number")
        return ({"id": f"task-{number}", "commandLine": "run"} for (number,) in rows)


async def test_an_iterator_that_belongs_to_a_thread(
    client: BatchClient, service: ScriptedService, tmp_path: Path
) -> None:
    with contextlib.closing(sqlite3.connect(tmp_path / "rows.db")) as database, database:
        database.execute("create table numbers (number integer)")
        database.executemany("insert into numbers values (?)", [(number,) for number in range(150)])
    told = await drive(client, service, Rows(tmp_path / "rows.db"), ids=make_ids(150))
    assert told.report.added == 150


async def test_an_iterable_that_raises_at_once(client: BatchClient, service: ScriptedService) -> None:
    class Broken:
        def __iter__(self) -> Iterator[Any]:
            raise OutcomeError("no rows")

    told = await drive(client, service, Broken(), ids=[], fails=SubmissionError)
    assert "the input raised OutcomeError" in str(told.error)


async def test_no_thread_can_be_started(
    client: BatchClient, service: ScriptedService, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(_: threading.Thread) -> None:
        raise RuntimeError("can't start new thread")

    with monkeypatch.context() as patch:
        patch.setattr(threading.Thread, "start", refuse)
        told = await drive(client, service, iter(make_mappings(5)), ids=[], fails=SubmissionError)
    assert "can't start new thread" in str(told.error)


# Items.


class Detached(Mapping[str, Any]):
    """A row of a database whose session has gone."""

    def __getitem__(self, name: str) -> Any:
        raise RuntimeError("the session has gone")

    def __iter__(self) -> Iterator[str]:
        raise RuntimeError("the session has gone")

    def __len__(self) -> int:
        return 2


class Lazy:
    @property
    def id(self) -> str:
        raise RuntimeError("the session has gone")


class Proxy:
    """As werkzeug's LocalProxy outside of a request: not even its class can be asked for."""

    @property
    def __class__(self) -> type:
        raise RuntimeError("the session has gone")

    @__class__.setter
    def __class__(self, value: type) -> None: ...


class Subtle(dict[str, Any]):
    def __getitem__(self, name: str) -> Any:
        raise RuntimeError("the session has gone")


def cycle() -> dict[str, Any]:
    task: dict[str, Any] = {"id": "cycle", "commandLine": "run"}
    task["environmentSettings"] = [task]
    return task


ODD: dict[str, Callable[[], Any]] = {
    "a mapping that raises": Detached,
    "a mapping inside that raises": lambda: {"id": None, "commandLine": "x", "constraints": Detached()},
    "an id that raises": Lazy,
    "a proxy": Proxy,
    "a dict that raises": lambda: Subtle(id=5),
}


@pytest.mark.parametrize("kind", ODD)
@pytest.mark.parametrize("as_input", [list, iter], ids=["list", "iterator"])
async def test_an_item_that_raises_is_one_bad_task(
    client: BatchClient, service: ScriptedService, kind: str, as_input: Callable[[Any], Any]
) -> None:
    tasks: list[Any] = make_mappings(205)
    ids: list[str | None] = [*make_ids(205)]
    for index in (50, 201):
        tasks.insert(index, ODD[kind]())
        ids.insert(index, None)
    told = await drive(client, service, as_input(tasks), ids=ids)
    assert told.states("rejected") == [50, 201]
    assert told.report.added == 205


def test_an_item_that_raises_after_the_run_has_stopped() -> None:
    tasks: list[Any] = [*make_mappings(150), *[Detached() for _ in range(100)], *make_mappings(100, "more")]
    report = stopped_after(5.0, tasks, fault=lambda _: hang(), max_requests=1)
    assert report.unknown == 100
    assert adds_up(report)


async def test_a_callers_bad_object_does_not_end_a_feed(client: BatchClient, service: ScriptedService) -> None:
    async with client.tasks.feed(service.job) as feed:
        callers = start(feed, make_mappings(50))
        bad = asyncio.create_task(feed.add(Detached()))
        callers += start(feed, make_mappings(50, "more"))
        assert (await bad).state == "rejected"
        assert {(await caller).state for caller in callers} == {"added"}


@pytest.mark.parametrize("at", [1, 99, 100, 999, 1_000, 1_001, 1_500, 2_999])
@pytest.mark.parametrize("kind", ["list", "iterator", "async"])
async def test_a_list_among_tasks_is_one_bad_task_wherever_it_stands(
    client: BatchClient, service: ScriptedService, at: int, kind: str
) -> None:
    """It must not depend on how the input happened to be cut: a resumed run cuts it in another way."""
    tasks: list[Any] = make_mappings(3_000)
    ids: list[str | None] = [*make_ids(3_000)]
    tasks[at], ids[at] = make_mappings(5, "inner"), None

    async def slowly() -> AsyncIterator[Any]:
        for task in tasks:
            yield task

    given = {"list": tasks, "iterator": iter(tasks), "async": slowly()}[kind]
    told = await drive(client, service, given, ids=ids)
    assert told.states("rejected") == [at]
    assert told.report.added == 2_999


async def test_a_task_among_lists_is_a_task_wherever_it_stands(client: BatchClient, service: ScriptedService) -> None:
    tasks = make_mappings(2_300)
    given: list[Any] = [tasks[:50], *tasks[50:2_000], tasks[2_000:2_200], *tasks[2_200:]]
    told = await drive(client, service, iter(given), ids=make_ids(2_300))
    assert told.report.added == 2_300


async def test_lists_from_a_source_stay_lists() -> None:
    source = open_source(iter([[1, 2], [3]] * 80))
    items = list[Any]()
    while part := await source.read(1_000, lambda given: given):
        items += part
    assert items == [[1, 2], [3]] * 80
    await source.stop()


@pytest.mark.parametrize("raw", [b"}", b"", b'"x"},{"id":"another","commandLine":"y"', b"\xff"])
async def test_raw_json_that_is_none(service: ScriptedService, raw: bytes) -> None:
    """`msgspec.Raw` is not looked at when it is sent; whatever follows, every task is told."""
    service.items = lambda folded, seen: item_error(server=True) if folded == "task-110" and not seen else None
    tasks: list[Any] = make_mappings(150)
    tasks[120] = {"id": "task-120", "commandLine": msgspec.Raw(raw)}
    async with connect(service, timeout=2) as client, asyncio.timeout(20):
        try:
            report = await client.tasks.submit(service.job, tasks, keep="all", max_requests=1)
        except SubmissionError as error:
            report = error.report
    assert adds_up(report)
    assert report.taken == 150
    assert {outcome.index for outcome in report.outcomes} == set(range(150))
    assert {outcome.state for outcome in report.outcomes[:100]} == {"added"}
