"""`feed`: many callers, full requests, each caller its own outcome."""

from __future__ import annotations

import asyncio
import math
from collections import Counter
from collections.abc import AsyncIterator
from typing import Any

import pytest
from scripted import (
    ItemError,
    ScriptedService,
    add,
    add_each,
    add_together,
    connect,
    for_requests,
    hang,
    item_error,
    judge_feed,
    leaves_nothing,
    make_ids,
    make_mappings,
    make_models,
    poisoned,
    settled,
    start,
)

from batchio import BatchClient, ConfigurationError, SubmissionProgress, TaskOutcome
from batchio.models import TaskAddParameter


def fills(service: ScriptedService) -> Counter[int]:
    """How many requests had so many tasks."""
    return Counter(len(record.ids) for record in service.history)


# Full requests


@pytest.mark.slow
async def test_ten_thousand_callers_fill_the_requests(client: BatchClient, service: ScriptedService) -> None:
    """The issue's own words: a task each, 100 ms latency, at least 90 % of the requests with 100 tasks."""
    service.latency = 0.1
    with leaves_nothing():
        async with client.tasks.feed(service.job) as feed:
            outcomes = await add_each(feed, make_models(10_000))
        await settled()
    assert fills(service)[100] >= 0.9 * len(service.history)
    told = judge_feed(service, feed, outcomes, exact=True)
    assert told.report.added == 10_000


@pytest.mark.slow
async def test_callers_who_add_again_and_again_fill_the_requests(client: BatchClient, service: ScriptedService) -> None:
    service.latency = 0.02

    async def caller(number: int) -> list[TaskOutcome]:
        return [await add(feed, task) for task in make_mappings(5, f"caller{number}")]

    async with client.tasks.feed(service.job) as feed:
        outcomes = await asyncio.gather(*map(caller, range(2_000)))
    assert fills(service)[100] >= 0.9 * len(service.history)
    judge_feed(service, feed, [each for some in outcomes for each in some], exact=True)


class Few:
    """A controller that always allows so many requests."""

    state = "few"

    def __init__(self, most: int) -> None:
        self._most = most

    def window(self, now: float) -> int:  # noqa: ARG002 - the protocol's
        return self._most

    def next_at(self, now: float) -> float:
        return now

    def __getattr__(self, name: str) -> Any:
        return lambda *_arguments, **_options: None


def allow(client: BatchClient, most: int) -> Any:
    """Let the client's controller allow so many requests; gives the gate that asks it."""
    gate: Any = client.tasks._gate  # pyright: ignore[reportPrivateUsage]  # that there is one is what is promised
    gate.pacing = Few(most)
    return gate


@pytest.mark.parametrize("limit", ["max_requests", "window"])
async def test_requests_fill_while_there_is_no_place(client: BatchClient, service: ScriptedService, limit: str) -> None:
    """Two in flight, both held: what comes one by one in the meantime leaves together, lingering or not."""
    service.fault = for_requests([1, 2], hang(1.0))
    allow(client, 2 if limit == "window" else 256)
    most = 2 if limit == "max_requests" else 256
    async with client.tasks.feed(service.job, linger=0.0, max_requests=most) as feed:
        callers = start(feed, make_models(1, "first"))
        await service.until(lambda: len(service.history) == 1)
        callers += start(feed, make_models(1, "second"))
        await service.until(lambda: len(service.history) == 2)
        for task in make_models(150):
            callers += start(feed, [task])
            await asyncio.sleep(0)
        await settled()
        assert len(service.history) == 2
        service.release()
        outcomes = await asyncio.gather(*callers)
    assert [len(record.ids) for record in service.history] == [1, 1, 100, 50]
    judge_feed(service, feed, outcomes)


async def test_an_add_all_is_cut_into_full_requests_with_what_others_add(
    client: BatchClient, service: ScriptedService
) -> None:
    async with client.tasks.feed(service.job, linger=60.0) as feed:
        lonely = start(feed, make_models(50, "lonely"))
        await asyncio.sleep(0)
        outcomes = await add_together(feed, make_mappings(250))
        outcomes += await asyncio.gather(*lonely)
    assert fills(service) == {100: 3}
    judge_feed(service, feed, outcomes, exact=True)


# Lingering


async def test_a_lonely_task_leaves_after_the_linger(client: BatchClient, service: ScriptedService) -> None:
    loop = asyncio.get_running_loop()
    async with client.tasks.feed(service.job, linger=0.1) as feed:
        for task in make_models(3):
            begun = loop.time()
            await add(feed, task)
            assert 0.1 <= service.history[-1].at - begun < 5
    assert fills(service) == {1: 3}


