"""A caller of a feed that is cancelled, at every stage: nobody else notices, and its task is sent or it is not."""

from __future__ import annotations

import asyncio
import random
from typing import Any

import pytest
from scripted import (
    ScriptedService,
    add_each,
    chance,
    drop,
    fail,
    hang,
    leaves_nothing,
    make_ids,
    make_mappings,
    make_models,
    refuse,
    settled,
    start,
)

from batchio import BatchClient, TaskOutcome


async def cancel(callers: list[asyncio.Task[Any]]) -> None:
    """Cancel callers and wait until they are gone."""
    for caller in callers:
        caller.cancel()
    for caller in callers:
        with pytest.raises(asyncio.CancelledError):
            await caller


async def test_while_it_lingers_its_task_is_not_sent(client: BatchClient, service: ScriptedService) -> None:
    async with client.tasks.feed(service.job, linger=600.0) as feed:
        staying, leaving = start(feed, make_models(50)), start(feed, make_models(49, "leaving"))
        await asyncio.sleep(0)
        await cancel(leaving)
        assert feed.waiting == 50
        assert service.history == []
        staying += start(feed, make_models(50, "more"))
        outcomes = await asyncio.gather(*staying)
    assert all(outcome.state == "added" for outcome in outcomes)
    assert sorted(service.truth.adds) == sorted([*make_ids(50), *make_ids(50, "more")])
    assert len(service.history) == 1
    assert feed.report.taken == feed.report.added == 100


async def test_while_it_waits_for_room_its_task_is_not_sent(client: BatchClient, service: ScriptedService) -> None:
    service.fault = lambda _: hang(1.0)
    async with client.tasks.feed(service.job, linger=0.0, max_pending=2) as feed:
        callers = start(feed, make_models(20))
        await service.until(lambda: service.processed == 2)
        await cancel(callers[5:15])
        assert feed.waiting == 8
        service.fault = None
        service.release()
        await asyncio.gather(*callers[:5], *callers[15:])
    assert sorted(service.truth.adds) == sorted([*make_ids(20)[:5], *make_ids(20)[15:]])
    assert feed.report.taken == 10


async def test_in_flight_its_task_goes_on(client: BatchClient, service: ScriptedService) -> None:
    service.fault = lambda _: hang(1.0)
    async with client.tasks.feed(service.job, linger=0.0) as feed:
        callers = start(feed, make_models(10))
        await service.until(lambda: service.processed == 10)
        await cancel(callers[:9])
        service.release()
        assert (await callers[9]).state == "added"
    assert feed.report.added == 10
    assert len(service.history) == 1


@pytest.mark.parametrize("act", [refuse(retry_after="0"), fail(500, share=1.0), drop(1.0)])
async def test_between_two_tries_its_task_goes_on(client: BatchClient, service: ScriptedService, act: Any) -> None:
    service.fault = lambda record: act if record.number <= 2 else None
    async with client.tasks.feed(service.job) as feed:
        callers = start(feed, make_models(10))
        await service.until(lambda: bool(service.history and service.history[0].ended))
        await cancel(callers[3:])
        outcomes = await asyncio.gather(*callers[:3])
    assert all(outcome.state == "added" for outcome in outcomes)
    assert feed.report.added == 10


async def test_while_it_waits_for_its_twin(client: BatchClient, service: ScriptedService) -> None:
    service.fault = lambda _: hang(1.0)
    async with client.tasks.feed(service.job, linger=0.0) as feed:
        same = [{"id": "same", "commandLine": "run"}] * 3
        callers = start(feed, same)
        await service.until(lambda: service.processed == 1)
        await cancel(callers[1:2])
        await cancel(callers[:1])
        service.release()
        assert (await callers[2]).state == "existed"
    assert feed.report.existed == 2


async def test_in_the_moment_of_its_outcome(client: BatchClient, service: ScriptedService) -> None:
    """Answered and cancelled in one step of the loop: it is cancelled, and nothing is left behind."""
    async with client.tasks.feed(service.job, linger=0.0) as feed:
        (first, second) = start(feed, make_models(2))
        first.add_done_callback(lambda _: second.cancel())
        await asyncio.wait([first, second])
        assert first.result().state == "added"
    assert feed.report.added == 2


async def test_an_add_all_keeps_what_was_taken_and_drops_the_rest(
    client: BatchClient, service: ScriptedService
) -> None:
    service.fault = lambda _: hang(1.0)
    async with client.tasks.feed(service.job, max_pending=100) as feed:
        crowd = asyncio.create_task(feed.add_all(make_mappings(1_000, "crowd")))
        await service.until(lambda: service.processed == 100)
        singles = start(feed, make_models(5))
        await cancel([crowd])
        assert (feed.pending, feed.waiting) == (100, 5)
        service.fault = None
        service.release()
        await asyncio.gather(*singles)
        await feed.flush()
    assert feed.report.taken == feed.report.added == 105


async def test_by_a_timeout(client: BatchClient, service: ScriptedService) -> None:
    service.fault = lambda record: hang(1.0) if record.number == 1 else None
    limit = asyncio.timeout(None)

    async def caller() -> None:
        async with limit:
            await feed.add(make_models(1)[0])

    async with client.tasks.feed(service.job, linger=0.0) as feed:
        calling = asyncio.create_task(caller())
        await service.until(lambda: service.processed == 1)
        limit.reschedule(asyncio.get_running_loop().time())
        with pytest.raises(TimeoutError):
            await calling
        # Others are served meanwhile, and the same id is no riddle for long.
        await add_each(feed, make_models(10, "other"))
        again = asyncio.create_task(feed.add(make_models(1)[0]))
        await asyncio.sleep(0.02)
        service.release()
        assert (await again).state == "existed"


@pytest.mark.parametrize("seed", range(8))
async def test_at_random_moments(client: BatchClient, service: ScriptedService, seed: int) -> None:
    """A third of all callers leave; the others have what is theirs, and every task taken is accounted for."""
    dice = random.Random(seed)  # noqa: S311 -- a seed that can be repeated
    service.latency = dice.choice([0.0, 0.01])
    service.fault = chance(seed, [(0.1, drop(1.0)), (0.1, refuse()), (0.1, fail(500, share=1.0))], until=30)
    most = dice.choice([20, 150, 10_000])
    with leaves_nothing():
        async with client.tasks.feed(service.job, max_pending=most, linger=dice.choice([0.0, 0.01])) as feed:
            callers: list[asyncio.Task[TaskOutcome]] = []
            leaving: set[asyncio.Task[TaskOutcome]] = set()
            for task in make_models(600):
                callers += start(feed, [task])
                if dice.random() < 0.3:
                    leaving.add(callers[-1])
                    asyncio.get_running_loop().call_later(dice.random() * 0.1, callers[-1].cancel)
                if dice.random() < 0.1:
                    await asyncio.sleep(dice.random() * 0.01)
            async with asyncio.timeout(30):
                await asyncio.wait(callers)
        await settled()
    for number, caller in enumerate(callers):
        if caller.cancelled():
            assert caller in leaving
        else:
            assert caller.result().state == "added", caller.result()
            assert service.truth.has(f"task-{number}")
    report = feed.report
    assert report.added == report.taken == len(service.truth.adds)
    assert not service.violations
