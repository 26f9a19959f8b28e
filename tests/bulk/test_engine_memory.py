"""A run costs the window, not the input (peers 20)."""

from __future__ import annotations

import asyncio
import gc
import tracemalloc

import pytest
from scripted import ScriptedService

from batchio import BatchClient
from batchio.models import TaskAddParameter


async def peak(client: BatchClient, service: ScriptedService, count: int) -> int:
    """The most bytes that a run of so many generated tasks held at once."""
    gc.collect()
    tracemalloc.start()
    try:
        tasks = (TaskAddParameter(id=f"task-{n}", command_line="run") for n in range(count))
        report = await client.tasks.submit(service.job, tasks, max_requests=16)
        assert (report.added, report.taken) == (count, count)
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


@pytest.mark.slow
async def test_peers_20_memory_does_not_grow_with_the_input(client: BatchClient, service: ScriptedService) -> None:
    service.forget = True
    # The loop's debugging keeps a stack for every callback, which is neither ours nor cheap.
    asyncio.get_running_loop().set_debug(False)
    await peak(client, service, 2_000)
    small = await peak(client, service, 8_000)
    large = await peak(client, service, 40_000)
    assert service.processed == 50_000
    assert large < 1.2 * small + 500_000, f"{small} bytes for 8,000 tasks, {large} for 40,000"
    assert large < 16_000_000, f"{large} bytes"
