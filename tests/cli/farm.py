"""A service whose tasks run, for the commands that look at them."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Generator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeVar

import pytest

from batchio import BatchClient, SharedKeyCredential
from batchio.cli import app

from .conftest import SECONDS, Service

T = TypeVar("T")


class Farm:
    """A service with nodes, and what tests do with it. The command runs in this process where `run` runs it."""

    def __init__(self, service: Service) -> None:
        self.service = service
        self.do(self._pool)

    def do(self, work: Callable[[BatchClient], Awaitable[T]]) -> T:
        """Ask the service."""

        async def asked() -> T:
            async with BatchClient(
                self.service.endpoint, SharedKeyCredential(self.service.account, self.service.key)
            ) as client:
                return await work(client)

        return asyncio.run(asked())

    def job(self, name: str, *tasks: dict[str, Any], ends: bool = True) -> None:
        """A job with tasks; `ends`: by itself, when they are completed."""

        async def make(client: BatchClient) -> None:
            await client.jobs.create({"id": name, "poolInfo": {"poolId": "farm"}})
            await client.tasks.submit(name, tasks, terminate_when_complete=ends)

        self.do(make)

    def finish(self, name: str) -> None:
        """Let the tasks of a job come to their end."""

        async def wait(client: BatchClient) -> None:
            async with asyncio.timeout(SECONDS):
                while (found := await client.jobs.get_task_counts(name)).task_counts is not None:
                    if not (found.task_counts.active or found.task_counts.running):
                        return
                    self.advance(2)
                    await asyncio.sleep(0.01)

        self.do(wait)

    def advance(self, seconds: float) -> None:
        """Move the service's clock."""
        self.service.control("clock", {"advance": seconds}, "POST")

    def run(self, monkeypatch: pytest.MonkeyPatch, *arguments: str) -> int:
        """A command, in this process; its exit code."""
        for name, value in self.service.environment.items():
            monkeypatch.setenv(name, value)
        return app.run(arguments)

    @staticmethod
    async def _pool(client: BatchClient) -> None:
        await client.pools.create({"id": "farm", "vmSize": "a", "targetDedicatedNodes": 2, "taskSlotsPerNode": 4})


def command(line: str, name: str = "t") -> dict[str, Any]:
    """A task."""
    return {"id": name, "commandLine": line}


@contextmanager
def farm_with(files: Mapping[str, bytes], folder: Path) -> Generator[Farm]:
    """One of real processes, with a job `files`, whose task `t` has written these; `folder`: for what it copies."""
    for name, content in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    service = Service("--nodes", "process")
    farm = Farm(service)
    farm.job("files", command(f"cp -R {folder}/. ."))
    farm.finish("files")
    yield farm
    service.stop()
