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
    """One page of a listing: its items, and the token with which the listing goes on (None: it was the last)."""

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
        while left is None or left > 0:
            body = await self._fetch(token)
            items = (body.value or [])[:left]
            if body.next_link is not None and body.next_link == token:
                raise DecodeError("the page's nextLink leads back to the page itself")
            token = body.next_link or None
            yield Page(items=items, continuation_token=token)
            if token is None:
                return
            left = None if left is None else left - len(items)
