"""The signing part: the same submission with a shared key, which signs each request, and with a token, which does not.

Law: as for the journal, the two stand side by side in a round, every other round begins with the other one, and what
counts is the median of the rounds' own differences. Their input is the same, so its cost is left in both and drops out.
"""

from __future__ import annotations

from statistics import median

from benchmarks import markdown
from benchmarks.goals import Goal
from benchmarks.rounds import Run

from . import goals
from .clients import UNLISTED, Order
from .rounds import Setting, run_once

SIGNED = "batchio-mappings"
UNSIGNED = "batchio-token"
_TASKS = {"small": 400_000, "medium": 200_000, "large": 40_000}
_HEADS = ("size", "us/task with a token", "us/task signed", "signing us", "by quartiles us", "spread")

Pair = tuple[Run, Run]
"""With a token and signed."""


def measure(
    setting: Setting, sizes: list[str], tasks: int | None, in_flight: int, repeat: int
) -> dict[str, list[Pair]]:
    """Pairs of runs for each size."""
    found: dict[str, list[Pair]] = {size: [] for size in sizes}
    for number in range(repeat):
        for size in sizes:
            count = _TASKS[size] if tasks is None else min(tasks, _TASKS[size])
            order = Order(url=setting.responder.url, job="signing", size=size, tasks=count, in_flight=in_flight)
            turn = (UNSIGNED, SIGNED) if number % 2 == 0 else (SIGNED, UNSIGNED)
            runs = {client: run_once(setting, client, order) for client in turn}
            found[size].append((runs[UNSIGNED], runs[SIGNED]))
    return found


def report(found: dict[str, list[Pair]]) -> tuple[str, list[Goal]]:
    """The table, and the goals."""
    rows: list[list[str]] = []
    judged: list[Goal] = []
    for size, pairs in found.items():
        token, signed = ([_with_input(pair[at]) for pair in pairs] for at in (0, 1))
        differences = [more - less for less, more in zip(token, signed, strict=True)]
        quartiles = _quartile(signed) - _quartile(token)
        rows.append(
            [
                size,
                *(f"{median(costs):.2f}" for costs in (token, signed)),
                *(f"{cost:.3f}" for cost in (median(differences), quartiles)),
                f"{min(differences):.2f} to {max(differences):.2f}",
            ]
        )
        judged += goals.signing(median(differences), size)
    note = f"- Building the input is part of both. {UNSIGNED}: {UNLISTED[UNSIGNED].about}"
    return f"{markdown.table(_HEADS, rows)}\n\n{note}", judged


def _with_input(run: Run) -> float:
    found: float = (run["cpu"] + run["building"]) / run["tasks"] * 1e6
    return found


def _quartile(values: list[float]) -> float:
    return sorted(values)[len(values) // 4]
