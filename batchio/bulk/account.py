"""What an engine says of its run, now and at the end.

Law: reads, and changes nothing.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..errors import BatchioError, SubmissionError
from .report import SubmissionProgress, SubmissionReport

if TYPE_CHECKING:
    from .engine import Engine


def progress_of(engine: Engine) -> SubmissionProgress:
    """A snapshot."""
    ledger, meter = engine.ledger, engine.meter
    return SubmissionProgress(
        taken=engine.feeder.taken,
        outcomes={state.value: count for state, count in ledger.counts.items()},
        done=ledger.settled,
        in_flight=engine.in_flight,
        rate=meter.rate,
        window=min(engine.gate.window, engine.options.max_requests),
        pacing=engine.gate.pacing.state,
        requests=engine.requests,
        retries=engine.retries,
        refused=engine.refused,
        elapsed=meter.elapsed(engine.clock()),
        lost=dict(meter.lost),
    )


def stopped(what: str, engine: Engine, failure: BaseException) -> SubmissionError:
    """The error of `what` (a submission, a feed) that could not go on, with the report."""
    text = str(failure) if isinstance(failure, BatchioError) else f"{type(failure).__name__}: {failure}".rstrip(": ")
    report = report_of(engine)
    return SubmissionError(f"the {what} stopped: {text}; {report.summary()}", report=report)


def report_of(engine: Engine) -> SubmissionReport:
    """The account so far; after the run, of all of it."""
    ledger = engine.ledger
    elapsed = engine.meter.elapsed(engine.clock())
    return ledger.fill(
        SubmissionReport(
            taken=engine.feeder.taken,
            requests=engine.requests,
            retries=engine.retries,
            refused=engine.refused,
            bytes_sent=engine.bytes_sent,
            elapsed=elapsed,
            job_terminates=engine.job_terminates,
            tasks_per_second=(ledger.settled - ledger.resumed) / elapsed if elapsed > 0 else 0.0,
        )
    )
