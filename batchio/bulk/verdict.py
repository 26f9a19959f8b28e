"""What an answer means for the tasks of its request.

Law: pure tables. A whole request gets an `Action`; each task of an answered request gets a result, matched
without regard to letter case.
"""

from __future__ import annotations

import enum
from collections.abc import Sequence
from contextlib import suppress
from datetime import datetime
from operator import attrgetter
from typing import Literal

import msgspec

from ..errors import (
    THROTTLING_CODES,
    BatchioError,
    ConnectError,
    ConnectionLostError,
    DecodeError,
    HttpResponseError,
    TransportError,
)
from ..models import BatchError
from ..session import codec
from .intake import fold
from .tasks import Tasks


class Action(enum.Enum):
    """What to do with a request that was not answered with results."""

    UNREACHED = "no connection: again, certain that nothing was done"
    REFUSED = "throttled: again, certain that nothing was done"
    AGAIN = "again; the tasks may have been added"
    AT_ONCE = "closed before a byte of answer: again at once; the tasks may have been added"
    RENEW = "once more with a fresh token or signature (the session makes it), then stop"
    HALVE = "too large: send it as two"
    NARROW = "a task in it is bad: find it by halving"
    STOP = "no request of this run can succeed"


NARROWING_CODES = frozenset(
    {"InvalidRequestBody", "InvalidPropertyValue", "MissingRequiredProperty", "OutOfRangeInput", "InvalidInput"}
)
_HOPELESS = frozenset({501, 505})
_UNREADABLE = (msgspec.MsgspecError, UnicodeError, RecursionError)


def judge(failure: BatchioError) -> Action:
    """The action for a try that gave no results."""
    if isinstance(failure, ConnectError):
        return Action.UNREACHED if failure.retriable else Action.STOP
    if isinstance(failure, ConnectionLostError) and failure.before_answer:
        return Action.AT_ONCE
    if isinstance(failure, TransportError | DecodeError):
        return Action.AGAIN
    if isinstance(failure, HttpResponseError):
        return _judge_status(failure.status, failure.code or "")
    return Action.STOP


def _judge_status(status: int, code: str) -> Action:
    if status == 401 or (status == 403 and code == "AuthenticationFailed"):
        return Action.RENEW
    if status == 413 or code == "RequestBodyTooLarge":
        return Action.HALVE
    if status == 429 or (status == 503 and code in THROTTLING_CODES):
        return Action.REFUSED
    # Another success than the one that the API promises may well be one.
    if status < 300 or status == 408 or (status >= 500 and status not in _HOPELESS):
        return Action.AGAIN
    if (status == 400 and code in NARROWING_CODES) or (status == 409 and code.startswith("TaskIdSameAs")):
        return Action.NARROW
    return Action.STOP


class Result(msgspec.Struct, frozen=True, gc=False):
    """The service's result for one task: what accounting needs."""

    status: str
    task_id: str = msgspec.field(name="taskId")
    error: BatchError | None = None


class DetailedResult(Result, frozen=True, gc=False):
    """The same with what `details=True` asks for."""

    e_tag: str | None = msgspec.field(default=None, name="eTag")
    last_modified: datetime | None = msgspec.field(default=None, name="lastModified")
    location: str | None = None


class Results(msgspec.Struct, frozen=True):
    """The answer to a task collection."""

    value: list[Result]


class DetailedResults(msgspec.Struct, frozen=True):
    """The answer to a task collection, with details."""

    value: list[DetailedResult]


class _Parts(msgspec.Struct, frozen=True):
    value: list[msgspec.Raw]


def read_results(answer: bytes, *, details: bool) -> Sequence[Result]:
    """The results in an answer; raises `DecodeError`. One that cannot be read counts as missing, beside others."""
    try:
        if details:
            return codec.decode(answer, DetailedResults).value
        return codec.decode(answer, Results).value
    except DecodeError:
        found: list[Result] = []
        with suppress(*_UNREADABLE):
            for part in msgspec.json.decode(answer, type=_Parts).value:
                with suppress(*_UNREADABLE):
                    found.append(msgspec.json.decode(part, type=DetailedResult if details else Result))
        if not found:
            raise
        return found


class _Added(msgspec.Struct, frozen=True, gc=False):
    status: Literal["success"]
    task_id: str = msgspec.field(name="taskId")


class _AllAdded(msgspec.Struct, frozen=True):
    value: list[_Added]


_task_id = attrgetter("task_id")
_decode_all_added = msgspec.json.Decoder(_AllAdded).decode


def is_all_added(tasks: Tasks, answer: bytes) -> bool:
    """Whether an answer holds exactly one result for every task, and all are success.

    Decided while decoding: an answer with any other status is no `_AllAdded`, and is then looked at in full.
    """
    try:
        results = _decode_all_added(answer).value
    except _UNREADABLE:
        return False
    ids = list(map(_task_id, results))
    return ids == tasks.ids or (len(ids) == len(tasks) and sorted(fold(ids)) == sorted(tasks.keys))


class Kind(enum.Enum):
    """What a result, or its absence, says of one task."""

    ADDED = "added"
    EXISTS = "exists"
    REJECTED = "rejected"
    FAILED = "servererror: certainly not added"
    MISSING = "no result: may have been added"


Told = tuple[Kind, Result | None]


def tell(tasks: Tasks, results: Sequence[Result]) -> list[Told]:
    """What the results say of each task, in the tasks' order.

    A result for a task that is not in the request, and a second one for a task, are ignored; only that a task is
    certainly not there is not believed where another result says something else.
    """
    found: dict[str, Result] = {}
    doubtful: set[str] = set()
    for key, result in zip(fold([result.task_id for result in results]), results, strict=True):
        if found.setdefault(key, result).status != result.status:
            doubtful.add(key)
    return [_told(found.get(key), is_doubtful=key in doubtful) for key in tasks.keys]


def _told(result: Result | None, *, is_doubtful: bool) -> Told:
    if result is None:
        return Kind.MISSING, None
    status = result.status.lower()
    if status == "success":
        return Kind.ADDED, result
    if status == "clienterror":
        exists = result.error is not None and result.error.code == "TaskExists"
        return (Kind.EXISTS if exists else Kind.REJECTED), result
    if status == "servererror":
        return (Kind.MISSING if is_doubtful else Kind.FAILED), result
    # A status that nobody has promised settles nothing.
    return Kind.MISSING, result
