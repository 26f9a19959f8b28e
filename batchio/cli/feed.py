"""Hands the input to the engine: read and split in a thread, a portion at a time, never more than a few ahead.

Law: one hop between threads for thousands of tasks. The input's end, whatever its reason, is an end like any
other for the engine; the reason is kept here.
"""

from __future__ import annotations

import asyncio
import threading
from collections import deque
from collections.abc import AsyncIterator, Callable, Generator
from contextlib import closing, suppress
from typing import TYPE_CHECKING, Any

from .portions import Bad, Portion

if TYPE_CHECKING:
    from ..bulk.shard import Part

AHEAD = 3
"""Portions that wait between the threads, at most."""


class Feed:
    """An async iterable of lists of tasks.

    `skip`: go on behind a bad place that is not fatal. `tell`: called for each bad place that is left out.
    `bad`: how many there were. `fault`: why the input ended before its end, or None. `given`: tasks handed out.
    `part`: the shard, if it is one. `on_lack`: called before the end where something is missing: a bad place, or tasks
    of the `expected` ones.
    """

    def __init__(
        self,
        portions: Generator[Portion],
        *,
        skip: bool,
        tell: Callable[[Bad], None] | None,
        part: Part | None = None,
        expected: int | None = None,
    ) -> None:
        self.part = part
        self.on_lack: Callable[[], object] = bool
        self._expected = expected
        self.bad = 0
        self.fault: Bad | Exception | None = None
        self.given = 0
        self._portions = portions
        self._skip = skip
        self._tell = tell
        self._waiting: deque[Portion | None] = deque()
        self._news = asyncio.Event()
        self._room = threading.Semaphore(AHEAD)
        self._ended = False
        self._loop = asyncio.get_running_loop()
        # A daemon: a thread that waits for standard input must not keep the process from ending.
        self._thread = threading.Thread(target=self._read, name="batchio-input", daemon=True)

    def __aiter__(self) -> AsyncIterator[list[Any]]:
        if self._thread.ident is None and not self._ended:
            self._thread.start()
        return self

    async def __anext__(self) -> list[Any]:
        while not self._ended:
            while not self._waiting and not self._ended:
                self._news.clear()
                await self._news.wait()
            if self._ended or (portion := self._waiting.popleft()) is None:
                break
            self._room.release()
            if portion.bad is not None:
                self._note(portion.bad)
            if portion.tasks:
                self.given += len(portion.tasks)
                return portion.tasks
        self.stop()
        if self.bad or self.fault is not None or self._expected not in (None, self.given):
            self.on_lack()
        raise StopAsyncIteration

    def stop(self) -> None:
        """Take no more input; what waits between the threads is dropped."""
        self._ended = True
        self._waiting.clear()
        self._news.set()
        self._room.release()

    def _note(self, bad: Bad) -> None:
        self.bad += 1
        if bad.fatal or not self._skip:
            self.fault = bad
            self.stop()
        elif self._tell is not None:
            self._tell(bad)

    # In the thread.

    def _read(self) -> None:
        try:
            with closing(self._portions):
                for portion in self._portions:
                    self._room.acquire()
                    if self._ended:
                        return
                    self._send(portion)
        except Exception as error:  # noqa: BLE001 - whatever it is, it belongs to the command, not to the thread
            self._fail(error)
        self._send(None)

    def _send(self, portion: Portion | None) -> None:
        with suppress(RuntimeError):  # the loop is closed: nobody waits any more
            self._loop.call_soon_threadsafe(self._take, portion)

    def _fail(self, error: Exception) -> None:
        with suppress(RuntimeError):  # as above
            self._loop.call_soon_threadsafe(self._blame, error)

    # In the loop again.

    def _take(self, portion: Portion | None) -> None:
        if not self._ended:
            self._waiting.append(portion)
        self._news.set()

    def _blame(self, error: Exception) -> None:
        if not self._ended:
            self.fault = error
