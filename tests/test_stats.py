"""What a client says of itself: `client.stats`, and the log."""

from __future__ import annotations

import asyncio
import logging
from typing import Any
from unittest.mock import Mock

import msgspec
import pytest
from scripted import ScriptedService, connect, fail, for_requests, hang, make_mappings, refuse
from session.driving import AT_ONCE, said_by, shared_key
from session.server import Server, answer, refusal

from batchio import BatchClient, ClientStats, ResourceNotFoundError, SubmissionError
from batchio.bulk.gate import Gate
from batchio.bulk.pacing import RatePacing
from batchio.bulk.report import OutcomeState
from batchio.bulk.totals import Totals

# What every record has; `extra` is the rest.
PLAIN = {*vars(logging.LogRecord("", 0, "", 0, "", None, None)), "message", "asctime"}


def extra_of(record: logging.LogRecord) -> dict[str, Any]:
    """The fields of a record that batchio has put there."""
    return {name: value for name, value in vars(record).items() if name not in PLAIN}


def test_a_client_that_has_done_nothing() -> None:
    client = BatchClient("http://127.0.0.1:1", None)
    assert client.stats == ClientStats(
        requests=0,
        retries=0,
        refused=0,
        bytes_sent=0,
        outcomes=dict.fromkeys(("added", "existed", "rejected", "gave_up", "unknown", "not_sent"), 0),
        in_flight=0,
        connections=0,
        pacing="starting",
        limit=None,
        window=8,
        rate=0.0,
        runs=0,
    )
    with pytest.raises(AttributeError):
        client.stats.requests = 1  # type: ignore[misc]  # pyright: ignore[reportAttributeAccessIssue]  # frozen
    assert msgspec.json.decode(msgspec.json.encode(client.stats))["pacing"] == "starting"


async def test_everything_is_counted(service: ScriptedService) -> None:
    service.fault = for_requests([1], refuse(429, retry_after="0"))
    service.truth.preload(["task-1"])
    async with connect(service, retry=AT_ONCE) as client:
        report = await client.tasks.submit(service.job, [*make_mappings(150), {"commandLine": "no id"}])
        async with client.tasks.feed(service.job) as feed:
            await feed.add({"id": "fed", "commandLine": "x"})
        await client.jobs.get(service.job)
        stats = client.stats
    assert (stats.requests, stats.retries, stats.refused) == (report.requests + 2, report.retries, 1)
    assert stats.bytes_sent == report.bytes_sent + feed.report.bytes_sent
    assert stats.outcomes == {"added": 150, "existed": 1, "rejected": 1, "gave_up": 0, "unknown": 0, "not_sent": 0}
    assert stats.pacing == "seeking"
    assert stats.limit is not None
    assert stats.connections in (1, 2)
    assert client.stats.connections == 0


async def test_what_goes_on(service: ScriptedService) -> None:
    service.fault = for_requests([1, 2, 3], hang())
    async with connect(service) as client:
        async with (
            client.tasks.submitting(service.job, make_mappings(100)),
            client.tasks.submitting(service.job, make_mappings(100, "more")),
        ):
            await service.until(lambda: len(service.history) == 2)
            call = asyncio.create_task(client.jobs.get(service.job))
            assert (client.stats.runs, client.stats.in_flight, client.stats.connections) == (2, 2, 2)
            await call
        stats = client.stats
        assert (stats.runs, stats.in_flight, stats.outcomes["unknown"]) == (0, 0, 200)


def test_runs_that_go_on_count_beside_those_that_have_ended() -> None:
    def run_of(added: int, rate: float = 0.0) -> Any:
        counts = dict.fromkeys(OutcomeState, 0) | {OutcomeState.ADDED: added}
        return Mock(ledger=Mock(counts=counts), meter=Mock(rate=rate))

    totals = Totals()
    ended, first, second = run_of(10), run_of(200, 1.5), run_of(3000, 2.0)
    totals.begin(ended, run_of(1).ledger.counts)
    totals.end(ended)
    assert (totals.outcomes["added"], totals.runs, totals.rate) == (9, 0, 0)
    totals.begin(first, run_of(20).ledger.counts)
    totals.begin(second, run_of(300).ledger.counts)
    assert (totals.outcomes["added"], totals.runs, totals.rate) == (9 + 180 + 2700, 2, 3.5)
    totals.end(first)
    assert (totals.outcomes["added"], totals.runs, totals.rate) == (9 + 180 + 2700, 1, 2.0)


def test_there_is_a_limit_where_a_rate_holds_requests_back() -> None:
    now = 0.0
    gate = Gate(RatePacing(), clock=lambda: now)
    assert gate.limit is None
    for number in range(20):
        now = number * 0.01
        gate.pacing.sent(now)
    gate.pacing.refused(now, now - 0.001, None)
    assert gate.pacing.state == "seeking"
    assert gate.limit is not None
    assert gate.limit > 0


