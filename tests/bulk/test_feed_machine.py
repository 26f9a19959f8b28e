"""A feed as a state machine: callers of all kinds come and go, and each has its own outcome."""

from __future__ import annotations

import asyncio
import itertools
from typing import Any

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule, run_state_machine_as_test
from scripted import Act, add, judge_feed, start
from scripted.checker import in_time
from simulated import MemoryService, VirtualLoop, connect
from simulated.play import ACTS, Troubles, is_theirs

from batchio import TaskOutcome

UNHURRIED = [HealthCheck.too_slow, HealthCheck.filter_too_much, HealthCheck.data_too_large]
QUICK = settings(max_examples=25, stateful_step_count=25, derandomize=True, suppress_health_check=UNHURRIED)
LONG = settings(max_examples=150, stateful_step_count=60, suppress_health_check=UNHURRIED)
SLACK, RATE = 90.0, 50.0


class Feeding(RuleBasedStateMachine):
    """One feed and its callers. What is told to callers who have gone is heard, too."""

    @initialize(
        max_requests=st.integers(1, 4),
        max_pending=st.sampled_from([5, 120, 10_000]),
        attempts=st.sampled_from([1, 3, 10]),
        linger=st.sampled_from([0.0, 0.01, 1.0]),
    )
    def begin(self, **options: Any) -> None:
        self.loop = VirtualLoop()
        self.options = options
        self.numbers = itertools.count()
        self.callers: list[asyncio.Task[Any]] = []
        self.told: list[TaskOutcome] = []
        self.loop.run_until_complete(self.open())

    async def open(self) -> None:
        self.service = await MemoryService().__aenter__()
        self.service.latency = 0.1
        self.troubles = Troubles(self.service)
        self.client = connect(self.service)
        self.feed = await self.client.tasks.feed(self.service.job, patience=9_999.0, **self.options).__aenter__()
        parts: Any = self.feed
        deliver = parts._engine.ledger._sink

        def hear(outcomes: list[TaskOutcome]) -> None:
            self.told += outcomes
            deliver(outcomes)

        parts._engine.ledger._sink = hear

    def tasks(self, count: int) -> list[dict[str, str]]:
        numbers = list(itertools.islice(self.numbers, count))
        self.service.truth.preload(f"task-{number}" for number in numbers if is_theirs(number))
        return [{"id": f"task-{number}", "commandLine": "run"} for number in numbers]

    async def call(self, count: int, *, together: bool) -> None:
        tasks = self.tasks(count)
        self.callers += [asyncio.create_task(self.add_together(tasks))] if together else start(self.feed, tasks)
        await asyncio.sleep(0)

    async def add_together(self, tasks: list[dict[str, str]]) -> None:
        """For as long as it takes: a minute is nothing here."""
        outcomes = await self.feed.add_all(tasks)
        assert [outcome.task_id for outcome in outcomes] == [task["id"] for task in tasks]

    @rule(count=st.integers(1, 250), together=st.booleans())
    def push(self, count: int, *, together: bool) -> None:
        self.loop.run_until_complete(self.call(count, together=together))

    @rule(number=st.integers(0, 60), is_upper=st.booleans())
    def push_a_twin(self, number: int, *, is_upper: bool) -> None:
        task_id = f"task-{number}"
        self.service.truth.preload([task_id] if is_theirs(number) else [])
        task = {"id": task_id.upper() if is_upper else task_id, "commandLine": "run"}
        self.callers.append(self.loop.create_task(add(self.feed, task)))

    @rule(place=st.integers(0, 300))
    def go_away(self, place: int) -> None:
        if self.callers:
            self.callers[place % len(self.callers)].cancel()
            self.wait(0.0)

    @rule(acts=st.lists(st.sampled_from(ACTS), min_size=1, max_size=4))
    def fault(self, acts: list[Act]) -> None:
        self.troubles.acts.extend(acts)

    @rule(count=st.integers(1, 150))
    def fail_tasks(self, count: int) -> None:
        self.troubles.failing += count

    @rule(is_there=st.booleans())
    def come_and_go(self, *, is_there: bool) -> None:
        self.loop.run_until_complete(self.service.start() if is_there else self.service.stop())

    @rule()
    def flush(self) -> None:
        self.callers.append(self.loop.create_task(self.feed.flush()))

    @rule(seconds=st.sampled_from([0.0, 0.01, 0.06, 0.11, 0.5, 3.0, 15.0, 60.0]))
    def wait(self, seconds: float) -> None:
        self.loop.run_until_complete(asyncio.sleep(seconds))

    @invariant()
    def holds(self) -> None:
        assert not self.service.violations, self.service.violations
        assert self.feed.pending <= self.options["max_pending"]
        for caller in self.callers:
            if caller.done() and not caller.cancelled():
                caller.result()

    def teardown(self) -> None:
        if hasattr(self, "feed"):
            self.troubles.end()
            try:
                self.loop.run_until_complete(self.end())
            finally:
                self.loop.close()

    async def end(self) -> None:
        await self.service.start()
        healthy, rest = self.loop.time(), self.feed.pending + self.feed.waiting
        await asyncio.sleep(0)
        await self.feed.close()
        if self.callers:
            await asyncio.wait(self.callers)
        in_time(self.loop.time(), healthy=healthy, rest=rest, rate=RATE, slack=SLACK)
        self.holds()
        judge_feed(self.service, self.feed, self.told, max_requests=self.options["max_requests"])
        await self.client.close()
        await self.service.__aexit__(None, None, None)
        left = asyncio.all_tasks() - {asyncio.current_task()}
        assert not left, f"still running: {left}"


def test_a_feed_is_right_whatever_happens() -> None:
    run_state_machine_as_test(Feeding, settings=QUICK)


@pytest.mark.slow
def test_a_feed_is_right_whatever_happens_for_long() -> None:
    run_state_machine_as_test(Feeding, settings=LONG)
