"""What only a virtual clock shows: how often the engine wakes, and how much it takes, at every moment of a run."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest
from scripted import Told, follow, hang, make_mappings, when, window_of
from simulated import MemoryService, connect, run


class _Turns:
    """Counts how often the dispatcher looks for a request to send."""

    def __init__(self, submission: Any) -> None:
        self.count = 0
        self._look = submission._engine.feeder.prepare
        submission._engine.feeder.prepare = self._prepare

    def _prepare(self) -> Any:
        self.count += 1
        assert self.count < 1_000, "the dispatcher turns and turns"
        return self._look()


def test_a_full_window_is_waited_for_without_turning() -> None:
    """A part of a request whose time to linger has passed, and no place for it."""

    async def main() -> int:
        async with MemoryService() as service, connect(service, timeout=60.0) as client:
            service.fault = when(lambda _: True, hang(), times=2)

            async def tasks() -> AsyncIterator[Any]:
                for task in make_mappings(90):
                    yield task
                await asyncio.sleep(50)

            async with client.tasks.submitting(service.job, tasks(), max_requests=2, max_body=1_000) as submission:
                turns = _Turns(submission)
                await asyncio.sleep(30)
                assert submission.progress.in_flight == 2
                seen = turns.count
                await follow(submission, Told())
                assert submission.report.added == 90
                return seen

    assert run(main()) < 50


@pytest.mark.parametrize("size", [1, 7, 100, 2_000])
def test_lists_do_not_overfill_the_window(size: int) -> None:
    """What was read ahead is held, too: no more of it than one list beyond the window."""
    given = 0

    async def lists() -> AsyncIterator[Any]:
        nonlocal given
        for start in range(0, 100_000, size):
            given = min(100_000, start + size)
            yield make_mappings(size, f"of-{start}")

    async def main() -> int:
        async with MemoryService() as service, connect(service) as client:
            service.forget, service.latency = True, 0.05
            async with client.tasks.submitting(service.job, lists(), max_requests=4) as submission:
                await asyncio.sleep(60)
                held = given - sum([len(outcomes) async for outcomes in _first(submission)])
                assert submission.progress.taken <= window_of(4) + size
                return held

    assert run(main()) <= window_of(4) + 2_000 + 2 * size


async def _first(submission: Any) -> AsyncIterator[Any]:
    """What is told without anybody reading on."""
    yield await anext(submission)
