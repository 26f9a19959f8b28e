"""The options of a submission and of a feed, checked before anything is sent."""

from __future__ import annotations

import inspect
import os
from collections.abc import Callable, Mapping
from typing import Any, Literal, TypedDict

import msgspec

from ..errors import ConfigurationError
from .packer import MAX_TASKS
from .report import SubmissionProgress
from .shard import Part, part_of


class SubmitOptions(TypedDict, total=False):
    """Options of `submit` and `submitting`."""

    attempts: int
    """Tries of a task before the run gives it up; refusals (429, 503 ServerBusy) do not count. 10."""
    patience: float
    """Seconds without one accepted request after which the run stops. 300."""
    deadline: float | None
    """Seconds from the start after which the run stops. None: no such limit."""
    max_requests: int
    """Requests in flight at most. 256."""
    max_body: int
    """Bytes of one request at most. 950,000."""
    max_pending_bytes: int
    """Bytes of tasks that were taken from the input and have no outcome yet, or an unread one, at most. 64 MiB."""
    on_rejected: Literal["collect", "stop"]
    """Whether the first rejected task ends the run. "collect"."""
    on_exists: Literal["report", "ok"]
    """Whether an id that was there before is a failure. "report"."""
    keep: Literal["failures", "all", "none"]
    """Which outcomes the report holds. "failures", at most 10,000."""
    details: bool
    """Whether outcomes carry ETag, time and location. False."""
    progress: Callable[[SubmissionProgress], object] | None
    """Called with a snapshot, at most 4 times a second. What it raises ends the run."""
    terminate_when_complete: bool
    """Whether the job ends by itself once all its tasks are complete; set only when all tasks are in it, because
    a job without open tasks counts as complete. Not done where the run stopped before, or a task of the input is not in
    the job: `job_terminates` of the report says so, and a resumed run does it at its end. Nor for a `shard`, which does
    not know of the others. A job that is set so already, which cannot be taken back, is refused before anything is
    sent. False."""
    journal: str | os.PathLike[str] | None
    """A file that remembers what was settled, so that a run can go on after a crash; made where it is missing or empty,
    otherwise resumed: give the same input again, from its start. An outcome is written before it is handed out, so that
    over all runs it is told once; the counts of the report are those of all runs, everything else in it is this run's.
    A task that was on its way when the process was killed, and is there, is `added`, not `confirmed`. A changed input
    is an `InputChangedError` (under the `SubmissionError`), told before anything of the changed block of 4,096 tasks is
    sent; so long as a resumed run checks a block, it holds what is open of it beside the window. A journal of another
    job or endpoint, or in use, is a `ConfigurationError`; one that cannot be written (a full disk) or is taken away
    ends the run with a `JournalError`. It holds no ids, bodies or secrets. None."""
    timeout: float | None
    """Seconds for one try, in place of the client's `timeout`."""


class FeedOptions(TypedDict, total=False):
    """Options of `feed`."""

    linger: float
    """Seconds that a task may wait for others to fill its request. 0.01."""
    max_pending: int
    """Tasks that were taken and have no outcome yet, at most; callers beyond it wait. 10,000."""
    attempts: int
    """Tries of a task before the feed gives it up; refusals (429, 503 ServerBusy) do not count. 10."""
    patience: float
    """Seconds without one accepted request, while there is one to send, after which the feed stops. 300."""
    max_requests: int
    """Requests in flight at most. 256."""
    max_body: int
    """Bytes of one request at most. 950,000."""
    max_pending_bytes: int
    """Bytes of tasks that were taken and have no outcome yet, at most. 64 MiB."""
    on_exists: Literal["report", "ok"]
    """Whether the report counts an id that was there before as a failure. "report"."""
    details: bool
    """Whether outcomes carry ETag, time and location. False."""
    progress: Callable[[SubmissionProgress], object] | None
    """Called with a snapshot, at most 4 times a second. What it raises ends the feed."""
    timeout: float | None
    """Seconds for one try, in place of the client's `timeout`."""


