"""Requests that never see a socket: the client's transport and the service's connection in one.

Law: it replaces the transport alone. Above it runs the real client, below it a service that decides; it knows at any
moment whether an answer has reached the client.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Mapping
from random import Random
from typing import Any, Protocol

from multidict import CIMultiDict
from scripted.link import Link, Owner
from scripted.service import ACCOUNT, KEY
from scripted.wire import Head
from yarl import URL

from batchio import BatchClient, SharedKeyCredential
from batchio.errors import ConnectError, ConnectionLostError, RequestTimeoutError
from batchio.session.incoming import Incoming
from batchio.session.request import Answer

ENDPOINT = "http://127.0.0.1:1"


class Service(Protocol):
    """What the transport needs of a service. What it remembers of a request is its own affair."""

    @property
    def is_listening(self) -> bool: ...

    def opened(self, link: Link, /) -> int: ...

    def closed(self, link: Link, record: Any, /) -> None: ...

    def early(self, head: Head, /) -> bytes | None: ...

    def serve(self, link: Link, head: Head, body: bytes, /) -> Any: ...


class MemoryLink(Link):
    """A connection for one request."""

    def __init__(self, owner: Owner) -> None:
        super().__init__(owner)
        self.turn = 1
        self.answer: asyncio.Future[bytes] = asyncio.get_running_loop().create_future()
        self._arrived: Callable[[], None] | None = None

    def send(
        self, data: bytes, *, leave: bool = False, pieces: int = 1, done: Callable[[], None] | None = None
    ) -> None:
        """The whole answer; `done` is called when the client has it."""
        del leave, pieces
        if not self.answer.done():
            self._arrived = done
            self.answer.set_result(data)

    def abort(self, *, reset: bool = False) -> None:
        """No answer."""
        del reset
        if not self.answer.done():
            self.answer.set_exception(ConnectionLostError("the connection was lost", before_answer=True))

    def arrive(self) -> None:
        """The client has the answer in its hands."""
        if self._arrived is not None:
            self._arrived()


class MemoryTransport:
    """Carries requests to a service in the same event loop; every request has a connection of its own."""

    def __init__(self, service: Service) -> None:
        self._service = service

    async def send(
        self, method: str, url: URL, headers: Mapping[str, str], body: bytes | None, timeout: float | None
    ) -> Answer:
        service, data = self._service, body or b""
        if not service.is_listening:
            raise ConnectError("no connection: refused")
        link = MemoryLink(service)
        link.number = service.opened(link)
        head = Head(method, url.raw_path, tuple(url.query.items()), {**headers, "content-length": str(len(data))})
        record = service.serve(link, head, data)
        try:
            async with asyncio.timeout(timeout):
                answer = await link.answer
            link.arrive()
        except TimeoutError as error:
            raise RequestTimeoutError(f"no answer within {timeout} s") from error
        finally:
            service.closed(link, record)
        return _read(answer)

    async def open(self, method: str, url: URL, headers: Mapping[str, str], timeout: float | None) -> Incoming:
        raise NotImplementedError("no submission reads files")

    async def close(self) -> None:
        """Nothing was opened."""


def connect(
    service: Service, *, seed: int = 0, timeout: float = 10.0, wall: Callable[[], float] = time.time
) -> BatchClient:
    """A client whose requests go to `service` and whose every clock is the running loop's."""
    client = BatchClient(ENDPOINT, SharedKeyCredential(ACCOUNT, KEY), timeout=timeout)
    # Nobody but a test puts another transport and other clocks below a client: it has no arguments for them.
    parts: Any = client
    parts._session._transport = MemoryTransport(service)
    parts._session.rng = Random(seed)  # noqa: S311 -- a seed that can be repeated
    parts._session._wall = wall
    parts._gate.clock = asyncio.get_running_loop().time
    return client


def _read(data: bytes) -> Answer:
    """An answer from its bytes; one that is not whole is a lost connection."""
    top, _, body = data.partition(b"\r\n\r\n")
    first, *lines = top.decode("ascii").split("\r\n")
    headers = CIMultiDict[str]()
    for line in lines:
        name, _, value = line.partition(": ")
        headers[name] = value
    whole = _unchunked(body) if "Transfer-Encoding" in headers else body
    if whole is None or len(whole) < int(headers.get("Content-Length", "0")):
        raise ConnectionLostError("the connection was lost: the answer is not whole")
    return Answer(int(first.split(" ", 2)[1]), headers, whole)


def _unchunked(body: bytes) -> bytes | None:
    """The chunks in one piece; None where the last one is missing."""
    parts: list[bytes] = []
    while body:
        line, _, body = body.partition(b"\r\n")
        size = int(line, 16)
        if not size:
            return b"".join(parts)
        parts.append(body[:size])
        body = body[size + 2 :]
    return None
