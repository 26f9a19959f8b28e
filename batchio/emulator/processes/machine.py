"""Where the command lines of tasks really run.

Law: one work at a time in a folder; a work that is ended is ended with all its processes, and what is asked for
while they still die waits for them. It knows folders and orders, and nothing of tasks: who gave an order is told the
outcome once, unless he took the order back.
"""

from __future__ import annotations

import asyncio
import logging
import os
import shlex
import ssl
from collections.abc import Callable
from contextlib import suppress
from itertools import count
from pathlib import Path
from typing import Any

import aiohttp

from ...errors import ConfigurationError
from . import beneath
from .foreman import PATIENCE
from .foreman_link import GRACE, ForemanLink
from .furnishing import TIMEOUT, WORKING, bring, make_folder
from .orders import KILLED, FailedError, Order, Outcome
from .removal import remove
from .roots import Root

LOGGER = logging.getLogger("batchio.emulator")

LONGEST_LINE = 2**17
"""A longer command line is not run: it is the most that Linux takes as one argument."""


class _Work:
    """An order under way; `owner` is None once it was taken back, `sent`: there may be a process."""

    def __init__(self, number: int, owner: Any, order: Order) -> None:
        self.number = number
        self.owner = owner
        self.order = order
        self.sent = False
        self.task: asyncio.Task[Outcome] | None = None


