"""What tests of real processes share: a farm, and patience with what other processes do."""

from __future__ import annotations

import asyncio
import contextlib
import email.utils
import json
import os
import subprocess
import sys
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import aiohttp
from yarl import URL

from batchio import BatchClient, ResourceNotFoundError, SharedKeyCredential, models
from batchio.emulator import Clock, Emulator

ROOT = Path(__file__).parents[2]
SECONDS = 20
PAUSE = 0.02


class Farm:
    """An emulator whose tasks really run, its client, and what tests ask of both."""

    def __init__(self, emulator: Emulator | None, client: BatchClient) -> None:
        self._emulator = emulator
        self.client = client

    @property
    def emulator(self) -> Emulator:
        """The emulator, where it is in this process."""
        assert self._emulator is not None
        return self._emulator

    async def until(self, there: Callable[[], Awaitable[bool]]) -> None:
        await until(there, None if self._emulator is None else self._emulator.clock)

    async def pool(self, nodes: int = 1, **more: Any) -> None:
        """A pool whose nodes are up."""
        await self.client.pools.create({"id": "farm", "vmSize": "a", "targetDedicatedNodes": nodes, **more})
        await self.nodes_are("idle", nodes)

    async def nodes_are(self, state: str, number: int = 1) -> None:
        async def there() -> bool:
            filter = f"state eq '{state}'"
            return len([node async for node in self.client.nodes.list("farm", filter=filter)]) == number

        await self.until(there)

    async def node(self) -> str:
        [node] = [node async for node in self.client.nodes.list("farm")]
        return str(node.id)

    async def job(self, **more: Any) -> None:
        await self.client.jobs.create({"id": "job", "poolInfo": {"poolId": "farm"}, **more})

    async def job_is(self, state: str) -> None:
        async def there() -> bool:
            return (await self.client.jobs.get("job", select="state")).state == state

        await self.until(there)

    async def add(self, line: str, id: str = "t", **more: Any) -> None:
        await self.client.tasks.create("job", {"id": id, "commandLine": line, **more})

    async def task(self, id: str = "t") -> tuple[models.CloudTask, models.TaskExecutionInformation]:
        task = await self.client.tasks.get("job", id)
        assert task.execution_info is not None
        return task, task.execution_info

    async def is_state(self, state: str, id: str = "t") -> None:
        async def there() -> bool:
            return (await self.client.tasks.get("job", id, select="state")).state == state

        await self.until(there)

    async def done(self, id: str = "t") -> models.TaskExecutionInformation:
        await self.is_state("completed", id)
        return (await self.task(id))[1]

    async def run(self, line: str, id: str = "t", **more: Any) -> models.TaskExecutionInformation:
        await self.add(line, id, **more)
        return await self.done(id)

    async def read(self, path: str = "stdout.txt", id: str = "t", **more: Any) -> str:
        async with self.client.tasks.get_file("job", id, path, **more) as stream:
            return (await stream.read()).decode()

    async def lines(self, number: int, id: str = "t") -> list[str]:
        """The first lines of stdout.txt, as soon as they are there."""
        found: list[str] = []

        async def there() -> bool:
            nonlocal found
            with contextlib.suppress(ResourceNotFoundError):
                found = (await self.read(id=id)).splitlines()
            return len(found) >= number

        await self.until(there)
        return found

    async def status(self, path: str) -> int:
        """The answer to a path that our client would not send."""
        url = f"{self.emulator.endpoint}/jobs/job/tasks/t/files/{path.replace('.', '%2e')}?api-version=2024-07-01.20.0"
        headers = {"Authorization": "Bearer token", "ocp-date": email.utils.formatdate(usegmt=True)}
        async with aiohttp.ClientSession() as session, session.get(URL(url, encoded=True), headers=headers) as answer:
            return answer.status


async def until(there: Callable[[], Awaitable[bool]], clock: Clock | None = None) -> None:
    """Look again and again: what happens in other processes tells nobody here. A clock that is given runs faster."""
    async with asyncio.timeout(SECONDS):
        while not await there():
            if clock is not None:
                clock.advance(0.1)
            await asyncio.sleep(PAUSE)


async def are_gone(*pids: str) -> None:
    async def gone() -> bool:
        return not any(alive(int(pid)) for pid in pids)

    await until(gone)


def alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    stat = Path(f"/proc/{pid}/stat")
    with contextlib.suppress(OSError):
        return stat.read_text().rpartition(")")[2].split()[0] != "Z"
    return not stat.parent.parent.joinpath("self").exists()


def started(folder: Path, *options: str) -> tuple[subprocess.Popen[bytes], BatchClient]:
    """`batchio emulator --nodes process`, its folder for temporary files, and a client of it."""
    process = subprocess.Popen(  # noqa: S603 - our own code
        [sys.executable, "-m", "batchio", "emulator", "--nodes", "process", "--json", *options],
        env={**os.environ, "PYTHONPATH": str(ROOT), "TMPDIR": str(folder)},
        stdout=subprocess.PIPE,
    )
    assert process.stdout is not None
    ready = json.loads(process.stdout.readline())
    return process, BatchClient(ready["endpoint"], SharedKeyCredential(ready["account"], ready["key"]))


def script(text: str) -> str:
    return f"/bin/sh -c '{text}'"


TREE = script("sleep 1000 & sleep 1000 & echo $$ $!; wait")
"""A tree of processes that does not end by itself; its first line are the numbers of two of them."""
