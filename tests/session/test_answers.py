"""Answers that say no, over a real socket: the class, the fields and the text of the error."""

from __future__ import annotations

from email.utils import formatdate
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from batchio import (
    Answer,
    BadRequestError,
    BatchClient,
    ClientAuthenticationError,
    HttpResponseError,
    RequestTooLargeError,
    ResourceExistsError,
    ResourceModifiedError,
    ResourceNotFoundError,
    ResourceNotModifiedError,
    RetryPolicy,
    ServiceError,
    StateConflictError,
    ThrottledError,
)
from batchio.resources.jobs import Jobs
from batchio.session.codec import error_of

from .driving import Clock, connect, opened
from .server import Reply, Server, answer, refusal

HTML = b"<html>\n<head><title>502 Bad Gateway</title></head>\n<body>nginx</body></html>"


async def failure_of(server: Server, reply: Reply, **settings: Any) -> HttpResponseError:
    """The error of a call that gets this answer."""
    server.say(reply)
    settings.setdefault("retry", RetryPolicy(attempts=1))
    async with connect(server, **settings) as client:
        with pytest.raises(HttpResponseError) as caught:
            await client.tasks.get("j", "t")
    return caught.value


@pytest.mark.parametrize(
    ("status", "code", "kind"),
    [
        (304, "", ResourceNotModifiedError),
        (400, "InvalidQueryParameterValue", BadRequestError),
        (403, "AuthorizationFailure", ClientAuthenticationError),
        (404, "TaskNotFound", ResourceNotFoundError),
        (408, "OperationTimedOut", HttpResponseError),
        (409, "TaskExists", ResourceExistsError),
        (409, "JobTerminating", StateConflictError),
        (412, "ConditionNotMet", ResourceModifiedError),
        (413, "RequestBodyTooLarge", RequestTooLargeError),
        (429, "TooManyRequests", ThrottledError),
        (500, "InternalError", ServiceError),
        (502, "", ServiceError),
        (503, "ServerBusy", ThrottledError),
        (503, "", ServiceError),
        (418, "Teapot", HttpResponseError),
    ],
)
async def test_the_class_of_an_answer(server: Server, status: int, code: str, kind: type[HttpResponseError]) -> None:
    reply = refusal(status, code) if code else answer(status)
    error = await failure_of(server, reply)
    assert type(error) is kind
    assert error.status == status
    assert error.code == (code or None)


async def test_all_that_an_error_knows(server: Server) -> None:
    body = {
        "odata.metadata": "https://acme/$metadata#Microsoft.Azure.Batch.Protocol.Entities.Container.errors",
        "code": "InvalidPropertyValue",
        "message": {
            "lang": "en-US",
            "value": "The value is wrong.\nRequestId:0b2d\nTime:2024-07-01T12:00:00.1234567Z",
        },
        "values": [
            {"key": "PropertyName", "value": "vmSize"},
            {"key": "Reason"},
        ],
    }
    error = await failure_of(server, answer(400, body, client_request_id="c-1", Retry_After="3"))
    assert error.operation == "Tasks_GetTask"
    assert error.message == "The value is wrong."
    assert error.values == {"PropertyName": "vmSize", "Reason": ""}
    assert error.request_id == "request-1"
    assert error.client_request_id == "c-1"
    assert error.retry_after == 3.0
    assert str(error) == (
        "Tasks_GetTask: 400 InvalidPropertyValue: The value is wrong. "
        "(PropertyName: vmSize, Reason: ) [request request-1]"
    )


@pytest.mark.parametrize(
    ("body", "said"),
    [
        (HTML, "'<html> <head><title>502 Bad Gateway</title></head> <body>nginx</body></html>'"),
        (b'{"code": "ServerBu', '{"code": "ServerBu'),
        (b"[]", "'[]'"),
        (b"null", "'null'"),
        (b"\xff\xfe\x00", "\ufffd"),
        (b'{"error": {"code": "x"}}', "error"),
        (b"x" * 5000, "x" * 200 + "...'"),
        (b"[" * 100_000, "[[["),
    ],
    ids=["html", "half", "list", "null", "binary", "other", "long", "deep"],
)
async def test_a_body_that_is_not_the_services(server: Server, body: bytes, said: str) -> None:
    error = await failure_of(server, answer(502, body))
    assert error.code is None
    assert "the answer is not the service's: " in error.message
    assert said in error.message
    assert len(error.message) < 300
    assert str(error).startswith("Tasks_GetTask: 502 without a code: ")


