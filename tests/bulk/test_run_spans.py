"""What OpenTelemetry gets to see of submissions and feeds."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator
from typing import Any

import pytest
from opentelemetry import trace
from opentelemetry.sdk.trace import ReadableSpan
from opentelemetry.sdk.trace.sampling import ALWAYS_OFF
from opentelemetry.trace import SpanKind, StatusCode
from recording import Recorder, attributes_of
from scripted import ScriptedService, connect, drop, fail, for_requests, hang, make_mappings, refuse
from session.credentials import TokenCredential
from session.driving import Clock

from batchio import BatchClient, SubmissionError
from batchio.otel.spans import Budget

REQUEST = "Batch.CreateTaskCollection"


@pytest.fixture
async def client(service: ScriptedService, recorder: Recorder) -> AsyncIterator[BatchClient]:
    async with connect(service, telemetry=recorder.telemetry) as client:
        yield client


def totals_of(span: ReadableSpan) -> dict[str, Any]:
    """What a run's span says of it, where it is not zero."""
    prefix = "batchio."
    return {name.removeprefix(prefix): n for name, n in attributes_of(span).items() if n and name.startswith(prefix)}


def tasks_of(recorder: Recorder) -> dict[str, int]:
    return {point.attributes["batchio.outcome"]: point.value for point in recorder.points("batchio.tasks")}


async def test_a_submission_is_a_span_and_its_requests_are_below_it(
    client: BatchClient, service: ScriptedService, recorder: Recorder
) -> None:
    service.truth.preload(["task-7"])
    with recorder.tracers.get_tracer("app").start_as_current_span("app"):
        report = await client.tasks.submit(service.job, make_mappings(250))
        assert trace.get_current_span().get_span_context().is_valid  # the application's own again
    (run,), (app,), requests = recorder.named("Batch.Submission"), recorder.named("app"), recorder.named(REQUEST)
    assert (run.kind, run.status.status_code, run.parent) == (SpanKind.INTERNAL, StatusCode.UNSET, app.context)
    assert totals_of(run) == {
        "tasks.taken": 250,
        "tasks.added": 249,
        "tasks.existed": 1,
        "requests": 3,
        "bytes_sent": report.bytes_sent,
    }
    assert attributes_of(run)["azure.batch.job.id"] == service.job
    assert (attributes_of(run)["server.address"], attributes_of(run)["server.port"]) == ("127.0.0.1", service.port)
    assert len(requests) == 3
    for span in requests:
        assert (span.kind, span.parent) == (SpanKind.CLIENT, run.context)
        assert span.start_time is not None
        assert run.start_time is not None
        assert span.end_time is not None
        assert run.start_time <= span.start_time < span.end_time
        assert attributes_of(span)["http.response.status_code"] == 200
        assert attributes_of(span)["azure.service.request.id"]
    assert len({attributes_of(span)["azure.client.request.id"] for span in requests}) == 3
    assert tasks_of(recorder) == {"added": 249, "existed": 1}
    (duration,) = recorder.points("http.client.request.duration")
    assert duration.count == 3


async def test_throttled_and_broken(client: BatchClient, service: ScriptedService, recorder: Recorder) -> None:
    service.fault = for_requests([1], refuse(503, retry_after="0"))
    first = await client.tasks.submit(service.job, make_mappings(100))
    service.fault = for_requests([3], drop(share=1.0))
    second = await client.tasks.submit(service.job, make_mappings(100, "more"))
    assert (first.refused, second.added) == (1, 100)
    totals = [totals_of(run) for run in recorder.named("Batch.Submission")]
    assert [(each.get("retries"), each.get("refused")) for each in totals] == [(1, 1), (1, None)]
    throttled, broken = recorder.named(REQUEST)
    assert attributes_of(throttled)["http.request.resend_count"] == 1
    assert attributes_of(throttled)["http.response.status_code"] == 200
    assert throttled.status.status_code is StatusCode.UNSET
    assert [dict(event.attributes or {}) for event in throttled.events] == [
        {"batchio.attempt": 2, "http.response.status_code": 503, "error.type": "503"}
    ]
    assert [dict(event.attributes or {})["error.type"] for event in broken.events] == [
        "batchio.errors.ConnectionLostError"
    ]
    assert [point.value for point in recorder.points("batchio.refusals")] == [1]
    assert [point.value for point in recorder.points("batchio.retries")] == [2]
    assert client.stats.retries == 2


