"""Mutation testing: which small faults in a module does no test notice?

    python tests/mutation run batchio/bulk/verdict.py batchio/bulk/packer.py --tests tests/bulk
    python tests/mutation summary
    python tests/mutation show batchio/bulk/verdict.py

Law: nothing on disk is changed but `.mutation`, where the results are. pytest collects once; each mutant lives in a
fork of that process, and the tests that run its lines are run in it until one fails: those that killed its neighbours,
those of single modules, those whose names speak of it, and others, as many as `--budget` seconds hold. So a survivor
of a small budget is a question, and `--again` with a larger one, or with fewer `--tests`, is the answer. A process
that a test starts runs the original.

The faults are those of mutmut, without its strings in another letter case, and three more: a call left out, a
condition turned round, None returned. What only types, people or the garbage collector see is left alone. A run goes on
where the last one stopped.
"""

from __future__ import annotations

import argparse
import json
import mmap
import os
import random
import re
import signal
import sys
import time
from collections import Counter, defaultdict
from collections.abc import Iterable
from functools import cache
from typing import Any

import pytest
from faults import ROOT, Mutant, files_in, mutants_of
from fitting import Functions, existing_functions, import_mutated, swap
from measuring import Tests, in_a_fork, run_items

KEPT = ROOT / ".mutation"
RESULTS = KEPT / "results.jsonl"
QUIET = ["-q", "-s", "-p", "no:cacheprovider", "-p", "no:xdist", "-p", "no:randomly", f"--basetemp={KEPT / 'tmp'}"]
SURVIVED = ("survived", "not run")


class Trial:
    """pytest's part in a fork: ends the process at the first failure, or when a test takes much longer than it did."""

    def __init__(self, tests: Tests, now: mmap.mmap) -> None:
        self.tests, self.now = tests, now

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtest_protocol(self, item: pytest.Item) -> None:
        """Say which test it is, and wind up the alarm."""
        self.now[:] = item.nodeid.encode()[: len(self.now)].ljust(len(self.now), b"\0")
        signal.setitimer(signal.ITIMER_REAL, 5 + 5 * self.tests.seconds(item.nodeid))

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """One failure is enough."""
        if report.failed:
            os._exit(1)

    def pytest_collectreport(self, report: pytest.CollectReport) -> None:
        """A module of tests that cannot be imported is a failure, too."""
        if report.failed:
            os._exit(1)


class Runner:
    """Tries mutants instead of running the session's tests."""

    def __init__(self, mutants: list[Mutant], known: dict[str, Any], budget: float) -> None:
        self.mutants, self.known, self.budget = mutants, known, budget
        self.killers: defaultdict[tuple[str, str], Counter[str]] = defaultdict(Counter)
        self.now = mmap.mmap(-1, 300)
        self.functions: Functions = {}

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtestloop(self, session: pytest.Session) -> bool:
        """Try all mutants that are left."""
        tests = Tests(session, KEPT / "tests.json")
        trial = Trial(tests, self.now)
        session.config.pluginmanager.register(trial)
        self.functions = existing_functions()
        for mutant in self.mutants:
            if mutant.key in self.known:
                self._count(mutant, self.known[mutant.key])
        for mutant in self.mutants:
            if mutant.key not in self.known:
                start = time.monotonic()
                result = self._try(mutant, tests, trial)
                result["seconds"] = round(time.monotonic() - start, 2)
                self._count(mutant, result)
                with RESULTS.open("a", encoding="utf-8") as file:
                    print(json.dumps({"key": mutant.key, "path": mutant.path, **result}), file=file)
                if result["status"] != "killed":
                    print(f"{mutant.path}:{mutant.lines[0]} {mutant.where} {mutant.key} {result['status']}", flush=True)
        return True

    def _try(self, mutant: Mutant, tests: Tests, trial: Trial) -> dict[str, Any]:
        # What runs only when modules are imported, those of the tests as well, has to be there before they are.
        is_early = not mutant.in_function or not any(tests.of(mutant))
        names = self._chosen(mutant, list(tests.of(mutant, anywhere=is_early)), tests)
        if not names:
            return {"status": "not run", "test": "", "tests": 0}
        self.now[:] = bytes(len(self.now))
        items = [tests.items[name] for name in names]
        status = in_a_fork(lambda: self._live(mutant, items, trial, is_early=is_early))
        told = {0: "survived", signal.SIGALRM: "timeout"}.get(status, "killed")
        return {"status": told, "test": self.now[:].rstrip(b"\0").decode(errors="replace"), "tests": len(names)}

    def _live(self, mutant: Mutant, items: list[pytest.Item], trial: Trial, *, is_early: bool) -> None:
        signal.alarm(30)
        if not is_early and swap(mutant, self.functions):
            run_items(items)
            return
        import_mutated(mutant)
        if pytest.main([*QUIET, *(item.nodeid for item in items)], plugins=[trial]) != 0:
            os._exit(1)

    def _chosen(self, mutant: Mutant, names: list[str], tests: Tests) -> list[str]:
        """The best killers of its function, then tests of single modules, then those whose names speak of it."""
        best = [name for name, _ in self.killers[mutant.path, mutant.where].most_common(3) if name in names]
        words = words_of(f"{mutant.path.rpartition('/')[2]} {mutant.where}")
        names.sort(key=lambda name: -len(words) - 1 if tests.is_single(name) else -len(words & words_of(name)))
        chosen: list[str] = []
        left = self.budget if mutant.in_function else self.budget / 2
        for name in dict.fromkeys([*best, *names]):
            left -= tests.seconds(name)
            if left < 0 and len(chosen) >= 5:
                break
            chosen.append(name)
        return chosen

    def _count(self, mutant: Mutant, result: dict[str, Any]) -> None:
        if result["status"] == "killed":
            self.killers[mutant.path, mutant.where][result["test"]] += 1


