"""`python -m benchmarks.bulk.lonely URL`: seconds of one add through an idle feed, and of the bare request, as JSON.

Law: one caller, who waits for each before the next; the two ways take turns.
"""

from __future__ import annotations

import asyncio
import json
import sys
import time
from statistics import median

from benchmarks.processes import end_with_parent

from . import shapes
from .clients import Order, ours

_ROUNDS = 50
LINGERS = (0.0, 0.01)


async def measure(url: str) -> dict[str, float]:
    """Medians: `bare` of the request alone, and of a lonely add by seconds of linger."""
    found: dict[str, list[float]] = {}
    order = Order(url=url, job="lonely", size="small", tasks=_ROUNDS, in_flight=None)
    async with ours.connect(order) as client:
        for linger in LINGERS:
            async with client.tasks.feed(order.job, linger=linger) as feed:
                for task in shapes.tasks("small", _ROUNDS):
                    began = time.perf_counter()
                    await client.tasks.create_collection(order.job, {"value": [task]})
                    between = time.perf_counter()
                    await feed.add(task)
                    found.setdefault("bare", []).append(between - began)
                    found.setdefault(str(linger), []).append(time.perf_counter() - between)
    return {name: median(seconds) for name, seconds in found.items()}


def main() -> None:
    """Measure against the responder of the command line."""
    end_with_parent()
    print(json.dumps(asyncio.run(measure(sys.argv[1]))))


if __name__ == "__main__":
    main()
