"""Cancellation at any moment: every task taken is accounted for, and nothing goes on."""

from __future__ import annotations

import asyncio
import random
import threading
import time
from collections.abc import AsyncIterator, Iterator
from itertools import count
from typing import Any

import pytest
from scripted import (
    Act,
    ScriptedService,
    Told,
    by_index,
    chance,
    connect,
    drop,
    follow,
    hang,
    judge,
    leaves_nothing,
    make_ids,
    make_models,
    refuse,
    settled,
)

from batchio import BatchClient

KNOWN = make_ids(200_000)


def endless() -> Iterator[Any]:
    return ({"id": f"task-{n}", "commandLine": "run"} for n in count())


async def endlessly() -> AsyncIterator[Any]:
    for number, task in enumerate(endless()):
        if number % 50 == 0:
            await asyncio.sleep(0)
        yield task


class Cancelled:
    """A run in a task of its own, to be cancelled."""

    def __init__(self, client: BatchClient, service: ScriptedService, tasks: Any, **options: Any) -> None:
        self.client = client
        self.service = service
        self.options: dict[str, Any] = {"keep": "all", **options}
        self.tasks = tasks
        self.received = Told()
        self.run: Any = None
        self.has_100 = asyncio.Event()

    async def follow(self) -> None:
        async with self.client.tasks.submitting(self.service.job, self.tasks, **self.options) as self.run:
            await follow(self.run, self.received, self.see)

    def see(self, told: Told) -> bool:
        if len(told.outcomes) >= 100:
            self.has_100.set()
        return False

    async def check(self) -> Told:
        """What the report says must agree with the service, and with what was received before."""
        await settled()
        report = self.run.report
        told = Told(outcomes=by_index(report.outcomes), report=report)
        for index, outcome in self.received.outcomes.items():
            assert told.outcomes[index] == outcome
        judge(told, self.service, None, KNOWN, complete=False, exact=False, interrupted=True)
        return told


async def cancel_when(run: Cancelled, moment: Any) -> Told:
    with leaves_nothing():
        task = asyncio.create_task(run.follow())
        await moment
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        return await run.check()


@pytest.mark.parametrize("seed", range(10))
async def test_at_random_moments(client: BatchClient, service: ScriptedService, seed: int) -> None:
    dice = random.Random(seed)  # noqa: S311 -- a seed that can be repeated
    service.latency = dice.choice([0.0, 0.01, 0.05])
    service.fault = chance(seed, [(0.1, drop(1.0)), (0.1, refuse()), (0.05, Act(share=0.5)), (0.05, hang(1.0))])
    run = Cancelled(client, service, endless() if seed % 2 else endlessly(), max_requests=dice.choice([1, 8, 256]))
    requests = dice.randrange(1, 60)

    def ready() -> bool:
        # Hanging requests may stop a small window for good.
        return len(service.history) >= requests or any(record.act == hang(1.0) for record in service.history)

    told = await cancel_when(run, service.until(ready))
    assert told.report.taken > 0


@pytest.mark.parametrize("steps", [0, 1, 2, 5, 13, 34])
async def test_in_the_first_steps(client: BatchClient, service: ScriptedService, steps: int) -> None:
    """Before, while and after the first request is made."""
    run = Cancelled(client, service, iter(make_models(1_000)))

    async def wait() -> None:
        for _ in range(steps + 1):
            await asyncio.sleep(0)

    with leaves_nothing():
        task = asyncio.create_task(run.follow())
        await wait()
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        if run.run is not None:
            await run.check()


async def test_what_is_in_flight_is_unknown(client: BatchClient, service: ScriptedService) -> None:
    service.fault = lambda record: hang(1.0) if record.number in {2, 3} else None
    run = Cancelled(client, service, make_models(300), max_requests=3)
    told = await cancel_when(run, asyncio.gather(run.has_100.wait(), service.until(lambda: service.processed == 300)))
    hanging = {task_id for record in service.history[1:] for task_id in record.ids}
    unknown = [outcome for outcome in told.outcomes.values() if outcome.state == "unknown"]
    assert {outcome.task_id for outcome in unknown} == hanging
    assert {outcome.confirmed for outcome in unknown} == {False}
    assert told.report.added == 100


