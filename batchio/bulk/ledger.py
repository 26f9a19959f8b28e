"""The account of a run: one outcome for every task, and counts that add up.

Law: a task is settled once. Whoever settles says why; nobody else touches the counts.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Literal

import msgspec

from ..models import BatchError
from .intake import BadTask
from .ranges import Ranges
from .report import (
    MAX_CODES,
    MAX_FAILURE_BYTES,
    MAX_FAILURES,
    OTHER_CODES,
    OutcomeState,
    SubmissionReport,
    TaskOutcome,
)
from .tasks import Tasks
from .verdict import DetailedResult, Result

if TYPE_CHECKING:
    from .recorder import Recorder

Keep = Literal["failures", "all", "none"]
_ADDED = OutcomeState.ADDED


class Mark(msgspec.Struct):
    """What is remembered of a task that did not succeed at once."""

    attempts: int = 0
    maybe_added: bool = False
    error: BatchError | None = None


class Ledger:
    """Settles tasks, counts them, keeps failures, and hands outcomes to a reader or a sink where there is one."""

    def __init__(
        self,
        *,
        keep: Keep,
        existed_is_ok: bool,
        reading: bool,
        sink: Callable[[list[TaskOutcome]], None] | None = None,
    ) -> None:
        self.counts = dict.fromkeys(OutcomeState, 0)
        self.marks: dict[int, Mark] = {}
        self.unread = self.unread_bytes = 0
        self.resumed = 0
        self.maybe = Ranges()
        self._recorder: Recorder | None = None
        self._keep: Keep = keep
        self._existed_is_ok = existed_is_ok
        self._reading = reading
        self._sink = sink
        self._errors: dict[str, int] = {}
        self._failures: list[TaskOutcome] = []
        self._truncated = False
        self._outcomes: list[TaskOutcome] = []
        self._failure_bytes = 0
        self._outbox: deque[tuple[list[TaskOutcome], int]] = deque()
        self.ready = asyncio.Event()

    @property
    def settled(self) -> int:
        """Tasks that have their outcome."""
        return sum(self.counts.values())

    def resume(self, recorder: Recorder) -> None:
        """Go on where earlier runs have ended; whatever is settled from now on goes to their journal first."""
        settled, self.maybe, self._recorder = recorder.settled, recorder.maybe, recorder
        for kind, count in settled.counts.items():
            self.counts[OutcomeState(kind.name.lower())] = count
        self._errors = dict(settled.errors)
        self.resumed = settled.done.count

    def may_be_added(self, ordinal: int) -> bool:
        """Whether an attempt of ours that nobody answered, in this run or before it, may have added a task."""
        mark = self.marks.get(ordinal)
        return mark.maybe_added if mark is not None else ordinal in self.maybe

    def mark(self, ordinal: int) -> Mark:
        """The memory of a task, made when it is first needed."""
        found = self.marks.get(ordinal)
        if found is None:
            found = self.marks[ordinal] = Mark(maybe_added=ordinal in self.maybe)
        return found

    def is_marked(self, tasks: Tasks) -> bool:
        """Whether any of these tasks has had trouble."""
        return bool(self.marks) and not self.marks.keys().isdisjoint(tasks.ordinals)

    def add_all(self, tasks: Tasks) -> None:
        """Settle a request whose every task was added at its first try."""
        self.counts[_ADDED] += len(tasks)
        if self._recorder is not None:
            self._recorder.added(tasks)
        if self._reading or self._sink is not None or self._keep == "all":
            self._deliver(
                [
                    TaskOutcome(index=index, task_id=task_id, state=_ADDED)
                    for index, task_id in zip(tasks.ordinals, tasks.ids, strict=True)
                ]
            )

    def settle(
        self,
        tasks: Tasks,
        at: int,
        state: OutcomeState,
        *,
        result: Result | None = None,
        error: BatchError | None = None,
        confirmed: bool = True,
    ) -> TaskOutcome:
        """Settle the task at one place of a request; the outcome still has to be delivered (`deliver`)."""
        ordinal = tasks.ordinals[at]
        mark = self.marks.pop(ordinal, None)
        detailed = result if isinstance(result, DetailedResult) else None
        self.counts[state] += 1
        return TaskOutcome(
            index=ordinal,
            task_id=tasks.ids[at],
            state=state,
            confirmed=confirmed,
            error=error or (mark.error if mark and state is not _ADDED else None),
            attempts=(mark.attempts if mark else 0) + (result is not None),
            e_tag=detailed.e_tag if detailed else None,
            last_modified=detailed.last_modified if detailed else None,
            location=detailed.location if detailed else None,
            body=None if state is _ADDED else tasks.bodies[at],
        )

    def settle_bad(self, bad: Sequence[BadTask]) -> None:
        """Settle items that cannot be sent."""
        self.counts[OutcomeState.REJECTED] += len(bad)
        self.deliver(
            [
                TaskOutcome(
                    index=each.ordinal,
                    task_id=each.task_id,
                    state=OutcomeState.REJECTED,
                    error=each.error,
                    attempts=0,
                    body=each.body,
                )
                for each in bad
            ]
        )

    def stop(self, tasks: Tasks, reason: BatchError) -> None:
        """Settle tasks that the end of the run leaves open."""
        outcomes: list[TaskOutcome] = []
        for at, ordinal in enumerate(tasks.ordinals):
            mark = self.marks.get(ordinal)
            if self.may_be_added(ordinal):
                outcomes.append(self.settle(tasks, at, OutcomeState.UNKNOWN, confirmed=False))
            else:
                outcomes.append(self.settle(tasks, at, OutcomeState.NOT_SENT, error=(mark and mark.error) or reason))
        self.deliver(outcomes)

    def deliver(self, outcomes: list[TaskOutcome]) -> None:
        """Keep, count and hand on outcomes that were settled."""
        if self._recorder is not None:
            self._recorder.take(outcomes)
        for outcome in outcomes:
            if outcome.error is not None and outcome.error.code:
                known = outcome.error.code in self._errors or len(self._errors) < MAX_CODES
                code = outcome.error.code if known else OTHER_CODES
                self._errors[code] = self._errors.get(code, 0) + 1
            if outcome.state is not _ADDED and not (outcome.state is OutcomeState.EXISTED and self._existed_is_ok):
                self._keep_failure(outcome)
        if outcomes:
            self._deliver(outcomes, sum(len(outcome.body or b"") for outcome in outcomes))

    def next_outcomes(self) -> list[TaskOutcome] | None:
        """What has become known and was not read yet, oldest first."""
        if not self._outbox:
            self.ready.clear()
            return None
        self.flush()
        outcomes, size = self._outbox.popleft()
        self.unread -= len(outcomes)
        self.unread_bytes -= size
        return outcomes

    def flush(self) -> None:
        """Write to the journal what is about to be told."""
        if self._recorder is not None:
            self._recorder.flush()

    def fill(self, report: SubmissionReport) -> SubmissionReport:
        """The report with the counts and what was kept."""
        self.flush()
        return msgspec.structs.replace(
            report,
            **{state.value: count for state, count in self.counts.items()},
            failures=tuple(self._failures),
            failures_truncated=self._truncated,
            outcomes=tuple(self._outcomes),
            errors=dict(self._errors),
            existed_is_ok=self._existed_is_ok,
            resumed=self.resumed,
        )

    def _keep_failure(self, outcome: TaskOutcome) -> None:
        if self._keep == "none":
            return
        if len(self._failures) < MAX_FAILURES and self._failure_bytes < MAX_FAILURE_BYTES:
            self._failures.append(outcome)
            self._failure_bytes += len(outcome.body or b"")
        else:
            self._truncated = True

    def _deliver(self, outcomes: list[TaskOutcome], size: int = 0) -> None:
        if self._keep == "all":
            self._outcomes += outcomes
        if self._sink is not None:
            self._sink(outcomes)
        if self._reading:
            self._outbox.append((outcomes, size))
            self.unread += len(outcomes)
            self.unread_bytes += size
            self.ready.set()
