"""`batchio submit`: from a file to tasks in a job.

Law: the order. The whole file is checked before anything is opened, made or sent; the report is the last word.
"""

from __future__ import annotations

from contextlib import AsyncExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..errors import ConfigurationError, InputChangedError
from .codes import CommandError, Exit, is_denied
from .failures import FailuresFile
from .going_on import how_to_add_the_rest, how_to_go_on
from .inputs import Input, open_input
from .interrupt import Interrupt, run
from .job_body import body_in, job_body, pool_of
from .options import SubmitOptions
from .output import write_data
from .portions import Bad
from .report import as_json, as_mapping, exit_code, in_words
from .screen import Screen
from .survey import Survey
from .telling import place_of
from .usage import check_options
from .versions import version_of

if TYPE_CHECKING:
    from ..client import BatchClient
    from .submission import Ended


def submit(job_id: str, file: str | None, options: SubmitOptions) -> int:
    """Run the command; gives its exit code."""
    check_options(options)
    source = open_input(file, options)
    body = job_body(job_id, options)
    screen = Screen(quiet=options.quiet, plain_seconds=options.progress)
    if source.is_terminal():
        what = "rows" if source.is_made else "tasks"
        screen.note(f"reading {what} from the terminal, one JSON object a line; Ctrl-D ends them")
    if options.dry_run:
        from .dry_run import dry_run  # noqa: PLC0415 - only where it is asked for

        return dry_run(source, options, screen)
    if options.failures and source.is_same_file(options.failures):
        raise CommandError("--failures: this is the file that is read")
    resuming = _is_resuming(source, options)
    first = source.survey(screen, skip=options.on_bad_line == "skip")
    return run(_Submit(job_id, file, source, body, options, screen, first, resuming=resuming).run)


def _is_resuming(source: Input, options: SubmitOptions) -> bool:
    """Whether there is a journal to go on with; raises `CommandError` where that was not asked for."""
    path = options.journal
    if path is None:
        return False
    if source.is_same_file(path):
        raise CommandError("--journal: this is the file that is read")
    if options.failures and Path(options.failures).absolute() == Path(path).absolute():
        raise CommandError("--journal: this is the file of --failures")
    if Path(path).is_dir():
        raise CommandError(f"--journal {path}: this is a directory")
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
        file: str | None,
        source: Input,
        body: dict[str, Any] | None,
        options: SubmitOptions,
        screen: Screen,
        first: Survey | None,
        *,
        resuming: bool,
    ) -> None:
        self._resuming = resuming
        self._job_id = job_id
        self._file = file
        self._body = body
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

        options, body = self._options, self._body
        version = version_of(options.api_version)
        if options.emulator:
            from ..emulator import Emulator  # noqa: PLC0415 - only where it is asked for

            emulator = await stack.enter_async_context(Emulator())
            client = await stack.enter_async_context(
                BatchClient(emulator.endpoint, emulator.credential, api_version=version)
            )
            pool = pool_of(body) or options.pool or EMULATOR_POOL
            body = body or body_in(self._job_id, pool)
            await ensure_pool(client, pool)
        else:
            client = await stack.enter_async_context(BatchClient.from_environment(api_version=version))
        quota = options.quota_timeout if options.wait_for_quota else None
        async with self._screen.showing(lambda: f"asking {client.endpoint} for job {self._job_id}"):
            await ensure_job(client, self._job_id, self._screen, body, quota=quota)
        return client

    def _report(self, ended: Ended, failures: FailuresFile | None, interrupt: Interrupt) -> int:
        words = in_words(ended.report)
        if self._options.json:
            write_data(as_json(as_mapping(ended.report)))
            self._screen.note(words)
        else:
            write_data(words)
        fault = self._fault(ended)
        cause = ended.stopped.__cause__ if ended.stopped is not None else None
        # Nothing that the same command again would change.
        misused = isinstance(cause, InputChangedError | ConfigurationError)
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
                stopped=ended.stopped is not None and not misused,
                denied=is_denied(ended.stopped),
                bad_input=fault is not None or misused,
                skipped=ended.skipped,
            )
        )
        if code == Exit.OK and self._first is not None and ended.given != self._first.tasks:
            self._screen.warn(f"batchio: {self._source.name} has changed while it was read")
            code = Exit.NOT_ALL
        if ended.interrupted or code == Exit.STOPPED or (self._options.journal and not misused and _open(ended)):
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
        options, again = self._options, self._source.again
        if not again and not options.journal:
            return
        if self._first is not None and (left := self._first.tasks - ended.report.taken) > 0:
            self._screen.note(f"{left:,} tasks of {self._source.name} were not read")
        if options.journal:
            where = "" if again else ", with the same standard input"
            command = how_to_go_on(self._job_id, self._file, options)
        else:
            where = " (ids that are there already are not added twice)"
            command = how_to_add_the_rest(self._job_id, self._file, options)
        # On a line of its own, to be pasted as it is.
        self._screen.note(f"to go on{where}:\n  {command}")


def _open(ended: Ended) -> int:
    """Tasks that a resumed run sends again."""
    return ended.report.gave_up + ended.report.unknown + ended.report.not_sent
