"""The tasks of the bulk benchmark: small, medium and large, numbered from 0, in wire shape.

Law: every client sends these tasks and no easier ones. In a generator `id` and `commandLine` are new for each task and
the rest is taken in turn from `VARIANTS` prepared ones, so that the generator costs little beside the client.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, cast

SIZES = {"small": 78, "medium": 646, "large": 7_800}
"""Bytes of a task as compact JSON."""

VARIANTS = 256

_FILES = {"medium": 2, "large": 40}
_STORAGE = "https://account.blob.core.windows.net/scenes"
_SIGNED = {
    "medium": "sv=2024-11-04&sr=c&sp=rl&sig=MDEyMzQ1Njc4OWFiY2RlZjAxMjM0",
    "large": "sv=2024-11-04&sr=c&sp=rl&sig=MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWYwMTIzN",
}
COMMANDS = {
    "small": "/bin/sh -c 'blender {:08d} 4096 2160'",
    "medium": "/bin/sh -c 'blender {:08d}'",
    "large": "/bin/sh -c 'blender --gpu {:08d}'",
}
"""Size -> the command line, with a place for the number."""


def task(size: str, number: int) -> dict[str, Any]:
    """A task, all of it new."""
    return {"id": f"task-{number:08d}", "commandLine": command(size, number), **extras(size, number % VARIANTS)}


def command(size: str, number: int) -> str:
    """The command line of a task."""
    return COMMANDS[size].format(number)


def extras(size: str, variant: int) -> dict[str, Any]:
    """What a task has beside its id and command line."""
    if size == "small":
        return {}
    return {
        "resourceFiles": [_file(size, variant, number) for number in range(_FILES[size])],
        "environmentSettings": [
            {"name": "SCENE", "value": f"scene-{variant:04d}"},
            {"name": "QUALITY", "value": "production"},
            {"name": "OUTPUT", "value": "/mnt/outputs"},
        ],
        "constraints": {"maxWallClockTime": "P1D", "retentionTime": "P7D", "maxTaskRetryCount": 3},
    }


def prepared(size: str) -> list[dict[str, Any]]:
    """The extras of all variants."""
    return [extras(size, variant) for variant in range(VARIANTS)]


def tasks(size: str, count: int) -> Iterator[dict[str, Any]]:
    """The first `count` tasks, as a generator of mappings."""
    line = COMMANDS[size]
    if size == "small":
        for number in range(count):
            yield {"id": f"task-{number:08d}", "commandLine": line.format(number)}
        return
    parts = prepared(size)
    for number in range(count):
        yield {"id": f"task-{number:08d}", "commandLine": line.format(number), **parts[number % VARIANTS]}


def models(size: str, count: int) -> Iterator[dict[str, Any]]:
    """The first `count` tasks as mappings, all of each new but its strings."""
    parts = prepared(size)
    for number in range(count):
        part = parts[number % VARIANTS]
        yield {
            "id": f"task-{number:08d}",
            "commandLine": command(size, number),
            **{name: _copy(value) for name, value in part.items()},
        }


def _copy(value: Any) -> Any:
    return [each.copy() for each in cast("list[dict[str, Any]]", value)] if isinstance(value, list) else value.copy()


def _file(size: str, variant: int, number: int) -> dict[str, Any]:
    path = f"{variant:04d}/part-{number:04d}"
    return {"httpUrl": f"{_STORAGE}/{path}?{_SIGNED[size]}", "filePath": f"{path}.blend"}
