"""Fixtures of the session's tests."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from batchio import BatchClient

from .driving import Clock, connect, stray_tasks
from .server import Server


@pytest.fixture
async def server() -> AsyncIterator[Server]:
    async with Server() as server:
        yield server


@pytest.fixture
async def client(server: Server) -> AsyncIterator[BatchClient]:
    async with connect(server) as client:
        yield client
    await server.is_left()
    assert not stray_tasks(server)


@pytest.fixture
def clock() -> Clock:
    return Clock()
