"""`python -m benchmarks.emulator.child [FILE]`: an emulator on a free port; prints its URL.

Law: for every line on standard input it prints one of JSON: its CPU seconds and megabytes so far. Ends when its
standard input does.
"""

from __future__ import annotations

import asyncio
import json
import os
import sys
import threading

from batchio.emulator import Emulator
from benchmarks.gauges import cpu_seconds, resident


async def serve(db: str | None) -> None:
    """Run until the process ends."""
    async with Emulator(db=db) as emulator:
        print(emulator.endpoint, flush=True)
        threading.Thread(target=tell, daemon=True).start()
        await asyncio.Event().wait()


def tell() -> None:
    """Answer every line."""
    for _ in sys.stdin.buffer:
        print(json.dumps({"cpu": cpu_seconds(), "resident": resident()}), flush=True)
    os._exit(0)


if __name__ == "__main__":
    asyncio.run(serve(sys.argv[1] if len(sys.argv) > 1 else None))
