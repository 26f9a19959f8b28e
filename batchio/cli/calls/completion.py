"""`batchio completion SHELL`: what a shell needs to complete commands, options and their values.

Law: cyclopts writes it, from the commands as they are, and a few lines make it work however the shell reads it; it is
printed and never installed.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Literal

from cyclopts import App

from ..output import write_or_stop
from .commands import fill

Shell = Literal["bash", "zsh", "fish"]

_LAST = {
    # Where nothing else fits it is a file's name.
    "bash": "complete -o bashdefault -o default -F {function} batchio",
    # Read from a file of fpath this is the body of a function that completes; with eval or source it is not.
    "zsh": """_batchio_or_files() {{ {function} "$@" || _files; }}
if [[ $funcstack[1] == (_batchio|{function}) ]]
then _batchio_or_files "$@"
else compdef _batchio_or_files batchio
fi""",
    "fish": "",
}


def completion(app: App, groups: Iterable[str], shell: Shell) -> int:
    """Run the command; gives its exit code."""
    for name in groups:
        group = app[name]
        if all(command.startswith("-") for command in group):
            fill(group, name, with_words=True)
    written = app.generate_completion(shell=shell).rstrip("\n")
    function = re.search(r"^(_\w*batchio)\(\) \{", written, re.MULTILINE)
    write_or_stop(f"{written}\n{_LAST[shell].format(function=function[1] if function else '_batchio')}".rstrip("\n"))
    return 0
