"""Answers that are not for the request that waits: sent twice, or too late. Whoever gives up a try gives up its
connection, and what comes over one in between is never the answer to the next request.
"""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager
from typing import Any

import aiohttp
import pytest
from yarl import URL

from batchio import BatchClient, ConnectionLostError, RequestTimeoutError, RetryPolicy
from batchio.session.echo import Echo
from batchio.session.transport import AiohttpTransport

from .driving import AT_ONCE, shared_key, stray_tasks, until
from .server import PATIENCE, Server, answer

ONCE = RetryPolicy(attempts=1)
ONE, OTHER = "d4c5c8a4-1f5c-4a6c-9d0b-1b0f6a5a0001", "d4c5c8a4-1f5c-4a6c-9d0b-1b0f6a5a0002"


class Twice:
    """A service that answers with the last part of the path, and says things when nobody has asked."""

    def __init__(self, *, is_echoing: bool = True) -> None:
        self.links: list[asyncio.StreamWriter] = []
        self.heard: list[str] = []
        self.go_on = asyncio.Event()
        self.go_on.set()
        self._is_echoing = is_echoing
        self._last = b""

    async def __call__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.links.append(writer)
        with contextlib.suppress(ConnectionError, asyncio.IncompleteReadError):
            while True:
                first, *lines = (await reader.readuntil(b"\r\n\r\n")).decode().split("\r\n")[:-2]
                given = dict(line.split(": ", 1) for line in lines)
                await reader.readexactly(int(given.get("Content-Length", "0")))
                path = first.split()[1].partition("?")[0]
                self.heard.append(path)
                await self.go_on.wait()
                echo = {"client_request_id": given["client-request-id"]} if self._is_echoing else {}
                self._last = answer(200, {"id": path.rpartition("/")[2]}, **echo).data
                writer.write(self._last)
        writer.close()

    def say_again(self) -> None:
        """The last answer once more; it is in the socket when this returns."""
        self.links[-1].write(self._last)
        assert not self.links[-1].transport.get_write_buffer_size()


@asynccontextmanager
async def talking(twice: Twice, **settings: Any) -> AsyncGenerator[BatchClient]:
    """A client of such a service."""
    listener = await asyncio.start_server(twice, "127.0.0.1", 0)
    endpoint = f"http://127.0.0.1:{listener.sockets[0].getsockname()[1]}"
    async with BatchClient(endpoint, shared_key(), retry=ONCE, trust_env=False, **settings) as client:
        yield client
    for link in twice.links:
        link.close()
    listener.close()
    await until(lambda: not stray_tasks())


def session_of(client: BatchClient) -> Any:
    return vars(client)["_session"]


async def read_file(client: BatchClient, name: str) -> bytes:
    async with client.tasks.get_file("j", "t", name) as file:
        return await file.read()


@pytest.mark.usefixtures("way")
async def test_an_answer_that_comes_twice_while_the_loop_is_blocked() -> None:
    """It lies in the socket when the next request goes out, and nobody has looked."""
    twice = Twice()
    async with talking(twice) as client:
        assert (await client.jobs.get("a")).id == "a"
        twice.say_again()
        with pytest.raises(ConnectionLostError, match=r": what came is the answer to another request$") as caught:
            await client.jobs.get("b")
        assert caught.value.sent
        assert not caught.value.before_answer
        # The answer to the second one may stand there yet, where aiohttp keeps the connection.
        session_of(client).policy = AT_ONCE
        assert (await client.jobs.get("c")).id == "c"


async def test_it_is_asked_for_again_where_that_is_allowed() -> None:
    twice = Twice()
    async with talking(twice) as client:
        await client.jobs.get("a")
        twice.say_again()
        session_of(client).policy = AT_ONCE
        assert (await client.jobs.get("b")).id == "b"
    assert len(twice.links) == 2
    assert twice.heard == ["/jobs/a", "/jobs/b", "/jobs/b"]


@pytest.mark.parametrize("what", ["call", "file"])
@pytest.mark.usefixtures("way")
async def test_an_answer_that_comes_twice_while_a_connection_rests(what: str) -> None:
    """Those of files rest in aiohttp's own pool, which does not look at what has come meanwhile."""
    twice = Twice(is_echoing=False)
    async with talking(twice) as client:
        assert await read_file(client, "a") == b'{"id": "a"}'
        twice.say_again()
        async with asyncio.timeout(PATIENCE):
            transport: Any = vars(client)["_transport"]
            (((protocol, _),),) = transport._own.connector._conns.values()
            while not protocol.should_close:  # noqa: ASYNC110 - what it waits for has no event
                await asyncio.sleep(0)
        if what == "file":
            assert await read_file(client, "b") == b'{"id": "b"}'
        else:
            assert (await client.jobs.get("b")).id == "b"
    assert len(twice.links) == 2


