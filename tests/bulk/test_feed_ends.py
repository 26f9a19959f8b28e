"""How a feed ends: closed, by its time, by an error of the service, of the callback, of the block; nobody hangs."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable
from typing import Any

import pytest
from scripted import (
    OTHER_KEY,
    Act,
    ScriptedService,
    add,
    add_each,
    connect,
    drop,
    fail,
    for_requests,
    hang,
    html,
    judge_feed,
    leaves_nothing,
    make_models,
    refuse,
    settled,
    start,
    told_by,
    when,
)

from batchio import BatchClient, ConfigurationError, Feed, ResourceNotFoundError, SubmissionError, TaskOutcome


def states(outcomes: Any) -> Counter[str]:
    return Counter(str(outcome.state) for outcome in outcomes)


async def end_of(feed: Feed, work: Callable[[], Awaitable[None]]) -> SubmissionError:
    """Do something inside of a feed's block; the error that the end of the block raises."""
    with leaves_nothing():
        try:
            async with feed:
                await work()
        except SubmissionError as error:
            await settled()
            return error
    pytest.fail("the end of the block raised nothing")


# Closing


async def test_closing_sends_what_is_there_and_waits(client: BatchClient, service: ScriptedService) -> None:
    service.latency = 0.02
    with leaves_nothing():
        async with client.tasks.feed(service.job, linger=600.0, max_pending=100) as feed:
            callers = start(feed, make_models(250))
            await asyncio.sleep(0)
        # They are told when the block is left; all that they need is a step of the loop.
        await settled()
        assert all(caller.done() for caller in callers)
    outcomes = [caller.result() for caller in callers]
    assert states(outcomes) == {"added": 250}
    judge_feed(service, feed, outcomes, exact=True)


async def test_a_closed_feed_takes_no_more(client: BatchClient, service: ScriptedService) -> None:
    service.latency = 0.05
    async with client.tasks.feed(service.job) as feed:
        callers = start(feed, make_models(10))
        await asyncio.sleep(0)
        closing = asyncio.create_task(feed.close())
        await asyncio.sleep(0)
        for late in (feed.add(make_models(1, "late")[0]), feed.add_all(make_models(5, "late"))):
            with pytest.raises(SubmissionError, match="the feed is closed") as caught:
                await late
            assert caught.value.__cause__ is None
        await closing
        assert states(await asyncio.gather(*callers)) == {"added": 10}
        # Again and again, and a flush: nothing is left to do.
        await feed.close()
        await feed.flush()
    with pytest.raises(SubmissionError, match="the feed is closed"):
        await feed.add(make_models(1, "late")[0])
    assert feed.report.taken == 10


async def test_an_empty_feed(client: BatchClient, service: ScriptedService) -> None:
    with leaves_nothing():
        async with client.tasks.feed(service.job) as feed:
            pass
        await settled()
    assert feed.report.taken == 0
    assert service.connections == 0


async def test_closing_waits_through_trouble(client: BatchClient, service: ScriptedService) -> None:
    service.fault = for_requests([1, 2, 3], fail(500, share=1.0))
    async with client.tasks.feed(service.job) as feed:
        callers = start(feed, make_models(50))
        await service.until(lambda: len(service.history) == 1)
    outcomes = await asyncio.gather(*callers)
    assert states(outcomes) == {"added": 50}
    assert not any(outcome.confirmed for outcome in outcomes)
    judge_feed(service, feed, outcomes, exact=True)


async def test_closing_in_time(client: BatchClient, service: ScriptedService) -> None:
    """What is on its way is unknown, what waits is not sent, and everybody is told so."""
    service.fault = lambda _: hang(1.0)
    with leaves_nothing():
        async with client.tasks.feed(service.job, max_requests=1, max_pending=150) as feed:
            callers = start(feed, make_models(300))
            await service.until(lambda: service.processed == 100)
            async with asyncio.timeout(10):
                await feed.close(timeout=0.05)
            outcomes = await asyncio.gather(*callers)
        await settled()
    assert states(outcomes) == {"unknown": 100, "not_sent": 200}
    assert all("0.05 s" in str(each.error and each.error.message) for each in outcomes if each.state == "not_sent")
    judge_feed(service, feed, outcomes, interrupted=True)


