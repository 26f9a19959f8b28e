"""The memory part: batchio adds more and more small tasks from a generator; what it takes above the imports.

Law: the number of tasks must not show. Beside the fixed number of requests in flight of the other parts stands the
client's own default, with latency, too: only then as many requests are in flight as the client ever has.
"""

from __future__ import annotations

from statistics import median

from benchmarks import markdown
from benchmarks.goals import Goal
from benchmarks.markdown import digits
from benchmarks.rounds import Run

from . import goals
from .clients import Order
from .rounds import Setting, interleaved, microseconds

CLIENT = "batchio-mappings"
_LATENCY = 0.1
_HEADS = (
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


def measure(setting: Setting, counts: list[int], in_flight: int, repeat: int) -> list[list[Run]]:
    """Every count with `in_flight` requests, and with the default of requests in flight without and with latency."""
    url = setting.responder.url
    orders = [
        (
            CLIENT,
            Order(url=url, job="memory", size="small", tasks=count, in_flight=flight, latency=latency),
        )
        for flight, latency in ((in_flight, None), (None, None), (None, _LATENCY))
        for count in counts
    ]
    return interleaved(setting, orders, repeat)


def report(rounds: list[list[Run]]) -> tuple[str, list[Goal]]:
    """The table, and the goals."""
    rows: list[list[str]] = []
    growths: dict[str, dict[int, float]] = {}
    for column in zip(*rounds, strict=True):
        tasks, how = column[0]["tasks"], _how(column[0])
        growths.setdefault(how, {})[tasks] = median(run["growth"] for run in column)
        rows.append(_row(list(column), f"{tasks:,}", how))
    found = [goal for how, each in growths.items() for goal in goals.memory(each, f"memory, {how} in flight")]
    return markdown.table(_HEADS, rows, left=2), found


def _row(runs: list[Run], tasks: str, how: str) -> list[str]:
    grown = [run["growth"] for run in runs]
    return [
        tasks,
        how,
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
