from __future__ import annotations

import os
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from typing import NamedTuple

import aiohttp
import pytest_asyncio

from batchio import BatchClient, RetryPolicy
from batchio.emulator import Clock, Emulator

from .wire import Wire

PROCESSES = [
    *("test_processes.py", "test_process_service.py", "test_process_db.py"),
    *("test_beneath.py", "test_foreman.py", "test_real_files.py"),
]
# Process groups and locks of files are POSIX's.
collect_ignore = [] if os.name == "posix" else PROCESSES


class AccessToken(NamedTuple):
    token: str
    expires_on: int


def standing_clock() -> Clock:
    return Clock(datetime(2024, 7, 1, 12, 0, 0, 123456, tzinfo=UTC), frozen=True)


@pytest_asyncio.fixture
async def emulator() -> AsyncIterator[Emulator]:
    """An emulator whose clock moves only when the test moves it."""
    async with Emulator(clock=standing_clock()) as emulator:
        yield emulator


@pytest_asyncio.fixture
async def wire(emulator: Emulator) -> AsyncIterator[Wire]:
    async with aiohttp.ClientSession() as session:
        yield Wire(emulator, session)


@pytest_asyncio.fixture
async def working() -> AsyncIterator[Wire]:
    """An emulator with simulated nodes, on such a clock."""
    async with (
        Emulator(clock=standing_clock(), nodes="simulate", auth="loose") as emulator,
        aiohttp.ClientSession() as session,
    ):
        yield Wire(emulator, session)


class Token:
    """Signs without a date: the clock of the emulator is far from the client's."""

    async def get_token(self, *_: str, **__: object) -> AccessToken:
        return AccessToken("token", 9_999_999_999)


@pytest_asyncio.fixture
async def client(working: Wire) -> AsyncIterator[BatchClient]:
    """Our own client of the emulator with simulated nodes."""
    async with BatchClient(working.emulator.endpoint, Token(), retry=RetryPolicy(attempts=1)) as client:
        yield client
