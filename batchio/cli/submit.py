"""`batchio submit`: from a file to tasks in a job.

Law: the order. The whole file is checked before anything is opened, made or sent; the report is the last word.
"""

from __future__ import annotations

import shlex
from contextlib import AsyncExitStack
from pathlib import Path
from typing import TYPE_CHECKING

from ..errors import InputChangedError
from .checking import quick
from .codes import CommandError, Exit, is_denied
from .failures import FailuresFile
from .going_on import how_to_go_on
from .interrupt import Interrupt, run
from .options import SubmitOptions
from .output import write_data
from .portions import Bad
from .reading import read_tasks
from .report import as_json, as_mapping, exit_code, in_words
from .screen import Screen
from .source import Source
from .survey import Survey
from .telling import Teller, place_of

if TYPE_CHECKING:
    from ..client import BatchClient
    from .submission import Ended


def submit(job_id: str, file: str, options: SubmitOptions) -> int:
    """Run the command; gives its exit code."""
    _check_options(options)
    source = Source(file)
    screen = Screen(quiet=options.quiet, plain_seconds=options.progress)
    if source.is_terminal():
        screen.note("reading tasks from the terminal, one JSON object a line; Ctrl-D ends them")
    if options.dry_run:
        from .dry_run import dry_run  # noqa: PLC0415 - only where it is asked for

        return dry_run(source, options, screen)
    if options.failures and source.is_same_file(options.failures):
        raise CommandError("--failures: this is the file that is read")
    resuming = _is_resuming(source, options)
    first = first_reading(source, screen, skip=options.on_bad_line == "skip") if source.again else None
    return run(_Submit(job_id, source, options, screen, first, resuming=resuming).run)


def first_reading(source: Source, screen: Screen, *, skip: bool) -> Survey:
    """Read a file once to see that all of it is tasks; raises `CommandError` where it is not."""
    found = Survey()
    teller = Teller(source.name, screen)
    for portion in read_tasks(source.chunks(), quick):
        found.add(portion)
        screen.note_now_and_then(lambda: f"checking {source.name}: {found.tasks:,} tasks so far")
        if portion.bad is not None:
            teller.tell(portion.bad)
            if teller.is_tired and not skip:
                break
    teller.end()
    if found.broken or (found.bad and not skip):
        raise CommandError(f"{source.name}: not all of it is tasks; nothing was sent")
    if not found.tasks:
        screen.note(f"{source.name} holds no tasks")
    return found


def _check_options(options: SubmitOptions) -> None:
    for name in ("attempts", "max_requests"):
        if getattr(options, name) < 1:
            raise CommandError(f"--{name.replace('_', '-')}: at least 1, not {getattr(options, name)}")
    for name in ("patience", "deadline", "progress"):
        seconds = getattr(options, name)
        if seconds is not None and not seconds > 0:
            raise CommandError(f"--{name}: seconds above 0, not {seconds:g}")
    if options.resume and not options.journal:
        raise CommandError("--resume needs --journal: the file to go on with")
    if options.journal and options.emulator:
        raise CommandError("--journal: the service of --emulator ends with this command, and nothing can go on there")
    if options.create_job and not options.pool:
        raise CommandError("--create-job needs --pool: the pool that the job's tasks run on")
    if options.pool and not (options.create_job or options.emulator):
        raise CommandError("--pool is for a job that is created: add --create-job")


def _is_resuming(source: Source, options: SubmitOptions) -> bool:
    """Whether there is a journal to go on with; raises `CommandError` where that was not asked for."""
    path = options.journal
    if path is None:
        return False
    if source.is_same_file(path):
        raise CommandError("--journal: this is the file that is read")
    if options.failures and Path(options.failures).absolute() == Path(path).absolute():
        raise CommandError("--journal: this is the file of --failures")
    try:
        there = Path(path).stat().st_size > 0
    except OSError:
        return False
    if there and not options.resume:
        raise CommandError(f"--journal {path}: the file is there already; --resume goes on with it")
    return there


