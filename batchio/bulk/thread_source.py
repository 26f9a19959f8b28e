"""An input that is read in a thread of its own.

Law: everything of the input happens in that one thread, from `iter` on, because an iterator may hold what belongs to a
thread; and whatever it does there, what it gave before is kept.
"""

from __future__ import annotations

import asyncio
import threading
import time
from collections import deque
from collections.abc import Iterable, Iterator
from contextlib import suppress
from itertools import islice
from queue import SimpleQueue
from types import GeneratorType
from typing import TYPE_CHECKING, Any

from ..session.log import logger
from .packer import MAX_TASKS
from .tasks import Group

if TYPE_CHECKING:
    from .source import Ready

_QUICK, _SLOW = 0.002, 0.008
_LINGER = 0.02
_STOP_SECONDS = 1.0


class ThreadSource:
    """One daemon thread pulls when it is asked to, and makes items ready, a request's at a time.

    What is made where it was pulled stays in that core's memory, and the items are freed there. Both sides may touch
    the two deques at once: `_fresh` has single items, `_taken` what goes before them.
    """

    def __init__(self, items: Iterable[Any], chunk: int) -> None:
        self._position = 0
        self._chunk = chunk
        self._input = items
        self._items: Iterator[Any] | None = None
        self._of_lists: bool | None = None
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
        self._is_over = asyncio.Event()

    @property
    def pulled(self) -> int:
        """As `Source` says; so are the others."""
        return self._position

    async def read(self, most: int, ready: Ready | None = None) -> list[Any]:
        """What has come."""
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
        """An iterator that blocks is left behind."""
        self._stopping = self._ended = True
        self._asked.put(None)
        if self._thread is not None:
            # An iterator that blocks cannot be interrupted; its thread ends when it comes back.
            with suppress(TimeoutError):
                async with asyncio.timeout(_STOP_SECONDS):
                    await self._is_over.wait()
                self._thread.join(_STOP_SECONDS)
        self._pull = None
        return self._drain()

    def _drain(self) -> list[Any]:
        """What was taken so far; the thread may be at work."""
        with self._moving:
            items, fresh = self._take(self._taken), self._take(self._fresh)
        return items + self._bundle(fresh, self._ready and Group)

    @staticmethod
    def _take(queue: deque[Any]) -> list[Any]:
        return [queue.popleft() for _ in range(len(queue))]

    def _ask(self, most: int) -> asyncio.Future[float]:
        self._count = min(self._count, most)
        loop = asyncio.get_running_loop()
        if self._thread is None:
            thread = threading.Thread(target=self._work, args=(loop,), name="batchio input", daemon=True)
            thread.start()
            self._thread = thread
        self._pull = loop.create_future()
        self._asked.put(None)
        return self._pull

    def _learn(self, seconds: float) -> None:
        if seconds < _QUICK:
            self._count = min(self._chunk, self._count * 2)
        elif seconds > _SLOW:
            self._count = max(1, self._count // 2)

    def _work(self, loop: asyncio.AbstractEventLoop) -> None:
        """The thread: pull, tell the loop, wait to be asked again."""
        # Where the loop is closed, nobody waits any more.
        with suppress(RuntimeError):
            error: BaseException | None = None
            while error is None:
                self._asked.get()
                if self._stopping:
                    break
                begun = time.perf_counter()
                error = self._pull_some()
                loop.call_soon_threadsafe(self._pulled, time.perf_counter() - begun, error)
        self._close()
        with suppress(RuntimeError):
            loop.call_soon_threadsafe(self._is_over.set)

    def _close(self) -> None:
        """Let go of the input here: the garbage collector would do it in another thread, the event loop's as a rule."""
        input_, self._input, self._items = self._input, (), None
        if isinstance(input_, GeneratorType):
            try:
                input_.close()
            except BaseException as error:  # noqa: BLE001 - all that it had to give was given
                logger.warning("the input could not be closed: %s", type(error).__name__)

    def _pull_some(self) -> BaseException | None:
        """Pull `count` items; what ended the input, or None."""
        left = self._count
        try:
            items = self._items = self._items or iter(self._input)
            while left > 0:
                # Counted from the first one, so that what is single in between does not shift the requests after it.
                some = min(left, MAX_TASKS - self._position % MAX_TASKS)
                # One by hand: its StopIteration tells the end, which islice keeps to itself.
                first = next(items)
                if not self._position and isinstance(first, list | tuple):
                    first, items = kept(first), map(kept, items)
                    self._items = items
                self._fresh.append(first)
                self._fresh.extend(islice(items, some - 1))
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
        self._taken.extend(self._bundle(fresh, self._ready))

    def _bundle(self, items: list[Any], ready: Ready | None) -> list[Any]:
        """The items, or the one thing that stands for them; an input of lists, as its first item tells, stays so."""
        if not items:
            return items
        if self._of_lists is None:
            self._of_lists = isinstance(items[0], list | tuple)
        return items if ready is None or self._of_lists else [ready(items)]

    def _pulled(self, seconds: float, error: BaseException | None) -> None:
        pull = self._pull
        if pull is None or pull.done():
            return
        if error is not None:
            self._ended = True
            self._error = None if isinstance(error, StopIteration) else as_error(error)
        pull.set_result(seconds)


def kept(item: Any) -> Any:
    """An item as it is now: who fills one list again and again goes on with it before its tasks were sent."""
    return list(item) if isinstance(item, list) else item


def as_error(error: BaseException) -> Exception:
    """What an input has raised, as its error."""
    # KeyboardInterrupt, SystemExit and CancelledError say something to others; here they are a broken input.
    if isinstance(error, Exception):
        return error
    broken = RuntimeError(f"the input raised {type(error).__name__}")
    broken.__cause__ = error
    return broken