class Options(msgspec.Struct, frozen=True, kw_only=True):
    """`SubmitOptions` or `FeedOptions` with every default filled in. `part`: of the input, where the input says so."""

    attempts: int = 10
    patience: float = 300.0
    deadline: float | None = None
    max_requests: int = 256
    max_body: int = 950_000
    max_pending_bytes: int = 64 * 1024 * 1024
    on_rejected: Literal["collect", "stop"] = "collect"
    on_exists: Literal["report", "ok"] = "report"
    keep: Literal["failures", "all", "none"] = "failures"
    details: bool = False
    progress: Any = None
    terminate_when_complete: bool = False
    journal: Any = None
    part: Part | None = None
    timeout: float | None = None
    linger: float = 0.05
    max_pending: int | None = None

    @property
    def window(self) -> int:
        """Tasks that were taken and have no outcome yet, or one that is not read, at most: all requests full, and what
        is read ahead (as much again, at most 2,000), without which a window empties before the next chunk is there.
        """
        full = self.max_requests * MAX_TASKS
        return self.max_pending or full + min(full, READ_AHEAD)


READ_AHEAD = 2_000
"""Tasks beside those in flight."""

_AT_LEAST: dict[str, int] = {
    "attempts": 1,
    "max_requests": 1,
    "max_body": 1_000,
    "max_pending": 1,
    "max_pending_bytes": 1_000,
}
_FLAGS = ("details", "terminate_when_complete")
_SECONDS = ("patience", "deadline", "timeout")
_OTHERS: dict[str, tuple[str, Callable[[Any], bool]]] = {
    "journal": ("the path of a file", lambda path: isinstance(path, str | os.PathLike) and _is_path(os.fspath(path))),
    "progress": ("a function that is not async", lambda call: callable(call) and not _is_async(call)),
}


def _is_path(path: str | bytes) -> bool:
    return isinstance(path, str) and path != ""


def _is_async(call: Any) -> bool:
    return inspect.iscoroutinefunction(call) or inspect.iscoroutinefunction(type(call).__call__)


def check_options(given: SubmitOptions, tasks: object = None) -> Options:
    """Raises `TypeError` for an unknown option and `ConfigurationError` for a bad value, or one that `tasks` forbid."""
    _check_all("submit", given, SubmitOptions.__annotations__)
    options = Options(part=part_of(tasks), **given)
    if options.terminate_when_complete and options.part is not None and options.part.of > 1:
        raise ConfigurationError(
            f"terminate_when_complete: shard {options.part} does not know when the others are through; set "
            "onAllTasksComplete when all of them are"
        )
    return options


def check_feed_options(given: FeedOptions) -> Options:
    """The same for a feed. Its callers have their outcomes, so the report keeps none: it would grow for ever."""
    _check_all("feed", given, FeedOptions.__annotations__)
    filled: FeedOptions = {"linger": 0.01, "max_pending": 10_000, **given}
    return Options(keep="none", **filled)


def _check_all(who: str, given: Mapping[str, Any], known: Mapping[str, Any]) -> None:
    for name, value in given.items():
        if name not in known:
            raise TypeError(f"{who} has no option {name!r}; it takes {', '.join(known)}")
        _check(name, value)


def _check(name: str, value: Any) -> None:
    if name in _AT_LEAST:
        if isinstance(value, bool) or not isinstance(value, int) or value < _AT_LEAST[name]:
            raise ConfigurationError(f"{name}: a whole number of at least {_AT_LEAST[name]}, not {value!r}")
    elif name in _SECONDS:
        optional = name != "patience"
        if value is None and optional:
            return
        if isinstance(value, bool) or not isinstance(value, int | float) or not value > 0:
            raise ConfigurationError(f"{name}: seconds above 0{' or None' if optional else ''}, not {value!r}")
    elif name == "linger":
        check_wait(name, value)
    elif name in _OTHERS:
        words, fits = _OTHERS[name]
        if value is not None and not fits(value):
            raise ConfigurationError(f"{name}: {words} or None, not {value!r}")
    else:
        _check_choice(name, value)


def check_wait(name: str, value: Any) -> None:
    """Raises `ConfigurationError` unless `value` is a number of seconds, 0 included."""
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value < float("inf"):
        raise ConfigurationError(f"{name}: seconds, 0 or more, not {value!r}")


def _check_choice(name: str, value: Any) -> None:
    if name in _FLAGS:
        if not isinstance(value, bool):
            raise ConfigurationError(f"{name}: True or False, not {value!r}")
        return
    choices = {"on_rejected": ("collect", "stop"), "on_exists": ("report", "ok"), "keep": ("failures", "all", "none")}
    if value not in choices[name]:
        raise ConfigurationError(f"{name}: one of {', '.join(choices[name])}, not {value!r}")
