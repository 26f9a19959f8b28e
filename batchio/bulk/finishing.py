"""Ending what was begun.

Law: a cancellation may come at any moment, also while a run is being ended, and must not leave it half ended.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable


async def finish(work: Awaitable[None]) -> None:
    """Wait for the end of `work`, even while this task is cancelled; the cancellation is passed on after it."""
    task = asyncio.ensure_future(work)
    cancelled: asyncio.CancelledError | None = None
    while not task.done():
        try:
            # Not shield, which does not tell who was cancelled: the work, or whoever waits for it.
            await asyncio.wait([task])
        except asyncio.CancelledError as error:
            cancelled = cancelled or error
    if not task.cancelled():
        task.result()
    if cancelled is not None:
        raise cancelled
