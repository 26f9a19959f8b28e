"""Keeps the state in a file, so that nothing that was answered is ever lost.

Law: no answer leaves before everything is in the file that had changed when it was given, whoever changed it; so no
client ever sees a state that a restart takes back. Many answers wait for one write: while one is under way the next
ones gather. What cannot be written is answered with 500 and stays noted, so that the next write brings it.
"""

from __future__ import annotations

import asyncio
import logging
import os
import sqlite3
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

import msgspec

from ..errors import ConfigurationError
from .changes import Changes
from .database import Database
from .refusals import Refusal
from .restart import boot_again
from .restore import restore
from .store import Store

_LOGGER = logging.getLogger("batchio.emulator")

T = TypeVar("T")

DAMAGE = (sqlite3.Error, msgspec.MsgspecError, LookupError, TypeError, ValueError, AttributeError, ArithmeticError)
"""What comes of records that are not as they were written."""


class Keeper:
    """Keeps a store in the file at `path`, from `open` to `close`; both can be called again and again."""

    def __init__(self, store: Store, path: str | os.PathLike[str]) -> None:
        self._store = store
        self._path = path
        self._changes = store.changes = Changes()
        self._thread: ThreadPoolExecutor | None = None
        self._database: Database | None = None
        self._under_way: asyncio.Task[sqlite3.Error | None] | None = None
        self._next: asyncio.Task[sqlite3.Error | None] | None = None

    async def open(self) -> None:
        """Take the file and bring the store to what it holds. Raises `ConfigurationError`."""
        self._thread = ThreadPoolExecutor(1, "batchio-emulator-db")
        try:
            await self._in_thread(self._load)
        except BaseException:
            await self._shut()
            raise

    def _load(self) -> None:
        database = self._database = Database(self._path)
        forgotten, held = self._changes.all, self._store.held
        self._store.changes = None
        self._store.reset()
        try:
            processes = restore(self._store, database.rows())
        except DAMAGE as error:
            raise ConfigurationError(f"db: {database.path} cannot be used: it is damaged: {error}") from error
        finally:
            self._store.changes = self._changes = Changes()
        if forgotten:
            self._store.reset()
        elif processes and self._store.processes is None:
            boot_again(self._store)
        self._store.hold_again(held)

    async def kept(self) -> None:
        """Wait until all that has changed is in the file. Raises `Refusal` where it cannot be written."""
        if self._changes and self._next is None:
            self._next = asyncio.create_task(self._write_after(self._under_way))
        writing = self._next or self._under_way
        # Whoever waits may go away; the write goes on for the others.
        problem = None if writing is None else await asyncio.shield(writing)
        if problem is not None:
            raise Refusal("StateNotWritten", (("Reason", str(problem)),))

    async def _write_after(self, before: asyncio.Task[sqlite3.Error | None] | None) -> sqlite3.Error | None:
        if before is not None:
            await before
        self._under_way, self._next = self._next, None
        try:
            return await self._write()
        finally:
            self._under_way = None

    async def _write(self) -> sqlite3.Error | None:
        database = self._database
        if database is None:
            return sqlite3.ProgrammingError("the file is closed")
        taken = self._changes
        write = taken.write(self._store.account())
        self._changes = self._store.changes = Changes()
        try:
            await self._in_thread(lambda: database.write(write))
        except sqlite3.Error as error:
            # One line is enough: it comes again with every try.
            _LOGGER.error("db: %s cannot be written: %s", database.path, error)  # noqa: TRY400 - as above
            taken.add(self._changes)
            self._changes = self._store.changes = taken
            return error
        return None

    async def close(self) -> None:
        """Write what is left and give the file back."""
        while (writing := self._next or self._under_way) is not None:
            await writing
        if self._database is not None:
            await self._write()
        await self._shut()

    async def _shut(self) -> None:
        database, self._database = self._database, None
        thread, self._thread = self._thread, None
        if thread is not None:
            if database is not None:
                await asyncio.get_running_loop().run_in_executor(thread, database.close)
            thread.shutdown()

    async def _in_thread(self, act: Callable[[], T]) -> T:
        # SQLite ties a connection to one thread, and everything is done in that one.
        return await asyncio.get_running_loop().run_in_executor(self._thread, act)
