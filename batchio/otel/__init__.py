"""OpenTelemetry (extra `otel`): spans for calls, submissions and feeds, and metrics.

Law: imported only where the application uses OpenTelemetry, or asks for it. No secret gets into an attribute: URLs are
shown as the log shows them.
"""

from __future__ import annotations

import functools
from collections.abc import Iterable
from weakref import WeakKeyDictionary

import aiohttp
from opentelemetry import metrics, trace

from ..session.request import Request
from ..session.telemetry import Watched
from ..version import __version__
from .measures import Measures
from .naming import place_of
from .spans import Run, SingleCall, Tracing

_SCHEMA = "https://opentelemetry.io/schemas/1.36.0"

__all__ = ["OpenTelemetry", "shared"]


class OpenTelemetry:
    """What a `BatchClient` tells OpenTelemetry; `BatchClient(..., telemetry=...)` takes it.

    Needed only for providers other than the global ones. Make one and share it between clients. `tracer_provider`,
    `meter_provider`: None is the global one, which may also be set later.

    >>> telemetry = OpenTelemetry(tracer_provider=tracers, meter_provider=meters)
    >>> client = BatchClient(endpoint, credential, telemetry=telemetry)
    """

    def __init__(
        self,
        *,
        tracer_provider: trace.TracerProvider | None = None,
        meter_provider: metrics.MeterProvider | None = None,
    ) -> None:
        self._is_set = tracer_provider is not None or meter_provider is not None
        tracer = trace.get_tracer("batchio", __version__, tracer_provider, _SCHEMA)
        self._measures = _measures_of(meter_provider or metrics.get_meter_provider())
        self._tracing = Tracing(tracer, self._measures, is_global=tracer_provider is None)

    def call(self, request: Request, endpoint: str) -> SingleCall | None:
        """A call begins; None where there is no provider yet."""
        return None if self._is_idle() else SingleCall(self._tracing, request, endpoint)

    def run(self, name: str, endpoint: str, job_id: str, before: Iterable[tuple[str, int]]) -> Run | None:
        """A submission or a feed begins; None where there is no provider yet."""
        return None if self._is_idle() else Run(self._tracing, name, endpoint, job_id, before)

    def retried(self, endpoint: str, requests: int) -> None:
        """So many requests are sent again."""
        self._measures.retries.add(requests, place_of(endpoint))

    def refused(self, endpoint: str) -> None:
        """A request was refused."""
        self._measures.refusals.add(1, place_of(endpoint))

    def opened(self, session: aiohttp.ClientSession) -> None:
        """Take aiohttp's own instrumentation out of a client's own session: its traces cost two thirds of a request."""
        if not self._is_idle():
            others = [each for each in session.trace_configs if not hasattr(each, "_is_instrumented_by_opentelemetry")]
            session.trace_configs[:] = others

    def watch(self, client: Watched) -> None:
        """Measure this client from time to time, so long as it lives."""
        self._measures.watch(client)

    def _is_idle(self) -> bool:
        """Whether there is no provider; once there is one, it stays."""
        if not self._is_set:
            providers = (trace.get_tracer_provider(), metrics.get_meter_provider())
            # The API's own, which stand in for those to come; that of the metrics has no public name.
            self._is_set = not all("Proxy" in type(provider).__name__ for provider in providers)
        return not self._is_set

    def forget(self, client: Watched) -> None:
        """Measure it no more: it is closed."""
        self._measures.forget(client)


_measures: WeakKeyDictionary[metrics.MeterProvider, Measures] = WeakKeyDictionary()


def _measures_of(provider: metrics.MeterProvider) -> Measures:
    """The instruments of a provider: a gauge that is made a second time is silently none."""
    if provider not in _measures:
        _measures[provider] = Measures(provider.get_meter("batchio", __version__, _SCHEMA))
    return _measures[provider]


@functools.cache
def shared() -> OpenTelemetry:
    """The one of all clients that are given none of their own."""
    return OpenTelemetry()
