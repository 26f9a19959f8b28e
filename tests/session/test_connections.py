"""Requests over aiohttp's connections and over its session: the same on the wire, the same answers, the same ends.

What calls make of failures stands in `test_tries`; here is what a connection does between requests, and in time.
"""

from __future__ import annotations

import asyncio
import gzip
import time
from collections.abc import AsyncIterator, Iterator
from types import SimpleNamespace
from typing import Any

import aiohttp
import pytest
from aioresponses import aioresponses
from yarl import URL

from batchio import BatchClient, ConfigurationError, ConnectionLostError, RequestTimeoutError, TransportError
from batchio.session import connections, transport
from batchio.session.echo import Echo
from batchio.session.request import Answer
from batchio.session.transport import AiohttpTransport

from .driving import connect, shared_key, stray_tasks, until
from .server import DROP, HANG, End, Reply, Server, answer

SENT: dict[str, tuple[str, bytes | None]] = {
    "GET": ("GET", None),
    "HEAD": ("HEAD", None),
    "POST": ("POST", b'{"a":1}'),
    "POST of nothing": ("POST", None),
    "POST of no bytes": ("POST", b""),
    "POST of much": ("POST", b"x" * 900_000),
    "PUT": ("PUT", b"{}"),
    "PATCH": ("PATCH", b"{}"),
    "DELETE": ("DELETE", None),
    "OPTIONS": ("OPTIONS", None),
}
CHUNKED = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n4\r\ndefg\r\n0\r\n\r\n"
PACKED = gzip.compress(b"abcdefg" * 10_000)
ANSWERS: dict[str, tuple[Reply, bytes]] = {
    "with a length": (answer(200, b"abcdefg"), b"abcdefg"),
    "empty": (answer(200), b""),
    "204": (Reply(b"HTTP/1.1 204 No Content\r\n\r\n"), b""),
    "304": (Reply(b'HTTP/1.1 304 Not Modified\r\nETag: "1"\r\n\r\n'), b""),
    "in chunks": (Reply(CHUNKED), b"abcdefg"),
    "packed": (answer(200, PACKED, Content_Encoding="gzip"), b"abcdefg" * 10_000),
    "large": (answer(200, b"abcdefg" * 200_000), b"abcdefg" * 200_000),
    "up to the end": (Reply(b"HTTP/1.1 200 OK\r\n\r\nabcdefg", End.CLOSE), b"abcdefg"),
    "after a 100": (Reply(b"HTTP/1.1 100 Continue\r\n\r\n" + answer(200, b"abc").data), b"abc"),
    "of HTTP/1.0": (Reply(b"HTTP/1.0 200 OK\r\nContent-Length: 3\r\n\r\nabc", End.CLOSE), b"abc"),
}
both_ways = pytest.mark.usefixtures("way")
HEADERS = {"content-type": "application/json", "x-given": "a value"}


@pytest.fixture
async def carrier(server: Server) -> AsyncIterator[AiohttpTransport]:
    """A transport of its own, which leaves nothing behind."""
    loop: Any = asyncio.get_running_loop()
    before = set(loop._scheduled)
    carrier = AiohttpTransport(None, trust_env=False, endpoint=server.endpoint)
    yield carrier
    await carrier.close()
    await server.is_left()
    assert not stray_tasks(server)
    assert not {timer for timer in loop._scheduled if not timer.cancelled()} - before


async def get(carrier: AiohttpTransport, server: Server, timeout: float | None = 10.0) -> Answer:
    return await carrier.send("GET", URL(f"{server.endpoint}/x"), {}, None, timeout)


