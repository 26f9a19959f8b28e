"""Waiting that a cancellation does not end.

Law: it waits to the end, and swallows nothing: whoever was cancelled meanwhile gets it back, to pass it on.
"""

from __future__ import annotations

import asyncio
from typing import Any

from anyio import CancelScope


async def outlast(work: asyncio.Future[Any]) -> asyncio.CancelledError | None:
    """Wait until `work` is done, even while this task is cancelled; gives the first cancellation."""
    cancelled: asyncio.CancelledError | None = None
    # A scope of anyio, in which web frameworks run their handlers, cancels at every turn of the loop until it is left:
    # with a slow disk that would be a busy loop.
    with CancelScope(shield=True):
        while not work.done():
            try:
                # Not asyncio's shield, which does not tell who was cancelled: the work, or whoever waits for it.
                await asyncio.wait([work])
            except asyncio.CancelledError as error:
                cancelled = cancelled or error
    return cancelled
