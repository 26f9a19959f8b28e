"""What is measured of a simulated run.

Law: nothing is left out of a run: everything is counted from second 0, slow start and all, to its end.

`goodput`: requests answered with results until the end, over what the service could have answered in that time, the
burst that a full bucket gives at the start included and outages left out. `refused`: requests refused over requests
sent, tries counted each. `back`: seconds from the start, from the end of an outage or from a rise of the rate until
half a second is delivered at 90 % of the service's rate. `jain`: Jain's index of what each client got delivered from
20 s after the last one joined to the end. `delivered_by_time`, `refused_by_time`: how many in each half second, all
clients together. A fixed window is run for fewer seconds where nothing changes, with the last
4 s for fairness.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from random import Random

from batchio.bulk.controller import Pacing

from .clients import BINS, Client, simulate
from .controllers import CONTROLLERS
from .scenarios import MOST, SCENARIOS, Scenario

_BACK = 0.9
_LAST = 4.0
_BACK_BINS = BINS // 2

SLICES = 2
"""What happens over time is told in so many slices a second."""


@dataclass(frozen=True, kw_only=True)
class Run:
    """One controller in one scenario with one seed."""

    scenario: str
    controller: str
    seed: int
    goodput: float
    refused: float
    back: float
    jain: float | None
    delivered_by_time: Sequence[int]
    refused_by_time: Sequence[int]


def run_job(job: tuple[str, str, int]) -> Run:
    """`run` by names, for another process."""
    scenario, controller, seed = job
    return run(SCENARIOS[scenario], controller, seed)


def run(scenario: Scenario, name: str, seed: int) -> Run:
    """Simulate and measure."""
    rng = Random(seed)  # noqa: S311 - to be repeatable, not secret
    controller = CONTROLLERS[name]
    service = scenario.make(rng)
    pacings: list[tuple[float, Pacing]] = [(joins_at, controller.make()) for joins_at in scenario.joins]
    until = scenario.short if controller.short else scenario.seconds
    clients = simulate(service, pacings, rng, most=MOST, frees=controller.frees, until=until)
    return Run(
        scenario=scenario.name,
        controller=name,
        seed=seed,
        goodput=sum(client.added for client in clients) / service.deliverable(until),
        refused=sum(client.refused for client in clients) / sum(client.requests for client in clients),
        back=_back(scenario, clients),
        jain=_jain(clients, min(scenario.fair_from, until - _LAST)) if len(clients) > 1 else None,
        delivered_by_time=_slices(_together(client.bins for client in clients), until),
        refused_by_time=_slices(_together(client.refused_bins for client in clients), until),
    )


def _together(bins: Iterable[Sequence[int]]) -> list[int]:
    return [sum(numbers) for numbers in zip(*bins, strict=True)]


def _slices(bins: Sequence[int], until: float) -> list[int]:
    width = BINS // SLICES
    return [sum(bins[at : at + width]) for at in range(0, int(until * BINS), width)]


def _back(scenario: Scenario, clients: Sequence[Client]) -> float:
    bins = _together(client.bins for client in clients)
    first = int(scenario.back_from * BINS)
    wanted = _BACK * scenario.rate * _BACK_BINS / BINS
    for at in range(first, len(bins) - _BACK_BINS):
        if sum(bins[at : at + _BACK_BINS]) >= wanted:
            return (at + _BACK_BINS - first) / BINS
    return math.inf


def _jain(clients: Sequence[Client], start: float) -> float:
    shares = [sum(client.bins[int(start * BINS) :]) for client in clients]
    return sum(shares) ** 2 / (len(shares) * sum(share * share for share in shares))
