"""One line that says how far a submission is.

Law: a pure function of a snapshot; nothing is printed here.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ..bulk.report import SubmissionProgress

_MINUTE, _HOUR = 60, 3600


def progress_line(snapshot: SubmissionProgress, total: int | None, *, exists_is_ok: bool = False) -> str:
    """How far the submission is. `total`: tasks in the input, None where nobody knows yet."""
    parts = [
        f"{snapshot.done:,} of {total:,} tasks ({_percent(snapshot.done, total)})"
        if total
        else f"{snapshot.done:,} tasks",
        f"{snapshot.rate:,.0f}/s",
        f"{many(snapshot.in_flight, 'request')} in flight",
    ]
    if snapshot.refused:
        parts.append(f"{snapshot.refused:,} refused")
    failed = failed_in(snapshot.outcomes, exists_is_ok=exists_is_ok)
    if failed:
        parts.append(f"{failed:,} failed")
    if total and snapshot.rate > 0 and snapshot.done < total:
        parts.append(f"{span((total - snapshot.done) / snapshot.rate)} left")
    return "  ".join(parts)


def failed_in(outcomes: dict[str, int], *, exists_is_ok: bool) -> int:
    """Tasks that are not in the job as they were wanted."""
    fine = {"added", "existed"} if exists_is_ok else {"added"}
    return sum(count for state, count in outcomes.items() if state not in fine)


def many(count: int, thing: str) -> str:
    """A number of things.

    >>> many(1, "request"), many(2000, "request")
    ('1 request', '2,000 requests')
    """
    return f"{count:,} {thing}" if count == 1 else f"{count:,} {thing}s"


def span(seconds: float) -> str:
    """A length of time in words.

    >>> span(0.2), span(75), span(7300)
    ('1 s', '1 min 15 s', '2 h 1 min')
    """
    whole = max(1, round(seconds))
    if whole < _MINUTE:
        return f"{whole} s"
    if whole < _HOUR:
        return f"{whole // _MINUTE} min {whole % _MINUTE} s"
    return f"{whole // _HOUR:,} h {whole % _HOUR // _MINUTE} min"


def _percent(done: int, total: int) -> str:
    # Never 100 % before the end.
    return f"{min(100, done * 100 // total)} %"
