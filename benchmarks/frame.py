"""What every benchmark has around its measurement: options, heading, goals, the file of the runs, the exit code.

Law: nothing is measured here. What could not be measured ends the benchmark with a word on why, never with a table
that looks complete.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import sys
from collections.abc import Callable, Collection
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from . import drawing, goals
from .processes import RunFailed

Found = tuple[dict[str, Any], list[goals.Goal]]
"""Everything that was measured, for `--json`, and the goals."""

_PACKAGES = ("aiohttp", "msgspec", "azure-batch", "httpx")


def add_options(parser: argparse.ArgumentParser, clients: Collection[str], *, repeat: int) -> None:
    """The options that all benchmarks have; `repeat`: the rounds unless said otherwise."""
    listed = ",".join(clients)
    parser.add_argument("--clients", type=names(clients), default=list(clients), help=f"of {listed}; all")
    parser.add_argument("--repeat", type=int, default=repeat, help=f"interleaved rounds; {repeat}")
    parser.add_argument("--pin", nargs="?", const="auto", help="CLIENT,RESPONDER: their cores; alone: the last two")
    parser.add_argument("--json", type=Path, help="write every run to this file")


def add_quick(parser: argparse.ArgumentParser) -> None:
    """The option for tests."""
    parser.add_argument("--quick", action="store_true", help="only to see that it runs: the figures mean nothing")


def names(known: Collection[str]) -> Callable[[str], list[str]]:
    """An option's type: names of these, with commas between them."""

    def parse(text: str) -> list[str]:
        chosen = text.split(",")
        if unknown := [name for name in chosen if name not in known]:
            raise argparse.ArgumentTypeError(f"{unknown[0]!r} is not one of {', '.join(known)}")
        return chosen

    return parse


def run(arguments: argparse.Namespace, title: str, how: str, measure: Callable[[argparse.Namespace], Found]) -> int:
    """Measure, print and draw; 1 when something could not be measured."""
    packages = {name: _version(name) for name in _PACKAGES}
    found: dict[str, Any] = {"python": platform.python_version(), "packages": packages, "cores": os.cpu_count()}
    found["how"] = how
    found["options"] = {name: str(value) for name, value in vars(arguments).items()}
    pinned = "pinned" if arguments.pin else "not pinned"
    print(
        f"# {title}\n\nPython {found['python']}, {', '.join(map(' '.join, packages.items()))}; {how}, {pinned}, "
        f"{os.cpu_count()} cores; medians of {arguments.repeat} interleaved rounds."
    )

    def shown() -> dict[str, Any]:
        more, judged = measure(arguments)
        if judged:
            print(f"\n## Goals\n\n{goals.table(judged)}")
        return found | more

    return keep(arguments, shown)


def keep(arguments: argparse.Namespace, measure: Callable[[], dict[str, Any]]) -> int:
    """Measure, and write and draw what was found where that is asked for; 1 when it could not be measured."""
    try:
        found = measure()
        if arguments.json:
            arguments.json.write_text(json.dumps(found, indent=1) + "\n")
        if arguments.picture:
            drawing.draw_first(found, arguments.picture)
    except RunFailed as error:
        print(f"benchmarks: {error}", file=sys.stderr)
        return 1
    return 0


def say(text: str) -> None:
    """A word on how far it is; not part of the result."""
    print(text, file=sys.stderr, flush=True)


def _version(package: str) -> str:
    try:
        return version(package)
    except PackageNotFoundError:
        return "absent"
