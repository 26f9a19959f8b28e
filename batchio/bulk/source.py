"""The input, a chunk at a time.

Law: a source never blocks the event loop. Containers are read on the loop; any other synchronous iterable is
read in one thread of its own, always the same, because generators may hold what belongs to a thread.
"""

from __future__ import annotations

import asyncio
import threading
import time
from collections import deque
from collections.abc import AsyncIterable, AsyncIterator, Callable, Iterable, Iterator, Mapping
from itertools import islice
from queue import SimpleQueue
from typing import Any, Protocol

from ..errors import ConfigurationError
from .packer import MAX_TASKS

CHUNK = 1000
"""Items read at once, at most."""

_CONTAINERS = (list, tuple, set, frozenset, deque)
_QUICK, _SLOW = 0.002, 0.008
_LINGER = 0.02
_STOP_SECONDS = 1.0


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
        return _ThreadSource(iter(tasks))
    raise ConfigurationError(f"tasks: an iterable or async iterable of tasks is needed, not {type(tasks).__name__}")


class _ContainerSource:
    def __init__(self, items: Iterator[Any]) -> None:
        self.pulled = 0
        self._items = items

    async def read(self, most: int, ready: Ready | None = None) -> list[Any]:  # noqa: ARG002 - no thread
        items = list(islice(self._items, most))
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
        self._room.set()
        self._most = CHUNK
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
            await asyncio.wait([self._task])
        taken, self._buffer = self._buffer, []
        return taken

    async def _fill(self) -> None:
        items = aiter(self._items)
        try:
            async for item in items:
                self._buffer.append(item)
                self.pulled += 1
                self._waiting += _tasks_in(item)
                if len(self._buffer) == 1:
                    self._wake.set()
                if self._waiting >= self._most:
                    self._room.clear()
                    await self._room.wait()
        except asyncio.CancelledError as error:
            # What the source awaits was cancelled, not we: the rest of the input was never given.
            self._error = None if self._stopping else _as_error(error)
        except Exception as error:  # noqa: BLE001 - handed to whoever reads
            self._error = error
        finally:
            self._ended = True
            self._wake.set()
            await _close(items)


def _tasks_in(item: Any) -> int:
    return len(item) if isinstance(item, list | tuple) else 1


async def _close(items: AsyncIterator[Any]) -> None:
    # A generator that is left in the middle would be closed by the garbage collector, at no time in particular.
    if (close := getattr(items, "aclose", None)) is not None:
        await close()


class _ThreadSource:
    """One daemon thread pulls when it is asked to, and makes items ready, a request's at a time.

    What is made where it was pulled stays in that core's memory, and the items are freed there. Both sides may touch
    the two deques at once: `_fresh` has single items, `_taken` what goes before them.
    """

    def __init__(self, items: Iterator[Any]) -> None:
        self._position = 0
        self._items = items
        self._fresh: deque[Any] = deque()
        self._taken: deque[Any] = deque()
        self._ready: Ready | None = None
        self._moving = threading.Lock()
        self._count = 1
        self._asked: SimpleQueue[None] = SimpleQueue()
        self._stopping = False
        self._ended = False
        self._error: Exception | None = None
        self._thread: threading.Thread | None = None
        self._pull: asyncio.Future[float] | None = None

    @property
    def pulled(self) -> int:
        return self._position

    async def read(self, most: int, ready: Ready | None = None) -> list[Any]:
        while not (self._ended and self._pull is None):
            if self._pull is None:
                self._ready = ready
            pull = self._pull or self._ask(most)
            await asyncio.wait([pull], timeout=_LINGER)
            if pull.done():
                self._pull = None
                self._learn(pull.result())
                if self._taken and not self._ended:
                    return self._take(self._taken)
            # A pull may take long: what has come until now is worth sending.
            if items := self._drain():
                return items
        items = self._drain()
        if self._error is not None and not items:
            raise self._error
        return items

    async def stop(self) -> list[Any]:
        self._stopping = self._ended = True
        self._asked.put(None)
        pull = self._pull
        if pull is not None:
            # An iterator that blocks cannot be interrupted; its thread ends when it comes back.
            await asyncio.wait([pull], timeout=_STOP_SECONDS)
            self._pull = None
        if self._thread is not None and (pull is None or pull.done()):
            self._thread.join(_STOP_SECONDS)
        return self._drain()

    def _drain(self) -> list[Any]:
        """What was taken so far; the thread may be at work."""
        with self._moving:
            items, fresh = self._take(self._taken), self._take(self._fresh)
        return items + _bundle(fresh, self._ready and list)

    @staticmethod
    def _take(queue: deque[Any]) -> list[Any]:
        return [queue.popleft() for _ in range(len(queue))]

    def _ask(self, most: int) -> asyncio.Future[float]:
        self._count = min(self._count, most)
        loop = asyncio.get_running_loop()
        self._pull = loop.create_future()
        if self._thread is None:
            self._thread = threading.Thread(target=self._work, args=(loop,), name="batchio input", daemon=True)
            self._thread.start()
        self._asked.put(None)
        return self._pull

    def _learn(self, seconds: float) -> None:
        if seconds < _QUICK:
            self._count = min(CHUNK, self._count * 2)
        elif seconds > _SLOW:
            self._count = max(1, self._count // 2)

    def _work(self, loop: asyncio.AbstractEventLoop) -> None:
        """The thread: pull, tell the loop, wait to be asked again."""
        while True:
            self._asked.get()
            begun = time.perf_counter()
            # Who stops may wait for a pull that has not begun.
            error = None if self._stopping else self._pull_some()
            try:
                loop.call_soon_threadsafe(self._pulled, time.perf_counter() - begun, error)
            except RuntimeError:
                return  # the loop is closed: nobody waits any more
            if error is not None or self._stopping:
                return

    def _pull_some(self) -> BaseException | None:
        """Pull `count` items; what ended the input, or None."""
        left = self._count
        try:
            while left > 0:
                # Counted from the first one, so that what is single in between does not shift the requests after it.
                some = min(left, MAX_TASKS - self._position % MAX_TASKS)
                # One by hand: its StopIteration tells the end, which islice keeps to itself.
                self._fresh.append(next(self._items))
                self._fresh.extend(islice(self._items, some - 1))
                self._position += some
                left -= some
                if self._position % MAX_TASKS == 0:
                    self._move()
        except BaseException as error:  # noqa: BLE001 - handed to whoever reads
            return error
        return None

    def _move(self) -> None:
        with self._moving:
            fresh = self._take(self._fresh)
        # While they are made ready nobody sees them; what is pulled next comes after them in any case.
        self._taken.extend(_bundle(fresh, self._ready))

    def _pulled(self, seconds: float, error: BaseException | None) -> None:
        pull = self._pull
        if pull is None or pull.done():
            return
        if error is not None:
            self._ended = True
            self._error = None if isinstance(error, StopIteration) else _as_error(error)
        pull.set_result(seconds)


def _bundle(items: list[Any], ready: Ready | None) -> list[Any]:
    """The items, or the one thing that stands for them; items that are lists themselves stay as they are."""
    if not items or ready is None or isinstance(items[0], list | tuple):
        return items
    return [ready(items)]


def _as_error(error: BaseException) -> Exception:
    # KeyboardInterrupt, SystemExit and CancelledError say something to others; here they are a broken input.
    return error if isinstance(error, Exception) else RuntimeError(f"the input raised {type(error).__name__}")
