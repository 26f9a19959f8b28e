"""Fixtures for the tests of those who use batchio, and for our own.

Law: each test gets an emulator of its own and finds nothing of another test in it.

`batch_emulator` is a running `batchio.emulator.Emulator`, `batch_client` a `batchio.BatchClient` that talks to it.
Both need pytest-asyncio (`pip install 'batchio[pytest]'`). Switch them on with `addopts = -p batchio.pytest_plugin` in
the settings of pytest, or with `pytest_plugins = ["batchio.pytest_plugin"]` in a `conftest.py`.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import TYPE_CHECKING

import pytest_asyncio

if TYPE_CHECKING:
    from . import BatchClient
    from .emulator import Emulator


@pytest_asyncio.fixture
async def batch_emulator() -> AsyncIterator[Emulator]:
    """A local Batch service, in memory, on a free port of the loopback."""
    from .emulator import Emulator  # noqa: PLC0415  # whoever uses no fixture pays for nothing

    async with Emulator() as emulator:
        yield emulator


@pytest_asyncio.fixture
async def batch_client(batch_emulator: Emulator) -> AsyncIterator[BatchClient]:
    """A client of `batch_emulator`."""
    from . import BatchClient  # noqa: PLC0415  # as above

    async with BatchClient(batch_emulator.endpoint, batch_emulator.credential) as client:
        yield client
