"""Sources: whatever can be iterated, in order, without blocking the loop, and with nothing left over."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import AsyncIterator, Iterator
from typing import Any

import pytest

from batchio.bulk.source import CHUNK, Source, open_source
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
    assert await source.stop() == []


@pytest.mark.parametrize("tasks", [None, 7, "tasks", b"{}", {"id": "one"}, object()])
def test_what_is_no_input(tasks: Any) -> None:
    with pytest.raises(ConfigurationError, match=r"^tasks: an iterable"):
        open_source(tasks)


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

    def items() -> Iterator[int]:
        for number in range(3 * CHUNK):
            threads.add(threading.get_ident())
            yield number

    source = open_source(items())
    await _all(source)
    await source.stop()
    assert len(threads) == 1
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


async def test_an_async_source_is_not_read_ahead_without_bound_and_is_closed() -> None:
    pulled, closed = list[int](), list[bool]()

    async def items() -> AsyncIterator[int]:
        try:
            for number in range(1_000_000):
                pulled.append(number)
                yield number
        finally:
            closed.append(True)

    source = open_source(items())
    first = await source.read(10)
    for _ in range(100):
        await asyncio.sleep(0)
    assert len(pulled) <= 2 * CHUNK
    rest = await source.stop()
    assert [*first, *rest] == pulled
    assert closed == [True]


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
