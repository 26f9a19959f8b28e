"""The verdict's rows about whole requests that can be sent again: nothing is lost and nothing is told wrong."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from itertools import pairwise
from typing import Any, NoReturn

import pytest
from scripted import (
    Act,
    Record,
    ScriptedService,
    Told,
    connect,
    drive,
    drop,
    fail,
    for_requests,
    hang,
    html,
    make_ids,
    make_models,
    refuse,
    truncate,
    unreadable,
    when,
)

from batchio import BatchClient, SubmissionError
from batchio.bulk import carrier

NOTHING_DONE = {
    "429": refuse(429),
    "503 ServerBusy": refuse(503),
    "429 Retry-After 0": refuse(429, retry_after="0"),
    "429 of a proxy": html(429),
}
OPEN = {
    "500": fail(500),
    "500 OperationTimedOut": fail(500, "OperationTimedOut"),
    "502": fail(502, "BadGateway"),
    "504": fail(504, "GatewayTimeout"),
    "503 that is not ServerBusy": fail(503, "ServiceUnavailable"),
    "503 of a proxy": html(503),
    "408": fail(408, "RequestTimeout"),
    "500 without a body": Act(status=500, share=0.0, text=b""),
    "502 HTML (peers 7)": html(502),
    "504 HTML": html(504),
    "closed": drop(),
    "reset": drop(reset=True),
    "cut by length": truncate(),
    "cut in a chunk": truncate(chunked=True),
    "200 not JSON": unreadable(),
    "200 empty": unreadable(b""),
    "200 HTML": html(200),
    "200 an array": unreadable(b"[]"),
    "200 null": unreadable(b"null"),
    "200 value is no list": unreadable(b'{"value": 5}'),
    "200 too deep": unreadable(b'{"value": [], "more": ' + b"[" * 50_000 + b"]" * 50_000 + b"}"),
    "200 results of another shape": unreadable(b'{"value": [1, null, {"a": 1}]}'),
}


def confirmed(told: Told) -> set[bool]:
    return {outcome.confirmed for outcome in told.outcomes.values()}


@pytest.mark.parametrize("act", NOTHING_DONE.values(), ids=NOTHING_DONE)
async def test_refusals_are_sent_again_and_told_as_certain(
    client: BatchClient, service: ScriptedService, act: Act
) -> None:
    service.fault = for_requests([1, 2], act)
    told = await drive(client, service, make_models(300), exact=True)
    assert told.report.added == 300
    assert confirmed(told) == {True}
    assert told.report.refused == 2
    assert told.report.retries == 2
    assert {outcome.attempts for outcome in told.outcomes.values()} == {1}


@pytest.mark.parametrize("share", [0.0, 1.0])
@pytest.mark.parametrize("act", OPEN.values(), ids=OPEN)
async def test_what_leaves_it_open_is_sent_again(
    client: BatchClient, service: ScriptedService, act: Act, share: float
) -> None:
    act = replace(act, share=share)
    service.fault = for_requests([1, 2], act)
    told = await drive(client, service, make_models(300), exact=True)
    assert told.report.added == 300
    unconfirmed = sum(not outcome.confirmed for outcome in told.outcomes.values())
    assert unconfirmed == 200 * share
    assert told.report.refused == 0


@pytest.mark.parametrize("act", [drop(0.5), truncate(share=0.5), fail(500, share=0.5)], ids=["drop", "cut", "500"])
async def test_what_is_done_in_part_is_told_task_by_task(
    client: BatchClient, service: ScriptedService, act: Act
) -> None:
    service.fault = for_requests([1, 2], act)
    told = await drive(client, service, make_models(300), exact=True)
    assert told.report.added == 300
    assert sum(not outcome.confirmed for outcome in told.outcomes.values()) == 100


@pytest.mark.parametrize("share", [0.0, 1.0])
async def test_a_request_that_is_never_answered(service: ScriptedService, share: float) -> None:
    service.fault = for_requests([1, 2], hang(share))
    async with connect(service, timeout=0.4) as client:
        told = await drive(client, service, make_models(300))
    assert told.report.added == 300
    assert sum(not outcome.confirmed for outcome in told.outcomes.values()) == 200 * share
    assert sum(record.gone for record in service.history) >= 2


@pytest.mark.parametrize("wait", [0.6, 1.2])
async def test_a_request_that_is_processed_after_the_timeout(service: ScriptedService, wait: float) -> None:
    """The client has left and tries again; whichever arrives first adds, and each task is told as added, once."""
    service.fault = for_requests([1], Act(wait=wait))
    async with connect(service, timeout=0.4) as client:
        told = await drive(client, service, make_models(100))
        await service.until(lambda: service.processed == 200)
    assert told.report.added == 100
    assert service.truth.adds == dict.fromkeys(make_ids(100), 1)


async def test_an_answer_that_comes_after_the_timeout(service: ScriptedService) -> None:
    service.fault = for_requests([1, 3], Act(hold=0.7))
    async with connect(service, timeout=0.4) as client:
        told = await drive(client, service, make_models(500))
    assert told.report.added == 500


async def test_an_answer_that_drips_past_the_timeout(service: ScriptedService) -> None:
    """The timeout is for the whole try, not for each byte."""
    service.fault = for_requests([1], Act(pieces=1_000))
    async with connect(service, timeout=0.4) as client:
        told = await drive(client, service, make_models(100))
    assert told.report.added == 100
    assert confirmed(told) == {False}


async def test_no_connection_for_a_while(service: ScriptedService) -> None:
    await service.stop()
    loop = asyncio.get_running_loop()
    starting: list[asyncio.Task[None]] = []
    loop.call_later(0.6, lambda: starting.append(loop.create_task(service.start())))
    async with connect(service) as client:
        report = await client.tasks.submit(service.job, make_models(300), keep="all")
    await asyncio.gather(*starting)
    assert report.added == 300
    # Certain that nothing was done before.
    assert {outcome.confirmed for outcome in report.outcomes} == {True}
    assert {outcome.attempts for outcome in report.outcomes} == {1}
    assert service.truth.adds == dict.fromkeys(make_ids(300), 1)


async def test_connect_errors_do_not_count_as_attempts(service: ScriptedService) -> None:
    await service.stop()
    loop = asyncio.get_running_loop()
    starting: list[asyncio.Task[None]] = []
    loop.call_later(1.0, lambda: starting.append(loop.create_task(service.start())))
    async with connect(service) as client:
        report = await client.tasks.submit(service.job, make_models(100), attempts=1)
    await asyncio.gather(*starting)
    assert report.added == 100


async def test_refusals_do_not_count_as_attempts(client: BatchClient, service: ScriptedService) -> None:
    service.fault = when(lambda _: True, refuse(), times=4)
    told = await drive(client, service, make_models(100), attempts=1, exact=True)
    assert told.report.added == 100
    assert told.report.refused == 4


@pytest.mark.parametrize("reset", [False, True])
async def test_a_reused_connection_that_the_service_has_closed(
    client: BatchClient,
    service: ScriptedService,
    reset: bool,  # noqa: FBT001 -- a parameter of the test
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Again at once, without backoff."""
    monkeypatch.setattr(carrier, "backoff", lambda *_: 5.0)
    dropped = set[frozenset[str]]()

    def once(record: Record) -> Act | None:
        if record.turn == 1 or len(dropped) == 8 or record.folded in dropped:
            return None
        dropped.add(record.folded)
        return drop(reset=reset)

    service.fault = once
    told = await drive(client, service, make_models(3_000), max_requests=2)
    assert told.report.added == 3_000
    tries: dict[frozenset[str], list[float]] = {}
    for record in service.history:
        tries.setdefault(record.folded, []).append(record.at)
    gaps = [after - before for times in tries.values() for before, after in pairwise(times)]
    assert len(gaps) == 8
    assert max(gaps) < 4.0


