"""What type checkers make of batchio: `typing/inferences.py` and `typing/refusals.py`, which are read and never run."""

from __future__ import annotations

import ast
import importlib.util
import re
import subprocess
import sys
from pathlib import Path

import pytest
from test_operations import method_of

from batchio.service.operations import OPERATIONS

HERE = Path(__file__).parent / "typing"
INFERENCES, REFUSALS = HERE / "inferences.py", HERE / "refusals.py"
WITHIN = 300.0
"""Seconds for a type checker that begins with nothing in its cache."""


def asserted(tree: ast.AST) -> set[tuple[str, str]]:
    """Resource and method of each call on `client` whose type is asserted."""
    found: set[tuple[str, str]] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "assert_type":
            value = node.args[0].value if isinstance(node.args[0], ast.Await) else node.args[0]
            if isinstance(value, ast.Call):
                on, *names = ast.unparse(value.func).split(".")
                if on == "client" and len(names) == 2:
                    found.add((names[0], names[1]))
    return found


def test_the_type_of_every_operation_is_asserted() -> None:
    found = asserted(ast.parse(INFERENCES.read_text("utf-8")))
    assert found == {method_of(id) for id in OPERATIONS} | {("tasks", "submit"), ("tasks", "submitting")}


def test_the_test_of_assertions_finds_them() -> None:
    source = "assert_type(await client.jobs.get('j'), int)\nassert_type(client.jobs.list(), int)\n"
    source += "await client.jobs.enable('j')\nassert_type(client.endpoint, str)\nassert_type(job.list(), int)\n"
    assert asserted(ast.parse(source)) == {("jobs", "get"), ("jobs", "list")}


REFUSED = re.compile(r"  # type: ignore\[[a-z, -]+\]  # pyright: ignore\[[a-zA-Z, ]+\]  # \w")


def test_both_checkers_refuse_what_one_does() -> None:
    lines = [line for line in REFUSALS.read_text("utf-8").splitlines() if "ignore[" in line]
    assert len(lines) > 80
    assert [line for line in lines if not REFUSED.search(line)] == []


def run(*command: str) -> str:
    """What a type checker says of both files; nothing where all is as expected."""
    module = command[0]
    if importlib.util.find_spec(module) is None:
        pytest.skip(f"{module} is not installed; .ci/run installs it")
    done = subprocess.run(  # noqa: S603 - our own words
        [sys.executable, "-m", *command, str(HERE)],
        cwd=HERE.parent.parent,
        capture_output=True,
        text=True,
        timeout=WITHIN,
        check=False,
    )
    return "" if done.returncode == 0 else done.stdout + done.stderr


@pytest.mark.slow
def test_mypy(tmp_path: Path) -> None:
    assert not run("mypy", f"--cache-dir={tmp_path}")


@pytest.mark.slow
def test_pyright() -> None:
    assert not run("basedpyright", "--pythonpath", sys.executable)
