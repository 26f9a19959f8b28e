"""The verdict's table, row by row."""

from __future__ import annotations

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from batchio.bulk.intake import fold, local_error
from batchio.bulk.tasks import Tasks
from batchio.bulk.verdict import Action, DetailedResults, Kind, Result, is_all_added, judge, tell
from batchio.errors import (
    BatchioError,
    ConnectError,
    ConnectionLostError,
    CredentialError,
    DecodeError,
    RequestTimeoutError,
    error_class,
)


def _http(status: int, code: str | None = None) -> BatchioError:
    return error_class(status, code)("no", status=status, code=code)


@pytest.mark.parametrize(
    ("failure", "action"),
    [
        (ConnectError("refused"), Action.UNREACHED),
        (ConnectError("the client is closed", lasting=True), Action.STOP),
        (RequestTimeoutError("late"), Action.AGAIN),
        (ConnectionLostError("cut"), Action.AGAIN),
        (ConnectionLostError("closed", before_answer=True), Action.AT_ONCE),
        (DecodeError("half"), Action.AGAIN),
        (CredentialError("none"), Action.STOP),
        (_http(401), Action.RENEW),
        (_http(403, "AuthenticationFailed"), Action.RENEW),
        (_http(403, "InsufficientPermissions"), Action.STOP),
        (_http(403), Action.STOP),
        (_http(404, "JobNotFound"), Action.STOP),
        (_http(408), Action.AGAIN),
        (_http(409, "JobCompleted"), Action.STOP),
        (_http(409, "TaskIdSameAsJobPreparationTask"), Action.NARROW),
        (_http(413), Action.HALVE),
        (_http(413, "RequestBodyTooLarge"), Action.HALVE),
        (_http(400, "RequestBodyTooLarge"), Action.HALVE),
        (_http(429), Action.REFUSED),
        (_http(429, "TooManyRequests"), Action.REFUSED),
        (_http(503, "ServerBusy"), Action.REFUSED),
        (_http(503), Action.AGAIN),
        (_http(500, "InternalError"), Action.AGAIN),
        (_http(500, "OperationTimedOut"), Action.AGAIN),
        (_http(502), Action.AGAIN),
        (_http(504), Action.AGAIN),
        (_http(501, "NotImplemented"), Action.STOP),
        (_http(505), Action.STOP),
        (_http(400, "InvalidRequestBody"), Action.NARROW),
        (_http(400, "InvalidPropertyValue"), Action.NARROW),
        (_http(400, "MissingRequiredProperty"), Action.NARROW),
        (_http(400, "OutOfRangeInput"), Action.NARROW),
        (_http(400, "InvalidInput"), Action.NARROW),
        (_http(400, "InvalidQueryParameterValue"), Action.STOP),
        (_http(400), Action.STOP),
        (_http(302), Action.STOP),
        (_http(204), Action.AGAIN),
    ],
)
def test_request(failure: BatchioError, action: Action) -> None:
    assert judge(failure) is action


def _tasks(count: int) -> Tasks:
    ids = [f"Task-{at}" for at in range(count)]
    return Tasks(list(range(count)), ids, fold(ids), [b"{}"] * count)


def _ok(task_id: str) -> Result:
    return Result(status="success", task_id=task_id)


def _answer(results: list[Result]) -> bytes:
    return msgspec.json.encode({"odata.metadata": "x", "value": results})


@given(st.permutations(range(8)), st.booleans())
def test_all_added_in_any_order_and_letter_case(order: list[int], upper: bool) -> None:  # noqa: FBT001 - drawn
    tasks = _tasks(8)
    ids = [tasks.ids[at].upper() if upper else tasks.ids[at] for at in order]
    assert is_all_added(tasks, _answer([_ok(each) for each in ids]))


@pytest.mark.parametrize(
    "results",
    [
        [],
        [_ok("Task-0")],
        [_ok("Task-0"), _ok("Task-0")],
        [_ok("Task-0"), _ok("Task-7")],
        [_ok("Task-0"), _ok("Task-1"), _ok("Task-2")],
        [_ok("Task-0"), Result(status="servererror", task_id="Task-1")],
        [_ok("Task-0"), Result(status="Success", task_id="Task-1")],
    ],
)
def test_not_is_all_added(results: list[Result]) -> None:
    assert is_all_added(_tasks(2), _answer(results)) is False


@pytest.mark.parametrize(
    "answer",
    [
        *(b"", b"<html>", b"{}", b'{"value":null}', b'{"value":[{"taskId":"Task-0"}]}', b"\xff"),
        b'{"value":[{"status":"success","taskId":"Task-0"}],"more":' + b"[" * 5_000 + b"]" * 5_000 + b"}",
    ],
)
def test_what_is_no_answer_adds_nothing(answer: bytes) -> None:
    assert is_all_added(_tasks(1), answer) is False


def test_what_a_result_may_lack() -> None:
    answer = b'{"value":[{"status":"clienterror","taskId":"Task-0"},{"status":"success","taskId":"Task-1"}]}'
    rejected, added = msgspec.json.decode(answer, type=DetailedResults).value
    assert [kind for kind, _ in tell(_tasks(2), [rejected, added])] == [Kind.REJECTED, Kind.ADDED]
    assert rejected.error is None
    assert (added.e_tag, added.last_modified, added.location) == (None, None, None)


def test_each_task_is_told_by_its_own_result() -> None:
    tasks = _tasks(6)
    results = [
        Result(status="SERVERERROR", task_id="task-3"),
        Result(status="clienterror", task_id="TASK-1", error=local_error("TaskExists", "")),
        _ok("nobody"),
        _ok("task-0"),
        Result(status="servererror", task_id="Task-0"),
        Result(status="clienterror", task_id="Task-2", error=local_error("InvalidPropertyValue", "")),
        Result(status="postponed", task_id="Task-5"),
    ]
    assert [kind for kind, _ in tell(tasks, results)] == [
        Kind.ADDED,
        Kind.EXISTS,
        Kind.REJECTED,
        Kind.FAILED,
        Kind.MISSING,
        Kind.MISSING,
    ]


_STATUSES = st.sampled_from(["success", "clienterror", "servererror", "?"])


@given(st.integers(1, 6), st.lists(st.tuples(st.integers(0, 8), _STATUSES), max_size=12))
def test_told_agrees_with_the_first_result_for_each_task(count: int, answers: list[tuple[int, str]]) -> None:
    tasks = _tasks(count)
    results = [Result(status=status, task_id=f"TASK-{number}") for number, status in answers]
    kinds = {"success": Kind.ADDED, "clienterror": Kind.REJECTED, "servererror": Kind.FAILED, "?": Kind.MISSING}
    for at, (kind, _) in enumerate(tell(tasks, results)):
        first, *more = [status for number, status in answers if number == at] or ["?"]
        is_doubtful = first == "servererror" and {*more} - {first}
        assert kind is (Kind.MISSING if is_doubtful else kinds[first])
