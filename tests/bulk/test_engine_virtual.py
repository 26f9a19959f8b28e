"""What only a virtual clock shows: how often the engine wakes, and how much it takes, at every moment of a run."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest
from scripted import ItemError, Told, drop, fail, follow, for_requests, hang, make_mappings, refuse, when, window_of
from simulated import MemoryService, VirtualLoop, connect, run

from batchio import SubmissionError, SubmissionProgress, SubmissionReport


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


def test_progress_and_report_to_the_second() -> None:
    async def main() -> tuple[SubmissionProgress, SubmissionReport, int]:
        async with MemoryService() as service, connect(service) as client:
            service.latency = 2.0
            service.truth.preload(["task-7"])
            service.fault = for_requests([2], refuse(429, retry_after="3"))
            options: dict[str, Any] = {"max_requests": 2, "terminate_when_complete": True}
            async with client.tasks.submitting(service.job, make_mappings(400), **options) as submission:
                assert (submission.report.elapsed, submission.report.tasks_per_second) == (0.0, 0.0)
                reading = asyncio.create_task(follow(submission, Told()))
                await asyncio.sleep(4.3)
                progress = submission.progress
                await reading
            return progress, submission.report, sum(record.size for record in service.history)

    progress, report, size = run(main())
    assert (progress.taken, progress.done, progress.in_flight) == (400, 100, 2)
    assert {state: count for state, count in progress.outcomes.items() if count} == {"added": 99, "existed": 1}
    assert (progress.requests, progress.retries, progress.refused) == (3, 1, 1)
    assert (progress.window, progress.pacing) == (2, "seeking")
    assert progress.elapsed == pytest.approx(4.3, abs=0.01)
    # A hundred in the quarter of a second after the second one, and none since.
    assert progress.rate == pytest.approx(400 * 0.875**9, rel=0.01)
    assert progress.lost == pytest.approx({"input": 0.0, "service": 4.25, "consumer": 0.0}, abs=0.01)
    assert (report.taken, report.added, report.existed) == (400, 399, 1)
    assert (report.requests, report.retries, report.refused, report.bytes_sent) == (5, 1, 1, size)
    assert 7.0 < report.elapsed < 7.5
    assert report.tasks_per_second == pytest.approx(400 / report.elapsed)
    assert report.job_terminates is True


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


def test_a_part_of_a_request_leaves_when_it_is_old_enough() -> None:
    """As late as `linger` says, to the millisecond; and at once where nothing more will come."""

    async def took(count: int, **options: Any) -> float:
        loop = asyncio.get_running_loop()
        async with (
            MemoryService() as service,
            connect(service) as client,
            client.tasks.feed(service.job, **options) as feed,
        ):
            begun = loop.time()
            await asyncio.gather(*(feed.add(task) for task in make_mappings(count)))
            return loop.time() - begun

    for linger in (0.01, 0.07, 3.0):
        assert run(took(5, linger=linger)) == pytest.approx(linger, abs=0.002)
        assert run(took(100, linger=linger)) < 0.005


@pytest.mark.parametrize("count", [1, 99, 101])
def test_the_end_of_the_input_waits_for_nothing(count: int) -> None:
    async def main() -> float:
        async with MemoryService() as service, connect(service) as client:
            report = await client.tasks.submit(service.job, make_mappings(count))
            assert report.added == count
            return report.elapsed

    assert run(main()) < 0.008


@pytest.mark.parametrize("whole", [False, True], ids=["tasks", "a request"])
def test_what_failed_leaves_again_when_it_is_due(*, whole: bool) -> None:
    """At the end of the jitter a quarter of a second after the first failure, and half a second after the next."""

    async def main() -> float:
        async with MemoryService() as service, connect(service) as client:
            if whole:
                service.fault = for_requests([1, 2], fail(500))
            else:
                service.items = lambda _, tries: None if tries > 1 else ItemError()
            client._session.rng.uniform = max  # type: ignore[assignment]  # the end of the jitter
            return (await client.tasks.submit(service.job, make_mappings(10))).elapsed

    assert run(main()) == pytest.approx(0.25 + 0.5, abs=0.01)


def test_the_pacing_is_told_of_every_try() -> None:
    """Whatever a request meets: who leaves without a word leaves faster than the service allows."""

    async def main() -> tuple[int, int]:
        async with MemoryService() as service, connect(service) as client:
            acts = [refuse(429, retry_after="1"), fail(401), drop(), fail(500), hang(), drop(1.0)]
            service.fault = lambda record: acts[record.number % 20] if record.number % 20 < len(acts) else None
            pacing: Any = client
            pacing, departures = pacing._gate.pacing, 0
            told = pacing.sent

            def sent(now: float) -> None:
                nonlocal departures
                departures += 1
                told(now)

            pacing.sent = sent
            report = await client.tasks.submit(service.job, make_mappings(3_000), attempts=100)
            assert report.added == 3_000
            return departures, report.requests

    departures, requests = run(main())
    assert departures == requests
