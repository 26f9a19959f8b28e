"""The floor: what a bare aiohttp and msgspec loop costs, which no client on them can go below without new ideas.

Law: encodes 100 mappings a request, posts, reads, decodes status, task id and error; no accounting, no signature, no
retry, and no settings of aiohttp either.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Iterator
from itertools import islice
from typing import Any

import aiohttp
import msgspec

from benchmarks.bulk import shapes

from . import Client, Order

_HEADERS = {"Content-Type": "application/json; odata=minimalmetadata"}


class _Result(msgspec.Struct):
    status: str
    taskId: str  # noqa: N815 (the wire's name)
    error: msgspec.Raw | None = None


class _Answer(msgspec.Struct):
    value: list[_Result]


_encode = msgspec.json.Encoder().encode
_decode = msgspec.json.Decoder(_Answer).decode


def _source(order: Order) -> Iterator[dict[str, Any]]:
    return shapes.tasks(order.size, order.tasks)


async def _send(order: Order, source: Iterable[Any]) -> int:
    tasks = iter(source)
    async with aiohttp.ClientSession() as session:
        counts = await asyncio.gather(*(_work(session, order.path, tasks) for _ in range(order.in_flight or 10)))
    return sum(counts)


async def _work(session: aiohttp.ClientSession, url: str, tasks: Iterator[Any]) -> int:
    count = 0
    while group := list(islice(tasks, 100)):
        async with session.post(url, data=_encode({"value": group}), headers=_HEADERS) as answer:
            content = await answer.read()
        count += len(_decode(content).value)
    return count


CLIENTS = {"floor": Client(source=_source, send=_send)}
