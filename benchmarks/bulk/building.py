"""`python -m benchmarks.bulk.building KIND SIZE`: CPU of building one kind of task, all of it new, as JSON.

Law: nothing is sent. The clients' rows leave this out; here it is for whoever wants to add it.
"""

from __future__ import annotations

import importlib
import json
import sys
from collections import deque
from collections.abc import Callable, Iterator
from typing import Any

from batchio import sweep
from benchmarks.bulk import shapes
from benchmarks.gauges import Clock
from benchmarks.processes import end_with_parent

from .clients import Order

_MODULES = {"mapping": "by_hand", "batchio": "ours", "azure-batch": "azure"}
"""Kind -> the client module that has the `models`."""

KINDS = [*_MODULES, "batchio sweep"]

_SECONDS = 0.5
_GROUP = 500


def measure(kind: str, size: str) -> dict[str, Any]:
    """Microseconds a task."""
    models: Callable[[Order], Iterator[Any]] = (
        importlib.import_module(f"benchmarks.bulk.clients.{_MODULES[kind]}").models if kind in _MODULES else _swept
    )
    built, clock = 0, Clock()
    spent = 0.0
    while spent < _SECONDS:
        source = models(Order(url="", job="", size=size, tasks=_GROUP, in_flight=None))
        next(source)
        with clock:
            deque(source, maxlen=0)
        spent += clock.cpu
        built += _GROUP - 1
    return {"kind": kind, "size": size, "building": spent / built * 1e6}


def _swept(order: Order) -> Iterator[dict[str, Any]]:
    """From a template, whose compiling is not measured: it is done once."""
    size = order.size
    template = {
        **shapes.task(size, 0),
        "id": "task-{number:08d}",
        "commandLine": shapes.COMMANDS[size].replace("{:", "{number:"),
    }
    for setting in template.get("environmentSettings", ())[:1]:
        setting["value"] = "scene-{number:04d}"
    return iter(sweep(template, number=range(order.tasks)))


def main() -> None:
    """Measure the kind and size of the command line."""
    end_with_parent()
    print(json.dumps(measure(sys.argv[1], sys.argv[2])))


if __name__ == "__main__":
    main()