async def test_closing_in_no_time_and_in_enough(client: BatchClient, service: ScriptedService) -> None:
    async with client.tasks.feed(service.job) as feed:
        callers = start(feed, make_models(10))
        await asyncio.sleep(0)
        await feed.close(timeout=60)
        assert states(await asyncio.gather(*callers)) == {"added": 10}
    async with client.tasks.feed(service.job, linger=600.0) as feed:
        callers = start(feed, make_models(10, "late"))
        await asyncio.sleep(0)
        await feed.close(timeout=0)
        assert sum(states(await asyncio.gather(*callers)).values()) == 10
    async with client.tasks.feed(service.job) as feed:
        for wrong in (-1, float("nan"), True, "1"):
            bad: Any = wrong
            with pytest.raises(ConfigurationError, match="timeout"):
                await feed.close(timeout=bad)


async def test_closing_is_cancelled(client: BatchClient, service: ScriptedService) -> None:
    service.fault = lambda _: hang(1.0)
    with leaves_nothing():
        feed = client.tasks.feed(service.job)
        callers: list[asyncio.Task[TaskOutcome]] = []
        closing = asyncio.Event()

        async def run() -> None:
            async with feed:
                callers.extend(start(feed, make_models(250)))
                await service.until(lambda: service.processed == 250)
                closing.set()

        task = asyncio.create_task(run())
        await closing.wait()
        await settled()
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        outcomes = await asyncio.gather(*callers)
        await settled()
    assert states(outcomes) == {"unknown": 250}
    judge_feed(service, feed, outcomes, interrupted=True)


# The block


async def test_an_exception_in_the_block_stops_at_once(client: BatchClient, service: ScriptedService) -> None:
    service.fault = lambda _: hang(1.0)
    feed = client.tasks.feed(service.job, max_requests=1)
    callers: list[asyncio.Task[TaskOutcome]] = []

    async def run() -> None:
        async with feed:
            callers.extend(start(feed, make_models(500)))
            await service.until(lambda: service.processed == 100)
            raise ZeroDivisionError

    with leaves_nothing():
        async with asyncio.timeout(10):
            with pytest.raises(ZeroDivisionError):
                await run()
            outcomes = await asyncio.gather(*callers)
        await settled()
    assert states(outcomes) == {"unknown": 100, "not_sent": 400}
    judge_feed(service, feed, outcomes, interrupted=True)
    with pytest.raises(SubmissionError, match="the feed is closed"):
        await feed.add(make_models(1)[0])


async def test_an_exception_at_once(client: BatchClient, service: ScriptedService) -> None:
    """Before the engine has made its first step."""
    feeds: list[Feed] = []
    callers: list[asyncio.Task[TaskOutcome]] = []

    async def run() -> None:
        async with client.tasks.feed(service.job) as feed:
            feeds.append(feed)
            callers.extend(start(feed, make_models(5)))
            raise ZeroDivisionError

    with leaves_nothing():
        with pytest.raises(ZeroDivisionError):
            await run()
        for told in await told_by(callers):
            assert isinstance(told, SubmissionError)
        await settled()
    assert service.history == []


async def test_the_task_of_the_block_is_cancelled(client: BatchClient, service: ScriptedService) -> None:
    service.latency = 0.05
    feed = client.tasks.feed(service.job)

    async def run() -> None:
        async with feed:
            await asyncio.Event().wait()

    with leaves_nothing():
        task = asyncio.create_task(run())
        await asyncio.sleep(0)
        callers = start(feed, make_models(150))
        await service.until(lambda: service.processed >= 100)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        outcomes = await asyncio.gather(*callers)
        await settled()
    assert set(states(outcomes)) <= {"unknown", "not_sent", "added"}
    judge_feed(service, feed, outcomes, interrupted=True)


# The client


async def test_the_client_is_closed_under_it(service: ScriptedService) -> None:
    service.fault = lambda _: hang(1.0)
    with leaves_nothing():
        async with connect(service) as client:
            feed = await client.tasks.feed(service.job).__aenter__()
            callers = start(feed, make_models(300))
            await service.until(lambda: service.processed >= 100)
        told = await told_by(callers)
        with pytest.raises(SubmissionError, match="closed"):
            await feed.add(make_models(1, "late")[0])
        with pytest.raises(SubmissionError, match="closed"):
            await feed.close()
        await settled()
    outcomes = [each for each in told if isinstance(each, TaskOutcome)]
    assert len(outcomes) == 300
    judge_feed(service, feed, outcomes, interrupted=True)


async def test_the_client_is_closed_while_it_rests(service: ScriptedService) -> None:
    async with connect(service) as client:
        feed = await client.tasks.feed(service.job).__aenter__()
        await add(feed, make_models(1)[0])
    async with asyncio.timeout(10):
        outcome = await feed.add(make_models(1, "late")[0])
        assert outcome.state == "not_sent"
        with pytest.raises(SubmissionError, match="closed"):
            await feed.close()


