"""The callers of a feed: a queue that the engine reads as its input, and the way back of each outcome.

Law: first come, first served. A task is handed over once, in the order of its call, and its outcome goes to its own
caller; what a caller does meanwhile, cancelling included, is nothing to the others.
"""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from collections.abc import Sequence
from operator import attrgetter
from typing import Any

from .packer import MAX_TASKS
from .report import TaskOutcome
from .source import Ready
from .tasks import Group

_index = attrgetter("index")


class _Round:
    """Calls between two flushes: how many are open, and an event for whoever waits for their end."""

    __slots__ = ("over", "pending")

    def __init__(self) -> None:
        self.pending = 0
        self.over: asyncio.Event | None = None


class Call:
    """One `add` or `add_all`. `taken`: tasks handed over; `turn`: of these, in this turn; `left`: without outcome.

    `outcomes`: those that have come, in the order in which they came.
    """

    __slots__ = ("future", "left", "outcomes", "round", "since", "taken", "tasks", "turn")

    def __init__(
        self, tasks: Sequence[Any], future: asyncio.Future[list[TaskOutcome]], since: float, round_: _Round
    ) -> None:
        self.tasks = tasks
        self.future = future
        self.since = since
        self.round = round_
        self.taken = self.turn = 0
        self.left = len(tasks)
        self.outcomes: list[TaskOutcome] | None = None


class Callers:
    """The queue, a `Source` of the engine.

    `linger`: seconds that a task may wait for others to fill its request. `turn`: tasks of one call that are handed
    over before it is the next one's turn.
    """

    def __init__(self, linger: float, turn: int) -> None:
        self.ended = False
        self._linger = linger
        self._turn = turn
        # Where a request cannot have more, it is full with so many.
        self._full = min(MAX_TASKS, turn)
        self._queue: OrderedDict[Call, None] = OrderedDict()
        self._queued = 0
        self._given = 0
        self._open: dict[int, Call] = {}
        self._rounds = [_Round()]
        self._flushed = float("-inf")
        self._timer: asyncio.TimerHandle | None = None
        self._wake = asyncio.Event()

    @property
    def pulled(self) -> int:
        """Tasks handed over."""
        return self._given

    @property
    def pending(self) -> int:
        """Tasks that were handed over and have no outcome yet."""
        return len(self._open)

    @property
    def waiting(self) -> int:
        """Tasks that wait to be handed over."""
        return self._queued

    # The callers' side

    def ask(self, tasks: Sequence[Any], loop: asyncio.AbstractEventLoop) -> Call:
        """Queue tasks, at least one; the call's future will have their outcomes, in their order."""
        round_ = self._rounds[-1]
        round_.pending += 1
        call = Call(tasks, loop.create_future(), loop.time(), round_)
        self._queue[call] = None
        self._queued += call.left
        if self._queued >= self._full or self._timer is None:
            self._look(loop)
        return call

    def withdraw(self, call: Call) -> None:
        """The caller has gone: what is still queued of the call is not sent."""
        if call not in self._queue:
            return
        del self._queue[call]
        rest = len(call.tasks) - call.taken
        self._queued -= rest
        call.left -= rest
        if not call.left:
            self._close(call)

    async def flush(self) -> None:
        """Let what is queued go at once, and wait until all calls before this have ended."""
        self._flushed = asyncio.get_running_loop().time()
        self._wake.set()
        self._rounds = rounds = [each for each in self._rounds if each.pending]
        before = rounds.copy()
        rounds.append(_Round())
        for each in before:
            if each.pending:
                each.over = each.over or asyncio.Event()
                await each.over.wait()

    def end(self) -> None:
        """Nothing more comes; what is queued goes at once."""
        self.ended = True
        self._wake.set()

    def fail(self, error: Exception) -> None:
        """Tell whoever still waits that there will be no outcome."""
        self.end()
        for call in {*self._queue, *self._open.values()}:
            if not call.future.done():
                call.future.set_exception(error)
            self._close(call)
        self._queue.clear()
        self._open.clear()
        self._queued = 0

    def _close(self, call: Call) -> None:
        round_ = call.round
        round_.pending -= 1
        if not round_.pending and round_.over is not None:
            round_.over.set()

    # The engine's side

    def deliver(self, outcomes: list[TaskOutcome]) -> None:
        """Take outcomes to their callers."""
        take = self._open.pop
        for outcome in outcomes:
            call = take(outcome.index)
            call.left -= 1
            if call.outcomes is not None:
                call.outcomes.append(outcome)
            elif call.left:
                call.outcomes = [outcome]
            if not call.left:
                # They were handed over in their order, so their numbers have it.
                told = sorted(call.outcomes, key=_index) if call.outcomes else [outcome]
                if not call.future.done():
                    call.future.set_result(told)
                self._close(call)

    async def read(self, most: int, ready: Ready | None = None) -> list[Any]:  # noqa: ARG002 - no thread
        """Tasks for whole requests; for less than one only when its oldest task has lingered long enough."""
        loop = asyncio.get_running_loop()
        while not (count := self._ready(most, loop.time())):
            if self.ended and not self._queued:
                return []
            self._wake.clear()
            self._look(loop)
            await self._wake.wait()
        return self._take(count)

    async def stop(self) -> list[Any]:
        """Take no more; gives what is still queued, which gets its outcome from the engine, too."""
        self.end()
        if self._timer is not None:
            self._timer.cancel()
        return self._take(self._queued)

    def _look(self, loop: asyncio.AbstractEventLoop) -> None:
        """Wake the reader when there is a whole request, or once the oldest task has lingered."""
        if self._queued >= self._full:
            self._wake.set()
        elif self._timer is None and self._queued:
            self._timer = loop.call_at(self._oldest.since + self._linger, self._ring)

    def _ring(self) -> None:
        self._timer = None
        self._wake.set()

    def _ready(self, most: int, now: float) -> int:
        """How many tasks should go now."""
        count = min(self._queued, most)
        whole = count - count % self._full
        if whole or not count:
            return whole
        # There are enough for a request, and it is the room that is less: they fill what is there.
        if self._queued >= self._full or self.ended:
            return count
        since = self._oldest.since
        return count if since <= self._flushed or since + self._linger <= now else 0

    @property
    def _oldest(self) -> Call:
        return next(iter(self._queue))

    def _take(self, count: int) -> list[Any]:
        """The next tasks. A call of very many takes turns with those that came after it."""
        queue, taken, opened = self._queue, list[Any](), self._open
        self._queued -= count
        while len(taken) < count:
            call = next(iter(queue))
            part = min(count - len(taken), len(call.tasks) - call.taken, self._turn - call.turn)
            taken += call.tasks[call.taken : call.taken + part]
            for ordinal in range(self._given, self._given + part):
                opened[ordinal] = call
            self._given += part
            call.taken += part
            call.turn += part
            if call.taken == len(call.tasks):
                del queue[call]
            elif call.turn == self._turn:
                call.turn = 0
                queue.move_to_end(call)
        # A list would be opened, and stand for its items: among others it is one bad task.
        return [Group(taken)] if taken and isinstance(taken[0], list | tuple) else taken
