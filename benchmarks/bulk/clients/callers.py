"""batchio for many callers: `feed`, and what a backend would do without it.

Law: `CALLERS` coroutines share the tasks, each adds one after the other, and nobody knows of the others.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterable
from typing import Any

from batchio import BatchClient, OutcomeState

from . import Client, Order, ours

CALLERS = 10_000
_AT_A_TIME = 100


async def _all(source: Iterable[Any], add: Callable[[Any], Awaitable[bool]]) -> int:
    tasks = iter(source)

    async def caller() -> int:
        added = 0
        for task in tasks:
            added += await add(task)
        return added

    async with asyncio.TaskGroup() as group:
        callers = [group.create_task(caller()) for _ in range(CALLERS)]
    return sum(each.result() for each in callers)


async def _feed(order: Order, source: Iterable[Any]) -> int:
    async with ours.connect(order) as client, client.tasks.feed(order.job, **ours.options(order)) as feed:

        async def add(task: Any) -> bool:
            return (await feed.add(task)).state is OutcomeState.ADDED

        return await _all(source, add)


async def _one_by_one(order: Order, source: Iterable[Any]) -> int:
    places = asyncio.Semaphore(_AT_A_TIME)
    async with ours.connect(order) as client:

        async def add(task: Any) -> bool:
            async with places:
                return await _is_added(client, order.job, task)

        return await _all(source, add)


async def _is_added(client: BatchClient, job: str, task: Any) -> bool:
    answer = await client.tasks.create_collection(job, {"value": [task]})
    return answer.value is not None and answer.value[0].status == "success"


CLIENTS = {
    "batchio-feed": Client(source=ours.mappings, send=_feed),
    "batchio-one-by-one": Client(source=ours.mappings, send=_one_by_one),
}