# The log.


async def test_the_fields_of_a_request(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG, "batchio")
    id = "6a0ea0b2-2d4d-4d5a-8a3c-0123456789ab"
    async with Server() as server, BatchClient(server.endpoint, shared_key(), retry=AT_ONCE) as client:
        server.say(refusal(503, "ServerBusy"), answer(200, {"id": "j"}))
        await client.jobs.get("j", client_request_id=id)
    found = [extra_of(record) for record in said_by(caplog)]
    assert [each.pop("seconds") > 0 for each in (found[0], found[2])] == [True, True]
    common = {"operation": "Jobs_GetJob", "client_request_id": id, "job_id": "j"}
    assert found == [
        {**common, "attempt": 1, "status": 503, "request_id": "request-1"},
        {**common, "attempt": 1, "status": 503, "wait": 0.0, "request_id": "request-1"},
        {**common, "attempt": 2, "status": 200, "request_id": "request-1"},
    ]


async def test_a_try_without_an_answer(service: ScriptedService, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG, "batchio")
    service.fault = for_requests([1], hang())
    async with connect(service) as client:
        await client.tasks.submit(service.job, make_mappings(1), timeout=0.02)
    first = said_by(caplog)[0]
    assert first.getMessage().startswith("Tasks_CreateTaskCollection POST ")
    assert "-> RequestTimeoutError in " in first.getMessage()
    assert "status" not in extra_of(first)
    assert extra_of(first)["job_id"] == service.job


async def test_the_end_of_a_run(service: ScriptedService, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO, "batchio")
    service.truth.preload(["task-1"])
    async with connect(service) as client:
        await client.tasks.submit(service.job, make_mappings(150))
        async with client.tasks.feed(service.job) as feed:
            await feed.add({"id": "fed", "commandLine": "x"})
    submission, fed = said_by(caplog)
    assert submission.levelname == fed.levelname == "INFO"
    text = submission.getMessage()
    assert text.startswith(f"submission to job {service.job} ended after ")
    assert text.endswith(": 149 added, 1 existed (TaskExists 1); 2 requests, 0 retries, 0 refused")
    found = extra_of(submission)
    assert found.pop("seconds") > 0
    assert {state: count for state, count in found.pop("outcomes").items() if count} == {"added": 149, "existed": 1}
    assert found == {"job_id": service.job, "taken": 150, "requests": 2, "retries": 0, "refused": 0}
    assert fed.getMessage().startswith(f"feed to job {service.job} ended after ")


async def test_a_run_that_stops(service: ScriptedService, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO, "batchio")
    service.fault = for_requests([1], fail(404, "JobNotFound"))
    async with connect(service) as client:
        with pytest.raises(SubmissionError):
            await client.tasks.submit(service.job, make_mappings(1))
    (record,) = said_by(caplog)
    assert (
        f"submission to job {service.job} was stopped by {ResourceNotFoundError.__name__} after" in record.getMessage()
    )


async def test_a_run_that_is_cancelled(service: ScriptedService, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO, "batchio")
    service.fault = for_requests([1], hang())
    async with connect(service) as client, client.tasks.submitting(service.job, make_mappings(1)):
        await service.until(lambda: len(service.history) == 1)
    (record,) = said_by(caplog)
    assert f"submission to job {service.job} was cancelled after" in record.getMessage()


async def test_a_service_that_takes_nothing_is_warned_of(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO, "batchio")
    gate = Gate()
    gate.look()
    assert not said_by(caplog)
    for state in ("waiting", "steady"):
        vars(gate.pacing)["_state"] = state
        gate.look()
        gate.look()
    warned, better = said_by(caplog)
    assert (warned.levelname, warned.getMessage(), extra_of(warned)) == (
        "WARNING",
        "the service takes nothing; waiting, with single requests",
        {"pacing": "waiting"},
    )
    assert (better.levelname, better.getMessage()) == ("INFO", "pacing: steady, after waiting")


async def test_a_log_that_is_off_costs_no_text(service: ScriptedService, monkeypatch: pytest.MonkeyPatch) -> None:
    def never(*_: Any) -> str:
        raise AssertionError

    monkeypatch.setattr("batchio.session.log.describe", never)
    monkeypatch.setattr("batchio.session.log.shown", never)
    monkeypatch.setattr("batchio.bulk.running.report_of", never)
    monkeypatch.setattr(logging.getLogger("batchio"), "level", logging.ERROR)
    logging.getLogger("batchio").manager._clear_cache()  # type: ignore[attr-defined]  # pyright: ignore[reportAttributeAccessIssue]  # what setLevel does
    service.fault = for_requests([1], refuse(503, retry_after="0"))
    async with connect(service) as client:
        await client.tasks.submit(service.job, make_mappings(1))
        await client.jobs.get(service.job)