class _Submit:
    """The command, once its input is known to be good."""

    def __init__(
        self,
        job_id: str,
        source: Source,
        options: SubmitOptions,
        screen: Screen,
        first: Survey | None,
        *,
        resuming: bool,
    ) -> None:
        self._resuming = resuming
        self._job_id = job_id
        self._source = source
        self._options = options
        self._screen = screen
        self._first = first

    async def run(self, interrupt: Interrupt) -> int:
        """Connect, make what is missing, submit, report."""
        from .submission import Submission  # noqa: PLC0415 - not needed for a file that is bad

        options = self._options
        async with AsyncExitStack() as stack:
            client = await self._connect(stack)
            failures = None
            if options.failures:
                failures = FailuresFile(
                    options.failures,
                    exists_is_ok=options.on_exists == "ok",
                    settled_only=options.journal is not None,
                    go_on=self._resuming,
                )
                stack.callback(failures.close)
            submission = Submission(self._source, self._first, options, self._screen)
            ended = await submission.run(client, self._job_id, interrupt, failures)
        return self._report(ended, failures, interrupt)

    async def _connect(self, stack: AsyncExitStack) -> BatchClient:
        from ..client import BatchClient  # noqa: PLC0415 - not needed for a file that is bad
        from .preparing import EMULATOR_POOL, ensure_job, ensure_pool  # noqa: PLC0415 - as above

        options = self._options
        pool = options.pool if options.create_job else None
        if options.emulator:
            from ..emulator import Emulator  # noqa: PLC0415 - only where it is asked for

            emulator = await stack.enter_async_context(Emulator())
            client = await stack.enter_async_context(BatchClient(emulator.endpoint, emulator.credential))
            pool = options.pool or EMULATOR_POOL
            await ensure_pool(client, pool)
        else:
            client = await stack.enter_async_context(BatchClient.from_environment())
        async with self._screen.showing(lambda: f"asking {client.endpoint} for job {self._job_id}"):
            await ensure_job(client, self._job_id, self._screen, pool=pool)
        return client

    def _report(self, ended: Ended, failures: FailuresFile | None, interrupt: Interrupt) -> int:
        words = in_words(ended.report)
        if self._options.json:
            write_data(as_json(as_mapping(ended.report)))
            self._screen.note(words)
        else:
            write_data(words)
        fault = self._fault(ended)
        changed = ended.stopped is not None and isinstance(ended.stopped.__cause__, InputChangedError)
        if ended.stopped is not None:
            self._screen.warn(f"batchio: {ended.stopped}")
        if fault is not None:
            self._screen.warn(f"batchio: {fault}; the input was read to there and no further")
        self._tell_failures(failures)
        code = (
            interrupt.code
            if ended.interrupted
            else exit_code(
                ended.report,
                stopped=ended.stopped is not None and not changed,
                denied=is_denied(ended.stopped),
                bad_input=fault is not None or changed,
                skipped=ended.skipped,
            )
        )
        if code == Exit.OK and self._first is not None and ended.given != self._first.tasks:
            self._screen.warn(f"batchio: {self._source.name} has changed while it was read")
            code = Exit.NOT_ALL
        if ended.interrupted or code == Exit.STOPPED or (self._options.journal and not changed and _open(ended)):
            self._tell_how_to_go_on(ended)
        return code

    def _fault(self, ended: Ended) -> str | None:
        """Why the input ended before its end, in words."""
        fault = ended.fault
        if isinstance(fault, Bad):
            return place_of(self._source.name, fault)
        if isinstance(fault, CommandError):
            return str(fault)
        if fault is not None:
            raise fault
        return None

    def _tell_failures(self, failures: FailuresFile | None) -> None:
        if failures is None:
            return
        if failures.trouble is not None:
            self._screen.warn(f"batchio: --failures {failures.path}: {failures.trouble}; {failures.lost:,} tasks lost")
        if failures.written:
            self._screen.note(f"{failures.written:,} tasks that were not added are in {failures.path}")

    def _tell_how_to_go_on(self, ended: Ended) -> None:
        if not self._source.again and not self._options.journal:
            return
        if self._first is not None and (left := self._first.tasks - ended.report.taken) > 0:
            self._screen.note(f"{left:,} tasks of {self._source.name} were not read")
        file = self._source.name if self._source.again else "-"
        if self._options.journal:
            where = "" if self._source.again else ", with the same standard input"
            self._screen.note(f"to go on{where}: {how_to_go_on(self._job_id, file, self._options)}")
            return
        self._screen.note(
            f"to go on: {shlex.join(['batchio', 'submit', self._job_id, file])} --on-exists ok "
            "(ids that are there already are not added twice)"
        )


def _open(ended: Ended) -> int:
    """Tasks that a resumed run sends again."""
    return ended.report.gave_up + ended.report.unknown + ended.report.not_sent