class Machine:
    """Carries out orders; `report` is told each owner's outcome."""

    def __init__(self, report: Callable[[Any, Outcome], None]) -> None:
        self._report = report
        self._numbers = count(1)
        self._works: dict[int, _Work] = {}
        self._last_in: dict[tuple[str, ...], _Work] = {}
        self._furnished: set[tuple[str, ...]] = set()
        self._clearing: set[asyncio.Task[None]] = set()
        self._root: Root | None = None
        self._foreman: ForemanLink | None = None
        self._session: aiohttp.ClientSession | None = None

    async def start(self, db: str | os.PathLike[str] | None = None) -> None:
        """Take a root folder and a foreman. Raises `ConfigurationError`."""
        root = await asyncio.to_thread(Root.claim, db)
        foreman = ForemanLink(root)
        try:
            await foreman.start()
        except OSError as error:
            root.close()
            raise ConfigurationError(f"nodes: no process can be started: {error}") from error
        # A context of its own, so that certificates are those that the environment names now.
        connector = aiohttp.TCPConnector(ssl=await asyncio.to_thread(ssl.create_default_context))
        self._session = aiohttp.ClientSession(
            connector=connector, timeout=TIMEOUT, trust_env=True, auto_decompress=False
        )
        self._root, self._foreman = root, foreman

    async def stop(self) -> None:
        """End everything; nothing is reported any more."""
        root, self._root = self._root, None
        works = list(self._works.values())
        for work in works:
            self._take_back(work)
        if tasks := [work.task for work in works if work.task is not None]:
            await asyncio.wait(tasks, timeout=GRACE + PATIENCE)
        if self._foreman is not None:
            await self._foreman.stop()
        if self._session is not None:
            await self._session.close()
        await asyncio.gather(*self._clearing)
        self._furnished.clear()
        if root is not None:
            await asyncio.to_thread(root.close)

    @property
    def runs(self) -> bool:
        """Whether it can carry out orders."""
        return self._root is not None

    def path(self, *folder: str) -> Path:
        """Where a folder is."""
        assert self._root is not None  # noqa: S101 - asked for only between start and stop
        return self._root.nodes.joinpath(*folder)

    def provide(self, *folder: str) -> None:
        """Make a folder, unless a task has put something in its way."""
        with suppress(OSError, beneath.OutsideError), beneath.folder(self.path(), folder, make=True):
            pass

    def begin(self, owner: Any, order: Order) -> None:
        """Carry out an order."""
        work = _Work(next(self._numbers), owner, order)
        before = self._last_in.get(order.folder)
        self._works[work.number] = self._last_in[order.folder] = work
        work.task = asyncio.create_task(self._carry_out(order, work, before))
        work.task.add_done_callback(lambda task: self._over(work, task))

    def end(self, owner: Any) -> None:
        """Take an owner's order back: what runs is killed, and nothing is reported."""
        for work in list(self._works.values()):
            if work.owner is owner:
                self._take_back(work)

    def interrupt(self, *folder: str) -> None:
        """Kill what runs in or below a folder; its owners are told."""
        for work in self._below(folder):
            self._kill(work)

    def discard(self, *folder: str) -> None:
        """End what runs in or below a folder, and remove it with all it holds."""
        if self._root is None:
            return
        works = self._below(folder)
        for work in works:
            self._take_back(work)
        self._furnished = {names for names in self._furnished if names[: len(folder)] != folder}
        away = self._root.trash / str(next(self._numbers))
        try:
            # Out of the way at once: another of that name may come.
            with beneath.folder(self.path(), folder[:-1]) as here:
                os.rename(folder[-1], away, src_dir_fd=here)
        except (OSError, beneath.OutsideError):
            return
        clearing = asyncio.create_task(self._clear(away, [work.task for work in works if work.task is not None]))
        self._clearing.add(clearing)
        clearing.add_done_callback(self._clearing.discard)

    async def _clear(self, away: Path, tasks: list[asyncio.Task[Outcome]]) -> None:
        await asyncio.gather(*tasks, return_exceptions=True)
        await asyncio.to_thread(remove, away)

    def _below(self, folder: tuple[str, ...]) -> list[_Work]:
        return [work for work in self._works.values() if work.order.folder[: len(folder)] == folder]

    def _take_back(self, work: _Work) -> None:
        work.owner = None
        self._kill(work)

    def _kill(self, work: _Work) -> None:
        if work.sent and self._foreman is not None:
            self._foreman.end(work.number)
        elif work.task is not None:
            work.task.cancel()

    def _over(self, work: _Work, task: asyncio.Task[Outcome]) -> None:
        del self._works[work.number]
        if self._last_in.get(work.order.folder) is work:
            del self._last_in[work.order.folder]
        if work.owner is not None:
            self._report(work.owner, Outcome(exit_code=KILLED) if task.cancelled() else task.result())

    async def _carry_out(self, order: Order, work: _Work, before: _Work | None) -> Outcome:
        try:
            if before is not None and before.task is not None:
                await asyncio.wait([before.task])
            await self._furnish(order)
            return await self._run(order, work)
        except FailedError as failed:
            return failed.outcome
        except Exception:
            LOGGER.exception("no process could be started in %s", "/".join(order.folder))
            return Outcome(failure="CommandLaunchFailed: A fault of the emulator, which is in its log")

    async def _furnish(self, order: Order) -> None:
        """Make the folder ready. A task that is tried again there finds its files as it has left them."""
        assert self._session is not None  # noqa: S101 - it is there from start to stop
        make_folder(self.path(), order.folder)
        if order.folder not in self._furnished:
            for file in order.resource_files:
                await bring(self._session, file, self.path(*order.folder, WORKING))
            self._furnished.add(order.folder)

    async def _run(self, order: Order, work: _Work) -> Outcome:
        assert self._foreman is not None  # noqa: S101 - it is there from start to stop
        if len(order.command_line) > LONGEST_LINE:
            raise FailedError("CommandLaunchFailed", f"The command line has more than {LONGEST_LINE} characters")
        try:
            # A long one takes its time.
            arguments = await asyncio.to_thread(shlex.split, order.command_line)
        except ValueError as error:
            raise FailedError("CommandLaunchFailed", str(error)) from error
        if not arguments:
            raise FailedError("CommandProgramNotFound", "The command line is empty")
        await self._foreman.ready()
        work.sent = True
        folder = self.path(*order.folder)
        place = {"folder": str(folder / WORKING), "out": str(folder / "stdout.txt"), "err": str(folder / "stderr.txt")}
        return await self._foreman.run(work.number, {"arguments": arguments, "environment": order.environment, **place})
