"""Something happens at every point where a coroutine is suspended: first at the first, then, begun anew, at the next.

Law: no point is left out. A coroutine that waits for something else at its n-th suspension than the time before is
struck there all the same, and one that has ended before its n-th is struck no more.
"""

from __future__ import annotations

import asyncio
import enum
from collections.abc import AsyncGenerator, Callable, Coroutine, Generator
from typing import Any

Work = Callable[[], Coroutine[Any, Any, object]]
Strike = Callable[["asyncio.Task[Any]"], object]


class Moment(enum.Enum):
    """When it strikes."""

    WAITING = "while it waits"
    WOKEN = "when what it waits for has come, and it does not know yet"


def cancel(task: asyncio.Task[Any]) -> None:
    """The usual strike."""
    task.cancel()


def cancel_everybody() -> Strike:
    """Whoever is not there yet is cancelled, all at once: as the end of `asyncio.run` does it."""
    spared = asyncio.all_tasks()

    def strike(_: asyncio.Task[Any]) -> None:
        for task in asyncio.all_tasks() - spared:
            task.cancel()

    return strike


async def at_every_suspension(
    work: Work, moment: Moment = Moment.WAITING, strike: Strike = cancel
) -> AsyncGenerator[asyncio.Task[Any]]:
    """The task of each beginning, when it has ended; the last one was not struck, and is not given.

    `work`: makes the coroutine. `strike`: is called with its task, once.
    """
    number = 0
    while True:
        number += 1
        counted = _Counted(work(), number, moment, strike)
        task = asyncio.create_task(_run(counted), name="struck")
        await asyncio.wait([task])
        if not counted.struck:
            task.result()
            return
        yield task


async def _run(counted: _Counted) -> object:
    return await counted


class _Counted:
    """Drives a coroutine as `await` does, and counts."""

    def __init__(self, coroutine: Coroutine[Any, Any, object], number: int, moment: Moment, strike: Strike) -> None:
        self.struck = False
        self._left = number
        self._coroutine = coroutine
        self._moment = moment
        self._strike_with = strike

    def __await__(self) -> Generator[Any, Any, object]:
        error: BaseException | None = None
        while True:
            try:
                awaited = self._coroutine.send(None) if error is None else self._coroutine.throw(error)
            except StopIteration as end:
                return end.value
            error = None
            self._left -= 1
            if not self._left:
                self._aim(awaited)
            try:
                yield awaited
            except BaseException as thrown:  # noqa: BLE001 - it is thrown again, further in
                error = thrown

    def _aim(self, awaited: asyncio.Future[Any] | None) -> None:
        task = asyncio.current_task()
        assert task is not None
        if awaited is None or self._moment is Moment.WAITING:
            asyncio.get_running_loop().call_soon(self._strike, task)
        else:
            # It was asked before the task was: it is told before.
            awaited.add_done_callback(lambda _: self._strike(task))

    def _strike(self, task: asyncio.Task[Any]) -> None:
        if not task.done():
            self.struck = True
            self._strike_with(task)
