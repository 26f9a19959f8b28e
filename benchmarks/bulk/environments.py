"""Environments of other clients, made for the run: those that cannot be installed beside batchio.

Law: everything lies in one folder, which goes with the benchmark; versions are fixed, and what cannot be made (no
Node, no network) is `Unavailable` with a word on why.
"""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from importlib.metadata import PackageNotFoundError
from importlib.metadata import version as version_of
from pathlib import Path

from benchmarks.account import ACCOUNT, KEY
from benchmarks.processes import started

from . import shapes
from .clients import UNLISTED

_SECONDS = 300
"""What one step of making an environment may take."""


class Unavailable(Exception):  # noqa: N818 (reads as what it is; it never leaves the benchmarks)
    """A client cannot be measured here."""


@dataclass(frozen=True, kw_only=True)
class Program:
    """What runs a client: a program, its words before the client's name and order, and its environment.

    `files`: size -> the file that tells the tasks to a program which cannot import `shapes`.
    """

    version: str
    program: str = sys.executable
    words: Sequence[str] = ("-m", "benchmarks.bulk.child")
    environment: Mapping[str, str] = field(default_factory=dict)
    files: Mapping[str, str] = field(default_factory=dict)


OURS = Program(version="")
"""This environment."""


def python(folder: Path, package: str, version: str) -> Program:
    """A virtual environment of this Python with one package, and what that needs."""
    _step(sys.executable, "-m", "venv", str(folder))
    interpreter = str(folder / "bin" / "python")
    install = ("-m", "pip", "install", "--quiet", "--disable-pip-version-check", f"{package}=={version}")
    _step(interpreter, *install)
    return Program(version=f"{package} {version}", program=interpreter)


def node(folder: Path, package: str, version: str, client: str) -> Program:
    """A folder of Node modules with one package, and what that needs; the client's module is its program."""
    runtime, installer = shutil.which("node"), shutil.which("npm")
    if runtime is None or installer is None:
        raise Unavailable("needs node and npm")
    folder.mkdir()
    quietly = ("--silent", "--no-audit", "--no-fund", "--ignore-scripts")
    _step(installer, "install", *quietly, "--prefix", str(folder), f"{package}@{version}")
    script = Path(__file__).parent / "clients" / UNLISTED[client].module
    return Program(
        version=f"{package} {version}, Node {_step(runtime, '--version').strip()}",
        program=runtime,
        words=(str(script),),
        environment={"NODE_PATH": str(folder / "node_modules")},
        files={size: _tasks_file(folder, size) for size in shapes.SIZES},
    )


def here(package: str) -> Program:
    """The environment of the benchmark, where the package is in it."""
    try:
        return Program(version=f"{package} {version_of(package)}")
    except PackageNotFoundError as error:
        raise Unavailable(f"needs {package}: pip install -e '.[bench]'") from error


def _tasks_file(folder: Path, size: str) -> str:
    told = {"account": ACCOUNT, "key": KEY, "command": shapes.COMMANDS[size], "extras": shapes.prepared(size)}
    file = folder / f"{size}.json"
    file.write_text(json.dumps(told))
    return str(file)


def _step(program: str, *words: str) -> str:
    shown = " ".join((Path(program).name, *words))
    try:
        with started(words, program=program, talks=False) as process:
            output, errors = process.communicate(timeout=_SECONDS)
    except OSError as error:
        raise Unavailable(f"{shown}: {error}") from error
    except subprocess.TimeoutExpired as error:
        raise Unavailable(f"{shown} took more than {_SECONDS} s") from error
    if process.returncode:
        lines = [*filter(None, map(str.strip, (output + b"\n" + errors).decode(errors="replace").splitlines()))]
        raise Unavailable(f"{shown} ended with code {process.returncode}: {lines[-1] if lines else 'without a word'}")
    return output.decode()
