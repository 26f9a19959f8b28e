"""The faces of the engine: await a report, or read outcomes while they come.

Law: a run belongs to its block. When the block is left, nothing of it runs on and every task is accounted for.
"""

from __future__ import annotations

import asyncio
from types import TracebackType
from typing import Any, Self

from ..session.session import Session
from .account import progress_of, report_of
from .engine import Engine
from .finishing import finish
from .gate import Gate
from .job_end import begin, conclude
from .options import Options
from .report import SubmissionProgress, SubmissionReport, TaskOutcome
from .running import run
from .source import open_source


class Submission:
    """A running submission; made by `client.tasks.submitting`.

    Iterate it for lists of `TaskOutcome`, in the order in which they become known. While outcomes wait to be
    read, the engine stops reading input once they fill the window. Leaving the block early cancels the run;
    `report` accounts for every task then, too.

    >>> async with client.tasks.submitting("render", tasks) as run:
    ...     async for outcomes in run:
    ...         for outcome in outcomes:
    ...             print(outcome.index, outcome.task_id, outcome.state)
    >>> print(run.report.summary())
    """

    def __init__(self, session: Session, gate: Gate, job_id: str, tasks: Any, options: Options) -> None:
        self._engine = Engine(session, gate, job_id, open_source(tasks), options, reading=True)
        self._task: asyncio.Task[None] | None = None
        self._is_entered = False

    async def __aenter__(self) -> Self:
        if self._is_entered:
            raise RuntimeError("a submission is entered once")
        self._is_entered = True
        await begin(self._engine)
        self._task = asyncio.create_task(run(self._engine, "submission"), name="batchio submission")
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        if self._task is not None:
            self._task.cancel()
            try:
                await finish(self._task)
            finally:
                # A block that is left at once has not let it begin.
                await self._engine.close()

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> list[TaskOutcome]:
        if self._task is None:
            raise RuntimeError("a submission is read inside of its block: async with client.tasks.submitting(...)")
        ledger = self._engine.ledger
        while True:
            outcomes = ledger.next_outcomes()
            if outcomes is not None:
                self._engine.wake()
                return outcomes
            if self._engine.is_over:
                await conclude(self._engine)
                raise StopAsyncIteration
            await ledger.ready.wait()

    def stop(self) -> None:
        """Take no more input and try nothing again; what is on its way still arrives and is reported.

        Tasks that were taken and are certainly not in the job become `not_sent`. The iteration ends normally.
        """
        self._engine.stop()

    def leave_open(self) -> None:
        """Let the job go on when all its tasks are complete, whatever `terminate_when_complete` has asked for.

        For whoever finds out that the input is not all that belongs into the job.
        """
        self._engine.leaves_open = True

    @property
    def progress(self) -> SubmissionProgress:
        """A snapshot of the run."""
        return progress_of(self._engine)

    @property
    def report(self) -> SubmissionReport:
        """The account so far; of the whole run when it is over, cancelled or not."""
        return report_of(self._engine)


async def submit(session: Session, gate: Gate, job_id: str, tasks: Any, options: Options) -> SubmissionReport:
    """Run a submission to its end; raises `SubmissionError` when it cannot go on."""
    engine = Engine(session, gate, job_id, open_source(tasks), options)
    await begin(engine)
    await run(engine, "submission")
    await conclude(engine)
    return report_of(engine)
