"""`batchio completion SHELL`: what a shell needs to complete commands, options and their values.

Law: cyclopts writes it, from the commands as they are; it is printed and never installed.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Literal

from cyclopts import App

from ..output import write_data
from .commands import fill

Shell = Literal["bash", "zsh", "fish"]


def completion(app: App, groups: Iterable[str], shell: Shell) -> int:
    """Run the command; gives its exit code."""
    for name in groups:
        group = app[name]
        if all(command.startswith("-") for command in group):
            fill(group, name, with_words=True)
    write_data(app.generate_completion(shell=shell).rstrip("\n"))
    return 0
