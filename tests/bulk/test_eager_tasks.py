"""Loops whose tasks begin at once (Python 3.12 and later): what happens in a task's first step happens sooner."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from scripted import ScriptedService, add_each, connect, drive, judge_feed, make_mappings

from batchio import BatchClient, SubmissionError

EAGER: Any = getattr(asyncio, "eager_task_factory", None)
pytestmark = pytest.mark.skipif(EAGER is None, reason="tasks begin later here")


@pytest.fixture
async def eager(service: ScriptedService) -> AsyncIterator[BatchClient]:
    loop = asyncio.get_running_loop()
    loop.set_task_factory(EAGER)
    try:
        async with connect(service) as client:
            yield client
    finally:
        loop.set_task_factory(None)


async def test_a_callback_that_raises_at_once(eager: BatchClient, service: ScriptedService) -> None:
    """The run is stopped before its parts are all there, and its input gives nothing that could wake it."""
    stopped = asyncio.Event()

    async def silent() -> AsyncIterator[Any]:
        await stopped.wait()
        yield {}

    def refuse(_: object) -> None:
        raise ValueError("no more")

    with pytest.raises(SubmissionError, match="ValueError: no more"):
        async with asyncio.timeout(10):
            await eager.tasks.submit(service.job, silent(), progress=refuse)


async def test_a_run_and_a_feed(eager: BatchClient, service: ScriptedService, tmp_path: Path) -> None:
    told = await drive(eager, service, make_mappings(1_050), journal=tmp_path / "journal", exact=True)
    assert told.report.added == 1_050
    service.history.clear()
    service.truth.adds.clear()
    async with eager.tasks.feed(service.job) as feed:
        outcomes = await add_each(feed, make_mappings(250))
    judge_feed(service, feed, outcomes, exact=True)
