"""The limits of a run, looked at four times a second.

Law: reads the run and ends it where a limit has passed; it decides nothing else.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from ..errors import BatchioError
from .account import progress_of

if TYPE_CHECKING:
    from .engine import Engine

_TICK = 0.25


async def watch(engine: Engine) -> None:
    """Tell the progress and keep the limits of time, until cancelled."""
    progress = engine.options.progress
    while True:
        now = engine.clock()
        engine.meter.tick(now, engine.ledger.settled)
        engine.gate.look()
        if engine.seen is not None:
            engine.seen.settled(engine.ledger.counts.items())
        if progress is not None:
            try:
                progress(progress_of(engine))
            except BaseException as error:
                # The limits hold to the end, also for what is still on its way.
                progress = None
                engine.stop(error)
                if isinstance(error, KeyboardInterrupt | SystemExit):
                    raise
        pause = min(_TICK, _check_limits(engine, now))
        await asyncio.sleep(pause)
        # So long the loop stood still, or the whole process did: nobody could have read an answer.
        late = engine.clock() - now - pause
        if late > _TICK:
            engine.waiting_since += late


def _check_limits(engine: Engine, now: float) -> float:
    """Abort the run where a limit of time has passed; gives the seconds until the next one may."""
    patience, deadline = engine.options.patience, engine.options.deadline
    left = float("inf")
    if engine.in_flight:
        left = engine.waiting_since + patience - now
        if left <= 0:
            reason = f": {engine.last_failure}" if engine.last_failure else ""
            engine.abort(BatchioError(f"no request was accepted for {patience:g} s{reason}"))
    if deadline is not None:
        left = min(left, deadline - engine.meter.elapsed(now))
        if left <= 0:
            engine.abort(BatchioError(f"the deadline of {deadline:g} s has passed"))
    return max(left, 0.001)
