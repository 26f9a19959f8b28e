"""The client of the simulation: drives a controller as `bulk/gate.py` and `bulk/carrier.py` do.

Law: nothing here decides when to send; the controller does. There is always something to send.

A request takes a place in the window, keeps it while it is held back after a refusal or failure (Retry-After and up
to a tenth more, or full jitter from 0.25 s to 20 s), and then goes before all new ones when the controller lets one
leave. A peer that frees its place at the refusal (`frees`) sends others meanwhile.
"""

from __future__ import annotations

import heapq
import itertools
from collections import deque
from collections.abc import Callable, Iterable
from random import Random

from batchio.bulk.controller import Pacing
from batchio.session.retry import backoff

from .services import ADDED, REFUSED, Service

BINS = 10
"""Deliveries and refusals are counted in so many bins a second."""

_TIMER_SECONDS = 0.001
"""How late a timer of the event loop may be."""

Event = tuple[float, int, Callable[..., None], tuple[object, ...]]


class Time:
    """The virtual clock and what is to happen."""

    def __init__(self) -> None:
        self.now = 0.0
        self._events: list[Event] = []
        self._numbers = itertools.count()

    def at(self, when: float, what: Callable[..., None], *arguments: object) -> None:
        """Do it then."""
        heapq.heappush(self._events, (when, next(self._numbers), what, arguments))

    def run(self, until: float) -> None:
        """Let time pass."""
        events = self._events
        while events and events[0][0] < until:
            self.now, _, what, arguments = heapq.heappop(events)
            what(*arguments)
        self.now = until


class Try:
    """A request, and how often it has failed."""

    __slots__ = ("failures", "sent_at")

    def __init__(self) -> None:
        self.failures = 0
        self.sent_at = 0.0


class Client:
    """One client with its own controller."""

    def __init__(
        self, time: Time, service: Service, pacing: Pacing, rng: Random, *, most: int, frees: bool, until: float
    ) -> None:
        self._time, self._service, self._pacing, self._rng = time, service, pacing, rng
        self._most, self._frees = most, frees
        self._in_flight = 0
        self._held: deque[Try] = deque()
        self._wakes_at = float("inf")
        self.requests = self.refused = self.failed = self.added = 0
        self.bins = [0] * (int(until * BINS) + 1)
        self.refused_bins = self.bins.copy()

    def start(self) -> None:
        """The first requests."""
        self._pump()

    def _pump(self) -> None:
        now, pacing = self._time.now, self._pacing
        while self._held or self._in_flight < min(self._most, pacing.window(now)):
            leaves_at = pacing.next_at(now)
            if leaves_at > now:
                self._wake_at(leaves_at)
                return
            if self._held:
                self._send(self._held.popleft())
            else:
                self._in_flight += 1
                self._send(Try())

    def _wake_at(self, when: float) -> None:
        if when < self._wakes_at:
            self._wakes_at = when
            self._time.at(when + self._rng.random() * _TIMER_SECONDS, self._wake, when)

    def _wake(self, when: float) -> None:
        if when == self._wakes_at:
            self._wakes_at = float("inf")
            self._pump()

    def _send(self, request: Try) -> None:
        now = request.sent_at = self._time.now
        self.requests += 1
        self._pacing.sent(now)
        fate = self._service.arrive(now)
        self._time.at(now + fate.seconds, self._answer, request, fate.kind, fate.retry_after)

    def _answer(self, request: Try, kind: str, retry_after: float | None) -> None:
        now = self._time.now
        if kind == ADDED:
            self.added += 1
            self.bins[int(now * BINS)] += 1
            self._pacing.answered(now, request.sent_at)
            self._in_flight -= 1
        else:
            if kind == REFUSED:
                self.refused += 1
                self.refused_bins[int(now * BINS)] += 1
                self._pacing.refused(now, request.sent_at, retry_after)
            else:
                self.failed += 1
                self._pacing.noise(now, request.sent_at)
            wait = backoff(self._rng, request.failures)
            if retry_after is not None:
                wait = retry_after * self._rng.uniform(1.0, 1.1)
            request.failures += 1
            if self._frees:
                self._in_flight -= 1
            self._time.at(now + wait, self._return, request)
        self._pump()

    def _return(self, request: Try) -> None:
        if self._frees:
            self._in_flight += 1
        self._held.append(request)
        self._pump()


def simulate(
    service: Service, pacings: Iterable[tuple[float, Pacing]], rng: Random, *, most: int, frees: bool, until: float
) -> list[Client]:
    """Clients that join at the given seconds, run for so long."""
    time, clients = Time(), []
    for joins_at, pacing in pacings:
        client = Client(time, service, pacing, rng, most=most, frees=frees, until=until)
        time.at(joins_at, client.start)
        clients.append(client)
    time.run(until)
    return clients
