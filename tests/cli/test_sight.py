"""What `batchio watch` says of a look, and how it measures; all pure."""

from __future__ import annotations

import doctest
from datetime import UTC, datetime
from typing import Any

import pytest

from batchio.cli import finding, paths, sight, tempo
from batchio.cli.sight import Counts, Failure, Sight, as_mapping, failure_line, line_of, picture_of
from batchio.cli.tempo import Tempo

AT = datetime(2024, 7, 1, 12, 0, 3, tzinfo=UTC)


def look(**more: Any) -> Sight:
    values: dict[str, Any] = {
        "time": AT,
        "job": "render",
        "state": "active",
        "pool": "farm",
        "tasks": Counts(active=8_746, running=20, completed=1_234, succeeded=1_226, failed=8),
        "nodes": {"running": 3, "idle": 1},
        "rate": 12.25,
        "failures": (Failure(id="frame-7", exit_code=1, category="usererror", code="FailureExitCode", at=AT),),
    }
    return Sight(**{**values, **more})


def test_a_line() -> None:
    assert line_of(look()) == (
        "render active  1,234 of 10,000 tasks completed (12 %)  8 failed  20 running  8,746 active  12.2/s  "
        "11 min 56 s left  4 nodes (3 running, 1 idle)"
    )
    assert line_of(look(tasks=Counts(), nodes=None, state=None)) == "render in no state  0 of 0 tasks completed"


def test_a_picture() -> None:
    assert picture_of(look()).splitlines() == [
        "job        render, active, pool farm",
        "active      8,746",
        "running        20",
        "completed   1,234  of 10,000 (12 %)",
        "succeeded   1,226",
        "failed          8",
        "rate       12.2/s  11 min 56 s left",
        "nodes      4 nodes (3 running, 1 idle)",
        "the newest failures:",
        "  frame-7  exit code 1  usererror  FailureExitCode  2024-07-01 12:00:03Z",
    ]
    bare = picture_of(look(pool=None, nodes={}, rate=None, failures=(), reason="UserTerminate"))
    assert "job        render, active (UserTerminate)\n" in bare
    assert "rate" not in bare
    assert bare.endswith("nodes      no nodes")


def test_what_the_service_says_cannot_steer_the_terminal() -> None:
    said = picture_of(look(reason="\x1b[2J\n", failures=(Failure(id="a", code="x\x07\r"),)))
    assert "\x1b" not in said
    assert "\x07" not in said
    assert "\r" not in said


def test_a_failure_without_a_process() -> None:
    assert failure_line(Failure(id="a", category="servererror")) == "a  no exit code  servererror"


def test_time_is_left_only_where_something_is_left_and_moves() -> None:
    assert look().seconds_left == pytest.approx(8_766 / 12.25)
    assert look(rate=0.0).seconds_left is None
    assert look(rate=None).seconds_left is None
    assert look(tasks=Counts(completed=5)).seconds_left is None
    assert as_mapping(look(rate=0.0), None)["seconds_left"] is None


def test_never_everything_before_the_end() -> None:
    assert "(99 %)" in line_of(look(tasks=Counts(running=1, completed=9_999)))


def tempo_of(*looks: tuple[float, int]) -> float | None:
    measured = Tempo()
    for now, completed in looks:
        measured.add(now, completed)
    return measured.rate


def test_a_rate_needs_two_looks() -> None:
    assert tempo_of() is None
    assert tempo_of((0, 5)) is None
    assert tempo_of((0, 5), (0, 9)) is None
    assert tempo_of((0, 5), (10, 5)) == 0.0


def test_of_a_fast_job_the_last_looks_count() -> None:
    looks = [(float(at), 0) for at in range(50)] + [(50.0 + at, 100 * at) for at in range(20)]
    assert tempo_of(*looks) == 100.0


def test_of_a_slow_job_the_whole_watch_counts() -> None:
    assert tempo_of(*((15.0 * at, at // 20) for at in range(101))) == pytest.approx(5 / 1500)


def test_tasks_that_run_again_begin_a_new_measure() -> None:
    assert tempo_of((0, 100), (10, 200), (20, 50)) is None
    assert tempo_of((0, 100), (10, 200), (20, 50), (30, 150)) == 10.0


@pytest.mark.parametrize("module", [finding, paths, sight, tempo])
def test_examples_in_docstrings(module: Any) -> None:
    assert doctest.testmod(module).failed == 0
