"""The one place that talks to aiohttp: a request goes out, an answer or an error of ours comes back.

Law: one try, no decisions. No redirect is followed, aiohttp's own second try is off, and the whole try,
reading the body included, stands under one timeout.
"""

from __future__ import annotations

import asyncio
import math
import os
import re
from collections.abc import Callable, Mapping
from typing import Any, NoReturn, Protocol

import aiohttp
from yarl import URL

from ..errors import ConfigurationError
from .connections import CONNECT_SECONDS, IS_KNOWN, NO_TIMEOUT, Connections, Connector, body_of
from .echo import Echo
from .failures import FAILURES, UNCONNECTED, as_ours, bare, closed, lost
from .incoming import Body, Incoming
from .limits import Limits
from .proxy import proxy_for
from .request import Answer

_SESSION = vars(aiohttp.ClientSession)
# Mocks and recorders replace this one, to see every request.
_REQUEST = _SESSION["_request"]
# Without this, aiohttp adds a Content-Type to a body-less POST after it was signed.
_OURS = ("Content-Type", "Accept", "User-Agent")
_SENT_ONCE = frozenset({"POST", "PATCH"})
_SIGNED = re.compile(r"(?i)content-.*|if-.*|range|ocp-.*")


Opened = Callable[[aiohttp.ClientSession], None]
"""Is told of a session of the client's own before that is used."""


class Transport(Protocol):
    """What carries a request; tests and benchmarks may bring their own."""

    async def send(
        self, method: str, url: URL, headers: Mapping[str, str], body: bytes | None, timeout: float | None
    ) -> Answer:
        """One try; raises `TransportError` where no whole answer comes within `timeout` seconds."""
        ...

    async def open(self, method: str, url: URL, headers: Mapping[str, str], timeout: float | None) -> Incoming:
        """One try whose body is read later; `timeout` is for the headers, and for each piece of the body."""
        ...

    async def close(self) -> None:
        """Let go of what this transport has opened itself."""
        ...


