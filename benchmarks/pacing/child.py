"""`python -m benchmarks.pacing.child ORDER`: one submission with no setting touched; prints its report as JSON.

Law: the client as anybody has it; the input is a generator.
"""

from __future__ import annotations

import asyncio
import json
import sys
from collections.abc import Iterator
from typing import Any

from batchio import BatchClient, SharedKeyCredential
from batchio.emulator import DEVELOPMENT_ACCOUNT, DEVELOPMENT_KEY
from benchmarks.gauges import cpu_seconds
from benchmarks.processes import end_with_parent

from .orders import JOB, Order


def _tasks(count: int) -> Iterator[dict[str, Any]]:
    return ({"id": f"task-{number:08d}", "commandLine": f"/bin/render {number}"} for number in range(count))


async def submit(order: Order) -> dict[str, Any]:
    """Do the order."""
    credential = SharedKeyCredential(DEVELOPMENT_ACCOUNT, DEVELOPMENT_KEY)
    async with BatchClient(order.url, credential, allow_http=True) as client:
        report = await client.tasks.submit(JOB, _tasks(order.tasks))
    return {
        "added": report.added,
        "requests": report.requests,
        "refused": report.refused,
        "elapsed": report.elapsed,
        "cpu": cpu_seconds(),
    }


def main() -> None:
    """Do the order of the command line."""
    end_with_parent()
    print(json.dumps(asyncio.run(submit(Order(**json.loads(sys.argv[1]))))))


if __name__ == "__main__":
    main()
