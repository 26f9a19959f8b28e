"""Minutes of trouble on a virtual clock: whatever the weather, all points of the checker hold, and a seed says it all.

A failure prints the command that replays it. `BATCHIO_SOAK=SEED:TASKS:SECONDS` chooses what the slow test does.
"""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import msgspec
import pytest
from simulated.soak import Plan, Soak, soak

from batchio import OutcomeState, SubmissionReport, TaskOutcome

ROOT = Path(__file__).parents[2]
MUCH = Plan(seed=1, count=5_000_000, seconds=600.0)


def chosen() -> Plan:
    """What the environment asks for, or ten minutes with five million tasks."""
    seed, count, seconds = os.environ.get("BATCHIO_SOAK", f"{MUCH.seed}:{MUCH.count}:{MUCH.seconds}").split(":")
    return Plan(seed=int(seed), count=int(count), seconds=float(seconds))


@pytest.mark.parametrize("seed", range(6))
def test_a_small_soak(seed: int, tmp_path: Path) -> None:
    found = soak(Plan(seed=seed, count=50_000, seconds=30.0), tmp_path / "journal" if seed % 2 else None)
    assert found.ended >= 30
    assert found.report.added > 40_000


def test_the_same_seed_is_the_same_history() -> None:
    plan = Plan(seed=7, count=20_000, seconds=20.0)
    first, second, other = soak(plan), soak(plan), soak(replace(plan, seed=8))
    assert first.digest == second.digest
    assert first.report == second.report
    assert first.digest != other.digest


def test_the_same_seed_is_the_same_history_in_another_process() -> None:
    """Though strings have other hashes there."""
    code = "from simulated.soak import *; print(soak(Plan(seed=7, count=20_000, seconds=20.0)).digest)"
    said = [
        subprocess.run(  # noqa: S603 - our own code
            [sys.executable, "-c", code],
            env={**os.environ, "PYTHONHASHSEED": seed, "PYTHONPATH": f"{ROOT}{os.pathsep}{ROOT / 'tests'}"},
            capture_output=True,
            text=True,
            check=True,
        ).stdout.strip()
        for seed in ("1", "2")
    ]
    assert said[0] == said[1] == soak(Plan(seed=7, count=20_000, seconds=20.0)).digest


def test_a_failure_says_how_to_see_it_again(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Soak, "receive", lambda *_: 1 // 0)
    with pytest.raises(ZeroDivisionError) as caught:
        soak(Plan(seed=7, count=1_000, seconds=5.0))
    assert "BATCHIO_SOAK=7:1000:5 pytest" in "".join(caught.value.__notes__)


def wrong(outcome: TaskOutcome, state: OutcomeState, *, confirmed: bool = True) -> TaskOutcome:
    return msgspec.structs.replace(outcome, state=state, confirmed=confirmed)


LIES: dict[str, tuple[Callable[[TaskOutcome], TaskOutcome], str]] = {
    "added, as existed": (lambda told: wrong(told, OutcomeState.EXISTED), "only we sent it"),
    "added, as not sent": (lambda told: wrong(told, OutcomeState.NOT_SENT), "it is there"),
    "added, as rejected": (lambda told: wrong(told, OutcomeState.REJECTED), "nobody said so"),
    "added, as inferred": (lambda told: wrong(told, OutcomeState.ADDED, confirmed=False), "without a word"),
}


@pytest.mark.parametrize(("lie", "words"), LIES.values(), ids=LIES)
def test_one_lie_among_thousands_is_found(
    monkeypatch: pytest.MonkeyPatch, lie: Callable[[TaskOutcome], TaskOutcome], words: str
) -> None:
    """The counts of the report lie with it, so that only what is true of the task can tell."""
    receive = Soak.receive
    lied: list[OutcomeState] = []

    def lying(self: Soak, outcomes: list[TaskOutcome], taken: int) -> None:
        first = outcomes[0]
        if not lied and first.index > 1_000 and first.state == "added" and first.confirmed:
            outcomes = [lie(first), *outcomes[1:]]
            lied.append(outcomes[0].state)
        receive(self, outcomes, taken)

    def counted(self: Soak, report: SubmissionReport, ended: float) -> None:
        report = msgspec.structs.replace(report, added=report.added - 1)
        check(self, msgspec.structs.replace(report, **{lied[0]: getattr(report, lied[0]) + 1}), ended)

    check = Soak.check
    monkeypatch.setattr(Soak, "receive", lying)
    monkeypatch.setattr(Soak, "check", counted)
    with pytest.raises(AssertionError, match=words):
        soak(Plan(seed=7, count=20_000, seconds=20.0))


@pytest.mark.slow
def test_replay_a_soak_of_ten_minutes_and_five_million_tasks(tmp_path: Path) -> None:
    plan = chosen()
    found = soak(plan, tmp_path / "journal")
    print(f"{plan}: {found.report.summary()}; {found.requests} requests, {found.ended:.0f} s, {found.digest[:16]}")  # noqa: T201 - for `-s`
    assert found.ended >= plan.seconds
