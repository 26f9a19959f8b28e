"""What one writes oneself with `json` and a well-known HTTP client: aiohttp, or httpx.

Law: 100 mappings a request, each result looked at once, nothing signed and nothing tried again.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Iterator
from itertools import islice
from typing import Any

import aiohttp
import httpx

from benchmarks.bulk import shapes

from . import Client, Order

_Post = Callable[[dict[str, Any]], Awaitable[dict[str, Any]]]


def models(order: Order) -> Iterator[dict[str, Any]]:
    """The tasks as mappings, all of each new but its strings."""
    return shapes.models(order.size, order.tasks)


def _source(order: Order) -> Iterator[dict[str, Any]]:
    return shapes.tasks(order.size, order.tasks)


async def _send_with_aiohttp(order: Order, source: Iterable[Any]) -> int:
    async with aiohttp.ClientSession(raise_for_status=True) as session:

        async def post(collection: dict[str, Any]) -> dict[str, Any]:
            async with session.post(order.path, json=collection) as answer:
                found: dict[str, Any] = await answer.json()
                return found

        return await _send(order, source, post)


async def _send_with_httpx(order: Order, source: Iterable[Any]) -> int:
    async with httpx.AsyncClient() as client:

        async def post(collection: dict[str, Any]) -> dict[str, Any]:
            answer = await client.post(order.path, json=collection)
            found: dict[str, Any] = answer.raise_for_status().json()
            return found

        return await _send(order, source, post)


async def _send(order: Order, source: Iterable[Any], post: _Post) -> int:
    tasks = iter(source)

    async def work() -> int:
        added = 0
        while group := list(islice(tasks, 100)):
            answer = await post({"value": group})
            added += sum(1 for result in answer["value"] if result["status"] == "success")
        return added

    return sum(await asyncio.gather(*(work() for _ in range(order.in_flight or 10))))


CLIENTS = {
    "aiohttp-json": Client(source=_source, send=_send_with_aiohttp),
    "httpx-json": Client(source=_source, send=_send_with_httpx),
}