async def test_without_linger_a_task_leaves_at_once(client: BatchClient, service: ScriptedService) -> None:
    async with client.tasks.feed(service.job, linger=0) as feed:
        outcomes = [await add(feed, task) for task in make_models(5)]
    assert fills(service) == {1: 5}
    judge_feed(service, feed, outcomes, exact=True)


async def test_a_task_waits_for_the_hundredth(client: BatchClient, service: ScriptedService) -> None:
    async with client.tasks.feed(service.job, linger=600.0) as feed:
        callers = start(feed, make_models(99))
        await asyncio.sleep(0.05)
        assert service.history == []
        assert (feed.pending, feed.waiting) == (0, 99)
        await add(feed, make_models(1, "hundredth")[0])
        await asyncio.gather(*callers)
    assert fills(service) == {100: 1}


async def test_the_rest_of_a_crowd_lingers_too(client: BatchClient, service: ScriptedService) -> None:
    """What is over from full requests is not sent at once just because a place is free."""
    async with client.tasks.feed(service.job, linger=600.0) as feed:
        callers = start(feed, make_models(130))
        await service.until(lambda: service.processed == 100)
        await asyncio.sleep(0.05)
        assert fills(service) == {100: 1}
        callers += start(feed, make_models(70, "more"))
        outcomes = await asyncio.gather(*callers)
    assert fills(service) == {100: 2}
    judge_feed(service, feed, outcomes, exact=True)


async def test_lingering_begins_with_the_oldest_task(client: BatchClient, service: ScriptedService) -> None:
    """A trickle does not put the request off again and again."""
    loop = asyncio.get_running_loop()
    callers: list[asyncio.Task[TaskOutcome]] = []
    async with client.tasks.feed(service.job, linger=0.2) as feed:
        begun = loop.time()
        for task in make_models(60):
            callers += start(feed, [task])
            await asyncio.sleep(0.01)
            if service.history:
                break
        assert 0.2 <= service.history[0].at - begun < 5
        assert len(callers) < 60
        await asyncio.gather(*callers)


# Flushing


async def test_flush_sends_at_once_and_waits_for_all(client: BatchClient, service: ScriptedService) -> None:
    service.latency = 0.02
    async with client.tasks.feed(service.job, linger=600.0) as feed:
        callers = start(feed, make_models(30))
        await asyncio.sleep(0)
        async with asyncio.timeout(10):
            await feed.flush()
        assert service.processed == 30
        await settled()
        assert all(caller.done() for caller in callers)
        assert fills(service) == {30: 1}
        # What comes after it lingers again.
        callers += start(feed, make_models(10, "late"))
        await asyncio.sleep(0.05)
        assert fills(service) == {30: 1}
    assert fills(service) == {30: 1, 10: 1}


async def test_flush_does_not_wait_for_what_comes_later(client: BatchClient, service: ScriptedService) -> None:
    async with client.tasks.feed(service.job, linger=600.0) as feed:
        before = start(feed, make_models(1, "before"))
        await asyncio.sleep(0)
        flushing = asyncio.create_task(feed.flush())
        await asyncio.sleep(0)
        after = start(feed, make_models(1, "after"))
        async with asyncio.timeout(10):
            await asyncio.gather(flushing, *before)
        assert not after[0].done()
    assert (await after[0]).state == "added"


async def test_flush_waits_for_the_task_of_a_caller_who_left(client: BatchClient, service: ScriptedService) -> None:
    service.fault = lambda _: hang(1.0)
    async with client.tasks.feed(service.job, linger=0.0) as feed:
        (caller,) = start(feed, make_models(1))
        await service.until(lambda: service.processed == 1)
        caller.cancel()
        flushing = asyncio.create_task(feed.flush())
        await settled()
        assert not flushing.done()
        service.release()
        async with asyncio.timeout(10):
            await flushing
        assert feed.pending == 0


async def test_flush_of_nothing_and_flush_by_many(client: BatchClient, service: ScriptedService) -> None:
    async with client.tasks.feed(service.job, linger=600.0) as feed:
        await feed.flush()
        callers = start(feed, make_models(10))
        await asyncio.sleep(0)
        flushing = asyncio.create_task(feed.flush())
        await asyncio.sleep(0)
        flushing.cancel()
        async with asyncio.timeout(10):
            await asyncio.gather(*(feed.flush() for _ in range(20)))
        assert service.processed == 10
        await feed.flush()
        await asyncio.gather(*callers)


# Outcomes