async def test_a_file_that_comes_twice_while_the_loop_is_blocked() -> None:
    twice = Twice()
    async with talking(twice) as client:
        assert await read_file(client, "a") == b'{"id": "a"}'
        twice.say_again()
        with pytest.raises(ConnectionLostError, match=r": what came is the answer to another request$"):
            await read_file(client, "b")


async def test_connections_of_files_are_used_again() -> None:
    twice = Twice()
    async with talking(twice) as client:
        for name in ("a", "b", "c"):
            assert await read_file(client, name) == b'{"id": "%s"}' % name.encode()
        assert (await client.jobs.get("d")).id == "d"
    assert len(twice.links) == 1


@pytest.mark.parametrize("how", ["timeout", "cancelled"])
@pytest.mark.usefixtures("way")
async def test_the_late_answer_of_a_try_that_was_given_up(how: str) -> None:
    """Its connection is gone, though the service does not even say whose answers its answers are."""
    twice = Twice(is_echoing=False)
    async with talking(twice) as client:
        assert (await client.jobs.get("a")).id == "a"
        twice.go_on.clear()
        call = asyncio.create_task(client.jobs.get("b", timeout=0.02 if how == "timeout" else None))
        await until(lambda: len(twice.heard) == 2)
        if how == "cancelled":
            call.cancel()
        with pytest.raises(RequestTimeoutError if how == "timeout" else asyncio.CancelledError):
            await call
        twice.go_on.set()
        time.sleep(0.01)  # noqa: ASYNC251 - so that the late answer would lie in the socket
        assert (await client.jobs.get("c")).id == "c"
    assert len(twice.links) == 2


async def test_in_a_session_of_the_callers_own() -> None:
    """Whose pool takes what came while a connection rested for the next answer."""
    twice = Twice()
    async with aiohttp.ClientSession() as session, talking(twice, session=session) as client:
        assert (await client.jobs.get("a")).id == "a"
        twice.say_again()
        with pytest.raises(ConnectionLostError, match=r": what came is the answer to another request$"):
            await client.jobs.get("b")


async def _old_day(request: aiohttp.ClientRequest, handler: aiohttp.ClientHandlerType) -> aiohttp.ClientResponse:
    request.headers["client-request-id"] = OTHER
    return await handler(request)


def _cached() -> aiohttp.ClientSession:
    with pytest.warns(DeprecationWarning, match="Inheritance"):

        class Cached(aiohttp.ClientSession):
            async def _request(self, *args: Any, **more: Any) -> aiohttp.ClientResponse:
                more["headers"] = {**more["headers"], "client-request-id": OTHER}
                return await super()._request(*args, **more)

    return Cached()


@pytest.mark.parametrize("made", [lambda: aiohttp.ClientSession(middlewares=[_old_day]), _cached])
async def test_recorders_and_caches_give_answers_of_other_days(
    server: Server, made: Callable[[], aiohttp.ClientSession]
) -> None:
    server.otherwise = lambda heard: answer(200, b"x", client_request_id=heard.headers["client-request-id"])
    async with made() as session:
        carrier = AiohttpTransport(session, trust_env=False, endpoint=server.endpoint)
        for asked in (OTHER, ONE):
            found = await carrier.send("GET", URL(server.endpoint), {"client-request-id": asked}, None, 10.0)
            assert (found.body, found.headers["client-request-id"]) == (b"x", OTHER)


@pytest.mark.parametrize(
    ("before", "asked", "said", "is_refused"),
    [
        (True, ONE, OTHER, True),
        (True, ONE, OTHER.upper(), True),
        (False, ONE, OTHER, False),  # a service that does not repeat them, or in words of its own
        (True, ONE, ONE, False),
        (True, ONE, ONE.upper(), False),
        (True, ONE, None, False),
        (True, ONE, f"{{{ONE}}}", False),
        (True, "mine", ONE, False),
        (True, None, ONE, False),
    ],
)
def test_whose_answer_it_is(*, before: bool, asked: str | None, said: str | None, is_refused: bool) -> None:
    echo = Echo()
    if before:
        echo.check({"client-request-id": OTHER}, {"client-request-id": OTHER})
    answered = {} if said is None else {"client-request-id": said}
    with pytest.raises(aiohttp.ClientPayloadError) if is_refused else contextlib.nullcontext():
        echo.check({} if asked is None else {"client-request-id": asked}, answered)
