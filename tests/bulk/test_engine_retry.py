"""When a request is sent again: Retry-After, backoff, ids and dates of the tries."""

from __future__ import annotations

import time
from collections import defaultdict

import pytest
from scripted import (
    Act,
    ItemError,
    Record,
    ScriptedService,
    drive,
    fail,
    for_requests,
    make_ids,
    make_models,
    refuse,
    when,
)

from batchio import BatchClient


def tries(service: ScriptedService) -> dict[frozenset[str], list[Record]]:
    """The requests by what they held."""
    found: defaultdict[frozenset[str], list[Record]] = defaultdict(list)
    for record in service.history:
        found[record.folded].append(record)
    return found


@pytest.mark.parametrize("status", [429, 503])
async def test_retry_after_in_seconds_holds_its_request(
    client: BatchClient, service: ScriptedService, status: int
) -> None:
    service.fault = for_requests([2], refuse(status, retry_after="1"))
    told = await drive(client, service, make_models(1_000), exact=True)
    assert told.report.added == 1_000
    refused = service.history[1]
    first, second = tries(service)[refused.folded]
    assert 0.99 <= second.at - first.at < 4


async def test_retry_after_as_a_date_holds_its_request(client: BatchClient, service: ScriptedService) -> None:
    at = int(time.time()) + 2
    service.fault = for_requests([1], refuse(503, date_in=0, now=at))
    told = await drive(client, service, make_models(100), exact=True)
    assert told.report.added == 100
    first, second = service.history
    # The date is read against the service's Date, which knows no parts of a second.
    assert 0.4 <= second.at - first.at < 5


async def test_retry_after_on_another_answer_holds_too(client: BatchClient, service: ScriptedService) -> None:
    service.fault = for_requests([1], fail(500, headers={"Retry-After": "1"}))
    told = await drive(client, service, make_models(100), exact=True)
    assert told.report.added == 100
    first, second = service.history
    assert 0.99 <= second.at - first.at < 4


@pytest.mark.parametrize("value", ["soon", "86400", "301", "-5", "", "1e9", "nan", "Mon, 99 Foo 2024 00:00:00 GMT"])
async def test_retry_after_that_is_too_long_or_unreadable(
    client: BatchClient, service: ScriptedService, value: str
) -> None:
    service.fault = for_requests([1], refuse(retry_after=value))
    told = await drive(client, service, make_models(100), exact=True)
    assert told.report.added == 100
    first, second = service.history
    assert second.at - first.at < 5


async def test_peers_13_the_tries_of_a_request_share_an_id_and_no_date(
    client: BatchClient, service: ScriptedService
) -> None:
    service.fault = for_requests([1, 2], refuse(retry_after="1"))
    told = await drive(client, service, make_models(100), exact=True)
    assert told.report.added == 100
    assert len({record.client_request_id for record in service.history}) == 1
    # Each try is a second or more after the one before, and dates count seconds.
    assert len({record.date for record in service.history}) == 3
    assert len({record.authorization for record in service.history}) == 3


async def test_different_requests_have_different_ids(client: BatchClient, service: ScriptedService) -> None:
    await drive(client, service, make_models(3_000), exact=True)
    assert len({record.client_request_id for record in service.history}) == 30


async def test_peers_02_a_refusal_does_not_end_the_run(client: BatchClient, service: ScriptedService) -> None:
    service.fault = for_requests([1], refuse(429))
    told = await drive(client, service, make_models(1_000), exact=True)
    assert told.report.added == 1_000
    assert (told.report.refused, told.report.retries) == (1, 1)


async def test_counts_of_tries(client: BatchClient, service: ScriptedService) -> None:
    service.fault = when(lambda record: record.number in {2, 3}, refuse())
    service.items = lambda folded, seen: ItemError() if folded == "task-5" and seen == 0 else None
    told = await drive(client, service, make_models(500), exact=True)
    assert told.report.added == 500
    assert told.report.refused == 2
    assert told.report.requests == len(service.history) == 8
    assert told.report.retries == 3


async def test_servererrors_are_not_hammered(client: BatchClient, service: ScriptedService) -> None:
    """Backoff grows: four tries of one task cannot all come within a few milliseconds."""
    service.items = lambda folded, _: ItemError() if folded == "task-0" else None
    told = await drive(client, service, make_models(10), attempts=4, exact=True)
    assert told.states("gave_up") == [0]
    times = [record.at for record in service.history if "task-0" in record.folded]
    assert len(times) == 4
    assert times[-1] - times[0] > 0.01


async def test_peers_16_one_refusal_does_not_slow_the_whole_run(client: BatchClient, service: ScriptedService) -> None:
    service.latency = 0.01
    service.fault = for_requests([5], refuse())
    told = await drive(client, service, iter(make_models(20_000)), ids=make_ids(20_000), exact=True)
    assert told.report.added == 20_000
    # One at a time would take 200 round trips of 10 ms and show 1.
    assert max(record.in_flight for record in service.history[100:]) >= 4
    assert told.report.elapsed < 10


async def test_a_burst_of_refusals(client: BatchClient, service: ScriptedService) -> None:
    """A service that takes 100 requests a second: refused ones are few and all is told right."""
    state = {"level": 20.0, "at": 0.0}

    def bucket(record: Record) -> Act | None:
        state["level"] = min(20.0, state["level"] + (record.at - state["at"]) * 100)
        state["at"] = record.at
        if state["level"] < 1:
            return refuse()
        state["level"] -= 1
        return None

    service.fault = bucket
    service.latency = 0.02
    told = await drive(client, service, iter(make_models(20_000)), ids=make_ids(20_000), exact=True)
    assert told.report.added == 20_000
    # A fixed window would see thousands; the benchmark of the pacing says how few they can be.
    assert told.report.refused < 100