async def test_outcomes_are_of_all_kinds(client: BatchClient, service: ScriptedService) -> None:
    service.truth.preload(["task-1"])
    service.items = lambda folded, seen: (
        item_error("InvalidPropertyValue")
        if folded == "task-2"
        else ItemError()
        if folded == "task-3" or (folded == "task-4" and seen == 0)
        else None
    )
    async with client.tasks.feed(service.job, attempts=2) as feed:
        outcomes = await add_each(feed, make_models(6))
    states = [str(outcome.state) for outcome in outcomes]
    assert states == ["added", "existed", "rejected", "gave_up", "added", "added"]
    assert outcomes[2].error is not None
    assert outcomes[2].error.code == "InvalidPropertyValue"
    assert outcomes[4].attempts == 2
    judge_feed(service, feed, outcomes, exact=True)
    assert feed.report.failures == ()
    assert feed.report.errors["InvalidPropertyValue"] == 1


@pytest.mark.parametrize("together", [True, False])
async def test_tasks_that_cannot_be_sent_are_rejected(
    client: BatchClient, service: ScriptedService, *, together: bool
) -> None:
    """Alone: the good ones beside them are added, whatever their kind."""
    given: list[Any] = [
        {"id": "mapping", "commandLine": "run"},
        {"commandLine": "without an id"},
        TaskAddParameter(id="model", command_line="run"),
        {"id": "object", "commandLine": object()},
        b'{"id": "bytes", "commandLine": "run"}',
        b"no json",
        {"id": "large", "commandLine": "x" * 20_000},
        5,
    ]
    async with client.tasks.feed(service.job, max_body=10_000) as feed:
        if together:
            outcomes = await feed.add_all(given)
        else:
            outcomes = await asyncio.gather(*map(feed.add, given))
    states = [str(outcome.state) for outcome in outcomes]
    assert states == ["added", "rejected", "added", "rejected", "added", "rejected", "rejected", "rejected"]
    assert sorted(service.truth.adds) == ["bytes", "mapping", "model"]
    assert all(outcome.error is not None for outcome in outcomes if outcome.state == "rejected")
    assert feed.report.taken == 8


@pytest.mark.parametrize("first", [True, False])
async def test_a_list_among_the_tasks_is_one_bad_task(
    client: BatchClient, service: ScriptedService, *, first: bool
) -> None:
    """A submission would open it; here each place has one outcome."""
    given: list[Any] = make_models(3)
    given.insert(0 if first else 2, make_models(5, "inner"))
    async with client.tasks.feed(service.job) as feed:
        outcomes = await feed.add_all(given)
    assert [outcome.state == "rejected" for outcome in outcomes] == [isinstance(each, list) for each in given]
    assert sorted(service.truth.adds) == make_ids(3)


async def test_one_bad_task_of_a_request_harms_its_own_caller_alone(
    client: BatchClient, service: ScriptedService
) -> None:
    service.fault = poisoned(["task-33"])
    async with client.tasks.feed(service.job) as feed:
        outcomes = await add_each(feed, make_models(100))
    assert [outcome.index for outcome in outcomes if outcome.state != "added"] == [outcomes[33].index]
    assert outcomes[33].state == "rejected"
    judge_feed(service, feed, outcomes, exact=True)


async def test_two_callers_with_one_id(client: BatchClient, service: ScriptedService) -> None:
    service.latency = 0.02
    async with client.tasks.feed(service.job) as feed:
        first, second, third = await asyncio.gather(
            *(feed.add({"id": task_id, "commandLine": "run"}) for task_id in ("same", "SAME", "Same"))
        )
        late = await feed.add({"id": "same", "commandLine": "run"})
    assert [str(each.state) for each in (first, second, third, late)] == ["added", "existed", "existed", "existed"]
    assert [each.task_id for each in (first, second, third)] == ["same", "SAME", "Same"]
    judge_feed(service, feed, [first, second, third, late])


async def test_the_second_caller_is_sent_where_the_first_was_rejected(
    client: BatchClient, service: ScriptedService
) -> None:
    service.items = lambda _, seen: item_error() if seen == 0 else None
    async with client.tasks.feed(service.job) as feed:
        outcomes = await asyncio.gather(*(feed.add({"id": "same", "commandLine": str(n)}) for n in range(2)))
    assert [str(outcome.state) for outcome in outcomes] == ["rejected", "added"]


async def test_details(client: BatchClient, service: ScriptedService) -> None:
    async with client.tasks.feed(service.job, details=True) as feed:
        outcome = await feed.add(make_models(1)[0])
    assert outcome.e_tag
    assert outcome.last_modified
    assert outcome.location
    assert service.processed == 1


async def test_an_empty_add_all_and_a_generator(client: BatchClient, service: ScriptedService) -> None:
    async with client.tasks.feed(service.job) as feed:
        assert await feed.add_all([]) == []
        outcomes = await feed.add_all(task for task in make_models(3))
    assert [outcome.task_id for outcome in outcomes] == make_ids(3)
    assert fills(service) == {3: 1}


