"""The hand-over between the reading thread and the loop, and what signals do inside one process."""

from __future__ import annotations

import asyncio
import os
import signal
import threading
from collections.abc import Generator, Iterator
from typing import Any

import pytest

from batchio.cli.codes import CommandError
from batchio.cli.feed import AHEAD, Feed
from batchio.cli.interrupt import Interrupt, run
from batchio.cli.portions import Bad, Portion


def portions(*given: Portion) -> Generator[Portion]:
    yield from given


async def read(feed: Feed) -> list[bytes]:
    return [task async for tasks in feed for task in tasks]


async def test_everything_is_handed_on_in_order() -> None:
    feed = Feed(portions(*(Portion([b"%d" % at]) for at in range(100))), skip=False, tell=None)
    assert await read(feed) == [b"%d" % at for at in range(100)]
    assert (feed.given, feed.fault, feed.bad) == (100, None, 0)


async def test_nothing_is_read_far_ahead() -> None:
    read_so_far: list[int] = []
    full = threading.Event()

    def endless() -> Generator[Portion]:
        at = 0
        while True:
            read_so_far.append(at)
            if at == AHEAD:
                full.set()
            yield Portion([b"%d" % at])
            at += 1

    feed = Feed(endless(), skip=False, tell=None)
    source = aiter(feed)
    await asyncio.to_thread(full.wait, 10)
    assert await anext(source) == [b"0"]
    feed.stop()
    assert len(read_so_far) <= AHEAD + 2
    with pytest.raises(StopAsyncIteration):
        await anext(source)


async def test_it_ends_at_a_bad_place() -> None:
    bad = Bad(2, 1, "why")
    feed = Feed(portions(Portion([b"a"], bad=bad), Portion([b"b"])), skip=False, tell=None)
    assert await read(feed) == [b"a"]
    assert feed.fault == bad


async def test_it_goes_on_behind_a_bad_place_but_not_a_fatal_one() -> None:
    told: list[Bad] = []
    bad, fatal = Bad(2, 1, "why"), Bad(3, 1, "why", fatal=True)
    given = (Portion([b"a"], bad=bad), Portion([b"b"], bad=fatal), Portion([b"c"]))
    feed = Feed(portions(*given), skip=True, tell=told.append)
    assert await read(feed) == [b"a", b"b"]
    assert (told, feed.fault, feed.bad) == ([bad], fatal, 2)


async def test_what_the_input_raises_is_kept() -> None:
    def broken() -> Generator[Portion]:
        yield Portion([b"a"])
        raise CommandError("the disk is gone")

    feed = Feed(broken(), skip=False, tell=None)
    assert await read(feed) == [b"a"]
    assert str(feed.fault) == "the disk is gone"


async def test_stopping_ends_who_waits() -> None:
    block = threading.Event()

    def silent() -> Generator[Portion]:
        block.wait(10)
        yield Portion([b"late"])

    feed = Feed(silent(), skip=False, tell=None)
    reading = asyncio.create_task(read(feed))
    asyncio.get_running_loop().call_soon(feed.stop)
    assert await reading == []
    block.set()


@pytest.fixture
def handlers() -> Iterator[None]:
    before = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}
    yield
    assert {number: signal.getsignal(number) for number in before} == before


@pytest.mark.usefixtures("handlers")
def test_the_first_signal_finishes() -> None:
    async def main(interrupt: Interrupt) -> str:
        finished = asyncio.Event()
        with interrupt.finishing_with(finished.set):
            os.kill(os.getpid(), signal.SIGINT)
            await finished.wait()
        return f"finished after {interrupt.signal}"

    assert run(main) == "finished after 2"


@pytest.mark.usefixtures("handlers")
@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_a_signal_that_nobody_awaits_stops(number: int, code: int) -> None:
    async def main(_: Interrupt) -> Any:
        os.kill(os.getpid(), number)
        await asyncio.Event().wait()

    with pytest.raises(CommandError, match="interrupted") as raised:
        run(main)
    assert raised.value.code == code


@pytest.mark.usefixtures("handlers")
def test_the_second_signal_stops() -> None:
    async def main(interrupt: Interrupt) -> str:
        finishing = asyncio.Event()
        with interrupt.finishing_with(finishing.set):
            os.kill(os.getpid(), signal.SIGINT)
            await finishing.wait()
            os.kill(os.getpid(), signal.SIGINT)
            try:
                await asyncio.Event().wait()
            except asyncio.CancelledError:
                return "stopped"
        return "never"

    assert run(main) == "stopped"
