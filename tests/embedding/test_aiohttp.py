"""The aiohttp.web backend of the README, in front of the scripted service."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from typing import Any

import aiohttp
import pytest
from aiohttp import web as server
from readme import Changes, defined, environment_of
from scripted import ScriptedService, hang, item_error, leaves_nothing, make_ids, settled


@pytest.fixture(autouse=True)
def _account(service: ScriptedService, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in environment_of(service).items():
        monkeypatch.setenv(name, value)


@asynccontextmanager
async def backend(changes: Changes | None = None, **options: Any) -> AsyncGenerator[tuple[str, Any]]:
    """The backend's address, and its feed."""
    names = defined("backend.py", changes)
    runner = server.AppRunner(names["app"], **options)
    await runner.setup()
    await server.TCPSite(runner, "127.0.0.1", 0).start()
    _, port, *_ = runner.addresses[0]
    try:
        yield f"http://127.0.0.1:{port}/frames", names["app"][names["FEED"]]
    finally:
        await runner.cleanup()


async def post(web: aiohttp.ClientSession, url: str) -> tuple[int, Any]:
    async with web.post(url) as answer:
        return answer.status, await answer.json() if answer.ok or answer.status == 409 else answer.headers


async def test_many_requests_to_a_backend_are_few_to_the_service(
    web: aiohttp.ClientSession, service: ScriptedService
) -> None:
    service.truth.preload(["frame-7"])
    service.items = lambda task_id, _: item_error() if task_id == "frame-8" else None
    service.latency = 0.05
    with leaves_nothing():
        async with backend() as (address, feed):
            answers = await asyncio.gather(*(post(web, f"{address}/{frame}") for frame in range(600)))
        await web.close()
        await settled()
    assert Counter(status for status, _ in answers) == {201: 598, 409: 1, 422: 1}
    assert answers[7] == (409, {"state": "existed"})
    assert answers[8][0] == 422
    assert sorted(service.truth.adds) == sorted(set(make_ids(600, "frame")) - {"frame-7", "frame-8"})
    assert feed.report.taken == 600
    # 600 requests came in; some of those that went out are full, and none of them was for one task alone as a rule.
    assert len(service.history) < 100


async def test_a_full_feed_is_a_503_with_retry_after(web: aiohttp.ClientSession, service: ScriptedService) -> None:
    service.fault = lambda _: hang(1.0)
    async with backend({"max_pending=5_000": "max_pending=10"}) as (address, _):
        first = [asyncio.create_task(post(web, f"{address}/{frame}")) for frame in range(10)]
        await service.until(lambda: service.processed == 10)
        status, headers = await post(web, f"{address}/10")
        assert (status, headers["Retry-After"]) == (503, "2")
        service.release()
        assert {status for status, _ in await asyncio.gather(*first)} == {201}


@pytest.mark.parametrize("cancels", [False, True])
async def test_a_client_that_goes_disturbs_nobody(
    web: aiohttp.ClientSession, service: ScriptedService, *, cancels: bool
) -> None:
    """Where the handler is cancelled and the task waits for room, it is not sent; otherwise it goes on."""
    service.fault = lambda _: hang(1.0)
    changes = {"max_pending=5_000": "max_pending=1", "if feed.is_full": "if False"}
    async with backend(changes, handler_cancellation=cancels) as (address, feed):
        first = asyncio.create_task(post(web, f"{address}/0"))
        await service.until(lambda: service.processed == 1)
        others = [asyncio.create_task(post(web, f"{address}/{frame}")) for frame in range(1, 5)]
        async with asyncio.timeout(5):
            while feed.waiting < 4:  # noqa: ASYNC110 - what is waited for is the server under test
                await asyncio.sleep(0.001)
            for leaving in others[:2]:
                leaving.cancel()
            while cancels and feed.waiting > 2:  # noqa: ASYNC110 - as above
                await asyncio.sleep(0.001)
        service.fault = None
        service.release()
        assert {status for status, _ in await asyncio.gather(first, *others[2:])} == {201}
        await feed.flush()
        assert (feed.pending, feed.waiting) == (0, 0)
    assert len(service.truth.adds) == (3 if cancels else 5)
