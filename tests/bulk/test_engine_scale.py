"""Twenty thousand tasks through small troubles: all told right, and hardly more requests than needed."""

from __future__ import annotations

import asyncio
import random
import time

import pytest
from scripted import Act, ItemError, Record, ScriptedService, drive, drop, make_ids, make_models

from batchio import BatchClient

COUNT = 20_000


def troubles(service: ScriptedService, seed: int, *, drops: float = 0.005, errors: float = 0.01) -> None:
    """Drops after the processing, and server errors of single tasks."""
    dice = random.Random(seed)  # noqa: S311 -- a seed that can be repeated

    def fault(_: Record) -> Act | None:
        return drop(1.0) if dice.random() < drops else None

    def items(_: str, seen: int) -> ItemError | None:
        return ItemError() if dice.random() < errors and seen < 2 else None

    service.fault, service.items = fault, items


async def test_drops_and_server_errors_cost_few_requests(client: BatchClient, service: ScriptedService) -> None:
    troubles(service, 11)
    service.latency = 0.01
    told = await drive(client, service, iter(make_models(COUNT)), ids=make_ids(COUNT), exact=True)
    assert told.report.added == COUNT
    assert len(service.history) <= 1.15 * COUNT / 100


@pytest.mark.slow
async def test_twenty_thousand_in_full_requests(client: BatchClient, service: ScriptedService) -> None:
    told = await drive(client, service, iter(make_models(COUNT)), ids=make_ids(COUNT), exact=True)
    assert told.report.added == COUNT
    assert len(service.history) == COUNT / 100


async def test_peers_12_the_loop_stays_free(client: BatchClient, service: ScriptedService) -> None:
    """Resends of many tasks do not hold up the loop; counted in its own seconds, not in those of a busy machine."""
    troubles(service, 5, errors=0.3)
    gaps: list[float] = []

    async def heartbeat() -> None:
        last = time.thread_time()
        while True:
            await asyncio.sleep(0.005)
            now = time.thread_time()
            gaps.append(now - last)
            last = now

    beating = asyncio.create_task(heartbeat())
    told = await drive(client, service, make_models(10_000), max_requests=8, exact=True)
    beating.cancel()
    assert told.report.added == 10_000
    # Comparing every id with every id would stop the loop at each of a hundred requests; a garbage collection of
    # the whole test process may do so once or twice.
    stops = [gap for gap in gaps if gap > 0.1]
    assert len(stops) <= 2, f"the loop worked without a pause for {stops}"


async def test_the_window_grows_without_tuning(client: BatchClient, service: ScriptedService) -> None:
    """Fifty milliseconds a request: one at a time would take ten seconds."""
    service.latency = 0.05
    told = await drive(client, service, iter(make_models(COUNT)), ids=make_ids(COUNT), exact=True)
    assert told.report.added == COUNT
    assert service.most_in_flight >= 12


async def test_the_window_is_a_bound(client: BatchClient, service: ScriptedService) -> None:
    service.latency = 0.01
    told = await drive(client, service, iter(make_models(COUNT)), ids=make_ids(COUNT), max_requests=3, exact=True)
    assert told.report.added == COUNT
    assert service.most_in_flight == 3
    # Taken and not yet told: what is in flight and what is read ahead, not the input.
    assert told.most_open < COUNT / 2
