"""The input, a chunk at a time.

Law: a source never blocks the event loop, and ends whatever its input does. Containers are read on the loop; any other
synchronous iterable is read in a thread of its own.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import AsyncIterable, AsyncIterator, Callable, Iterable, Iterator, Mapping
from itertools import islice
from typing import Any, Protocol

from ..errors import ConfigurationError
from ..session.log import logger
from .thread_source import ThreadSource, as_error, kept

CHUNK = 1000
"""Items read at once, at most."""

_MANY = (list, tuple)
_CONTAINERS = (list, tuple, set, frozenset, deque)
_CLOSE_SECONDS = 10.0
"""An asynchronous input may take so long to close what it has open."""

Ready = Callable[[list[Any]], Any]
"""Makes one thing of a request's items, as far as that can be done before their turn comes."""


class Source(Protocol):
    """Gives lists of items, never an empty one before the end."""

    @property
    def pulled(self) -> int:
        """Items that the input has given."""
        ...

    async def read(self, most: int, ready: Ready | None = None) -> list[Any]:
        """The next items, at most so many; an empty list is the end. What the input raises comes through.

        Where the source has a thread, `ready` is called there, and what it made stands in the list for its items.
        """
        ...

    async def stop(self) -> list[Any]:
        """Take no more; gives what was taken from the input and not yet handed out."""
        ...


def open_source(tasks: Any) -> Source:
    """The source for whatever the caller gave; raises `ConfigurationError` for what cannot be iterated."""
    if isinstance(tasks, str | bytes | bytearray | Mapping):
        raise ConfigurationError(f"tasks: an iterable of tasks is needed, not a single {type(tasks).__name__}")
    if isinstance(tasks, AsyncIterable):
        return _AsyncSource(tasks)
    if isinstance(tasks, _CONTAINERS):
        return _ContainerSource(iter(tasks))
    if isinstance(tasks, Iterable):
        return ThreadSource(tasks, CHUNK)
    raise ConfigurationError(f"tasks: an iterable or async iterable of tasks is needed, not {type(tasks).__name__}")


class _ContainerSource:
    def __init__(self, items: Iterator[Any]) -> None:
        self.pulled = 0
        self._items = items

    async def read(self, most: int, ready: Ready | None = None) -> list[Any]:  # noqa: ARG002 - no thread
        items = list(islice(self._items, most))
        if items and isinstance(items[0], _MANY):
            items = list(map(kept, items))
        self.pulled += len(items)
        return items

    async def stop(self) -> list[Any]:
        return []


class _AsyncSource:
    """Reads in a task of its own, so that what has come can leave while the source pauses.

    It reads ahead until so many tasks are there as were asked for: a list counts as all that it holds.
    """

    def __init__(self, items: AsyncIterable[Any]) -> None:
        self.pulled = 0
        self._items = items
        self._buffer: list[Any] = []
        self._error: BaseException | None = None
        self._stopping = False
        self._ended = False
        self._wake = asyncio.Event()
        self._room = asyncio.Event()
        self._most = 0
        self._waiting = 0
        self._task: asyncio.Task[None] | None = None

    async def read(self, most: int, ready: Ready | None = None) -> list[Any]:  # noqa: ARG002 - no thread
        self._most = most
        if self._task is None:
            self._task = asyncio.create_task(self._fill(), name="batchio input")
        while not self._buffer:
            if self._error is not None:
                raise self._error
            if self._ended:
                return []
            self._wake.clear()
            await self._wake.wait()
        taken, self._buffer = self._buffer[:most], self._buffer[most:]
        self._waiting = sum(map(_tasks_in, self._buffer))
        if self._waiting < most:
            self._room.set()
        return taken

    async def stop(self) -> list[Any]:
        self._stopping = True
        if self._task is not None:
            self._task.cancel()
            _, left = await asyncio.wait([self._task], timeout=_CLOSE_SECONDS)
            if left:
                logger.warning("the input does not end when it is cancelled, and is left behind")
        taken, self._buffer = self._buffer, []
        return taken

    async def _fill(self) -> None:
        items: AsyncIterator[Any] | None = None
        try:
            items = aiter(self._items)
            async for item in items:
                is_many = isinstance(item, _MANY)
                self._buffer.append(kept(item) if is_many else item)
                self.pulled += 1
                self._waiting += len(item) if is_many else 1
                if len(self._buffer) == 1:
                    self._wake.set()
                if self._stopping:
                    # It has swallowed our cancellation.
                    break
                if self._waiting >= self._most:
                    self._room.clear()
                    await self._room.wait()
        except BaseException as error:
            # Where not we were cancelled but what the input awaits, the rest of it was never given.
            if not (self._stopping and isinstance(error, asyncio.CancelledError)):
                self._error = as_error(error)
            if isinstance(error, KeyboardInterrupt | SystemExit):
                raise
        finally:
            self._ended = True
            self._wake.set()
            await _close(items)


def _tasks_in(item: Any) -> int:
    return len(item) if isinstance(item, _MANY) else 1


async def _close(items: AsyncIterator[Any] | None) -> None:
    # A generator that is left in the middle would be closed by the garbage collector, at no time in particular.
    if (close := getattr(items, "aclose", None)) is not None:
        try:
            await close()
        except Exception as error:  # noqa: BLE001 - all that it had to give was given
            logger.warning("the input could not be closed: %s", type(error).__name__)
