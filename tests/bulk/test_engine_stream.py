"""`submitting`: outcomes come while they become known; a consumer that rests or leaves is no loss."""

from __future__ import annotations

import asyncio
import gc
from collections.abc import AsyncIterator, Iterator
from itertools import count
from typing import Any

import pytest
from scripted import (
    ScriptedService,
    Told,
    by_index,
    drop,
    fail,
    follow,
    for_requests,
    judge,
    leaves_nothing,
    make_ids,
    make_models,
    settled,
)

from batchio import BatchClient, Submission, SubmissionError, TaskOutcome


def endless() -> Iterator[Any]:
    return ({"id": f"task-{n}", "commandLine": "run"} for n in count())


async def test_outcomes_come_before_the_input_has_ended(client: BatchClient, service: ScriptedService) -> None:
    seen = asyncio.Event()

    async def source() -> AsyncIterator[Any]:
        for task in make_models(100):
            yield task
        await asyncio.wait_for(seen.wait(), 10)
        for task in make_models(100, "more"):
            yield task

    told = Told()
    async with client.tasks.submitting(service.job, source()) as run:
        async for outcomes in run:
            assert isinstance(outcomes, list)
            assert outcomes
            told.receive(outcomes)
            seen.set()
        told.report = run.report
    judge(told, service, None, [*make_ids(100), *make_ids(100, "more")], complete=True, exact=True)


async def test_the_report_can_be_read_while_the_run_goes_on(client: BatchClient, service: ScriptedService) -> None:
    async with client.tasks.submitting(service.job, make_models(2_000), max_requests=2) as run:
        seen: list[TaskOutcome] = []
        async for outcomes in run:
            seen += outcomes
            report = run.report
            told = report.added + report.existed + report.rejected + report.gave_up + report.unknown + report.not_sent
            assert len(seen) <= told <= report.taken
    assert run.report.added == 2_000


async def test_leaving_early(client: BatchClient, service: ScriptedService) -> None:
    service.latency = 0.01
    told = Told()
    with leaves_nothing():
        async with client.tasks.submitting(service.job, endless(), keep="all") as run:
            await follow(run, told, lambda told: len(told.outcomes) >= 500)
        told.report = run.report
        await settled()
    received = dict(told.outcomes)
    told.outcomes = by_index(told.report.outcomes)
    assert received.items() <= told.outcomes.items()
    judge(told, service, None, make_ids(100_000), complete=False, exact=False, interrupted=True)
    arrived = len(service.history)
    # Nothing is sent after the end.
    for _ in range(20):
        await asyncio.sleep(0)
    assert len(service.history) <= arrived + 1


async def test_leaving_without_reading(client: BatchClient, service: ScriptedService) -> None:
    with leaves_nothing():
        async with client.tasks.submitting(service.job, endless()):
            pass
        await settled()
    assert len(service.history) <= 256


async def test_leaving_with_an_error_of_the_caller(client: BatchClient, service: ScriptedService) -> None:
    """The caller's own error comes out as it is."""
    runs: list[Submission] = []

    async def fail_in_the_middle() -> None:
        async with client.tasks.submitting(service.job, endless(), keep="all") as run:
            runs.append(run)
            async for _ in run:
                raise ZeroDivisionError

    with leaves_nothing():
        with pytest.raises(ZeroDivisionError):
            await fail_in_the_middle()
        await settled()
    (run,) = runs
    told = Told(outcomes=by_index(run.report.outcomes), report=run.report)
    judge(told, service, None, make_ids(100_000), complete=False, exact=False, interrupted=True)


async def test_entering_and_leaving_again_and_again(client: BatchClient, service: ScriptedService) -> None:
    with leaves_nothing():
        for number in range(20):
            async with client.tasks.submitting(service.job, iter(make_models(250, f"run{number}"))) as run:
                async for _ in run:
                    break
        await settled()
    # What nobody closed would warn here, and warnings are errors.
    gc.collect()
    assert not service.violations
    assert service.connections <= 256


