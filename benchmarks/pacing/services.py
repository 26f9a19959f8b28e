"""Services of the simulation: what happens to a request that arrives now, and how long its answer takes.

Law: a service decides when a request arrives and never looks ahead; chance comes from the generator it was given.
"""

from __future__ import annotations

import heapq
import math
from collections.abc import Sequence
from dataclasses import dataclass
from random import Random
from typing import Protocol

REFUSAL_SECONDS = 0.02
"""A refusal is answered so soon."""

ADDED, REFUSED, FAILED = "added", "refused", "failed"

_JITTER = 0.05
"""Of every latency, to both sides."""


@dataclass(frozen=True, slots=True)
class Fate:
    """What becomes of a request: the kind of answer, the seconds until it is there, and its Retry-After."""

    kind: str
    seconds: float
    retry_after: float | None = None


class Service(Protocol):
    """One service for any number of clients."""

    def arrive(self, now: float) -> Fate:
        """A request arrives."""
        ...

    def deliverable(self, until: float) -> float:
        """Requests that a client who knows everything could have had answered from second 0 to `until`."""
        ...


class Bucket:
    """A token bucket, full at the start; `rates` are (from second, tokens a second)."""

    def __init__(
        self,
        rates: Sequence[tuple[float, float]],
        *,
        burst: float,
        latency: float,
        rng: Random,
        retry_after: float | None = None,
    ) -> None:
        self._rates = rates
        self._burst = self._tokens = burst
        self._latency = latency
        self._rng = rng
        self._refusal = Fate(REFUSED, REFUSAL_SECONDS, retry_after)
        self._filled = 0.0

    def arrive(self, now: float) -> Fate:
        """Take a token or be refused."""
        self._tokens = min(self._burst, self._tokens + self._made(self._filled, now))
        self._filled = now
        if self._tokens < 1:
            return self._refusal
        self._tokens -= 1
        return Fate(ADDED, self._latency * self._rng.uniform(1 - _JITTER, 1 + _JITTER))

    def deliverable(self, until: float) -> float:
        """The first burst and all that flows in while there is time to answer."""
        return self._burst + self._made(0.0, until - self._latency)

    def _made(self, start: float, end: float) -> float:
        made = 0.0
        ends = [*(begin for begin, _ in self._rates[1:]), math.inf]
        for (begin, rate), stop in zip(self._rates, ends, strict=True):
            made += rate * max(0.0, min(end, stop) - max(start, begin))
        return made


class Servers:
    """So many servers, each busy for `latency` with a request, and a queue with a limit."""

    def __init__(
        self, servers: int, queue: int, *, latency: float, rng: Random, retry_after: float | None = None
    ) -> None:
        self._servers = servers
        self._limit = servers + queue
        self._latency = latency
        self._rng = rng
        self._refusal = Fate(REFUSED, REFUSAL_SECONDS, retry_after)
        self._free_at = [0.0] * servers
        self._ends: list[float] = []

    def arrive(self, now: float) -> Fate:
        """Wait for the first free server, or be refused when the queue is full."""
        ends = self._ends
        while ends and ends[0] <= now:
            heapq.heappop(ends)
        if len(ends) >= self._limit:
            return self._refusal
        end = max(now, self._free_at[0]) + self._latency * self._rng.uniform(1 - _JITTER, 1 + _JITTER)
        heapq.heapreplace(self._free_at, end)
        heapq.heappush(ends, end)
        return Fate(ADDED, end - now)

    def deliverable(self, until: float) -> float:
        """All servers busy all the time."""
        return self._servers / self._latency * until


class Endless:
    """No limit at all; latencies are log-normal around `latency`. What a client can have is its own `window`."""

    def __init__(self, *, latency: float, spread: float, window: int, rng: Random) -> None:
        self._mu, self._spread = math.log(latency), spread
        self._mean = latency * math.exp(spread * spread / 2)
        self._window = window
        self._rng = rng

    def arrive(self, now: float) -> Fate:  # noqa: ARG002 - the protocol's
        """Always added, sometime."""
        return Fate(ADDED, self._rng.lognormvariate(self._mu, self._spread))

    def deliverable(self, until: float) -> float:
        """The window always full."""
        return self._window / self._mean * until


class Outage:
    """Refuses everything from second `start` to `end`; what it could deliver in that time does not count."""

    def __init__(self, inner: Service, start: float, end: float, *, retry_after: float | None = None) -> None:
        self._inner = inner
        self._start, self._end = start, end
        self._refusal = Fate(REFUSED, REFUSAL_SECONDS, retry_after)

    def arrive(self, now: float) -> Fate:
        """Refused, or whatever the service behind says."""
        return self._refusal if self._start <= now < self._end else self._inner.arrive(now)

    def deliverable(self, until: float) -> float:
        """What the service behind delivers, but in the outage."""
        inner = self._inner.deliverable
        return inner(until) - (inner(min(until, self._end)) - inner(min(until, self._start)))


class Fickle:
    """Refuses a share of the requests for no reason, at any rate."""

    def __init__(self, inner: Service, share: float, *, rng: Random, retry_after: float | None = None) -> None:
        self._inner = inner
        self._share = share
        self._rng = rng
        self._refusal = Fate(REFUSED, REFUSAL_SECONDS, retry_after)

    def arrive(self, now: float) -> Fate:
        """Refused by chance, or whatever the service behind says."""
        return self._refusal if self._rng.random() < self._share else self._inner.arrive(now)

    def deliverable(self, until: float) -> float:
        """What the service behind delivers: refused ones cost it nothing."""
        return self._inner.deliverable(until)


class Flaky:
    """A share of the requests fails for no reason (500) after the usual time."""

    def __init__(self, inner: Service, share: float, *, rng: Random) -> None:
        self._inner = inner
        self._share = share
        self._rng = rng

    def arrive(self, now: float) -> Fate:
        """Failed by chance, or whatever the service behind says."""
        fate = self._inner.arrive(now)
        return Fate(FAILED, fate.seconds) if self._rng.random() < self._share else fate

    def deliverable(self, until: float) -> float:
        """The share that does not fail."""
        return self._inner.deliverable(until) * (1 - self._share)
