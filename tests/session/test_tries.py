"""A call over a real socket: what is sent again, how, and what is left when it ends."""

from __future__ import annotations

import asyncio
import os
import ssl
import subprocess
import sys
import uuid
from collections.abc import Awaitable, Callable, Mapping
from datetime import UTC, datetime
from email.utils import format_datetime
from typing import Any

import aiohttp
import pytest
from yarl import URL

from batchio import (
    Answer,
    BatchClient,
    BatchioError,
    ConnectError,
    ConnectionLostError,
    DecodeError,
    EncodeError,
    HttpResponseError,
    RequestTimeoutError,
    ResourceNotFoundError,
    RetryPolicy,
    ThrottledError,
    TransportError,
)
from batchio.resources.jobs import Jobs
from batchio.session import connections, tries
from batchio.session.incoming import Incoming
from batchio.session.request_id import new_request_id

from .driving import AT_ONCE, Clock, connect, opened, said_by, shared_key, signature_of, stray_tasks
from .server import DROP, HANG, RESET, End, Heard, Reply, Server, answer, refusal

JOB = {"id": "j", "poolInfo": {"poolId": "p"}}

Call = Callable[[BatchClient], Awaitable[Any]]
CALLS: dict[str, Call] = {
    "GET": lambda client: client.jobs.get("j"),
    "HEAD": lambda client: client.request("HEAD", "/x"),
    "PUT": lambda client: client.request("PUT", "/x", json={}),
    "DELETE with if-match": lambda client: client.jobs.delete("j", if_match='"1"'),
    "PATCH with if-match": lambda client: client.request("PATCH", "/x", json={}, headers={"If-Match": '"1"'}),
    "POST with if-match": lambda client: client.request("POST", "/x", headers={"If-Match": '"1"'}),
    "POST": lambda client: client.jobs.create(JOB),
    "PATCH": lambda client: client.request("PATCH", "/x", json={}),
    "DELETE": lambda client: client.jobs.delete("j"),
    "OPTIONS": lambda client: client.request("OPTIONS", "/x"),
}
REPEATABLE = ("GET", "HEAD", "PUT", "DELETE with if-match", "PATCH with if-match", "POST with if-match")
OTHER = ("POST", "PATCH", "DELETE", "OPTIONS")


def good(heard: Heard) -> Reply:
    """What each of the calls takes for success."""
    if heard.path == "/x":
        return answer(200)
    return {"GET": answer(200, {"id": "j"}), "POST": answer(201), "DELETE": answer(202)}[heard.method]


TRANSIENT = {
    "408": refusal(408, "OperationTimedOut"),
    "500": refusal(500, "InternalError"),
    "502": answer(502, b"<html>bad gateway</html>"),
    "504": answer(504),
    "dropped": DROP,
    "reset": RESET,
    "half a head": answer(200, b"{}").cut(9),
    "half a body": answer(200, {"id": "j" * 1000}).cut(200),
    "half a body, then a reset": answer(200, {"id": "j" * 1000}).cut(200, End.RESET),
}
UNDONE = {
    "429": refusal(429, "TooManyRequests"),
    "503 ServerBusy": refusal(503, "ServerBusy"),
    "503": answer(503),
    "503, later": refusal(503, "ServerBusy", Retry_After="0"),
}


@pytest.mark.parametrize(
    ("call", "failure"),
    # An answer to HEAD has no body that could be cut.
    [
        (call, failure)
        for call in REPEATABLE
        for failure in TRANSIENT
        if (call, failure[:11]) != ("HEAD", "half a body")
    ],
)
async def test_sent_again_because_twice_does_no_harm(
    server: Server, client: BatchClient, call: str, failure: str
) -> None:
    server.say(TRANSIENT[failure], TRANSIENT[failure], good)
    await CALLS[call](client)
    assert len(server.heard) == 3


@pytest.mark.parametrize("failure", TRANSIENT)
@pytest.mark.parametrize("call", OTHER)
async def test_not_sent_again_because_it_may_have_been_acted_on(
    server: Server, client: BatchClient, call: str, failure: str
) -> None:
    server.say(TRANSIENT[failure], good)
    with pytest.raises(BatchioError) as caught:
        await CALLS[call](client)
    assert len(server.heard) == 1
    if isinstance(caught.value, TransportError):
        assert caught.value.sent
        assert caught.value.__cause__ is not None
    else:
        assert isinstance(caught.value, HttpResponseError)
        assert str(caught.value.status) == failure


