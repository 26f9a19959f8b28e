"""Back-pressure of a feed: by count, by bytes, first come first served."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from scripted import (
    Record,
    ScriptedService,
    add,
    add_each,
    add_together,
    connect,
    hang,
    judge_feed,
    make_ids,
    make_mappings,
    make_models,
    settled,
    start,
)

from batchio import BatchClient


def order(service: ScriptedService) -> list[str]:
    """The ids in the order in which they arrived."""
    return [task_id for record in service.history for task_id in record.ids]


# By count


@pytest.mark.parametrize("most", [1, 7, 100, 250])
async def test_never_more_without_an_outcome_than_asked_for(
    client: BatchClient, service: ScriptedService, most: int
) -> None:
    seen: list[int] = []
    service.latency = 0.002
    async with client.tasks.feed(service.job, max_pending=most, linger=0.0) as feed:
        service.fault = lambda _: seen.append(feed.pending)
        outcomes = await add_each(feed, make_models(4 * most + 50))
    assert max(seen) == most
    assert max(len(record.ids) for record in service.history) <= most
    # One after the other, as they came.
    assert [outcome.index for outcome in outcomes] == list(range(len(outcomes)))
    judge_feed(service, feed, outcomes, exact=True)


async def test_callers_beyond_it_wait(client: BatchClient, service: ScriptedService) -> None:
    service.fault = lambda _: hang(1.0)
    async with client.tasks.feed(service.job, max_pending=5, linger=0.0) as feed:
        callers = start(feed, make_models(12))
        await service.until(lambda: service.processed == 5)
        await settled()
        assert (feed.pending, feed.waiting) == (5, 7)
        assert order(service) == make_ids(5)
        service.fault = None
        service.release()
        await asyncio.gather(*callers)
    assert order(service) == make_ids(12)


async def test_room_for_one_is_given_to_one(client: BatchClient, service: ScriptedService) -> None:
    """Two of three are held; the third place serves caller after caller."""
    held = {"held-0", "held-1"}
    service.fault = lambda record: hang(1.0) if held & record.folded else None
    async with client.tasks.feed(service.job, max_pending=3, linger=0.0) as feed:
        holding = start(feed, make_models(2, "held"))
        await service.until(lambda: service.processed == 2)
        await add_each(feed, make_models(10))
        assert order(service)[2:] == make_ids(10)
        service.release()
        await asyncio.gather(*holding)


@pytest.mark.parametrize("callers", [49, 50, 99, 100, 130, 250])
async def test_where_no_request_can_be_full_the_room_is(
    client: BatchClient, service: ScriptedService, callers: int
) -> None:
    """Nobody lingers for tasks that could not be taken; what is over from that does."""
    async with client.tasks.feed(service.job, max_pending=50, linger=600.0) as feed:
        adding = start(feed, make_models(callers))
        await service.until(lambda: service.processed == callers - callers % 50)
        await settled()
        assert feed.waiting == callers % 50
        await feed.flush()
        outcomes = await asyncio.gather(*adding)
    assert [len(record.ids) for record in service.history][: callers // 50] == [50] * (callers // 50)
    judge_feed(service, feed, outcomes, exact=True)


async def test_who_would_wait_can_see_it(client: BatchClient, service: ScriptedService) -> None:
    service.fault = lambda _: hang(1.0)
    async with client.tasks.feed(service.job, max_pending=5, linger=600.0) as feed:
        adding = start(feed, make_models(4))
        await asyncio.sleep(0)
        assert not feed.is_full
        adding += start(feed, make_models(1, "last"))
        await asyncio.sleep(0)
        # They still wait for the engine, and will have all the room.
        assert (feed.pending, feed.waiting, feed.is_full) == (0, 5, True)
        await service.until(lambda: service.processed == 5)
        assert (feed.pending, feed.waiting, feed.is_full) == (5, 0, True)
        service.release()
        await asyncio.gather(*adding)
        assert not feed.is_full


async def test_who_would_wait_for_bytes_can_see_it(client: BatchClient, service: ScriptedService) -> None:
    service.fault = lambda _: hang(1.0)
    async with client.tasks.feed(service.job, max_pending_bytes=10_000, linger=0.0) as feed:
        adding = start(feed, make_mappings(1, padding=10_000))
        await service.until(lambda: service.processed == 1)
        assert (feed.pending, feed.is_full) == (1, True)
        service.release()
        await asyncio.gather(*adding)
        assert not feed.is_full


# Fairness


async def test_a_large_add_all_is_not_overtaken(client: BatchClient, service: ScriptedService) -> None:
    """Singles come all the time; the crowd that was first is through before those that came after it."""
    service.latency = 0.002
    async with client.tasks.feed(service.job, max_pending=10_000) as feed:
        crowd = asyncio.create_task(add_together(feed, make_mappings(5_000, "crowd")))
        await asyncio.sleep(0)
        singles = start(feed, make_models(200, "single"))
        first, second = await crowd, await asyncio.gather(*singles)
    assert [outcome.index for outcome in first] == list(range(5_000))
    assert [outcome.index for outcome in second] == list(range(5_000, 5_200))
    judge_feed(service, feed, [*first, *second], exact=True)


async def test_an_add_all_larger_than_the_room_takes_turns(client: BatchClient, service: ScriptedService) -> None:
    """Portions of `max_pending`; who comes meanwhile has its turn after the portion, not after the whole."""
    service.latency = 0.002
    async with client.tasks.feed(service.job, max_pending=100, linger=0.0) as feed:
        crowd = asyncio.create_task(add_together(feed, make_mappings(2_000, "crowd")))
        await asyncio.sleep(0)
        singles = start(feed, make_models(20, "single"))
        outcomes = list(await asyncio.gather(*singles))
        assert not crowd.done()
        outcomes += await crowd
    places = [at for at, task_id in enumerate(order(service)) if task_id.startswith("single")]
    # They may have come while the second portion was the next.
    assert places[0] in {100, 200}
    assert places == list(range(places[0], places[0] + 20))
    told = judge_feed(service, feed, outcomes, exact=True)
    assert told.report.added == 2_020


async def test_an_endless_stream_of_singles_does_not_keep_a_crowd_out(
    client: BatchClient, service: ScriptedService
) -> None:
    service.latency = 0.002
    over = asyncio.Event()

    async def stream(number: int) -> int:
        count = 0
        while not over.is_set():
            await add(feed, {"id": f"single{number}-{count}", "commandLine": "run"})
            count += 1
        return count

    async with client.tasks.feed(service.job, max_pending=50) as feed:
        streams = [asyncio.create_task(stream(number)) for number in range(100)]
        await service.until(lambda: service.processed >= 500)
        await add_together(feed, make_mappings(1_000, "crowd"))
        over.set()
        counts = await asyncio.gather(*streams)
    # And the crowd has not kept them out, either.
    assert min(counts) > 1


async def test_two_crowds_take_turns(client: BatchClient, service: ScriptedService) -> None:
    async with client.tasks.feed(service.job, max_pending=100) as feed:
        await asyncio.gather(
            add_together(feed, make_mappings(500, "one")), add_together(feed, make_mappings(500, "two"))
        )
    owners = [task_id.partition("-")[0] for task_id in order(service)]
    assert owners == (["one"] * 100 + ["two"] * 100) * 5


# By bytes


async def test_bytes_without_an_outcome_are_bounded(client: BatchClient, service: ScriptedService) -> None:
    """Large tasks: it is their bytes that stop the feed, and callers are served in their order."""
    open_bytes: list[int] = []

    def look(record: Record) -> None:
        open_bytes.append(sum(other.size for other in service.history if other.ended is None or other is record))

    service.latency = 0.005
    service.fault = look
    tasks = make_mappings(300, padding=10_000)
    async with client.tasks.feed(service.job, max_pending_bytes=100_000, linger=0.0) as feed:
        outcomes = await add_each(feed, tasks)
    assert order(service) == make_ids(300)
    assert 50_000 < max(open_bytes) <= 100_000 + 10_100
    judge_feed(service, feed, outcomes, exact=True, max_pending_bytes=100_000)


async def test_a_task_larger_than_all_the_room_goes_alone(client: BatchClient, service: ScriptedService) -> None:
    tasks: list[Any] = make_mappings(3, "large", padding=50_000) + make_mappings(3, "small")
    async with client.tasks.feed(service.job, max_pending_bytes=10_000) as feed:
        outcomes = await add_each(feed, tasks)
    assert [str(outcome.state) for outcome in outcomes] == ["added"] * 6


async def test_requests_are_bounded_by_bytes(client: BatchClient, service: ScriptedService) -> None:
    async with client.tasks.feed(service.job, max_body=20_000) as feed:
        outcomes = await add_each(feed, make_mappings(100, padding=1_000))
    assert all(record.size <= 20_000 for record in service.history)
    judge_feed(service, feed, outcomes, exact=True, max_body=20_000)


# Over hours


async def test_nothing_grows_with_the_tasks(service: ScriptedService) -> None:
    """What a feed holds after many rounds of callers, failures among them, is what it held after the first."""
    service.truth.preload(f"task-{number}" for number in range(0, 3_000, 3))
    async with connect(service) as client, client.tasks.feed(service.job, linger=0.0) as feed:
        for start_at in range(0, 3_000, 300):
            tasks = make_models(start_at + 300)[start_at:]
            await add_each(feed, tasks)
            leaving = start(feed, make_models(20, f"leaving{start_at}"))
            await asyncio.sleep(0)
            for caller in leaving:
                caller.cancel()
            await feed.flush()
            assert feed.report.failures == feed.report.outcomes == ()
            callers = feed._callers  # pyright: ignore[reportPrivateUsage]  # what it holds is the question
            held: Any = vars(callers)
            assert {name: len(held[name]) for name in ("_queue", "_open")} == {"_queue": 0, "_open": 0}
            assert len(held["_rounds"]) <= 2
            assert held["_queued"] == 0
            assert not feed._engine.ledger.marks  # pyright: ignore[reportPrivateUsage]  # as above
