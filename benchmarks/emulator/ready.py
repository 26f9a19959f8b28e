"""From nothing to an emulator that answers, beside `import aiohttp.web`, each in a fresh process.

Law: only the imports and the start are on the clock, not the interpreter's start, and bytecode is there for all.
"""

from __future__ import annotations

import tempfile
from statistics import median

from benchmarks.processes import Pins, measured
from benchmarks.rounds import Run, median_ratio

_START = """
from batchio.emulator import Emulator
import asyncio
loop = asyncio.new_event_loop()
emulator = Emulator({})
loop.run_until_complete(emulator.start())
"""
_STEPS = {
    "import aiohttp.web": "import aiohttp.web",
    "ready": _START.format(""),
    "ready, db": _START.format("db=sys.argv[1]"),
}
_CLOCKED = """
import sys, time
wall, cpu = time.perf_counter(), time.process_time()
{}
cpu, wall = time.process_time() - cpu, time.perf_counter() - wall
print('{{"cpu": %r, "wall": %r}}' % (cpu * 1e3, wall * 1e3), flush=True)
"""

Rounds = list[dict[str, Run]]


def measure(pins: Pins, repeat: int) -> Rounds:
    """Milliseconds of CPU and of wall time of each step, in so many rounds."""
    with tempfile.TemporaryDirectory() as folder:
        # Bytecode of its own, so that it is there for all of them, whatever the environment says of writing it.
        environment = {"PYTHONPYCACHEPREFIX": f"{folder}/bytecode", "PYTHONDONTWRITEBYTECODE": ""}
        rounds = [
            {
                name: measured(
                    ["-c", _CLOCKED.format(step), f"{folder}/{number}.db"],
                    core=pins.responder,
                    environment=environment,
                )
                for name, step in _STEPS.items()
            }
            # The first round writes the bytecode.
            for number in range(1 + repeat)
        ]
    return rounds[1:]


def medians(rounds: Rounds, gauge: str) -> dict[str, float]:
    """The CPU or the wall time of each step."""
    return {name: median(each[name][gauge] for each in rounds) for name in _STEPS}


def ratios(rounds: Rounds) -> dict[str, float]:
    """How many times the wall time of the import a start takes, in memory and with a file."""
    base, *others = _STEPS
    return {
        name: median_ratio((each[name]["wall"] for each in rounds), (each[base]["wall"] for each in rounds)) or 0.0
        for name in others
    }
