"""The controller's answer becomes waiting: who may send now, first come first served.

Law: one gate per client, shared by all its submissions; a place is held from the first try of a request to its
end, backoff included.
"""

from __future__ import annotations

import asyncio
import time
from collections import deque
from collections.abc import Callable

from .pacing import Pacing, WindowPacing


class Gate:
    """Counts the requests in flight and lets the next one through when the controller says so."""

    def __init__(self, pacing: Pacing | None = None, *, clock: Callable[[], float] = time.monotonic) -> None:
        self.pacing: Pacing = pacing or WindowPacing()
        self.clock = clock
        self.in_flight = 0
        self._waiting: deque[asyncio.Future[None]] = deque()
        self._timer: asyncio.TimerHandle | None = None
        self._closed = False

    @property
    def window(self) -> int:
        """Requests that may be in flight now."""
        return self.pacing.window(self.clock())

    async def enter(self) -> None:
        """Wait for a place, and take it."""
        if not self._waiting and self._open():
            self.in_flight += 1
            return
        turn = asyncio.get_running_loop().create_future()
        self._waiting.append(turn)
        try:
            self._admit()
            await turn
        except asyncio.CancelledError:
            if turn.done() and not turn.cancelled():
                self.leave()
            elif turn in self._waiting:
                self._waiting.remove(turn)
            raise

    def may_stay(self, own_waiting: int) -> bool:
        """Whether who has a place may keep it for the next request: the window holds, and nobody else waits.

        `own_waiting`: how many of those who wait belong to the one who asks.
        """
        now = self.clock()
        if len(self._waiting) > own_waiting or self.in_flight > self.pacing.window(now):
            return False
        return self.pacing.next_at(now) <= now

    def answered(self, now: float, sent_at: float) -> None:
        """Tell the controller, which may have room for more now."""
        self.pacing.answered(now, sent_at)
        if self._waiting:
            self._admit()

    def leave(self) -> None:
        """Give the place back."""
        self.in_flight -= 1
        if self._waiting:
            self._admit()

    def _open(self) -> bool:
        if self._closed:
            return True
        now = self.clock()
        return self.in_flight < self.pacing.window(now) and self.pacing.next_at(now) <= now

    def _admit(self) -> None:
        while self._waiting and self._open():
            turn = self._waiting.popleft()
            if not turn.done():
                self.in_flight += 1
                turn.set_result(None)
        if self._waiting and self._timer is None:
            self._arm()

    def _arm(self) -> None:
        now = self.clock()
        wait = self.pacing.next_at(now) - now
        if wait > 0:
            self._timer = asyncio.get_running_loop().call_later(wait, self._ring)

    def _ring(self) -> None:
        self._timer = None
        self._admit()

    def close(self) -> None:
        """Let everyone through: they find that the client is closed, and nobody waits for ever."""
        self._closed = True
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        self._admit()
