"""Clients that nobody here wrote, in environments of their own: azure-batch 14.2 and Node's @azure/batch."""

from __future__ import annotations

import asyncio
import contextlib
import os
import subprocess
import sys
from collections.abc import AsyncGenerator
from pathlib import Path

import pytest
from installing import KEPT, SECONDS, installed

from batchio.emulator import Emulator

pytestmark = [pytest.mark.slow, pytest.mark.parametrize("https", [False, True], ids=["http", "https"])]

GUESTS = Path(__file__).parent / "guests"


@pytest.fixture(scope="module")
def old_python(tmp_path_factory: pytest.TempPathFactory) -> str:
    """A Python that has azure-batch 14.2."""
    folder = tmp_path_factory.mktemp("old")
    pytest.importorskip("pip")
    installed("venv", sys.executable, "-m", "venv", "--without-pip", "environment", folder=folder)
    python = folder / "environment" / ("Scripts" if os.name == "nt" else "bin") / "python"
    pip = (sys.executable, "-m", "pip", "--python", str(python))
    installed("pip", *pip, "install", "--no-compile", "azure-batch==14.2.0", folder=folder)
    return str(python)


@contextlib.asynccontextmanager
async def hurried(*, https: bool) -> AsyncGenerator[Emulator]:
    """An emulator in which time goes ten times as fast; signed dates may be 15 minutes off."""
    async with Emulator(nodes="simulate", https=https) as emulator:

        async def hurry() -> None:
            while True:
                await asyncio.sleep(0.02)
                emulator.clock.advance(0.18)

        hurrying = asyncio.create_task(hurry())
        try:
            yield emulator
        finally:
            hurrying.cancel()


async def visit(emulator: Emulator, *command: str, https: bool, environment: dict[str, str]) -> None:
    """Let a client do what it does; it says what it has done part by part."""
    if https:
        path = str(emulator.certificate)
        environment = {**environment, "REQUESTS_CA_BUNDLE": path, "NODE_EXTRA_CA_CERTS": path}
    key = emulator.credential.key
    process = await asyncio.create_subprocess_exec(
        *(*command, emulator.endpoint, emulator.credential.account, key),
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    try:
        out, said = await asyncio.wait_for(process.communicate(), SECONDS)
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
    assert process.returncode == 0, said.decode()
    assert out.decode().split() == ["pools", "jobs", "files", "tasks", "schedules", "ends"]


async def test_azure_batch_14(old_python: str, *, https: bool) -> None:
    async with hurried(https=https) as emulator:
        # Its ways with dates and escapes are its own business.
        await visit(
            emulator, old_python, "-W", "ignore", str(GUESTS / "azure_batch_14.py"), https=https, environment=KEPT
        )


async def test_node(node: dict[str, str], *, https: bool) -> None:
    async with hurried(https=https) as emulator:
        await visit(emulator, "node", str(GUESTS / "node_client.cjs"), https=https, environment=node)
