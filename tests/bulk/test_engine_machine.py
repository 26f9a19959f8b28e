"""The engine as a state machine: whatever happens in whatever order, the checker agrees.

A failure prints the steps, which can be pasted into a test.
"""

from __future__ import annotations

import shutil
import tempfile
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)
from scripted import Act
from simulated.play import ACTS, Play

UNHURRIED = [HealthCheck.too_slow, HealthCheck.filter_too_much, HealthCheck.data_too_large]
QUICK = settings(max_examples=50, stateful_step_count=30, derandomize=True, suppress_health_check=UNHURRIED)
LONG = settings(max_examples=150, stateful_step_count=60, suppress_health_check=UNHURRIED)


class Submitting(RuleBasedStateMachine):
    """A submission with or without a journal."""

    play: Play | None = None
    folder: Path | None = None
    options: dict[str, Any]

    @initialize(
        in_journal=st.booleans(),
        max_requests=st.integers(1, 4),
        attempts=st.sampled_from([1, 3, 10]),
        max_body=st.sampled_from([1_000, 950_000]),
        details=st.booleans(),
    )
    def begin(self, *, in_journal: bool, max_requests: int, attempts: int, max_body: int, details: bool) -> None:
        self.folder = Path(tempfile.mkdtemp()) if in_journal else None
        self.options = {
            "max_requests": max_requests,
            "attempts": attempts,
            "max_body": max_body,
            "details": details,
            # A machine may leave the service away for as long as it likes.
            "patience": 9_999.0,
        }
        self.play = Play(self.folder, **self.options)

    @precondition(lambda self: self.play is not None and self.play.is_over)
    @rule()
    def begin_again(self) -> None:
        """Without a journal nothing follows a cancelled run."""
        self.now.end()
        self.play = Play(self.folder, **self.options)

    @property
    def now(self) -> Play:
        assert self.play is not None
        return self.play

    def goes_on(self) -> bool:
        return self.play is not None and not self.play.is_over

    def keeps_journal(self) -> bool:
        return self.goes_on() and self.folder is not None

    @precondition(goes_on)
    @rule(count=st.integers(1, 250))
    def push(self, count: int) -> None:
        first = len(self.now.ids)
        self.now.push([f"task-{number}" for number in range(first, first + count)])

    @precondition(lambda self: self.goes_on() and self.play.ids)
    @rule(back=st.integers(1, 300), is_upper=st.booleans())
    def push_a_twin(self, back: int, *, is_upper: bool) -> None:
        ids = self.now.ids
        twin = ids[max(0, len(ids) - back)]
        self.now.push([twin.upper() if is_upper else twin.lower()])

    @precondition(goes_on)
    @rule(acts=st.lists(st.sampled_from(ACTS), min_size=1, max_size=4))
    def fault(self, acts: list[Act]) -> None:
        self.now.troubles.acts.extend(acts)

    @precondition(goes_on)
    @rule(count=st.integers(1, 150))
    def fail_tasks(self, count: int) -> None:
        self.now.troubles.failing += count

    @precondition(goes_on)
    @rule(is_there=st.booleans())
    def come_and_go(self, *, is_there: bool) -> None:
        self.now.do(self.now.service.start() if is_there else self.now.service.stop())

    @precondition(goes_on)
    @rule(seconds=st.sampled_from([0.0, 0.01, 0.06, 0.11, 0.5, 3.0, 15.0, 60.0]))
    def time(self, seconds: float) -> None:
        self.now.wait(seconds)

    @precondition(goes_on)
    @rule(on=st.booleans())
    def consumer(self, *, on: bool) -> None:
        self.now.read(on=on)

    @precondition(lambda self: self.goes_on() and (self.folder or len(self.now.ids) > 200))
    @rule(count=st.integers(0, 150))
    def cancel(self, count: int) -> None:
        self.push_on_its_way(count)
        self.now.cancel()

    @precondition(keeps_journal)
    @rule(count=st.integers(0, 150))
    def kill(self, count: int) -> None:
        self.push_on_its_way(count)
        self.now.kill()

    def push_on_its_way(self, count: int) -> None:
        """More input, so short before the end that its requests are on their way, where there is room for them."""
        if count:
            self.push(count)
            self.now.wait(0.08)

    @invariant()
    def holds(self) -> None:
        if self.play is not None:
            self.play.look()

    def teardown(self) -> None:
        try:
            if self.play is not None:
                self.play.end()
        finally:
            if self.folder is not None:
                shutil.rmtree(self.folder)


def test_submitting_is_right_whatever_happens() -> None:
    run_state_machine_as_test(Submitting, settings=QUICK)


@pytest.mark.slow
def test_submitting_is_right_whatever_happens_for_long() -> None:
    run_state_machine_as_test(Submitting, settings=LONG)
