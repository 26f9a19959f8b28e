"""The report and what is in it; progress while a run goes on."""

from __future__ import annotations

import asyncio
from datetime import datetime
from typing import Any

import msgspec
import pytest
from scripted import (
    ItemError,
    ScriptedService,
    connect,
    drive,
    drop,
    for_requests,
    item_error,
    make_ids,
    make_mappings,
    make_models,
    submit,
)

from batchio import BatchClient, SubmissionError, SubmissionProgress


class CallbackError(Exception):
    """What a callback of a test raises."""


def provoke(service: ScriptedService) -> None:
    """Of 500 tasks 0 to 9 exist, 10 to 29 are rejected, 30 to 34 give up."""
    service.truth.preload(make_ids(10))
    rejected, stuck = {f"task-{n}" for n in range(10, 30)}, {f"task-{n}" for n in range(30, 35)}

    def items(folded: str, _: int) -> ItemError | None:
        if folded in rejected:
            return item_error("InvalidPropertyValue")
        return ItemError(code="Stuck") if folded in stuck else None

    service.items = items


async def test_keep_failures(client: BatchClient, service: ScriptedService) -> None:
    provoke(service)
    report = await client.tasks.submit(service.job, make_models(500), attempts=2)
    assert sorted(outcome.index for outcome in report.failures) == list(range(35))
    assert (report.added, report.existed, report.rejected, report.gave_up) == (465, 10, 20, 5)
    assert report.taken == 500
    assert report.errors["InvalidPropertyValue"] == 20
    assert report.errors["Stuck"] == 5
    assert not report.failures_truncated
    with pytest.raises(SubmissionError) as caught:
        report.raise_for_failures()
    assert caught.value.report == report


async def test_keep_none(client: BatchClient, service: ScriptedService) -> None:
    provoke(service)
    report = await client.tasks.submit(service.job, make_models(500), attempts=2, keep="none")
    assert (report.failures, report.rejected, report.existed) == ((), 20, 10)
    with pytest.raises(SubmissionError):
        report.raise_for_failures()


async def test_keep_all(client: BatchClient, service: ScriptedService) -> None:
    provoke(service)
    told = await submit(client, service, make_models(500), attempts=2, exact=True)
    assert len(told.outcomes) == 500


async def test_on_exists_ok(client: BatchClient, service: ScriptedService) -> None:
    service.truth.preload(make_ids(100))
    told = await drive(client, service, make_models(300), on_exists="ok", exact=True)
    assert told.report.existed == 100
    assert told.report.failures == ()
    told.report.raise_for_failures()


async def test_on_exists_report(client: BatchClient, service: ScriptedService) -> None:
    service.truth.preload(make_ids(100))
    told = await drive(client, service, make_models(300), on_exists="report", exact=True)
    assert len(told.report.failures) == 100
    with pytest.raises(SubmissionError):
        told.report.raise_for_failures()


async def test_nothing_failed(client: BatchClient, service: ScriptedService) -> None:
    report = await client.tasks.submit(service.job, make_models(300))
    report.raise_for_failures()
    assert (report.failures, report.errors) == ((), {})


async def test_failures_are_capped_and_counts_are_not(client: BatchClient, service: ScriptedService) -> None:
    service.items = lambda _, __: item_error()
    told = await drive(client, service, iter(make_models(10_150)), ids=make_ids(10_150), exact=True)
    assert told.report.rejected == 10_150
    assert len(told.report.failures) == 10_000
    assert told.report.failures_truncated
    assert told.report.errors == {"InvalidPropertyValue": 10_150}


async def test_failures_hold_what_is_needed_to_send_them_again(client: BatchClient, service: ScriptedService) -> None:
    tasks = make_mappings(200)
    service.items = lambda folded, _: item_error(message="No such thing.") if folded == "task-150" else None
    report = await client.tasks.submit(service.job, tasks)
    (failure,) = report.failures
    assert (failure.index, failure.task_id, failure.state) == (150, "task-150", "rejected")
    assert failure.body is not None
    assert msgspec.json.decode(failure.body) == tasks[150]
    assert failure.error is not None
    assert failure.error.code == "InvalidPropertyValue"
    assert "No such thing." in str(failure.error.message)
    service.items = None
    again = await client.tasks.submit(service.job, [failure.body])
    assert again.added == 1


@pytest.mark.parametrize(
    ("kind", "code", "attempts"),
    [
        ("unknown", "ConnectionLostError", 2),
        ("gave_up", "InternalError", 2),
        ("not_sent", "JobNotFound", 0),
        ("existed", "TaskExists", 1),
    ],
)
async def test_the_body_comes_with_everything_that_is_not_added(
    client: BatchClient, service: ScriptedService, kind: str, code: str, attempts: int
) -> None:
    tasks = make_mappings(5)
    if kind == "unknown":
        service.fault = lambda _: drop(1.0)
    elif kind == "gave_up":
        service.items = lambda _, __: ItemError()
    elif kind == "existed":
        service.truth.preload(make_ids(5))
    else:
        service.job_error = (404, "JobNotFound")
    report = None
    try:
        report = await client.tasks.submit(service.job, tasks, attempts=2)
    except SubmissionError as error:
        report = error.report
    assert [str(outcome.state) for outcome in report.failures] == [kind] * 5
    assert report.errors == {code: 5}
    assert {outcome.attempts for outcome in report.failures} == {attempts}
    assert {outcome.confirmed for outcome in report.failures} == {kind != "unknown"}
    assert [msgspec.json.decode(outcome.body or b"") for outcome in report.failures] == tasks


