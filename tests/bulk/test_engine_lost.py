"""Where a run's time is lost: the progress tells input, service and consumer apart."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any

from scripted.service import ScriptedService

from batchio import BatchClient


def _tasks(count: int) -> list[dict[str, Any]]:
    return [{"id": f"t{number}", "commandLine": "x"} for number in range(count)]


async def _watch(run: Any, what: str) -> float:
    """Until most of the time lost so far is lost to `what`."""
    async with asyncio.timeout(20):
        while True:
            lost = run.progress.lost
            if lost[what] > 0.4 and lost[what] > 0.6 * sum(lost.values()):
                return float(lost[what])
            await asyncio.sleep(0.02)


async def test_lost_to_the_input(client: BatchClient, service: ScriptedService) -> None:
    go_on = asyncio.Event()

    async def slow() -> AsyncIterator[Any]:
        yield _tasks(1)[0]
        await go_on.wait()

    async with client.tasks.submitting(service.job, slow()) as run:
        assert await _watch(run, "input") > 0
        go_on.set()
        async for _ in run:
            pass


async def test_lost_to_the_service(client: BatchClient, service: ScriptedService) -> None:
    service.latency = 1.0
    async with client.tasks.submitting(service.job, _tasks(50)) as run:
        assert await _watch(run, "service") > 0


async def test_lost_to_the_consumer(client: BatchClient, service: ScriptedService) -> None:
    async with client.tasks.submitting(service.job, _tasks(2_000), max_requests=2) as run:
        assert await _watch(run, "consumer") > 0
        async for _ in run:
            pass
    assert run.report.added == 2_000
