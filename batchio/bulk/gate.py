"""The controller's answer becomes waiting: who may send now, first come first served.

Law: one gate per client, shared by all its submissions; a place is held from the first try of a request to its
end, backoff included. Every try takes a departure, which the controller is told at once: who was let go and has not
left yet counts as gone, or all who wait would leave together.
"""

from __future__ import annotations

import asyncio
import time
from collections import deque
from collections.abc import Callable

from ..session.log import log_pacing
from .controller import Pacing
from .pacing import SEEKING, STEADY, RatePacing
from .totals import Totals


class Gate:
    """Counts the requests in flight and lets the next one through when the controller says so."""

    def __init__(self, pacing: Pacing | None = None, *, clock: Callable[[], float] = time.monotonic) -> None:
        self.pacing: Pacing = RatePacing() if pacing is None else pacing
        self.clock = clock
        self.totals = Totals()
        self.in_flight = 0
        self._waiting: deque[asyncio.Future[None]] = deque()
        self._returning: deque[asyncio.Future[None]] = deque()
        self._unused = 0
        self._timer: asyncio.TimerHandle | None = None
        # Kept here: for less than half a millisecond uvloop has no timer that could tell.
        self._rings_at = 0.0
        self._closed = False
        self._state = self.pacing.state
        self._loop: asyncio.AbstractEventLoop | None = None

    def bind(self) -> None:
        """A run begins in this event loop, to which all of them belong; raises `RuntimeError`."""
        loop = asyncio.get_running_loop()
        if self._loop is None or self._loop.is_closed():
            self._loop = loop
        if self._loop is not loop:
            raise RuntimeError("a client belongs to one event loop: another loop or thread needs a client of its own")

    @property
    def window(self) -> int:
        """Requests that may be in flight now."""
        return self.pacing.window(self.clock())

    @property
    def limit(self) -> float | None:
        """Requests a second that may leave, where it is a rate that holds them back."""
        pacing = self.pacing
        if isinstance(pacing, RatePacing) and pacing.state in (SEEKING, STEADY):
            return pacing.rate(self.clock())
        return None

    def look(self) -> None:
        """Log it where the controller's state has changed since the last look."""
        if self.pacing.state != self._state:
            log_pacing(self._state, self.pacing.state)
            self._state = self.pacing.state

    async def enter(self) -> None:
        """Wait for a place, and take it together with a departure."""
        if not self._waiting and not self._returning and self._open():
            self.in_flight += 1
            self.depart()
            return
        turn = asyncio.get_running_loop().create_future()
        self._waiting.append(turn)
        try:
            self._admit()
            await turn
        except asyncio.CancelledError:
            if turn.done() and not turn.cancelled():
                self.leave(unused=True)
            elif turn in self._waiting:
                self._waiting.remove(turn)
            raise

    async def may_return(self, stopping: asyncio.Event) -> bool:
        """Wait until a request that has a place and was held back may leave again, before those without a place.

        False, and nothing leaves, where the run is `stopping`.
        """
        turn = asyncio.get_running_loop().create_future()
        self._returning.append(turn)
        self._admit()
        stopped = asyncio.create_task(stopping.wait())
        try:
            await asyncio.wait((turn, stopped), return_when=asyncio.FIRST_COMPLETED)
        except asyncio.CancelledError:
            self._stay(turn)
            raise
        finally:
            stopped.cancel()
        if stopping.is_set():
            self._stay(turn)
            return False
        return True

    def _stay(self, turn: asyncio.Future[None]) -> None:
        if turn.done():
            self._unused += 1
        else:
            self._returning.remove(turn)
        self._admit()

    def depart(self) -> None:
        """A request leaves now."""
        if self._unused:
            self._unused -= 1
        else:
            self.pacing.sent(self.clock())

    def may_stay(self, own_waiting: int) -> bool:
        """Whether who has a place may keep it for the next request: the window holds, and nobody else waits.

        `own_waiting`: how many of those who wait belong to the one who asks.
        """
        now = self.clock()
        if self._returning or len(self._waiting) > own_waiting or self.in_flight > self.pacing.window(now):
            return False
        return self.pacing.next_at(now) <= now

    def answered(self, now: float, sent_at: float) -> None:
        """Tell the controller, which may have room for more now."""
        self.pacing.answered(now, sent_at)
        if self._waiting or self._returning:
            self._admit()

    def refused(self, now: float, sent_at: float, retry_after: float | None) -> None:
        """Tell the controller of a refusal."""
        self.pacing.refused(now, sent_at, retry_after)
        self._admit()

    def noise(self, now: float, sent_at: float) -> None:
        """Tell the controller of a failure that is no refusal."""
        self.pacing.noise(now, sent_at)
        self._admit()

    def leave(self, *, unused: bool = False) -> None:
        """Give the place back; `unused`: nothing has left, so its departure serves another."""
        self.in_flight -= 1
        self._unused += unused
        if self._waiting or self._returning:
            self._admit()

    def _is_time(self) -> bool:
        now = self.clock()
        return self._closed or self._unused > 0 or self.pacing.next_at(now) <= now

    def _open(self) -> bool:
        return self._closed or (self.in_flight < self.pacing.window(self.clock()) and self._is_time())

    def _admit(self) -> None:
        while self._returning and self._is_time():
            self._let_go(self._returning.popleft())
        while self._waiting and not self._returning and self._open():
            turn = self._waiting.popleft()
            # One that was cancelled is about to take itself out.
            if not turn.done():
                self.in_flight += 1
                self._let_go(turn)
        if self._waiting or self._returning:
            self._arm()

    def _let_go(self, turn: asyncio.Future[None]) -> None:
        self.depart()
        turn.set_result(None)

    def _arm(self) -> None:
        """Look again when the next one may leave, or at once, where that time has come since they were looked at.

        Where it is the window that holds them, an event brings the rest.
        """
        loop, now = asyncio.get_running_loop(), self.clock()
        wait = self.pacing.next_at(now) - now
        if wait <= 0 and not self._returning and self.in_flight >= self.pacing.window(now):
            return
        at = loop.time() + max(0.0, wait)
        if self._timer is not None:
            if self._rings_at <= at:
                return
            self._timer.cancel()
        self._rings_at = at
        self._timer = loop.call_at(at, self._ring)

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
