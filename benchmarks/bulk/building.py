"""`python -m benchmarks.bulk.building KIND SIZE`: CPU of building one kind of task, all of it new, as JSON.

Law: nothing is sent. The clients' rows leave this out; here it is for whoever wants to add it.
"""

from __future__ import annotations

import importlib
import json
import sys
from collections import deque
from typing import Any

from benchmarks.gauges import Clock
from benchmarks.processes import end_with_parent

from .clients import Order

KINDS = {"mapping": "by_hand", "batchio": "ours", "azure-batch": "azure"}
"""Kind -> the client module that has the `models`."""

_SECONDS = 0.5
_GROUP = 500


def measure(kind: str, size: str) -> dict[str, Any]:
    """Microseconds a task."""
    module = importlib.import_module(f"benchmarks.bulk.clients.{KINDS[kind]}")
    built, clock = 0, Clock()
    spent = 0.0
    while spent < _SECONDS:
        source = module.models(Order(url="", job="", size=size, tasks=_GROUP, in_flight=None))
        next(source)
        with clock:
            deque(source, maxlen=0)
        spent += clock.cpu
        built += _GROUP - 1
    return {"kind": kind, "size": size, "building": spent / built * 1e6}


def main() -> None:
    """Measure the kind and size of the command line."""
    end_with_parent()
    print(json.dumps(measure(sys.argv[1], sys.argv[2])))


if __name__ == "__main__":
    main()
