"""The spans: one for a call with all its tries, one for a submission or feed with some of its requests below it.

Law: never a span per task, and never more than a backend likes. A run of 10,000 requests a minute has spans for its
first ones and a few a second after that, those that went wrong first; its own span has the totals. What is left out
is in the metrics all the same.
"""

from __future__ import annotations

import time
from collections.abc import Iterable, Mapping
from contextvars import Token
from types import TracebackType
from typing import Self

from opentelemetry import context, trace
from opentelemetry.context import Context
from opentelemetry.trace import Span, SpanKind, Status, StatusCode, Tracer
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

from ..errors import BatchioError
from ..session.request import Request, header
from .measures import Measures
from .naming import NAMESPACE, Attributes, about, answer_of, destination_of, name_of, place_of, type_of

# Private by name, but there is no other: the instrumentations import it, too.
_NO_HTTP: str = getattr(context, "_SUPPRESS_HTTP_INSTRUMENTATION_KEY", "suppress_http_instrumentation")
_NOTHING: str = getattr(context, "_SUPPRESS_INSTRUMENTATION_KEY", "suppress_instrumentation")
# Trace context alone, as Azure's SDKs do: an application's baggage is nothing to the service.
_inject = TraceContextTextMapPropagator().inject

_MOST_EVENTS = 32
_BURST, _EACH_SECOND = 100, 10.0


class Tracing:
    """What calls and runs have in common. `is_global`: the tracer is that of a provider that may not be set yet."""

    def __init__(self, tracer: Tracer, measures: Measures, *, is_global: bool) -> None:
        self.tracer = tracer
        self.measures = measures
        self._is_global = is_global

    @property
    def is_on(self) -> bool:
        """Whether somebody takes spans, and nobody has asked for none here."""
        if self._is_global and isinstance(trace.get_tracer_provider(), trace.ProxyTracerProvider):
            return False
        now = context.get_current()
        return not (now.get(_NO_HTTP) or now.get(_NOTHING))


class _Call:
    """One request with all its tries. `context`: where it is sent, None where there is no span of it; `trace`: the
    headers that say so.
    """

    def __init__(self, tracing: Tracing, request: Request, endpoint: str) -> None:
        self.context: Context | None = None
        self.trace: dict[str, str] = {}
        self.tracing = tracing
        self.request = request
        self.endpoint = endpoint
        self._number = 0
        self._last: Attributes = {}
        self._request_id: str | None = None
        self._again: list[tuple[int, Attributes]] = []

    def __enter__(self) -> Self:
        return self

    def sending(self, headers: dict[str, str], number: int) -> _Sending:
        """A try begins."""
        if number > 1 and len(self._again) < _MOST_EVENTS:
            self._again.append((time.time_ns(), {"batchio.attempt": number, **self._last}))
        self._number = number
        return _Sending(self, headers)

    def tried(self, came: Attributes, headers: Mapping[str, str]) -> None:
        """The try has ended."""
        self._last = came
        self._request_id = header(headers, "request-id")

    @property
    def is_smooth(self) -> bool:
        """Whether the first try went well."""
        return self._number == 1 and "error.type" not in self._last

    def write(self, span: Span, error_type: str | None, description: str | None) -> None:
        """Put what has happened into the span, and end it."""
        if span.is_recording():
            for at, attributes in self._again:
                span.add_event("batchio.retry", attributes, timestamp=at)
            # What the last try says of an error is not said of the call, which may take it for an answer.
            found = {name: value for name, value in self._last.items() if name != "error.type"}
            if self._request_id is not None:
                found["azure.service.request.id"] = self._request_id
            if self._number > 1:
                found["http.request.resend_count"] = self._number - 1
            if error_type is not None:
                found["error.type"] = error_type
                span.set_status(Status(StatusCode.ERROR, description))
            span.set_attributes(found)
        span.end()


class _Sending:
    """One try, in the span's context."""

    def __init__(self, call: _Call, headers: dict[str, str]) -> None:
        self._call = call
        self._token: Token[Context] | None = None
        if call.context is not None:
            headers.update(call.trace)
            self._token = context.attach(call.context)

    def over(self, status: int, headers: Mapping[str, str], error: BaseException | None, seconds: float) -> None:
        """The try has ended."""
        if self._token is not None:
            context.detach(self._token)
        call, came = self._call, answer_of(status, error)
        call.tried(came, headers)
        destination = destination_of(call.endpoint, call.request.method)
        call.tracing.measures.duration.record(seconds, {**destination, **came})


