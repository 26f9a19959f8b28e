"""One submission of the engine, watched: input, progress, failures file, Ctrl-C.

Law: `submit` and `demo` run through here and nowhere else; whatever ends the run, there is a report afterwards.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterable
from contextlib import suppress
from typing import TYPE_CHECKING

import msgspec

from ..errors import SubmissionError
from .checking import quick
from .feed import Feed
from .portions import Bad
from .progress import progress_line
from .telling import Teller

if TYPE_CHECKING:
    from ..bulk.report import SubmissionReport, TaskOutcome
    from ..client import BatchClient
    from .failures import FailuresFile
    from .inputs import Input
    from .interrupt import Interrupt
    from .options import SubmitOptions
    from .screen import Screen
    from .survey import Survey


class Ended(msgspec.Struct, frozen=True):
    """How a submission ended.

    `stopped`: why it could not go on, or None. `interrupted`: by a signal. `fault`: why the input ended before
    its end, or None. `skipped`: bad places that were left out. `given`: tasks handed to the engine.
    """

    report: SubmissionReport
    stopped: SubmissionError | None
    interrupted: bool
    fault: Bad | Exception | None
    skipped: int
    given: int


class Submission:
    """Adds the tasks of a source to a job. `first`: what a first reading of the source has found, if there was one."""

    def __init__(self, source: Input, first: Survey | None, options: SubmitOptions, screen: Screen) -> None:
        self._source = source
        self._first = first
        self._options = options
        self._screen = screen
        self._exists_is_ok = options.on_exists == "ok"
        self._teller = Teller(source.name, screen)

    async def run(
        self, client: BatchClient, job_id: str, interrupt: Interrupt, failures: FailuresFile | None = None
    ) -> Ended:
        """Run to the end; raises nothing for what a report can say."""
        feed = self._feed()
        options = self._options
        stopped: SubmissionError | None = None
        async with client.tasks.submitting(
            job_id,
            feed,
            attempts=options.attempts,
            patience=options.patience,
            deadline=options.deadline,
            max_requests=options.max_requests,
            journal=options.journal,
            on_exists="ok" if self._exists_is_ok else "report",
            terminate_when_complete=options.terminate_when_done,
        ) as run:
            feed.on_lack = run.leave_open

            def finish() -> None:
                self._screen.warn("stopping: what is on its way is finished; Ctrl-C once more stops at once")
                feed.stop()
                run.stop()

            def line() -> str:
                total = self._first.tasks if self._first is not None else None
                return progress_line(run.progress, total, exists_is_ok=self._exists_is_ok)

            try:
                with interrupt.finishing_with(finish):
                    async with self._screen.showing(line):
                        await _keep_failures(run, failures)
            except SubmissionError as error:
                stopped = error
            except asyncio.CancelledError:
                _forgive(interrupt)
        feed.stop()
        self._teller.end()
        # A run that was cancelled has outcomes that nobody has read yet.
        with suppress(SubmissionError):
            await _keep_failures(run, failures)
        return Ended(
            report=run.report,
            stopped=stopped,
            interrupted=interrupt.signal is not None,
            fault=feed.fault,
            skipped=feed.bad,
            given=feed.given,
        )

    def _feed(self) -> Feed:
        trusted = self._first is not None and self._first.clean
        portions = self._source.portions(None if trusted else quick)
        # The bad places of a file were told when it was read first.
        tell = self._teller.tell if self._first is None else None
        return Feed(
            portions,
            skip=self._options.on_bad_line == "skip",
            tell=tell,
            part=self._source.part,
            expected=None if self._first is None else self._first.tasks,
        )


async def _keep_failures(run: AsyncIterable[list[TaskOutcome]], failures: FailuresFile | None) -> None:
    async for outcomes in run:
        if failures is not None:
            failures.write(outcomes)


def _forgive(interrupt: Interrupt) -> None:
    """A second signal has cancelled us: stop, but report. Any other cancellation goes on."""
    task = asyncio.current_task()
    if interrupt.signal is None or task is None:
        raise asyncio.CancelledError
    task.uncancel()
