"""The metrics.

Law: counted where something happens anyway (an answer, four times a second in a run), never per task. What goes up and
down is asked for when it is exported, maybe in another thread.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable
from weakref import WeakSet

from opentelemetry.metrics import CallbackOptions, Meter, Observation

from ..session.telemetry import Watched
from .naming import place_of

_SECONDS = (0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1.0, 2.5, 5.0, 7.5, 10.0, 30.0, 60.0)


class Measures:
    """The instruments of one meter."""

    def __init__(self, meter: Meter) -> None:
        self.duration = meter.create_histogram(
            "http.client.request.duration",
            unit="s",
            description="Duration of HTTP client requests.",
            explicit_bucket_boundaries_advisory=_SECONDS,
        )
        self.tasks = meter.create_counter("batchio.tasks", "{task}", "Tasks of submissions and feeds by outcome.")
        self.retries = meter.create_counter("batchio.retries", "{request}", "Requests that were sent again.")
        self.refusals = meter.create_counter("batchio.refusals", "{request}", "Answers 429 and 503 ServerBusy.")
        for name, unit, description in (
            ("rate", "{task}/s", "Tasks a second that got an outcome lately."),
            ("window", "{request}", "Requests of submissions and feeds that may be in flight."),
            ("in_flight", "{request}", "Requests that wait for their answer."),
        ):
            meter.create_observable_gauge(f"batchio.{name}", [self._asker(name)], unit, description)
        self._clients: WeakSet[Watched] = WeakSet()
        self._lock = threading.Lock()

    def watch(self, client: Watched) -> None:
        """Measure this client, so long as it lives."""
        with self._lock:
            self._clients.add(client)

    def forget(self, client: Watched) -> None:
        """Measure it no more: it is closed."""
        with self._lock:
            self._clients.discard(client)

    def _asker(self, name: str) -> Callable[[CallbackOptions], Iterable[Observation]]:
        def ask(options: CallbackOptions) -> Iterable[Observation]:  # noqa: ARG001 - the API's
            with self._lock:
                clients = list(self._clients)
            sums: dict[str, float] = {}
            for client in clients:
                sums[client.endpoint] = sums.get(client.endpoint, 0) + getattr(client.stats, name)
            return [Observation(value, place_of(endpoint)) for endpoint, value in sums.items()]

        return ask
