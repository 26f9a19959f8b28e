"""kill -9 under load: what was answered is there after a start."""

from __future__ import annotations

import asyncio
import json
import os
import random
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from batchio import BatchClient, RetryPolicy, SharedKeyCredential, TransportError

_JOBS = {"busy": "pool", "quiet": "none"}
"""Job -> its pool. Only the one pool is there: in the other job tasks stay as they were added."""


class Promises:
    """What the emulator has answered with success, and hence has to keep."""

    def __init__(self) -> None:
        self.tasks: dict[str, dict[str, str | None]] = {job: {} for job in _JOBS}
        self.gone: set[str] = set()
        self.leaving: set[str] = set()
        """Tasks whose deletion was asked for, whatever came of it."""
        self.priority = 0
        self.tag: str | None = ""
        self.jobs: set[str] = set(_JOBS)
        self.counted = 0
        self.requests = 0
        self._number = 0

    def number(self) -> int:
        """One that was never used."""
        self._number += 1
        return self._number


class Service:
    """The emulator as a process of its own."""

    def __init__(self, db: Path) -> None:
        command = [sys.executable, "-m", "batchio", "emulator", "--db", str(db), "--json", "--nodes", "simulate"]
        self._process = subprocess.Popen(command, stdout=subprocess.PIPE)  # noqa: S603 - our own code
        assert self._process.stdout is not None
        ready: dict[str, Any] = json.loads(self._process.stdout.readline())
        self._endpoint: str = ready["endpoint"]
        self._credential = SharedKeyCredential(ready["account"], ready["key"])

    def client(self) -> BatchClient:
        """A client that tries once."""
        return BatchClient(self._endpoint, self._credential, retry=RetryPolicy(attempts=1))

    def kill(self) -> None:
        """End it as nothing else does."""
        os.kill(self._process.pid, signal.SIGKILL)
        self._process.wait()
        if self._process.stdout is not None:
            self._process.stdout.close()


async def add(client: BatchClient, promises: Promises, job: str) -> None:
    """Add collections, and delete the first task of each."""
    while True:
        number = promises.number()
        ids = [f"task-{number}-{index}" for index in range(1 + number * 7 % 60)]
        tasks = [{"id": id, "commandLine": "sleep 0.05"} for id in ids]
        answer = await client.tasks.create_collection(job, {"value": tasks})
        for result in answer.value or ():
            assert result.status == "success"
            promises.tasks[job][result.task_id or ""] = result.e_tag
        promises.leaving.add(ids[0])
        await client.tasks.delete(job, ids[0])
        promises.gone.add(ids[0])
        promises.requests += 2


async def change(client: BatchClient, promises: Promises) -> None:
    """Change a job again and again, make and delete others."""
    while True:
        receipt = await client.jobs.update("quiet", {"priority": (promises.priority + 1) % 1000})
        promises.priority, promises.tag = (promises.priority + 1) % 1000, receipt.e_tag
        name = f"job-{promises.number()}"
        await client.jobs.create({"id": name, "poolInfo": {"poolId": "none"}})
        promises.jobs.add(name)
        if len(promises.jobs) > 20:
            oldest = min(promises.jobs - _JOBS.keys())
            promises.jobs.remove(oldest)
            await client.jobs.delete(oldest)
        promises.requests += 2


async def read(client: BatchClient, promises: Promises) -> None:
    """Whoever has seen something counts on it, too."""
    while True:
        promises.counted = await count(client, "busy")
        promises.requests += 1


async def count(client: BatchClient, job: str) -> int:
    """How many tasks a job has."""
    counts = (await client.jobs.get_task_counts(job)).task_counts
    assert counts is not None
    return sum(number or 0 for number in (counts.active, counts.running, counts.completed))


async def load(service: Service, promises: Promises, seconds: float) -> None:
    """Load until the emulator is killed."""
    async with service.client() as client:
        loads = [add(client, promises, job) for job in _JOBS for _ in range(2)]
        loads += [change(client, promises), read(client, promises)]
        tasks = [asyncio.create_task(one) for one in loads]
        await asyncio.sleep(seconds)
        service.kill()
        for end in await asyncio.gather(*tasks, return_exceptions=True):
            assert isinstance(end, TransportError), end


async def check(service: Service, promises: Promises) -> None:
    """Nothing that was promised is missing."""
    async with service.client() as client:
        for job, promised in promises.tasks.items():
            there = {task.id: task.e_tag async for task in client.tasks.list(job)}
            left = {id: tag for id, tag in promised.items() if id not in promises.leaving}
            assert left.keys() <= there.keys()
            assert job == "busy" or left.items() <= there.items()
            assert not promises.gone & there.keys()
            assert await count(client, job) == len(there)
        assert await count(client, "busy") >= promises.counted - len(promises.leaving)
        changed = await client.jobs.get("quiet")
        # The change that had no answer may have been made.
        if changed.priority != (promises.priority + 1) % 1000:
            assert (changed.priority, changed.e_tag) == (promises.priority, promises.tag)
        promises.priority, promises.tag = changed.priority or 0, changed.e_tag
        assert promises.jobs <= {job.id async for job in client.jobs.list()}


async def kill_again_and_again(db: Path, times: int, seed: int) -> None:
    """Load, kill, start and check, so many times."""
    promises, dice = Promises(), random.Random(seed)  # noqa: S311  # to be repeatable, not secret
    service = Service(db)
    try:
        async with service.client() as client:
            await client.pools.create({"id": "pool", "vmSize": "small", "targetDedicatedNodes": 3})
            for job, pool in _JOBS.items():
                await client.jobs.create({"id": job, "poolInfo": {"poolId": pool}})
        for _ in range(times):
            before = promises.requests
            await load(service, promises, 0.2 + dice.random())
            assert promises.requests > before + 10
            service = Service(db)
            await check(service, promises)
    finally:
        service.kill()


async def test_kill_under_load(tmp_path: Path) -> None:
    await kill_again_and_again(tmp_path / "state.db", 2, 1)


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(3))
async def test_kill_under_load_often(tmp_path: Path, seed: int) -> None:
    await kill_again_and_again(tmp_path / "state.db", 10, seed)
