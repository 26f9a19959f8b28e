"""The command that goes on where an interrupted one has stopped.

Law: pure. What is printed can be pasted into a shell and does what was meant, whatever the names hold.
"""

from __future__ import annotations

import shlex
from dataclasses import fields, replace

from .options import SubmitOptions


def how_to_go_on(job_id: str, file: str | None, options: SubmitOptions) -> str:
    """The same command again, with `--resume`.

    >>> how_to_go_on("render", "my tasks.jsonl", SubmitOptions(journal="j", attempts=3))
    "batchio submit render 'my tasks.jsonl' --journal j --resume --attempts 3"
    """
    return _command(job_id, file, replace(options, resume=True))


def how_to_add_the_rest(job_id: str, file: str | None, options: SubmitOptions) -> str:
    """The same input again, where no journal was kept: what is there already is as good as added.

    >>> how_to_add_the_rest("render", None, SubmitOptions(template="t.json", sweep="frame=1..9", attempts=3))
    'batchio submit render --template t.json --sweep frame=1..9 --on-exists ok'
    """
    kept = ("template", "rows", "sweep", "id", "shard", "terminate_when_done", "api_version")
    return _command(job_id, file, SubmitOptions(on_exists="ok", **{name: getattr(options, name) for name in kept}))


def _command(job_id: str, file: str | None, options: SubmitOptions) -> str:
    words = ["batchio", "submit", job_id, *([file] if file else [])]
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
