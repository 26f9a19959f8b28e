"""The scenarios of `engine.md`: a service, how long, and what is to be reached.

Law: numbers only; a scenario says everything about its service, and a seed the rest.

P, Q and R are what the runs over sockets meet; S and T refuse some requests at any rate, as a proxy may. Where the
table leaves it open, a bucket's burst is one second's worth (the emulator's default).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from random import Random

from .services import Bucket, Endless, Fickle, Flaky, Outage, Servers, Service

MOST = 256
"""Requests in flight at most, as by default."""

_LATENCY, _FAR = 0.1, 0.3
_SPREAD = 0.4
_MINUTE, _TWO_MINUTES = 60.0, 120.0


@dataclass(frozen=True, kw_only=True)
class Goal:
    """Shares (0 to 1) of goodput, of refused requests and of fairness; seconds to be back."""

    goodput: float | None = None
    refused: float | None = None
    back: float | None = None
    jain: float | None = None


@dataclass(frozen=True, kw_only=True)
class Scenario:
    """`make` builds the service. From `back_from` on, 90 % of `rate` is awaited. `joins`: when clients come."""

    name: str
    what: str
    make: Callable[[Random], Service]
    goal: Goal
    rate: float
    back_from: float = 0.0
    seconds: float = _MINUTE
    joins: tuple[float, ...] = (0.0,)
    fair_from: float = 60.0
    outage: tuple[float, float] | None = None
    """From which second to which everything is refused."""
    short: float = 10.0
    """Seconds that show as much of a controller which is refused a hundred times as often (the fixed window)."""


def _bucket(rate: float, burst: float, latency: float, retry_after: float | None) -> Callable[[Random], Service]:
    return lambda rng: Bucket([(0.0, rate)], burst=burst, latency=latency, rng=rng, retry_after=retry_after)


def _servers(servers: int, queue: int) -> Callable[[Random], Service]:
    return lambda rng: Servers(servers, queue, latency=_LATENCY, rng=rng)


def _endless(rng: Random) -> Service:
    return Endless(latency=_LATENCY, spread=_SPREAD, window=MOST, rng=rng)


_OUTAGE = (25.0, 35.0)
_STEPS = ((0.0, 200.0), (20.0, 50.0), (40.0, 200.0))

_TABLE = (
    Scenario(
        name="A",
        what="bucket 100/s, burst 100, Retry-After 1",
        make=_bucket(100, 100, _LATENCY, 1.0),
        goal=Goal(goodput=0.99, refused=0.01),
        rate=100,
    ),
    Scenario(
        name="B",
        what="bucket 100/s, burst 10",
        make=_bucket(100, 10, _LATENCY, None),
        goal=Goal(goodput=0.99, refused=0.01),
        rate=100,
    ),
    Scenario(
        name="C",
        what="bucket 1000/s",
        make=_bucket(1000, 1000, _LATENCY, None),
        goal=Goal(goodput=0.99, refused=0.01),
        rate=1000,
    ),
    Scenario(
        name="D",
        what="bucket 20/s, 300 ms, Retry-After 2",
        make=_bucket(20, 20, _FAR, 2.0),
        goal=Goal(goodput=0.99, refused=0.02),
        rate=20,
    ),
    Scenario(
        name="E",
        what="20 servers, queue 200",
        make=_servers(20, 200),
        goal=Goal(goodput=0.99, refused=0.015),
        rate=200,
    ),
    Scenario(
        name="F",
        what="100 servers, queue 20",
        make=_servers(100, 20),
        goal=Goal(goodput=0.95, refused=0.01, back=5.0),
        rate=1000,
    ),
    Scenario(
        name="G",
        what="no limit, jittery latency",
        make=_endless,
        goal=Goal(goodput=0.97, refused=0.0),
        rate=2300,
    ),
    Scenario(
        name="H",
        what="200/s, 10 s of 503",
        make=lambda rng: Outage(Bucket([(0.0, 200.0)], burst=200, latency=_LATENCY, rng=rng), *_OUTAGE),
        goal=Goal(goodput=0.97, refused=0.01, back=2.5),
        rate=200,
        back_from=_OUTAGE[1],
        outage=_OUTAGE,
        short=_MINUTE,
    ),
    Scenario(
        name="I",
        what="200 -> 50 -> 200/s",
        make=lambda rng: Bucket(_STEPS, burst=200, latency=_LATENCY, rng=rng),
        goal=Goal(goodput=0.95, refused=0.01),
        rate=200,
        back_from=40.0,
        short=_MINUTE,
    ),
    Scenario(
        name="J",
        what="no limit, 1 % random 500",
        make=lambda rng: Flaky(_endless(rng), 0.01, rng=rng),
        goal=Goal(goodput=0.95, refused=0.01),
        rate=2300,
    ),
    Scenario(
        name="L",
        what="50 servers, queue 100, 10 s of 503, Retry-After 2",
        make=lambda rng: Outage(Servers(50, 100, latency=_LATENCY, rng=rng), *_OUTAGE, retry_after=2.0),
        goal=Goal(goodput=0.95, refused=0.02, back=5.0),
        rate=500,
        back_from=_OUTAGE[1],
        outage=_OUTAGE,
        short=_MINUTE,
    ),
    Scenario(
        name="M",
        what="3 clients, bucket 200/s",
        make=_bucket(200, 200, _LATENCY, None),
        goal=Goal(jain=0.9),
        rate=200,
        seconds=_TWO_MINUTES,
        joins=(0.0, 20.0, 40.0),
        short=45.0,
    ),
    Scenario(
        name="N",
        what="3 clients, 20 servers, queue 200",
        make=_servers(20, 200),
        goal=Goal(jain=0.9),
        rate=200,
        seconds=_TWO_MINUTES,
        joins=(0.0, 20.0, 40.0),
        short=45.0,
    ),
)

_SHORT = 12.0
_SOCKETS = tuple(
    Scenario(
        name=name,
        what=f"{rate * 100:,} tasks/s, {latency * 1000:g} ms, {_SHORT:g} s, as over sockets",
        make=_bucket(rate, rate, latency, None),
        goal=Goal(goodput=0.95, refused=0.02),
        rate=rate,
        seconds=_SHORT,
    )
    for name, rate, latency in (("P", 200, _LATENCY), ("Q", 50, _LATENCY), ("R", 30, _FAR))
)

_BY_CHANCE = (
    Scenario(
        name="S",
        what="no limit, 5 % refused by chance",
        make=lambda rng: Fickle(_endless(rng), 0.05, rng=rng),
        goal=Goal(goodput=0.7, refused=0.055),
        rate=2300,
    ),
    Scenario(
        name="T",
        what="bucket 200/s, 5 % refused by chance",
        make=lambda rng: Fickle(_bucket(200, 200, _LATENCY, None)(rng), 0.05, rng=rng),
        goal=Goal(goodput=0.9, refused=0.15),
        rate=200,
    ),
)

SCENARIOS = {scenario.name: scenario for scenario in (*_TABLE, *_SOCKETS, *_BY_CHANCE)}
"""By letter."""
