"""A submission or a caller of a feed that is cancelled, wherever it is; and a client that is closed under them."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from scripted import (
    ScriptedService,
    Told,
    by_index,
    chance,
    connect,
    drop,
    follow,
    judge,
    leaves_nothing,
    make_ids,
    make_models,
    refuse,
    settled,
)
from suspending import Moment, at_every_suspension, cancel, cancel_everybody

from batchio import BatchClient, Feed, SubmissionError, SubmissionReport, TaskOutcome

TASKS = 250
moments = pytest.mark.parametrize("moment", Moment)
everybody = pytest.mark.parametrize("everybody", [False, True])


class Beginnings:
    """One run after the other against one service, each with a job of its own to fill and some trouble on the way."""

    def __init__(self, service: ScriptedService) -> None:
        self.service = service
        self.number = 0

    def begin(self) -> None:
        """The next run begins; ids are its own."""
        self.number += 1
        self.service.history.clear()
        self.service.fault = chance(1, [(0.2, drop(1.0)), (0.2, refuse(retry_after="0"))], until=4)

    @property
    def prefix(self) -> str:
        return f"run-{self.number}"

    @property
    def ids(self) -> list[str]:
        return make_ids(TASKS, self.prefix)

    @property
    def tasks(self) -> list[Any]:
        return make_models(TASKS, self.prefix)


@pytest.fixture
def runs(service: ScriptedService) -> Beginnings:
    return Beginnings(service)


async def works(client: BatchClient, runs: Beginnings) -> None:
    """Nothing that was cancelled holds the next run up."""
    runs.service.fault = None
    runs.number += 1
    assert not client.stats.in_flight
    report = await client.tasks.submit(runs.service.job, runs.tasks)
    assert report.added == TASKS


@moments
@everybody
async def test_submit(client: BatchClient, runs: Beginnings, moment: Moment, *, everybody: bool) -> None:
    async def begin() -> None:
        runs.begin()
        report = await client.tasks.submit(runs.service.job, runs.tasks, max_requests=2)
        assert report.added == TASKS

    with leaves_nothing():
        struck = 0
        async for task in at_every_suspension(begin, moment, cancel_everybody() if everybody else cancel):
            struck += 1
            assert task.cancelled()
            await settled()
        await works(client, runs)
    assert struck


@moments
@everybody
async def test_submitting(client: BatchClient, runs: Beginnings, moment: Moment, *, everybody: bool) -> None:
    """Every task that was taken has one outcome, which agrees with the service and with what was told before."""
    entered = list[Any]()
    told = Told()

    async def begin() -> None:
        nonlocal told
        runs.begin()
        told = Told()
        entered.clear()
        async with client.tasks.submitting(runs.service.job, runs.tasks, max_requests=2, keep="all") as run:
            entered.append(run)
            await follow(run, told)

    struck = 0
    with leaves_nothing():
        async for task in at_every_suspension(begin, moment, cancel_everybody() if everybody else cancel):
            struck += 1
            assert task.cancelled()
            await settled()
            for run in entered:
                report: SubmissionReport = run.report
                final = Told(outcomes=by_index(report.outcomes), report=report)
                for index, outcome in told.outcomes.items():
                    assert final.outcomes[index] == outcome
                judge(final, runs.service, None, runs.ids, complete=False, exact=False, interrupted=True)
        await works(client, runs)
    assert struck > 2


@moments
@everybody
async def test_a_feed(client: BatchClient, runs: Beginnings, moment: Moment, *, everybody: bool) -> None:
    """From its beginning to its end, with callers of its own in between."""
    feeds = list[Feed]()
    outcomes = list[TaskOutcome]()

    async def begin() -> None:
        runs.begin()
        feeds.clear()
        outcomes.clear()
        async with client.tasks.feed(runs.service.job, linger=0.001, max_requests=2, max_pending=100) as feed:
            feeds.append(feed)
            outcomes.append(await feed.add(runs.tasks[0]))
            outcomes.extend(await feed.add_all(runs.tasks[1:]))
            await feed.flush()

    struck = 0
    with leaves_nothing():
        async for task in at_every_suspension(begin, moment, cancel_everybody() if everybody else cancel):
            struck += 1
            assert task.cancelled()
            await settled()
            for feed in feeds:
                assert feed.pending == feed.waiting == 0
                report = feed.report
                assert report.taken == report.added + report.unknown + report.not_sent
                assert all(outcome.state == "added" for outcome in outcomes)
                assert report.added >= len(outcomes)
        await works(client, runs)
    assert struck > 2


@moments
@pytest.mark.parametrize("way", ["submitting", "feed"])
async def test_a_client_that_is_closed_under_it(
    service: ScriptedService, runs: Beginnings, moment: Moment, way: str
) -> None:
    """It ends by itself, and accounts for every task."""
    clients = list[BatchClient]()
    closings = list[asyncio.Task[None]]()
    reports = list[SubmissionReport]()

    async def begin() -> None:
        runs.begin()
        clients.append(connect(service))
        async with clients[-1] as client:
            if way == "submitting":
                told = Told()
                async with client.tasks.submitting(service.job, runs.tasks, max_requests=2, keep="all") as run:
                    try:
                        await follow(run, told)
                    finally:
                        reports.append(run.report)
            else:
                async with client.tasks.feed(service.job, linger=0.001, max_requests=2) as feed:
                    try:
                        await feed.add_all(runs.tasks)
                    finally:
                        reports.append(feed.report)

    def strike(_: asyncio.Task[Any]) -> None:
        closings.append(asyncio.create_task(clients[-1].close()))

    with leaves_nothing():
        async for task in at_every_suspension(begin, moment, strike):
            await asyncio.gather(*closings)
            await settled()
            failure = task.exception()
            assert failure is None or isinstance(failure, SubmissionError), repr(failure)
            if failure is not None:
                report = failure.report
                assert report.taken == report.added + report.unknown + report.not_sent
                assert sum(task_id.startswith(f"{runs.prefix}-") for task_id in service.truth.adds) >= report.added
