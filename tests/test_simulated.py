"""The virtual loop and the transport in memory: they must be as good as the real ones before they judge anything."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterator
from typing import Any

import pytest
from scripted import (
    Act,
    Told,
    drive,
    drop,
    fail,
    for_requests,
    hang,
    html,
    make_mappings,
    omit,
    refuse,
    results,
    truncate,
    unreadable,
)
from simulated import MemoryService, StuckError, connect, run

COUNT = 450


async def told_of(act: Act | None, **options: Any) -> tuple[Told, MemoryService, float]:
    """A run whose second request meets an act; how long it took."""
    async with MemoryService() as service, connect(service) as client:
        service.latency = 0.1
        if act is not None:
            service.fault = for_requests([2], act)
        begun = asyncio.get_running_loop().time()
        told = await drive(client, service, make_mappings(COUNT), exact=True, **options)
        return told, service, asyncio.get_running_loop().time() - begun


def test_hours_pass_in_no_time() -> None:
    begun = time.monotonic()

    async def main() -> float:
        await asyncio.sleep(10 * 3600)
        return asyncio.get_running_loop().time()

    assert run(main()) == pytest.approx(10 * 3600, abs=1e-3)
    assert time.monotonic() - begun < 60


def test_timers_come_in_their_order() -> None:
    seen: list[float] = []

    async def sleeper(seconds: float) -> None:
        await asyncio.sleep(seconds)
        assert asyncio.get_running_loop().time() == pytest.approx(seconds, abs=1e-3)
        seen.append(seconds)

    async def main() -> None:
        await asyncio.gather(*map(sleeper, [3.0, 1.0, 2.5, 0.0, 2.0]))

    run(main())
    assert seen == [0.0, 1.0, 2.0, 2.5, 3.0]


def test_who_waits_for_ever_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("simulated.clock._REAL_SECONDS", 0.01)
    with pytest.raises(StuckError, match="nothing is left"):
        run(asyncio.Event().wait())


def test_an_executor_works_at_once() -> None:
    async def main() -> int:
        loop = asyncio.get_running_loop()
        with pytest.raises(ZeroDivisionError):
            await loop.run_in_executor(None, lambda: 1 // 0)
        return await loop.run_in_executor(None, int, "17")

    assert run(main()) == 17


def test_a_thread_is_waited_for() -> None:
    def slow() -> Iterator[dict[str, str]]:
        for number in range(COUNT):
            time.sleep(0.0001)
            yield {"id": f"task-{number}", "commandLine": "run"}

    async def main() -> int:
        async with MemoryService() as service, connect(service) as client:
            return (await client.tasks.submit(service.job, slow())).added

    assert run(main()) == COUNT


ACTS: dict[str, tuple[Act | None, bool]] = {
    "nothing": (None, False),
    "no answer": (drop(0.5), True),
    "a timeout": (hang(1.0), True),
    "half an answer": (truncate(), True),
    "half of the chunks": (truncate(chunked=True), True),
    "chunks": (Act(chunked=True), False),
    "nonsense": (unreadable(), True),
    "a page": (html(502), False),
    "refused": (refuse(429, retry_after="3"), False),
    "failed": (fail(500, share=1.0), True),
    "omitted": (results(omit(7)), True),
}
"""What the second request meets, and whether some of its tasks are then added without a word that says so."""


@pytest.mark.parametrize(("act", "is_inferred"), ACTS.values(), ids=ACTS)
def test_each_act_ends_well(act: Act | None, *, is_inferred: bool) -> None:
    told, service, _ = run(told_of(act))
    assert told.report.added == len(service.truth.adds) == COUNT
    assert any(not outcome.confirmed for outcome in told.outcomes.values()) is is_inferred


def test_time_passes_as_the_service_says() -> None:
    quick, held, late = (run(told_of(act))[2] for act in (None, refuse(503, retry_after="7"), hang()))
    assert quick < 1
    assert 7 <= held < 9
    assert 10 <= late < 35


def test_a_service_that_is_not_there() -> None:
    async def main() -> float:
        loop = asyncio.get_running_loop()
        async with MemoryService() as service, connect(service) as client:
            await service.stop()
            loop.call_later(30, lambda: loop.create_task(service.start()))
            await drive(client, service, make_mappings(COUNT))
            return loop.time()

    assert 30 <= run(main()) < 55
