"""What `--help` shows: of every command, in every width, and at little cost."""

from __future__ import annotations

import subprocess
import sys

import pytest

from batchio.cli import app
from batchio.cli.app import GROUPS
from batchio.cli.calls.names import names_of
from batchio.service.operations import OPERATIONS

from .conftest import environment, run

OWN = ("submit", "watch", "tail", "download", "doctor", "demo", "emulator", "completion", "journal", "journal show")
CALLS = tuple(names_of(operation).words for operation in OPERATIONS.values())


def help_of(command: str, width: int, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> str:
    monkeypatch.setenv("COLUMNS", str(width))
    assert app.run([*command.split(), "--help"]) == 0
    shown = capsys.readouterr()
    assert shown.err == ""
    return shown.out


@pytest.mark.parametrize("width", [40, 80, 300])
@pytest.mark.parametrize("command", ["", *OWN, *GROUPS, *CALLS])
def test_every_line_fits_and_no_name_is_broken(
    command: str, width: int, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    shown = help_of(command, width, monkeypatch, capsys)
    assert " ".join(shown.split()).startswith(f"Usage: batchio {command}".rstrip())
    for line in shown.splitlines():
        # What cannot be broken stands on a line of its own.
        words = line.split()
        assert len(line) <= min(width, 100) or len(words) <= 3, line
        assert line == line.rstrip()
    wide = help_of(command, 100, monkeypatch, capsys)
    assert {word for word in shown.split() if word.startswith("--")} >= {
        word for line in wide.splitlines() if line.startswith("  -") for word in line.split() if word.startswith("--")
    }


def test_what_stands_for_values(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    submit = help_of("submit", 80, monkeypatch, capsys)
    assert "Usage: batchio submit [OPTIONS] JOB [FILE]\n" in submit
    assert "\n  --journal FILE  " in submit
    assert "\n  --on-exists fail|ok  " in submit
    assert "\n  -q, --quiet  " in submit
    assert "\n  --patience SECONDS  Seconds without one accepted request" in submit
    assert "stops. Default: 300.\n" in submit
    create = help_of("pools create", 80, monkeypatch, capsys)
    assert "\n  --[no-]enable-auto-scale  " in create
    assert "\n  --auto-scale-evaluation-interval DURATION\n" in create
    assert "`standard_d2s_v3`" in create
    assert "One\n                              of default, classic, simplified.\n" in create


@pytest.mark.parametrize("tokens", [[], ["journal"], ["jobs"], ["jobs", "-h"], ["submit", "job", "-h"]])
def test_who_names_no_command_gets_help(tokens: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert app.run(tokens) == 0
    assert capsys.readouterr().out.startswith("Usage: batchio ")


@pytest.mark.parametrize("tokens", [["sumbit", "--help"], ["jobs", "lits", "--help"], ["journal", "sho"]])
def test_a_command_that_nobody_knows_has_none(tokens: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert app.run([token for token in tokens if token != "--help"]) == 2
    assert "Did you mean" in capsys.readouterr().err


def test_behind_two_hyphens_it_is_a_value() -> None:
    ran = run("journal", "show", "--", "--help", environment=environment())
    assert ran.code == 2
    assert "--help" in ran.err
    assert ran.out == ""


@pytest.mark.parametrize("command", ["--help", "submit --help", "jobs --help", "pools create --help"])
def test_nothing_that_draws_and_no_client_is_imported(command: str) -> None:
    slow = {"rich.console", "aiohttp", "cyclopts.help", "batchio.client", "docstring_parser"}
    script = f"""import sys
from batchio.cli.app import run
assert run({command.split()!r}) == 0
print(*sorted({slow!r} & {{*sys.modules}}))"""
    ran = subprocess.run(  # noqa: S603 - our own
        [sys.executable, "-c", script], env=environment(), check=True, capture_output=True, text=True
    )
    assert ran.stdout.splitlines()[-1] == ""


def test_headings_are_bold_on_a_terminal_alone(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert "\x1b" not in help_of("watch", 80, monkeypatch, capsys)
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.delenv("NO_COLOR", raising=False)
    monkeypatch.setattr("sys.stdout.isatty", lambda: True)
    assert "\x1b[1mOptions:\x1b[0m\n" in help_of("watch", 80, monkeypatch, capsys)