@cache
def words_of(name: str) -> frozenset[str]:
    """The beginnings of the words in a name, but for those that stand everywhere."""
    found = re.findall("[a-z]{4,}", name.rpartition("tests/")[2].lower())
    return frozenset(word[:5] for word in found) - {"test", "bulk", "init", "engin"}


def results() -> dict[str, Any]:
    """The newest result of each mutant."""
    if not RESULTS.exists():
        return {}
    return {(told := json.loads(line))["key"]: told for line in RESULTS.read_text("utf-8").splitlines()}


def run(options: argparse.Namespace) -> int:
    """Try the mutants of some files, or a sample of each file's."""
    KEPT.mkdir(exist_ok=True)
    os.environ["CI"] = "true"  # Hypothesis tries the same examples each time
    known = results()
    mutants: list[Mutant] = []
    for path in files_in(options.paths):
        found = mutants_of(path)
        if options.again:
            found = [mutant for mutant in found if known.get(mutant.key, {}).get("status") in SURVIVED]
        elif options.sample and options.sample < len(found):
            found = random.Random(f"{options.seed}{path}").sample(found, options.sample)  # noqa: S311 - no secret
        mutants += found
    if options.again:
        known = {key: told for key, told in known.items() if told["status"] not in SURVIVED}
    mutants.sort(key=lambda mutant: not mutant.in_function)  # the quick ones first
    print(f"{len(mutants)} mutants, {sum(mutant.key not in known for mutant in mutants)} to try", flush=True)
    return int(pytest.main([*QUIET, *options.tests], plugins=[Runner(mutants, known, options.budget)]))


def summary(options: argparse.Namespace) -> int:
    """What became of the mutants, by file."""
    known = results()
    paths = files_in(options.paths) if options.paths else sorted({told["path"] for told in known.values()})
    total: Counter[str] = Counter()
    for path in paths:
        statuses = [known[mutant.key]["status"] if mutant.key in known else "untried" for mutant in mutants_of(path)]
        if set(statuses) != {"untried"}:
            counts = Counter(statuses)
            total += counts
            tell(path, counts)
    tell("together", total)
    return 0


def tell(name: str, counts: Counter[str]) -> None:
    """One line of the summary; a time out is a kill."""
    tried = counts.total() - counts["untried"]
    killed = counts["killed"] + counts["timeout"]
    parts = ", ".join(f"{number} {status}" for status, number in sorted(counts.items()))
    print(f"{name:40} {tried:5} tried {100 * killed / max(tried, 1):5.1f} % killed ({parts})")


def show(options: argparse.Namespace) -> int:
    """The survivors of some files as changes of these, or mutants by their keys."""
    known = results()
    keys = {word for word in options.paths if word in known}
    paths: Iterable[str] = {known[key]["path"] for key in keys} or files_in(options.paths)
    for path in paths:
        for mutant in mutants_of(path):
            told = known.get(mutant.key, {"status": "untried"})
            if mutant.key in keys or (not keys and told["status"] in SURVIVED):
                print(f"{mutant.key} {path}:{mutant.lines[0]} {mutant.where}: {told['status']} {told.get('test', '')}")
                print(mutant.diff(), end="\n\n")
    return 0


def main() -> int:
    """Read the command."""
    parser = argparse.ArgumentParser(description="which small faults does no test notice?")
    commands = parser.add_subparsers(required=True)
    for function in (run, summary, show):
        command = commands.add_parser(function.__name__, help=function.__doc__)
        command.set_defaults(function=function)
        command.add_argument("paths", nargs="*", help="files and directories" + " or keys" * (function is show))
        if function is run:
            command.add_argument("--tests", nargs="+", required=True, help="what pytest collects")
            command.add_argument("--sample", type=int, metavar="N", help="try N mutants of each file")
            command.add_argument("--seed", type=int, default=7, help="of the sample")
            command.add_argument("--again", action="store_true", help="try the survivors once more, and no others")
            command.add_argument("--budget", type=float, default=3, metavar="S", help="seconds of tests a mutant")
    options = parser.parse_args()
    return int(options.function(options))


if __name__ == "__main__":
    sys.exit(main())
