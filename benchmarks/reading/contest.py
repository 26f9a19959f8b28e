"""Interleaved rounds of contestants that read, and their table.

Law: a run counts only when the contestant has read everything and the responder was asked for nothing else.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from statistics import median
from typing import Any

from benchmarks import frame, markdown
from benchmarks.goals import Goal
from benchmarks.markdown import digits
from benchmarks.processes import Pins, RunFailed, measured, pins
from benchmarks.responder.handle import Responder, responder
from benchmarks.rounds import Run, median_ratio

from . import Order, Peer


@dataclass(frozen=True, kw_only=True)
class Contest:
    """What is read: `unit` is what it is called, `count` how many, `warm` how many before that.

    `requests`: how many requests so many take.
    """

    unit: str
    count: int
    warm: int
    requests: Callable[[int], int]
    peers: Mapping[str, Peer]

    def hold(self, arguments: argparse.Namespace) -> list[dict[str, Run]]:
        """All contestants one after the other, as often as is said; by name for each round."""
        chosen = pins(arguments.pin)
        with responder(core=chosen.responder) as service:
            return [{name: self._run(service, chosen, name) for name in self.peers} for _ in range(arguments.repeat)]

    def _run(self, service: Responder, chosen: Pins, name: str) -> Run:
        peer = self.peers[name]
        count = min(self.count, peer.most or self.count)
        order = Order(url=service.url, count=count)
        service.reset()
        command = ["-m", "benchmarks.reading.child", peer.function, json.dumps(asdict(order)), str(self.warm)]
        found = measured(command, core=chosen.client)
        counts = service.answered(self.requests(self.warm) + self.requests(count))
        if found["read"] != count:
            raise RunFailed(f"{name}: read {found['read']} of {count}")
        found |= {"count": count, "connections": counts["connections"]}
        frame.say(f"{name}: {count:,}, {cost(found):.2f} us, {count / found['wall']:,.0f} a second")
        return found

    def table(self, rounds: list[dict[str, Run]]) -> str:
        """A row for each contestant, and what they are."""
        heads = (
            *("client", f"CPU us/{self.unit}", "spread", "x bare", "azure-batch is x"),
            *(f"{self.unit}s/s", "peak MB", "growth MB", f"{self.unit}s a run"),
        )
        legend = [f"- {name}: {peer.about}" for name, peer in self.peers.items()]
        legend.append(
            f"- CPU: user and system time of the client's process without imports and without the first {self.warm:,} "
            f"{self.unit}s; growth: above the imports."
        )
        rows = [self._row(rounds, name) for name in self.peers]
        return "\n".join([markdown.table(heads, rows), "", *legend])

    def goals(self, rounds: list[dict[str, Run]], *, bare: float, azure: float) -> list[Goal]:
        """How often the bare loop batchio may cost, and how often batchio azure-batch has to."""
        over, under = ratio(rounds, "batchio", "bare"), ratio(rounds, "azure-batch", "batchio")
        found: list[Goal] = []
        if over is not None:
            found.append(Goal(what="batchio / bare", measured=over, limit=bare))
        if under is not None:
            found.append(Goal(what="azure-batch / batchio", measured=under, limit=azure, above=True))
        return found

    def _row(self, rounds: list[dict[str, Run]], name: str) -> list[str]:
        runs = [each[name] for each in rounds]
        costs = [cost(run) for run in runs]
        return [
            name,
            digits(median(costs)),
            markdown.spread(costs),
            markdown.times(ratio(rounds, name, "bare")),
            markdown.times(ratio(rounds, "azure-batch", name)),
            f"{median(run['count'] / run['wall'] for run in runs):,.0f}",
            digits(median(run["peak"] for run in runs)),
            digits(median(run["growth"] for run in runs)),
            f"{runs[0]['count']:,}",
        ]


def cost(run: Run) -> float:
    """Microseconds of CPU for each that was read."""
    found: float = run["cpu"] / run["count"] * 1e6
    return found


def ratio(rounds: list[dict[str, Run]], one: str, other: str) -> float | None:
    """CPU of one contestant over that of another: the median of the rounds' own ratios; None without both."""
    runs: list[tuple[Any, Any]] = [(each[one], each[other]) for each in rounds if one in each and other in each]
    return median_ratio((cost(each) for each, _ in runs), (cost(each) for _, each in runs))
