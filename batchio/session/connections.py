"""Requests straight over aiohttp's connections: its connector opens them, its parser reads what comes back.

Law: one try, as `transport` says. Cookies, traces, redirects, a task that writes the body and a second timer stand
between a call of `ClientSession` and its socket; nothing here needs them, and they cost two thirds of what a request
costs (`python -m benchmarks call`).
"""

from __future__ import annotations

import asyncio
import math
from collections.abc import Mapping
from typing import Any, cast
from weakref import WeakSet

import aiohttp
from aiohttp.client_proto import ResponseHandler
from aiohttp.connector import Connection
from yarl import URL

from ..errors import DecodeError
from .echo import Echo
from .limits import Limits
from .request import Answer

READ_BYTES = 65_536
CONNECT_SECONDS = 30.0
KEEPALIVE_SECONDS = 30.0
NO_TIMEOUT = aiohttp.ClientTimeout(sock_connect=CONNECT_SECONDS)
IS_KNOWN = (3, 12) <= tuple(map(int, aiohttp.__version__.split(".")[:2])) <= (3, 14)
"""Whether the tests have seen this aiohttp: what is used here is public by name, but not described."""
CONNECTOR_CLOSED = "Connector is closed"
"""aiohttp's word for a session that was closed before there was a connection."""
MAX_ANSWER = 256 << 20
"""Bytes of an answer's body, unpacked. A page of 1,000 tasks has some megabytes; files are read piece by piece."""

_COPIED = 65_536
"""Up to so many bytes, one write of a copy costs less than two writes."""
_BLOCKED = 0.05
"""Seconds: a timer that is so late tells of a loop that was blocked, and has not looked for answers."""
_WITHOUT_BODY = frozenset({"GET", "HEAD", "OPTIONS", "TRACE"})
_ENCODINGS = "gzip, deflate"

Place = tuple[str, str | None, int | None]
"""Scheme, host and port."""


class Connector(aiohttp.TCPConnector):
    """Reads in pieces of 64 KiB: asyncio's 256 KiB buffer, made anew for every read, costs 20 % of a request."""

    def __init__(self) -> None:
        super().__init__(limit=0, keepalive_timeout=KEEPALIVE_SECONDS)
        self._used = WeakSet[ResponseHandler]()

    async def connect(self, *args: Any, **kwargs: Any) -> Connection:
        """As aiohttp says, without the connections that have brought something while they rested."""
        while True:
            connection = await super().connect(*args, **kwargs)
            protocol = cast("ResponseHandler", connection.protocol)
            if protocol not in self._used or not protocol.should_close:
                break
            # aiohttp would take that for the next answer.
            connection.close()
        self._used.add(protocol)
        # An attribute of asyncio's plain sockets; TLS and uvloop have none, and need none.
        transport: Any = connection.transport
        if hasattr(transport, "max_size"):
            transport.max_size = READ_BYTES
        return connection


class Connections:
    """The open connections of one client: those that rest are used again, the latest first."""

    def __init__(self, echo: Echo) -> None:
        self._echo = echo
        self._links: set[_Link] = set()
        self._resting: dict[Place, list[_Link]] = {}
        self._limits = Limits()

    def __len__(self) -> int:
        return len(self._links)

    async def send(
        self,
        session: aiohttp.ClientSession,
        method: str,
        url: URL,
        headers: Mapping[str, str],
        body: bytes | None,
        timeout: float | None,
    ) -> Answer:
        """One try; raises what aiohttp raises, and `TimeoutError` where no whole answer comes in time."""
        now = asyncio.get_running_loop().time()
        head = _head(method, url, headers, body)
        resting = self._resting.setdefault((url.scheme, url.raw_host, url.port), [])
        link = _rested(resting, now) or await self._open(session, url, timeout, resting)
        link.is_resting = False
        link.set_deadline(math.inf if timeout is None else now + timeout)
        try:
            answer = await link.carry(head, body, has_body=method != "HEAD")
            self._echo.check(headers, answer.headers)
        except BaseException as error:
            link.close()
            if link.is_late and isinstance(error, Exception):
                raise TimeoutError from error
            raise
        if link.is_reusable and not (answer.status >= 400 and _may_be_unsent(url, body)):
            link.rest()
        else:
            link.close()
        return answer

    def close(self) -> None:
        """Close all of them, at once, also those that are in use or do not stand yet."""
        self._limits.end()
        for link in list(self._links):
            link.close()

    async def _open(
        self, session: aiohttp.ClientSession, url: URL, timeout: float | None, resting: list[_Link]
    ) -> _Link:
        loop = asyncio.get_running_loop()
        connector = session.connector
        if connector is None:
            raise aiohttp.ClientConnectionError(CONNECTOR_CLOSED)
        request = aiohttp.ClientRequest("GET", url, loop=loop, session=session)
        try:
            async with self._limits.of(timeout):
                connection = await connector.connect(request, traces=[], timeout=NO_TIMEOUT)
        except TimeoutError as error:
            if connector.closed:
                raise aiohttp.ClientConnectionError(CONNECTOR_CLOSED) from None
            raise aiohttp.ConnectionTimeoutError from error
        return _Link(connection, loop, self._links, resting)


