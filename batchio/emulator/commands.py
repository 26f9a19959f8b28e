"""What a command line does on a simulated node.

Law: a plan follows from the command line and the environment alone. Nothing is run.

What is understood, alone or inside of `/bin/sh -c '...'`, `bash -c "..."` or `cmd /c ...`, joined by `;`, `&&`
and `||`:

    sleep 5, sleep 1.5m      takes that long          timeout /t 5    the same in the words of Windows
    exit 3                   ends with that code      true, false     end with 0 and 1
    echo hello               writes to stdout.txt; with `>&2` to stderr.txt, with `> name` to a file in wd

Anything else takes 1 second and ends with 0. Two environment variables, of the task or of its job
(`commonEnvironmentSettings`), go before the command line: `BATCHIO_SECONDS=2.5` says how long it takes,
`BATCHIO_EXIT_CODE=3` how it ends; of `BATCHIO_EXIT_CODE=1,1,0` each try takes the next one, the last one stays.
"""

from __future__ import annotations

import math
import re
import shlex
from collections.abc import Mapping
from functools import lru_cache

import msgspec

from .processes.orders import KILLED

SECONDS = 1.0
"""How long a command takes that is not known."""
LEAST = 0.01
MOST = 10.0 * 365 * 86400
MOST_TRIES = 1000
"""How often a command is tried again that has no limit, where nobody could see the tries."""
LONGEST_LINE = 4096
"""A longer command line is not looked into."""

_SHELL = re.compile(r"\s*(?:/usr)?(?:/bin/)?(?:ba|da)?sh\s+-l?c\s+(.*)", re.DOTALL)
_CMD = re.compile(r"\s*cmd(?:\.exe)?\s+/c\s+(.*)", re.DOTALL | re.IGNORECASE)
_SPAN = re.compile(r"(\d{1,9}(?:\.\d{1,6})?)([smhd]?)", re.ASCII)
_UNITS = {"": 1, "s": 1, "m": 60, "h": 3600, "d": 86400}
_CODE = re.compile(r"-?\d{1,9}", re.ASCII)


class Plan(msgspec.Struct, frozen=True):
    """What will happen: how long, with which exit code, and what is written; `files` stand in wd."""

    seconds: float
    exit_code: int
    out: str = ""
    err: str = ""
    files: tuple[tuple[str, str], ...] = ()


def plan_of(command_line: str, environment: Mapping[str, str], tries: int = 0) -> Plan:
    """The plan of a try; `tries` is how many there were before."""
    plan = _read(command_line) if len(command_line) <= LONGEST_LINE else Plan(SECONDS, 0)
    seconds, code = environment.get("BATCHIO_SECONDS"), environment.get("BATCHIO_EXIT_CODE")
    if seconds is not None and (span := _SPAN.fullmatch(seconds.strip())):
        plan = msgspec.structs.replace(plan, seconds=_bounded(float(span[1]) * _UNITS[span[2]]))
    if code is not None:
        # Of very many no more are read than were used.
        codes = code.split(",", tries + 1)
        chosen = codes[min(tries, len(codes) - 1)].strip()
        if _CODE.fullmatch(chosen):
            plan = msgspec.structs.replace(plan, exit_code=int(chosen))
    return plan


class Tries(msgspec.Struct, frozen=True):
    """How a command goes that is tried again: how long all its tries take, and how the last one ends."""

    seconds: float
    exit_code: int
    retries: int
    killed: bool


def tries_of(command_line: str, environment: Mapping[str, str], most: int, limit: float) -> Tries:
    """The tries of a command: `most` after the first (-1: `MOST_TRIES`), each killed after `limit` seconds."""
    seconds, retries = 0.0, 0
    while True:
        plan = plan_of(command_line, environment, retries)
        killed = plan.seconds > limit
        seconds += min(plan.seconds, limit)
        if killed or plan.exit_code == 0 or retries == (MOST_TRIES if most < 0 else min(most, MOST_TRIES)):
            return Tries(seconds, KILLED if killed else plan.exit_code, retries, killed)
        retries += 1


def _bounded(seconds: float) -> float:
    return min(max(seconds, LEAST), MOST) if math.isfinite(seconds) else MOST


@lru_cache(1024)
def _read(command_line: str) -> Plan:
    try:
        return _Reader().read(_script(command_line))
    except ValueError:
        # Quotes that do not end.
        return Plan(SECONDS, 0)


def _script(command_line: str) -> str:
    """What the shell gets, or the command itself."""
    if found := _SHELL.fullmatch(command_line):
        words = shlex.split(found[1])
        return words[0] if words else ""
    found = _CMD.fullmatch(command_line)
    return command_line if found is None else found[1].strip().removeprefix('"').removesuffix('"')


class _Reader:
    """Goes through a script command by command."""

    def __init__(self) -> None:
        self._seconds = 0.0
        self._code = 0
        self._ended = False
        self._out: list[str] = []
        self._err: list[str] = []
        self._files: dict[str, str] = {}

    def read(self, script: str) -> Plan:
        lexer = shlex.shlex(script.replace("\n", " ; "), posix=True, punctuation_chars=";&|<>")
        lexer.whitespace_split = True
        words: list[str] = []
        runs = True
        for word in [*lexer, ";"]:
            if word not in (";", "&&", "||", "&"):
                words.append(word)
                continue
            if words and runs and not self._ended:
                self._command(words)
            words = []
            runs = self._code == 0 if word == "&&" else self._code != 0 if word == "||" else True
        files = tuple(self._files.items())
        return Plan(_bounded(self._seconds), self._code, "".join(self._out), "".join(self._err), files)

    def _command(self, words: list[str]) -> None:
        name, *arguments = words
        self._code = 0
        if name == "sleep" or (name == "timeout" and arguments[:1] in (["/t"], ["/T"])):
            self._sleep([word for word in arguments if not word.startswith("/")])
        elif name == "exit":
            self._code = int(arguments[0]) if arguments and _CODE.fullmatch(arguments[0]) else 0
            self._ended = True
        elif name == "false":
            self._code = 1
        elif name == "echo":
            self._echo(arguments)
        elif name != "true":
            self._seconds += SECONDS

    def _sleep(self, spans: list[str]) -> None:
        for span in spans:
            if found := _SPAN.fullmatch(span):
                self._seconds += float(found[1]) * _UNITS[found[2]]

    def _echo(self, words: list[str]) -> None:
        sign = next((at for at, word in enumerate(words) if word in (">", ">>", ">&")), None)
        line = " ".join(words[:sign]) + "\n"
        target = None if sign is None else " ".join(words[sign + 1 : sign + 2])
        if not target:
            self._out.append(line)
        elif words[sign or 0] == ">&":
            (self._err if target == "2" else self._out).append(line)
        else:
            before = self._files.get(target, "") if words[sign or 0] == ">>" else ""
            self._files[target] = before + line
