"""One connection of the scripted service.

Law: bytes in, bytes out; it knows where a request ends and nothing of what is in it.
"""

from __future__ import annotations

import asyncio
import socket
import struct
from collections.abc import Callable
from typing import Protocol, cast

from .truth import Record
from .wire import Head, parse_head

_PAUSE = 0.003
"""Seconds between the pieces of a slow answer."""


class Owner(Protocol):
    """What a connection needs of the service."""

    def opened(self, link: Link, /) -> int: ...

    def closed(self, link: Link, record: Record | None, /) -> None: ...

    def early(self, head: Head, /) -> bytes | None: ...

    def serve(self, link: Link, head: Head, body: bytes, /) -> Record | None: ...


class Link(asyncio.Protocol):
    """A connection: one request at a time, as HTTP/1.1 has it."""

    def __init__(self, owner: Owner) -> None:
        self.number = 0
        self.turn = 0
        self.holding: Callable[[], None] | None = None
        self._owner = owner
        self._buffer = bytearray()
        self._busy = False
        self._record: Record | None = None
        self._transport: asyncio.Transport | None = None
        self._pieces: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)
        self.number = self._owner.opened(self)

    def data_received(self, data: bytes) -> None:
        self._buffer += data
        if not self._busy:
            self._next()

    def connection_lost(self, exc: Exception | None) -> None:
        del exc
        self._transport = None
        if self._pieces is not None:
            self._pieces.cancel()
        self._owner.closed(self, self._record)

    def abort(self, *, reset: bool = False) -> None:
        """End the connection now: a FIN, or a RST."""
        if self._transport is None:
            return
        if reset:
            sock = cast("socket.socket", self._transport.get_extra_info("socket"))
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self._transport.abort()

    def release(self) -> None:
        """Give the answer that was held for ever."""
        if (holding := self.holding) is not None:
            self.holding = None
            holding()

    def send(
        self, data: bytes, *, leave: bool = False, pieces: int = 1, done: Callable[[], None] | None = None
    ) -> None:
        """Send an answer, in `pieces`; `leave`: close the connection after it; `done`: called with the last byte."""
        if self._transport is None:
            return
        if pieces > 1:
            cut = len(data) // pieces
            self._transport.write(data[:cut])
            self._pieces = asyncio.get_running_loop().call_later(
                _PAUSE, lambda: self.send(data[cut:], leave=leave, pieces=pieces - 1, done=done)
            )
            return
        self._pieces = None
        self._transport.write(data)
        if done is not None:
            done()
        self._record = None
        self._busy = False
        if leave:
            self._transport.close()
        elif self._buffer:
            self._next()

    def _next(self) -> None:
        end = self._buffer.find(b"\r\n\r\n")
        if end < 0:
            return
        head = parse_head(bytes(self._buffer[:end]))
        size = int(head.headers.get("content-length", "0"))
        start = end + 4
        if (early := self._owner.early(head)) is not None:
            self._busy = True
            self.send(early, leave=True)
            return
        if len(self._buffer) < start + size:
            return
        body = bytes(self._buffer[start : start + size])
        del self._buffer[: start + size]
        self._busy = True
        self.turn += 1
        record = self._owner.serve(self, head, body)
        # An answer may have been sent already.
        if record is not None and record.ended is None:
            self._record = record
