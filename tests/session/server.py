"""A scripted HTTP server: it says what the test tells it to say, and keeps what it heard.

Law: it knows HTTP/1.1 and nothing of Batch, and shares no code with the client.
"""

from __future__ import annotations

import asyncio
import contextlib
import enum
import json
import socket
import ssl
import struct
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Self
from urllib.parse import unquote

PATIENCE = 10.0
"""Seconds after which something that a test waits for is a failure."""


@dataclass(frozen=True)
class Heard:
    """A request as it came over the socket; header names in lower case."""

    method: str
    target: str
    headers: dict[str, str]
    body: bytes
    connection: int

    @property
    def path(self) -> str:
        """The path, as escaped as it came."""
        return self.target.partition("?")[0]

    @property
    def query(self) -> dict[str, str]:
        """The query, decoded."""
        pairs = [pair.partition("=") for pair in self.target.partition("?")[2].split("&") if pair]
        return {unquote(name): unquote(value) for name, _, value in pairs}

    @property
    def json(self) -> Any:
        """The body."""
        return json.loads(self.body)


class End(enum.Enum):
    """What becomes of the connection after a reply."""

    KEEP = enum.auto()
    CLOSE = enum.auto()
    RESET = enum.auto()
    HOLD = enum.auto()


@dataclass(frozen=True)
class Reply:
    """The bytes of an answer, and what follows them."""

    data: bytes
    end: End = End.KEEP

    def cut(self, size: int, end: End = End.CLOSE) -> Reply:
        """The first bytes of it, and no more."""
        return Reply(self.data[:size], end)


Script = Reply | Callable[[Heard], Reply]


def answer(status: int = 200, body: Any = b"", **headers: str) -> Reply:
    """An answer; what is not bytes is sent as JSON. An underscore in a header's name is a hyphen."""
    content = body if isinstance(body, bytes) else json.dumps(body).encode()
    lines = [f"HTTP/1.1 {status} Scripted", f"Content-Length: {len(content)}", "request-id: request-1"]
    lines += [f"{name.replace('_', '-')}: {value}" for name, value in headers.items()]
    return Reply("\r\n".join([*lines, "", ""]).encode() + content)


def refusal(status: int, code: str = "Refused", message: str = "No.", **headers: str) -> Reply:
    """An answer with the service's error body."""
    return answer(status, {"code": code, "message": {"lang": "en-US", "value": message}}, **headers)


def page(*items: Any, to: str | None = None) -> Reply:
    """A page of a listing, with its `odata.nextLink`."""
    return answer(200, {"value": list(items)} | ({"odata.nextLink": to} if to is not None else {}))


DROP = Reply(b"", End.CLOSE)
"""The connection is closed, and nothing was said."""

RESET = Reply(b"", End.RESET)
"""The same with a RST."""

HANG = Reply(b"", End.HOLD)
"""Nothing is said, and the connection stays."""


@dataclass
class Server:
    """Listens on a free port of the loopback."""

    heard: list[Heard] = field(default_factory=list[Heard])
    connections: int = 0
    open: int = 0
    otherwise: Script = field(default_factory=lambda: answer(418, {"code": "Unscripted"}))
    tls: ssl.SSLContext | None = None
    _script: deque[Script] = field(default_factory=deque[Script])
    _news: asyncio.Condition = field(default_factory=asyncio.Condition)
    _tasks: set[asyncio.Task[Any]] = field(default_factory=set[asyncio.Task[Any]])
    _port: int = 0
    _listener: asyncio.Server | None = None

    async def __aenter__(self) -> Self:
        self._listener = await asyncio.start_server(self._serve, "127.0.0.1", 0, ssl=self.tls)
        self._port = self._listener.sockets[0].getsockname()[1]
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.stop()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def stop(self) -> None:
        """Accept no more connections."""
        if self._listener is not None:
            self._listener.close()
            self._listener = None

    @property
    def endpoint(self) -> str:
        """The URL of this server."""
        return f"{'http' if self.tls is None else 'https'}://127.0.0.1:{self._port}"

    @property
    def tasks(self) -> frozenset[asyncio.Task[Any]]:
        """The server's own tasks."""
        return frozenset(self._tasks)

    def say(self, *script: Script) -> None:
        """What to answer to the next requests, one by one; after that `otherwise`."""
        self._script.extend(script)

    async def hears(self, count: int) -> None:
        """Wait until so many requests have come."""
        await self._until(lambda: len(self.heard) >= count)

    async def is_left(self) -> None:
        """Wait until no connection is open."""
        await self._until(lambda: self.open == 0)

    async def _until(self, is_so: Callable[[], bool]) -> None:
        async with asyncio.timeout(PATIENCE), self._news:
            await self._news.wait_for(is_so)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        self.connections += 1
        number = self.connections
        await self._opened(+1)
        try:
            with contextlib.suppress(ConnectionError, asyncio.IncompleteReadError):
                while await self._exchange(reader, writer, number):
                    pass
        finally:
            writer.close()
            await self._opened(-1)

    async def _opened(self, change: int) -> None:
        async with self._news:
            self.open += change
            self._news.notify_all()

    async def _exchange(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, number: int) -> bool:
        heard = await _read(reader, number)
        async with self._news:
            self.heard.append(heard)
            self._news.notify_all()
        script = self._script.popleft() if self._script else self.otherwise
        reply = script if isinstance(script, Reply) else script(heard)
        writer.write(reply.data)
        await writer.drain()
        if reply.end is End.RESET:
            sock: socket.socket = writer.get_extra_info("socket")
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            writer.transport.abort()
        if reply.end is End.HOLD:
            await reader.read()
        return reply.end is End.KEEP


async def _read(reader: asyncio.StreamReader, number: int) -> Heard:
    head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
    first, *lines = head.split("\r\n")[:-2]
    method, target, _ = first.split(" ")
    pairs = [line.partition(":") for line in lines]
    headers = {name.lower(): value.strip() for name, _, value in pairs}
    body = await reader.readexactly(int(headers.get("content-length", "0")))
    return Heard(method, target, headers, body, number)
