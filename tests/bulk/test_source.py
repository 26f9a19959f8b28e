"""Sources: whatever can be iterated, in order, without blocking the loop, and with nothing left over."""

from __future__ import annotations

import asyncio
import math
import threading
import time
from collections.abc import AsyncIterator, Iterator
from typing import Any

import pytest

from batchio.bulk import thread_source
from batchio.bulk.source import CHUNK, Source, open_source
from batchio.bulk.tasks import Group
from batchio.errors import ConfigurationError


async def _all(source: Source) -> list[Any]:
    items: list[Any] = []
    while part := await source.read(CHUNK):
        assert len(part) <= CHUNK
        items += part
    return items


async def _numbers(count: int) -> AsyncIterator[int]:
    for number in range(count):
        if number % 7 == 0:
            await asyncio.sleep(0)
        yield number


@pytest.mark.parametrize("count", [0, 1, 2, CHUNK, 3 * CHUNK + 1])
@pytest.mark.parametrize("kind", ["list", "tuple", "generator", "range", "async"])
async def test_all_of_it_in_order(kind: str, count: int) -> None:
    inputs: dict[str, Any] = {
        "list": list(range(count)),
        "tuple": tuple(range(count)),
        "generator": (number for number in range(count)),
        "range": range(count),
        "async": _numbers(count),
    }
    source = open_source(inputs[kind])
    assert await _all(source) == list(range(count))
    assert await source.read(CHUNK) == []
    assert await source.stop() == []
    if kind in ("list", "async"):
        assert source.pulled == count


@pytest.mark.parametrize(
    ("tasks", "words"),
    [
        (None, "an iterable or async iterable of tasks is needed, not NoneType"),
        (7, "an iterable or async iterable of tasks is needed, not int"),
        ("tasks", "an iterable of tasks is needed, not a single str"),
        (b"{}", "an iterable of tasks is needed, not a single bytes"),
        (bytearray(b"{}"), "an iterable of tasks is needed, not a single bytearray"),
        ({"id": "one"}, "an iterable of tasks is needed, not a single dict"),
    ],
)
def test_what_is_no_input(tasks: Any, words: str) -> None:
    with pytest.raises(ConfigurationError) as caught:
        open_source(tasks)
    assert str(caught.value) == f"tasks: {words}"


async def _raises_async() -> AsyncIterator[int]:
    yield 1
    yield 2
    raise ValueError("broken")


def _raises() -> Iterator[int]:
    yield 1
    yield 2
    raise ValueError("broken")


@pytest.mark.parametrize("make", [_raises, _raises_async])
async def test_what_came_before_an_error_is_handed_out_first(make: Any) -> None:
    source, items = open_source(make()), list[int]()
    while len(items) < 2:
        items += await source.read(CHUNK)
    assert items == [1, 2]
    with pytest.raises(ValueError, match="broken"):
        await source.read(CHUNK)
    assert await source.stop() == []


async def test_a_slow_iterator_does_not_block_the_loop_and_hands_out_what_has_come() -> None:
    gate = threading.Event()

    def slow() -> Iterator[int]:
        yield 1
        yield 2
        gate.wait(10)
        yield 3

    source = open_source(slow())
    items: list[int] = []
    while len(items) < 2:
        items += await asyncio.wait_for(source.read(CHUNK), 5)
    gate.set()
    assert [*items, *await _all(source)] == [1, 2, 3]
    await source.stop()


async def test_one_thread_reads_all_of_it_and_ends() -> None:
    threads: set[int] = set()
    kinds: set[tuple[str, bool]] = set()

    def items() -> Iterator[int]:
        for number in range(3 * CHUNK):
            threads.add(threading.get_ident())
            kinds.add((threading.current_thread().name, threading.current_thread().daemon))
            yield number

    source = open_source(items())
    await _all(source)
    await source.stop()
    assert len(threads) == 1
    assert kinds == {("batchio input", True)}
    assert threads.isdisjoint({threading.get_ident()})
    assert not [thread for thread in threading.enumerate() if thread.name == "batchio input"]


async def test_stop_gives_what_was_taken_and_takes_no_more() -> None:
    pulled: list[int] = []

    def items() -> Iterator[int]:
        for number in range(10_000_000):
            pulled.append(number)
            yield number

    source = open_source(items())
    got = [*await source.read(CHUNK), *await source.read(CHUNK)]
    got += await source.stop()
    assert got == pulled
    assert not [thread for thread in threading.enumerate() if thread.name == "batchio input"]


