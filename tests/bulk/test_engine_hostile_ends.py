"""Runs that end as none should: nobody waits for ever, nothing stays open, what may be there is not told as absent."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from scripted import (
    Act,
    OutcomeError,
    ScriptedService,
    drive,
    hang,
    leaves_nothing,
    make_ids,
    make_mappings,
    make_models,
    refuse,
    submit,
)

from batchio import BatchClient, ConfigurationError, SubmissionError, SubmissionProgress
from batchio.bulk.recorder import Recorder

# Blocks.


@pytest.mark.parametrize("journal", [False, True])
async def test_a_block_that_is_left_before_the_run_has_begun(
    client: BatchClient, service: ScriptedService, tmp_path: Path, *, journal: bool
) -> None:
    path = tmp_path / "journal" if journal else None
    with leaves_nothing():
        run = client.tasks.submitting(service.job, make_mappings(10), journal=path)
        with pytest.raises(KeyError):
            async with run:
                raise KeyError
        assert run.report.taken == 0
        async with asyncio.timeout(20):
            assert [outcomes async for outcomes in run] == []
    # Its journal is free for the next one.
    report = await client.tasks.submit(service.job, make_mappings(10), journal=path)
    assert report.added == 10


async def test_a_submission_is_entered_once(client: BatchClient, service: ScriptedService) -> None:
    async with client.tasks.submitting(service.job, iter(make_mappings(300)), max_requests=1) as run:
        async for _ in run:
            break
    with pytest.raises(RuntimeError, match="a submission is entered once"):
        async with run:
            raise AssertionError("begun again")


# What the caller brings.


@pytest.mark.parametrize("error", [asyncio.CancelledError(), OutcomeError("enough"), ValueError()])
async def test_progress_that_raises_anything_ends_the_run_and_keeps_its_limits(
    client: BatchClient, service: ScriptedService, error: BaseException
) -> None:
    service.fault = lambda _: hang()

    def progress(now: SubmissionProgress) -> None:
        if now.in_flight:
            raise error

    told = await drive(
        client, service, make_mappings(150), fails=SubmissionError, complete=False, progress=progress, deadline=2.0
    )
    assert f"stopped: {type(error).__name__}" in str(told.error)
    assert told.error is not None
    assert told.error.__cause__ is error


class AsyncCall:
    async def __call__(self, now: SubmissionProgress) -> None: ...


async def _async(now: SubmissionProgress) -> None: ...


@pytest.mark.parametrize("progress", [_async, AsyncCall()])
async def test_progress_that_nobody_would_await(
    client: BatchClient, service: ScriptedService, progress: Callable[[SubmissionProgress], object]
) -> None:
    with pytest.raises(ConfigurationError, match="progress: a function that is not async or None"):
        await client.tasks.submit(service.job, make_mappings(1), progress=progress)
    assert service.history == []


@pytest.mark.parametrize("error", [RuntimeError("after the answer"), OutcomeError("after the answer")])
async def test_what_a_middleware_breaks_may_be_there(service: ScriptedService, error: BaseException) -> None:
    async def broken(request: aiohttp.ClientRequest, handler: aiohttp.ClientHandlerType) -> aiohttp.ClientResponse:
        (await handler(request)).close()
        raise error

    async with (
        aiohttp.ClientSession(middlewares=[broken]) as session,
        BatchClient(service.endpoint, service.credential, session=session) as client,
    ):
        with pytest.raises(SubmissionError, match="after the answer") as caught:
            await client.tasks.submit(service.job, make_mappings(10))
    assert caught.value.report.unknown == 10
    assert len(service.truth.adds) == 10


# What the service, or somebody on the way, answers.


@pytest.mark.parametrize("status", [201, 202, 203, 204, 206, 226])
async def test_another_success_may_be_one(client: BatchClient, service: ScriptedService, status: int) -> None:
    service.fault = lambda record: Act(status=status, text=b"") if record.number == 1 else None
    told = await submit(client, service, make_models(10), exact=True)
    assert told.report.added == 10
    assert not any(outcome.confirmed for outcome in told.outcomes.values())


@pytest.mark.parametrize("status", [202, 204])
async def test_another_success_for_ever(client: BatchClient, service: ScriptedService, status: int) -> None:
    service.fault = lambda _: Act(status=status, text=b"", share=0.5)
    told = await drive(client, service, make_models(10), attempts=2)
    assert told.report.unknown == 10


# What breaks inside.


async def test_a_helper_that_breaks_ends_the_run(
    client: BatchClient, service: ScriptedService, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As when a container has no thread left for what brings the journal to disk: nothing would ever be reserved."""

    def refuse_thread(*_: Any) -> Any:
        raise RuntimeError("can't start new thread")

    run = client.tasks.submitting(service.job, make_mappings(10), journal=tmp_path / "journal")
    with monkeypatch.context() as patch:
        async with asyncio.timeout(20):
            await run.__aenter__()
            patch.setattr(asyncio.get_running_loop(), "run_in_executor", refuse_thread)
            with contextlib.suppress(SubmissionError):
                async for _ in run:
                    pass
            await run.__aexit__(None, None, None)
    assert (run.report.not_sent, run.report.taken) == (10, 10)
    assert service.history == []
    report = await client.tasks.submit(service.job, make_mappings(10), journal=tmp_path / "journal")
    assert report.added == 10


async def test_an_end_that_breaks_is_told(
    client: BatchClient, service: ScriptedService, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: Any) -> Any:
        raise ValueError("broken")

    monkeypatch.setattr(Recorder, "take", broken)
    service.fault = lambda _: refuse(429)
    run = client.tasks.submitting(service.job, make_mappings(10), journal=tmp_path / "journal", deadline=0.2)
    with leaves_nothing():
        async with asyncio.timeout(20), run:
            with pytest.raises(SubmissionError, match=r"deadline|ValueError: broken"):
                async for _ in run:
                    pass
    monkeypatch.undo()
    service.fault = None
    report = await client.tasks.submit(service.job, make_mappings(10), journal=tmp_path / "journal")
    assert report.added == 10


# Journals.


@pytest.mark.parametrize("name", ["a\0b", "\udcff\ud800"])
async def test_a_path_that_no_file_can_have(client: BatchClient, service: ScriptedService, name: str) -> None:
    with pytest.raises(ConfigurationError, match=r"^journal "):
        await client.tasks.submit(service.job, make_mappings(10), journal=name)
    assert service.history == []


# Event loops.


async def test_a_client_in_another_event_loop(client: BatchClient, service: ScriptedService) -> None:
    """The gate and the connections are of one loop: from another one, both would wait for ever."""

    async def elsewhere() -> None:
        with pytest.raises(RuntimeError, match="a client belongs to one event loop"):
            await client.tasks.submit(service.job, make_mappings(10, "elsewhere"))
        with pytest.raises(RuntimeError, match="a client belongs to one event loop"):
            async with client.tasks.submitting(service.job, make_mappings(10, "elsewhere")):
                raise AssertionError("begun")
        with pytest.raises(RuntimeError, match="a client belongs to one event loop"):
            async with client.tasks.feed(service.job):
                raise AssertionError("begun")

    async with client.tasks.submitting(service.job, make_mappings(3_000)) as run:
        await asyncio.to_thread(asyncio.run, elsewhere())
        outcomes = [outcome async for outcomes in run for outcome in outcomes]
    assert len(outcomes) == run.report.added == 3_000
    assert sorted(service.truth.adds) == sorted(make_ids(3_000))
