"""The command line part: `python -m batchio submit JOB FILE` against the library on the same file and tasks.

Law: the command is timed as its user waits for it, from the start of the process to its end; the library from the start
of the run, its imports not counted. Both have their default of requests in flight.
"""

from __future__ import annotations

import json
import tempfile
import time
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from statistics import median

import msgspec

from benchmarks.account import ACCOUNT, KEY
from benchmarks.goals import Goal
from benchmarks.markdown import digits, spread, table
from benchmarks.processes import RunFailed, started
from benchmarks.rounds import Run

from . import goals, shapes
from .clients import Order
from .rounds import Setting, run_once

LIBRARY = ("batchio-lines", "batchio-mappings")
COMMAND = "command line"
"""Client names of the runs; the share is taken of the first."""


def measure(setting: Setting, tasks: int, repeat: int) -> list[list[Run]]:
    """Interleaved runs of the command and of the library on one file of `tasks` small tasks."""
    with _file(tasks) as file:
        order = Order(url=setting.responder.url, job="lines", size="small", tasks=tasks, in_flight=None, file=file)
        return [
            [_command(setting, order), *(run_once(setting, client, order) for client in LIBRARY)] for _ in range(repeat)
        ]


@contextmanager
def _file(tasks: int) -> Generator[str]:
    encoder = msgspec.json.Encoder()
    with tempfile.TemporaryDirectory(prefix="batchio-benchmark-") as folder:
        path = Path(folder) / "tasks.jsonl"
        with path.open("wb") as lines:
            for task in shapes.tasks("small", tasks):
                lines.write(encoder.encode(task) + b"\n")
        yield str(path)


def _command(setting: Setting, order: Order) -> Run:
    setting.responder.reset()
    environment = {
        "AZURE_BATCH_ENDPOINT": order.url,
        "AZURE_BATCH_ACCOUNT": ACCOUNT,
        "AZURE_BATCH_ACCESS_KEY": KEY,
    }
    command = ["-m", "batchio", "submit", order.job, str(order.file), "--json"]
    began = time.perf_counter()
    with started(command, core=setting.pins.client, environment=environment, talks=False) as process:
        output, errors = process.communicate()
        wall = time.perf_counter() - began
    if process.returncode:
        raise RunFailed(f"batchio submit ended with code {process.returncode}: {errors.decode()[-2000:]}")
    setting.responder.delivered(order.tasks)
    report = json.loads(output)
    if report["added"] != order.tasks:
        raise RunFailed(f"batchio submit: {order.tasks} tasks have arrived, it says {report['added']}")
    setting.say(f"{COMMAND}: {order.tasks:,} tasks, {order.tasks / wall:,.0f} tasks/s")
    return {"client": COMMAND, "tasks": order.tasks, "wall": wall, "elapsed": report["elapsed"]}


def report(rounds: list[list[Run]]) -> tuple[str, list[Goal]]:
    """The table, and the goals."""
    rows = [_row(list(column), rounds) for column in zip(*rounds, strict=True)]
    inner = median(run["elapsed"] / run["wall"] for run in (each[0] for each in rounds))
    note = f"\n\nThe command's own report covers {inner:.0%} of its time; the rest is start and end of the process."
    heads = ("client", "tasks/s", "spread", "command line is %")
    return table(heads, rows) + note, goals.command_line(_share(rounds, 1))


def _row(column: list[Run], rounds: list[list[Run]]) -> list[str]:
    rates = [run["tasks"] / run["wall"] for run in column]
    name = column[0]["client"]
    place = next(number for number, run in enumerate(rounds[0]) if run["client"] == name)
    return [name, f"{median(rates):,.0f}", spread(rates), digits(_share(rounds, place) * 100)]


def _share(rounds: list[list[Run]], place: int) -> float:
    return float(median(each[place]["wall"] / each[0]["wall"] for each in rounds))
