"""Listings: iterable by item and by page.

Law: a link is followed only to the client's own host, and never in a circle.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Generic, TypeVar

import msgspec

from ..errors import DecodeError

A = TypeVar("A")


class Page(msgspec.Struct, Generic[A], frozen=True, kw_only=True):
    """One page of a listing: its items, and the token with which the listing goes on.

    None: it was the last page, or `limit` has cut it, so that nothing goes on right behind its last item.
    """

    items: list[A]
    continuation_token: str | None = None


class PageBody(msgspec.Struct, Generic[A], frozen=True, kw_only=True):
    """A page as the service sends it."""

    value: list[A] | None = None
    next_link: str | None = msgspec.field(default=None, name="odata.nextLink")


class Pages(Generic[A]):
    """A listing. Iterate it for the items; `by_page` for pages that can be resumed.

    >>> async for job in client.jobs.list(filter="state eq 'active'"):
    ...     print(job.id)
    """

    def __init__(self, fetch: Callable[[str | None], Awaitable[PageBody[A]]], limit: int | None) -> None:
        self._fetch = fetch
        self._limit = limit

    async def __aiter__(self) -> AsyncIterator[A]:
        async for page in self.by_page():
            for item in page.items:
                yield item

    async def by_page(self, continuation_token: str | None = None) -> AsyncIterator[Page[A]]:
        """The pages, from the beginning or from where a token of an earlier listing points to."""
        token, left = continuation_token, self._limit
        # One earlier token is remembered, at ever longer intervals: that finds a circle of any length (Brent).
        seen, steps, interval = token, 0, 1
        while left is None or left > 0:
            body = await self._fetch(token)
            token = body.next_link or None
            if token is not None and token == seen:
                raise DecodeError("the pages' nextLinks lead in a circle")
            steps += 1
            if steps == interval:
                seen, steps, interval = token, 0, interval * 2
            items = body.value or []
            is_cut = left is not None and len(items) > left
            yield Page(items=items[:left], continuation_token=None if is_cut else token)
            if token is None:
                return
            left = None if left is None else left - len(items)
