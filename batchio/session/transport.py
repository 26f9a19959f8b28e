"""The one place that talks to aiohttp: a request goes out, an answer or an error of ours comes back.

Law: one try, no decisions. No redirect is followed, aiohttp's own second try is off, and the whole try,
reading the body included, stands under one timeout.
"""

from __future__ import annotations

import asyncio
import base64
import re
import urllib.request
from collections.abc import Callable, Mapping
from typing import Any, Protocol
from urllib.parse import urlsplit

import aiohttp
from yarl import URL

from ..errors import ConfigurationError, ConnectError
from .connections import IS_KNOWN, NO_TIMEOUT, READ_BYTES, Connections, Connector, body_of
from .endpoint import is_loopback
from .failures import FAILURES, UNCONNECTED, as_ours, bare, lost
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


class Incoming(Protocol):
    """An answer whose body is still on its way."""

    status: int
    headers: Mapping[str, str]

    async def read(self) -> bytes:
        """The next piece of the body, at most 64 KiB, nothing at its end; raises `TransportError`."""
        ...

    def close(self) -> None:
        """Let go of the connection, whether all was read or not."""
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
        self._proxy = _proxy_for(endpoint) if trust_env and session is None else {}
        self._opened = opened
        self._connections = Connections()
        self._closed = False

    async def send(
        self, method: str, url: URL, headers: Mapping[str, str], body: bytes | None, timeout: float | None
    ) -> Answer:
        """One try, as `Transport` says."""
        session = self._session()
        try:
            if self._is_plain(session):
                return await self._connections.send(session, method, url, headers, body, timeout)
            return await self._send(session, method, url, headers, body, timeout)
        except FAILURES as error:
            raise as_ours(error, url, timeout) from bare(error)

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
            asyncio.timeout(timeout),
            session.request(
                method,
                url,
                data=body,
                headers=headers,
                allow_redirects=False,
                raise_for_status=False,
                timeout=NO_TIMEOUT,
                **self._proxy,
                **options,
            ) as response,
        ):
            # Middlewares of the caller's session may have read the body already: only `read` knows.
            whole = await (body_of(response.content) if self._given is None else response.read())
            return Answer(response.status, response.headers, whole)

    async def open(self, method: str, url: URL, headers: Mapping[str, str], timeout: float | None) -> Incoming:
        """One try whose body is read later, as `Transport` says."""
        session = self._session()
        options: dict[str, Any] = {} if self._given is None else {"skip_auto_headers": _OURS}
        try:
            async with asyncio.timeout(timeout):
                response = await session.request(
                    method,
                    url,
                    headers={**headers, "accept-encoding": "identity"},
                    allow_redirects=False,
                    raise_for_status=False,
                    # A file is given as it is, and its bytes are counted.
                    auto_decompress=False,
                    timeout=NO_TIMEOUT,
                    middlewares=self._middlewares(),
                    **self._proxy,
                    **options,
                )
        except FAILURES as error:
            raise as_ours(error, url, timeout) from bare(error)
        return _Body(response, url, timeout)

    def _session(self) -> aiohttp.ClientSession:
        session = self._given or self._own
        if self._closed or (session is not None and session.closed):
            raise closed()
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
        if self._given is None:
            return (_one_try,)
        # What the caller's session has stays; ours is the innermost.
        return (*getattr(self._given, "_middlewares", ()), _one_try)

    async def close(self) -> None:
        """Close the session if it is our own, and wait until its sockets are gone."""
        self._closed = True
        own, self._own = self._own, None
        self._connections.close()
        if own is not None:
            await own.close()


class _Body:
    """The body of an answer of aiohttp."""

    def __init__(self, response: aiohttp.ClientResponse, url: URL, timeout: float | None) -> None:
        self.status = response.status
        self.headers: Mapping[str, str] = response.headers
        self._response = response
        self._url = url
        self._timeout = timeout

    async def read(self) -> bytes:
        try:
            async with asyncio.timeout(self._timeout):
                return await self._response.content.read(READ_BYTES)
        except RuntimeError as error:
            # aiohttp's word for a connection that its session has closed.
            raise lost(error) from bare(error)
        except FAILURES as error:
            if rest := self._arrived():
                return rest
            raise as_ours(error, self._url, self._timeout) from bare(error)

    def _arrived(self) -> bytes:
        """What had come before the connection broke: aiohttp keeps it, and has no public way to get at it then."""
        take = getattr(self._response.content, "_read_nowait", None)
        rest: bytes = take(READ_BYTES) if take is not None else b""
        return rest

    def close(self) -> None:
        self._response.close()


async def _one_try(request: aiohttp.ClientRequest, handler: aiohttp.ClientHandlerType) -> aiohttp.ClientResponse:
    """Keep aiohttp from sending idempotent requests a second time by itself: ours is the only retry layer."""
    try:
        return await handler(request)
    except UNCONNECTED:
        raise
    except (aiohttp.ClientOSError, aiohttp.ServerDisconnectedError) as error:
        raise lost(error) from bare(error)


def closed() -> ConnectError:
    """What a call on a closed client raises."""
    return ConnectError("the client or its session is closed", lasting=True)


def _check_session(session: aiohttp.ClientSession) -> None:
    if not isinstance(session, aiohttp.ClientSession):
        raise ConfigurationError(f"session: an aiohttp.ClientSession is needed, not {type(session).__name__}")
    for name in session.headers:
        if _SIGNED.fullmatch(name):
            raise ConfigurationError(f"session: its header {name} would travel with requests that do not sign it")


def _proxy_for(endpoint: str) -> dict[str, Any]:
    """What aiohttp is told of the environment's proxy: nothing where there is none."""
    # aiohttp's trust_env looks this up in a thread, for every request, and reads .netrc, which would fight
    # with our own Authorization header.
    parts = urlsplit(endpoint)
    host = parts.hostname or ""
    proxy = urllib.request.getproxies().get(parts.scheme)
    if not proxy or is_loopback(host) or urllib.request.proxy_bypass(host):
        return {}
    try:
        url = URL(proxy if "://" in proxy else f"http://{proxy}")
    except ValueError:
        # The chained error could quote a password.
        raise ConfigurationError("trust_env: the environment's proxy is no URL") from None
    if url.scheme not in ("http", "https"):
        raise ConfigurationError("trust_env: the environment's proxy is neither http nor https")
    if url.user is None:
        return {"proxy": url}
    basic = base64.b64encode(f"{url.user}:{url.password or ''}".encode()).decode()
    # Apart from the URL, which aiohttp's errors quote; it makes a Proxy-Authorization of this.
    return {"proxy": url.with_user(None), "proxy_headers": {"Authorization": f"Basic {basic}"}}