async def test_a_submission_that_stops(client: BatchClient, service: ScriptedService, recorder: Recorder) -> None:
    service.fault = for_requests([1], fail(404, "JobNotFound"))
    with pytest.raises(SubmissionError):
        await client.tasks.submit(service.job, make_mappings(100))
    (run,), (request,) = recorder.named("Batch.Submission"), recorder.named(REQUEST)
    assert totals_of(run)["tasks.not_sent"] == 100
    assert attributes_of(run)["error.type"] == "JobNotFound"
    assert run.status.status_code is request.status.status_code is StatusCode.ERROR
    assert attributes_of(request)["error.type"] == "404"
    assert tasks_of(recorder) == {"not_sent": 100}


async def test_what_was_never_sent_has_no_span(service: ScriptedService, recorder: Recorder) -> None:
    credential = TokenCredential(Clock())
    credential.failure = ValueError("no token")
    async with connect(service, credential=credential, cloud="public", telemetry=recorder.telemetry) as client:
        with pytest.raises(SubmissionError):
            await client.tasks.submit(service.job, make_mappings(1))
    (run,) = recorder.spans
    assert attributes_of(run)["error.type"] == "batchio.errors.CredentialError"


async def test_what_the_input_raises_is_not_quoted(
    client: BatchClient, service: ScriptedService, recorder: Recorder
) -> None:
    def tasks() -> Iterator[Any]:
        yield from make_mappings(1)
        raise ValueError("it knows a secret")

    with pytest.raises(SubmissionError):
        await client.tasks.submit(service.job, tasks())
    (run,) = recorder.named("Batch.Submission")
    assert attributes_of(run)["error.type"] == "builtins.ValueError"
    assert "secret" not in recorder.text


async def test_a_cancelled_submission(client: BatchClient, service: ScriptedService, recorder: Recorder) -> None:
    service.fault = for_requests([1], hang())
    run = asyncio.create_task(client.tasks.submit(service.job, make_mappings(100)))
    await service.until(lambda: len(service.history) == 1)
    run.cancel()
    with pytest.raises(asyncio.CancelledError):
        await run
    (span,), (request,) = recorder.named("Batch.Submission"), recorder.named(REQUEST)
    assert totals_of(span)["tasks.unknown"] == 100
    for each in (span, request):
        assert attributes_of(each)["error.type"] == "asyncio.exceptions.CancelledError"
    assert (client.stats.runs, client.stats.in_flight, client.stats.outcomes["unknown"]) == (0, 0, 100)


async def test_leaving_a_block_early_ends_the_span(
    client: BatchClient, service: ScriptedService, recorder: Recorder
) -> None:
    async with client.tasks.submitting(service.job, make_mappings(1_000)) as run:
        async for _ in run:
            break
    (span,) = recorder.named("Batch.Submission")
    assert totals_of(span)["tasks.taken"] == run.report.taken
    assert sum(tasks_of(recorder).values()) == run.report.taken


async def test_the_input_is_read_below_the_submission(
    client: BatchClient, service: ScriptedService, recorder: Recorder
) -> None:
    tracer = recorder.tracers.get_tracer("app")

    async def rows() -> AsyncIterator[Any]:
        with tracer.start_as_current_span("query"):
            pass
        for each in make_mappings(10):
            yield each

    await client.tasks.submit(service.job, rows())
    (run,), (query,) = recorder.named("Batch.Submission"), recorder.named("query")
    assert query.parent == run.context


