"""The examples of the README, as they stand there.

Law: no example is copied. What a test runs is the code block behind `<!-- name -->`, with other names or numbers at
most.
"""

from __future__ import annotations

import ast
import asyncio
import os
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from scripted import JOB, ScriptedService

from batchio.emulator import Emulator

ROOT = Path(__file__).parent.parent
TEXT = (ROOT / "README.md").read_text("utf-8")


Changes = Mapping[str, str]
"""What stands in the code -> what a test wants there."""


def example(name: str, changes: Changes | None = None, *, job: str | None = JOB) -> str:
    """The code of an example, for another job, or for none."""
    (code,) = re.findall(rf"<!-- {re.escape(name)} -->\n```\w+\n(.*?)```", TEXT, re.DOTALL)
    renamed = {'"render"': repr(job)} if job else {}
    for before, after in {**renamed, **(changes or {})}.items():
        assert before in code, f"{name} has no {before}"
        code = code.replace(before, after)
    return str(code)


def defined(name: str, changes: Changes | None = None) -> dict[str, Any]:
    """What an example defines."""
    names: dict[str, Any] = {"__name__": Path(name).stem}
    exec(compile(example(name, changes), name, "exec"), names)  # noqa: S102 - our own README
    return names


async def ran(name: str, changes: Changes | None = None, *, job: str | None = JOB, **names: Any) -> dict[str, Any]:
    """What an example has defined that awaits at its top; `names`: what it finds there."""
    code = compile(example(name, changes, job=job), name, "exec", flags=ast.PyCF_ALLOW_TOP_LEVEL_AWAIT)
    # Without an await it is done by now.
    await (eval(code, names) or asyncio.sleep(0))  # noqa: S307 - our own README
    return names


def written(name: str, folder: Path, changes: Changes | None = None, *, job: str | None = JOB) -> Path:
    """An example as a file."""
    path = folder / name
    path.write_text(example(name, changes, job=job), "utf-8")
    return path


def environment_of(service: ScriptedService | Emulator) -> dict[str, str]:
    """What leads an example to a service."""
    return {
        "AZURE_BATCH_ENDPOINT": service.endpoint,
        "AZURE_BATCH_ACCOUNT": service.credential.account,
        "AZURE_BATCH_ACCESS_KEY": service.credential.key,
        "PYTHONPATH": os.pathsep.join([str(ROOT), *filter(None, [os.environ.get("PYTHONPATH")])]),
    }
