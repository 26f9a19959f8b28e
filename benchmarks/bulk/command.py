"""The bulk benchmark as a command: its options, its parts in order, what it prints.

Law: the parts are independent; what one of them cannot measure ends the benchmark with a word on why, never with a
table that looks complete.
"""

from __future__ import annotations

import argparse
from typing import Any

from benchmarks import drawing, frame
from benchmarks.goals import Goal
from benchmarks.processes import measured, pins
from benchmarks.responder.handle import responder

from . import command_line, feed, goals, journal, memory, tables
from .building import KINDS
from .clients import LISTED, Order
from .rounds import Setting, interleaved, tasks_for
from .shapes import SIZES

_MEMORY = [50_000, 200_000, 1_000_000]


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options."""
    parser.add_argument("--parts", type=frame.names(_PARTS), default=list(_PARTS), help=f"of {','.join(_PARTS)}; all")
    parser.add_argument("--size", type=frame.names(SIZES), default=list(SIZES), help=f"of {','.join(SIZES)}; all")
    parser.add_argument("--tasks", type=int, help="tasks a run, at most; else what takes about 2 s of CPU")
    parser.add_argument("--in-flight", type=int, default=10, help="requests in flight; 10")
    parser.add_argument("--latency", type=float, default=0.0, help="seconds that the service takes a request; 0")
    parser.add_argument("--chunked", action="store_true", help="answers in chunks, not with a content length")
    parser.add_argument("--memory", type=_counts, default=_MEMORY, help=f"tasks; {','.join(map(str, _MEMORY))}")
    parser.add_argument("--cli-tasks", type=int, default=1_000_000, help="lines of the file; 1000000")
    frame.add_options(parser, LISTED, repeat=3)
    parser.add_argument("--feed-tasks", type=int, default=200_000, help="tasks of the callers, at most; 200000")
    drawing.add_option(parser)


def _counts(text: str) -> list[int]:
    return [int(word) for word in text.split(",")]


def run(arguments: argparse.Namespace) -> int:
    """Measure and print; 1 when something could not be measured."""
    latency = f"{arguments.latency * 1000:g} ms latency" if arguments.latency else "no latency"
    return frame.run(arguments, "Adding tasks", f"{arguments.in_flight} requests in flight, {latency}", _parts)


def _parts(arguments: argparse.Namespace) -> frame.Found:
    chosen = pins(arguments.pin)
    found: dict[str, Any] = {}
    judged: list[Goal] = []
    with responder(latency=arguments.latency, chunked=arguments.chunked, core=chosen.responder) as service:
        frame.say(f"responder: {service.url}")
        setting = Setting(responder=service, pins=chosen, say=frame.say)
        for part in arguments.parts:
            found[part], more = _PARTS[part](setting, arguments)
            judged += more
    return found, judged


_Found = tuple[Any, list[Goal]]


def _clients(setting: Setting, arguments: argparse.Namespace) -> _Found:
    orders = [
        (
            client,
            Order(
                url=setting.responder.url,
                job="bulk",
                size=size,
                tasks=tasks_for(client, size, arguments.tasks),
                in_flight=arguments.in_flight,
            ),
        )
        for size in arguments.size
        for client in arguments.clients
    ]
    rounds = interleaved(setting, orders, arguments.repeat)
    for size in arguments.size:
        print(f"\n## {size.capitalize()} tasks ({SIZES[size]:,} bytes)\n")
        print(tables.clients(rounds, size, arguments.clients))
    print(f"\n{tables.legend(rounds, arguments.clients)}")
    return rounds, goals.cpu(rounds, arguments.clients, arguments.size)


def _building(setting: Setting, arguments: argparse.Namespace) -> _Found:
    found: dict[tuple[str, str], list[float]] = {}
    for _ in range(arguments.repeat):
        for kind in KINDS:
            for size in arguments.size:
                command = ["-m", "benchmarks.bulk.building", kind, size]
                cost = measured(command, core=setting.pins.client)["building"]
                found.setdefault((kind, size), []).append(cost)
    print(f"\n## Building the input\n\n{tables.building(found, list(KINDS), arguments.size)}")
    return [{"kind": kind, "size": size, "us": costs} for (kind, size), costs in found.items()], []


def _memory(setting: Setting, arguments: argparse.Namespace) -> _Found:
    rounds = memory.measure(setting, arguments.memory, arguments.clients, arguments.in_flight, arguments.repeat)
    text, judged = memory.report(rounds)
    print(f"\n## Memory: small tasks from a generator\n\n{text}")
    return rounds, judged


def _command_line(setting: Setting, arguments: argparse.Namespace) -> _Found:
    rounds = command_line.measure(setting, arguments.cli_tasks, arguments.repeat)
    text, judged = command_line.report(rounds)
    print(f"\n## Command line: {arguments.cli_tasks:,} small tasks from a file\n\n{text}")
    return rounds, judged


def _feed(setting: Setting, arguments: argparse.Namespace) -> _Found:
    rounds, lonely = feed.measure(setting, arguments.feed_tasks, arguments.repeat)
    text, judged = feed.report(rounds, lonely)
    print(f"\n## Feed: small tasks of many callers\n\n{text}")
    return {"rounds": rounds, "lonely": lonely}, judged


def _journal(setting: Setting, arguments: argparse.Namespace) -> _Found:
    sizes = [size for size in arguments.size if size != "large"] or arguments.size
    found = journal.measure(setting, sizes, arguments.tasks, arguments.in_flight, arguments.repeat)
    text, judged = journal.report(found)
    print(f"\n## Journal: the same run with and without it\n\n{text}")
    return found, judged


_PARTS = {
    "clients": _clients,
    "building": _building,
    "memory": _memory,
    "journal": _journal,
    "cli": _command_line,
    "feed": _feed,
}
