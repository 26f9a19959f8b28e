"""Importing the client, and `batchio --help`, in a fresh process: CPU and wall time, beside what they need.

Only the import is on the clock, not the interpreter's start, and bytecode is there for all of it.

    python -m benchmarks import              # about 20 seconds
    python -m benchmarks import --breakdown  # what takes the time, by -X importtime
"""

from __future__ import annotations

import argparse
import tempfile
from collections.abc import Mapping, Sequence
from statistics import median
from typing import NamedTuple

from . import frame, markdown
from .goals import Goal
from .markdown import digits
from .processes import RunFailed, measured, pins, started
from .rounds import Run, median_ratio

_NEEDED = "aiohttp, msgspec, anyio"
_HELP = """import contextlib, io
with contextlib.redirect_stdout(io.StringIO()):
    from batchio.cli.app import run
    run(['--help'])"""
_LIMITS = (
    ("batchio", "needed", "cpu", 1.3),
    ("batchio", "needed", "wall", 1.3),
    ("help", "command line", "cpu", 1.6),
)
"""What is measured, what it is compared with, by what, and how many times that it may take."""

_TOP = 10
_SHOWN_PACKAGE = "batchio"

PEERS = {
    "needed": f"import {_NEEDED}",
    "batchio": "from batchio import BatchClient",
    "azure-batch": "import azure.batch.aio",
    "command line": "import cyclopts, rich",
    "help": _HELP,
}
"""Name -> the statement that is measured."""

_SHOWN = {"help": "batchio --help"}

_CLOCKED = """
import time
wall, cpu = time.perf_counter(), time.process_time()
{}
cpu, wall = time.process_time() - cpu, time.perf_counter() - wall
print('{{"cpu": %r, "wall": %r}}' % (cpu, wall))
"""


class _Module(NamedTuple):
    """A module's line of -X importtime: milliseconds by itself, and with what it imports."""

    name: str
    own: float
    all: float


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options."""
    frame.add_options(parser, PEERS, repeat=25)
    frame.add_quick(parser)
    parser.add_argument("--breakdown", action="store_true", help="the modules that take the most, by -X importtime")


def run(arguments: argparse.Namespace) -> int:
    """Measure and print; 1 when something could not be measured."""
    if arguments.quick:
        arguments.repeat = min(arguments.repeat, 2)
    return frame.run(arguments, "Importing", "fresh processes", _measure)


def _measure(arguments: argparse.Namespace) -> frame.Found:
    core = pins(arguments.pin).client
    with tempfile.TemporaryDirectory() as bytecode:
        # Of its own, so that it is there for all of them, whatever the environment says of writing it.
        environment = {"PYTHONPYCACHEPREFIX": bytecode, "PYTHONDONTWRITEBYTECODE": ""}
        # The first round writes it.
        rounds = [_round(arguments.clients, core, environment) for _ in range(1 + arguments.repeat)][1:]
        breakdown = _breakdown(environment) if arguments.breakdown else ""
    heads = ("import", "CPU ms", "spread", "wall ms", "spread", "CPU x", "wall x")
    print(f"\n{markdown.table(heads, [_row(rounds, name) for name in arguments.clients])}\n")
    print("\n".join(f"- {name}: `{_SHOWN.get(name, PEERS[name])}`" for name in arguments.clients))
    if breakdown:
        print(f"\n{breakdown}")
    judged = [
        Goal(what=f"{name} / {beside}, {gauge}", measured=over, limit=limit)
        for name, beside, gauge, limit in _LIMITS
        if (over := _ratio(rounds, name, gauge, beside)) is not None
    ]
    return {"import": rounds}, judged


def _round(names: Sequence[str], core: int | None, environment: Mapping[str, str]) -> dict[str, Run]:
    return {name: measured(["-c", _CLOCKED.format(PEERS[name])], core=core, environment=environment) for name in names}


def _row(rounds: list[dict[str, Run]], name: str) -> list[str]:
    cpu, wall = ([each[name][gauge] * 1e3 for each in rounds] for gauge in ("cpu", "wall"))
    return [
        name,
        *(digits(median(cpu)), markdown.spread(cpu), digits(median(wall)), markdown.spread(wall)),
        *(markdown.times(_ratio(rounds, name, gauge)) for gauge in ("cpu", "wall")),
    ]


def _ratio(rounds: list[dict[str, Run]], name: str, gauge: str, beside: str = "needed") -> float | None:
    pairs = [(each[name][gauge], each[beside][gauge]) for each in rounds if {name, beside} <= each.keys()]
    return median_ratio((one for one, _ in pairs), (other for _, other in pairs))


def _breakdown(environment: Mapping[str, str]) -> str:
    modules = _import_times(PEERS["batchio"], environment)
    needed = {module.name for module in _import_times(PEERS["needed"], environment)}
    ours = [module for module in modules if module.name.split(".")[0] == _SHOWN_PACKAGE]
    others = [module for module in modules if module not in ours and module.name not in needed]
    return (
        f"batchio's own {len(ours)} modules take {digits(sum(module.own for module in ours))} ms by themselves, "
        f"{len(others)} modules that neither of {_NEEDED} imports {digits(sum(module.own for module in others))} ms "
        f"(-X importtime, which slows every import down).\n\n{_top(ours)}\n\n{_top(others)}"
    )


def _top(modules: list[_Module]) -> str:
    most = sorted(modules, key=lambda module: module.own, reverse=True)[:_TOP]
    rows = [[module.name, digits(module.own), digits(module.all)] for module in most]
    return markdown.table(["module", "ms by itself", "ms with what it imports"], rows)


def _import_times(statement: str, environment: Mapping[str, str]) -> list[_Module]:
    with started(["-X", "importtime", "-c", statement], environment=environment, talks=False) as process:
        _, said = process.communicate()
    lines = [line.removeprefix("import time:").split("|") for line in said.decode().splitlines()]
    if process.returncode or len(lines) < 2:
        raise RunFailed(f"{statement} ended with code {process.returncode}")
    return [
        _Module(name.strip(), int(own) / 1e3, int(total) / 1e3)
        for own, total, name in (line for line in lines[1:] if len(line) == 3)
        if own.strip().isdigit()
    ]
