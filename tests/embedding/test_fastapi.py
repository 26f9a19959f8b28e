"""The FastAPI backend of the README, under uvicorn, in front of the scripted service."""

from __future__ import annotations

import asyncio
import json
from collections import Counter
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from readme import Changes, defined, environment_of
from scripted import ScriptedService, fail, hang, item_error, leaves_nothing, make_ids, settled

from .servers import under_uvicorn

pytest.importorskip("fastapi")


@pytest.fixture(autouse=True)
def _account(service: ScriptedService, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name, value in environment_of(service).items():
        monkeypatch.setenv(name, value)
    monkeypatch.chdir(tmp_path)


@asynccontextmanager
async def backend(changes: Changes | None = None) -> AsyncGenerator[tuple[str, Any]]:
    """The backend's address, and its state."""
    app = defined("film.py", changes)["app"]
    async with under_uvicorn(app) as address:
        yield address, app.state


async def put(web: aiohttp.ClientSession, url: str) -> tuple[int, Any, str | None]:
    async with web.put(url) as answer:
        return answer.status, await answer.json(), answer.headers.get("Retry-After")


async def test_many_requests_share_one_client(web: aiohttp.ClientSession, service: ScriptedService) -> None:
    """Each gets the outcome of its own task, and few requests carry them."""
    service.latency = 0.05
    service.truth.preload(["frame-7"])
    service.items = lambda task_id, _: item_error() if task_id == "frame-9" else None
    with leaves_nothing():
        async with backend() as (address, state):
            answers = await asyncio.gather(*(put(web, f"{address}/frames/{frame}") for frame in range(400)))
        assert state.feed.report.taken == 400
        await web.close()
        await settled()
    assert Counter(status for status, *_ in answers) == {201: 398, 200: 1, 422: 1}
    assert answers[7] == (200, {"state": "existed"}, None)
    assert answers[9] == (422, {"state": "rejected"}, None)
    assert sorted(service.truth.adds) == sorted(set(make_ids(400, "frame")) - {"frame-7", "frame-9"})
    assert set(service.truth.adds.values()) == {1}
    assert len(service.history) < 80


async def test_a_full_feed_is_a_503_with_retry_after(web: aiohttp.ClientSession, service: ScriptedService) -> None:
    service.fault = lambda _: hang(1.0)
    async with backend({"max_pending=5_000": "max_pending=20"}) as (address, state):
        first = [asyncio.create_task(put(web, f"{address}/frames/{frame}")) for frame in range(20)]
        await service.until(lambda: service.processed == 20)
        assert state.feed.is_full
        # Nobody waits: the service has answered nothing yet.
        refused = await asyncio.gather(*(put(web, f"{address}/frames/{frame}") for frame in range(20, 30)))
        assert refused == [(503, {"detail": "busy"}, "2")] * 10
        service.fault = None
        service.release()
        again = [asyncio.create_task(put(web, f"{address}/frames/{frame}")) for frame in range(20, 30)]
        assert {status for status, *_ in await asyncio.gather(*first, *again)} == {201}
    assert sorted(service.truth.adds) == sorted(make_ids(30, "frame"))


async def test_who_has_no_outcome_in_time_asks_again(web: aiohttp.ClientSession, service: ScriptedService) -> None:
    service.fault = lambda _: hang(1.0)
    async with backend({"timeout(30)": "timeout(0.05)"}) as (address, _):
        assert await put(web, f"{address}/frames/1") == (504, {"detail": "no outcome yet: ask again"}, None)
        service.fault = None
        service.release()
        assert await put(web, f"{address}/frames/1") == (200, {"state": "existed"}, None)


async def test_a_client_that_goes_disturbs_nobody(web: aiohttp.ClientSession, service: ScriptedService) -> None:
    service.fault = lambda _: hang(1.0)
    async with backend() as (address, state):
        staying = [asyncio.create_task(put(web, f"{address}/frames/{frame}")) for frame in range(0, 100, 2)]
        leaving = [asyncio.create_task(put(web, f"{address}/frames/{frame}")) for frame in range(1, 100, 2)]
        await service.until(lambda: service.processed == 100)
        for each in leaving:
            each.cancel()
        await asyncio.gather(*leaving, return_exceptions=True)
        service.fault = None
        service.release()
        assert {status for status, *_ in await asyncio.gather(*staying)} == {201}
        await state.feed.flush()
        assert state.feed.pending == 0
    assert sorted(service.truth.adds) == sorted(make_ids(100, "frame"))


async def test_a_feed_that_has_stopped_is_a_503(
    web: aiohttp.ClientSession, service: ScriptedService, caplog: pytest.LogCaptureFixture
) -> None:
    service.job_error = (404, "JobNotFound")
    async with backend() as (address, _):
        first = await put(web, f"{address}/frames/1")
        later = await put(web, f"{address}/frames/2")
    assert first == (503, {"state": "not_sent"}, None)
    assert later == (503, {"detail": "takes no tasks"}, "60")
    # Whoever runs it sees why.
    assert "the feed stopped: Tasks_CreateTaskCollection: 404 JobNotFound" in caplog.text


async def test_an_outage_is_waited_out(web: aiohttp.ClientSession, service: ScriptedService) -> None:
    async with backend() as (address, _):
        service.fault = lambda _: fail(503, "ServerBusy")
        asking = [asyncio.create_task(put(web, f"{address}/frames/{frame}")) for frame in range(50)]
        await service.until(lambda: len(service.history) > 2)
        service.fault = None
        assert {status for status, *_ in await asyncio.gather(*asking)} == {201}
    assert sorted(service.truth.adds) == sorted(make_ids(50, "frame"))


async def events(web: aiohttp.ClientSession, url: str) -> list[tuple[str, str]]:
    """All events of a stream, name and data, up to its end."""
    async with web.get(url) as answer:
        assert answer.content_type == "text/event-stream"
        text = await answer.text()
    lines = [dict(line.split(": ", 1) for line in event.split("\n")) for event in text.split("\n\n") if event]
    return [(each.get("event", "message"), each["data"]) for each in lines]


async def test_progress_as_server_sent_events(web: aiohttp.ClientSession, service: ScriptedService) -> None:
    service.latency = 0.02
    with leaves_nothing():
        async with backend() as (address, _):
            assert (await put(web, f"{address}/films/1?frames=20000"))[0] == 202
            assert (await put(web, f"{address}/films/1?frames=20000"))[0] == 202
            *progress, (name, end) = await events(web, f"{address}/films/1/progress")
            assert (await events(web, f"{address}/films/1/progress")) == [(name, end)]
            async with web.get(f"{address}/films/2/progress") as answer:
                assert answer.status == 404
        await web.close()
        await settled()
    assert (name, end) == ("end", "20000 added")
    assert progress
    done = [json.loads(data)["done"] for _, data in progress]
    assert done == sorted(done)
    assert len(service.truth.adds) == 20_000


async def test_a_film_goes_on_after_a_restart(web: aiohttp.ClientSession, service: ScriptedService) -> None:
    service.latency = 0.02
    async with backend() as (address, _):
        await put(web, f"{address}/films/1?frames=50000")
        await service.until(lambda: service.processed > 2_000)
    assert 2_000 < len(service.truth.adds) < 50_000
    async with backend() as (address, _):
        await put(web, f"{address}/films/1?frames=50000")
        *_, end = await events(web, f"{address}/films/1/progress")
    assert end == ("end", "50000 added")
    assert len(service.truth.adds) == 50_000
    assert set(service.truth.adds.values()) == {1}


async def test_who_reads_the_progress_may_go(web: aiohttp.ClientSession, service: ScriptedService) -> None:
    service.fault = lambda _: hang(1.0)
    async with backend() as (address, _):
        await put(web, f"{address}/films/1?frames=100")
        async with web.get(f"{address}/films/1/progress") as answer:
            assert (await answer.content.readline()).startswith(b"data: {")
        service.fault = None
        await service.until(lambda: service.processed == 100)
        service.release()
        *_, end = await events(web, f"{address}/films/1/progress")
    assert end == ("end", "100 added")
