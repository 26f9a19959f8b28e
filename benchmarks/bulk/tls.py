"""The tls part: the same submission over https and over http, beside the floor.

Law: the clients are the same ones with the same settings and open their connections as they always do; that they trust
the responder's certificate comes from their environment (`SSL_CERT_FILE`), as it would for a company's own authority.
"""

from __future__ import annotations

from dataclasses import replace
from statistics import median

from benchmarks import markdown
from benchmarks.goals import Goal
from benchmarks.markdown import digits, times
from benchmarks.rounds import Run, median_ratio

from . import goals
from .clients import Order
from .rounds import Setting, microseconds, ratio, run_once, tasks_for

FLOOR = "floor"
OURS = "batchio-mappings"
_HEADS = (
    "size",
    "client",
    "http us/task",
    "https us/task",
    "spread",
    "https / http",
    "https: x floor",
    "tasks/s https",
)

Found = dict[str, list[list[Run]]]
"""`http` and `https` -> the rounds."""


def measure(
    setting: Setting, secure: Setting, sizes: list[str], most: int | None, in_flight: int, repeat: int
) -> Found:
    """Interleaved runs of both clients against the plain responder and the secure one."""
    found: Found = {"http": [], "https": []}
    for _ in range(repeat):
        for rounds in found.values():
            rounds.append([])
        for size in sizes:
            for client in (FLOOR, OURS):
                order = Order(url="", job="tls", size=size, tasks=tasks_for(client, size, most), in_flight=in_flight)
                for scheme, way in (("http", setting), ("https", secure)):
                    found[scheme][-1].append(run_once(way, client, replace(order, url=way.responder.url)))
    return found


def report(found: Found) -> tuple[str, list[Goal]]:
    """The table, and the goals."""
    rows: list[list[str]] = []
    judged: list[Goal] = []
    pairs = zip(zip(*found["http"], strict=True), zip(*found["https"], strict=True), strict=True)
    for plain, secure in pairs:
        size, client = secure[0]["size"], secure[0]["client"]
        over_floor = ratio(found["https"], size, client, FLOOR)
        costs = list(map(microseconds, secure))
        rows.append(
            [
                *(size, client),
                *(digits(median(map(microseconds, plain))), digits(median(costs)), markdown.spread(costs)),
                times(median_ratio(costs, map(microseconds, plain))),
                times(over_floor),
                f"{median(run['tasks'] / run['wall'] for run in secure):,.0f}",
            ]
        )
        if client == OURS:
            judged += goals.tls(over_floor, size, client)
    busy = max(run["responder_cpu"] / run["wall"] for each in found["https"] for run in each)
    note = (
        f"- The handshakes of all connections are part of a run. The responder was busy for at most {busy:.0%} of one."
    )
    return f"{markdown.table(_HEADS, rows, left=2)}\n\n{note}", judged
