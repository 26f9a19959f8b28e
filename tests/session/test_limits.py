"""Time limits that can be cut short."""

from __future__ import annotations

import asyncio

import pytest

from batchio.session.limits import Limits


async def for_ever(limits: Limits, seconds: float | None) -> None:
    """A block that only its limit ends."""
    async with limits.of(seconds):
        await asyncio.Event().wait()


async def test_a_limit_passes() -> None:
    with pytest.raises(TimeoutError):
        await for_ever(Limits(), 0.0)


async def test_all_limits_end_at_once() -> None:
    limits = Limits()
    async with limits.of(None):
        pass
    waiting = [asyncio.create_task(for_ever(limits, seconds)) for seconds in (None, 3600.0)]
    await asyncio.sleep(0)
    limits.end()
    assert [type(error) for error in await asyncio.gather(*waiting, return_exceptions=True)] == [TimeoutError] * 2
    limits.end()  # those that are over do not matter any more


async def test_a_limit_that_has_passed_already_does_not_keep_the_others_from_ending() -> None:
    limits = Limits()

    async def end_late() -> None:
        async with limits.of(0.0):
            try:
                await asyncio.Event().wait()
            finally:
                limits.end()

    waiting = asyncio.create_task(for_ever(limits, None))
    with pytest.raises(TimeoutError):
        await end_late()
    with pytest.raises(TimeoutError):
        await waiting
