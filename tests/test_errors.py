"""The error tree: which status is which class, what an error says, and that it survives being carried away."""

from __future__ import annotations

import asyncio
import copy
import pickle
import re
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

import batchio
from batchio import errors as e
from batchio.models import CloudJob, JobState

EXPORTED = [value for value in vars(e).values() if isinstance(value, type) and issubclass(value, e.BatchioError)]

ARGUMENTS: dict[type[e.BatchioError], dict[str, Any]] = {
    e.EncodeError: {"path": "constraints.retentionTime"},
    e.TransportError: {"sent": False},
    e.ConnectError: {"lasting": True},
    e.ConnectionLostError: {"before_answer": True},
    e.InputChangedError: {"first": 4096, "end": 8192},
    e.SubmissionError: {"report": {"added": 3}},
    e.WaitError: {"last": CloudJob(id="j", state=JobState.DELETING)},
    e.DeadlineError: {"last": CloudJob(id="j", state=JobState.ACTIVE)},
}


def make(kind: type[e.BatchioError]) -> e.BatchioError:
    """An error with an argument of every kind."""
    if issubclass(kind, e.HttpResponseError):
        return kind(
            "No.",
            status=409,
            operation="Jobs_GetJob",
            code="JobExists",
            values={"key": "value"},
            request_id="r",
            client_request_id="c",
            retry_after=1.5,
        )
    return kind("No.", **ARGUMENTS.get(kind, {}))


def tree_in_the_docstring() -> dict[str, str]:
    """Class -> base, as the module's docstring draws it."""
    found: dict[str, str] = {}
    above: dict[int, str] = {}
    for line in (e.__doc__ or "").splitlines():
        match = re.match(r"^( *(?:\|  )*(?: *\+- )?)([A-Z]\w+Error)\b", line)
        if match:
            depth = len(match[1])
            above = {at: name for at, name in above.items() if at < depth}
            if above:
                found[match[2]] = above[max(above)]
            above[depth] = match[2]
    return found


def test_the_docstring_draws_the_tree() -> None:
    drawn = tree_in_the_docstring()
    assert drawn == {
        kind.__name__: next(base.__name__ for base in kind.__bases__ if issubclass(base, e.BatchioError))
        for kind in EXPORTED
        if kind is not e.BatchioError
    }


def test_every_error_is_exported() -> None:
    assert {kind.__name__ for kind in EXPORTED} <= set(batchio.__all__)


def test_a_configuration_error_is_a_value_error() -> None:
    assert issubclass(e.ConfigurationError, ValueError)


def test_a_deadline_that_has_passed_is_a_timeout() -> None:
    error = e.DeadlineError("No.")
    assert isinstance(error, TimeoutError)
    assert error.last is None
    assert not issubclass(e.WaitError, TimeoutError)


@pytest.mark.parametrize(
    ("status", "code", "kind"),
    [
        (304, None, e.ResourceNotModifiedError),
        (400, "InvalidPropertyValue", e.BadRequestError),
        (400, None, e.BadRequestError),
        (401, "AuthenticationFailed", e.ClientAuthenticationError),
        (403, "AuthenticationFailed", e.ClientAuthenticationError),
        (403, None, e.ClientAuthenticationError),
        (404, "JobNotFound", e.ResourceNotFoundError),
        (404, None, e.ResourceNotFoundError),
        (408, None, e.HttpResponseError),
        (409, "JobExists", e.ResourceExistsError),
        (409, "TaskExists", e.ResourceExistsError),
        (409, "PoolExists", e.ResourceExistsError),
        (409, "JobDisabled", e.StateConflictError),
        (409, "ActiveJobAndScheduleQuotaReached", e.StateConflictError),
        (409, None, e.StateConflictError),
        (412, "ConditionNotMet", e.ResourceModifiedError),
        (413, "RequestBodyTooLarge", e.RequestTooLargeError),
        (413, None, e.RequestTooLargeError),
        (416, "InvalidRange", e.HttpResponseError),
        (429, "TooManyRequests", e.ThrottledError),
        (429, None, e.ThrottledError),
        (500, "InternalError", e.ServiceError),
        (500, "OperationTimedOut", e.ServiceError),
        (502, None, e.ServiceError),
        (503, "ServerBusy", e.ThrottledError),
        (503, "TooManyRequests", e.ThrottledError),
        (503, None, e.ServiceError),
        (504, None, e.ServiceError),
        (599, None, e.ServiceError),
        (302, None, e.HttpResponseError),
    ],
)
def test_the_class_of_a_status(status: int, code: str | None, kind: type[e.HttpResponseError]) -> None:
    assert e.error_class(status, code) is kind


@given(st.integers(300, 999), st.none() | st.text())
def test_every_status_has_a_class(status: int, code: str | None) -> None:
    kind = e.error_class(status, code)
    assert issubclass(kind, e.HttpResponseError)
    assert (kind is e.ServiceError) <= (status >= 500)


def test_what_may_be_tried_again() -> None:
    retriable = {status for status in range(300, 600) if e.HttpResponseError(status=status).retriable}
    assert retriable == {408, 429, 500, 502, 503, 504}
    assert e.RequestTimeoutError("x").retriable
    assert e.ConnectionLostError("x").retriable
    assert e.ConnectError("x").retriable
    assert not e.ConnectError("x", lasting=True).retriable
    for kind in (
        *(e.ConfigurationError, e.VersionError, e.EncodeError, e.DecodeError, e.CredentialError),
        *(e.JournalError, e.WaitError, e.DeadlineError),
    ):
        assert not kind("x").retriable


def test_what_was_sent() -> None:
    assert not e.ConnectError("x").sent
    assert e.RequestTimeoutError("x").sent
    assert e.ConnectionLostError("x").sent


def test_the_text_of_an_answer_that_says_no() -> None:
    error = make(e.ResourceExistsError)
    assert str(error) == "Jobs_GetJob: 409 JobExists: No. (key: value) [request r]"
    assert str(e.HttpResponseError(status=502)) == "request: 502 without a code"


def test_the_text_of_a_body_that_cannot_be_sent() -> None:
    assert str(make(e.EncodeError)) == "constraints.retentionTime: No."
    assert str(e.EncodeError("No.")) == "No."


def pickled(error: e.BatchioError) -> Any:
    """The error as it arrives in another process."""
    return pickle.loads(pickle.dumps(error))  # noqa: S301 - our own bytes


@pytest.mark.parametrize("kind", EXPORTED)
@pytest.mark.parametrize("carry", [copy.copy, copy.deepcopy, pickled])
def test_an_error_can_be_carried_to_another_process(kind: type[e.BatchioError], carry: Any) -> None:
    error = make(kind)
    error.add_note("a note")
    other = carry(error)
    assert type(other) is kind
    assert str(other) == str(error)
    assert vars(other) == vars(error)


@pytest.mark.parametrize("kind", EXPORTED)
def test_no_signature_stands_in_a_text(kind: type[e.BatchioError]) -> None:
    url = "https://acct.blob.core.windows.net/c?sv=2022&se=2030&sig=SECRET%2Bx%3D&sp=r"
    extra: dict[str, Any] = {"report": None} if kind is e.SubmissionError else {}
    if issubclass(kind, e.HttpResponseError):
        extra = {"status": 400, "values": {"PropertyValue": url, "Signature": "Signature=SECRET"}}
    error = kind(f"bad {url}", **extra)
    assert "SECRET" not in str(error) + repr(error)
    assert "sig=***&sp=r" in str(error)


def test_an_error_of_ours_is_not_one_of_asyncio() -> None:
    assert not issubclass(e.RequestTimeoutError, asyncio.TimeoutError)