async def test_progress_and_report(client: BatchClient, service: ScriptedService) -> None:
    seen = asyncio.Event()
    service.latency = 0.02

    def look(snapshot: SubmissionProgress) -> None:
        if snapshot.done == 300:
            seen.set()

    async with client.tasks.feed(service.job, progress=look) as feed:
        await add_each(feed, make_models(300))
        assert feed.progress.taken == feed.progress.done == 300
        assert feed.report.added == 300
        assert feed.report.elapsed > 0
        # A snapshot comes by itself, four times a second.
        async with asyncio.timeout(10):
            await seen.wait()
    assert feed.report.requests == 3


async def test_existed_may_be_fine_for_the_report(client: BatchClient, service: ScriptedService) -> None:
    service.truth.preload(["task-0"])
    async with client.tasks.feed(service.job, on_exists="ok") as feed:
        outcomes = await add_each(feed, make_models(2))
    assert outcomes[0].state == "existed"
    feed.report.raise_for_failures()


# Two feeds and a submission


async def test_feeds_and_submissions_share_the_gate(client: BatchClient, service: ScriptedService) -> None:
    """One controller for the client: together they have no more in flight than it allows, and all get through."""
    service.latency = 0.005
    gate = allow(client, 3)
    async with client.tasks.feed(service.job) as one, client.tasks.feed(service.job) as other:
        first, second, report = await asyncio.gather(
            add_each(one, make_models(1_500, "one")),
            add_each(other, make_models(1_500, "other")),
            client.tasks.submit(service.job, make_models(1_500, "submitted")),
        )
    assert all(outcome.state == "added" for outcome in (*first, *second))
    assert report.added == 1_500
    assert service.most_in_flight == 3
    assert gate.in_flight == 0
    # Nobody is served last.
    firsts = {name: next(r.number for r in service.history if r.ids[0].startswith(name)) for name in ("one", "other")}
    assert max(firsts.values()) <= 10


# Wrong use


async def test_outside_of_its_block(client: BatchClient, service: ScriptedService) -> None:
    feed = client.tasks.feed(service.job)
    for call in (lambda: feed.add(make_models(1)[0]), lambda: feed.add_all(make_models(1)), feed.flush, feed.close):
        with pytest.raises(RuntimeError, match="inside of its block"):
            await call()
    async with feed:
        with pytest.raises(RuntimeError, match="entered once"):
            await feed.__aenter__()


async def test_in_another_event_loop(client: BatchClient, service: ScriptedService) -> None:
    async with client.tasks.feed(service.job) as feed:
        with pytest.raises(RuntimeError, match="event loop"):
            await asyncio.to_thread(asyncio.run, feed.add(make_models(1)[0]))
        assert (await feed.add(make_models(1)[0])).state == "added"


async def test_several_tasks_are_not_one(client: BatchClient, service: ScriptedService) -> None:
    async def endless() -> AsyncIterator[Any]:
        yield {}

    async with client.tasks.feed(service.job) as feed:
        wrong: Any = make_models(2)
        with pytest.raises(TypeError, match="add_all"):
            await feed.add(wrong)
        for wrong in ({"id": "one"}, "text", b"{}", 5, endless()):
            with pytest.raises(ConfigurationError, match="iterable of tasks"):
                await feed.add_all(wrong)
    assert service.history == []


@pytest.mark.parametrize(
    ("name", "value"),
    [
        *(("linger", bad) for bad in (-0.1, "soon", None, True, math.nan, math.inf)),
        *(("max_pending", bad) for bad in (0, -1, 1.5, None, True)),
        ("attempts", 0),
        ("patience", None),
        ("max_requests", 0),
        ("max_body", 10),
        ("max_pending_bytes", 0),
        ("on_exists", "maybe"),
        ("details", 1),
        ("progress", 5),
        ("timeout", 0),
    ],
)
def test_bad_options(name: str, value: Any) -> None:
    service = ScriptedService()
    with pytest.raises(ConfigurationError, match=f"^{name}: "):
        connect(service).tasks.feed("job", **{name: value})


@pytest.mark.parametrize("name", ["lingers", "keep", "deadline", "on_rejected", "terminate_when_complete"])
def test_unknown_options(name: str) -> None:
    wrong: Any = {name: 1}
    with pytest.raises(TypeError, match=rf"feed has no option '{name}'; it takes linger, max_pending"):
        connect(ScriptedService()).tasks.feed("job", **wrong)


@pytest.mark.parametrize("name", ["linger", "max_pending"])
def test_what_a_feed_has_is_no_option_of_a_submission(name: str) -> None:
    wrong: Any = {name: 1}
    with pytest.raises(TypeError, match=rf"submit has no option '{name}'"):
        connect(ScriptedService()).tasks.submitting("job", [], **wrong)
