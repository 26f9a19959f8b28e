"""`batchio completion`, asked by real shells."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest

from batchio.cli import app

COMPLETED = [
    ("batchio su", "submit"),
    ("batchio jobs lis", "list list-from-schedule list-preparation-and-release-task-status"),
    ("batchio jobs list --fil", "--filter"),
    ("batchio jobs list -o ", "json jsonl table"),
    ("batchio tasks list j --api-version 2025", "2025-06-01"),
    ("batchio submit j --on-exists o", "ok"),
    ("batchio pools create --enable-a", "--enable-auto-scale"),
    ("batchio journal s", "show"),
    ("batchio completion zs", "zsh"),
    # Where nothing else fits it is the name of a file.
    ("batchio submit j --template tem", "template.json"),
    ("batchio submit j tem", "template.json"),
]
_BASH = r"""source "$1"; shift
# What `complete` was told last is what readline does: a function, and file names where that knows nothing.
told=$(complete -p batchio); function=${told##*-F }; function=${function%% *}
COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); COMP_LINE="$*"; COMP_POINT=${#COMP_LINE}
"$function" batchio "${COMP_WORDS[COMP_CWORD]}" "${COMP_WORDS[COMP_CWORD-1]}"
if [[ ${#COMPREPLY[@]} == 0 && $told == *"-o default"* ]]; then
    COMPREPLY=($(compgen -f -- "${COMP_WORDS[COMP_CWORD]}"))
fi
printf '%s\n' "${COMPREPLY[@]}"
"""
_ZSH = r"""zmodload zsh/zpty
zpty shell 'zsh -f -i'
zpty -w shell "PS1='READY '; unsetopt beep; autoload -Uz compinit; compinit -u -D; $1; print -r LOADED-\$((1 + 1))"
zpty -r shell said '*LOADED-2*READY '
zpty -w -n shell $'batchio submit j --on-exists o\t; print -r END-$((1 + 1))\n'
zpty -r shell said '*END-2*'
print -r -- "$said"
"""


def needs(shell: str) -> None:
    if shutil.which(shell) is None:
        pytest.skip(f"there is no {shell}")


@pytest.fixture
def script(request: pytest.FixtureRequest, tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> Path:
    """The completion of the shell that the test is for, in a folder with a file that can be completed."""
    shell = request.param
    needs(shell)
    assert app.run(["completion", shell]) == 0
    (tmp_path / "template.json").touch()
    path = tmp_path / "_batchio"
    path.write_text(capfd.readouterr().out)
    return path


def asked(*words: str, folder: Path) -> str:
    ran = subprocess.run(  # noqa: S603 - shells that are here
        words,
        cwd=folder,
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
        env={**os.environ, "HOME": str(folder)},
    )
    assert ran.stderr == ""
    return ran.stdout


@pytest.mark.parametrize("script", ["bash"], indirect=True)
def test_bash(script: Path) -> None:
    for line, expected in COMPLETED:
        found = asked("bash", "-c", _BASH, "bash", str(script), *line.split(" "), folder=script.parent)
        assert " ".join(sorted(found.split())) == expected, line


@pytest.mark.parametrize("script", ["fish"], indirect=True)
def test_fish(script: Path) -> None:
    for line, expected in COMPLETED:
        found = asked("fish", "-c", f"source _batchio; complete -C '{line}'", folder=script.parent)
        # Behind a tab stands what it is for.
        assert " ".join(sorted(each.partition("\t")[0] for each in found.splitlines())) == expected, line


@pytest.mark.parametrize("script", ["zsh"], indirect=True)
def test_zsh_however_it_is_read(script: Path) -> None:
    for load in ("source ./_batchio", 'eval "$(cat _batchio)"', "fpath=($PWD $fpath); compinit -u -D"):
        said = asked("zsh", "-f", "-c", _ZSH, "zsh", load, folder=script.parent)
        assert re.search(r"--on-exists ok\b", said), load
