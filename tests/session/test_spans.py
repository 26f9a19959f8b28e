"""What OpenTelemetry gets to see of single calls."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Iterator
from typing import Any

import aiohttp
import pytest
from opentelemetry import context, trace
from opentelemetry.instrumentation import aiohttp_client
from opentelemetry.instrumentation.aiohttp_client import AioHttpClientInstrumentor, create_trace_config
from opentelemetry.instrumentation.utils import suppress_http_instrumentation
from opentelemetry.sdk.trace.sampling import ALWAYS_OFF
from opentelemetry.trace import SpanKind, StatusCode
from recording import Recorder, attributes_of

from batchio import (
    BatchClient,
    BatchioError,
    ClientAuthenticationError,
    ConnectError,
    RequestTimeoutError,
    ResourceNotFoundError,
)

from .driving import connect, stray_tasks
from .server import DROP, HANG, Server, answer, page, refusal
from .test_secrets import ANSWERS, CALLS, SECRETS, check

JOB = {"id": "j"}


@pytest.fixture
async def client(server: Server, recorder: Recorder) -> AsyncIterator[BatchClient]:
    async with connect(server, telemetry=recorder.telemetry) as client:
        yield client


def port_of(server: Server) -> int:
    return int(server.endpoint.rpartition(":")[2])


async def test_a_call_is_a_span(server: Server, client: BatchClient, recorder: Recorder) -> None:
    server.say(answer(200, JOB))
    await client.jobs.get("j", select="id")
    (span,) = recorder.spans
    assert (span.name, span.kind, span.status.status_code) == ("Batch.GetJob", SpanKind.CLIENT, StatusCode.UNSET)
    assert attributes_of(span) == {
        "http.request.method": "GET",
        "server.address": "127.0.0.1",
        "server.port": port_of(server),
        "url.full": f"{server.endpoint}{server.heard[0].target.replace(',', '%2C')}",
        "http.response.status_code": 200,
        "azure.resource_provider.namespace": "Microsoft.Batch",
        "azure.client.request.id": server.heard[0].headers["client-request-id"],
        "azure.service.request.id": "request-1",
        "azure.batch.job.id": "j",
    }
    assert not span.events
    scope = span.instrumentation_scope
    assert scope is not None
    assert scope.name == "batchio"


async def test_the_trace_goes_with_the_request_and_nothing_else_does(
    server: Server, client: BatchClient, recorder: Recorder
) -> None:
    server.say(answer(200, JOB))
    with recorder.tracers.get_tracer("app").start_as_current_span("app") as parent:
        token = context.attach(context.set_value("baggage", {"user": "alice"}))
        await client.jobs.get("j")
        context.detach(token)
    ours, theirs = recorder.spans
    assert ours.parent == theirs.context == parent.get_span_context()
    assert ours.context is not None
    trace_id, span_id = ours.context.trace_id, ours.context.span_id
    assert server.heard[0].headers["traceparent"].startswith(f"00-{trace_id:032x}-{span_id:016x}-")
    assert "baggage" not in server.heard[0].headers


async def test_a_call_that_is_tried_again_is_one_span(server: Server, client: BatchClient, recorder: Recorder) -> None:
    server.say(refusal(503, "ServerBusy"), DROP, answer(200, JOB))
    await client.jobs.get("j")
    (span,) = recorder.spans
    found = attributes_of(span)
    assert (found["http.request.resend_count"], found["http.response.status_code"]) == (2, 200)
    assert "error.type" not in found
    assert span.status.status_code is StatusCode.UNSET
    assert [(event.name, dict(event.attributes or {})) for event in span.events] == [
        ("batchio.retry", {"batchio.attempt": 2, "http.response.status_code": 503, "error.type": "503"}),
        ("batchio.retry", {"batchio.attempt": 3, "error.type": "batchio.errors.ConnectionLostError"}),
    ]
    assert [point.value for point in recorder.points("batchio.retries")] == [2]
    assert [point.value for point in recorder.points("batchio.refusals")] == [1]


async def test_a_call_that_fails_says_why(server: Server, client: BatchClient, recorder: Recorder) -> None:
    server.say(refusal(404, "JobNotFound"))
    with pytest.raises(ResourceNotFoundError) as caught:
        await client.jobs.get("j")
    (span,) = recorder.spans
    found = attributes_of(span)
    assert (found["error.type"], found["http.response.status_code"]) == ("JobNotFound", 404)
    assert (span.status.status_code, span.status.description) == (StatusCode.ERROR, str(caught.value))
    assert not span.events


async def test_no_is_no_failure(server: Server, client: BatchClient, recorder: Recorder) -> None:
    server.say(answer(404))
    assert not await client.pools.exists("p")
    (span,) = recorder.spans
    assert attributes_of(span)["http.response.status_code"] == 404
    assert span.status.status_code is StatusCode.UNSET


async def test_a_call_without_an_answer(server: Server, client: BatchClient, recorder: Recorder) -> None:
    server.otherwise = HANG
    with pytest.raises(RequestTimeoutError):
        await client.jobs.create({"id": "j", "poolInfo": {"poolId": "p"}}, timeout=0.02)
    (span,) = recorder.spans
    found = attributes_of(span)
    assert found["error.type"] == "batchio.errors.RequestTimeoutError"
    assert "http.response.status_code" not in found
    assert span.status.status_code is StatusCode.ERROR


async def test_a_call_that_is_cancelled_ends_its_span(server: Server, client: BatchClient, recorder: Recorder) -> None:
    server.otherwise = HANG
    call = asyncio.create_task(client.jobs.get("j"))
    await server.hears(1)
    call.cancel()
    with pytest.raises(asyncio.CancelledError):
        await call
    (span,) = recorder.spans
    assert attributes_of(span)["error.type"] == "asyncio.exceptions.CancelledError"
    assert client.stats.in_flight == 0
    assert not stray_tasks(server)


async def test_calls_at_the_same_time_do_not_mix(server: Server, client: BatchClient, recorder: Recorder) -> None:
    server.otherwise = answer(200, JOB)
    tracer = recorder.tracers.get_tracer("app")

    async def caller(number: int) -> None:
        with tracer.start_as_current_span(f"caller {number}"):
            await client.jobs.get(f"j{number}")

    await asyncio.gather(*map(caller, range(20)))
    callers = {span.context.span_id: span.name for span in recorder.spans if span.context and "caller" in span.name}
    calls = recorder.named("Batch.GetJob")
    assert len(calls) == len(callers) == 20
    for span in calls:
        assert span.parent is not None
        job = attributes_of(span)["azure.batch.job.id"]
        assert callers[span.parent.span_id] == f"caller {job[1:]}"
    assert trace.get_current_span() is trace.INVALID_SPAN


async def test_a_page_is_a_call(server: Server, client: BatchClient, recorder: Recorder) -> None:
    link = f"{server.endpoint}/jobs?$skiptoken={SECRETS['query']}&sig={SECRETS['signature']}&api-version=1"
    server.say(page(JOB, to=link), page({"id": "k"}))
    assert [job.id async for job in client.jobs.list()] == ["j", "k"]
    first, second = recorder.named("Batch.ListJobs")
    assert attributes_of(second)["url.full"] == (
        f"{server.endpoint}/jobs?$skiptoken=REDACTED&sig=REDACTED&api-version=1"
    )
    assert attributes_of(first)["azure.client.request.id"]
    check(recorder.text)


async def test_a_file_is_a_call(server: Server, client: BatchClient, recorder: Recorder) -> None:
    whole = answer(200, b"0123456789", Last_Modified="Mon, 01 Jan 2024 00:00:00 GMT")
    rest = answer(206, b"56789", Last_Modified="Mon, 01 Jan 2024 00:00:00 GMT")
    server.say(refusal(500), whole.cut(len(whole.data) - 5), rest)
    async with client.tasks.get_file("j", "t", "stdout.txt") as file:
        assert await file.read() == b"0123456789"
        assert not recorder.spans  # it ends with the block
    (span,) = recorder.spans
    assert span.name == "Batch.GetTaskFile"
    assert attributes_of(span)["http.request.resend_count"] == 2
    assert span.status.status_code is StatusCode.UNSET


async def test_a_file_that_is_not_there(server: Server, client: BatchClient, recorder: Recorder) -> None:
    server.say(refusal(404, "FileNotFound"))
    with pytest.raises(ResourceNotFoundError):
        async with client.tasks.get_file("j", "t", "stdout.txt"):
            pass
    (span,) = recorder.spans
    assert attributes_of(span)["error.type"] == "FileNotFound"


async def test_what_else_goes_wrong_in_a_files_block_is_not_its_failure(
    server: Server, client: BatchClient, recorder: Recorder
) -> None:
    server.say(answer(200, b"content"))
    with pytest.raises(KeyError):
        async with client.tasks.get_file("j", "t", "stdout.txt"):
            raise KeyError
    (span,) = recorder.spans
    assert span.status.status_code is StatusCode.UNSET


@pytest.mark.parametrize(
    ("method", "known", "name"), [("put", "PUT", "PUT"), ("PURGE", "_OTHER", "HTTP"), ("GET", "GET", "GET")]
)
async def test_a_call_without_an_operation_is_called_after_its_method(
    server: Server, client: BatchClient, recorder: Recorder, method: str, known: str, name: str
) -> None:
    server.say(answer(200))
    await client.request(method, "/some/thing_odd")
    (span,) = recorder.spans
    assert span.name == name
    assert attributes_of(span)["http.request.method"] == known


async def test_nobody_listens(server: Server, client: BatchClient, recorder: Recorder) -> None:
    await server.stop()
    with pytest.raises(ConnectError):
        await client.jobs.get("j")
    (span,) = recorder.spans
    assert attributes_of(span)["error.type"] == "batchio.errors.ConnectError"
    assert attributes_of(span)["http.request.resend_count"] == 3


async def test_the_duration_of_each_try_is_measured(server: Server, client: BatchClient, recorder: Recorder) -> None:
    server.say(refusal(500), answer(200, JOB), answer(200, JOB))
    await client.jobs.get("j")
    await client.jobs.get("j")
    points = {point.attributes["http.response.status_code"]: point for point in recorder.points(DURATION)}
    assert {status: point.count for status, point in points.items()} == {500: 1, 200: 2}
    place = {"server.address": "127.0.0.1", "server.port": port_of(server)}
    assert points[200].attributes == {"http.request.method": "GET", "http.response.status_code": 200, **place}
    assert points[500].attributes["error.type"] == "500"
    assert 0.0 < points[200].sum < 10.0


DURATION = "http.client.request.duration"


@pytest.mark.parametrize("call", CALLS)
@pytest.mark.parametrize("reply", [reply for reply in ANSWERS if reply != "silence"])
async def test_no_secret_is_recorded(
    server: Server, client: BatchClient, recorder: Recorder, call: str, reply: str
) -> None:
    server.otherwise = ANSWERS[reply]
    with contextlib.suppress(BatchioError):
        await CALLS[call](client)
    check(recorder.text)
    assert client.stats.requests == len(server.heard)


async def test_a_credential_that_is_refused(server: Server, client: BatchClient, recorder: Recorder) -> None:
    server.otherwise = refusal(403, "AuthenticationFailed")
    with pytest.raises(ClientAuthenticationError):
        await client.jobs.get("j")
    (span,) = recorder.spans
    assert attributes_of(span)["error.type"] == "AuthenticationFailed"
    assert attributes_of(span)["http.request.resend_count"] == 1


async def test_who_is_not_sampled_costs_no_span(server: Server) -> None:
    recorder = Recorder(ALWAYS_OFF)
    server.otherwise = answer(200, JOB)
    async with connect(server, telemetry=recorder.telemetry) as client:
        await client.jobs.get("j")
    assert not recorder.spans
    assert int(server.heard[0].headers["traceparent"][-2:], 16) % 2 == 0
    assert recorder.points(DURATION)[0].count == 1
    recorder.close()


async def test_who_wants_no_spans_of_requests_gets_none(
    server: Server, client: BatchClient, recorder: Recorder
) -> None:
    server.otherwise = answer(200, JOB)
    with suppress_http_instrumentation():
        await client.jobs.get("j")
    assert not recorder.spans
    assert "traceparent" not in server.heard[0].headers


# aiohttp's own instrumentation.


@pytest.fixture
def _instrumented(recorder: Recorder) -> Iterator[None]:
    instrumentor: Any = AioHttpClientInstrumentor()
    instrumentor.instrument(tracer_provider=recorder.tracers, meter_provider=recorder.meters)
    yield
    instrumentor.uninstrument()


@pytest.mark.usefixtures("_instrumented")
async def test_no_request_has_two_spans(server: Server, client: BatchClient, recorder: Recorder) -> None:
    server.say(refusal(503, "ServerBusy"), answer(200, JOB), answer(200, b"content"))
    await client.jobs.get("j")
    async with client.tasks.get_file("j", "t", "stdout.txt") as file:
        await file.read()
    assert [span.name for span in recorder.spans] == ["Batch.GetJob", "Batch.GetTaskFile"]
    assert client.stats.connections == 1  # and no request goes the long way for it
    # It is instrumented indeed.
    server.otherwise = answer(200)
    async with aiohttp.ClientSession() as session, session.get(server.endpoint):
        pass
    assert [span.name for span in recorder.spans][2:] == ["GET"]


@pytest.mark.skipif(
    not hasattr(aiohttp_client, "is_http_instrumentation_enabled"), reason="it does not ask yet whether to be silent"
)
async def test_a_session_with_traces_of_its_own_has_no_two_spans(server: Server, recorder: Recorder) -> None:
    server.otherwise = answer(200, JOB)
    config = create_trace_config(tracer_provider=recorder.tracers)
    async with aiohttp.ClientSession(trace_configs=[config]) as session:
        async with connect(server, session=session, telemetry=recorder.telemetry) as client:
            await client.jobs.get("j")
            assert client.stats.connections is None
        async with connect(server, session=session, telemetry=False) as client:
            await client.jobs.get("j")
    assert [span.name for span in recorder.spans] == ["Batch.GetJob", "GET"]
