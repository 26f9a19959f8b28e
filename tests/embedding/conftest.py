"""What tests of embedding share."""

from __future__ import annotations

from collections.abc import AsyncIterator

import aiohttp
import pytest


@pytest.fixture
async def web() -> AsyncIterator[aiohttp.ClientSession]:
    """Browsers: as many connections as they want."""
    async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0)) as session:
        yield session
