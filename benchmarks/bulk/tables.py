"""What the bulk benchmark prints of its runs.

Law: medians of the runs and medians of the rounds' ratios; the spread stands beside them.
"""

from __future__ import annotations

from statistics import median

from benchmarks import markdown
from benchmarks.markdown import digits
from benchmarks.rounds import Run

from .clients import LISTED
from .rounds import microseconds, of, ratio

_HEADS = (
    "client",
    "CPU us/task",
    "spread",
    "x floor",
    "azure-batch is x",
    "input us",
    "tasks/s",
    "peak MB",
    "growth MB",
    "tasks a run",
    "bytes/task",
)

_METHOD = (
    "- CPU: user and system time of the client's process without imports and without building its input, which is "
    "`input us`; growth: above the imports. Slow clients got fewer tasks."
)


def clients(rounds: list[list[Run]], size: str, names: list[str]) -> str:
    """One size: a row for each client."""
    return markdown.table(_HEADS, [_row(rounds, size, name) for name in names])


def _row(rounds: list[list[Run]], size: str, name: str) -> list[str]:
    runs = of(rounds, name, size)
    costs = [microseconds(run) for run in runs]
    tasks = runs[0]["tasks"]
    return [
        name,
        digits(median(costs)),
        markdown.spread(costs),
        markdown.times(ratio(rounds, size, name, "floor")),
        markdown.times(ratio(rounds, size, "azure-batch", name)),
        digits(median(run["building"] for run in runs) / tasks * 1e6),
        f"{median(tasks / run['wall'] for run in runs):,.0f}",
        digits(median(run["peak"] for run in runs)),
        digits(median(run["growth"] for run in runs)),
        f"{tasks:,}",
        digits(median(run["body_bytes"] for run in runs) / tasks),
    ]


def legend(rounds: list[list[Run]], names: list[str]) -> str:
    """What the rows are, and what the responder had to do."""
    runs = [run for each in rounds for run in each]
    share = max(run["responder_cpu"] / run["wall"] for run in runs)
    lines = [f"- {name}: {LISTED[name].about}" for name in names]
    lines.append(_METHOD)
    lines.append(
        f"- In all {len(runs)} runs each task arrived exactly once, by the responder's own count. "
        f"The responder was busy for at most {share:.0%} of a run."
    )
    return "\n".join(lines)


def building(found: dict[tuple[str, str], list[float]], kinds: list[str], sizes: list[str]) -> str:
    """Building one task, all of it new, by kind and size."""
    rows = [[kind, *(digits(median(found[kind, size])) for size in sizes)] for kind in kinds]
    return markdown.table(["building a task, us", *sizes], rows)
