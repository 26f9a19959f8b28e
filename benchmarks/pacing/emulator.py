"""`python -m benchmarks.pacing.emulator RULES`: an emulator on a free port, with one job; prints its URL.

Law: ends when its standard input does. On uvloop where that is installed: it is never measured itself.
"""

from __future__ import annotations

import asyncio
import importlib.util
import sys

import msgspec

from batchio import BatchClient
from batchio.emulator import Emulator, FaultRule
from benchmarks.processes import end_with_parent

from .orders import JOB


async def serve(rules: list[FaultRule]) -> None:
    """Run until the process ends."""
    async with Emulator(faults=rules) as emulator:
        async with BatchClient(emulator.endpoint, emulator.credential, allow_http=True) as client:
            await client.jobs.create({"id": JOB, "poolInfo": {"poolId": "pool"}})
        print(emulator.endpoint, flush=True)
        await asyncio.Event().wait()


def main() -> None:
    """Read the rules and serve."""
    end_with_parent()
    rules = msgspec.json.decode(sys.argv[1], type=list[FaultRule])
    if importlib.util.find_spec("uvloop"):
        import uvloop  # noqa: PLC0415 (optional)

        uvloop.run(serve(rules))
    else:
        asyncio.run(serve(rules))


if __name__ == "__main__":
    main()