@pytest.mark.parametrize("failure", UNDONE)
@pytest.mark.parametrize("call", CALLS)
async def test_sent_again_because_nothing_was_done(
    server: Server, client: BatchClient, call: str, failure: str
) -> None:
    server.say(UNDONE[failure], UNDONE[failure], good)
    await CALLS[call](client)
    assert len(server.heard) == 3


async def test_the_tries_end(server: Server, client: BatchClient) -> None:
    server.otherwise = refusal(503, "ServerBusy")
    with pytest.raises(ThrottledError):
        await client.jobs.get("j")
    assert len(server.heard) == AT_ONCE.attempts


async def test_one_try_is_one_try(server: Server) -> None:
    server.otherwise = refusal(503, "ServerBusy")
    async with connect(server, retry=RetryPolicy(attempts=1)) as client:
        with pytest.raises(ThrottledError):
            await client.jobs.get("j")
    assert len(server.heard) == 1


async def test_the_last_failure_is_the_one_that_is_raised(server: Server, client: BatchClient) -> None:
    server.say(DROP, refusal(500, "InternalError"), refusal(404, "JobNotFound"))
    with pytest.raises(ResourceNotFoundError):
        await client.jobs.get("j")


async def test_all_tries_are_one_request_and_each_is_signed_anew(server: Server, clock: Clock) -> None:
    def later(_: Heard) -> Reply:
        clock.now += 60
        return refusal(503, "ServerBusy")

    server.say(later, later, later, answer(200, {"id": "j"}))
    async with opened(server, clock=clock) as session:
        await Jobs(session).get("j", client_request_id="8B0F6A4E-5D2D-4B5C-9C5B-0E7F3E8F3A11")
    heard = server.heard
    assert {each.headers["client-request-id"] for each in heard} == {"8b0f6a4e-5d2d-4b5c-9c5b-0e7f3e8f3a11"}
    assert [each.headers["ocp-date"][17:25] for each in heard] == ["22:13:20", "22:14:20", "22:15:20", "22:16:20"]
    assert [each.headers["authorization"] for each in heard] == [signature_of(each) for each in heard]
    assert len({each.headers["authorization"] for each in heard}) == 4


# Retry-After. The policy's own tests say how long it waits; here nothing waits.


async def test_retry_after_beyond_the_deadline_ends_the_call(server: Server) -> None:
    server.otherwise = refusal(429, "TooManyRequests", Retry_After="61")
    async with connect(server) as client:
        with pytest.raises(ThrottledError) as caught:
            await client.jobs.get("j")
    assert caught.value.retry_after == 61
    assert len(server.heard) == 1


async def test_retry_after_as_a_date(server: Server, clock: Clock) -> None:
    def at(seconds: float) -> str:
        return format_datetime(datetime.fromtimestamp(clock.now + seconds, UTC), usegmt=True)

    server.say(refusal(429, Retry_After=at(-5)), refusal(429, Retry_After=at(61)))
    async with opened(server, clock=clock) as session:
        with pytest.raises(ThrottledError) as caught:
            await Jobs(session).get("j")
    assert caught.value.retry_after == 61
    assert len(server.heard) == 2


@pytest.mark.parametrize("text", ["soon", "-5", "nan", "301", ""])
async def test_a_retry_after_that_makes_no_sense_is_our_own_backoff(
    server: Server, client: BatchClient, text: str
) -> None:
    server.say(refusal(429, Retry_After=text), answer(200, {"id": "j"}))
    await client.jobs.get("j")
    assert len(server.heard) == 2


