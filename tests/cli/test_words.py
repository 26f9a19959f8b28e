"""What is said: progress, summary, JSON, exit codes. All pure."""

from __future__ import annotations

import doctest
import json
from typing import Any

import pytest

from batchio import (
    ClientAuthenticationError,
    ConfigurationError,
    ConnectError,
    CredentialError,
    OutcomeState,
    ResourceNotFoundError,
    SubmissionError,
    SubmissionProgress,
    SubmissionReport,
    TaskOutcome,
    ThrottledError,
)
from batchio.cli import codes, output, portions, progress, report, shapes
from batchio.cli.codes import Exit, code_of, is_denied
from batchio.cli.demo import Tally, frames
from batchio.cli.progress import progress_line
from batchio.cli.report import as_json, as_mapping, exit_code, in_words
from batchio.models import BatchError, BatchErrorDetail, ErrorMessage, TaskAddParameter
from batchio.session.check import check_body

SECRET = "https://x.blob.core.windows.net/f?sv=1&sig=SECRET%3D&se=2"


def snapshot(**more: Any) -> SubmissionProgress:
    values: dict[str, Any] = {
        "taken": 500,
        "outcomes": {"added": 250},
        "done": 250,
        "in_flight": 3,
        "rate": 50.4,
        "window": 8,
        "pacing": "open",
        "requests": 4,
        "retries": 0,
        "refused": 0,
        "elapsed": 5.0,
        "lost": {},
    }
    return SubmissionProgress(**{**values, **more})


def test_progress_says_how_far_and_how_long() -> None:
    assert progress_line(snapshot(), 1000) == "250 of 1,000 tasks (25 %)  50/s  3 requests in flight  15 s left"
    assert progress_line(snapshot(in_flight=1), None) == "250 tasks  50/s  1 request in flight"
    troubled = snapshot(refused=1200, outcomes={"added": 200, "existed": 20, "rejected": 30})
    assert "1,200 refused  50 failed" in progress_line(troubled, 1000)
    assert "30 failed" in progress_line(troubled, 1000, exists_is_ok=True)


def test_progress_without_a_rate_guesses_nothing() -> None:
    assert "left" not in progress_line(snapshot(rate=0.0), 1000)
    assert "left" not in progress_line(snapshot(done=1000), 1000)
    assert "(99 %)" in progress_line(snapshot(done=999), 1000)


def failure(**more: Any) -> TaskOutcome:
    error = BatchError(
        code="InvalidPropertyValue",
        message=ErrorMessage(lang="en-us", value=f"The value {SECRET} is wrong.\nRequestId:1"),
        values=[
            BatchErrorDetail(key="PropertyName", value="resourceFiles[0].httpUrl"),
            BatchErrorDetail(key="PropertyValue", value=SECRET),
        ],
    )
    values: dict[str, Any] = {"index": 6, "task_id": "a", "error": error, "body": SECRET.encode(), **more}
    return TaskOutcome(state=OutcomeState.REJECTED, **values)


def full_report(**more: Any) -> SubmissionReport:
    values: dict[str, Any] = {
        "added": 1_000,
        "existed": 2,
        "rejected": 1,
        "unknown": 3,
        "taken": 1_006,
        "requests": 12,
        "elapsed": 2.0,
        "tasks_per_second": 503.0,
        "bytes_sent": 2_000_000,
        "failures": (failure(), failure(task_id=None, error=None)),
        "errors": {"InvalidPropertyValue": 1},
    }
    return SubmissionReport(**{**values, **more})


def test_the_summary_explains_each_state() -> None:
    words = in_words(full_report())
    assert "added     1,000  in the job, put there by this run" in words
    assert "unknown       3  may be in the job" in words
    assert "gave_up" not in words
    assert "task 'a': rejected: InvalidPropertyValue: resourceFiles[0].httpUrl: The value https://x" in words
    assert "task number 7: rejected" in words
    assert "and 4 more" in words
    assert "1,006 tasks in 2.0 s, 503 tasks/s; 12 requests" in words
    assert "2.0 MB sent" in words


def test_no_secret_and_no_body_is_shown() -> None:
    shown = in_words(full_report()) + as_json(as_mapping(full_report()))
    assert "SECRET" not in shown
    assert "sig=***&se=2" in shown


def test_json_has_the_names_of_the_report() -> None:
    found = json.loads(as_json(as_mapping(full_report(), sent=7)))
    assert set(SubmissionReport.__struct_fields__) - {"outcomes"} <= set(found)
    assert found["sent"] == 7
    assert found["failures"][0]["code"] == "InvalidPropertyValue"
    assert found["failures"][1] == {
        "index": 6,
        "task_id": None,
        "state": "rejected",
        "confirmed": True,
        "attempts": 1,
        "code": None,
        "message": None,
    }


@pytest.mark.parametrize(
    ("more", "code"),
    [
        ({}, Exit.OK),
        ({"existed": 1}, Exit.NOT_ALL),
        ({"existed": 1, "existed_is_ok": True}, Exit.OK),
        ({"rejected": 1}, Exit.NOT_ALL),
        ({"skipped": 1}, Exit.NOT_ALL),
        ({"bad_input": True, "not_sent": 1}, Exit.USAGE),
        ({"stopped": True, "not_sent": 1}, Exit.STOPPED),
        ({"stopped": True, "denied": True}, Exit.DENIED),
    ],
)
def test_exit_code(more: dict[str, Any], code: Exit) -> None:
    why = {"stopped": False, "denied": False, "bad_input": False, "skipped": 0}
    asked: dict[str, Any] = {name: more.pop(name, value) for name, value in why.items()}
    taken = 10 + sum(value for name, value in more.items() if name != "existed_is_ok")
    assert exit_code(SubmissionReport(added=10, taken=taken, **more), **asked) == code


def test_exit_codes_of_errors() -> None:
    assert code_of(ConfigurationError("x")) == Exit.USAGE
    assert code_of(ResourceNotFoundError(status=404)) == Exit.USAGE
    assert code_of(ConnectError("x")) == Exit.STOPPED
    assert code_of(ThrottledError(status=429)) == Exit.STOPPED
    assert code_of(CredentialError("x")) == Exit.DENIED
    stopped = SubmissionError("x", report=SubmissionReport())
    assert code_of(stopped) == Exit.STOPPED
    stopped.__cause__ = ClientAuthenticationError(status=401)
    assert is_denied(stopped)


def test_the_frames_of_the_demo_are_good_tasks() -> None:
    lines = b"".join(frames(2_345)).splitlines()
    tasks = [json.loads(line) for line in lines]
    assert [each["id"] for each in tasks] == [f"frame-{at:06d}" for at in range(1, 2_346)]
    assert all(check_body(each, TaskAddParameter) == each for each in tasks)


def test_the_demo_agrees_only_if_all_three_do() -> None:
    assert Tally(sent=3, added=3, present=3).agree
    for wrong in (
        Tally(sent=3, added=2, present=3),
        Tally(sent=3, added=3, present=2),
        Tally(sent=2, added=3, present=3),
    ):
        assert not wrong.agree


@pytest.mark.parametrize("module", [codes, output, portions, progress, report, shapes])
def test_examples_in_docstrings(module: Any) -> None:
    assert doctest.testmod(module).failed == 0
