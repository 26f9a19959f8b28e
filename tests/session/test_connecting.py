"""Whether a request has left: what did not get a connection was not sent, whichever way it was to go; and whose
connections these are.
"""

from __future__ import annotations

import asyncio
import math
import os
import socket
import subprocess
import sys
import threading
import time
from typing import Any

import aiohttp
import pytest
from yarl import URL

from batchio import BatchClient, ConnectError, ConnectionLostError, RetryPolicy, TransportError
from batchio.session import connections, transport
from batchio.session.transport import AiohttpTransport

from .driving import connect, shared_key, until
from .server import HANG, Server, answer

ONCE = RetryPolicy(attempts=1)
JOB = {"id": "j", "poolInfo": {"poolId": "p"}}


def connect_briefly(monkeypatch: pytest.MonkeyPatch) -> None:
    """A session's connections have far less time than its tries."""
    monkeypatch.setattr(transport, "_to_connect", lambda _: aiohttp.ClientTimeout(total=None, connect=0.05))


@pytest.mark.parametrize(("seconds", "to_connect"), [(60.0, 59.0), (4.0, 3.0), (2.0, 1.5), (0.2, 0.15)])
def test_a_connection_has_less_time_than_its_try(seconds: float, to_connect: float) -> None:
    carrier: Any = transport
    about: Any = pytest.approx(to_connect)
    limits = aiohttp.ClientTimeout(total=None, connect=about, sock_connect=30.0, ceil_threshold=math.inf)
    assert carrier._to_connect(seconds) == limits
    unlimited = aiohttp.ClientTimeout(total=None, connect=None, sock_read=None, sock_connect=30.0)
    assert carrier._to_connect(None) == unlimited


def never_connects(server: Server) -> str:
    """An endpoint that waits for a head, and so never answers the handshake of TLS."""
    return server.endpoint.replace("http://", "https://")


async def test_a_try_that_is_over_before_there_is_a_connection(
    server: Server, monkeypatch: pytest.MonkeyPatch, way: str
) -> None:
    connect_briefly(monkeypatch)
    timeout = 0.05 if way == "connections" else 10.0
    async with BatchClient(never_connects(server), shared_key(), retry=ONCE, timeout=timeout) as client:
        with pytest.raises(
            ConnectError, match=rf"no connection to 127\.0\.0\.1:\d+: none within {timeout:g} s$"
        ) as caught:
            await client.jobs.create(JOB)
    assert not caught.value.sent


async def test_a_file_that_is_not_reached(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    connect_briefly(monkeypatch)
    async with BatchClient(never_connects(server), shared_key(), retry=ONCE, timeout=10.0) as client:
        with pytest.raises(ConnectError):
            async with client.tasks.get_file("j", "t", "out"):
                raise AssertionError


async def test_a_session_whose_connections_are_all_taken(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    connect_briefly(monkeypatch)
    server.otherwise = HANG
    async with (
        aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=1)) as session,
        connect(server, session=session, retry=ONCE) as client,
    ):
        first = asyncio.create_task(client.jobs.get("j"))
        await server.hears(1)
        with pytest.raises(ConnectError) as caught:
            await client.jobs.create(JOB)
        assert not caught.value.sent
        # The session stays; what the client has asked for does not.
        await client.close()
        with pytest.raises(ConnectionLostError, match="the client was closed"):
            await first
    assert len(server.heard) == 1


@pytest.mark.parametrize("what", ["call", "file"])
async def test_a_client_that_is_closed_before_there_is_a_connection(server: Server, way: str, what: str) -> None:
    async def use() -> None:
        if what == "call":
            await client.jobs.create(JOB)
        else:
            async with client.tasks.get_file("j", "t", "out"):
                raise AssertionError

    client = BatchClient(never_connects(server), shared_key(), timeout=60.0)
    call = asyncio.create_task(use())
    await until(lambda: server.connections)
    async with asyncio.timeout(10.0):
        await client.close()
        with pytest.raises(TransportError) as caught:
            await call
    # aiohttp's session does not tell whether the request has left.
    assert caught.value.sent == (what == "file" or way == "session")


