"""Everything at once, by chance: whatever the service does, one right outcome for every task.

A failure prints its seed; `RUN(seed)` is then the same script.
"""

from __future__ import annotations

import asyncio
import random
from collections.abc import AsyncIterator, Iterator
from typing import Any

import msgspec
import pytest
from scripted import (
    Act,
    ItemError,
    ScriptedService,
    Told,
    by_index,
    chance,
    connect,
    drive,
    drop,
    fail,
    follow,
    hang,
    html,
    item_error,
    judge,
    leaves_nothing,
    omit,
    recase,
    refuse,
    results,
    reverse,
    settled,
    strangers,
    truncate,
    twice,
    unreadable,
)

from batchio.models import TaskAddParameter

TIMEOUT = 0.4

ACTS: list[Act] = [
    refuse(429),
    refuse(503),
    refuse(503, retry_after="0"),
    fail(500),
    fail(500, share=1.0),
    fail(502, share=0.5),
    fail(504, share=1.0),
    fail(503, "ServiceUnavailable", share=1.0),
    html(502),
    html(502, share=1.0),
    drop(0.0),
    drop(0.5),
    drop(1.0),
    drop(0.0, reset=True),
    drop(1.0, reset=True),
    hang(0.0),
    hang(1.0),
    Act(wait=2 * TIMEOUT),
    Act(hold=2 * TIMEOUT),
    truncate(),
    truncate(chunked=True),
    unreadable(),
    unreadable(b"{}"),
    Act(share=0.7),
    Act(leave=True),
    Act(pieces=5),
    Act(chunked=True),
    results(omit(7)),
    results(reverse),
    results(recase),
    results(twice),
    results(strangers),
]


class Chaos:
    """A script made of a seed: the input, what the service has, and what it does to requests and tasks."""

    def __init__(self, seed: int, *, count: int, troubled: int) -> None:
        self.dice = dice = random.Random(seed)  # noqa: S311 -- a seed that can be repeated
        self.name = f"seed {seed}, {count} tasks"
        self.ids = [f"task-{number}" for number in range(count)]
        for _ in range(count // 100):
            # Doubles, some near and some far, in either letter case.
            place = dice.randrange(count)
            near = max(0, place - dice.choice([1, 5, 50, 500]))
            self.ids[place] = dice.choice([self.ids[near], self.ids[near].upper()])
        folded = sorted({task_id.lower() for task_id in self.ids})
        self.theirs = set(dice.sample(folded, count // 50))
        self.rejected = set(dice.sample(folded, count // 100))
        self.shaky = {task_id: dice.randrange(1, 4) for task_id in dice.sample(folded, count // 50)}
        level = dice.choice([0.02, 0.1, 0.3])
        chosen = dice.sample(ACTS, dice.randrange(3, 12))
        self.faults = chance(seed, [(level / len(chosen), act) for act in chosen], until=troubled)
        self.latency = dice.choice([0.0, 0.0, 0.005, 0.02])
        self.options: dict[str, Any] = {
            "max_requests": dice.choice([1, 4, 16, 256]),
            "max_body": dice.choice([2_000, 20_000, 950_000]),
            "details": dice.random() < 0.5,
        }

    def install(self, service: ScriptedService) -> None:
        service.truth.preload(self.theirs)
        service.latency = self.latency
        service.fault = self.faults
        service.items = self.item

    def item(self, folded: str, seen: int) -> ItemError | None:
        if seen < self.shaky.get(folded, 0):
            return ItemError()
        return item_error() if folded in self.rejected else None

    def tasks(self) -> Any:
        """The input, as one of the kinds that there are."""
        kind = self.dice.randrange(4)
        if kind == 0:
            return [self.task(task_id) for task_id in self.ids]
        if kind == 1:
            return (self.task(task_id) for task_id in self.ids)
        return self.slowly() if kind == 2 else self.lists()

    def task(self, task_id: str) -> Any:
        line = "run" * self.dice.choice([1, 1, 1, 50])
        kind = self.dice.randrange(3)
        if kind == 0:
            return TaskAddParameter(id=task_id, command_line=line)
        mapping = {"id": task_id, "commandLine": line}
        return mapping if kind == 1 else msgspec.json.encode(mapping)

    async def slowly(self) -> AsyncIterator[Any]:
        for task_id in self.ids:
            if self.dice.random() < 0.01:
                await asyncio.sleep(0)
            yield self.task(task_id)

    def lists(self) -> Iterator[list[Any]]:
        for start in range(0, len(self.ids), 333):
            yield [self.task(task_id) for task_id in self.ids[start : start + 333]]


async def survive(seed: int, *, count: int, troubled: int) -> None:
    """A run to the end: the service recovers, so nothing may be left open."""
    chaos = Chaos(seed, count=count, troubled=troubled)
    async with ScriptedService() as service, connect(service, timeout=TIMEOUT) as client:
        chaos.install(service)
        try:
            told = await drive(client, service, chaos.tasks(), ids=chaos.ids, attempts=60, **chaos.options)
            assert told.report.unknown + told.report.gave_up + told.report.not_sent == 0, told.report
            assert {told.outcomes[n].task_id.lower() for n in told.states("rejected")} <= chaos.rejected  # type: ignore[union-attr]  # a task of this run has an id
            assert chaos.theirs - chaos.rejected <= {
                str(told.outcomes[n].task_id).lower() for n in told.states("existed", "added")
            }
        except BaseException as error:
            error.add_note(f"chaos: {chaos.name}, {chaos.options}")
            raise


async def interrupt(seed: int, *, count: int) -> None:
    """A run that is cancelled, or left, or too impatient, at some moment in the trouble."""
    chaos = Chaos(seed, count=count, troubled=10_000)
    dice = chaos.dice
    async with ScriptedService() as service, connect(service, timeout=TIMEOUT) as client:
        chaos.install(service)
        requests = dice.randrange(1, 1 + count // 60)
        told = Told()
        run: Any = None

        async def go() -> None:
            nonlocal run
            options: dict[str, Any] = {**chaos.options, "keep": "all", "attempts": dice.choice([1, 3, 10])}
            async with client.tasks.submitting(service.job, chaos.tasks(), **options) as run:
                await follow(run, told)

        try:
            with leaves_nothing():
                task = asyncio.create_task(go())
                reached = asyncio.create_task(service.until(lambda: len(service.history) >= requests))
                await asyncio.wait([task, reached], return_when=asyncio.FIRST_COMPLETED, timeout=10)
                reached.cancel()
                task.cancel()
                await asyncio.wait([task, reached])
                assert task.cancelled() or task.exception() is None, task.exception()
                await settled()
            received, report = told.outcomes, run.report
            told.outcomes, told.report = by_index(report.outcomes), report
            assert received.items() <= told.outcomes.items()
            del chaos.options["details"]
            judge(told, service, None, chaos.ids, complete=False, exact=False, interrupted=True, **chaos.options)
        except BaseException as error:
            error.add_note(f"chaos: interrupted, {chaos.name}, {chaos.options}, at {requests} requests")
            raise


@pytest.mark.parametrize("seed", range(6))
async def test_chaos(seed: int) -> None:
    await survive(seed, count=1_500, troubled=25)


@pytest.mark.parametrize("seed", range(100, 112))
async def test_chaos_interrupted(seed: int) -> None:
    await interrupt(seed, count=1_500)


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(1_000, 1_030))
async def test_much_chaos(seed: int) -> None:
    await survive(seed, count=6_000, troubled=120)


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(2_000, 2_030))
async def test_much_chaos_interrupted(seed: int) -> None:
    await interrupt(seed, count=10_000)