async def test_every_reused_connection_is_closed(client: BatchClient, service: ScriptedService) -> None:
    service.fault = when(lambda record: record.turn > 1, drop(1.0))
    told = await drive(client, service, make_models(1_000), max_requests=2)
    assert told.report.added == 1_000


@pytest.mark.parametrize("every", [1, 2, 3])
async def test_connections_that_are_closed_after_an_answer(
    client: BatchClient, service: ScriptedService, every: int
) -> None:
    service.fault = lambda record: Act(leave=True) if record.number % every == 0 else None
    told = await drive(client, service, make_models(2_000), max_requests=4)
    assert told.report.added == 2_000


async def test_peers_03_one_lost_connection_does_not_end_the_run(client: BatchClient, service: ScriptedService) -> None:
    service.fault = for_requests([5], drop(0.5, reset=True))
    told = await drive(client, service, make_models(2_000), exact=True)
    assert told.report.added == 2_000
    assert len(service.history) <= 23


async def test_peers_07_pages_of_a_proxy_lose_no_task(client: BatchClient, service: ScriptedService) -> None:
    service.fault = lambda record: html(502) if record.number in {2, 3, 5} else None
    told = await drive(client, service, make_models(1_000), exact=True)
    assert told.report.added == 1_000


async def test_peers_09_what_comes_back_after_the_input_has_ended(
    client: BatchClient, service: ScriptedService
) -> None:
    """The last request of the input fails, twice, when everything else is done."""
    service.fault = when(lambda record: "task-999" in record.folded, fail(500), times=2)
    told = await drive(client, service, iter(make_models(1_000)), ids=make_ids(1_000), exact=True)
    assert told.report.added == 1_000
    assert told.outcomes[999].attempts == 3


async def test_what_a_run_ends_with_may_have_been_added(service: ScriptedService) -> None:
    """Also where it is a fault that nobody has foreseen: a task that may have left is never said to be not sent."""
    client: Any = connect(service)
    async with client:
        session = client._session
        really_send = session.send

        async def send(*args: Any) -> NoReturn:
            await really_send(*args)
            raise ZeroDivisionError("unforeseen")

        session.send = send
        with pytest.raises(SubmissionError, match="unforeseen") as caught:
            await client.tasks.submit(service.job, make_models(3))
    assert caught.value.report.unknown == 3


@pytest.mark.parametrize(
    ("act", "code", "words"),
    [
        (fail(504, "GatewayTimeout"), "GatewayTimeout", "Scripted refusal."),
        (Act(status=500, share=0.0, text=b""), "Http500", ""),
        (drop(), "ConnectionLostError", "the connection was lost: Server disconnected"),
        (hang(), "RequestTimeoutError", "no answer within 0.05 s"),
        (unreadable(b"null"), "UnreadableAnswer", "the answer is no Results: Expected `object`, got `null`"),
    ],
)
async def test_what_the_tasks_of_a_request_that_fails_are_told(
    service: ScriptedService, client: BatchClient, act: Act, code: str, words: str
) -> None:
    service.fault = when(lambda _: True, act)
    timeout = 0.05 if act.hold else None
    (outcome,) = (await client.tasks.submit(service.job, make_models(1), attempts=1, timeout=timeout)).failures
    assert outcome.error is not None
    assert outcome.error.message is not None
    assert (outcome.error.code, outcome.error.message.lang) == (code, "en-us")
    assert outcome.error.message.value == words
