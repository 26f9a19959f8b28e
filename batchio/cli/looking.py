"""The words of the commands that look at a job: `watch`, `tail`, `download` and `doctor`.

Law: as in `app`: values, words and nothing else; what a command does lives in a module of its own, which is imported
when the command runs.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Literal

from cyclopts import Parameter

from .values import GIVEN, WHOLE
from .versions import ApiVersion

_flag = Parameter(negative="", show_default=False)
_Job = Annotated[str, GIVEN, Parameter(help="Id of the job.")]
_Task = Annotated[str, GIVEN, Parameter(help="Id of the task.")]
_quiet = Parameter(name=("--quiet", "-q"), negative="", show_default=False, help="No progress and no notes on stderr.")


@dataclass(frozen=True, kw_only=True)
class WatchOptions:
    """Options of `batchio watch`."""

    until: Annotated[
        Literal["job", "tasks"],
        Parameter(help="End with the job, or as soon as all tasks that are in it are completed."),
    ] = "job"
    exit_status: Annotated[
        bool, _flag, Parameter(help="Exit with 0 if all tasks succeeded and with 1 if some did not.")
    ] = False
    interval: Annotated[float, Parameter(help="Seconds between two looks, at most; the first pauses are shorter.")] = (
        15.0
    )
    timeout: Annotated[float | None, Parameter(help="Seconds after which to stop watching, with exit code 124.")] = None
    json: Annotated[bool, _flag, Parameter(help="Print one JSON object a look, each on a line of its own.")] = False
    quiet: Annotated[bool, _quiet] = False
    api_version: ApiVersion = None


@dataclass(frozen=True, kw_only=True)
class TailOptions:
    """Options of `batchio tail`."""

    lines: Annotated[int, WHOLE, Parameter(name=("--lines", "-n"), help="How many of the last lines to print.")] = 10
    follow: Annotated[
        bool,
        _flag,
        Parameter(name=("--follow", "-f"), help="Go on printing what is added until the task is completed."),
    ] = False
    interval: Annotated[
        float, Parameter(help="With -f: seconds between two looks, at most, while nothing is added.")
    ] = 5.0
    quiet: Annotated[bool, _quiet] = False
    api_version: ApiVersion = None


@dataclass(frozen=True, kw_only=True)
class DownloadOptions:
    """Options of `batchio download`."""

    to: Annotated[
        str | None,
        "DIRECTORY",
        GIVEN,
        Parameter(show_default=False, help="Directory to write to; default: ./JOB/TASK."),
    ] = None
    overwrite: Annotated[
        bool, _flag, Parameter(help="Also fetch files that are there with the same size and time.")
    ] = False
    at_once: Annotated[int, WHOLE, Parameter(help="Files that are fetched at the same time.")] = 4
    json: Annotated[bool, _flag, Parameter(help="Print the result as one JSON object on stdout.")] = False
    quiet: Annotated[bool, _quiet] = False
    api_version: ApiVersion = None


@dataclass(frozen=True, kw_only=True)
class DoctorOptions:
    """Options of `batchio doctor`."""

    timeout: Annotated[float, Parameter(help="Seconds that each check may take.")] = 10.0
    json: Annotated[bool, _flag, Parameter(help="Print one JSON object.")] = False
    api_version: ApiVersion = None


_WATCH, _TAIL, _DOWNLOAD, _DOCTOR = WatchOptions(), TailOptions(), DownloadOptions(), DoctorOptions()


def watch(job: _Job, /, *, options: Annotated[WatchOptions, Parameter(name="*")] = _WATCH) -> int:
    """Watch JOB until it ends.

    Shows tasks by state, their rate, the time left, the nodes of the job's
    pool and the newest failures; on a terminal live, elsewhere as lines.
    It costs the service a few small requests a minute, however many tasks
    there are. A look that fails is told and made again.

    A job ends by itself only if it was told to (onAllTasksComplete); with
    --until tasks, watching ends when no task is left to run.

    Exit codes: 0 the job has ended (with --exit-status: all its tasks
    succeeded); 1 with --exit-status, some did not, or the job was deleted;
    2 wrong use, or there is no such job; 3 the service cannot be reached;
    4 authentication; 124 --timeout is over; 130 Ctrl-C.
    """
    from .watch import watch as command  # noqa: PLC0415 - see the module's law

    return command(job, options)


def tail(
    job: _Job,
    task: _Task,
    file: Annotated[str, GIVEN, Parameter(help="Path below the task's directory, such as stdout.txt or wd/log.txt.")],
    /,
    *,
    options: Annotated[TailOptions, Parameter(name="*")] = _TAIL,
) -> int:
    """Print the last lines of a task's file.

    With -f it goes on with what is added, byte for byte, until the task is
    completed and the file is read to its end. The file need not be there yet.

    Exit codes: 0 done; 2 wrong use, or there is no such job, task or file;
    3 the service cannot be reached, or the task's node is gone;
    4 authentication; 130 Ctrl-C.
    """
    from .tail import tail as command  # noqa: PLC0415 - see the module's law

    return command(job, task, file, options)


def download(
    job: _Job,
    task: _Task,
    pattern: Annotated[
        str, Parameter(help="Which files; all without it. In quotes, as the shell has its own.", show_default=False)
    ] = "**",
    /,
    *,
    options: Annotated[DownloadOptions, Parameter(name="*")] = _DOWNLOAD,
) -> int:
    """Fetch a task's files into a directory.

    PATTERN chooses among the paths below the task's directory: * and ? stay
    within one folder, ** crosses folders, and a pattern without a slash means
    the name in any folder: '*.txt' 'wd/*.exr' 'wd/**/log-?.txt'.

    No half file ever has a file's name, and nothing is written outside of
    the directory. Files that are there with the same size and time are not
    fetched again, so that the same command goes on where it was stopped.

    Exit codes: 0 all are there; 1 some are not; 2 wrong use, or no file
    matches; 3 the service cannot be reached, or the task's node is gone;
    4 authentication; 130 Ctrl-C.
    """
    from .download import download as command  # noqa: PLC0415 - see the module's law

    return command(job, task, pattern, options)


def doctor(*, options: Annotated[DoctorOptions, Parameter(name="*")] = _DOCTOR) -> int:
    """Find out whether batchio can work with the account, and if not, why.

    Looks at the environment, the endpoint's name and connection, this
    machine's clock, the sign-in, the api-version, and reads from the account.
    Nothing is changed, and no secret is shown.

    Exit codes: 0 all is well, warnings included; 1 something is not.
    """
    from .doctor import doctor as command  # noqa: PLC0415 - see the module's law

    return command(options)
