"""Questions to whoever sits at the terminal.

Law: without a terminal nothing is asked. Whatever ends a question, what is written next begins on a line of its own.
"""

from __future__ import annotations

import getpass
import sys
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from ..codes import CommandError, Exit
from ..output import is_terminal, write_error
from .names import names_of, option_of

if TYPE_CHECKING:
    from ...service.operations import Operation

_DESTROYING = {"delete", "terminate", "reimage", "remove"}
"""Verbs of what cannot be taken back."""


def destroys(operation: Operation[Any]) -> bool:
    """Whether something is lost that nobody can bring back."""
    return names_of(operation).method.split("_")[0] in _DESTROYING


def confirm(what: str) -> None:
    """Ask whether to do it; ends the command unless the answer is yes."""
    if not (is_terminal(sys.stdin) and is_terminal(sys.stderr)):
        raise CommandError(f"{what}: there is no terminal to ask at; --yes does it without a question")
    answer = _answer(lambda: _line(f"{what}: are you sure? [y/N] "))
    if (answer or "").strip().lower() not in ("y", "yes"):
        raise CommandError("nothing was done", Exit.REFUSED)


def secret(name: str) -> str:
    """Ask for a secret, which is not shown while it is typed."""
    option = option_of(f"ask_{name}")
    if not is_terminal(sys.stdin):
        raise CommandError(f"{option}: there is no terminal to ask at")
    given = _answer(lambda: getpass.getpass(f"{name.replace('_', ' ')}: ", stream=sys.stderr))
    if not given:
        raise CommandError(f"{option}: nothing was given")
    return given


def _answer(ask: Callable[[], str]) -> str | None:
    """What is answered; None where the input ends there (Ctrl-D)."""
    try:
        return ask()
    except EOFError:
        write_error("")
        return None
    except KeyboardInterrupt:
        write_error("")
        raise


def _line(question: str) -> str:
    sys.stderr.write(question)
    sys.stderr.flush()
    line = sys.stdin.readline()
    if not line:
        raise EOFError
    return line
