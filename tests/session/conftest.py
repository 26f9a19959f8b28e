"""Fixtures of the session's tests."""

from __future__ import annotations

from collections.abc import AsyncIterator

import hypothesis
import pytest

from batchio import BatchClient

from .driving import Clock, connect, stray_tasks
from .server import Server

# How long an example takes says more of the machine than of the code.
hypothesis.settings.register_profile("batchio", deadline=None)
hypothesis.settings.load_profile("batchio")


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
