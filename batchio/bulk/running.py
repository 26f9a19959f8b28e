"""A run from its start to its end, for whoever looks at it from outside: counted, logged and seen.

Law: tells, and changes nothing of the run.
"""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Literal

from ..session.log import logger
from ..session.telemetry import UNSEEN
from .account import report_of

if TYPE_CHECKING:
    from .engine import Engine


async def run(engine: Engine, name: Literal["submission", "feed"]) -> None:
    """Run an engine to its end."""
    telemetry, totals = engine.session.telemetry, engine.gate.totals
    before = dict(engine.ledger.counts)
    if telemetry is not None:
        engine.seen = telemetry.run(name, engine.session.endpoint.url, engine.job_id, before.items())
    totals.begin(engine, before)
    try:
        with engine.seen or UNSEEN:
            how = "was cancelled"
            try:
                await engine.run()
                how = f"was stopped by {type(engine.failure).__name__}" if engine.failure else "ended"
            finally:
                _tell(engine)
                _log(engine, name, how)
    finally:
        totals.end(engine)


def _tell(engine: Engine) -> None:
    if engine.seen is not None:
        totals = {
            "tasks.taken": engine.feeder.taken,
            **{f"tasks.{state.value}": count for state, count in engine.ledger.counts.items()},
            "requests": engine.requests,
            "retries": engine.retries,
            "refused": engine.refused,
            "bytes_sent": engine.bytes_sent,
        }
        engine.seen.settled(engine.ledger.counts.items())
        engine.seen.ended(totals, engine.failure)


def _log(engine: Engine, name: str, how: str) -> None:
    if logger.isEnabledFor(logging.INFO):
        report = report_of(engine)
        logger.info(
            "%s to job %s %s after %.1f s: %s; %d requests, %d retries, %d refused",
            name,
            engine.job_id,
            how,
            report.elapsed,
            report.summary(),
            report.requests,
            report.retries,
            report.refused,
            extra={
                "job_id": engine.job_id,
                "seconds": report.elapsed,
                "taken": report.taken,
                "outcomes": {state.value: count for state, count in engine.ledger.counts.items()},
                "requests": report.requests,
                "retries": report.retries,
                "refused": report.refused,
            },
        )
