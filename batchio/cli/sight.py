"""What one look at a job finds, and how it is told: as a line, as a picture of several lines, as JSON.

Law: pure functions of values. What the service says is shown on one line, without what a terminal would obey.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

import msgspec

from .progress import span

_MINUTE, _HOUR = 60, 3600


class Failure(msgspec.Struct, frozen=True, kw_only=True):
    """A task that has failed. `category`: usererror or servererror. `at`: when."""

    id: str
    exit_code: int | None = None
    category: str | None = None
    code: str | None = None
    at: datetime | None = None


class Counts(msgspec.Struct, frozen=True, kw_only=True):
    """Tasks of a job by state; `succeeded` and `failed` ones are `completed`."""

    active: int = 0
    running: int = 0
    completed: int = 0
    succeeded: int = 0
    failed: int = 0

    @property
    def total(self) -> int:
        """All tasks of the job."""
        return self.active + self.running + self.completed


class Sight(msgspec.Struct, frozen=True, kw_only=True):
    """A look at a job.

    `reason`: why it ended. `nodes`: of its pool by state, None where nobody knows. `rate`: tasks completed a second,
    None where nobody knows yet. `failures`: the newest ones, the newest first.
    """

    time: datetime
    job: str
    state: str | None = None
    reason: str | None = None
    pool: str | None = None
    tasks: Counts = Counts()
    nodes: dict[str, int] | None = None
    rate: float | None = None
    failures: tuple[Failure, ...] = ()

    @property
    def seconds_left(self) -> float | None:
        """Until no task is left, if it goes on like that; None where nobody knows."""
        left = self.tasks.active + self.tasks.running
        return left / self.rate if left and self.rate else None


def as_mapping(sight: Sight, ended: str | None) -> dict[str, Any]:
    """For JSON. `ended`: why this is the last look, or None."""
    found: dict[str, Any] = msgspec.to_builtins(sight)
    found["tasks"]["total"] = sight.tasks.total
    left = sight.seconds_left
    found["seconds_left"] = None if left is None else round(left, 1)
    found["rate"] = None if sight.rate is None else round(sight.rate, 3)
    return {**found, "ended": ended}


def line_of(sight: Sight) -> str:
    """A look in one line."""
    counts = sight.tasks
    parts = [f"{sight.job} {_state(sight)}", f"{counts.completed:,} of {counts.total:,} tasks completed"]
    parts[-1] += f" ({_percent(counts)})" if counts.total else ""
    parts += [f"{count:,} {word}" for word in ("failed", "running", "active") if (count := getattr(counts, word))]
    parts += _speed(sight)
    if sight.nodes is not None:
        parts.append(_nodes(sight.nodes))
    return "  ".join(parts)


def picture_of(sight: Sight) -> str:
    """A look in several lines."""
    counts = sight.tasks
    width = max(len(f"{counts.total:,}"), 5)
    pool = f", pool {sight.pool}" if sight.pool else ""
    lines = [f"job        {sight.job}, {_state(sight)}{pool}"]
    lines += [f"{word:<11}{getattr(counts, word):>{width},}" for word in ("active", "running", "completed")]
    if counts.total:
        lines[-1] += f"  of {counts.total:,} ({_percent(counts)})"
    lines += [f"{word:<11}{getattr(counts, word):>{width},}" for word in ("succeeded", "failed")]
    if speed := _speed(sight):
        lines.append(f"rate       {'  '.join(speed)}")
    if sight.nodes is not None:
        lines.append(f"nodes      {_nodes(sight.nodes)}")
    if sight.failures:
        lines.append("the newest failures:")
        lines += _aligned([_parts(failure) for failure in sight.failures])
    return "\n".join(lines)


def failure_line(failure: Failure) -> str:
    """A failure in one line.

    >>> failure_line(Failure(id="frame-7", exit_code=3, category="usererror", code="FailureExitCode"))
    'frame-7  exit code 3  usererror  FailureExitCode'
    """
    return "  ".join(part for part in _parts(failure) if part)


def _parts(failure: Failure) -> list[str]:
    exit_code = "no exit code" if failure.exit_code is None else f"exit code {failure.exit_code}"
    at = f"{failure.at:%Y-%m-%d %H:%M:%SZ}" if failure.at else None
    return [_shown(part or "") for part in (failure.id, exit_code, failure.category, failure.code, at)]


def _aligned(rows: list[list[str]]) -> list[str]:
    """Columns, without those that are empty."""
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    return [
        "  " + "  ".join(f"{part:{width}}" for part, width in zip(row, widths, strict=True) if width).rstrip()
        for row in rows
    ]


def speed(rate: float) -> str:
    """A rate in the unit that suits it.

    >>> speed(1234.5), speed(2.5), speed(0.1), speed(0.001), speed(0)
    ('1,234/s', '2.5/s', '6.0/min', '3.6/h', '0/s')
    """
    for factor, unit in ((1, "s"), (_MINUTE, "min"), (_HOUR, "h")):
        if rate * factor >= 1:
            number = rate * factor
            return f"{number:,.0f}/{unit}" if number >= 100 else f"{number:.1f}/{unit}"
    return f"{rate * _HOUR:.2f}/h" if rate else "0/s"


def _speed(sight: Sight) -> list[str]:
    if sight.rate is None or not sight.tasks.total:
        return []
    left = sight.seconds_left
    return [speed(sight.rate)] + ([f"{span(left)} left"] if left is not None else [])


def _nodes(nodes: dict[str, int]) -> str:
    if not nodes:
        return "no nodes"
    total = sum(nodes.values())
    states = ", ".join(f"{count:,} {state}" for state, count in nodes.items())
    return f"{total:,} {'node' if total == 1 else 'nodes'} ({states})"


def _state(sight: Sight) -> str:
    return _shown(f"{sight.state or 'in no state'}{f' ({sight.reason})' if sight.reason else ''}")


def _percent(counts: Counts) -> str:
    return f"{counts.completed * 100 // counts.total} %"


def _shown(text: str) -> str:
    return "".join(letter if letter.isprintable() else "?" for letter in text)