async def test_details(client: BatchClient, service: ScriptedService) -> None:
    told = await drive(client, service, make_models(150), details=True, exact=True)
    for index, outcome in told.outcomes.items():
        assert outcome.e_tag == f"0x8DC{len(f'task-{index}'):04X}"
        assert outcome.location == f"{service.endpoint}/jobs/tasks/task-{index}"
        assert isinstance(outcome.last_modified, datetime)
        assert outcome.last_modified.isoformat().startswith("2024-07-01T12:30:45.12345")


async def test_no_details(client: BatchClient, service: ScriptedService) -> None:
    told = await drive(client, service, make_models(150), exact=True)
    given = {(outcome.e_tag, outcome.location, outcome.last_modified) for outcome in told.outcomes.values()}
    assert given == {(None, None, None)}


async def test_rates_and_times(client: BatchClient, service: ScriptedService) -> None:
    service.latency = 0.05
    report = await client.tasks.submit(service.job, make_models(1_000))
    assert 0.05 <= report.elapsed < 10
    assert report.tasks_per_second == pytest.approx(1_000 / report.elapsed, rel=0.05)
    assert report.bytes_sent == sum(record.size for record in service.history)


async def test_the_report_is_one_json_object(client: BatchClient, service: ScriptedService) -> None:
    provoke(service)
    report = await client.tasks.submit(service.job, make_models(100), attempts=1)
    shape = msgspec.json.decode(msgspec.json.encode(report))
    assert {"added", "existed", "rejected", "gave_up", "unknown", "not_sent", "taken"} <= set(shape)


async def test_terminate_when_complete(client: BatchClient, service: ScriptedService) -> None:
    """Only after the tasks are there: a job without tasks counts as complete (peers 18)."""
    processed: list[int] = []
    service.fault = lambda _: processed.append(len(service.patches))
    options: dict[str, Any] = {"terminate_when_complete": True}
    report = await client.tasks.submit(service.job, make_models(300), **options)
    assert report.added == 300
    assert processed == [0, 0, 0]
    assert [patch["onAllTasksComplete"].lower() for patch in service.patches] == ["terminatejob"]


async def test_terminate_when_complete_with_outcomes_read(client: BatchClient, service: ScriptedService) -> None:
    async with client.tasks.submitting(service.job, make_models(300), terminate_when_complete=True) as run:
        async for _ in run:
            assert service.patches == []
    assert [patch["onAllTasksComplete"].lower() for patch in service.patches] == ["terminatejob"]


async def test_a_run_that_was_stopped_leaves_the_job_open(client: BatchClient, service: ScriptedService) -> None:
    async with client.tasks.submitting(service.job, make_models(3_000), terminate_when_complete=True) as run:
        async for _ in run:
            run.stop()
    assert run.report.not_sent > 0
    assert run.report.errors == {"NotSent": run.report.not_sent}
    assert service.patches == []


async def test_a_job_is_left_alone_unless_asked(client: BatchClient, service: ScriptedService) -> None:
    await client.tasks.submit(service.job, make_models(10))
    assert service.patches == []


# Progress


async def test_progress_is_called_at_most_four_times_a_second(client: BatchClient, service: ScriptedService) -> None:
    loop = asyncio.get_running_loop()
    seen: list[tuple[float, SubmissionProgress]] = []
    service.latency = 0.1
    report = await client.tasks.submit(
        service.job, make_models(1_200), max_requests=1, progress=lambda now: seen.append((loop.time(), now))
    )
    assert report.added == 1_200
    assert 2 <= len(seen) <= 4 * report.elapsed + 2
    taken = [now.taken for _, now in seen]
    assert taken == sorted(taken)
    for _, now in seen:
        assert now.done == sum(now.outcomes.values()) <= now.taken
        assert now.in_flight <= 1
        assert set(now.lost) == {"input", "service", "consumer"}


@pytest.mark.parametrize("face", ["submit", "submitting"])
async def test_a_progress_callback_that_raises(service: ScriptedService, face: str) -> None:
    """Its error is seen, as it is or as the cause, and every task taken is accounted for."""

    def callback(_: SubmissionProgress) -> None:
        raise CallbackError("progress")

    service.latency = 0.1
    expected = (CallbackError, SubmissionError)
    async with connect(service) as client:
        options: dict[str, Any] = {"max_requests": 1, "progress": callback}
        if face == "submitting":
            told = await drive(client, service, make_models(1_200), fails=expected, **options)
            error = told.error
        else:
            with pytest.raises(expected) as caught:
                await client.tasks.submit(service.job, make_models(1_200), **options)
            error = caught.value
    assert isinstance(error, CallbackError) or isinstance(error.__cause__, CallbackError)  # type: ignore[union-attr]  # an error was raised


async def test_progress_of_a_run(client: BatchClient, service: ScriptedService) -> None:
    service.fault = for_requests([2], drop(1.0))
    async with client.tasks.submitting(service.job, make_models(500)) as run:
        before = run.progress
        assert (before.taken, before.done) == (0, 0)
        received = 0
        async for outcomes in run:
            received += len(outcomes)
            now = run.progress
            assert now.taken >= now.done >= received
            assert now.rate >= 0
            assert now.window >= 1
            assert isinstance(now.pacing, str)
        after = run.progress
    assert (after.taken, after.done, after.in_flight) == (500, 500, 0)
    assert after.outcomes["added"] == 500
    assert (after.requests, after.retries) == (6, 1)