class Closed:
    """A controller that lets nobody through for an hour."""

    state = "closed"

    def window(self, now: float) -> int:  # noqa: ARG002 - the protocol's
        return 8

    def next_at(self, now: float) -> float:
        return now + 3_600

    def __getattr__(self, name: str) -> Any:
        return lambda *_arguments, **_options: None


async def test_the_client_is_closed_while_its_controller_holds_everything(service: ScriptedService) -> None:
    with leaves_nothing():
        async with connect(service) as client:
            gate: Any = client.tasks._gate  # pyright: ignore[reportPrivateUsage]  # held by hand
            gate.pacing = Closed()
            feed = await client.tasks.feed(service.job, linger=0.0).__aenter__()
            callers = start(feed, make_models(10))
            await asyncio.sleep(0.02)
            submitting = asyncio.create_task(client.tasks.submit(service.job, make_models(10, "other")))
            await asyncio.sleep(0.02)
        assert {str(getattr(each, "state", each)) for each in await told_by(callers)} == {"not_sent"}
        for end in (feed.close(), submitting):
            with pytest.raises(SubmissionError, match="closed"):
                await end
        await settled()
    assert service.history == []


# What no request can get over


FATAL: dict[str, Act] = {
    "no job": fail(404, "JobNotFound"),
    "completed": fail(409, "JobCompleted"),
    "forbidden": fail(403, "AuthorizationFailure"),
    "proxy": html(404),
}


@pytest.mark.parametrize("act", FATAL.values(), ids=FATAL)
async def test_a_fatal_answer_is_told_to_all(client: BatchClient, service: ScriptedService, act: Act) -> None:
    service.fault = lambda record: act if record.number > 3 else None
    service.latency = 0.01
    caught: list[SubmissionError] = []
    outcomes: list[TaskOutcome] = []
    feed = client.tasks.feed(service.job, max_pending=500)

    async def work() -> None:
        outcomes.extend(await add_each(feed, make_models(1_000)))
        for late in (feed.add(make_models(1)[0]), feed.add_all(make_models(1))):
            with pytest.raises(SubmissionError) as told:
                await late
            caught.append(told.value)

    caught.append(await end_of(feed, work))
    assert states(outcomes)["added"] == 300
    assert states(outcomes)["not_sent"] + states(outcomes)["unknown"] == 700
    for error in caught:
        assert error.__cause__ is caught[0].__cause__
        assert error.__cause__ is not None
        assert error.report.added == 300
    judge_feed(service, feed, outcomes)
    # Five requests hold what may be pending; nothing leaves after the first answer of this kind.
    assert len(service.history) <= 3 + 5


async def test_a_missing_job_by_name(client: BatchClient, service: ScriptedService) -> None:
    service.job_error = (404, "JobNotFound")
    feed = client.tasks.feed(service.job)

    async def work() -> None:
        outcome = await feed.add(make_models(1)[0])
        assert outcome.state == "not_sent"
        assert outcome.error is not None
        assert outcome.error.code == "JobNotFound"

    error = await end_of(feed, work)
    assert "JobNotFound" in str(error)
    assert isinstance(error.__cause__, ResourceNotFoundError)


async def test_who_was_told_is_not_told_again(client: BatchClient, service: ScriptedService) -> None:
    """An error that was caught inside of the block does not come out of it."""
    service.job_error = (404, "JobNotFound")
    async with client.tasks.feed(service.job) as feed:
        await feed.add(make_models(1)[0])
        with pytest.raises(SubmissionError, match="JobNotFound"):
            await feed.close()


async def test_a_refused_key(service: ScriptedService) -> None:
    service.keys = [OTHER_KEY]
    async with connect(service) as client:
        feed = client.tasks.feed(service.job)

        async def work() -> None:
            assert states(await add_each(feed, make_models(10))) == {"not_sent": 10}

        assert "AuthenticationFailed" in str(await end_of(feed, work))


async def test_a_dead_service_ends_by_patience(client: BatchClient, service: ScriptedService) -> None:
    service.fault = lambda record: refuse() if record.number > 1 else None
    async with client.tasks.feed(service.job, patience=0.8, linger=0.0) as feed:
        await add(feed, make_models(1, "first")[0])
        # Patience runs only while something waits for the service.
        await asyncio.sleep(1.0)
        outcomes = await add_each(feed, make_models(150))
        # What is on its way when patience ends is not certain.
        assert set(states(outcomes)) <= {"not_sent", "unknown"}
        assert "no request was accepted for 0.8 s" in str(outcomes[0].error)
        with pytest.raises(SubmissionError, match="no request was accepted"):
            await feed.close()


