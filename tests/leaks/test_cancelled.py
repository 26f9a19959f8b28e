"""Whoever limits the time of a call, or is stopped, gets an error that has the frames of what was cancelled."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import pytest
from session.server import HANG, End, Heard, Reply, Server, answer

from batchio import BatchClient, TaskTokenCredential
from batchio.session import transport

from .marks import check, mark, shown_by


async def _list(client: BatchClient) -> None:
    async for _ in client.jobs.list():
        pass


async def _read(client: BatchClient) -> None:
    async with client.tasks.get_file("j", "t", "out") as file:
        await file.read()


WAYS: dict[str, Callable[[BatchClient], Awaitable[Any]]] = {
    "call": lambda client: client.jobs.get("j"),
    "call with a body": lambda client: client.jobs.enable("j"),
    "list": _list,
    "file": _read,
    "wait": lambda client: client.jobs.wait("j"),
    "own request": lambda client: client.request("GET", "/x"),
}


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("is_known", [True, False])
async def test_a_limit_of_the_callers_own(
    server: Server, monkeypatch: pytest.MonkeyPatch, way: str, *, is_known: bool
) -> None:
    monkeypatch.setattr(transport, "IS_KNOWN", is_known)
    server.otherwise = HANG
    async with BatchClient(server.endpoint, TaskTokenCredential(mark("token"))) as client:
        with pytest.raises(TimeoutError) as caught:
            await _limited(server, WAYS[way](client))
        check(shown_by(caught.value), way)
    assert server.heard[0].headers["authorization"].endswith(mark("token"))


async def _limited(server: Server, call: Awaitable[Any]) -> None:
    """The time is over as soon as something was heard."""
    async with asyncio.timeout(None) as limit:
        hearing = asyncio.ensure_future(server.hears(1))
        hearing.add_done_callback(lambda _: limit.reschedule(0.0))
        await call


async def test_a_file_that_stops_in_the_middle(server: Server) -> None:
    def half(_: Heard) -> Reply:
        return Reply(answer(200, bytes(1000)).data[:-1], End.HOLD)

    server.otherwise = half
    async with BatchClient(server.endpoint, TaskTokenCredential(mark("token"))) as client:
        reading = asyncio.create_task(_read(client))
        await server.hears(1)
        reading.cancel()
        with pytest.raises(asyncio.CancelledError) as caught:
            await reading
        check(shown_by(caught.value), "file")
