"""The service's end of the pipe to its foreman.

Law: each work that is sent has one outcome, also where the foreman is lost: then what it ran is killed, by its
records, and another foreman takes its place.
"""

from __future__ import annotations

import asyncio
import json
import logging
import os
import sys
from pathlib import Path
from typing import Any

from .foreman import PATIENCE
from .orders import KILLED, Outcome
from .roots import Root, kill_leftovers

LOGGER = logging.getLogger("batchio.emulator")

GRACE = 1.0
"""Seconds between SIGTERM and SIGKILL."""
_FOREMAN = Path(__file__).with_name("foreman.py")
_REST = 0.2
"""Seconds before another foreman takes the place of one that was lost."""


class ForemanLink:
    """Runs command lines through a foreman; `root` says where records lie."""

    def __init__(self, root: Root) -> None:
        self._root = root
        self._process: asyncio.subprocess.Process | None = None
        self._ready = asyncio.Event()
        self._outcomes: dict[int, asyncio.Future[Outcome]] = {}
        self._keeper: asyncio.Task[None] | None = None

    async def start(self) -> None:
        """Start the foreman. Raises `OSError`."""
        self._process = await self._hired()
        self._ready.set()
        self._keeper = asyncio.create_task(self._keep(self._process))

    async def stop(self) -> None:
        """Let the foreman go; it kills whatever there still is before it does."""
        self._ready.clear()
        keeper, self._keeper = self._keeper, None
        if self._process is not None and self._process.stdin is not None:
            self._process.stdin.close()
        if keeper is None or self._process is None:
            return
        if not (await asyncio.wait([keeper], timeout=2 * PATIENCE))[0]:
            self._process.kill()
            await keeper

    async def ready(self) -> None:
        """Wait for a foreman."""
        await self._ready.wait()

    async def run(self, work: int, order: dict[str, Any]) -> Outcome:
        """Have a process run to its end; who does not wait for it any more still has to `end` it."""
        outcome: asyncio.Future[Outcome] = asyncio.get_running_loop().create_future()
        self._outcomes[work] = outcome
        self._send({"start": work, **order})
        try:
            return await outcome
        finally:
            del self._outcomes[work]

    def end(self, work: int) -> None:
        """Have a process and its group end."""
        self._send({"stop": work, "grace": GRACE})

    def _send(self, order: dict[str, Any]) -> None:
        if self._process is not None and self._process.stdin is not None and not self._process.stdin.is_closing():
            self._process.stdin.write(json.dumps(order).encode() + b"\n")

    async def _hired(self) -> asyncio.subprocess.Process:
        """A new foreman. In a session of its own: Ctrl-C in a terminal is for the service alone."""
        return await asyncio.create_subprocess_exec(
            *(sys.executable, "-I", "-S", str(_FOREMAN), str(self._root.records)),
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            env={"PATH": os.environ.get("PATH", os.defpath)},
            cwd=self._root.path,
            start_new_session=True,
        )

    async def _keep(self, process: asyncio.subprocess.Process) -> None:
        """Read what the foreman tells, and hire another one where it is lost, until the service stops."""
        while True:
            await self._read(process)
            code = await process.wait()
            self._ready.clear()
            for work in self._outcomes:
                self._settle(work, Outcome(exit_code=KILLED))
            if self._keeper is None:
                return
            LOGGER.error("the foreman of the nodes is gone (%s); what it ran is killed", code)
            await asyncio.to_thread(kill_leftovers, self._root.path)
            await asyncio.sleep(_REST)
            self._process = process = await self._hired()
            self._ready.set()

    async def _read(self, process: asyncio.subprocess.Process) -> None:
        assert process.stdout is not None  # noqa: S101 - a pipe, as asked for; this is for the type checkers
        while line := await process.stdout.readline():
            event = json.loads(line)
            if "ended" in event:
                self._settle(event["ended"], Outcome(exit_code=event["code"]))
            else:
                code = "CommandProgramNotFound" if event["error"] == "ENOENT" else "CommandLaunchFailed"
                self._settle(event["failed"], Outcome(failure=f"{code}: {event['error']}"))

    def _settle(self, work: int, outcome: Outcome) -> None:
        future = self._outcomes.get(work)
        if future is not None and not future.done():
            future.set_result(outcome)
