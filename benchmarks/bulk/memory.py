"""The memory part: batchio adds more and more small tasks from a generator; what it takes above the imports.

Law: the number of tasks must not show. Beside the fixed number of requests in flight of the other parts stands the
client's own default, with latency, too: only then as many requests are in flight as the client ever has. azure-batch,
where it is among the clients, is there for comparison: it wants a list and keeps it, so its input counts.
"""

from __future__ import annotations

from dataclasses import replace
from statistics import median

from benchmarks import markdown
from benchmarks.goals import Goal
from benchmarks.markdown import digits
from benchmarks.rounds import Run

from . import goals
from .clients import Order
from .rounds import Setting, interleaved, microseconds

CLIENT = "batchio-mappings"
PEER = "azure-batch"
_PEERS_TASKS = (25_000, 50_000, 100_000)
"""Enough to see it grow with each of them, in a bearable time."""
_LATENCY = 0.1
_HEADS = (
    "client",
    "tasks",
    "in flight",
    "growth MB",
    "spread",
    "peak MB",
    "ru_maxrss MB",
    "connections",
    "CPU us/task",
    "tasks/s",
)


def measure(setting: Setting, counts: list[int], clients: list[str], in_flight: int, repeat: int) -> list[list[Run]]:
    """Every count with `in_flight` requests, and with the default of requests in flight without and with latency."""
    order = Order(url=setting.responder.url, job="memory", size="small", tasks=0, in_flight=in_flight)
    orders = [
        (CLIENT, replace(order, tasks=count, in_flight=flight, latency=latency))
        for flight, latency in ((in_flight, None), (None, None), (None, _LATENCY))
        for count in counts
    ]
    if PEER in clients:
        orders += [(PEER, replace(order, tasks=count)) for count in _PEERS_TASKS if count <= max(counts)]
    return interleaved(setting, orders, repeat)


def growths(rounds: list[list[Run]]) -> dict[tuple[str, str], dict[int, list[float]]]:
    """Megabytes above the imports of each round: by client and what is in flight, then by tasks."""
    found: dict[tuple[str, str], dict[int, list[float]]] = {}
    for run in (run for each in rounds for run in each):
        found.setdefault((run["client"], _how(run)), {}).setdefault(run["tasks"], []).append(run["growth"])
    return found


def report(rounds: list[list[Run]]) -> tuple[str, list[Goal]]:
    """The table, and the goals."""
    rows = [_row(list(column)) for column in zip(*rounds, strict=True)]
    judged = [
        goal
        for (client, how), grown in growths(rounds).items()
        if client == CLIENT
        for goal in goals.memory({tasks: median(each) for tasks, each in grown.items()}, f"memory, {how} in flight")
    ]
    return markdown.table(_HEADS, rows, left=3), judged


def _row(runs: list[Run]) -> list[str]:
    grown = [run["growth"] for run in runs]
    return [
        runs[0]["client"],
        f"{runs[0]['tasks']:,}",
        _how(runs[0]),
        digits(median(grown)),
        markdown.spread(grown),
        digits(median(run["peak"] for run in runs)),
        digits(median(run["maxrss"] for run in runs)),
        f"{median(run['connections'] for run in runs):g}",
        digits(median(map(microseconds, runs))),
        f"{median(run['tasks'] / run['wall'] for run in runs):,.0f}",
    ]


def _how(run: Run) -> str:
    number = "default" if run["in_flight"] is None else str(run["in_flight"])
    return number if run["latency"] is None else f"{number} at {run['latency'] * 1000:g} ms"
