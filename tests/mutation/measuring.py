"""What is known of the tests: how long each takes, and which lines it runs.

Law: measured once; a test is measured again when its file changes, and where the code has changed since, it counts as
one that runs all of the file.
"""

from __future__ import annotations

import hashlib
import json
import os
import signal
import sys
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from coverage import Coverage
from faults import ROOT, Mutant

SINGLE_MODULES = 12
"""A test that runs lines of no more files than that looks at single modules."""


@cache
def digest(path: Path) -> str:
    """What tells one state of a file from another."""
    return hashlib.sha256(path.read_bytes()).hexdigest()[:12]


def in_a_fork(work: Callable[[], None]) -> int:
    """Do something in a silent process and group of its own; its status, as `os.waitpid` gives it."""
    sys.stdout.flush()
    if not (pid := os.fork()):
        status = 3
        try:
            os.setpgid(0, 0)
            nowhere = os.open(os.devnull, os.O_RDWR)
            for stream in (0, 1, 2):
                os.dup2(nowhere, stream)
            work()
            status = 0
        finally:
            os._exit(status)
    status = os.waitpid(pid, 0)[1]
    with suppress(ProcessLookupError, PermissionError):
        os.killpg(pid, signal.SIGKILL)
    return status


def run_items(items: list[pytest.Item]) -> None:
    """Run tests that are collected, in this order."""
    for item, following in zip(items, [*items[1:], None], strict=True):
        item.config.hook.pytest_runtest_protocol(item=item, nextitem=following)


class Meter:
    """pytest's part when tests are measured."""

    def __init__(self) -> None:
        self.coverage = Coverage(data_file=None, include=[f"{ROOT}/batchio/*"], config_file=False)
        self.seconds: defaultdict[str, float] = defaultdict(float)
        self.failed: Counter[str] = Counter()

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtest_protocol(self, item: pytest.Item) -> None:
        """What runs from now on belongs to this test."""
        self.coverage.switch_context(item.nodeid)

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Add up setup, call and teardown; a test that fails without any fault is of no use."""
        self.seconds[report.nodeid] += report.duration
        self.failed[report.nodeid] += report.failed

    def lines(self) -> dict[str, dict[str, list[int]]]:
        """Which lines of which file each test ran."""
        found: defaultdict[str, defaultdict[str, list[int]]] = defaultdict(lambda: defaultdict(list))
        data = self.coverage.get_data()
        for file in data.measured_files():
            path = Path(file).relative_to(ROOT).as_posix()
            for line, names in sorted(data.contexts_by_lineno(file).items()):
                for name in names:
                    found[name][path].append(line)
        return {name: dict(paths) for name, paths in found.items()}


class Tests:
    """The tests of a session, and what was measured of them."""

    def __init__(self, session: pytest.Session, kept: Path) -> None:
        self.items = {item.nodeid: item for item in session.items}
        self.kept = kept
        self.known: dict[str, Any] = json.loads(kept.read_bytes()) if kept.exists() else {}
        new = [item for item in session.items if self.known.get(item.nodeid, {}).get("file") != digest(item.path)]
        if new:
            print(f"measuring {len(new)} tests", flush=True)
            if in_a_fork(lambda: self._measure(session, new)):
                raise SystemExit("the tests could not be measured")
            self.known = json.loads(kept.read_bytes())
        failed = [name for name in self.items if self.known[name]["failed"]]
        for name in failed:
            print(f"{name} fails without any fault and is left out")
        self.names = self._sorted(self.items.keys() - set(failed))

    def seconds(self, name: str) -> float:
        """How long a test takes."""
        return float(self.known[name]["seconds"])

    def is_single(self, name: str) -> bool:
        """Whether a test looks at single modules."""
        return len(self.known[name]["lines"]) <= SINGLE_MODULES

    def of(self, mutant: Mutant, *, anywhere: bool = False) -> Iterator[str]:
        """The tests that run a mutant's lines, in their order; `anywhere`: that run any line of its file."""
        now = digest(ROOT / mutant.path)
        first, last = mutant.lines
        for name in self.names:
            lines = self.known[name]["lines"].get(mutant.path, ())
            anywhere_too = anywhere or self.known[name]["code"].get(mutant.path) != now
            if lines and (anywhere_too or any(first <= line <= last for line in lines)):
                yield name

    def _sorted(self, names: Iterable[str]) -> list[str]:
        """Tests of single modules first, for they look closest; then the others, each function's by turns."""
        turns: Counter[str] = Counter()
        order: dict[str, tuple[bool, int, float]] = {}
        for name in sorted(names, key=self.seconds):
            function = name.partition("[")[0]
            is_single = self.is_single(name)
            order[name] = not is_single, 0 if is_single else turns[function], self.seconds(name)
            turns[function] += 1
        return sorted(order, key=order.__getitem__)

    def _measure(self, session: pytest.Session, items: list[pytest.Item]) -> None:
        meter = Meter()
        session.config.pluginmanager.register(meter)
        meter.coverage.start()
        run_items(items)
        meter.coverage.stop()
        lines = meter.lines()
        code = {path: digest(ROOT / path) for paths in lines.values() for path in paths}
        for item in items:
            name = item.nodeid
            self.known[name] = {
                "file": digest(item.path),
                "seconds": round(meter.seconds[name], 4),
                "failed": meter.failed[name],
                "lines": lines.get(name, {}),
                "code": {path: code[path] for path in lines.get(name, {})},
            }
        self.kept.write_text(json.dumps(self.known), "utf-8")
