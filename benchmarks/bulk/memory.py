"""The memory part: batchio adds more and more small tasks from a generator; what it takes above the imports.

Law: the number of tasks must not show. The client's own default of requests in flight is used, beside the fixed number
of the other parts, because more requests in flight need more memory.
"""

from __future__ import annotations

from statistics import median

from benchmarks import markdown
from benchmarks.markdown import digits

from . import goals
from .clients import Order
from .rounds import Run, Setting, interleaved, microseconds

CLIENT = "batchio-mappings"


def measure(setting: Setting, counts: list[int], in_flight: int, repeat: int) -> list[list[Run]]:
    """Every count with the default of requests in flight and with `in_flight`."""
    orders = [
        (CLIENT, Order(url=setting.responder.url, job="memory", size="small", tasks=count, in_flight=flight))
        for flight in (None, in_flight)
        for count in counts
    ]
    return interleaved(setting, orders, repeat)


def report(rounds: list[list[Run]]) -> tuple[str, list[goals.Goal]]:
    """The table, and the goals."""
    rows: list[list[str]] = []
    growths: dict[int | None, dict[int, float]] = {}
    for column in zip(*rounds, strict=True):
        tasks, flight = column[0]["tasks"], column[0]["in_flight"]
        grown = [run["growth"] for run in column]
        growths.setdefault(flight, {})[tasks] = median(grown)
        rows.append(
            [
                f"{tasks:,}",
                _flight(flight),
                digits(median(grown)),
                markdown.spread(grown),
                digits(median(run["peak"] for run in column)),
                digits(median(run["maxrss"] for run in column)),
                digits(median(run["connections"] for run in column)),
                digits(median(map(microseconds, column))),
                f"{median(tasks / run['wall'] for run in column):,.0f}",
            ]
        )
    heads = (
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
    found = [
        goal for flight, each in growths.items() for goal in goals.memory(each, f"memory, {_flight(flight)} in flight")
    ]
    return markdown.table(heads, rows), found


def _flight(number: int | None) -> str:
    return "default" if number is None else str(number)
