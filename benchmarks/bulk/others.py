"""The others part: azure-batch as threads, in two versions, and Node's @azure/batch, beside batchio.

Law: each is measured by the CPU of its own process, for the same tasks at the same responder; one that cannot be
installed here stands below the table, with the reason, and never in it.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from statistics import median

from benchmarks import markdown
from benchmarks.goals import Goal
from benchmarks.markdown import digits, times
from benchmarks.rounds import Run

from . import environments, goals
from .clients import UNLISTED, Order
from .environments import OURS, Program, Unavailable
from .rounds import Setting, microseconds, of, ratio, run_once, tasks_for

BASE = "batchio-mappings"
_HEADS = (
    "client",
    "size",
    "CPU us/task",
    "spread",
    "x batchio",
    "input us",
    "tasks/s",
    "growth MB",
    "connections",
    "tasks a run",
)


OTHERS: dict[str, Callable[[Path], Program]] = {
    "azure-batch-sync": lambda _folder: environments.here("azure-batch"),
    "azure-batch-14": lambda folder: environments.python(folder, "azure-batch", "14.2.0"),
    "azure-batch-node": lambda folder: environments.node(folder, "@azure/batch", "10.2.0", "azure-batch-node"),
}
"""Client -> how its environment is made, in a folder that is not there yet."""


def programs(setting: Setting, folder: Path) -> tuple[dict[str, Program], dict[str, str]]:
    """The programs of the clients that are available, and why the others are not."""
    found: dict[str, Program] = {}
    missing: dict[str, str] = {}
    for client, make in OTHERS.items():
        setting.say(f"{client}: making its environment")
        try:
            found[client] = make(folder / client)
        except Unavailable as reason:
            missing[client] = str(reason)
            setting.say(f"{client}: skipped: {reason}")
    return found, missing


def measure(
    setting: Setting, available: dict[str, Program], sizes: list[str], most: int | None, in_flight: int, repeat: int
) -> list[list[Run]]:
    """Interleaved runs of batchio and of the clients that are available."""
    orders = [
        (
            client,
            Order(
                url=setting.responder.url,
                job="others",
                size=size,
                tasks=tasks_for(client, size, most),
                in_flight=in_flight,
            ),
        )
        for size in sizes
        for client in (BASE, *available)
    ]
    return [
        [_run(setting, client, order, available.get(client, OURS)) for client, order in orders] for _ in range(repeat)
    ]


def _run(setting: Setting, client: str, order: Order, program: Program) -> Run:
    return run_once(setting, client, replace(order, file=program.files.get(order.size)), program)


def report(
    rounds: list[list[Run]], available: dict[str, Program], missing: dict[str, str], sizes: list[str]
) -> tuple[str, list[Goal]]:
    """The table, what could not be measured, and the goals."""
    rows = [_row(rounds, client, size) for size in sizes for client in (BASE, *available)]
    lines = [
        *(f"- {client}: {UNLISTED[client].about}; {made.version}" for client, made in available.items()),
        *(f"- {client}: not measured. {reason}" for client, reason in missing.items()),
        "- CPU: all threads of the client's process, without its imports and without building its input.",
    ]
    judged = [
        goal
        for size in sizes
        for client in available
        for goal in goals.others(ratio(rounds, size, client, BASE), size, client)
    ]
    return markdown.table(_HEADS, rows, left=2) + "\n\n" + "\n".join(lines), judged


def _row(rounds: list[list[Run]], client: str, size: str) -> list[str]:
    runs = of(rounds, client, size)
    costs = list(map(microseconds, runs))
    tasks = runs[0]["tasks"]
    return [
        *(client, size),
        *(digits(median(costs)), markdown.spread(costs), times(ratio(rounds, size, client, BASE))),
        digits(median(run["building"] for run in runs) / tasks * 1e6),
        f"{median(tasks / run['wall'] for run in runs):,.0f}",
        digits(median(run["growth"] for run in runs)),
        f"{median(run['connections'] for run in runs):g}",
        f"{tasks:,}",
    ]
