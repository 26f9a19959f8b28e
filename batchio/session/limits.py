"""Time limits that can be cut short.

Law: whoever waits under one waits no longer than it says, and no longer than there is somebody to wait for.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager


class Limits:
    """The limits of all that a client waits for just now, without those of its open connections, which have timers."""

    def __init__(self) -> None:
        self._running: set[asyncio.Timeout] = set()

    @asynccontextmanager
    async def of(self, seconds: float | None) -> AsyncGenerator[None]:
        """A block that takes so long at most, None: any time; raises `TimeoutError`."""
        async with asyncio.timeout(seconds) as limit:
            self._running.add(limit)
            try:
                yield
            finally:
                self._running.discard(limit)

    def end(self) -> None:
        """All of them pass now."""
        now = asyncio.get_running_loop().time()
        for limit in self._running:
            if not limit.expired():
                limit.reschedule(now)
