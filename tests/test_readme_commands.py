"""Every command that the README names between its words: what it calls is there, with the options that it gives.

Law: read by the parser of who would run it; what no parser knows here is no command of the README's.
"""

from __future__ import annotations

import argparse
import importlib
import re
import shlex
import tomllib
from collections.abc import Callable, Iterator

import pytest
from fuzz.targets import TARGETS
from readme import ROOT, TEXT

from benchmarks.__main__ import BENCHMARKS

PROSE = re.sub(r"```.*?```", "", TEXT, flags=re.DOTALL)
CODE: list[str] = re.findall(r"`([^`\n]+)`", PROSE)
COMMANDS = [*dict.fromkeys(code for code in CODE if re.match(r"(batchio|pytest|pip|python|npm|uvicorn|ruff) ", code))]
OPTIONS = {option for code in CODE for option in re.findall(r"(?<![\w-])--[a-z][a-z-]+", code)}
GUESTS = {"--timeout-graceful-shutdown": "uvicorn", "--coverage": "python -m batchio.emulator", "--format": "git"}
"""Options of others; blocks and commands with them run elsewhere."""


def benchmark(name: str) -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(exit_on_error=False)
    importlib.import_module(f"benchmarks.{BENCHMARKS[name][0]}").add_arguments(parser)
    return parser


def check_benchmarks(words: list[str]) -> None:
    name, *options = words
    benchmark(name).parse_args(options)


def check_coverage(words: list[str]) -> None:
    # It runs in the emulator's tests, which compare what it prints with what stands here.
    assert words == ["--coverage"]


def check_pytest(words: list[str]) -> None:
    if words[0] == "-p":
        return  # Runs with the example that it stands before.
    slow = words[:2] == ["-m", "slow"]
    for path in words[2:] if slow else words:
        files = [*(ROOT / path).glob("test_*.py")] or [ROOT / path]
        tests = "".join(file.read_text("utf-8") for file in files)
        assert "def test_" in tests
        assert not slow or "pytest.mark.slow" in tests


def check_pip(words: list[str]) -> None:
    assert words[0] == "install"
    extras = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]["optional-dependencies"]
    if words[1:] == ["fastapi", "uvicorn"]:
        assert {"fastapi", "uvicorn"} <= {re.split(r"\W", need)[0] for need in extras["test"]}
        return
    (told,) = re.findall(r"^(?:-e \.|batchio)\[([\w,]+)\]$", " ".join(words[1:]))
    assert {*told.split(",")} <= set(extras)


def check_batchio(words: list[str]) -> None:
    app = pytest.importorskip("batchio.cli.app")
    if "|" in words[0]:
        assert words == ["|".join(words[0].split("|")), "COMMAND"]
        assert set(words[0].split("|")) == set(app.GROUPS)
    elif words != ["submit"]:
        app.app.parse_args(words, exit_on_error=False, print_error=False)


def check_fuzz(words: list[str]) -> None:
    assert words[0] in TARGETS
    assert words[1] == "--seconds"
    assert int(words[2]) > 0


CHECKS: dict[str, Callable[[list[str]], None]] = {
    "python -m benchmarks ": check_benchmarks,
    "python -m batchio.emulator ": check_coverage,
    "python -m tests.fuzz ": check_fuzz,
    "pytest ": check_pytest,
    "pip ": check_pip,
    "batchio ": check_batchio,
}


@pytest.mark.parametrize("command", COMMANDS)
def test_a_command(command: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ROOT)
    # The parser looks for matplotlib only when a picture is asked for; this is about words.
    monkeypatch.setattr("importlib.util.find_spec", bool)
    (begin,) = [begin for begin in CHECKS if command.startswith(begin)]
    CHECKS[begin](shlex.split(command.removeprefix(begin)))


@pytest.mark.parametrize(
    "command",
    [
        "python -m benchmarks bulk --parts all",
        "python -m benchmarks bulk --fast",
        "python -m benchmarks nothing",
        "python -m tests.fuzz nothing --seconds 60",
        "pytest tests/test_nothing.py",
        "pytest -m slow tests/test_readme.py",
        "pip install 'batchio[all]'",
        "batchio submit JOB --jornal FILE",
        "batchio jobs|tasks COMMAND",
    ],
)
def test_what_is_wrong_is_noticed(command: str, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises((Exception, SystemExit)):
        test_a_command(command, monkeypatch)


def options_of_benchmarks() -> Iterator[str]:
    for name in BENCHMARKS:
        for action in benchmark(name)._actions:
            yield from action.option_strings


def options_of_commands() -> Iterator[str]:
    app = pytest.importorskip("batchio.cli.app")
    commands = importlib.import_module("batchio.cli.calls.commands")
    apps = [app.app[name] for name in app.app if not name.startswith("-") and name not in app.GROUPS]
    for group in app.GROUPS:
        filled = importlib.import_module("cyclopts").App(name=group)
        commands.fill(filled, group, with_words=False)
        apps += [filled[name] for name in filled if not name.startswith("-")]
    for each in apps:
        if each.default_command is not None:
            yield from (name for argument in each.assemble_argument_collection() for name in argument.names)


def test_each_option_is_somebodys() -> None:
    known = {*options_of_benchmarks(), *options_of_commands(), *GUESTS, "--help"}
    assert len(OPTIONS) > 20
    assert not OPTIONS - known


def test_extras_are_told_of() -> None:
    extras = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]["optional-dependencies"]
    told = {name for names in re.findall(r"\[([\w,]+)\]['\"`]", TEXT) for name in names.split(",")}
    assert set(extras) <= told
