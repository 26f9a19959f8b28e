"""The rates part: tasks/s of `submit` where the service takes 100 ms a request, the slow start included.

Law: a rate is that of the whole run, from making the client to closing it, over a run long enough that its start is a
small part, as it is for whoever has so many tasks. What is possible is what is in flight over the latency; the floor
with as many in flight shows what of that is possible on this machine.
"""

from __future__ import annotations

from statistics import median

from benchmarks import markdown
from benchmarks.goals import Goal
from benchmarks.markdown import digits
from benchmarks.rounds import Run

from . import goals
from .clients import Order
from .rounds import Setting, interleaved

CLIENT = "batchio-mappings"
FLOOR = "floor"
IN_FLIGHT = 50
_LATENCY = 0.1
_FULL_REQUEST = 100
POSSIBLE = IN_FLIGHT * _FULL_REQUEST / _LATENCY
"""Tasks/s with `IN_FLIGHT` requests."""

_RUNS = ((FLOOR, IN_FLIGHT, 2_000_000), (CLIENT, IN_FLIGHT, 2_000_000), (CLIENT, None, 3_000_000))
"""Client, requests in flight (None for the client's default), tasks of a run."""

_HEADS = (
    "client",
    "in flight",
    "tasks/s",
    "spread",
    "% of possible",
    "busy %",
    "responder busy %",
    "connections",
    "tasks a run",
)


def measure(setting: Setting, most: int | None, repeat: int) -> list[list[Run]]:
    """Runs with a fixed number of requests in flight and with the client's default; `most`: tasks a run."""
    orders = [
        (
            client,
            Order(
                url=setting.responder.url,
                job="rates",
                size="small",
                tasks=tasks if most is None else min(tasks, most),
                in_flight=flight,
                latency=_LATENCY,
            ),
        )
        for client, flight, tasks in _RUNS
    ]
    return interleaved(setting, orders, repeat)


def report(rounds: list[list[Run]]) -> tuple[str, list[Goal]]:
    """The table, and the goals."""
    columns = [list(column) for column in zip(*rounds, strict=True)]
    ours = {runs[0]["in_flight"]: median(map(_rate, runs)) for runs in columns if runs[0]["client"] == CLIENT}
    note = (
        "- Small mappings from a generator, which is part of the run; 100 ms a request. Busy: the share of one core "
        "that the client's process had, its input included."
    )
    table = markdown.table(_HEADS, [_row(runs) for runs in columns], left=2)
    return f"{table}\n\n{note}", goals.rates(ours[IN_FLIGHT] / POSSIBLE, ours[None], IN_FLIGHT)


def _rate(run: Run) -> float:
    found: float = run["tasks"] / run["wall"]
    return found


def _row(runs: list[Run]) -> list[str]:
    rates = list(map(_rate, runs))
    flight = runs[0]["in_flight"]
    return [
        runs[0]["client"],
        "default" if flight is None else str(flight),
        f"{median(rates):,.0f}",
        markdown.spread(rates),
        "" if flight is None else digits(median(rates) / POSSIBLE * 100),
        digits(median((run["cpu"] + run["building"]) / run["wall"] for run in runs) * 100),
        digits(median(run["responder_cpu"] / run["wall"] for run in runs) * 100),
        f"{median(run['connections'] for run in runs):g}",
        f"{runs[0]['tasks']:,}",
    ]
