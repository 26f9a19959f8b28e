"""The journal part: the same submission with and without a journal, run after run in turn.

Law: what is compared stands side by side in one round, and every other round begins with the other one, so that a
machine that grows slower or faster favours nobody. The difference is smaller than what others on the machine do to a
run: what counts is the median of the rounds' own ratios, of many rounds; beside it stands the ratio of the lower
quartiles.
"""

from __future__ import annotations

import tempfile
from dataclasses import replace
from pathlib import Path
from statistics import median

from benchmarks import markdown
from benchmarks.goals import Goal
from benchmarks.markdown import digits
from benchmarks.rounds import Run

from . import goals
from .clients import Order
from .rounds import Setting, microseconds, run_once

CLIENT = "batchio-mappings"
_TASKS = 1_000_000
_HEADS = (
    "size",
    "in flight",
    "us/task without",
    "us/task with",
    "journal costs %",
    "by quartiles %",
    "spread",
    "bytes of journal / 1M",
)

Pair = tuple[Run, Run]
"""Without and with a journal."""


def measure(
    setting: Setting, sizes: list[str], tasks: int | None, in_flight: int, repeat: int
) -> dict[str, list[Pair]]:
    """Pairs of runs for each size, with `in_flight` requests and with the client's own default."""
    found: dict[str, list[Pair]] = {}
    with tempfile.TemporaryDirectory(prefix="batchio-benchmark-") as folder:
        file = Path(folder) / "journal"
        for number in range(repeat):
            for size in sizes:
                for flight in (in_flight, None):
                    count = tasks or (_TASKS if size == "small" else _TASKS // 4 if size == "medium" else _TASKS // 20)
                    order = Order(url=setting.responder.url, job="journal", size=size, tasks=count, in_flight=flight)
                    pair = _pair(setting, order, file, turned=number % 2 == 1)
                    found.setdefault(f"{size} {flight or 'default'}", []).append(pair)
    return found


def _pair(setting: Setting, order: Order, file: Path, *, turned: bool) -> Pair:
    kept = replace(order, journal=str(file))
    runs: dict[bool, Run] = {}
    for with_journal in (turned, not turned):
        file.unlink(missing_ok=True)
        runs[with_journal] = run_once(setting, CLIENT, kept if with_journal else order)
        if with_journal:
            runs[True]["journal_bytes"] = file.stat().st_size
    return runs[False], runs[True]


def report(found: dict[str, list[Pair]]) -> tuple[str, list[Goal]]:
    """The table, and the goals."""
    rows: list[list[str]] = []
    judged: list[Goal] = []
    for what, pairs in found.items():
        size, flight = what.split(" ")
        shares = [microseconds(kept) / microseconds(plain) for plain, kept in pairs]
        plain, kept = (_quartile([microseconds(pair[at]) for pair in pairs]) for at in (0, 1))
        cost = (median(shares) - 1) * 100
        written = median(run["journal_bytes"] / run["tasks"] for _, run in pairs) * 1e6
        rows.append(
            [
                *(size, flight),
                *(digits(plain), digits(kept), f"{cost:.1f}", f"{(kept / plain - 1) * 100:.1f}"),
                markdown.spread(shares),
                f"{written:,.0f}",
            ]
        )
        judged += goals.journal(cost, written, f"{size}, {flight} in flight")
    return markdown.table(_HEADS, rows, left=2), judged


def _quartile(values: list[float]) -> float:
    return sorted(values)[len(values) // 4]
