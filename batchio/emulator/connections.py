"""aiohttp's server, with the errors of its own in the service's shape.

Law: not even bytes that are no HTTP get a traceback or a page of somebody else's.
"""

from __future__ import annotations

import asyncio
import logging
import uuid
from collections.abc import Awaitable, Callable, Iterable
from typing import Any
from weakref import WeakSet

from aiohttp import web
from aiohttp.http_exceptions import BadHttpMethod

from . import ticks
from .calls import JSON
from .clock import Clock
from .refusals import Refusal

_LOGGER = logging.getLogger("batchio.emulator")

_LONGEST_LINE = 65_536
"""A `$filter` may be long, and so may a token."""


UNREAD = 60.0
"""Seconds in which a client has to take something of an answer that waits for it in memory."""


class LocalConnection(web.RequestHandler):
    """A connection; aiohttp calls `handle_error` for what it cannot read."""

    __slots__ = ("_unread",)

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """As asyncio says."""
        self._unread: asyncio.TimerHandle | None = None
        super().connection_made(transport)

    def pause_writing(self) -> None:
        """The client does not take what it is sent, as fast as it comes or at all."""
        super().pause_writing()
        self.watch_reader()

    def watch_reader(self, before: int | None = None) -> None:
        """Break off where nothing was taken of so many bytes; look again later."""
        if self.transport is None:
            return
        left = self.transport.get_write_buffer_size()
        if left == before:
            self.transport.abort()
        else:
            self._unread = asyncio.get_running_loop().call_later(UNREAD, self.watch_reader, left)

    def resume_writing(self) -> None:
        """The client has taken it."""
        super().resume_writing()
        self._watch_no_more()

    def connection_lost(self, exc: BaseException | None) -> None:
        """As asyncio says."""
        self._watch_no_more()
        super().connection_lost(exc)

    def _watch_no_more(self) -> None:
        if self._unread is not None:
            self._unread.cancel()

    def handle_error(
        self,
        request: web.BaseRequest,
        status: int = 500,
        exc: BaseException | None = None,
        message: str | None = None,
    ) -> web.StreamResponse:
        """The answer to what could not be read, or failed outside of the front; the connection closes after it."""
        if isinstance(exc, ConnectionError):
            # The client is gone: there is nobody to tell.
            raise exc
        if status >= 500:
            _LOGGER.error("a request failed inside the emulator", exc_info=exc)
        if request.writer.output_size > 0:
            raise ConnectionError("part of an answer has been sent")
        code = "InternalError" if status >= 500 else _unreadable(exc)
        reason = message if message and status < 500 else "The request could not be read"
        refusal = Refusal(code, (("Reason", reason.partition("\n")[0][:200]),), status=status)
        request_id = str(uuid.uuid4())
        body = refusal.body("", request_id, Clock().ticks())
        headers = {"request-id": request_id, "Content-Type": JSON, "Date": ticks.http_date(_second())}
        response = web.Response(status=status, body=body, headers=headers)
        response.force_close()
        return response

    def log_exception(self, *args: Any, **kw: Any) -> None:
        """Log what went wrong here; a body that breaks off or is badly framed went wrong at the client."""
        if not isinstance(kw.get("exc_info"), web.RequestPayloadError):
            super().log_exception(*args, **kw)


def _unreadable(error: BaseException | None) -> str:
    return "InvalidHttpVerb" if isinstance(error, BadHttpMethod) else "RequestUrlFailedToParse"


def _second() -> int:
    return Clock().ticks() // ticks.SECOND


def _abort(transports: Iterable[asyncio.Transport | None]) -> None:
    for transport in transports:
        if transport is not None:
            transport.abort()


class LocalServer(web.Server):
    """Makes a `LocalConnection` for every connection; `https`: they are over TLS."""

    def __init__(self, handler: Callable[[web.BaseRequest], Awaitable[web.StreamResponse]], *, https: bool) -> None:
        super().__init__(handler)
        self._https = https
        self._accepting: WeakSet[asyncio.Task[object]] = WeakSet()

    async def shutdown(self, timeout: float | None = None) -> None:
        """Close every connection, those over TLS without waiting for the client to close its side."""
        transports = [connection.transport for connection in self.connections if self._https]
        shaking = [task for task in self._accepting if not task.done()]
        for task in shaking:
            task.cancel()
        await asyncio.gather(*shaking, return_exceptions=True)
        # One that is closed twice cannot be aborted any more.
        _abort([transport for transport in transports if transport is not None and transport.is_closing()])
        await super().shutdown(timeout)
        _abort(transports)

    def __call__(self) -> web.RequestHandler:
        """A new connection."""
        task = asyncio.current_task()
        if task is not None:
            # asyncio's own, which shakes hands with the client.
            self._accepting.add(task)
        return LocalConnection(
            self,
            loop=asyncio.get_running_loop(),
            access_log=None,  # type: ignore[arg-type]  # aiohttp takes None for no log, its annotation does not
            logger=_LOGGER,
            # The service takes no compressed bodies: they are refused like anything that is not JSON.
            auto_decompress=False,
            max_line_size=_LONGEST_LINE,
            max_field_size=_LONGEST_LINE,
        )