async def test_no_body_at_all(server: Server) -> None:
    error = await failure_of(server, answer(503))
    assert str(error) == "Tasks_GetTask: 503 without a code [request request-1]"
    assert error.message == ""
    assert error.values == {}


async def test_a_success_that_nobody_promised(server: Server) -> None:
    error = await failure_of(server, answer(202, {"commandLine": "s3cret"}))
    assert str(error) == "Tasks_GetTask: 202 without a code: the API does not promise this status [request request-1]"
    assert not error.retriable


@pytest.mark.parametrize(("status", "said"), [(299, "the API does not promise this status"), (300, "")])
def test_where_success_ends(status: int, said: str) -> None:
    assert error_of("Jobs_GetJob", Answer(status, {}, b""), now=0.0).message == said


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("No.\nRequestId:1\nTime:2\nRequestId:3", "No."),
        (" No.\nNo, no.\n", "No.\nNo, no."),
        ("RequestId:1", "RequestId:1"),
        (None, ""),
    ],
)
def test_what_is_left_of_a_message(text: str | None, said: str) -> None:
    body = msgspec.json.encode({"code": "X", "message": {"value": text}, "values": [{"value": "v"}]})
    error = error_of("Jobs_GetJob", Answer(400, {}, body), now=0.0)
    assert (error.message, error.values) == (said, {"": "v"})


async def test_a_byte_order_mark_before_an_error(server: Server) -> None:
    reply = answer(404, b"\xef\xbb\xbf" + b'{"code": "TaskNotFound", "message": null, "values": null}')
    assert (await failure_of(server, reply)).code == "TaskNotFound"


@given(
    st.integers(300, 599), st.binary(max_size=60), st.dictionaries(st.sampled_from(["Date", "Retry-After"]), st.text())
)
def test_no_answer_breaks_the_making_of_its_error(status: int, body: bytes, headers: dict[str, str]) -> None:
    error = error_of("Jobs_GetJob", Answer(status, headers, body), now=1_700_000_000.0)
    assert error.status == status
    assert str(error)


# The service refuses a date that is 15 minutes off: the error says how far off our clock is.


@pytest.mark.parametrize(
    ("minutes", "said"),
    [
        (20, "(this machine's clock is 20 min ahead of the service's)"),
        (-90, "(this machine's clock is 90 min behind the service's)"),
        (1, "(this machine's clock is 1 min ahead of the service's)"),
        (-1, "(this machine's clock is 1 min behind the service's)"),
        (0, None),
        (0.2, None),
    ],
)
async def test_the_clocks_difference(server: Server, clock: Clock, minutes: float, said: str | None) -> None:
    date = formatdate(clock.now - minutes * 60, usegmt=True)
    server.otherwise = refusal(403, "AuthenticationFailed", Date=date)
    async with opened(server, clock=clock) as session:
        with pytest.raises(ClientAuthenticationError) as caught:
            await Jobs(session).get("j")
    if said is None:
        assert "clock" not in str(caught.value)
    else:
        assert said in str(caught.value)


async def test_the_clock_is_named_where_it_matters_alone(server: Server, clock: Clock) -> None:
    date = formatdate(clock.now - 86_400, usegmt=True)
    server.say(
        refusal(403, "AuthorizationFailure", Date=date),
        refusal(404, "JobNotFound", Date=date),
        *[refusal(403, "AuthenticationFailed", Date="no date")] * 2,
        *[refusal(403, "AuthenticationFailed")] * 2,
    )
    async with opened(server, clock=clock) as session:
        for _ in range(4):
            with pytest.raises(HttpResponseError) as caught:
                await Jobs(session).get("j")
            assert "clock" not in str(caught.value)


async def test_conditions_that_do_not_hold(server: Server, client: BatchClient) -> None:
    server.say(answer(304, ETag='"1"'), refusal(412, "ConditionNotMet"), refusal(500, "InternalError"))
    with pytest.raises(ResourceNotModifiedError):
        await client.jobs.get("j", if_none_match='"1"')
    with pytest.raises(ResourceModifiedError):
        await client.jobs.delete("j", if_match='"1"')
    # Not every failure of a conditional call means "modified".
    server.otherwise = refusal(500, "InternalError")
    with pytest.raises(ServiceError):
        await client.jobs.delete("j", if_match='"1"')