@pytest.mark.parametrize("name", SENT)
async def test_both_say_the_same(server: Server, monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    method, body = SENT[name]
    url = URL(f"{server.endpoint}/pools/a%2Fb?api-version=1&%24filter=a%20eq%20%27%C3%A4%27", encoded=True)
    server.otherwise = answer(200)
    for is_known in (True, False):
        monkeypatch.setattr(transport, "IS_KNOWN", is_known)
        carrier = AiohttpTransport(None, trust_env=False, endpoint=server.endpoint)
        await carrier.send(method, url, HEADERS if body is not None else {}, body, 10.0)
        await carrier.close()
    ours, theirs = server.heard
    # A newer aiohttp packs in more ways, where their modules are installed.
    accepted = ours.headers.pop("accept-encoding").split(", ")
    assert accepted == theirs.headers.pop("accept-encoding").split(", ")[: len(accepted)]
    assert (ours.method, ours.target, ours.headers) == (theirs.method, theirs.target, theirs.headers)
    assert ours.body == theirs.body == (body or b"")


@pytest.mark.parametrize("name", ANSWERS)
@both_ways
async def test_answers(server: Server, carrier: AiohttpTransport, name: str) -> None:
    reply, body = ANSWERS[name]
    server.say(reply, answer(200, b"next"))
    found = await get(carrier, server)
    assert (found.body, found.status) == (
        body,
        int(reply.data.partition(b"HTTP/1.1 100 Continue\r\n\r\n")[2][9:12] or reply.data[9:12]),
    )
    assert (await get(carrier, server)).body == b"next"
    assert server.connections == (2 if reply.end is End.CLOSE else 1)


@both_ways
async def test_what_is_said_before_an_answer(server: Server, carrier: AiohttpTransport) -> None:
    early = b"HTTP/1.1 102 Processing\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: </x>\r\n\r\n"
    server.say(Reply(early + answer(200, b"abc").data), answer(200, b"next"))
    found = await get(carrier, server)
    assert (found.status, found.body, "link" in found.headers) == (200, b"abc", False)
    assert (await get(carrier, server)).body == b"next"


async def test_an_answer_that_switches_to_another_protocol_is_the_last(
    server: Server, carrier: AiohttpTransport
) -> None:
    switch = b"HTTP/1.1 101 Switching Protocols\r\nConnection: upgrade\r\nUpgrade: other\r\n\r\n"
    server.say(Reply(switch, End.CLOSE), answer(200, b"next"))
    assert (await get(carrier, server)).status == 101
    assert (await get(carrier, server)).body == b"next"
    assert server.connections == 2


async def test_each_host_has_connections_of_its_own(server: Server, carrier: AiohttpTransport) -> None:
    server.otherwise = answer(200)
    for host in ("127.0.0.1", "localhost", "127.0.0.1", "localhost"):
        await carrier.send("GET", URL(server.endpoint).with_host(host), {}, None, 10.0)
    assert [heard.headers["host"].partition(":")[0] for heard in server.heard[:2]] == ["127.0.0.1", "localhost"]
    assert server.connections == carrier.connections == 2


async def test_a_session_that_was_closed_meanwhile_says_so(server: Server) -> None:
    session = aiohttp.ClientSession()
    await session.close()
    with pytest.raises(aiohttp.ClientConnectionError, match=f"^{connections.CONNECTOR_CLOSED}$"):
        await connections.Connections(Echo()).send(session, "GET", URL(server.endpoint), {}, None, 10.0)


async def test_plain_sockets_are_read_in_pieces_of_64_kib(server: Server) -> None:
    async with aiohttp.ClientSession(connector=connections.Connector()) as session:
        connector: Any = session.connector
        url, loop = URL(server.endpoint), asyncio.get_running_loop()
        request = aiohttp.ClientRequest("GET", url, loop=loop, session=session)
        connection = await connector.connect(request, traces=[], timeout=connections.NO_TIMEOUT)
        assert connection.transport.max_size == 65_536
        connection.close()


@both_ways
async def test_an_answer_to_head_has_no_body(server: Server, carrier: AiohttpTransport) -> None:
    server.say(Reply(b"HTTP/1.1 200 OK\r\nContent-Length: 7\r\n\r\n"), answer(200, b"next"))
    found = await carrier.send("HEAD", URL(server.endpoint), {}, None, 10.0)
    assert (found.body, found.headers["content-length"]) == (b"", "7")
    assert (await get(carrier, server)).body == b"next"
    assert server.connections == 1


@pytest.mark.parametrize(
    "data",
    [
        b"HTTP/1.1 two hundred\r\n\r\n",
        b"SSH-2.0-OpenSSH_9.6\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: x\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nz\r\n",
    ],
)
@both_ways
async def test_what_is_no_http(server: Server, carrier: AiohttpTransport, data: bytes) -> None:
    server.say(Reply(data, End.HOLD), answer(200, b"next"))
    with pytest.raises(ConnectionLostError) as caught:
        await get(carrier, server)
    assert not caught.value.before_answer
    assert (await get(carrier, server)).body == b"next"
    assert server.connections == 2


@pytest.mark.parametrize("name", ["connection", "x-line"])
@both_ways
async def test_what_follows_an_answer_is_nobodys(server: Server, carrier: AiohttpTransport, name: str) -> None:
    """Whatever comes behind an answer, or says that this was the last, is not read as the next one."""
    first = answer(200, b"first", Connection="close") if name == "connection" else answer(200, b"first")
    behind = b"" if name == "connection" else answer(200, b"smuggled").data
    server.say(Reply(first.data + behind), answer(200, b"second"))
    assert (await get(carrier, server)).body == b"first"
    if name == "connection":
        assert not carrier.connections
    assert (await get(carrier, server)).body == b"second"
    assert server.connections == 2


async def test_a_connection_that_was_closed_while_it_rested(server: Server, carrier: AiohttpTransport) -> None:
    server.say(Reply(answer(200, b"first").data, End.CLOSE), answer(200, b"second"))
    assert (await get(carrier, server)).body == b"first"
    await server.is_left()
    await asyncio.sleep(0.05)  # until our side has seen it
    assert (await get(carrier, server)).body == b"second"
    assert (server.connections, carrier.connections) == (2, 1)


async def test_many_at_once_have_a_connection_each_and_keep_them(server: Server, carrier: AiohttpTransport) -> None:
    server.otherwise = answer(200, b"x")
    for _ in range(3):
        await asyncio.gather(*(get(carrier, server) for _ in range(20)))
    assert server.connections == 20
    assert server.open == 20


async def test_no_connection_rests_for_ever(
    server: Server, carrier: AiohttpTransport, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(connections, "KEEPALIVE_SECONDS", 0.05)
    server.otherwise = answer(200, b"x")
    for _ in range(2):
        await asyncio.gather(*(get(carrier, server) for _ in range(3)))
        await server.is_left()
        await until(lambda: not carrier.connections)
        private: Any = carrier
        assert list(private._connections._resting.values()) == [[]]
    assert server.connections == 6


@both_ways
async def test_the_limit_of_each_try_is_its_own(server: Server, carrier: AiohttpTransport) -> None:
    """One timer serves a connection: neither the limit before nor the one after is mistaken for it."""
    loop = asyncio.get_running_loop()
    server.say(answer(200), HANG, answer(200), answer(200))
    await get(carrier, server, 60.0)
    begun = loop.time()
    with pytest.raises(RequestTimeoutError, match=r"^no answer within 0\.05 s$"):
        await get(carrier, server, 0.05)
    assert 0.05 <= loop.time() - begun < 5.0
    await get(carrier, server, 0.05)
    await get(carrier, server, None)


@both_ways
async def test_a_short_limit_is_not_that_of_the_next_try(server: Server, carrier: AiohttpTransport) -> None:
    held = asyncio.Event()
    server.say(answer(200, b"first"))
    await get(carrier, server, 0.05)
    server.say(HANG)
    waiting = asyncio.create_task(get(carrier, server, 5.0))
    await asyncio.sleep(0.15)
    assert not waiting.done()
    held.set()
    waiting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await waiting


async def test_a_short_limit_before_is_no_reason_to_forget_the_next(server: Server, carrier: AiohttpTransport) -> None:
    server.say(answer(200, b"first"), HANG)
    await get(carrier, server, 0.2)
    async with asyncio.timeout(10.0):
        with pytest.raises(RequestTimeoutError):
            await get(carrier, server, 0.3)


async def test_late_though_the_loop_was_blocked(server: Server, carrier: AiohttpTransport) -> None:
    """Nothing lies in the socket."""
    server.say(HANG)
    call = asyncio.create_task(get(carrier, server, 0.2))
    await server.hears(1)
    time.sleep(0.26)  # noqa: ASYNC251 - that is what blocks it
    async with asyncio.timeout(10.0):
        with pytest.raises(RequestTimeoutError):
            await call


@pytest.mark.parametrize(
    "data", [b"", b"HTTP/1.1 200 OK\r\n\r\nhalf", b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhalf"]
)
@both_ways
async def test_late(server: Server, carrier: AiohttpTransport, data: bytes) -> None:
    """Also where an answer is whole as soon as its connection ends."""
    server.say(Reply(data, End.HOLD))
    with pytest.raises(RequestTimeoutError):
        await get(carrier, server, 0.05)
    await server.is_left()


async def test_a_refusal_before_all_was_sent(carrier: AiohttpTransport) -> None:
    """The rest of the body must not stand before the next request."""
    heads: list[bytes] = []

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        heads.append(await reader.readuntil(b"\r\n\r\n"))
        writer.write(answer(413, b"large").data)
        await writer.drain()
        await hold.wait()
        writer.close()

    hold = asyncio.Event()
    listener = await asyncio.start_server(serve, "127.0.0.1", 0, limit=1024)
    url = URL(f"http://127.0.0.1:{listener.sockets[0].getsockname()[1]}/x")
    for size in (20_000_000, 3):
        found = await carrier.send("POST", url, {}, b"x" * size, 10.0)
        assert (found.status, found.body) == (413, b"large")
    assert len(heads) == 2
    hold.set()
    listener.close()


@both_ways
async def test_cancelled(server: Server, carrier: AiohttpTransport) -> None:
    server.say(HANG, Reply(answer(200, b"x" * 1000).data[:500], End.HOLD))
    for number in (1, 2):
        call = asyncio.create_task(get(carrier, server))
        await server.hears(number)
        call.cancel()
        with pytest.raises(asyncio.CancelledError):
            await call
        await server.is_left()


async def test_what_is_cancelled_sends_no_more(carrier: AiohttpTransport) -> None:
    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        begun.set()
        await hold.wait()
        writer.close()

    begun, hold = asyncio.Event(), asyncio.Event()
    listener = await asyncio.start_server(serve, "127.0.0.1", 0, limit=1024)
    url = URL(f"http://127.0.0.1:{listener.sockets[0].getsockname()[1]}/x")
    call = asyncio.create_task(carrier.send("POST", url, {}, b"x" * 20_000_000, 10.0))
    await begun.wait()
    private: Any = carrier
    (link,) = private._connections._links
    assert link._transport.get_write_buffer_size()
    call.cancel()
    with pytest.raises(asyncio.CancelledError):
        await call
    assert not link._transport.get_write_buffer_size()
    assert carrier.connections == 0
    hold.set()
    listener.close()


@both_ways
async def test_closed_while_requests_are_on_their_way(server: Server) -> None:
    server.otherwise = HANG
    client = connect(server)
    calls = [asyncio.create_task(client.jobs.get("j")) for _ in range(3)]
    await server.hears(3)
    await client.close()
    for call in calls:
        with pytest.raises(TransportError):
            await call
    await server.is_left()


@both_ways
async def test_a_line_break_in_a_header_goes_nowhere(server: Server, carrier: AiohttpTransport) -> None:
    for value in ("a\r\nx-more: b", "a\nb", "a\rb"):
        with pytest.raises(ConfigurationError, match="aiohttp does not send this request"):
            await carrier.send("GET", URL(server.endpoint), {"x-given": value}, None, 10.0)
    assert not server.heard


async def test_how_many_connections_of_a_transport_are_open(
    server: Server, carrier: AiohttpTransport, way: str
) -> None:
    server.otherwise = answer(200)
    assert carrier.connections == 0
    await asyncio.gather(get(carrier, server), get(carrier, server))
    assert carrier.connections == (2 if way == "connections" else None)
    await carrier.close()
    assert carrier.connections == 0


async def test_connections_of_a_session_that_was_handed_in_are_not_counted(server: Server) -> None:
    async with aiohttp.ClientSession() as session:
        assert AiohttpTransport(session, trust_env=False, endpoint=server.endpoint).connections is None


async def test_the_session_that_a_transport_opens(server: Server) -> None:
    server.otherwise = answer(200)
    opened = list[aiohttp.ClientSession]()
    carrier = AiohttpTransport(None, trust_env=False, endpoint=server.endpoint, opened=opened.append)
    assert not opened
    for _ in range(2):
        await get(carrier, server)
    (session,) = opened
    assert isinstance(session.connector, connections.Connector)
    assert isinstance(session.cookie_jar, aiohttp.DummyCookieJar)
    assert session.timeout == connections.NO_TIMEOUT
    assert session.skip_auto_headers == {"Content-Type", "Accept", "User-Agent"}
    assert session.connector.limit == 0
    await carrier.close()
    assert session.closed


@pytest.mark.parametrize("what", ["send", "open"])
@both_ways
async def test_a_transport_that_fails_says_why(server: Server, carrier: AiohttpTransport, what: str) -> None:
    async def ask(timeout: float) -> None:
        url = URL(server.endpoint)
        if what == "send":
            await carrier.send("GET", url, {}, None, timeout)
        else:
            await carrier.open("GET", url, {}, timeout)

    server.say(DROP)
    with pytest.raises(ConnectionLostError, match=r"^the connection was lost: Server disconnected$") as lost:
        await ask(10.0)
    assert lost.value.before_answer
    assert lost.value.__cause__ is not None
    server.otherwise = HANG
    with pytest.raises(RequestTimeoutError, match=r"^no answer within 0\.02 s$") as late:
        await ask(0.02)
    assert isinstance(late.value.__cause__, TimeoutError)


HEADS: dict[str, tuple[str, dict[str, str], bytes | None, list[str]]] = {
    "GET": ("GET", {"x": "ü"}, None, ["x: ü", "Accept-Encoding: gzip, deflate"]),
    "HEAD": ("HEAD", {"accept-encoding": "identity"}, None, ["accept-encoding: identity"]),
    "GET with a body": ("GET", {}, b"ab", ["Accept-Encoding: gzip, deflate", "Content-Length: 2"]),
    "DELETE": ("DELETE", {}, None, ["Accept-Encoding: gzip, deflate", "Content-Length: 0"]),
    "POST of no bytes": ("POST", {}, b"", ["Accept-Encoding: gzip, deflate", "Content-Length: 0"]),
}


@pytest.mark.parametrize("name", HEADS)
def test_the_head_of_a_request(name: str) -> None:
    method, headers, body, lines = HEADS[name]
    ours: Any = connections
    url = URL("https://acme.example:8443/a%2Fb?$x=%20", encoded=True)
    head = "\r\n".join([f"{method} /a%2Fb?$x=%20 HTTP/1.1", "Host: acme.example:8443", *lines, "", ""])
    assert ours._head(method, url, headers, body) == head.encode()


@pytest.mark.parametrize("value", ["a\r\nb", "a\nb", "a\rb", "a\0b", "\r\n"])
async def test_what_cannot_stand_in_a_head(carrier: AiohttpTransport, server: Server, value: str) -> None:
    with pytest.raises(ConfigurationError) as caught:
        await carrier.send("GET", URL(server.endpoint), {"x-given": value}, None, 10.0)
    assert str(caught.value) == "aiohttp does not send this request: a header holds a line break or a NUL"
    assert not server.heard


@pytest.mark.parametrize("failure", [DROP, HANG])
@both_ways
async def test_one_try(server: Server, carrier: AiohttpTransport, failure: Reply) -> None:
    server.otherwise = failure
    with pytest.raises(ConnectionLostError if failure is DROP else RequestTimeoutError):
        await get(carrier, server, 0.2)
    assert len(server.heard) == 1


# Whoever replaces what a session does, or looks on, is still asked.


@pytest.fixture
def requests_of_sessions() -> Iterator[aioresponses]:
    with aioresponses() as mocked:
        yield mocked


async def test_a_session_that_is_mocked(requests_of_sessions: aioresponses) -> None:
    requests_of_sessions.get("https://acme.example/jobs/j?api-version=2024-07-01.20.0", payload={"id": "mocked"})
    async with BatchClient("https://acme.example", shared_key()) as client:
        assert (await client.jobs.get("j")).id == "mocked"


async def test_a_session_that_is_traced(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    """As instrumentation does it: every session that is made has a trace of theirs."""
    seen = list[str]()

    async def on_start(_: object, __: SimpleNamespace, params: aiohttp.TraceRequestStartParams) -> None:
        seen.append(params.method)

    trace = aiohttp.TraceConfig()
    trace.on_request_start.append(on_start)
    make = aiohttp.ClientSession.__init__
    monkeypatch.setattr(
        aiohttp.ClientSession, "__init__", lambda *args, **options: make(*args, **options, trace_configs=[trace])
    )
    server.otherwise = answer(200, {"id": "j"})
    async with connect(server) as client:
        await client.jobs.get("j")
    assert seen == ["GET"]


async def test_what_rests_is_closed_with_the_client(server: Server) -> None:
    server.otherwise = answer(200, {"id": "j"})
    client = connect(server)
    await client.jobs.get("j")
    await until(lambda: server.open == 1)
    await client.close()
    await server.is_left()
