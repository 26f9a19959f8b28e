"""The emulator benchmark as a command.

Law: the goals stand here; each part has an emulator of its own.
"""

from __future__ import annotations

import argparse
import asyncio
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

from benchmarks import frame, markdown
from benchmarks.goals import Goal
from benchmarks.markdown import digits
from benchmarks.processes import Pins, pins
from benchmarks.rounds import Run

from . import parts, ready
from .measured import running

PARTS = ("memory", "db", "run", "ready")
RATE, RATE_WITH_DB = 100_000, 30_000
BYTES, PAGE_MS, COUNTS, READY = 600, 20, 1.5, 1.5

_TASKS = 1_000_000
_RUN_LESS = 5
"""To run a task takes many times what it takes to add one, so the part `run` has a part of the tasks."""
_PAGE = ("median", "p99", "most")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options."""
    parser.add_argument("--parts", type=frame.names(PARTS), default=list(PARTS), help=f"of {','.join(PARTS)}; all")
    parser.add_argument("--tasks", type=int, default=_TASKS, help=f"in the job; {_TASKS:,}")
    parser.add_argument("--repeat", type=int, default=9, help="fresh processes of the part `ready`; 9")
    parser.add_argument("--pin", nargs="?", const="auto", help="CLIENT,EMULATOR: their cores; alone: the last two")
    parser.add_argument("--json", type=Path, help="write every run to this file")
    frame.add_quick(parser)
    frame.add_no_picture(parser)


def run(arguments: argparse.Namespace) -> int:
    """Measure and print; 1 when something could not be measured."""
    if arguments.quick:
        arguments.repeat, arguments.tasks = 1, min(arguments.tasks, 5_000)
    return frame.run(arguments, "The local Batch service", f"{arguments.tasks:,} small tasks", _measure)


def _measure(arguments: argparse.Namespace) -> frame.Found:
    cores = pins(arguments.pin)
    found: dict[str, Any] = {}
    goals: list[Goal] = []
    steps: dict[str, Callable[[], tuple[Any, list[Goal]]]] = {
        "memory": lambda: asyncio.run(_in_memory(cores, arguments.tasks)),
        "db": lambda: asyncio.run(_with_db(cores, arguments.tasks)),
        "run": lambda: asyncio.run(_run(cores, arguments.tasks // _RUN_LESS)),
        "ready": lambda: _ready(cores, arguments.repeat),
    }
    for part in arguments.parts:
        found[part], judged = steps[part]()
        goals += judged
    return found, goals


async def _in_memory(cores: Pins, tasks: int) -> tuple[Run, list[Goal]]:
    async with running(cores) as emulator:
        few = await parts.counts(emulator)
        added = await parts.add(emulator, tasks)
        many = await parts.counts(emulator)
        pages = {"active": await parts.listing(emulator, "active")}
        await parts.complete_some(emulator, tasks)
        pages["completed"] = await parts.listing(emulator, "completed")
    _print_added("in memory", added)
    heads = ("pages with a filter", "tasks found", "pages", "CPU ms, median", "p99", "most")
    rows = [
        [
            f"state eq '{state}'",
            *(f"{page[name]:,}" for name in ("found", "pages")),
            *(digits(page[name]) for name in _PAGE),
        ]
        for state, page in pages.items()
    ]
    print(f"\n{markdown.table(heads, rows)}")
    print(f"\nCounting the tasks: {digits(few)} us of CPU with no task, {digits(many)} us with {tasks:,}.")
    goals = [
        Goal(what="in memory: tasks a CPU second", measured=added["per_cpu_second"], limit=RATE, above=True),
        Goal(what="memory a task", measured=added["bytes"], limit=BYTES, unit=" B"),
        *(
            Goal(what=f"a page of {state} tasks, {name}", measured=page[name], limit=PAGE_MS, unit=" ms")
            for state, page in pages.items()
            for name in ("median", "most")
        ),
        Goal(what="counts: many tasks / none", measured=many / few, limit=COUNTS),
    ]
    return {"added": added, "pages": pages, "counts": {"few": few, "many": many}}, goals


async def _with_db(cores: Pins, tasks: int) -> tuple[Run, list[Goal]]:
    with tempfile.TemporaryDirectory() as folder:
        async with running(cores, db=f"{folder}/state.db") as emulator:
            added = await parts.add(emulator, tasks)
    _print_added("with db", added)
    rate = added["per_cpu_second"]
    return added, [Goal(what="with db: tasks a CPU second", measured=rate, limit=RATE_WITH_DB, above=True)]


async def _run(cores: Pins, tasks: int) -> tuple[Run, list[Goal]]:
    async with running(cores, nodes="simulate") as emulator:
        ran = await parts.run(emulator, tasks)
    heads = ("running", "tasks", "CPU us a task", "bytes a task")
    cells = [f"{ran['tasks']:,}", digits(ran["cpu_us"]), digits(ran["bytes"])]
    print(f"\n{markdown.table(heads, [['on simulated nodes', *cells]])}")
    return ran, [Goal(what="memory a task that has run", measured=ran["bytes"], limit=BYTES, unit=" B")]


def _print_added(what: str, added: Run) -> None:
    heads = ("adding", "tasks", "tasks a CPU second", "tasks/s", "bytes a task")
    cells = [f"{added[name]:,.0f}" for name in ("tasks", "per_cpu_second", "per_second", "bytes")]
    print(f"\n{markdown.table(heads, [[what, *cells]])}")


def _ready(cores: Pins, repeat: int) -> tuple[ready.Rounds, list[Goal]]:
    rounds = ready.measure(cores, repeat)
    cpu, wall = ready.medians(rounds, "cpu"), ready.medians(rounds, "wall")
    rows = [[name, digits(cpu[name]), digits(wall[name])] for name in cpu]
    print(f"\n{markdown.table(('ready to answer', 'CPU ms', 'wall ms'), rows)}")
    ratios = ready.ratios(rounds)
    return rounds, [
        Goal(what=f"{name} / import aiohttp.web", measured=over, limit=READY) for name, over in ratios.items()
    ]