class AiohttpTransport:
    """Carries requests over an `aiohttp.ClientSession`: its own one, or one that the caller closes."""

    def __init__(
        self, session: aiohttp.ClientSession | None, *, trust_env: bool, endpoint: str, opened: Opened | None = None
    ) -> None:
        if session is not None:
            _check_session(session)
        self._given = session
        self._own: aiohttp.ClientSession | None = None
        self._proxy = proxy_for(endpoint) if trust_env and session is None else {}
        self._opened = opened
        self._echo = Echo()
        self._connections = Connections(self._echo)
        self._limits = Limits()
        self._closed = False
        self._loop: asyncio.AbstractEventLoop | None = None
        self._process = 0

    async def send(
        self, method: str, url: URL, headers: Mapping[str, str], body: bytes | None, timeout: float | None
    ) -> Answer:
        """One try, as `Transport` says."""
        session = self._session()
        try:
            if self._is_plain(session):
                return await self._connections.send(session, method, url, headers, body, timeout)
            return await self._send(session, method, url, headers, body, timeout)
        except (*FAILURES, asyncio.CancelledError) as error:
            self._fail(error, session, url, timeout)

    @property
    def connections(self) -> int | None:
        """Open ones, without those that files are read over; None where they are not its own."""
        if self._own is None:
            return None if self._given or self._proxy else 0
        return len(self._connections) if self._is_plain(self._own) else None

    def _is_plain(self, session: aiohttp.ClientSession) -> bool:
        """Whether nobody asks for what only a session does, nor has put something in its place."""
        is_own = IS_KNOWN and session is self._own and not self._proxy
        return is_own and _SESSION["_request"] is _REQUEST and not session.trace_configs

    async def _send(
        self,
        session: aiohttp.ClientSession,
        method: str,
        url: URL,
        headers: Mapping[str, str],
        body: bytes | None,
        timeout: float | None,
    ) -> Answer:
        options: dict[str, Any] = {} if method in _SENT_ONCE else {"middlewares": self._middlewares()}
        if self._given is not None:
            options["skip_auto_headers"] = _OURS
        async with (
            self._limits.of(timeout),
            session.request(
                method,
                url,
                data=body,
                headers=headers,
                allow_redirects=False,
                raise_for_status=False,
                auto_decompress=True,
                timeout=_to_connect(timeout),
                **self._proxy,
                **options,
            ) as response,
        ):
            self._check(session, headers, response)
            # A middleware of the caller's session may have read the body already; a recorder's stream is its own.
            content = response.content
            is_left = isinstance(content, aiohttp.StreamReader) and not content.at_eof()
            whole = await (body_of(content) if is_left else response.read())
            return Answer(response.status, response.headers, whole)

    async def open(self, method: str, url: URL, headers: Mapping[str, str], timeout: float | None) -> Incoming:
        """One try whose body is read later, as `Transport` says."""
        session = self._session()
        options: dict[str, Any] = {} if self._given is None else {"skip_auto_headers": _OURS}
        try:
            async with self._limits.of(timeout):
                response = await session.request(
                    method,
                    url,
                    headers={**headers, "accept-encoding": "identity"},
                    allow_redirects=False,
                    raise_for_status=False,
                    # A file is given as it is, and its bytes are counted.
                    auto_decompress=False,
                    timeout=_to_connect(timeout),
                    middlewares=self._middlewares(),
                    **self._proxy,
                    **options,
                )
            self._check(session, headers, response)
        except (*FAILURES, asyncio.CancelledError) as error:
            self._fail(error, session, url, timeout)
        return Body(response, url, timeout)

    def _check(
        self, session: aiohttp.ClientSession, headers: Mapping[str, str], response: aiohttp.ClientResponse
    ) -> None:
        """Look whose answer it is, where no recorder, cache or mock gives those of other days."""
        if self._theirs or getattr(type(session), "_request", None) is not _REQUEST:
            return
        try:
            self._echo.check(headers, response.headers)
        except aiohttp.ClientPayloadError:
            response.close()
            raise

    def _fail(
        self, error: Exception | asyncio.CancelledError, session: aiohttp.ClientSession, url: URL, timeout: float | None
    ) -> NoReturn:
        if isinstance(error, asyncio.CancelledError):
            task = asyncio.current_task()
            if task is None or task.cancelling() or not (self._closed or session.closed):
                raise error
            # Not the caller is cancelled, but the lookup of a name, by a session that was closed.
            raise closed() from None
        if self._closed and type(error) is TimeoutError:
            raise lost("the client was closed") from None
        raise as_ours(error, url, timeout) from bare(error)

    def _session(self) -> aiohttp.ClientSession:
        session = self._given or self._own
        if self._closed or (session is not None and session.closed):
            raise closed()
        loop = asyncio.get_running_loop()
        if self._loop is None:
            self._loop, self._process = loop, os.getpid()
        elif self._loop is not loop:
            # A forked process would write into the connections of its parent.
            raise RuntimeError(
                "a client is used in the event loop of its first request; another loop, or another process, needs "
                "another client"
            )
        if session is None:
            session = self._own = aiohttp.ClientSession(
                connector=Connector(),
                cookie_jar=aiohttp.DummyCookieJar(),
                skip_auto_headers=_OURS,
                timeout=NO_TIMEOUT,
            )
            if self._opened is not None:
                self._opened(session)
        return session

    def _middlewares(self) -> tuple[Any, ...]:
        # What the caller's session has stays; ours is the innermost.
        return (*self._theirs, _one_try)

    @property
    def _theirs(self) -> tuple[Any, ...]:
        """The middlewares of the session that was handed in."""
        return getattr(self._given, "_middlewares", ())

    async def close(self) -> None:
        """Close the session if it is our own, and wait until its sockets are gone."""
        self._closed = True
        if self._loop is None or self._process != os.getpid():
            # Unused, or a copy in a forked process: asyncio would take the sockets from its parent's loop.
            return
        self._limits.end()
        own, self._own = self._own, None
        try:
            self._connections.close()
            if own is not None:
                await own.close()
        except RuntimeError:
            # Where the loop of all this has ended, nothing can be closed any more.
            if not self._loop.is_closed():
                raise


async def _one_try(request: aiohttp.ClientRequest, handler: aiohttp.ClientHandlerType) -> aiohttp.ClientResponse:
    """Keep aiohttp from sending idempotent requests a second time by itself: ours is the only retry layer."""
    try:
        return await handler(request)
    except UNCONNECTED:
        raise
    except (aiohttp.ClientOSError, aiohttp.ServerDisconnectedError) as error:
        raise lost(error) from bare(error)


def _to_connect(timeout: float | None) -> aiohttp.ClientTimeout:
    """A limit for the connection alone, below that of the try: what did not connect was certainly not sent."""
    if timeout is None:
        return NO_TIMEOUT
    limit = max(timeout - 1.0, 0.75 * timeout)
    return aiohttp.ClientTimeout(total=None, connect=limit, sock_connect=CONNECT_SECONDS, ceil_threshold=math.inf)


def _check_session(session: aiohttp.ClientSession) -> None:
    if not isinstance(session, aiohttp.ClientSession):
        raise ConfigurationError(f"session: an aiohttp.ClientSession is needed, not {type(session).__name__}")
    for name in session.headers:
        if _SIGNED.fullmatch(name):
            raise ConfigurationError(f"session: its header {name} would travel with requests that do not sign it")
