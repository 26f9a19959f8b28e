"""Every run ends: attempts, patience, deadline, and what stops it by choice."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import replace
from itertools import count
from typing import Any

import pytest
from scripted import (
    Act,
    ItemError,
    ScriptedService,
    connect,
    drive,
    drop,
    fail,
    for_requests,
    hang,
    item_error,
    make_ids,
    make_mappings,
    make_models,
    refuse,
    results,
    unreadable,
    when,
)

from batchio import BatchClient, SubmissionError


@pytest.mark.parametrize("attempts", [1, 2, 3])
async def test_attempts_with_server_errors_end_in_gave_up(
    client: BatchClient, service: ScriptedService, attempts: int
) -> None:
    service.items = lambda folded, _: ItemError(code="Stuck") if folded in {"task-1", "task-101"} else None
    told = await drive(client, service, make_models(200), attempts=attempts, exact=True)
    assert told.states("gave_up") == [1, 101]
    assert told.report.added == 198
    assert service.truth.tries["task-1"] == attempts
    assert told.report.errors.get("Stuck") == 2


@pytest.mark.parametrize("share", [0.0, 1.0])
@pytest.mark.parametrize("act", [drop(), unreadable(), fail(500), fail(503, "ServiceUnavailable")])
async def test_attempts_without_an_answer_end_in_unknown(
    client: BatchClient, service: ScriptedService, act: Act, share: float
) -> None:
    """Nobody knows whether the last attempt added them, and it did in half of the cases."""
    act = replace(act, share=share)
    service.fault = when(lambda record: "task-150" in record.folded, act)
    told = await drive(client, service, make_models(200), attempts=2)
    assert told.states("unknown") == list(range(100, 200))
    assert told.report.added == 100
    assert told.outcomes[150].attempts == 2


async def test_results_that_never_come_end_in_unknown(client: BatchClient, service: ScriptedService) -> None:
    service.fault = lambda _: results(lambda items: [item for item in items if item["taskId"] != "task-7"])
    told = await drive(client, service, make_models(100), attempts=3)
    assert told.states("unknown") == [7]
    assert service.truth.tries["task-7"] == 3


async def test_unknown_stays_unknown_when_the_last_answer_is_a_refusal(service: ScriptedService) -> None:
    service.fault = lambda record: drop(1.0) if record.number == 1 else refuse()
    async with connect(service) as client:
        told = await drive(client, service, make_models(50), patience=0.8, fails=SubmissionError)
    assert told.report.unknown == 50


async def test_unknown_stays_unknown_when_the_run_ends(client: BatchClient, service: ScriptedService) -> None:
    service.fault = lambda record: drop(1.0) if record.number == 1 else fail(404, "JobNotFound")
    told = await drive(client, service, make_models(50), fails=SubmissionError)
    assert told.report.unknown == 50


async def test_an_answer_settles_what_was_open(client: BatchClient, service: ScriptedService) -> None:
    """No answer, then a client error: it is rejected, and that is certain."""
    service.fault = for_requests([1], drop(0.0))
    service.items = lambda folded, _: item_error() if folded == "task-3" else None
    told = await drive(client, service, make_models(10))
    assert told.states("rejected") == [3]
    assert told.report.added == 9


# Patience


DEAD = {
    "429": refuse(429),
    "503": refuse(503),
    "503 Retry-After": refuse(503, retry_after="1"),
    "500": fail(500),
    "502": fail(502),
    "dropped": drop(),
}


@pytest.mark.parametrize("act", DEAD.values(), ids=DEAD)
async def test_peers_02_a_dead_service_ends_the_run(client: BatchClient, service: ScriptedService, act: Act) -> None:
    service.fault = lambda _: act
    told = await drive(
        client, service, make_models(2_000), patience=0.6, attempts=1_000, fails=SubmissionError, interrupted=True
    )
    assert told.report.added == 0
    if act.status in {429, 503}:
        # Only what is on its way when patience ends is not certain.
        assert told.report.not_sent >= told.report.taken - 100 * service.most_in_flight
        assert told.report.not_sent > 0
    assert 0.5 <= told.report.elapsed < 6
    assert len(service.history) < 500


async def test_a_service_that_dies_in_the_middle(client: BatchClient, service: ScriptedService) -> None:
    service.fault = when(lambda record: record.number > 10, refuse())
    told = await drive(client, service, make_models(5_000), patience=1.0, fails=SubmissionError, interrupted=True)
    assert told.report.added == 1_000
    # One that is on its way when patience ends is unknown.
    assert told.report.unknown <= 100


async def test_a_service_that_hangs(service: ScriptedService) -> None:
    service.fault = lambda _: hang(0.5)
    async with connect(service, timeout=0.4) as client:
        told = await drive(
            client, service, make_models(500), patience=1.0, attempts=1_000, fails=SubmissionError, interrupted=True
        )
    assert told.report.unknown > 0
    assert told.report.elapsed < 6


async def test_nobody_listens(service: ScriptedService) -> None:
    await service.stop()
    async with connect(service) as client:
        told = await drive(client, service, make_models(500), patience=1.0, fails=SubmissionError)
    assert told.report.not_sent == told.report.taken
    assert told.report.elapsed < 6


async def test_patience_counts_from_the_last_accepted_request(client: BatchClient, service: ScriptedService) -> None:
    """Refused again and again, but now and then something is accepted: the run goes on."""
    service.fault = lambda record: None if record.number % 3 == 0 else refuse()
    told = await drive(client, service, make_models(300), patience=20.0, max_requests=2, exact=True)
    assert told.report.added == 300


async def test_a_slow_input_is_no_dead_service(client: BatchClient, service: ScriptedService) -> None:
    """Patience is with the service: a source that gives nothing for a while does not end the run."""

    def slow() -> Iterator[Any]:
        yield from make_mappings(10)
        time.sleep(1.2)
        yield from make_mappings(10, "late")

    told = await drive(client, service, slow(), ids=[*make_ids(10), *make_ids(10, "late")], patience=0.5)
    assert told.report.added == 20


# Deadline


async def test_deadline_ends_an_endless_input(client: BatchClient, service: ScriptedService) -> None:
    service.latency = 0.02
    endless = ({"id": f"task-{n}", "commandLine": "run"} for n in count())
    told = await drive(
        client,
        service,
        endless,
        ids=make_ids(1_000_000),
        deadline=0.8,
        fails=SubmissionError,
        interrupted=True,
        max_requests=4,
    )
    assert told.report.added > 0
    assert 0.7 <= told.report.elapsed < 4


async def test_deadline_while_the_service_refuses(client: BatchClient, service: ScriptedService) -> None:
    service.fault = lambda _: refuse(retry_after="200")
    told = await drive(client, service, make_models(300), deadline=0.6, fails=SubmissionError, interrupted=True)
    assert told.report.not_sent == told.report.taken
    assert told.report.elapsed < 4


async def test_deadline_while_a_request_hangs(client: BatchClient, service: ScriptedService) -> None:
    service.fault = for_requests([1], hang(1.0))
    told = await drive(client, service, make_models(100), deadline=0.6, fails=SubmissionError, interrupted=True)
    assert told.report.unknown == 100
    assert told.report.elapsed < 4


async def test_deadline_while_a_source_blocks(client: BatchClient, service: ScriptedService) -> None:
    def blocking() -> Iterator[Any]:
        yield from make_mappings(150)
        time.sleep(2.0)
        yield from make_mappings(10, "late")

    ids = [*make_ids(150), *make_ids(10, "late")]
    told = await drive(client, service, blocking(), ids=ids, deadline=1.2, fails=SubmissionError, interrupted=True)
    assert told.report.added == 150


async def test_a_deadline_that_is_not_reached(client: BatchClient, service: ScriptedService) -> None:
    told = await drive(client, service, make_models(300), deadline=30.0, exact=True)
    assert told.report.added == 300


# By choice


async def test_on_rejected_stop(client: BatchClient, service: ScriptedService) -> None:
    service.items = lambda folded, _: item_error() if folded == "task-250" else None
    told = await drive(client, service, make_models(20_000), on_rejected="stop", max_requests=1, fails=SubmissionError)
    assert told.states("rejected") == [250]
    assert told.report.added < 5_000
    assert str(told.error).startswith("the submission stopped: task 'task-250' was rejected: InvalidPropertyValue; ")


async def test_on_rejected_stop_is_for_nothing_else(client: BatchClient, service: ScriptedService) -> None:
    """Neither for what exists nor for what gives up or is left open."""
    service.truth.preload(make_ids(10))
    service.items = lambda folded, _: ItemError() if folded == "task-20" else None
    service.fault = for_requests([2], drop(1.0))
    told = await drive(client, service, make_models(300), on_rejected="stop", attempts=2, max_requests=1)
    assert (told.report.existed, told.report.gave_up, told.report.added) == (10, 1, 289)


async def test_on_rejected_stop_for_a_task_that_was_never_sent(client: BatchClient, service: ScriptedService) -> None:
    tasks: list[Any] = [*make_mappings(150), {"commandLine": "no id"}, *make_mappings(10_000, "more")]
    told = await drive(client, service, tasks, on_rejected="stop", max_requests=1, fails=SubmissionError)
    assert told.states("rejected") == [150]
    assert "task None was rejected: InvalidTask" in str(told.error)
    assert told.report.added < 10_000


async def test_on_rejected_collect_goes_on(client: BatchClient, service: ScriptedService) -> None:
    service.items = lambda folded, _: item_error() if folded.endswith("0") else None
    told = await drive(client, service, make_models(1_000), exact=True)
    assert (told.report.rejected, told.report.added) == (100, 900)
