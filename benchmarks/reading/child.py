"""`python -m benchmarks.reading.child FUNCTION ORDER WARM`: one contestant does one order; prints JSON.

Law: only the work is on the clock. Before it come the imports, and `WARM` tasks or calls, so that what a library puts
off until its first answer is not counted either. Memory counts from the imports on.
"""

from __future__ import annotations

import asyncio
import dataclasses
import json
import sys
from typing import Any

from benchmarks.gauges import Clock, Memory
from benchmarks.processes import end_with_parent

from . import Order, Read, load


def measure(read: Read, order: Order, warm: int) -> dict[str, Any]:
    """Seconds of CPU and wall, megabytes."""
    memory = Memory()
    memory.mark()
    asyncio.run(read(dataclasses.replace(order, count=warm)))
    with Clock() as clock:
        count = asyncio.run(read(order))
    return {"read": count, "cpu": clock.cpu, "wall": clock.wall, "peak": memory.peak(), "growth": memory.growth()}


def main() -> None:
    """Do the order of the command line."""
    function, order, warm = sys.argv[1], Order(**json.loads(sys.argv[2])), int(sys.argv[3])
    end_with_parent()
    print(json.dumps(measure(load(function), order, warm)))


if __name__ == "__main__":
    main()