async def test_a_loop_that_was_blocked_does_not_know_that_its_connections_are_gone(
    server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The service has long said farewell to a connection that rested too long; nobody has listened."""
    monkeypatch.setattr(connections, "KEEPALIVE_SECONDS", 0.02)
    server.otherwise = answer(201)
    async with connect(server, retry=ONCE) as client:
        await client.jobs.create(JOB)
        time.sleep(0.03)  # noqa: ASYNC251 - that is what blocks it
        await client.jobs.create(JOB)
    assert server.connections == 2


async def test_an_answer_that_came_in_time_while_the_loop_was_blocked() -> None:
    """It lies in the socket, and the time is over before anybody has looked."""
    is_answered = threading.Event()

    def serve() -> None:
        link, _ = listener.accept()
        with link:
            while link.recv(65_536):
                link.sendall(answer(200, {"id": "j"}).data)
                is_answered.set()

    with socket.create_server(("127.0.0.1", 0)) as listener:
        thread = threading.Thread(target=serve)
        thread.start()
        endpoint = f"http://127.0.0.1:{listener.getsockname()[1]}"
        async with BatchClient(endpoint, shared_key(), retry=ONCE, timeout=10.0) as client:
            await client.jobs.get("j")
            is_answered.clear()
            call = asyncio.create_task(client.jobs.get("j", timeout=0.05))
            await until(lambda: client.stats.in_flight)
            is_answered.wait(10.0)
            time.sleep(0.12)  # noqa: ASYNC251 - that is what blocks it
            assert (await call).id == "j"
        thread.join()


async def test_a_refusal_before_all_was_sent_over_tls(safe_server: Server) -> None:
    """TLS does not tell that some of the body is still on its way; it must not stand before the next request."""
    heads = list[bytes]()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        heads.append(await reader.readuntil(b"\r\n\r\n"))
        writer.write(answer(400, b"large").data)
        await hold.wait()
        writer.close()

    hold = asyncio.Event()
    listener = await asyncio.start_server(serve, "127.0.0.1", 0, limit=1024, ssl=safe_server.tls)
    url = URL(f"https://127.0.0.1:{listener.sockets[0].getsockname()[1]}/x")
    carrier = AiohttpTransport(None, trust_env=False, endpoint=str(url.origin()))
    for size in (10_000_000, 3):
        found = await carrier.send("POST", url, {}, b"x" * size, 10.0)
        assert (found.status, found.body) == (400, b"large")
    assert len(heads) == 2
    await carrier.close()
    hold.set()
    listener.close()


async def test_connections_over_tls_are_used_again(safe_server: Server) -> None:
    safe_server.otherwise = answer(409)
    carrier = AiohttpTransport(None, trust_env=False, endpoint=safe_server.endpoint)
    for size in (3, 50_000, 3):
        assert (await carrier.send("POST", URL(safe_server.endpoint), {}, b"x" * size, 10.0)).status == 409
    assert safe_server.connections == 1
    await carrier.close()


def test_another_loop_is_told_so() -> None:
    client = BatchClient("http://127.0.0.1:9", shared_key(), retry=ONCE)

    async def ask() -> None:
        await client.jobs.get("j")

    with pytest.raises(ConnectError):
        asyncio.run(ask())
    with pytest.raises(
        RuntimeError,
        match=r"^a client is used in the event loop of its first request; another loop, or another process, needs "
        r"another client$",
    ):
        asyncio.run(ask())
    asyncio.run(client.close())


FORKING = """
import asyncio, os, sys
from batchio import BatchClient, RetryPolicy, SharedKeyCredential

async def ask(client):
    return (await client.jobs.get("j")).id

async def use():
    client = BatchClient(sys.argv[1], SharedKeyCredential("acme", "c2VjcmV0"), retry=RetryPolicy(attempts=1))
    found = [await ask(client)]
    child = os.fork()
    if not child:
        try:
            asyncio.run(ask(client))
        except RuntimeError as error:
            os.write(1, str(error).encode() + b"\\n")
        asyncio.run(client.close())
        os._exit(0)
    os.waitpid(child, 0)
    found += [await ask(client), await ask(client)]
    await client.close()
    print(found)

asyncio.run(use())
"""


@pytest.mark.skipif(not hasattr(os, "fork"), reason="there is no fork here")
async def test_a_fork_leaves_the_connections_to_its_parent(server: Server) -> None:
    server.otherwise = answer(200, {"id": "j"})
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-c", FORKING, server.endpoint, stdout=subprocess.PIPE, stderr=subprocess.STDOUT
    )
    told, _ = await asyncio.wait_for(process.communicate(), 30.0)
    first, second = told.decode().splitlines()
    assert first.startswith("a client is used in the event loop of its first request; another loop, or another process")
    assert second == "['j', 'j', 'j']"
    assert (len(server.heard), server.connections) == (3, 1)
