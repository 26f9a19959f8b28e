"""Runs that go on with one journal, judged together (engine.md, checker rule 7).

Law: whatever happened between the runs, journal and service together equal the input, and nothing is told twice.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from batchio import SubmissionError, SubmissionReport, TaskOutcome
from batchio.bulk.journal import Kind
from batchio.bulk.journal_file import read

from .driving import WITHIN, leaves_nothing, settled

if TYPE_CHECKING:
    from collections.abc import Callable

    from batchio import BatchClient

    from .service import ScriptedService

FINAL = ("added", "existed", "rejected")


@dataclass(kw_only=True, eq=False)
class Runs:
    """One journal, one service, and what all the runs have told. `path`: of the journal."""

    client: BatchClient
    service: ScriptedService
    path: Path
    told: dict[int, TaskOutcome] = field(default_factory=dict[int, TaskOutcome])
    """Final outcomes by index."""
    report: SubmissionReport = field(default_factory=SubmissionReport)
    error: SubmissionError | None = None

    async def run(self, tasks: Any, *, until: Callable[[Runs], bool] | None = None, **options: Any) -> SubmissionReport:
        """Submit, or go on; `until`: leave the run as soon as this holds, with `run.stop()`."""
        self.error = None
        now = dict[int, TaskOutcome]()
        with leaves_nothing():
            async with (
                asyncio.timeout(WITHIN),
                self.client.tasks.submitting(self.service.job, tasks, journal=self.path, **options) as run,
            ):
                try:
                    async for outcomes in run:
                        for outcome in outcomes:
                            assert outcome.index not in now, f"told twice in one run: {outcome}"
                            now[outcome.index] = outcome
                        self.receive(outcomes)
                        if until is not None and until(self):
                            run.stop()
                except SubmissionError as error:
                    self.error = error
            self.report = run.report
            await settled()
        self._adds_up(now)
        return self.report

    def receive(self, outcomes: Sequence[TaskOutcome]) -> None:
        """Outcomes that a run handed out just now."""
        for outcome in outcomes:
            before = self.told.get(outcome.index)
            assert before is None, f"told again: {before}, then {outcome}"
            if outcome.state in FINAL:
                self.told[outcome.index] = outcome

    def _adds_up(self, now: dict[int, TaskOutcome]) -> None:
        report = self.report
        open_now = Counter(str(each.state) for each in now.values() if each.state not in FINAL)
        for state in ("gave_up", "unknown", "not_sent"):
            assert getattr(report, state) == open_now[state]
        total = sum(getattr(report, state) for state in (*FINAL, "gave_up", "unknown", "not_sent"))
        assert total == report.taken, report
        assert report.taken == report.resumed + len(now)

    def check(self, ids: Sequence[str | None], *, crashed: bool = False) -> None:
        """(7) Journal and service together equal the input.

        `crashed`: outcomes may have been written that nobody was told.
        """
        assert not self.service.violations, self.service.violations[:5]
        state = read(str(self.path))
        assert state.lost == 0
        found = state.settled()
        assert list(found.done) == ([(0, len(ids))] if ids else []), found.done
        counts = {kind.name.lower(): count for kind, count in found.counts.items()}
        assert counts == {state: getattr(self.report, state) for state in FINAL}
        assert self.report.taken == len(ids)
        truth = self.service.truth
        for folded, adds in truth.adds.items():
            assert adds == 1, f"{folded} was added {adds} times"
        in_job = {each.lower() for each in ids if each is not None and truth.has(each)}
        assert set(truth.adds) <= in_job
        assert counts["added"] + counts["existed"] + counts["rejected"] == len(ids)
        told = Counter(str(each.state) for each in self.told.values())
        if not crashed:
            assert {state: told[state] for state in FINAL} == counts
        else:
            assert all(told[state] <= counts[state] for state in FINAL)
        for outcome in self.told.values():
            if outcome.state in ("added", "existed"):
                assert outcome.task_id is not None
                assert truth.has(outcome.task_id), outcome
                assert outcome.task_id == ids[outcome.index]

    def counts(self) -> dict[str, int]:
        """What the journal holds."""
        found = read(str(self.path)).settled().counts
        return {kind.name.lower(): found[kind] for kind in (Kind.ADDED, Kind.EXISTED, Kind.REJECTED)}
