"""`python -m benchmarks.emulator.child SETTINGS`: an emulator with these on a free port; prints its URL.

Law: for every line on standard input it prints one of JSON: its CPU seconds and megabytes so far. Ends when its
standard input does.
"""

from __future__ import annotations

import asyncio
import json
import os
import sys
import threading
from typing import Any

from batchio.emulator import Emulator
from benchmarks.gauges import cpu_seconds, resident


async def serve(settings: dict[str, Any]) -> None:
    """Run until the process ends."""
    async with Emulator(**settings) as emulator:
        print(emulator.endpoint, flush=True)
        threading.Thread(target=tell, daemon=True).start()
        await asyncio.Event().wait()


def tell() -> None:
    """Answer every line."""
    for _ in sys.stdin.buffer:
        print(json.dumps({"cpu": cpu_seconds(), "resident": resident()}), flush=True)
    os._exit(0)


if __name__ == "__main__":
    asyncio.run(serve(json.loads(sys.argv[1])))
