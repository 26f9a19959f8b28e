"""The README's examples as real servers: in this loop, and as processes that are sent signals."""

from __future__ import annotations

import asyncio
import os
import re
import signal
import socket
import sys
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from readme import environment_of
from scripted import ScriptedService

SECONDS = 30


@asynccontextmanager
async def under_uvicorn(app: Any) -> AsyncGenerator[str]:
    """An ASGI application on a port of its own; its address."""
    uvicorn: Any = pytest.importorskip("uvicorn")
    config = uvicorn.Config(app, lifespan="on", log_config=None, timeout_graceful_shutdown=5)
    server = uvicorn.Server(config)
    with socket.create_server(("127.0.0.1", 0), backlog=1_000) as listening:
        serving = asyncio.create_task(server.serve(sockets=[listening]))
        address = f"http://127.0.0.1:{listening.getsockname()[1]}"
        reached = asyncio.create_task(_reached(address))
        try:
            await asyncio.wait([serving, reached], return_when=asyncio.FIRST_COMPLETED)
            # Without it the socket would still take the question, and nobody answer.
            assert reached.done(), "the application did not start"
            await reached
            yield address
        finally:
            reached.cancel()
            server.should_exit = True
            await serving


async def _reached(address: str) -> None:
    async with aiohttp.request("GET", address):
        pass  # it is there


class Process:
    """A program of the README; `lines`: what it has printed, stdout and stderr."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self._process = process
        self.lines: list[str] = []

    async def line(self, pattern: str) -> re.Match[str]:
        """The next line that has a pattern."""
        async with asyncio.timeout(SECONDS):
            while True:
                assert self._process.stdout is not None
                line = (await self._process.stdout.readline()).decode()
                assert line, f"the program has ended: {self.lines}"
                self.lines.append(line)
                if (found := re.search(pattern, line)) is not None:
                    return found

    def send(self, number: signal.Signals) -> None:
        self._process.send_signal(number)

    async def ended(self) -> int:
        """The exit code, once it has one."""
        async with asyncio.timeout(SECONDS):
            rest, _ = await self._process.communicate()
        self.lines += rest.decode().splitlines(keepends=True)
        assert self._process.returncode is not None
        return self._process.returncode

    async def kill(self) -> None:
        if self._process.returncode is None:
            self._process.kill()
            await self._process.communicate()


@asynccontextmanager
async def program(service: ScriptedService, folder: Path, *words: str) -> AsyncGenerator[Process]:
    """A Python program in a folder, which finds the service in its environment."""
    pipe, both = asyncio.subprocess.PIPE, asyncio.subprocess.STDOUT
    environment = {**os.environ, **environment_of(service), "PYTHONUNBUFFERED": "1"}
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, *words), cwd=folder, env=environment, stdout=pipe, stderr=both
    )
    running = Process(process)
    try:
        yield running
    finally:
        await running.kill()