async def test_a_call_waits_as_long_as_it_was_told(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    waits: list[float] = []

    async def at_once(seconds: float, closing: asyncio.Event) -> None:
        assert not closing.is_set()
        waits.append(seconds)

    monkeypatch.setattr(tries, "rest", at_once)
    server.say(refusal(503, Retry_After="17"), refusal(503, Retry_After="1.5"), answer(200, {"id": "j"}))
    async with connect(server) as client:
        await client.jobs.get("j")
    assert waits == [17.0, 1.5]


# What breaks.


async def test_nobody_listens(server: Server, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("INFO", "batchio")
    await server.stop()
    async with connect(server) as client:
        with pytest.raises(ConnectError) as caught:
            await client.jobs.create(JOB)
    assert not caught.value.sent
    assert caught.value.retriable
    assert isinstance(caught.value.__cause__, OSError)
    assert len(said_by(caplog)) == AT_ONCE.attempts - 1  # a POST, too, is tried again


async def test_no_answer_in_time(server: Server, client: BatchClient) -> None:
    server.otherwise = HANG
    with pytest.raises(RequestTimeoutError, match=r"no answer within 0\.05 s") as caught:
        await client.jobs.create(JOB, timeout=0.05)
    assert caught.value.sent
    assert isinstance(caught.value.__cause__, TimeoutError)
    assert len(server.heard) == 1
    await server.is_left()


async def test_a_timeout_is_for_one_try(server: Server, client: BatchClient) -> None:
    server.say(HANG, HANG)
    server.otherwise = answer(200, {"id": "j"})
    await client.jobs.get("j", timeout=0.1)
    assert len(server.heard) >= 3


async def test_the_timeout_covers_the_body(server: Server, client: BatchClient) -> None:
    server.otherwise = answer(200, {"id": "j" * 1000}).cut(200, End.HOLD)
    with pytest.raises(RequestTimeoutError):
        await client.jobs.create(JOB, timeout=0.05)


async def test_the_clients_timeout_is_used_where_none_is_given(server: Server) -> None:
    server.otherwise = HANG
    async with connect(server, timeout=0.05, retry=RetryPolicy(attempts=1)) as client:
        with pytest.raises(RequestTimeoutError):
            await client.jobs.get("j")


class Recorder:
    """A transport that goes nowhere and keeps the timeouts."""

    def __init__(self) -> None:
        self.timeouts: list[float | None] = []

    async def send(
        self, method: str, url: URL, headers: Mapping[str, str], body: bytes | None, timeout: float | None
    ) -> Answer:
        assert (method, url.path, body) == ("GET", "/jobs/j", None)
        assert "authorization" in headers
        self.timeouts.append(timeout)
        return Answer(200, {}, b'{"id": "j"}')

    async def open(self, method: str, url: URL, headers: Mapping[str, str], timeout: float | None) -> Incoming:
        raise NotImplementedError  # what is tested never reads an answer piece by piece

    async def close(self) -> None:
        """Nothing is open."""


async def test_none_is_no_timeout(server: Server) -> None:
    recorder = Recorder()
    async with opened(server, transport=recorder) as session:
        jobs = Jobs(session)
        await jobs.get("j")
        await jobs.get("j", timeout=None)
        await jobs.get("j", timeout=2)
    assert recorder.timeouts == [10.0, None, 2]


async def test_a_connection_that_the_service_closed_says_so(server: Server, client: BatchClient) -> None:
    server.say(DROP, answer(201, {"x": "y" * 1000}).cut(200))
    with pytest.raises(ConnectionLostError) as caught:
        await client.jobs.create(JOB)
    assert caught.value.before_answer
    with pytest.raises(ConnectionLostError) as caught:
        await client.jobs.create(JOB)
    assert not caught.value.before_answer


@pytest.mark.parametrize("call", CALLS)
async def test_aiohttp_sends_nothing_twice_by_itself(server: Server, call: str) -> None:
    server.say(good)
    server.otherwise = DROP
    async with connect(server, retry=RetryPolicy(attempts=1)) as client:
        await CALLS[call](client)
        with pytest.raises(ConnectionLostError):
            await CALLS[call](client)
    first, second = server.heard
    assert first.connection == second.connection  # it was an idle one that was reused: the case aiohttp repeats


async def test_a_cancelled_call_leaves_nothing(server: Server) -> None:
    server.otherwise = HANG
    async with connect(server) as client:
        calls = [asyncio.create_task(client.jobs.get("j")) for _ in range(5)]
        await server.hears(5)
        for call in calls:
            call.cancel()
        await asyncio.wait(calls)
        assert all(call.cancelled() for call in calls)
        await server.is_left()
        assert not stray_tasks(server)
        server.otherwise = answer(200, {"id": "j"})
        assert (await client.jobs.get("j")).id == "j"


async def test_a_call_cancelled_while_it_waits_leaves_nothing(server: Server) -> None:
    server.otherwise = refusal(503, Retry_After="50")
    async with connect(server) as client:
        call = asyncio.create_task(client.jobs.get("j"))
        await server.hears(1)
        await asyncio.sleep(0)
        call.cancel()
        await asyncio.wait([call])
        assert call.cancelled()
    assert not stray_tasks(server)


async def test_an_answer_that_is_not_promised_is_not_asked_for_again(server: Server, client: BatchClient) -> None:
    server.otherwise = answer(200, b"<html>hello</html>")
    with pytest.raises(DecodeError, match="CloudJob"):
        await client.jobs.get("j")
    assert len(server.heard) == 1


async def test_a_body_that_cannot_be_sent_is_not_sent(server: Server, client: BatchClient) -> None:
    with pytest.raises(EncodeError):
        await client.jobs.create({"id": "j"})
    assert not server.heard


@pytest.mark.usefixtures("way")
async def test_a_redirect_is_not_followed(server: Server, client: BatchClient) -> None:
    """Whoever is there would get the credential."""
    async with Server() as elsewhere:
        for status in (301, 302, 303, 307, 308):
            server.say(*[answer(status, Location=elsewhere.endpoint + "/x")] * 3)
            with pytest.raises(HttpResponseError, match=f"Jobs_GetJob: {status}"):
                await client.jobs.get("j")
            with pytest.raises(HttpResponseError, match=f"Jobs_EnableJob: {status}"):
                await client.jobs.enable("j")
            with pytest.raises(HttpResponseError, match=f"Tasks_GetTaskFile: {status}"):
                async with client.tasks.get_file("j", "t", "out"):
                    raise AssertionError
        assert not elsewhere.connections


async def test_a_certificate_that_is_refused_is_not_tried_again() -> None:
    trustme = pytest.importorskip("trustme")
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    trustme.CA().issue_cert("localhost").configure_cert(context)
    accepted = 0

    async def accept(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal accepted
        accepted += 1
        writer.close()

    listener = await asyncio.start_server(accept, "127.0.0.1", 0, ssl=context)
    port = listener.sockets[0].getsockname()[1]
    async with BatchClient(f"https://localhost:{port}", shared_key(), retry=AT_ONCE) as client:
        with pytest.raises(ConnectError, match="certificate") as caught:
            await client.jobs.get("j")
    listener.close()
    assert caught.value.lasting
    assert not caught.value.retriable
    assert not caught.value.sent


async def test_a_connection_that_does_not_come_about_in_time(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    # The server waits for a head and never answers the handshake of TLS.
    brief = aiohttp.ClientTimeout(total=None, connect=None, sock_read=None, sock_connect=0.02)
    monkeypatch.setattr(connections, "NO_TIMEOUT", brief)
    endpoint = server.endpoint.replace("http://", "https://")
    async with BatchClient(endpoint, shared_key(), retry=RetryPolicy(attempts=1)) as client:
        with pytest.raises(ConnectError, match=r"no connection to 127\.0\.0\.1:\d+: none within 30 s$") as caught:
            await client.request("POST", "/x", query={"token": "s3cret"})
    assert not caught.value.sent
    assert isinstance(caught.value.__cause__, aiohttp.ConnectionTimeoutError)


def test_an_id_of_a_request_is_a_random_guid() -> None:
    ids = [new_request_id() for _ in range(100)]
    assert len(set(ids)) == 100
    for each in map(uuid.UUID, ids):
        assert (str(each) in ids, each.version, each.variant) == (True, 4, uuid.RFC_4122)


@pytest.mark.skipif(not hasattr(os, "fork"), reason="there is no fork here")
def test_forked_workers_draw_ids_of_their_own() -> None:
    code = (
        "import os\n"
        "from batchio.session.request_id import new_request_id\n"
        "for _ in range(3):\n"
        "    if os.fork() == 0:\n"
        "        os.write(1, (new_request_id() + ' ').encode())\n"
        "        os._exit(0)\n"
        "for _ in range(3):\n"
        "    os.wait()\n"
    )
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)  # noqa: S603 - our own code
    ids = run.stdout.split()
    assert len(set(ids)) == 3
    assert [str(uuid.UUID(each)) for each in ids] == ids
