"""The command that goes on where an interrupted one has stopped.

Law: pure. What is printed can be pasted into a shell and does what was meant, whatever the names hold.
"""

from __future__ import annotations

import shlex
from dataclasses import fields, replace

from .options import SubmitOptions


def how_to_go_on(job_id: str, file: str, options: SubmitOptions) -> str:
    """The same command again, with `--resume`.

    >>> how_to_go_on("render", "my tasks.jsonl", SubmitOptions(journal="j", attempts=3))
    "batchio submit render 'my tasks.jsonl' --journal j --resume --attempts 3"
    """
    options = replace(options, resume=True)
    words = ["batchio", "submit", job_id, file]
    for field in fields(options):
        value = getattr(options, field.name)
        if value == field.default:
            continue
        name = f"--{field.name.replace('_', '-')}"
        if value is True:
            words.append(name)
        elif str(value).startswith("-"):
            words.append(f"{name}={value}")
        else:
            words += [name, str(value)]
    return shlex.join(words)
