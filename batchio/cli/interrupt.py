"""Ctrl-C, once and twice.

Law: the first signal asks the command to finish what it has begun, the second one stops it at once. The handlers
that were there before are there again afterwards.
"""

from __future__ import annotations

import asyncio
import os
import signal
from collections.abc import Callable, Coroutine, Generator
from contextlib import contextmanager, suppress
from typing import Any, TypeVar

from .codes import CommandError
from .output import log_in_one_line

T = TypeVar("T")
_SIGNALS = (signal.SIGINT, signal.SIGTERM)


class Interrupt:
    """What has been asked for by signals. `signal`: the first that came, or None."""

    def __init__(self) -> None:
        self.signal: int | None = None
        self._task: asyncio.Task[Any] | None = None
        self._finish: Callable[[], object] | None = None

    @property
    def code(self) -> int:
        """The exit code of a command that a signal has stopped."""
        return 128 + (self.signal or signal.SIGINT)

    @contextmanager
    def finishing_with(self, action: Callable[[], object]) -> Generator[None]:
        """Inside of the block the first signal calls `action` instead of stopping at once."""
        self._finish = action
        try:
            yield
        finally:
            self._finish = None

    async def unless_signalled(self, work: Coroutine[Any, Any, T]) -> T | None:
        """What `work` gives, or None where the first signal has cancelled it."""
        task = asyncio.create_task(work)
        with self.finishing_with(task.cancel):
            try:
                await asyncio.wait([task])
            finally:
                task.cancel()
                await asyncio.wait([task])
        return None if task.cancelled() else task.result()

    def watch(self, task: asyncio.Task[Any]) -> None:
        """The task that is stopped."""
        self._task = task

    def signalled(self, number: int) -> None:
        """A signal has come."""
        first, self.signal = self.signal is None, self.signal or number
        if first and self._finish is not None:
            self._finish()
        elif self._task is not None:
            self._task.cancel()


def run(main: Callable[[Interrupt], Coroutine[Any, Any, T]]) -> T:
    """Run a command's coroutine in a new loop.

    Raises `CommandError` with the signal's exit code where the command did not end by itself.
    """
    log_in_one_line()
    interrupt = Interrupt()

    async def watched() -> T:
        task = asyncio.current_task()
        assert task is not None  # noqa: S101 - a coroutine always runs in one; this is for the type checkers
        interrupt.watch(task)
        with _handling(interrupt, asyncio.get_running_loop()):
            return await main(interrupt)

    with asyncio.Runner(debug=bool(os.environ.get("PYTHONASYNCIODEBUG"))) as runner:
        runner.get_loop().set_exception_handler(_swallow)
        try:
            return runner.run(watched())
        except asyncio.CancelledError:
            raise CommandError("interrupted", interrupt.code) from None


@contextmanager
def _handling(interrupt: Interrupt, loop: asyncio.AbstractEventLoop) -> Generator[None]:
    before = {number: signal.getsignal(number) for number in _SIGNALS}
    try:
        for number in _SIGNALS:
            _handle(loop, number, interrupt.signalled)
        yield
    finally:
        for number, handler in before.items():
            with suppress(NotImplementedError):  # Windows, as in `_handle`
                loop.remove_signal_handler(number)
            signal.signal(number, handler)


def _handle(loop: asyncio.AbstractEventLoop, number: signal.Signals, action: Callable[[int], None]) -> None:
    try:
        loop.add_signal_handler(number, action, int(number))
    except NotImplementedError:
        # Windows: its loops know no signals.
        signal.signal(number, lambda got, _frame: loop.call_soon_threadsafe(action, got) and None)


def _swallow(loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
    """Keep tracebacks of the loop's own away from users; BATCHIO_DEBUG shows them."""
    if os.environ.get("BATCHIO_DEBUG"):
        loop.default_exception_handler(context)
