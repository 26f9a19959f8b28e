"""The pacing benchmark as a command.

Law: every run is told in what it prints: seeds, scenarios, controllers; the same command gives the same table.
"""

from __future__ import annotations

import argparse
import os
import sys
import time
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import asdict
from functools import partial
from pathlib import Path
from typing import Any

from benchmarks import drawing, frame

from . import sockets, tables
from .controllers import CONTROLLERS, OURS
from .measure import Run, run_job
from .scenarios import SCENARIOS

_PARTS = ("simulation", "sockets")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options."""
    parser.add_argument(
        "--parts", type=frame.names(_PARTS), default=["simulation"], help="of simulation,sockets; the first"
    )
    parser.add_argument("--seeds", type=_numbers, default=[1, 2, 3], help="of ours; peers run the first alone; 1,2,3")
    parser.add_argument("--scenarios", type=frame.names(SCENARIOS), default=list(SCENARIOS), help="all")
    parser.add_argument("--controllers", type=frame.names(CONTROLLERS), default=list(CONTROLLERS), help="all")
    parser.add_argument("--quick", action="store_true", help="ours alone, the first seed alone; sockets once, 5 s")
    parser.add_argument("--seconds", type=float, default=20.0, help="of a run over sockets; 20")
    parser.add_argument("--repeat", type=int, default=1, help="runs of each service over sockets; 1")
    parser.add_argument("--json", type=Path, help="write every run to this file")
    drawing.add_option(parser)


def _numbers(text: str) -> list[int]:
    return [int(word) for word in text.split(",")]


def run(arguments: argparse.Namespace) -> int:
    """Measure and print; 1 when something could not be measured."""
    return frame.keep(arguments, partial(_measure, arguments))


def _measure(arguments: argparse.Namespace) -> dict[str, Any]:
    found: dict[str, Any] = {}
    if "simulation" in arguments.parts:
        found["simulation"] = [asdict(each) for each in _simulate(arguments)]
    if "sockets" in arguments.parts:
        found["sockets"] = [asdict(each) for each in _over_sockets(arguments)]
    return found


def _simulate(arguments: argparse.Namespace) -> Sequence[Run]:
    seeds = arguments.seeds[:1] if arguments.quick else arguments.seeds
    controllers = [OURS] if arguments.quick else arguments.controllers
    jobs = [
        (name, controller, seed)
        for name in arguments.scenarios
        for controller in controllers
        for seed in (seeds if controller == OURS else seeds[:1])
    ]
    started = time.perf_counter()
    with ProcessPoolExecutor(os.cpu_count()) as pool:
        runs = list(pool.map(run_job, jobs))
    print("# Pacing, simulated\n")
    print(f"Seeds of ours {seeds}, of the others {seeds[:1]}; {time.perf_counter() - started:.0f} s.")
    print("".join(f"\n- {name}: {CONTROLLERS[name].what}" for name in controllers))
    print(f"\n{tables.simulated(runs)}\n\n{tables.met(runs)}" if OURS in controllers else f"\n{tables.simulated(runs)}")
    return runs


def _over_sockets(arguments: argparse.Namespace) -> Sequence[sockets.SocketRun]:
    seconds, repeat = (5.0, 1) if arguments.quick else (arguments.seconds, arguments.repeat)
    runs = sockets.run_all(seconds, repeat, lambda text: print(text, file=sys.stderr, flush=True))
    load = os.getloadavg()[0]
    print("# Pacing, over sockets\n")
    print(
        f"{os.cpu_count()} cores, load {load:.1f} at the end. Goals: goodput >= {sockets.GOODPUT:.0%}, refused", end=" "
    )
    print(f"<= {sockets.REFUSED:.0%}.\n\n{tables.over_sockets(runs)}")
    return runs
