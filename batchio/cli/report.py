"""What became of the tasks: in words, as JSON, and as an exit code.

Law: pure functions of a report. No task's body is ever shown, and the signatures of SAS URLs are cut out of what
the service says.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec

from ..hiding import without_secrets
from .codes import Exit
from .progress import many

if TYPE_CHECKING:
    from ..bulk.report import SubmissionReport, TaskOutcome
    from ..models import BatchError

EXAMPLES = 10
"""Tasks that were not added and are named one by one."""

_MEGABYTE = 1_000_000

WORDS = {
    "added": "in the job, put there by this run",
    "existed": "the id was in the job before, or stands twice in the input",
    "rejected": "refused for good: the task itself has to change",
    "gave_up": "certainly not in the job: the service failed at every attempt",
    "unknown": "may be in the job: nobody answered the last attempt",
    "not_sent": "certainly not in the job: the run stopped before",
}
"""Each state in words."""


def in_words(report: SubmissionReport) -> str:
    """The summary for people: each state with its count and meaning, then what it took."""
    rows = [(state, getattr(report, state)) for state in WORDS if getattr(report, state) or state == "added"]
    width = max(len(f"{count:,}") for _, count in rows)
    lines = [f"{state:9} {count:>{width},}  {WORDS[state]}" for state, count in rows]
    # That a task was not sent is said by its state.
    errors = [f"{code} {count:,}" for code, count in sorted(report.errors.items()) if code != "NotSent"]
    if errors:
        lines.append(f"errors    {', '.join(errors)}")
    if report.resumed:
        lines.append(f"resumed   {report.resumed:,} of these were settled by runs before this one")
    lines += _examples(report)
    if report.job_terminates is not None:
        lines.append(
            f"the job {'ends' if report.job_terminates else 'DOES NOT END'} by itself once its tasks are complete"
        )
    now = report.taken - report.resumed
    lines.append(
        f"{many(now, 'task')} in {report.elapsed:.1f} s, {report.tasks_per_second:,.0f} tasks/s; "
        f"{many(report.requests, 'request')}, {report.retries:,} of them again, {report.refused:,} refused, "
        f"{amount(report.bytes_sent)} sent"
    )
    return "\n".join(lines)


def amount(size: int) -> str:
    """A number of bytes in words.

    >>> amount(730), amount(2_500_000)
    ('730 bytes', '2.5 MB')
    """
    return f"{size:,} bytes" if size < _MEGABYTE else f"{size / _MEGABYTE:,.1f} MB"


def as_mapping(report: SubmissionReport, **more: Any) -> dict[str, Any]:
    """The report with its own names, failures without their bodies; `more` comes behind."""
    mapping: dict[str, Any] = {
        name: getattr(report, name) for name in report.__struct_fields__ if name not in ("failures", "outcomes")
    }
    mapping["failures"] = [_failure(outcome) for outcome in report.failures]
    return {**mapping, **more}


def as_json(mapping: dict[str, Any]) -> str:
    """One line of JSON."""
    return msgspec.json.encode(mapping).decode()


def exit_code(report: SubmissionReport, *, stopped: bool, denied: bool, bad_input: bool, skipped: int) -> int:
    """The exit code of a submission that was not interrupted.

    `stopped`: the run could not go on. `denied`: because of the credential. `bad_input`: the input ended at a bad
    place. `skipped`: bad places that were left out.
    """
    if denied:
        return Exit.DENIED
    if stopped:
        return Exit.STOPPED
    if bad_input:
        return Exit.USAGE
    return Exit.NOT_ALL if report.failed or skipped else Exit.OK


def _examples(report: SubmissionReport) -> list[str]:
    told = [outcome for outcome in report.failures if outcome.state != "not_sent"]
    lines = [f"  task {_name(outcome)}: {outcome.state}{_error(outcome)}" for outcome in told[:EXAMPLES]]
    more = report.failed - report.not_sent - len(lines)
    if lines and more > 0:
        lines.append(f"  and {more:,} more")
    return lines


def _name(outcome: TaskOutcome) -> str:
    return f"{outcome.task_id!r}" if outcome.task_id is not None else f"number {outcome.index + 1:,}"


def _error(outcome: TaskOutcome) -> str:
    error = outcome.error
    if error is None:
        return ""
    names = [detail.value for detail in error.values or () if detail.key == "PropertyName" and detail.value]
    parts = [error.code or "no code", *names, *_text(error).splitlines()[:1]]
    return without_secrets(": " + ": ".join(parts))


def _text(error: BatchError) -> str:
    return (error.message.value if error.message else None) or ""


def _failure(outcome: TaskOutcome) -> dict[str, Any]:
    error = outcome.error
    return {
        "index": outcome.index,
        "task_id": outcome.task_id,
        "state": str(outcome.state),
        "confirmed": outcome.confirmed,
        "attempts": outcome.attempts,
        "code": error.code if error else None,
        "message": without_secrets(_text(error)) if error else None,
    }
