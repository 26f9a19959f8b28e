from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import UTC, datetime

import aiohttp
import pytest_asyncio

from batchio.emulator import Clock, Emulator

from .wire import Wire


@pytest_asyncio.fixture
async def emulator() -> AsyncIterator[Emulator]:
    """An emulator whose clock moves only when the test moves it."""
    async with Emulator(clock=Clock(datetime(2024, 7, 1, 12, 0, 0, 123456, tzinfo=UTC), frozen=True)) as emulator:
        yield emulator


@pytest_asyncio.fixture
async def wire(emulator: Emulator) -> AsyncIterator[Wire]:
    async with aiohttp.ClientSession() as session:
        yield Wire(emulator, session)
