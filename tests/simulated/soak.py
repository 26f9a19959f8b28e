"""A submission through minutes of weather, and its check: all points of `engine.md` on arrays, one byte for each task.

Law: a plan says everything; the same plan has the same history, to the last bit of its digest.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import AsyncIterator
from dataclasses import dataclass
from functools import reduce
from operator import or_
from pathlib import Path
from random import Random
from typing import Any

from scripted.checker import STATES, in_time
from scripted.driving import leaves_nothing, settled, window_of
from scripted.laws import NONE, THERE, TOLD, Fact, complaints, complaints_of_all

from batchio import SubmissionReport, TaskOutcome
from batchio.bulk.journal_file import read

from .clock import run
from .crowd import PREFIX, Crowd, number_of
from .transport import connect
from .weather import Weather

_CODES = {state: code for code, state in enumerate(STATES, 1)}
_UNCONFIRMED = 8
_LISTED = 500
_SPARE = 1.25
"""The service takes so many times the tasks in the time of the trouble, if there were none."""
_SLACK = 60.0
"""Seconds: a backoff of 20, a probe, the search for the rate."""


@dataclass(frozen=True, kw_only=True)
class Plan:
    """`count` tasks, `seconds` of trouble, and a seed for all that happens."""

    seed: int
    count: int
    seconds: float
    max_requests: int = 256

    @property
    def rate(self) -> float:
        """Requests a second that the service takes."""
        return _SPARE * self.count / self.seconds / 100

    @property
    def replay(self) -> str:
        """The command that does it again."""
        return (
            f"BATCHIO_SOAK={self.seed}:{self.count}:{self.seconds:g} pytest -m slow -k replay tests/bulk/test_soak.py"
        )


@dataclass(kw_only=True)
class Found:
    """What became of it."""

    digest: str
    report: SubmissionReport
    ended: float
    requests: int


class Soak:
    """One run of a plan. `told`: what was told of each task of the input; `then`: what was true at that moment."""

    def __init__(self, plan: Plan) -> None:
        self.plan = plan
        dice = Random(plan.seed)  # noqa: S311 -- a seed that can be repeated
        self._dice = dice
        self.crowd = Crowd(plan.count, Weather(dice, seconds=plan.seconds, rate=plan.rate), dice)
        self.told = bytearray(plan.count)
        self.then = bytearray(plan.count)
        self.twins = self._draw_twins()
        self.rest = plan.count
        self._received = self._most_held = 0

    def _draw_twins(self) -> dict[int, int]:
        """Ordinals that stand for another's number: doubles, some near and some far."""
        dice, count = self._dice, self.plan.count
        places = dice.sample(range(1, count), count // 500)
        return {place: dice.randrange(max(0, place - dice.choice([1, 50, count])), place) for place in places}

    async def run(self, journal: Path | None) -> Found:
        """Submit, read what is told, and judge it."""
        plan, loop = self.plan, asyncio.get_running_loop()
        loop.call_at(plan.seconds, self._is_healthy)
        with leaves_nothing():
            async with (
                connect(self.crowd, seed=plan.seed, timeout=5.0, wall=self.crowd.wall) as client,
                client.tasks.submitting(
                    self.crowd.job, self._input(), attempts=6, max_requests=plan.max_requests, journal=journal
                ) as submission,
            ):
                async for outcomes in submission:
                    self.receive(outcomes, submission.progress.taken)
                    await self._pause()
            await settled()
        ended = loop.time()
        self.crowd.digest.update(b"%r" % ended + self.told)
        self.check(submission.report, ended)
        if journal is not None:
            self._check_journal(journal, submission.report)
        return Found(
            digest=self.crowd.digest.hexdigest(),
            report=submission.report,
            ended=ended,
            requests=self.crowd.requests,
        )

    def _is_healthy(self) -> None:
        self.rest = self.plan.count - self._received

    async def _input(self) -> AsyncIterator[Any]:
        """One by one, or in lists of all sizes, with pauses."""
        dice, at, count = self._dice, 0, self.plan.count
        in_lists = dice.random() < 0.5
        while at < count:
            some = [self._task(ordinal) for ordinal in range(at, min(count, at + dice.randrange(1, _LISTED)))]
            at += len(some)
            if in_lists:
                yield some
            else:
                for task in some:
                    yield task
            if dice.random() < 0.01:
                await asyncio.sleep(dice.random())

    def _task(self, ordinal: int) -> dict[str, str]:
        return {"id": self._id(ordinal), "commandLine": "run"}

    def _id(self, ordinal: int) -> str:
        number = self.twins.get(ordinal)
        return f"{PREFIX}{ordinal}" if number is None else f"{PREFIX}{number}".upper()

    def receive(self, outcomes: list[TaskOutcome], taken: int) -> None:
        told, then, facts = self.told, self.then, self.crowd.facts
        for outcome in outcomes:
            at, task_id = outcome.index, outcome.task_id
            assert not told[at], f"a second outcome: {outcome}"
            assert task_id is not None, outcome
            assert task_id == self._id(at), outcome
            told[at] = _CODES[outcome.state] | (0 if outcome.confirmed else _UNCONFIRMED)
            then[at] = facts[number_of(task_id)]
        self._received += len(outcomes)
        self._most_held = max(self._most_held, taken - self._received)
        self.crowd.digest.update(b"%d %d " % (outcomes[0].index, len(outcomes)))

    async def _pause(self) -> None:
        """A consumer that stops at times."""
        if self._dice.random() < 0.002:
            await asyncio.sleep(self._dice.uniform(0, 4))

    # The nine points

    def check(self, report: SubmissionReport, ended: float) -> None:
        plan, crowd = self.plan, self.crowd
        assert not crowd.violations, crowd.violations[:5]
        assert not self.told.count(0), f"taken, no outcome: {self.told.count(0)}, first {self.told.index(0)}"
        told = Counter(self.told)
        counts = {state: told[code] + told[code | _UNCONFIRMED] for state, code in _CODES.items()}
        assert counts == {state: getattr(report, state) for state in STATES}, f"{report.summary()}; told {counts}"
        assert report.taken == plan.count
        self._check_alone()
        for number, members in self._members().items():
            self._check_twins(number, members)
        assert crowd.most_open <= plan.max_requests, f"{crowd.most_open} requests in flight"
        held = window_of(plan.max_requests) + _LISTED
        assert self._most_held <= held, f"{self._most_held} tasks held"
        assert report.requests >= crowd.requests
        in_time(ended, healthy=plan.seconds, rest=self.rest, rate=100 * plan.rate, slack=_SLACK)

    def _members(self) -> dict[int, list[int]]:
        """The tasks of each number that some twin stands for."""
        members: dict[int, list[int]] = {}
        for number in set(self.twins.values()) - self.twins.keys():
            members[number] = [number]
        for place, number in sorted(self.twins.items()):
            members.setdefault(number, []).append(place)
        return members

    def _check_alone(self) -> None:
        """(2) to (5) of all tasks without a twin: those of which the same is known are judged together."""
        final = self.crowd.facts
        alone = bytearray(self.told)
        for place in {*self.twins, *self.twins.values()}:
            alone[place] = 0
        for kind in Counter(zip(alone, self.then, final, strict=True)):
            code, then, last = kind
            if not code:
                continue
            state, facts = STATES[(code & ~_UNCONFIRMED) - 1], Fact(then | last & THERE)
            facts |= TOLD.get(state, NONE)
            wrong = [
                *complaints(state, facts, confirmed=code < _UNCONFIRMED),
                *complaints_of_all(frozenset({state}), facts),
                *(["rejected, and nobody said so"] if state == "rejected" and not facts & Fact.DENIED else []),
            ]
            if wrong:
                at = list(zip(alone, self.then, final, strict=True)).index(kind)
                raise AssertionError(f"task {at}: {wrong} {state} {code < _UNCONFIRMED=} {facts!r}")

    def _check_twins(self, number: int, members: list[int]) -> None:
        """The same for all tasks of one number."""
        final = self.crowd.facts[number] & THERE
        codes = [self.told[place] for place in members]
        states = frozenset(STATES[(code & ~_UNCONFIRMED) - 1] for code in codes)
        always = reduce(or_, (TOLD.get(state, NONE) for state in states), Fact(final))
        assert codes.count(_CODES["added"]) <= 1, f"number {number} was told as added more than once: {members}"
        wrong = [*complaints_of_all(states, always | Fact(self.crowd.facts[number]))]
        for place, code in zip(members, codes, strict=True):
            state = STATES[(code & ~_UNCONFIRMED) - 1]
            wrong += complaints(state, always | Fact(self.then[place]), confirmed=code < _UNCONFIRMED)
        assert not wrong, f"number {number}, tasks {members}: {wrong} {codes} {always!r}"

    def _check_journal(self, journal: Path, report: SubmissionReport) -> None:
        """(7) Journal and service together equal the input."""
        state = read(str(journal))
        assert state.lost == 0
        found = state.settled()
        counts = {kind.name.lower(): count for kind, count in found.counts.items()}
        assert counts == {name: getattr(report, name) for name in counts}
        final = {_CODES[name] | maybe for name in counts for maybe in (0, _UNCONFIRMED)}
        for start, end in found.done:
            assert final.issuperset(self.told[start:end]), f"the journal leads in {start} to {end}"
        assert found.done.count == sum(counts.values())


def soak(plan: Plan, journal: Path | None = None) -> Found:
    """Do it; whatever fails says how it is done again."""
    try:
        return run(_begin(plan, journal))
    except BaseException as error:
        error.add_note(f"{plan}; to replay: {plan.replay}")
        raise


async def _begin(plan: Plan, journal: Path | None) -> Found:
    return await Soak(plan).run(journal)
