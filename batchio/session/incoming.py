"""An answer whose body is still on its way.

Law: it is read piece by piece, and what has come is given before the error that ended it.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Protocol

import aiohttp
from yarl import URL

from .connections import READ_BYTES
from .failures import FAILURES, as_ours, bare, late, lost


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


async def start_of(incoming: Incoming, size: int, timeout: float | None) -> bytes:
    """The first bytes of a body, about so many, read within `timeout` seconds; raises `TransportError`."""
    start = b""
    try:
        async with asyncio.timeout(timeout):
            while len(start) < size and (piece := await incoming.read()):
                start += piece
    except TimeoutError:
        raise late(timeout) from None
    return start


class Body:
    """The body of an answer of aiohttp."""

    def __init__(self, response: aiohttp.ClientResponse, url: URL, timeout: float | None) -> None:
        self.status = response.status
        self.headers: Mapping[str, str] = response.headers
        self._response = response
        self._url = url
        self._timeout = timeout

    async def read(self) -> bytes:
        """As `Incoming` says."""
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
        """As `Incoming` says."""
        self._response.close()
