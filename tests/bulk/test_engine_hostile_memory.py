"""Nothing that an input, a service or a consumer does makes a run hold more than it was allowed to."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from typing import Any

import pytest
from scripted import ScriptedService, drive, item_error, make_ids, make_mappings, submit

from batchio import BatchClient, SubmissionProgress
from batchio.bulk import ledger as ledger_module
from batchio.bulk.report import MAX_CODES, OTHER_CODES

KILOBYTES = 100_000
"""Of a task."""
ALLOWED = 2_000_000


def large(count: int) -> Iterator[Any]:
    return ({"id": f"task-{number}", "commandLine": "x" * KILOBYTES} for number in range(count))


@pytest.mark.parametrize("max_body", [950_000, 50_000], ids=["rejected by the service", "too large to be sent"])
async def test_a_consumer_that_stops_reading_what_was_rejected(
    client: BatchClient, service: ScriptedService, max_body: int
) -> None:
    """An outcome that is not `added` holds its task's bytes: so long as nobody reads it, they are held."""
    service.items = lambda *_: item_error()
    is_full = asyncio.Event()

    def look(now: SubmissionProgress) -> None:
        if now.done * KILOBYTES >= ALLOWED:
            is_full.set()

    async with client.tasks.submitting(
        service.job, large(200), max_pending_bytes=ALLOWED, max_body=max_body, progress=look
    ) as run:
        async with asyncio.timeout(20):
            await is_full.wait()
        # What was read ahead by then is bounded by a guess of the size.
        held = run.progress.taken
        assert held < 80
        outcomes = [outcome async for outcomes in run for outcome in outcomes]
    assert [outcome.state for outcome in outcomes] == ["rejected"] * 200
    assert run.report.rejected == run.report.taken == 200


@pytest.mark.parametrize("max_body", [950_000, 50_000])
async def test_what_is_too_large_is_told_beside_what_is_not(
    client: BatchClient, service: ScriptedService, max_body: int
) -> None:
    tasks = [*make_mappings(150), *large(400), *make_mappings(150, "more")]
    for number, task in enumerate(tasks[150:550]):
        task["id"] = f"large-{number}"
    ids = [*make_ids(150), *make_ids(400, "large"), *make_ids(150, "more")]
    told = await drive(client, service, iter(tasks), ids=ids, max_pending_bytes=ALLOWED, max_body=max_body)
    assert told.report.added == (700 if max_body > KILOBYTES else 300)
    assert told.report.errors == ({} if max_body > KILOBYTES else {"RequestBodyTooLarge": 400})


async def test_failures_are_bounded_by_their_bytes(
    client: BatchClient, service: ScriptedService, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ledger_module, "MAX_FAILURE_BYTES", ALLOWED)
    service.items = lambda *_: item_error()
    report = await client.tasks.submit(service.job, large(60))
    assert report.rejected == 60
    assert report.failures_truncated
    assert len(report.failures) == ALLOWED // KILOBYTES


async def test_codes_are_bounded(client: BatchClient, service: ScriptedService) -> None:
    """A service that gives every task a code of its own must not fill the report."""
    service.items = lambda folded, _: item_error(f"Code-{folded}")
    report = await client.tasks.submit(service.job, iter(make_mappings(3_000)), keep="none")
    assert len(report.errors) == MAX_CODES + 1
    assert report.errors[OTHER_CODES] == 3_000 - MAX_CODES
    assert sum(report.errors.values()) == report.rejected == 3_000


async def test_a_large_answer_in_one_piece(client: BatchClient, service: ScriptedService) -> None:
    """Some megabytes of words for each task: what is told is told, and what is kept of it is the outcome's."""
    service.items = lambda *_: item_error(message="x" * 300_000)
    told = await submit(client, service, make_mappings(100), keep="all")
    assert told.report.rejected == 100
