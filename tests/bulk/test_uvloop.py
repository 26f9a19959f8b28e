"""The engine, the feed and single calls on uvloop, where it is installed: uvicorn and others bring it."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Coroutine
from typing import Any

import pytest
from scripted import Act, ScriptedService, add_each, chance, connect, drive, drop, fail, judge_feed, make_mappings

from batchio import BatchClient, ConnectError, RequestTimeoutError, RetryPolicy
from batchio.bulk.gate import Gate
from batchio.bulk.pacing import RatePacing
from batchio.emulator import Emulator

uvloop: Any = pytest.importorskip("uvloop")


def on_uvloop(main: Coroutine[Any, Any, None]) -> None:
    """Run a test where nothing is asyncio's own."""
    uvloop.run(main, debug=True)


@pytest.mark.parametrize(
    "acts",
    [
        [],
        # Refusals bring a rate, and with it waits of less than a millisecond.
        [(0.2, fail(429, "TooManyRequests"))],
        [(0.05, drop(0.5)), (0.05, fail(503, "ServerBusy")), (0.05, Act(hold=0.01))],
    ],
    ids=["well", "refused", "ill"],
)
def test_a_submission(acts: list[tuple[float, Act]]) -> None:
    async def main() -> None:
        async with ScriptedService() as service, connect(service) as client:
            service.fault = chance(1, acts)
            told = await drive(client, service, make_mappings(3_000))
            assert told.report.added == 3_000

    on_uvloop(main())


class Soon(RatePacing):
    """Lets the next one leave very soon, again and again."""

    def __init__(self) -> None:
        super().__init__()
        self.looks = 0

    def next_at(self, now: float) -> float:
        self.looks += 1
        return now + 0.0001 if self.looks < 100 else now


def test_waits_for_which_uvloop_has_no_timer() -> None:
    async def main() -> None:
        gate = Gate(Soon())
        entering = [asyncio.create_task(gate.enter()) for _ in range(5)]
        async with asyncio.timeout(10):
            await asyncio.gather(*entering)
        assert gate.in_flight == 5

    on_uvloop(main())


def test_a_feed() -> None:
    async def main() -> None:
        async with ScriptedService() as service, connect(service) as client:
            service.fault = chance(1, [(0.2, fail(429, "TooManyRequests"))])
            async with client.tasks.feed(service.job) as feed:
                outcomes = await add_each(feed, make_mappings(1_000))
            judge_feed(service, feed, outcomes)

    on_uvloop(main())


def test_single_calls() -> None:
    async def main() -> None:
        async with Emulator() as emulator:
            async with BatchClient(emulator.endpoint, emulator.credential) as client:
                await client.jobs.create({"id": "j", "poolInfo": {"poolId": "p"}})
                await client.tasks.submit("j", make_mappings(2_500))
                assert len([task async for task in client.tasks.list("j", select="id")]) == 2_500
            async with BatchClient(emulator.endpoint, emulator.credential, retry=RetryPolicy(attempts=1)) as client:
                await client.jobs.get("j")
                for _ in range(300):
                    with contextlib.suppress(RequestTimeoutError, ConnectError):
                        await client.jobs.get("j", timeout=0.0004)
                await client.jobs.get("j")

    on_uvloop(main())
