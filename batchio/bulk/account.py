"""What a run says of itself while it goes on and after it.

Law: reads, and changes nothing.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from .report import SubmissionProgress, SubmissionReport

if TYPE_CHECKING:
    from .engine import Engine


def progress_of(engine: Engine, in_flight: int) -> SubmissionProgress:
    """A snapshot of a run with so many requests in flight."""
    return SubmissionProgress(
        taken=engine.feeder.taken,
        outcomes={state.value: count for state, count in engine.ledger.counts.items()},
        done=engine.ledger.settled,
        in_flight=in_flight,
        rate=engine.meter.rate,
        window=min(engine.gate.window, engine.options.max_requests),
        pacing=engine.gate.pacing.state,
        requests=engine.requests,
        retries=engine.retries,
        refused=engine.refused,
        elapsed=engine.meter.elapsed(engine.clock()),
        lost=dict(engine.meter.lost),
    )


def report_of(engine: Engine) -> SubmissionReport:
    """The account so far; after the run, of all of it."""
    elapsed = engine.meter.elapsed(engine.clock())
    return engine.ledger.fill(
        SubmissionReport(
            taken=engine.feeder.taken,
            requests=engine.requests,
            retries=engine.retries,
            refused=engine.refused,
            bytes_sent=engine.bytes_sent,
            elapsed=elapsed,
            tasks_per_second=engine.ledger.settled / elapsed if elapsed > 0 else 0.0,
        )
    )