class _Link:
    """One connection, which carries one request at a time.

    Its timer is not made anew for every request: it rings early and looks what it should have been set to.
    """

    def __init__(
        self, connection: Connection, loop: asyncio.AbstractEventLoop, links: set[_Link], resting: list[_Link]
    ) -> None:
        protocol, transport = connection.protocol, connection.transport
        if protocol is None or transport is None:
            raise aiohttp.ServerDisconnectedError
        self.is_late = self.is_resting = False
        self._connection = connection
        self._protocol = protocol
        self._transport: Any = transport
        self._loop = loop
        self.deadline = math.inf
        self._timer: asyncio.TimerHandle | None = None
        # Kept here: for less than half a millisecond uvloop has no timer that could tell.
        self._rings_at = 0.0
        self._links = links
        self._resting = resting
        links.add(self)

    @property
    def is_reusable(self) -> bool:
        """Whether it is open, and nothing of an earlier answer is left in it."""
        protocol = self._protocol
        return protocol.is_connected() and not protocol.should_close and not self._transport.get_write_buffer_size()

    async def carry(self, head: bytes, body: bytes | None, *, has_body: bool) -> Answer:
        """Send a request and read its answer. `has_body`: whether the answer may have one."""
        protocol = self._protocol
        protocol.set_response_params(skip_payload=not has_body, read_until_eof=True)
        if body is None or len(body) > _COPIED:
            self._transport.write(head)
            if body is not None:
                self._transport.write(body)
        else:
            self._transport.write(head + body)
        message, payload = await protocol.read()
        while 100 <= message.code < 200 and message.code != 101:
            message, payload = await protocol.read()
        whole = await body_of(payload)
        if self.is_late:
            raise TimeoutError
        return Answer(message.code, message.headers, whole)

    def rest(self) -> None:
        """Wait for the next request, not for ever."""
        self.is_resting = True
        self._resting.append(self)
        self.set_deadline(self._loop.time() + KEEPALIVE_SECONDS)

    def set_deadline(self, at: float) -> None:
        """When to give up waiting: for the answer, or for the next request."""
        self.deadline = at
        if self._timer is not None and self._rings_at > at:
            self._timer.cancel()
            self._timer = None
        if self._timer is None and at < math.inf:
            self._rings_at = at
            self._timer = self._loop.call_at(at, self._ring)

    def _ring(self) -> None:
        self._timer = None
        now = self._loop.time()
        if self.deadline > now:
            self.set_deadline(self.deadline)
        elif self.is_resting:
            self._resting.remove(self)
            self.close()
        elif now - self.deadline > _BLOCKED:
            # The answer may have come in time; this is the time to find it.
            self.set_deadline(now + _BLOCKED)
        else:
            self.is_late = True
            self._transport.abort()

    def close(self) -> None:
        """Let go of the socket, whatever is still on its way."""
        self._links.discard(self)
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        self._transport.abort()
        self._connection.close()


def _may_be_unsent(url: URL, body: bytes | None) -> bool:
    """Whether some of a body may be still on its way when it is refused: TLS does not tell what it holds back."""
    return body is not None and len(body) > _COPIED and url.scheme == "https"


def _rested(resting: list[_Link], now: float) -> _Link | None:
    """The one that rested least, if it may still be used."""
    while resting:
        link = resting.pop()
        # Where the loop was blocked, neither the timer nor the service's farewell has come through yet.
        if now < link.deadline and link.is_reusable:
            return link
        link.close()
    return None


async def body_of(content: aiohttp.StreamReader) -> bytes:
    """The whole body; raises `DecodeError` where it has more than `MAX_ANSWER` bytes.

    Held once: `ClientResponse.read` holds it twice while it joins the pieces. What is freed then at every page of a
    listing, glibc gives back to the system, and every next page is made of fresh memory: a fifth of a listing's CPU.
    """
    first = await content.readany()
    if content.at_eof() and len(first) <= MAX_ANSWER:
        return first
    body = bytearray(first)
    while len(body) <= MAX_ANSWER:
        piece = await content.readany()
        if not piece:
            # Whoever reads an answer may take it for bytes; made into bytes it would be held twice after all.
            return cast("bytes", body)
        body += piece
    raise DecodeError(f"the answer has more than {MAX_ANSWER:,} bytes")


def _head(method: str, url: URL, headers: Mapping[str, str], body: bytes | None) -> bytes:
    lines = [f"{method} {url.raw_path_qs} HTTP/1.1", f"Host: {url.host_port_subcomponent}"]
    lines += [f"{name}: {value}" for name, value in headers.items()]
    if "accept-encoding" not in headers:
        lines.append(f"Accept-Encoding: {_ENCODINGS}")
    if body is not None or method not in _WITHOUT_BODY:
        lines.append(f"Content-Length: {len(body or b'')}")
    text = "\r\n".join(lines)
    if text.count("\r") != len(lines) - 1 or text.count("\n") != len(lines) - 1 or "\0" in text:
        raise ValueError("a header holds a line break or a NUL")
    return f"{text}\r\n\r\n".encode()
