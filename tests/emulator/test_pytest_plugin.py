from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import pytest

from batchio.emulator import Emulator

if TYPE_CHECKING:
    from batchio import BatchClient

pytest_plugins = ("batchio.pytest_plugin",)


async def test_an_emulator(batch_emulator: Emulator) -> None:
    assert batch_emulator.endpoint.startswith("http://127.0.0.1:")
    _, writer = await asyncio.open_connection("127.0.0.1", int(batch_emulator.endpoint.rpartition(":")[2]))
    writer.close()
    await writer.wait_closed()


async def test_a_client(batch_emulator: Emulator, batch_client: BatchClient) -> None:
    pytest.importorskip("batchio.client")
    job = await batch_client.request("GET", "/jobs")
    assert job is not None
    assert batch_emulator.requests[-1].status == 200


async def test_a_day_later(batch_emulator: Emulator, batch_client: BatchClient) -> None:
    await batch_client.jobs.create(
        {"id": "job", "poolInfo": {"poolId": "p"}, "constraints": {"maxWallClockTime": "PT1H"}}
    )
    batch_emulator.clock.advance(86_400)
    assert (await batch_client.jobs.get("job")).state == "completed"
