"""The README's section on watching and files: every command in it runs, as it stands there."""

from __future__ import annotations

import shlex
from collections.abc import Iterator
from pathlib import Path

import pytest
from readme import example

from .conftest import Service
from .farm import Farm, command

pytestmark = pytest.mark.skipif("os.name != 'posix'", reason="tasks are processes, which needs POSIX")

COMMANDS = [words for line in example("watching", job=None).splitlines() if (words := shlex.split(line, comments=True))]
STEPS = "echo rendered; echo x > image.exr; echo y > image.log"


@pytest.fixture(scope="module")
def farm() -> Iterator[Farm]:
    service = Service("--nodes", "process")
    farm = Farm(service)
    farm.job("render", command(f"/bin/sh -c '{STEPS}'", "frame-1"))
    farm.finish("render")
    yield farm
    service.stop()


def test_the_section_shows_all_four() -> None:
    assert {words[1] for words in COMMANDS} == {"watch", "tail", "download", "doctor"}


@pytest.mark.parametrize("words", COMMANDS, ids=" ".join)
def test_a_command(
    farm: Farm,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    capfd: pytest.CaptureFixture[str],
    words: list[str],
) -> None:
    monkeypatch.chdir(tmp_path)
    assert words[0] == "batchio"
    assert farm.run(monkeypatch, *words[1:]) == 0
    out, err = capfd.readouterr()
    assert out
    assert "batchio:" not in err


@pytest.mark.parametrize("name", ["watch", "tail", "download", "doctor"])
def test_help_tells_the_exit_codes(
    farm: Farm, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str], name: str
) -> None:
    assert farm.run(monkeypatch, name, "--help") == 0
    assert "Exit codes: 0 " in capfd.readouterr().out
