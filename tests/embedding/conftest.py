"""What tests of embedding share."""

from __future__ import annotations

from collections.abc import AsyncIterator

import aiohttp
import pytest


@pytest.fixture
async def web() -> AsyncIterator[aiohttp.ClientSession]:
    """Browsers: two hundred connections, both ends of which are in this process."""
    async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=200)) as session:
        yield session