@pytest.mark.parametrize("size", [None, 4])
async def test_an_async_source_is_not_read_ahead_without_bound_and_is_closed(
    size: int | None, caplog: pytest.LogCaptureFixture
) -> None:
    pulled, closed = list[Any](), list[bool]()

    async def items() -> AsyncIterator[Any]:
        try:
            for number in range(1_000_000):
                pulled.append(number if size is None else [number] * size)
                yield pulled[-1]
        finally:
            closed.append(True)

    async def counted() -> int:
        for _ in range(10):
            await asyncio.sleep(0)
        return len(pulled)

    source = open_source(items())
    # As many as hold ten tasks, and as many again ahead.
    enough = 10 if size is None else 3
    taken = await source.read(10)
    assert len(taken) == enough
    assert [task.get_name() for task in asyncio.all_tasks()].count("batchio input") == 1
    assert await counted() == 2 * enough
    # The others are as many as are asked for: no more are needed ahead.
    if size is None:
        taken += await source.read(5)
        assert await counted() == 2 * enough
    taken += await source.read(1)
    assert await counted() == 2 * enough
    rest = await source.stop()
    assert [*taken, *rest] == pulled
    assert closed == [True]
    assert not caplog.messages


async def test_an_iterator_that_never_comes_back_is_left_behind() -> None:
    gate = threading.Event()

    def stuck() -> Iterator[int]:
        yield 1
        gate.wait(30)

    source = open_source(stuck())
    assert await source.read(CHUNK) == [1]
    reading = asyncio.create_task(source.read(CHUNK))
    await asyncio.sleep(0)
    reading.cancel()
    await asyncio.wait([reading])
    begun = time.monotonic()
    assert await source.stop() == []
    assert time.monotonic() - begun < 10
    gate.set()


async def test_stopping_in_a_pull_waits_for_the_pull_and_no_longer() -> None:
    started, gate = asyncio.Event(), threading.Event()
    loop = asyncio.get_running_loop()

    def items() -> Iterator[int]:
        loop.call_soon_threadsafe(started.set)
        gate.wait(10)
        yield 1

    source = open_source(items())
    reading = asyncio.create_task(source.read(CHUNK))
    await started.wait()
    reading.cancel()
    await asyncio.wait([reading])
    stopping = asyncio.create_task(source.stop())
    await asyncio.sleep(0)
    begun = time.monotonic()
    gate.set()
    assert await stopping == [1]
    assert time.monotonic() - begun < 0.9
    assert not [thread for thread in threading.enumerate() if thread.name == "batchio input"]


async def test_whole_requests_are_made_ready_in_the_thread(monkeypatch: pytest.MonkeyPatch) -> None:
    """However little comes at first: what is made ready ends where a request of a hundred would."""
    monkeypatch.setattr(thread_source, "_QUICK", math.inf)
    monkeypatch.setattr(thread_source, "_LINGER", 60.0)
    made = list[list[int]]()

    def ready(items: list[int]) -> tuple[int, ...]:
        assert threading.current_thread().name == "batchio input"
        made.append(items)
        return tuple(items)

    source, found, reads = open_source(iter(range(3000))), list[int](), 0
    while part := await source.read(CHUNK, ready):
        reads += 1
        for each in part:
            assert isinstance(each, tuple | Group)
            found += each
        assert source.pulled >= len(found)
    await source.stop()
    assert found == list(range(3000))
    assert all(items[-1] % 100 == 99 for items in made)
    assert [items[0] for items in made][-20:] == list(range(1000, 3000, 100))
    # One, two, four and so on: more at a time as long as it is quick.
    assert reads < 20


@pytest.mark.parametrize("fails", [False, True])
async def test_what_an_input_has_open_is_closed_in_its_thread_and_not_on_the_loop(
    fails: bool,  # noqa: FBT001 - a parameter of the test
    caplog: pytest.LogCaptureFixture,
) -> None:
    threads, closing, gate = list[int](), asyncio.Event(), threading.Event()
    loop = asyncio.get_running_loop()

    def items() -> Iterator[int]:
        threads.append(threading.get_ident())
        try:
            yield from range(10_000_000)
        finally:
            threads.append(threading.get_ident())
            loop.call_soon_threadsafe(closing.set)
            gate.wait(10)
            if fails:
                raise ValueError("sig=secret")

    source = open_source(items())
    await source.read(CHUNK)
    stopping = asyncio.create_task(source.stop())
    async with asyncio.timeout(10):
        # The loop goes on meanwhile.
        await closing.wait()
    gate.set()
    await stopping
    assert len(set(threads)) == 1
    assert threads[0] != threading.get_ident()
    assert not [thread for thread in threading.enumerate() if thread.name == "batchio input"]
    assert caplog.messages == ["the input could not be closed: ValueError"] * fails
