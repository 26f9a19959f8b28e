"""HTTP answers over a real socket: any bytes, as an answer in both ways, and as a file."""

from __future__ import annotations

import asyncio
import gzip
from collections.abc import Iterator
from typing import Any
from unittest.mock import patch

from multidict import CIMultiDict
from yarl import URL

from batchio import (
    BatchClient,
    BatchioError,
    RequestTimeoutError,
    RetryPolicy,
    SharedKeyCredential,
    TransportError,
)
from batchio.session import transport
from batchio.session.request import Answer
from batchio.session.transport import AiohttpTransport

from .target import Target

SECONDS = 10.0


class _Wire:
    """A server that answers every request with the same bytes and closes."""

    def __init__(self) -> None:
        self.loop = asyncio.new_event_loop()
        self.data = b""
        self._server = self.loop.run_until_complete(asyncio.start_server(self._serve, "127.0.0.1", 0))
        self.endpoint = f"http://127.0.0.1:{self._server.sockets[0].getsockname()[1]}"

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            await reader.readuntil(b"\r\n\r\n")
            writer.write(self.data)
            await writer.drain()
            writer.close()
            await writer.wait_closed()
        except (OSError, asyncio.IncompleteReadError):
            writer.close()

    def ask(self, *, method: str, plain: bool) -> Answer | TransportError:
        """One try, over connections or over aiohttp's session."""
        return self.loop.run_until_complete(self._ask(method, plain=plain))

    async def _ask(self, method: str, *, plain: bool) -> Answer | TransportError:
        carrier = AiohttpTransport(None, trust_env=False, endpoint=self.endpoint)
        try:
            with patch.object(transport, "IS_KNOWN", plain):
                return await carrier.send(method, URL(f"{self.endpoint}/x"), {}, None, SECONDS)
        except TransportError as error:
            return error
        finally:
            await carrier.close()

    def read(self, start: int) -> bytes | BatchioError:
        """A file from a byte on, with a few tries."""
        return self.loop.run_until_complete(self._read(start))

    async def _read(self, start: int) -> bytes | BatchioError:
        key = SharedKeyCredential("acme", "a2V5")
        policy = RetryPolicy(attempts=3, base=0.0, cap=0.0, deadline=1.0)
        async with BatchClient(self.endpoint, key, retry=policy, timeout=SECONDS, trust_env=False) as client:
            try:
                async with client.tasks.get_file("j", "t", "f", start=start) as file:
                    found = await file.read()
                    length = file.properties.content_length
                    assert length in (None, len(found)), (length, found)
                    return found
            except BatchioError as error:
                return error

    def close(self) -> None:
        """Leave nothing open."""
        self._server.close()
        self.loop.run_until_complete(asyncio.sleep(0))
        self.loop.close()


_wires: list[_Wire] = []


def _wire() -> _Wire:
    if not _wires:
        _wires.append(_Wire())
    return _wires[0]


def leave() -> None:
    """Close what the target has opened."""
    while _wires:
        _wires.pop().close()


def read_http(data: bytes) -> None:
    """An answer or a `TransportError`, the same in both ways, in time."""
    wire = _wire()
    method = "HEAD" if data[:1] == b"\0" else "GET"
    wire.data = data.removeprefix(b"\0")
    ours, theirs = (wire.ask(method=method, plain=plain) for plain in (True, False))
    assert type(ours) is type(theirs), (ours, theirs)
    assert not isinstance(ours, Exception) or "in time" not in str(ours)
    if isinstance(ours, Answer) and isinstance(theirs, Answer):
        assert _values(ours) == _values(theirs)


def read_file(data: bytes) -> None:
    """A file as long as it is said to be, or an error of ours; from two places on, and the same each time."""
    wire = _wire()
    wire.data = data
    for start in (0, 3):
        found, again = wire.read(start), wire.read(start)
        assert not isinstance(found, RequestTimeoutError)
        assert type(found) is type(again)
        assert isinstance(found, Exception) or found == again


def _values(answer: Answer) -> tuple[Any, ...]:
    return answer.status, CIMultiDict(answer.headers), bytes(answer.body)


def http_seeds() -> Iterator[bytes]:
    """Answers in all the ways that HTTP has."""
    packed = gzip.compress(b'{"value": []}', mtime=0)
    yield b'HTTP/1.1 200 OK\r\nContent-Length: 13\r\nETag: "1"\r\nX: \xff\r\n\r\n{"value": []}'
    yield b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n4;x=y\r\ndefg\r\n0\r\nA: b\r\n\r\n"
    yield b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: %d\r\n\r\n" % len(packed) + packed
    yield b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 204 No Content\r\n\r\n"
    yield b"\0HTTP/1.1 200 OK\r\nContent-Length: 500\r\n\r\n"
    yield b"HTTP/1.0 503 Busy\r\nRetry-After: 1\r\nSet-Cookie: a=b\r\n\r\nuntil the end"
    yield b"HTTP/1.1 301 Moved\r\nLocation: http://other/\r\nConnection: close\r\nContent-Length: 0\r\n\r\n"


def file_seeds() -> Iterator[bytes]:
    """Files in all the ways that HTTP has, some of them cut."""
    yield from http_seeds()
    yield b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\nLast-Modified: x\r\n\r\n0123456"
    yield b"HTTP/1.1 206 OK\r\nContent-Length: 7\r\nContent-Range: bytes 3-9/10\r\n\r\n345"


_WORDS = (
    b"HTTP/1.1 ",
    b"\r\n",
    b"Content-Length: ",
    b"Transfer-Encoding: chunked\r\n",
    b"Content-Encoding: deflate\r\n",
    b"101",
    b"Connection: Upgrade\r\nUpgrade: x\r\n",
    b"ffffffffffffffff",
    b"0\r\n\r\n",
    b"Content-Encoding: br\r\n",
)
HTTP = Target(read_http, http_seeds, _WORDS)
FILES = Target(read_file, file_seeds, (*_WORDS, b"Content-Range: bytes 3-9/10", b"Last-Modified: x\r\n"))
