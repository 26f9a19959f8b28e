"""An emulator in a process of its own, a client of it, and what the process used.

Law: only the emulator is measured; the client may be slow.
"""

from __future__ import annotations

import json
import subprocess
import time
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass

from batchio import BatchClient, SharedKeyCredential
from batchio.emulator import DEVELOPMENT_ACCOUNT, DEVELOPMENT_KEY
from benchmarks.processes import Pins, RunFailed, started

JOB = "job"
POOL = "pool"


@dataclass(frozen=True, kw_only=True)
class Gauge:
    """CPU seconds and megabytes of the emulator's process, and the time of day."""

    cpu: float
    resident: float
    wall: float


class Measured:
    """The emulator and a client."""

    def __init__(self, process: subprocess.Popen[bytes], client: BatchClient) -> None:
        self._process = process
        self.client = client

    def gauge(self) -> Gauge:
        """What it has used so far."""
        if self._process.stdin is None or self._process.stdout is None:
            raise RunFailed("the emulator cannot be asked")
        self._process.stdin.write(b"\n")
        self._process.stdin.flush()
        line = self._process.stdout.readline()
        if not line:
            raise RunFailed("the emulator has ended")
        return Gauge(**json.loads(line), wall=time.perf_counter())


@asynccontextmanager
async def running(pins: Pins, **settings: str) -> AsyncGenerator[Measured]:
    """An emulator with one empty job."""
    with started(["-m", "benchmarks.emulator.child", json.dumps(settings)], core=pins.responder) as process:
        url = process.stdout.readline().decode().strip() if process.stdout else ""
        if not url:
            raise RunFailed("the emulator did not start")
        async with BatchClient(url, SharedKeyCredential(DEVELOPMENT_ACCOUNT, DEVELOPMENT_KEY)) as client:
            await client.jobs.create({"id": JOB, "poolInfo": {"poolId": POOL}})
            yield Measured(process, client)