# Outages


@pytest.mark.parametrize("act", [refuse(), refuse(429, retry_after="1"), fail(502, share=1.0), drop(1.0)])
async def test_an_outage_passes(client: BatchClient, service: ScriptedService, act: Act) -> None:
    """Refused, failing or dropping for a while: everyone waits, and is added then."""
    loop = asyncio.get_running_loop()
    until = loop.time() + 0.6
    service.fault = when(lambda _: loop.time() < until, act)
    async with client.tasks.feed(service.job) as feed:
        outcomes = await add_each(feed, make_models(500))
    assert states(outcomes) == {"added": 500}
    judge_feed(service, feed, outcomes)


async def test_a_service_that_is_not_there_for_a_while(client: BatchClient, service: ScriptedService) -> None:
    async with client.tasks.feed(service.job) as feed:
        outcomes = await add_each(feed, make_models(100, "before"))
        await service.stop()
        callers = start(feed, make_models(500))
        await asyncio.sleep(0.6)
        assert not any(caller.done() for caller in callers)
        await service.start()
        async with asyncio.timeout(30):
            outcomes += await asyncio.gather(*callers)
    assert states(outcomes) == {"added": 600}
    judge_feed(service, feed, outcomes)


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["refused", "gone"])
async def test_a_service_that_is_down_for_ten_seconds(client: BatchClient, service: ScriptedService, kind: str) -> None:
    """The issue's own words, with callers that keep coming."""
    loop = asyncio.get_running_loop()
    service.latency = 0.02
    callers: list[asyncio.Task[TaskOutcome]] = []
    async with client.tasks.feed(service.job, max_pending=2_000) as feed:
        callers += start(feed, make_models(1_000, "before"))
        await service.until(lambda: service.processed >= 500)
        back = loop.time() + 10
        if kind == "gone":
            await service.stop()
        else:
            service.fault = lambda _: refuse() if loop.time() < back else None
        for number in range(100):
            callers += start(feed, make_models(50, f"during{number}"))
            await asyncio.sleep(0.1)
        if kind == "gone":
            await service.start()
        async with asyncio.timeout(60):
            outcomes = await asyncio.gather(*callers)
    assert states(outcomes) == {"added": 6_000}
    judge_feed(service, feed, outcomes)


# The callback


async def test_a_failing_callback_is_told_to_all(client: BatchClient, service: ScriptedService) -> None:
    service.fault = lambda record: hang(1.0) if record.number == 1 else None

    def progress(_: Any) -> None:
        # Not before the request is held: it is to be answered after the callback has failed.
        if service.processed:
            service.release()
            raise ZeroDivisionError("the callback")

    feed = client.tasks.feed(service.job, progress=progress, max_requests=1)
    outcomes: list[TaskOutcome] = []

    async def work() -> None:
        callers = start(feed, make_models(300))
        await service.until(lambda: service.processed == 100)
        outcomes.extend(await asyncio.gather(*callers))
        with pytest.raises(SubmissionError, match="the callback"):
            await feed.add(make_models(1)[0])

    error = await end_of(feed, work)
    assert isinstance(error.__cause__, ZeroDivisionError)
    # What was on its way was answered.
    assert states(outcomes) == {"added": 100, "not_sent": 200}
    assert {each.error.code for each in outcomes if each.error} == {"ZeroDivisionError"}
    judge_feed(service, feed, outcomes)


# The engine


@pytest.mark.parametrize("stopped", [True, False])
async def test_an_engine_that_breaks_leaves_nobody_waiting(
    client: BatchClient, service: ScriptedService, monkeypatch: pytest.MonkeyPatch, *, stopped: bool
) -> None:
    """What must not happen is told, too."""

    def broken(*_: Any) -> None:
        raise ZeroDivisionError("a mistake")

    feed = client.tasks.feed(service.job, linger=600.0)

    async def work() -> None:
        engine: Any = feed._engine  # pyright: ignore[reportPrivateUsage]  # it is broken by hand
        monkeypatch.setattr(engine, "_settle_rest", broken)
        callers = start(feed, make_models(10))
        await asyncio.sleep(0.01)
        engine.stop(ValueError("stopped") if stopped else None)
        assert {type(each) for each in await told_by(callers)} == {SubmissionError}
        with pytest.raises(SubmissionError):
            await feed.add(make_models(1)[0])

    error = await end_of(feed, work)
    assert isinstance(error.__cause__, ValueError if stopped else ZeroDivisionError)
