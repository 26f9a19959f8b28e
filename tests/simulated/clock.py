"""An event loop whose time passes when nothing else is to be done.

Law: the same callbacks run in the same order each time. What an executor would do in a thread is done at once, on the
loop; an input that brings a thread of its own is read, but the moment at which it gives something is not determined.
"""

from __future__ import annotations

import asyncio
import selectors
from collections.abc import Callable, Coroutine
from concurrent.futures import Executor
from typing import Any, TypeVar

T = TypeVar("T")

_REAL_SECONDS = 10.0
"""How long a thread may take to say something when nothing else can happen any more."""
_TURN = 1e-6
"""Seconds that a turn of the loop takes. On a clock that stood still who waits for an instant would wait for ever."""


class StuckError(RuntimeError):
    """Everybody waits, for ever."""


class _Selector(selectors.DefaultSelector):
    """In place of sleeping it moves the clock."""

    def __init__(self) -> None:
        super().__init__()
        self.now = 0.0

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        if timeout is None:
            # No timer and nothing ready: only a thread can bring the loop on.
            events = super().select(_REAL_SECONDS)
            if not events:
                raise StuckError(f"at {self.now:.3f} s nothing is left that could happen")
            return events
        self.now += max(_TURN, timeout)
        return super().select(0)


class VirtualLoop(asyncio.SelectorEventLoop):
    """An event loop on a virtual clock that begins at 0."""

    def __init__(self) -> None:
        self._clock = _Selector()
        super().__init__(self._clock)

    def time(self) -> float:
        return self._clock.now

    def stand_still(self, seconds: float) -> None:
        """Nothing runs for so long, as where the process is stopped and goes on later."""
        self._clock.now += seconds

    def run_in_executor(  # type: ignore[override]  # mypy's stub has a form with type variables of its own
        self, executor: Executor | None, func: Callable[..., T], *args: Any
    ) -> asyncio.Future[T]:
        """Do it at once."""
        del executor
        done: asyncio.Future[T] = self.create_future()
        try:
            done.set_result(func(*args))
        except Exception as error:  # noqa: BLE001 - whoever waits gets it
            done.set_exception(error)
        return done


def run(main: Coroutine[Any, Any, T]) -> T:
    """Run a coroutine on a virtual clock, to its end."""
    with asyncio.Runner(loop_factory=VirtualLoop) as runner:
        return runner.run(main)
