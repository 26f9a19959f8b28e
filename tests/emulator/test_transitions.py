"""The table of life cycles: its words, and that nothing in it is idle."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from batchio import models
from batchio.emulator import ticks
from batchio.emulator.causes import CONDITIONS, DEADLINES, NODE_ARRIVES
from batchio.emulator.clock import Clock
from batchio.emulator.effects import EFFECTS
from batchio.emulator.holds import Holds
from batchio.emulator.resources import Job, Living
from batchio.emulator.states import STARTING
from batchio.emulator.transitions import ACTS, FEWEST, GONE, TRANSITIONS, Life, Transition

STATES = {
    "job": models.JobState,
    "task": models.TaskState,
    "preparation": models.JobPreparationTaskState,
    "release": models.JobReleaseTaskState,
    "jobschedule": models.JobScheduleState,
    "pool": models.PoolState,
    "allocation": models.AllocationState,
    "node": models.ComputeNodeState,
    "certificate": models.CertificateState,
}


@pytest.mark.parametrize("row", TRANSITIONS, ids=lambda row: f"{row.kind}-{row.source}-{row.target}")
def test_rows(row: Transition) -> None:
    words = {state.value for state in STATES[row.kind]}
    assert row.source in words
    assert row.target in words | ACTS | {GONE}
    assert row.given is None or row.given in CONDITIONS
    assert not isinstance(row.when, str) or row.when in DEADLINES


def test_nothing_is_idle() -> None:
    assert {row.given for row in TRANSITIONS} - {None} == set(CONDITIONS)
    assert {row.when for row in TRANSITIONS if isinstance(row.when, str)} == set(DEADLINES)
    assert {kind for kind, _ in EFFECTS} <= set(STATES)
    for kind, state in EFFECTS:
        assert state in {state.value for state in STATES[kind]} | ACTS | {GONE}


def test_a_start_task_begins_when_its_node_has_started() -> None:
    [seconds] = {row.when for row in TRANSITIONS if (row.kind, row.source) == ("node", STARTING)}
    assert isinstance(seconds, float)
    assert seconds * ticks.SECOND == NODE_ARRIVES


def test_changes_come_in_the_order_of_time_and_not_at_once() -> None:
    clock = Clock(datetime(2024, 7, 1, tzinfo=UTC), frozen=True)
    seen: list[tuple[str, int]] = []

    def move(thing: Living, state: str, when: int, _: str | None) -> None:
        seen.append((state, when - start))
        assert life.now == when
        thing.state, thing.since = state, when
        if state != GONE:
            life.entered(thing)

    class Thing(Living):
        kind = "certificate"
        users = ()

    life, start = Life(move), clock.ticks()
    late, soon = Thing(since=start + 5, state="deleting"), Thing(since=start, state="deleting", forced=True)
    life.entered(late)
    life.entered(soon)
    life.settle(start)
    assert seen == []
    clock.advance(10)
    life.settle(clock.ticks())
    # The row with a condition comes first; forced, it needs none.
    assert seen == [("deletefailed", 1), (GONE, 5 + ticks.SECOND // 2)]
    assert life.now is None


def lives() -> tuple[Life, list[tuple[str, int]]]:
    """A life, and which jobs it has ended when."""
    ended: list[tuple[str, int]] = []

    def move(thing: Living, state: str, when: int, _: str | None) -> None:
        assert isinstance(thing, Job)
        thing.state, thing.since = state, when
        if state == "terminating":
            ended.append((thing.id, when))

    return Life(move), ended


def job_of(seconds: int, id: str = "job") -> Job:
    return Job(id=id, spec={"constraints": {"maxWallClockTime": f"PT{seconds}S"}}, born=1, changed=1, since=1)


def test_plans_that_are_overtaken_go() -> None:
    (life, ended), job, day = lives(), job_of(86400), 86400 * ticks.SECOND
    for now in range(2, 10 * FEWEST):
        # Other states; the same state with the same plan; another plan.
        if now % 3 == 0:
            job.state, job.since = ("active", "disabled")[now % 2], now
        elif now % 3 == 1:
            job.spec = job_of(2 * 86400 + now).spec
        life.entered(job)
        life.touched(job, now)
        life.settle(now)
        assert life.planned <= FEWEST
    job.spec = job_of(86400).spec
    life.entered(job)
    life.settle(day)
    assert ended == []
    life.settle(day + 1)
    assert ended == [("job", day + 1)]
    life.settle(10 * day)
    assert life.planned == 0


def test_what_is_due_next() -> None:
    life, ended = lives()
    assert life.next_due is None
    job = job_of(60)
    with life.resumed([job], 7 * ticks.SECOND):
        assert life.now == 7 * ticks.SECOND
    # What was due before is looked at right after it.
    assert life.next_due == 7 * ticks.SECOND + 1
    life.settle(10 * ticks.SECOND)
    assert life.next_due == 1 + 60 * ticks.SECOND
    for _ in range(2):
        life.touched(job, 10 * ticks.SECOND)
    assert (life.next_due, life.planned) == (10 * ticks.SECOND + 1, 2)
    job.spec = {"onAllTasksComplete": "terminatejob"}
    life.settle(10 * ticks.SECOND + 1)
    assert ended == [("job", 10 * ticks.SECOND + 1)]
    # Each state can be seen, for a tick.
    life.entered(Job(id="other", spec=job.spec, born=1, changed=1, since=20 * ticks.SECOND))
    life.settle(3600 * ticks.SECOND)
    assert ended[1:] == [("other", 20 * ticks.SECOND + 1)]


def test_plans_that_are_overtaken_in_the_same_state_go() -> None:
    (life, ended), job = lives(), job_of(86400)
    for number in range(5 * FEWEST):
        job.spec = job_of(86400 + number).spec
        life.entered(job)
        assert life.planned <= FEWEST
    life.settle(2 * 86400 * ticks.SECOND)
    assert ended == [("job", 1 + (86400 + 5 * FEWEST - 1) * ticks.SECOND)]


def test_a_look_that_is_wanted_outlasts_the_plans_that_go() -> None:
    (life, ended), job = lives(), Job(id="job", spec={}, born=1, changed=1, since=1)
    life.entered(job)
    life.settle(10)
    job.spec = {"onAllTasksComplete": "terminatejob"}
    life.touched(job, 10)
    for number in range(3 * FEWEST):
        other = job_of(60 + number, "other")
        life.entered(other)
        other.gone = True
    life.settle(11)
    assert ended == [("job", 11)]


def test_plans_that_count_stay() -> None:
    life, ended = lives()
    jobs = [job_of(60 + number, str(number)) for number in range(2 * FEWEST)]
    for now in range(1, 9):
        for job in jobs:
            life.entered(job)
        life.settle(now)
    assert len(jobs) <= life.planned <= 2 * len(jobs) + FEWEST
    life.settle(3600 * ticks.SECOND)
    assert ended == [(job.id, 1 + (60 + number) * ticks.SECOND) for number, job in enumerate(jobs)]


def test_what_is_gone_is_not_held_for_long() -> None:
    holds, place = Holds(), ("job", "active")
    holds.hold(place)
    jobs = [job_of(60, str(number)) for number in range(3 * FEWEST)]
    for job in jobs:
        assert holds.keep(job, ("job", "disabled"), place)
        assert holds.keep(job, place)
        job.gone = int(job.id) >= 10
    assert holds.number <= FEWEST
    assert not holds.keep(jobs[0], ("job", "disabled"))
    assert [thing for thing in holds.release(place) if not thing.gone] == jobs[:10]
    assert (holds.number, holds.places) == (0, [])
    holds.hold(place)
    for job in jobs[:10] * 2:
        holds.keep(job, place)
    assert holds.number == 10
