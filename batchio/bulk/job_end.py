"""The end of a job that ends by itself: asked for at the start of a run, set when all of its tasks are in the job.

Law: a job is set to end only when nothing of the run's input is missing from it, and whoever asked is told otherwise.
"""

from __future__ import annotations

from ..errors import BatchioError, ConfigurationError
from ..models import CloudJob, OnAllTasksComplete
from ..service.operations import GET_JOB, UPDATE_JOB
from .account import report_of, stopped
from .engine import Engine

_TRIES = 5
_PAUSE = 0.5


async def begin(engine: Engine) -> None:
    """Open the run. Where its job is to end by itself and may do so already, the run stops before it sends anything."""
    engine.gate.bind()
    why_not: BatchioError | None = None
    if engine.options.terminate_when_complete:
        try:
            engine.job_terminates = await _is_set(engine)
        except BatchioError as error:
            why_not = error
    await engine.open()
    # A resumed run may be one too many: then an earlier one has set it, rightly, and nothing is left to send.
    if engine.job_terminates and not engine.ledger.resumed:
        why_not = ConfigurationError(
            f"job {engine.job_id!r} is set to terminatejob already, which cannot be taken back: it may end while its "
            "tasks are being added"
        )
    if why_not is not None:
        engine.stop(why_not)


async def conclude(engine: Engine) -> None:
    """What follows the last outcome: the error that stopped the run, or the job's end where that was asked for."""
    _raise_failure(engine)
    # None: nobody asked for it. True: it is set.
    if engine.job_terminates is False and _is_all_in(engine):
        try:
            await _set(engine)
        except BatchioError as error:
            engine.failure = error
            _raise_failure(engine)
        engine.job_terminates = True


def _is_all_in(engine: Engine) -> bool:
    if engine.stopping.is_set() or engine.leaves_open:
        return False
    report = report_of(engine)
    return report.taken == report.added + report.existed


async def _is_set(engine: Engine) -> bool:
    job: CloudJob = await engine.session.fetch(GET_JOB, (engine.job_id,), {"select": ("id", "onAllTasksComplete")})
    return job.on_all_tasks_complete == OnAllTasksComplete.TERMINATE_JOB


async def _set(engine: Engine) -> None:
    """Set the job to end. The same again does no harm, so that a lost answer is no reason to give up."""
    for left in reversed(range(_TRIES)):
        try:
            await engine.session.act(UPDATE_JOB, (engine.job_id,), {}, {"onAllTasksComplete": "terminatejob"})
        except BatchioError as error:
            if not error.retriable or not left:
                raise
            await engine.session.rest(_PAUSE)
        else:
            return


def _raise_failure(engine: Engine) -> None:
    failure = engine.failure
    if failure is not None:
        raise stopped("submission", engine, failure) from failure
