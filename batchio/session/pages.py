"""Listings: iterable by item and by page.

Law: a link is followed only to the client's own host, and never in a circle. One page at most is fetched ahead, by
a task that ends with its iteration.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable
from contextlib import aclosing
from typing import Any, Generic, TypeVar

import msgspec

from ..errors import DecodeError
from ..hiding import repr_of, without_frames

A = TypeVar("A")


class Page(msgspec.Struct, Generic[A], frozen=True, kw_only=True):
    """One page of a listing: its items, and the token with which the listing goes on.

    None: it was the last page, or `limit` has cut it, so that nothing goes on right behind its last item.
    """

    items: list[A]
    continuation_token: str | None = None

    def __repr__(self) -> str:
        return repr_of(self)


class PageBody(msgspec.Struct, Generic[A], frozen=True, kw_only=True):
    """A page as the service sends it."""

    value: list[A] | None
    next_link: str | None = msgspec.field(default=None, name="odata.nextLink")


class Pages(Generic[A]):
    """A listing. Iterate it for the items; `by_page` for pages that can be resumed.

    While a page is read the next one is fetched, unless the option `prefetch` is False.

    >>> async for job in client.jobs.list(filter="state eq 'active'"):
    ...     print(job.id)
    """

    def __init__(
        self, fetch: Callable[[str | None], Awaitable[PageBody[A]]], limit: int | None, *, prefetch: bool = True
    ) -> None:
        self._fetch = fetch
        self._limit = limit
        self._prefetch = prefetch

    async def __aiter__(self) -> AsyncIterator[A]:
        async with aclosing(self.by_page()) as pages:
            async for page in pages:
                for item in page.items:
                    yield item

    async def by_page(self, continuation_token: str | None = None) -> AsyncGenerator[Page[A], None]:
        """The pages, from the beginning or from where a token of an earlier listing points to."""
        token, left = continuation_token, self._limit
        # One earlier token is remembered, at ever longer intervals: that finds a circle of any length (Brent).
        seen, steps, interval = token, 0, 1
        ahead: asyncio.Task[PageBody[A]] | None = None
        try:
            while left is None or left > 0:
                with without_frames(DecodeError):
                    body = await (ahead or self._fetch(token))
                ahead = None
                token = body.next_link or None
                if token is not None and token == seen:
                    raise DecodeError("the pages' nextLinks lead in a circle")
                steps += 1
                if steps == interval:
                    seen, steps, interval = token, 0, interval * 2
                items = body.value or []
                page = Page(items=items[:left], continuation_token=token)
                if left is not None:
                    if len(items) > left:
                        page = Page(items=page.items)
                    left = max(0, left - len(items))
                if self._prefetch and token is not None and left != 0:
                    ahead = asyncio.create_task(self._get(token), name="batchio next page")
                yield page
                if token is None:
                    return
        finally:
            if ahead is not None:
                await _end(ahead)

    async def _get(self, token: str) -> PageBody[A]:
        return await self._fetch(token)


async def _end(task: asyncio.Task[Any]) -> None:
    """Cancel a task and see it go; what it would have raised concerns nobody any more."""
    task.cancel()
    await asyncio.wait([task])
    if not task.cancelled():
        task.exception()
