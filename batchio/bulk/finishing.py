"""Ending what was begun.

Law: a cancellation may come at any moment, also while a run is being ended, and must not leave it half ended.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable

from anyio import CancelScope


async def finish(work: Awaitable[None]) -> None:
    """Wait for the end of `work`, even while this task is cancelled; the cancellation is passed on after it."""
    task = asyncio.ensure_future(work)
    cancelled: asyncio.CancelledError | None = None
    # A scope of anyio, in which web frameworks run their handlers, cancels at every turn of the loop until it is left:
    # with a disk that is slow to take a journal's end, that would be a busy loop.
    with CancelScope(shield=True):
        while not task.done():
            try:
                # Not asyncio's shield, which does not tell who was cancelled: the work, or whoever waits for it.
                await asyncio.wait([task])
            except asyncio.CancelledError as error:
                cancelled = cancelled or error
    if not task.cancelled():
        task.result()
    if cancelled is not None:
        raise cancelled
