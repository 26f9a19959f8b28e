"""`python -m benchmarks.bulk.child CLIENT ORDER`: one client does one order; what it took is printed as JSON.

Law: only the client's work is on the clock. Imports come before it, what the input costs by itself is measured apart
(`building`): before it for a client that wants its whole input at once, otherwise by running through a new generator
after it, and that is taken off.
"""

from __future__ import annotations

import asyncio
import json
import sys
from collections import deque
from dataclasses import asdict
from typing import Any

from benchmarks.gauges import Clock, Memory
from benchmarks.processes import end_with_parent

from .clients import Client, Order, load


def measure(client: Client, order: Order) -> dict[str, Any]:
    """Seconds of CPU (`cpu` of the client alone, `building` of its input), of wall time, and megabytes."""
    memory = Memory()
    memory.mark()
    building = Clock()
    if client.whole:
        with building:
            source = client.source(order)
    else:
        source = client.source(order)
    with Clock() as run:
        added = asyncio.run(client.send(order, source))
    found = {
        "added": added,
        "wall": run.wall,
        "peak": memory.peak(),
        "growth": memory.growth(),
        "maxrss": memory.maxrss(),
    }
    if not client.whole:
        with building:
            deque(client.source(order), maxlen=0)
    return {**found, "building": building.cpu, "cpu": run.cpu - (0.0 if client.whole else building.cpu)}


def main() -> None:
    """Do the order of the command line."""
    name, order = sys.argv[1], Order(**json.loads(sys.argv[2]))
    end_with_parent()
    found = measure(load(name), order)
    print(json.dumps({"client": name, **asdict(order), **found}))


if __name__ == "__main__":
    main()
