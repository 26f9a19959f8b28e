"""The bulk benchmark as a command: its options, its parts in order, what it prints.

Law: the parts are independent; what one of them cannot measure ends the benchmark with a word on why, never with a
table that looks complete. Only of `others` some may be missing, and stand below the table then.
"""

from __future__ import annotations

import argparse
import tempfile
from dataclasses import replace
from pathlib import Path
from typing import Any

from benchmarks import drawing, frame
from benchmarks.goals import Goal
from benchmarks.processes import measured, pins
from benchmarks.responder.handle import responder

from . import command_line, feed, goals, journal, memory, others, rates, signing, tables, tls
from .building import KINDS
from .clients import LISTED, Order
from .rounds import Setting, interleaved, tasks_for
from .shapes import SIZES

_MEMORY = [50_000, 200_000, 1_000_000]


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options."""
    parser.add_argument("--parts", type=frame.names(_PARTS), default=list(_USUAL), help=_parts_help())
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


def _parts_help() -> str:
    return f"of {','.join(_PARTS)}; all but others, which installs other clients in a temporary folder"


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
    print(f"\n## Building the input\n\n{tables.building(found, KINDS, arguments.size)}")
    return [{"kind": kind, "size": size, "us": costs} for (kind, size), costs in found.items()], []


def _memory(setting: Setting, arguments: argparse.Namespace) -> _Found:
    rounds = memory.measure(setting, arguments.memory, arguments.clients, arguments.in_flight, arguments.repeat)
    return rounds, _told("Memory: small tasks from a generator", *memory.report(rounds))


def _command_line(setting: Setting, arguments: argparse.Namespace) -> _Found:
    rounds = command_line.measure(setting, arguments.cli_tasks, arguments.repeat)
    title = f"Command line: {arguments.cli_tasks:,} small tasks from a file"
    return rounds, _told(title, *command_line.report(rounds))


def _feed(setting: Setting, arguments: argparse.Namespace) -> _Found:
    rounds, lonely = feed.measure(setting, arguments.feed_tasks, arguments.repeat)
    found = {"rounds": rounds, "lonely": lonely}
    return found, _told("Feed: small tasks of many callers", *feed.report(rounds, lonely))


def _journal(setting: Setting, arguments: argparse.Namespace) -> _Found:
    found = journal.measure(setting, _not_large(arguments.size), arguments.tasks, arguments.in_flight, arguments.repeat)
    return found, _told("Journal: the same run with and without it", *journal.report(found))


def _rates(setting: Setting, arguments: argparse.Namespace) -> _Found:
    rounds = rates.measure(setting, arguments.tasks, arguments.repeat)
    return rounds, _told("Rates: a service that takes 100 ms a request", *rates.report(rounds))


def _signing(setting: Setting, arguments: argparse.Namespace) -> _Found:
    found = signing.measure(setting, _not_large(arguments.size), arguments.tasks, arguments.in_flight, arguments.repeat)
    return found, _told("Signing: the same run with a shared key and with a token", *signing.report(found))


def _tls(setting: Setting, arguments: argparse.Namespace) -> _Found:
    sizes = _not_large(arguments.size)
    with responder(
        latency=arguments.latency, chunked=arguments.chunked, tls=True, core=setting.pins.responder
    ) as service:
        secure = replace(setting, responder=service)
        found = tls.measure(setting, secure, sizes, arguments.tasks, arguments.in_flight, arguments.repeat)
    return found, _told("TLS: the same run over https and over http", *tls.report(found))


def _others(setting: Setting, arguments: argparse.Namespace) -> _Found:
    sizes = _not_large(arguments.size)
    with tempfile.TemporaryDirectory(prefix="batchio-benchmark-") as folder:
        available, missing = others.programs(setting, Path(folder))
        rounds = others.measure(setting, available, sizes, arguments.tasks, arguments.in_flight, arguments.repeat)
    found = {"rounds": rounds, "versions": {name: each.version for name, each in available.items()}}
    title = "Others: clients in environments of their own"
    return found, _told(title, *others.report(rounds, available, missing, sizes))


def _told(title: str, text: str, judged: list[Goal]) -> list[Goal]:
    print(f"\n## {title}\n\n{text}")
    return judged


def _not_large(sizes: list[str]) -> list[str]:
    return [size for size in sizes if size != "large"] or sizes


_PARTS = {
    "clients": _clients,
    "building": _building,
    "memory": _memory,
    "journal": _journal,
    "cli": _command_line,
    "feed": _feed,
    "rates": _rates,
    "signing": _signing,
    "tls": _tls,
    "others": _others,
}
_USUAL = [part for part in _PARTS if part != "others"]