async def test_what_waits_after_a_refusal_is_not_sent(client: BatchClient, service: ScriptedService) -> None:
    service.fault = lambda _: refuse(retry_after="100")
    run = Cancelled(client, service, make_models(100))
    told = await cancel_when(
        run, service.until(lambda: len(service.history) == 1 and service.history[0].ended is not None)
    )
    # The answer may still be on its way to the client.
    assert told.report.not_sent + told.report.unknown == 100
    assert told.report.added == 0


async def test_what_waits_after_a_lost_answer_is_unknown(client: BatchClient, service: ScriptedService) -> None:
    service.fault = lambda record: drop(1.0) if record.number == 1 else refuse(retry_after="100")
    run = Cancelled(client, service, make_models(100))
    told = await cancel_when(run, service.until(lambda: len(service.history) == 2))
    assert told.report.unknown == 100


async def test_timeout_around_a_run(client: BatchClient, service: ScriptedService) -> None:
    service.latency = 0.01
    run = Cancelled(client, service, endlessly())
    with leaves_nothing():
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.3):
                await run.follow()
        told = await run.check()
    assert told.report.added > 0


async def test_timeout_around_submit(client: BatchClient, service: ScriptedService) -> None:
    service.latency = 0.01
    with leaves_nothing():
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.3):
                await client.tasks.submit(service.job, endless())
        await settled()
    sent = len(service.history)
    await asyncio.sleep(0.05)
    assert len(service.history) <= sent + 1
    assert not service.violations


async def test_cancelled_while_a_synchronous_source_blocks(client: BatchClient, service: ScriptedService) -> None:
    """The source cannot be interrupted, but it is not asked again, and its thread ends with it."""
    entered = threading.Event()
    given: list[int] = []

    def source() -> Iterator[Any]:
        for number, task in enumerate(make_models(1_000)):
            given.append(number)
            if number == 250:
                entered.set()
                time.sleep(0.5)
            yield task

    run = Cancelled(client, service, source())

    async def moment() -> None:
        await asyncio.to_thread(entered.wait, 10)

    told = await cancel_when(run, moment())
    # What the source gave until then was taken; what it was about to give may be.
    assert 250 <= told.report.taken <= len(given) <= 1_000


async def test_cancelled_twice(client: BatchClient, service: ScriptedService) -> None:
    service.fault = lambda record: hang(1.0) if record.number > 5 else None
    run = Cancelled(client, service, endless())
    with leaves_nothing():
        task = asyncio.create_task(run.follow())
        await service.until(lambda: len(service.history) >= 8)
        task.cancel()
        await asyncio.sleep(0)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        await run.check()


async def test_a_cancelled_run_does_not_disturb_another(client: BatchClient, service: ScriptedService) -> None:
    service.latency = 0.01
    other = asyncio.create_task(client.tasks.submit(service.job, make_models(3_000, "other")))
    task = asyncio.create_task(client.tasks.submit(service.job, endless()))
    await service.until(lambda: len(service.history) > 20)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    report = await other
    assert report.added == 3_000


async def test_the_client_is_closed_while_a_run_goes_on(service: ScriptedService) -> None:
    """Whatever is told, it is told of every task and in time."""
    service.latency = 0.02
    async with connect(service) as client:
        run = Cancelled(client, service, endless(), patience=1.0)
        task = asyncio.create_task(run.follow())
        await service.until(lambda: len(service.history) > 10)
    done, _ = await asyncio.wait([task], timeout=10)
    assert done
    assert task.cancelled() or task.exception() is not None
    await run.check()