async def test_many_requests_are_few_spans(
    client: BatchClient, service: ScriptedService, recorder: Recorder, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("batchio.otel.spans._EACH_SECOND", 0.0)
    service.fault = for_requests([120], refuse(503, retry_after="0"))
    report = await client.tasks.submit(service.job, make_mappings(16_000))
    (run,), requests = recorder.named("Batch.Submission"), recorder.named(REQUEST)
    assert report.requests == 161
    assert len(requests) == 101
    assert totals_of(run)["spans.left_out"] == 59
    # What went wrong has its span all the same, and nothing is missing in the metrics.
    assert len([span for span in requests if span.events]) == 1
    assert sum(point.count for point in recorder.points("http.client.request.duration")) == 161
    assert tasks_of(recorder) == {"added": 16_000}


def test_so_many_spans_at_once_and_so_many_a_second() -> None:
    budget = Budget()
    assert [budget.take(0.0) for _ in range(101)] == [True] * 100 + [False]
    assert [budget.take(0.25) for _ in range(3)] == [True, True, False]
    assert sum(budget.take(1_000.0) for _ in range(200)) == 100


async def test_a_run_that_is_not_sampled_makes_no_spans_below_it(service: ScriptedService) -> None:
    recorder = Recorder(ALWAYS_OFF)
    async with connect(service, telemetry=recorder.telemetry) as client:
        await client.tasks.submit(service.job, make_mappings(200))
    assert not recorder.spans
    assert tasks_of(recorder) == {"added": 200}
    recorder.close()


async def test_a_feed_is_a_span(client: BatchClient, service: ScriptedService, recorder: Recorder) -> None:
    async with client.tasks.feed(service.job) as feed:
        await asyncio.gather(*map(feed.add, make_mappings(150)))
    (run,), requests = recorder.named("Batch.Feed"), recorder.named(REQUEST)
    assert totals_of(run)["tasks.added"] == 150
    assert all(span.parent == run.context for span in requests)
    assert len(requests) == totals_of(run)["requests"]
    assert run.status.status_code is StatusCode.UNSET


async def test_a_feed_whose_callers_give_up(client: BatchClient, service: ScriptedService, recorder: Recorder) -> None:
    service.fault = for_requests([1], hang())
    async with client.tasks.feed(service.job) as feed:
        call = asyncio.create_task(feed.add({"id": "a", "commandLine": "x"}))
        await service.until(lambda: len(service.history) == 1)
        await feed.close(timeout=0.01)
    assert (await call).state == "unknown"
    (run,) = recorder.named("Batch.Feed")
    assert run.status.status_code is StatusCode.ERROR
    assert attributes_of(run)["error.type"] == "batchio.errors.BatchioError"


async def test_a_resumed_submission_counts_its_own_tasks(
    client: BatchClient, service: ScriptedService, recorder: Recorder, tmp_path: Any
) -> None:
    tasks = make_mappings(300)
    await client.tasks.submit(service.job, tasks[:200], journal=tmp_path / "journal")
    report = await client.tasks.submit(service.job, tasks, journal=tmp_path / "journal")
    assert (report.added, report.resumed) == (300, 200)
    assert tasks_of(recorder) == {"added": 300}
    assert client.stats.outcomes["added"] == 300


async def test_what_goes_up_and_down(client: BatchClient, service: ScriptedService, recorder: Recorder) -> None:
    service.fault = for_requests([1, 2], hang())

    def gauge(name: str) -> float:
        (point,) = recorder.points(f"batchio.{name}")
        assert point.attributes == {"server.address": "127.0.0.1", "server.port": service.port}
        value: float = point.value
        return value

    async with client.tasks.submitting(service.job, make_mappings(200)) as run:
        await service.until(lambda: len(service.history) == 2)
        assert gauge("in_flight") == client.stats.in_flight == run.progress.in_flight == 2
        assert gauge("window") == client.stats.window == 8
        # An exporter asks in a thread of its own.
        assert await asyncio.to_thread(gauge, "in_flight") == 2
        async with connect(service, telemetry=recorder.telemetry) as other:
            assert gauge("window") == 16  # all clients of the account in this process
            assert other.stats.in_flight == 0
        assert gauge("window") == 8
    assert gauge("in_flight") == 0
    await client.close()
    assert not recorder.points("batchio.window")