class SingleCall(_Call):
    """A call of its own."""

    _span: Span | None = None

    def __enter__(self) -> Self:
        if self.tracing.is_on:
            attributes = about(self.request, self.endpoint)
            span = self.tracing.tracer.start_span(name_of(self.request), kind=SpanKind.CLIENT, attributes=attributes)
            self._span = span
            self.context, self.trace = _below(trace.set_span_in_context(span))
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        if self._span is not None:
            self.write(self._span, type_of(error) if error else None, _text(error))


class _RunCall(_Call):
    """A request of a run, whose span is made when it is over, if at all."""

    def __init__(self, run: Run, request: Request) -> None:
        super().__init__(run.tracing, request, run.endpoint)
        self.context, self.trace = run.context, run.trace
        self._run = run
        self._started = time.time_ns() if run.context is not None else 0

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        if self.context is None or not self._number:
            return
        if not self._run.has_room(smooth=error is None and self.is_smooth):
            return
        span = self.tracing.tracer.start_span(
            name_of(self.request),
            context=self.context,
            kind=SpanKind.CLIENT,
            attributes=about(self.request, self.endpoint),
            start_time=self._started,
        )
        failure = type_of(error) if error else self._last.get("error.type")
        self.write(span, None if failure is None else str(failure), _text(error))


class Run:
    """A submission or a feed. `context`: in which its requests are sent, None where nobody sees its span."""

    def __init__(
        self, tracing: Tracing, name: str, endpoint: str, job_id: str, before: Iterable[tuple[str, int]]
    ) -> None:
        self.context: Context | None = None
        self.trace: dict[str, str] = {}
        self.tracing = tracing
        self.endpoint = endpoint
        self._name = f"Batch.{name.capitalize()}"
        self._job_id = job_id
        self._told = dict(before)
        self._smooth, self._troubled = Budget(), Budget()
        self._left_out = 0
        self._span: Span | None = None
        self._token: Token[Context] | None = None

    def __enter__(self) -> Self:
        if self.tracing.is_on:
            attributes: Attributes = {**place_of(self.endpoint), **NAMESPACE, "azure.batch.job.id": self._job_id}
            span = self._span = self.tracing.tracer.start_span(self._name, attributes=attributes)
            here = trace.set_span_in_context(span)
            if span.is_recording():
                self.context, self.trace = _below(here)
            self._token = context.attach(here)
        return self

    def call(self, request: Request) -> _RunCall:
        """One request of the run begins."""
        return _RunCall(self, request)

    def has_room(self, *, smooth: bool) -> bool:
        """Whether the span of one more request is wanted."""
        is_wanted = (self._smooth if smooth else self._troubled).take(time.monotonic())
        self._left_out += not is_wanted
        return is_wanted

    def settled(self, outcomes: Iterable[tuple[str, int]]) -> None:
        """Count the tasks that were settled since the last time."""
        place = place_of(self.endpoint)
        for outcome, count in outcomes:
            if more := count - self._told[outcome]:
                self.tracing.measures.tasks.add(more, {**place, "batchio.outcome": str(outcome)})
                self._told[outcome] = count

    def ended(self, totals: Mapping[str, int], failure: BaseException | None) -> None:
        """Put the totals into the span."""
        if self._span is None:
            return
        self._span.set_attributes({f"batchio.{name}": value for name, value in totals.items()})
        self._span.set_attribute("batchio.spans.left_out", self._left_out)
        if failure is not None:
            self._fail(failure)

    def _fail(self, failure: BaseException) -> None:
        if self._span is not None:
            self._span.set_attribute("error.type", type_of(failure))
            self._span.set_status(Status(StatusCode.ERROR, _text(failure)))

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        if self._token is not None:
            context.detach(self._token)
        if self._span is not None:
            if error is not None:
                self._fail(error)
            self._span.end()


def _below(here: Context) -> tuple[Context, dict[str, str]]:
    """Where requests of a span are sent, in which aiohttp's instrumentation is silent, and the headers of its trace."""
    headers: dict[str, str] = {}
    _inject(headers, here)
    return context.set_value(_NO_HTTP, True, here), headers  # noqa: FBT003 - the API's


class Budget:
    """So many at once, and so many a second after that."""

    def __init__(self) -> None:
        self._left = float(_BURST)
        self._looked: float | None = None

    def take(self, now: float) -> bool:
        """Whether there is one left."""
        if self._looked is not None:
            self._left = min(_BURST, self._left + (now - self._looked) * _EACH_SECOND)
        self._looked = now
        if self._left < 1.0:
            return False
        self._left -= 1.0
        return True


def _text(error: BaseException | None) -> str | None:
    """What an error says, if it is ours: those have no secrets."""
    return str(error) if isinstance(error, BatchioError) else None
