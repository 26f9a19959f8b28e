"""What can be asked for on the command line, as values.

Law: values, their defaults and their words for `--help`; nothing is done here.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Literal

from cyclopts import Parameter

from .values import GIVEN, WHOLE
from .versions import ApiVersion

MAX_BODY = 950_000
"""Bytes of a request, as the engine packs them."""

_flag = Parameter(negative="", show_default=False)
_engine = Parameter(group="Engine")
_input = Parameter(group="Input")
_many = Parameter(group="Many tasks")
_job = Parameter(group="Job")
_journal = Parameter(group="Journal")
_output = Parameter(group="Output")


@dataclass(frozen=True, kw_only=True)
class SubmitOptions:
    """Options of `batchio submit`."""

    template: Annotated[
        str | None,
        "FILE",
        GIVEN,
        _many,
        Parameter(help="JSON file with one task, whose strings hold places like {frame:06d}; {{ and }} are braces."),
    ] = None
    rows: Annotated[
        str | None,
        "FILE",
        GIVEN,
        _many,
        Parameter(
            help="Fill each row of this file into the template: CSV with a header line, or JSON Lines; - is standard "
            "input.",
            allow_leading_hyphen=True,
        ),
    ] = None
    sweep: Annotated[
        str | None,
        "AXES",
        GIVEN,
        _many,
        Parameter(
            help="Fill every combination into the template, like frame=1..1000,camera=a|b|c or frame=1..1000..5; the "
            "last one changes fastest."
        ),
    ] = None
    id: Annotated[
        str | None,
        "RULE",
        GIVEN,
        _many,
        Parameter(help="Rule for the ids, like {camera}-{frame:06d}, in place of the template's."),
    ] = None
    shard: Annotated[
        str | None,
        "K/N",
        GIVEN,
        _many,
        Parameter(help="Submit part K of N of the input, like 2/3; other machines submit the others."),
    ] = None
    pool: Annotated[str | None, "POOL", GIVEN, _job, Parameter(help="Pool of a job that is created.")] = None
    create_job: Annotated[bool, _flag, _job, Parameter(help="Create the job if it is missing; needs --pool.")] = False
    job_json: Annotated[
        str | None,
        "FILE",
        GIVEN,
        _job,
        Parameter(help="JSON file with the job, which is created from it if it is missing."),
    ] = None
    wait_for_quota: Annotated[
        bool,
        _flag,
        _job,
        Parameter(help="Where the account has no room for another active job, wait until it has, and then create it."),
    ] = False
    quota_timeout: Annotated[
        float, _job, Parameter(help="Seconds that --wait-for-quota waits at most; then the exit code is 3.")
    ] = 86_400.0
    terminate_when_done: Annotated[
        bool,
        _flag,
        _job,
        Parameter(
            help="Let the job end by itself once all its tasks are complete; set when all of them are in it, and not "
            "before."
        ),
    ] = False
    emulator: Annotated[
        bool,
        _flag,
        Parameter(help="Submit to a local Batch service that lives as long as this command; job and pool are made."),
    ] = False
    dry_run: Annotated[
        bool,
        _flag,
        Parameter(
            help="Check every task in full, of a sweep the first and the last; count tasks, bytes and requests, show "
            "the first and the last task of a template, and send nothing."
        ),
    ] = False
    on_exists: Annotated[
        Literal["fail", "ok"],
        Parameter(help="What an id means that was in the job before: told, with exit code 1, or as good as added."),
    ] = "fail"
    on_bad_line: Annotated[
        Literal["stop", "skip"],
        _input,
        Parameter(help="What to do about a line that is no task: stop there, or tell it and go on."),
    ] = "stop"
    failures: Annotated[
        str | None,
        "FILE",
        GIVEN,
        _output,
        Parameter(
            help="Write the tasks that were read and not added to this file, as JSON Lines that can be submitted "
            "again. It is overwritten, and only you may read it: tasks may hold SAS URLs."
        ),
    ] = None
    journal: Annotated[
        str | None,
        "FILE",
        GIVEN,
        _journal,
        Parameter(
            help="Remember in this file what was settled, so that the same input can go on after a crash. --failures "
            "then keeps what is settled and was not added, over all runs; the rest is sent again by --resume."
        ),
    ] = None
    resume: Annotated[
        bool,
        _flag,
        _journal,
        Parameter(help="Go on where the journal ends; needed where the file is there already."),
    ] = False
    json: Annotated[bool, _flag, _output, Parameter(help="Print the report as one JSON object on stdout.")] = False
    quiet: Annotated[
        bool, _flag, _output, Parameter(name=("--quiet", "-q"), help="No progress and no notes on stderr.")
    ] = False
    progress: Annotated[
        float,
        _output,
        Parameter(name="--progress", help="Seconds between two lines of progress where stderr is no terminal."),
    ] = 10.0
    attempts: Annotated[int, WHOLE, _engine, Parameter(help="Tries of a task that the service fails to add.")] = 10
    patience: Annotated[
        float, _engine, Parameter(help="Seconds without one accepted request after which the run stops.")
    ] = 300.0
    deadline: Annotated[float | None, _engine, Parameter(help="Seconds after which the run stops.")] = None
    max_requests: Annotated[int, WHOLE, _engine, Parameter(help="Requests in flight, at most.")] = 256
    api_version: ApiVersion = None


@dataclass(frozen=True, kw_only=True)
class EmulatorOptions:
    """Options of `batchio emulator`."""

    host: Annotated[str, "ADDRESS", GIVEN, Parameter(help="Address to listen on.")] = "127.0.0.1"
    port: Annotated[int, WHOLE, Parameter(help="Port to listen on; 0 takes a free one.")] = 0
    account: Annotated[str, "NAME", GIVEN, Parameter(help="Name of the Batch account.")] = "batchdev"
    nodes: Annotated[
        Literal["none", "simulate", "process"],
        Parameter(help="What runs the tasks: nothing, simulated nodes, or local processes."),
    ] = "none"
    db: Annotated[
        str | None, "FILE", GIVEN, Parameter(help="SQLite file that keeps everything; without it, all is in memory.")
    ] = None
    https: Annotated[bool, _flag, Parameter(help="Speak https, with a self-signed certificate made for it.")] = False
    faults: Annotated[str | None, "FILE", GIVEN, Parameter(help="JSON file with fault rules (a list of objects).")] = (
        None
    )
    latency: Annotated[float, Parameter(help="Seconds that every answer takes at least.")] = 0.0
    json: Annotated[bool, _flag, Parameter(help="Print the ready line as one JSON object.")] = False


@dataclass(frozen=True, kw_only=True)
class DemoOptions:
    """Options of `batchio demo`."""

    tasks: Annotated[int, WHOLE, Parameter(help="How many tasks (frames) the rendering job has.")] = 100_000
    json: Annotated[bool, _flag, Parameter(help="Print the result as one JSON object on stdout.")] = False
    quiet: Annotated[bool, _flag, Parameter(name=("--quiet", "-q"), help="No progress and no notes on stderr.")] = False
