"""Interleaved runs: every client once, then all of them again; what they took, and that everything arrived.

Law: a run counts only when the responder has each task exactly once, as it was meant, and the client says so too.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from dataclasses import asdict, dataclass
from typing import Any

from benchmarks.processes import Pins, RunFailed, measured
from benchmarks.responder.handle import Responder
from benchmarks.rounds import Run, median_ratio

from . import shapes
from .clients import LISTED, UNLISTED, Order
from .environments import OURS, Program

CPU_SECONDS = 2.0
"""What a measured run should take; slow clients get fewer tasks."""

Say = Callable[[str], None]


@dataclass(frozen=True, kw_only=True)
class Setting:
    """What all runs of a benchmark share."""

    responder: Responder
    pins: Pins
    say: Say


def tasks_for(client: str, size: str, most: int | None) -> int:
    """How many tasks a client gets: a run of about `CPU_SECONDS`, and `most` at most."""
    listed = LISTED.get(client) or UNLISTED[client]
    fitting = int(CPU_SECONDS * 1e6 / listed.expected[size]) // 1000 * 1000
    return fitting if most is None else min(fitting, most)


def run_once(setting: Setting, client: str, order: Order, program: Program = OURS) -> Run:
    """One client, one order; raises `RunFailed` when anything is missing. `program`: what runs the client."""
    responder = setting.responder
    responder.reset()
    responder.take(responder.latency if order.latency is None else order.latency)
    before = responder.cpu()
    found = measured(
        [*program.words, client, json.dumps(asdict(order))],
        program=program.program,
        core=setting.pins.client,
        environment={**responder.trust, **program.environment},
    )
    after = responder.cpu()
    counts = responder.delivered(order.tasks)
    _check(found, counts, order)
    found |= {name: counts[name] for name in ("requests", "full", "connections", "body_bytes")}
    found |= {"responder_cpu": after - before}
    setting.say(
        f"{order.size} {client}: {order.tasks:,} tasks, {found['cpu'] / order.tasks * 1e6:.2f} us, "
        f"{order.tasks / found['wall']:,.0f} tasks/s"
    )
    return found


def _check(found: Run, counts: dict[str, Any], order: Order) -> None:
    client = found["client"]
    if found["added"] != order.tasks:
        raise RunFailed(f"{client}: {order.tasks} tasks have arrived, it takes {found['added']} for added")
    first = counts["first_task"]
    meant = shapes.task(order.size, int(first["id"].removeprefix("task-")))
    if first != meant:
        raise RunFailed(f"{client}: sent {first}, which should have been {meant}")


def interleaved(setting: Setting, orders: Iterable[tuple[str, Order]], repeat: int) -> list[list[Run]]:
    """All orders one after the other, `repeat` times; a list of runs for each round."""
    listed = list(orders)
    return [[run_once(setting, client, order) for client, order in listed] for _ in range(repeat)]


def microseconds(run: Run) -> float:
    """CPU a task of one run."""
    found: float = run["cpu"] / run["tasks"] * 1e6
    return found


def of(rounds: list[list[Run]], client: str, size: str) -> list[Run]:
    """The runs of one client and size, round by round."""
    return [run for each in rounds for run in each if (run["client"], run["size"]) == (client, size)]


def ratio(rounds: list[list[Run]], size: str, client: str, base: str) -> float | None:
    """CPU of `client` over that of `base`: the median of the rounds' own ratios; None without both."""
    ones, others = of(rounds, client, size), of(rounds, base, size)
    return median_ratio(map(microseconds, ones), map(microseconds, others))
