"""The feed part: 10,000 callers add small tasks through one feed, with and without latency; a lonely add.

Law: how full the requests are is counted by the responder, not by the client.
"""

from __future__ import annotations

from statistics import median

from benchmarks import markdown
from benchmarks.goals import Goal
from benchmarks.markdown import digits
from benchmarks.processes import measured
from benchmarks.rounds import Run

from . import goals
from .clients import UNLISTED, Order
from .rounds import Setting, interleaved, microseconds, tasks_for

FEED = "batchio-feed"
_CLIENTS = (FEED, "batchio-one-by-one", "batchio-mappings")
_LATENCIES = (0.0, 0.1)
_HEADS = ("client", "latency", "CPU us/task", "spread", "tasks/s", "requests", "full %", "connections", "tasks a run")


def measure(setting: Setting, most: int, repeat: int) -> tuple[list[list[Run]], list[dict[str, float]]]:
    """Runs of the feed beside one request a task and beside a submission, and the lonely adds."""
    orders = [
        (
            client,
            Order(
                url=setting.responder.url,
                job="feed",
                size="small",
                tasks=tasks_for(client, "small", most),
                in_flight=None,
                latency=latency,
            ),
        )
        for latency in _LATENCIES
        for client in _CLIENTS
    ]
    rounds = interleaved(setting, orders, repeat)
    setting.responder.take(0.0)
    command = ["-m", "benchmarks.bulk.lonely", setting.responder.url]
    return rounds, [measured(command, core=setting.pins.client) for _ in range(repeat)]


def report(rounds: list[list[Run]], lonely: list[dict[str, float]]) -> tuple[str, list[Goal]]:
    """The table, the lonely adds, and the goals."""
    rows: list[list[str]] = []
    fullness: dict[str, float] = {}
    for column in zip(*rounds, strict=True):
        runs = list(column)
        latency = f"{runs[0]['latency'] * 1000:g} ms"
        full = median(run["full"] / run["requests"] * 100 for run in runs)
        if runs[0]["client"] == FEED:
            fullness[latency] = full
        rows.append(_row(runs, latency, full))
    bare = median(each["bare"] for each in lonely)
    words = ", ".join(
        f"{(median(each[linger] for each in lonely) - bare) * 1000:.2f} ms with a linger of {float(linger) * 1000:g} ms"
        for linger in lonely[0]
        if linger != "bare"
    )
    note = f"A lonely add takes longer than the bare request ({bare * 1000:.2f} ms) by {words}."
    legend = "\n".join(f"- {name}: {UNLISTED[name].about}" for name in _CLIENTS if name in UNLISTED)
    return f"{markdown.table(_HEADS, rows, left=2)}\n\n{legend}\n- {note}", goals.feed(fullness)


def _row(runs: list[Run], latency: str, full: float) -> list[str]:
    costs = list(map(microseconds, runs))
    return [
        runs[0]["client"],
        latency,
        digits(median(costs)),
        markdown.spread(costs),
        f"{median(run['tasks'] / run['wall'] for run in runs):,.0f}",
        f"{median(run['requests'] for run in runs):,.0f}",
        digits(full),
        f"{median(run['connections'] for run in runs):g}",
        f"{runs[0]['tasks']:,}",
    ]
