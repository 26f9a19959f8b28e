"""Ending what was begun.

Law: a cancellation may come at any moment, also while a run is being ended, and must not leave it half ended.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable

from ..session.outlasting import outlast


async def finish(work: Awaitable[None]) -> None:
    """Wait for the end of `work`, even while this task is cancelled; the cancellation is passed on after it."""
    task = asyncio.ensure_future(work)
    cancelled = await outlast(task)
    if not task.cancelled():
        task.result()
    if cancelled is not None:
        raise cancelled
