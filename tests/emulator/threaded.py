"""azure-batch's client for threads with the face of its asyncio one, so that one test drives both."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from typing import Any, Self


class Threaded:
    """Calls every method of a client in a thread."""

    def __init__(self, client: Any) -> None:
        self._client = client

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await asyncio.to_thread(self._client.close)

    def __getattr__(self, name: str) -> Callable[..., Any]:
        method = getattr(self._client, name)
        if name.startswith("list_"):
            return lambda *arguments, **named: _Listing(method(*arguments, **named))

        async def call(*arguments: Any, **named: Any) -> Any:
            found = await asyncio.to_thread(method, *arguments, **named)
            if name.startswith("begin_"):
                return _Poller(found)
            return _pieces(found) if name.startswith("download_") else found

        return call


class _Listing:
    """What is iterated in a thread; a list comes whole."""

    def __init__(self, paged: Any) -> None:
        self._paged = paged

    def __aiter__(self) -> AsyncIterator[Any]:
        return _pieces(self._paged)

    async def by_page(self) -> AsyncIterator[AsyncIterator[Any]]:
        async for page in _pieces(self._paged.by_page(), list):
            yield _pieces(page)


class _Poller:
    """A poller that is waited for in a thread."""

    def __init__(self, poller: Any) -> None:
        self._poller = poller

    async def result(self) -> Any:
        return await asyncio.to_thread(self._poller.result, 30)

    def done(self) -> bool:
        return bool(self._poller.done())

    def status(self) -> str:
        return str(self._poller.status())


async def _pieces(iterable: Any, read: Callable[[Any], Any] = lambda piece: piece) -> AsyncIterator[Any]:
    for piece in await asyncio.to_thread(lambda: [read(found) for found in iterable]):
        yield piece
