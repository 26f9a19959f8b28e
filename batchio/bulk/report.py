"""What a submission says of itself: outcomes, report, progress.

Law: values only; the counts of a report always add up to the tasks taken.
"""

from __future__ import annotations

import enum
from datetime import datetime
from typing import Any, Literal

import msgspec

from ..errors import SubmissionError
from ..models import BatchError

MAX_FAILURES = 10_000
"""A report keeps this many failures; the counts cover all."""
MAX_FAILURE_BYTES = 64 * 1024 * 1024
"""Nor does it keep more of them once their bodies have so many bytes together."""
MAX_CODES, OTHER_CODES = 1_000, "OtherCodes"
"""A report tells so many codes apart; whatever a service thinks up beyond that counts as one."""


class OutcomeState(enum.StrEnum):
    """What became of one task; exactly one of these for every task taken from the input."""

    ADDED = "added"
    """The service has it through us."""
    EXISTED = "existed"
    """The id was there before: somebody else's, or earlier in the input."""
    REJECTED = "rejected"
    """The service's client error, or ours before sending."""
    GAVE_UP = "gave_up"
    """The limit of attempts is reached, and it is certainly not there."""
    UNKNOWN = "unknown"
    """The last attempt may have added it, and no answer settled it."""
    NOT_SENT = "not_sent"
    """Certainly not there, because the run stopped before."""


class TaskOutcome(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """What became of one task.

    `index`: place in the input, from 0. `task_id`: None where the input had no readable id. `confirmed`: false
    where the state rests on inference: an `added` that was answered TaskExists after an attempt of ours that
    nobody answered, and every `unknown`. `error`: the service's error, or ours. `attempts`: requests that
    carried it and were not refused as a whole. `e_tag`, `last_modified`, `location`: with `details=True`.
    `body`: the task's JSON, for outcomes that are not `added`; it may hold secrets (SAS URLs) and is left out
    of `repr`.
    """

    index: int
    task_id: str | None
    state: OutcomeState
    confirmed: bool = True
    error: BatchError | None = None
    attempts: int = 1
    e_tag: str | None = None
    last_modified: datetime | None = None
    location: str | None = None
    body: bytes | None = None

    def __repr__(self) -> str:
        error = f", error={self.error.code}" if self.error else ""
        return f"TaskOutcome({self.index}, {self.task_id!r}, {self.state}{error}, attempts={self.attempts})"

    def __rich_repr__(self) -> Any:
        yield repr(self)


class SubmissionReport(msgspec.Struct, frozen=True, kw_only=True):
    """The account of a submission.

    `added` + `existed` + `rejected` + `gave_up` + `unknown` + `not_sent` = `taken`, always. `requests`: sent,
    tries included. `retries`: tries after the first of a request, and requests that carry tasks again.
    `resumed`: how many of them earlier runs have settled, where a journal was resumed. `added`, `existed`, `rejected`,
    `taken` and `errors` are then of all runs together, everything else is of this run alone: what earlier runs have
    told is not told again.
    `refused`: answers 429 and 503 ServerBusy. `bytes_sent`: bodies. `elapsed`: seconds. `failures`: outcomes that are
    not wanted, at most 10,000, and no more once their bodies have 64 MiB (`failures_truncated` says whether there were
    more). `outcomes`: all of them with `keep="all"`. `errors`: code -> number of tasks; beyond 1,000 codes all others
    are `OtherCodes`. `job_terminates`: whether the job ends by itself now, where `terminate_when_complete` asked
    for it.
    """

    added: int = 0
    existed: int = 0
    rejected: int = 0
    gave_up: int = 0
    unknown: int = 0
    not_sent: int = 0
    taken: int = 0
    requests: int = 0
    retries: int = 0
    refused: int = 0
    bytes_sent: int = 0
    elapsed: float = 0.0
    tasks_per_second: float = 0.0
    failures: tuple[TaskOutcome, ...] = ()
    failures_truncated: bool = False
    outcomes: tuple[TaskOutcome, ...] = ()
    errors: dict[str, int] = msgspec.field(default_factory=dict)
    existed_is_ok: bool = False
    resumed: int = 0
    job_terminates: bool | None = None

    @property
    def failed(self) -> int:
        """Tasks that are not in the job as they were wanted: all but added, and existed where that is ok."""
        return self.taken - self.added - (self.existed if self.existed_is_ok else 0)

    def raise_for_failures(self) -> None:
        """Raise `SubmissionError` if any task failed."""
        if self.failed:
            raise SubmissionError(f"{self.failed} of {self.taken} tasks were not added: {self.summary()}", report=self)

    def summary(self) -> str:
        """The counts that are not zero, in one line."""
        counts = ((state.value, getattr(self, state.value)) for state in OutcomeState)
        text = ", ".join(f"{count} {name}" for name, count in counts if count)
        codes = ", ".join(f"{code} {count}" for code, count in sorted(self.errors.items()))
        open_end = "; the job does not end by itself" if self.job_terminates is False else ""
        return (text or "no tasks") + (f" ({codes})" if codes else "") + open_end


Lost = Literal["input", "service", "consumer"]
"""What a run waits for when it could send."""


class SubmissionProgress(msgspec.Struct, frozen=True, kw_only=True):
    """A snapshot of a running submission.

    `taken`: tasks taken from the input. `outcomes`: state -> tasks so far. `done`: their sum. `in_flight`:
    requests on their way or held in backoff. `rate`: tasks a second that got an outcome lately. `window`:
    requests that may be in flight now. `pacing`: the controller's state, a word. `refused`, `requests`,
    `retries`: as in the report. `lost`: seconds spent waiting for input, service or consumer.
    """

    taken: int
    outcomes: dict[str, int]
    done: int
    in_flight: int
    rate: float
    window: int
    pacing: str
    requests: int
    retries: int
    refused: int
    elapsed: float
    lost: dict[Lost, float]
