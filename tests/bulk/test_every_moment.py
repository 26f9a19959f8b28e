"""Stopped, left or cancelled at one moment after another: at each of the first turns of the loop, then at many times.

Law: nothing is left to chance: the world is the same each time, but for the moment at which it is interrupted.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest
from scripted import Act, Record, Told, check, fail, follow, hang, item_error, make_ids, make_mappings, refuse
from simulated import MemoryService, connect, run

from batchio import Feed, SubmissionError, TaskOutcome
from batchio.bulk.submission import Submission

COUNT = 230
TURNS = 20
FAULTS = {2: refuse(429), 3: fail(500, share=1.0), 4: Act(share=0.5), 5: refuse(503, retry_after="1")}
Interrupt = Callable[[Any, "asyncio.Task[None]"], object]


def _fault(record: Record) -> Act | None:
    return FAULTS.get(record.number)


async def _turns(count: int) -> None:
    for _ in range(count):
        await asyncio.sleep(0)


async def _reach(moment: int) -> None:
    """The first moments are turns of the loop, the others are some hundredths of a second."""
    await _turns(min(moment, TURNS))
    if moment > TURNS:
        await asyncio.sleep((moment - TURNS) * 0.07)


async def _given() -> AsyncIterator[Any]:
    tasks = make_mappings(COUNT)
    for start in range(0, COUNT, 40):
        await asyncio.sleep(0)
        yield tasks[start : start + 40]


async def _interrupted(moment: int, work: asyncio.Task[None], interrupt: Callable[[], object]) -> bool:
    """Interrupt the work at a moment; false where it had ended by then."""
    await _reach(moment)
    was_open = not work.done()
    interrupt()
    async with asyncio.timeout(1_000):
        await asyncio.wait([work])
    if not work.cancelled():
        work.result()
    await _turns(5)
    left = asyncio.all_tasks() - {asyncio.current_task()}
    assert not left, f"still running after moment {moment}: {left}"
    return was_open


INTERRUPTS: dict[str, Interrupt] = {
    "stop": lambda run, _: run.stop(),
    "cancel": lambda _, work: work.cancel(),
    "stop and cancel": lambda run, work: (run.stop(), work.cancel()),
    "cancel twice": lambda _, work: (work.cancel(), asyncio.get_running_loop().call_soon(work.cancel)),
}


async def _submission(moment: int, interrupt: Interrupt, path: Path | None) -> bool:
    async with MemoryService() as service, connect(service) as client:
        service.fault, service.latency = _fault, 0.01
        service.items = lambda folded, seen: item_error(server=True) if folded == "task-7" and seen < 2 else None
        told = Told()
        given: Submission = client.tasks.submitting(service.job, _given(), max_requests=2, journal=path, keep="all")

        async def work() -> None:
            async with given:
                await follow(given, told)

        is_open = await _interrupted(moment, task := asyncio.create_task(work()), lambda: interrupt(given, task))
        report = told.report = given.report
        # What was told and not read stands in the report.
        told.outcomes = {outcome.index: outcome for outcome in report.outcomes}
        assert len(report.outcomes) == report.taken, f"moment {moment}: {report.summary()}"
        check(told, service, make_ids(COUNT), complete=False, interrupted=True, max_requests=2)
        if path is not None:
            # The next run finds the journal free, and what was told for good is not told again.
            final = sum(outcome.state in {"added", "existed", "rejected"} for outcome in report.outcomes)
            service.fault = None
            whole = await client.tasks.submit(service.job, make_mappings(COUNT), journal=path)
            assert (whole.added, whole.resumed) == (COUNT, final), f"moment {moment}: {whole.summary()}"
        return is_open


@pytest.mark.parametrize(
    ("name", "journal"), [*((name, False) for name in INTERRUPTS), ("stop", True), ("cancel", True)]
)
def test_a_submission(name: str, tmp_path: Path, *, journal: bool) -> None:
    moment = 0
    while run(_submission(moment, INTERRUPTS[name], tmp_path / f"{moment}" if journal else None)):
        moment += 1
    assert moment > TURNS + 5, "too few moments to say anything"


FEED_INTERRUPTS: dict[str, Callable[[Feed, list[asyncio.Task[Any]]], Awaitable[object] | object]] = {
    "a caller leaves": lambda _, callers: callers[0].cancel(),
    "all callers leave": lambda _, callers: [caller.cancel() for caller in callers],
    "the one of many tasks leaves": lambda _, callers: callers[-1].cancel(),
}


async def _feeding(moment: int, name: str) -> bool:
    async with MemoryService() as service, connect(service) as client:
        service.fault, service.latency = _fault, 0.01
        heard = list[TaskOutcome]()
        async with client.tasks.feed(service.job, max_requests=2, max_pending=150) as feed:
            parts: Any = feed
            deliver = parts._engine.ledger._sink

            def hear(outcomes: list[TaskOutcome]) -> None:
                heard.extend(outcomes)
                deliver(outcomes)

            parts._engine.ledger._sink = hear
            callers: list[asyncio.Task[Any]] = [
                asyncio.create_task(feed.add(task)) for task in make_mappings(30, "single")
            ]
            callers.append(asyncio.create_task(feed.add_all(make_mappings(200))))
            await _reach(moment)
            is_open = not all(caller.done() for caller in callers)
            FEED_INTERRUPTS[name](feed, callers)
            async with asyncio.timeout(1_000):
                told = await asyncio.gather(*callers, return_exceptions=True)
                await feed.flush()
        assert all(isinstance(each, TaskOutcome | list | asyncio.CancelledError) for each in told), told
        report = feed.report
        assert len(heard) == len({outcome.index for outcome in heard}) == report.taken
        assert report.added == report.taken == len(service.truth.adds)
        assert feed.pending == feed.waiting == 0
        await _turns(5)
    return is_open


@pytest.mark.parametrize("name", FEED_INTERRUPTS)
def test_the_callers_of_a_feed(name: str) -> None:
    moment = 0
    while run(_feeding(moment, name)):
        moment += 1
    assert moment > TURNS + 2, "too few moments to say anything"


async def _leaving(moment: int, how: str) -> bool:
    async with MemoryService() as service, connect(service) as client:
        service.fault, service.latency = (lambda record: hang() if record.number > 1 else None), 0.01
        callers = list[asyncio.Task[Any]]()

        async def work() -> None:
            async with client.tasks.feed(service.job, max_requests=2) as feed:
                callers.extend(asyncio.create_task(feed.add(task)) for task in make_mappings(COUNT))
                await _reach(moment)
                if how == "by an error":
                    raise KeyError
                await feed.close(timeout=0.5)

        task = asyncio.create_task(work())
        try:
            is_open = await _interrupted(moment, task, task.cancel if how == "cancelled" else lambda: None)
        except (KeyError, SubmissionError):
            is_open = True
        async with asyncio.timeout(1_000):
            told = await asyncio.gather(*callers, return_exceptions=True)
        assert all(isinstance(each, TaskOutcome | SubmissionError) for each in told), told
        states = {each.task_id: str(each.state) for each in told if isinstance(each, TaskOutcome)}
        for task_id, state in states.items():
            assert state != "added" or service.truth.has(task_id or "")
            assert state != "not_sent" or not service.truth.has(task_id or "")
        return is_open


@pytest.mark.parametrize("how", ["cancelled", "by an error", "in no time"])
def test_leaving_a_feed(how: str) -> None:
    for moment in range(40):
        run(_leaving(moment, how))