async def test_a_consumer_that_stops_reading(client: BatchClient, service: ScriptedService) -> None:
    """The engine takes no more of an endless input than its window, and goes on when it is read again."""
    pulled = 0

    def source() -> Iterator[Any]:
        nonlocal pulled
        for task in endless():
            pulled += 1
            yield task

    told = Told()
    async with client.tasks.submitting(service.job, source(), max_requests=4, keep="all") as run:
        await follow(run, told, lambda told: bool(told.outcomes))
        before = -1
        # Until nothing has moved for half a second.
        while before != pulled:
            before = pulled
            await asyncio.sleep(0.5)
        assert pulled < 10_000
        assert run.progress.taken <= pulled
        await follow(run, told, lambda told: len(told.outcomes) >= 30_000)
        assert pulled < 40_000
    assert run.progress.lost["consumer"] > 0.2
    told.outcomes = by_index(run.report.outcomes)
    told.report = run.report
    judge(told, service, None, make_ids(100_000), complete=False, exact=False, interrupted=True, max_requests=4)


async def test_a_consumer_that_is_slow(client: BatchClient, service: ScriptedService) -> None:
    told = Told()
    async with client.tasks.submitting(service.job, iter(make_models(3_000)), max_requests=2) as run:
        async for outcomes in run:
            told.receive(outcomes)
            await asyncio.sleep(0.002)
        told.report = run.report
    judge(told, service, None, make_ids(3_000), complete=True, exact=True, max_requests=2)


async def test_outcomes_come_all_before_the_error(client: BatchClient, service: ScriptedService) -> None:
    service.fault = for_requests([3], fail(500, share=1.0))
    told = Told()
    async with client.tasks.submitting(service.job, make_models(1_000), max_requests=1, attempts=1) as run:
        await follow(run, told, lambda told: len(told.outcomes) >= 300)
        service.job_error = (404, "JobNotFound")
        with pytest.raises(SubmissionError) as caught:
            await follow(run, told)
        # The error is told once more, or the end; never an outcome.
        with pytest.raises((StopAsyncIteration, SubmissionError)):
            await anext(aiter(run))
        told.report = run.report
    assert caught.value.report == told.report
    assert told.report.unknown == 100
    judge(told, service, None, make_ids(1_000), complete=False, exact=False, max_requests=1)


async def test_reading_with_a_timeout_loses_nothing(client: BatchClient, service: ScriptedService) -> None:
    """A reader that is cancelled while it waits, again and again, and comes back."""
    service.latency = 0.02
    told = Told()
    timeouts = 0
    async with client.tasks.submitting(service.job, iter(make_models(3_000)), max_requests=4) as run:
        outcomes = aiter(run)
        while True:
            try:
                told.receive(await asyncio.wait_for(anext(outcomes), 0.003))
            except TimeoutError:
                timeouts += 1
            except StopAsyncIteration:
                break
        told.report = run.report
    assert timeouts > 0
    judge(told, service, None, make_ids(3_000), complete=True, exact=True, max_requests=4)


async def test_two_readers_of_a_run_share_its_outcomes(client: BatchClient, service: ScriptedService) -> None:
    told = Told()
    async with client.tasks.submitting(service.job, iter(make_models(3_000))) as run:
        await asyncio.gather(follow(run, told), follow(run, told))
        told.report = run.report
    judge(told, service, None, make_ids(3_000), complete=True, exact=True)


async def test_two_runs_at_once_share_a_client(client: BatchClient, service: ScriptedService) -> None:
    service.fault = lambda record: drop(1.0) if record.number in {3, 7, 11} else None
    first, second = await asyncio.gather(
        client.tasks.submit(service.job, make_models(2_000, "a"), keep="all"),
        client.tasks.submit(service.job, make_models(2_000, "b"), keep="all"),
    )
    for prefix, report in (("a", first), ("b", second)):
        assert report.added == 2_000
        assert [outcome.task_id for outcome in sorted(report.outcomes, key=lambda outcome: outcome.index)] == make_ids(
            2_000, prefix
        )


async def test_the_same_ids_from_two_runs(client: BatchClient, service: ScriptedService) -> None:
    """Each task is added through one of the runs, and existed for the other."""
    first, second = await asyncio.gather(
        client.tasks.submit(service.job, make_models(1_000)), client.tasks.submit(service.job, make_models(1_000))
    )
    assert first.added + second.added == 1_000
    assert first.existed == second.added
    assert second.existed == first.added
