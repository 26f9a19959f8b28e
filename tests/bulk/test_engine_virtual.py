"""What only a virtual clock shows: how often the engine wakes, and how much it takes, at every moment of a run."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest
from scripted import Told, follow, hang, make_mappings, when, window_of
from simulated import MemoryService, VirtualLoop, connect, run

from batchio import SubmissionError


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


@pytest.mark.parametrize("seconds", [10.0, 400.0, 100_000.0])
def test_a_process_that_is_stopped_and_goes_on_is_no_dead_service(seconds: float) -> None:
    """Patience is for the service: while the loop stands still, nobody could have read an answer."""

    async def main() -> None:
        loop = asyncio.get_running_loop()
        assert isinstance(loop, VirtualLoop)
        async with MemoryService() as service, connect(service) as client:
            service.latency = 1.0
            async with client.tasks.submitting(service.job, make_mappings(1_000), max_requests=2) as submission:
                await asyncio.sleep(0.5)
                assert submission.progress.in_flight == 2
                loop.stand_still(seconds)
                await follow(submission, Told())
            assert submission.report.added == 1_000

    run(main())


def test_patience_ends_all_the_same_after_it() -> None:
    async def main() -> float:
        loop = asyncio.get_running_loop()
        assert isinstance(loop, VirtualLoop)
        async with MemoryService() as service, connect(service, timeout=1_000.0) as client:
            service.fault = lambda _: hang()
            async with client.tasks.submitting(service.job, make_mappings(10), patience=20.0) as submission:
                await asyncio.sleep(5)
                loop.stand_still(100.0)
                with pytest.raises(SubmissionError, match="no request was accepted for 20 s"):
                    await follow(submission, Told())
            return loop.time()

    assert 119.5 <= run(main()) < 122
