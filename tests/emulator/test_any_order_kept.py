"""Whatever happens in any order is written, and what was written is there after a start.

Law: as `test_any_order`; the file is a mapping here, so that thousands of writes take no time.
"""

from __future__ import annotations

import pytest
from hypothesis import HealthCheck, settings
from hypothesis.stateful import invariant, run_state_machine_as_test

from batchio.emulator import Clock
from batchio.emulator.changes import Changes
from batchio.emulator.database import Row
from batchio.emulator.restore import restore
from batchio.emulator.store import Store

from .persistence import records
from .test_any_order import AnyOrder


class AnyOrderKept(AnyOrder):
    """The same, written down after every step."""

    def __init__(self) -> None:
        super().__init__()
        self.store.changes = Changes()
        self.rows: dict[tuple[int, int], Row] = {}

    def write(self) -> None:
        """What a write does to the file."""
        changes, self.store.changes = self.store.changes, Changes()
        assert changes is not None
        write = changes.write(self.store.account())
        assert not write.all
        for home in write.homes:
            self.rows = {key: row for key, row in self.rows.items() if key[0] != home}
        for at in range(0, len(write.gone), 2):
            self.rows.pop((write.gone[at], write.gone[at + 1]), None)
        for at in range(0, len(write.put), 4):
            row = Row._make(write.put[at : at + 4])
            self.rows[row.home, row.born] = row

    @invariant()
    def what_is_there_is_written(self) -> None:
        self.write()
        written = {key: row.record for key, row in self.rows.items() if key != (0, 0)}
        there = records(self.store)
        # Samples of a formula that was taken away stay until there are others.
        assert {key: record for key, record in written.items() if key[1] or key in there} == there

    @invariant()
    def what_is_written_is_there_again(self) -> None:
        again = Store(Clock(self.clock.now(), frozen=True), simulate=True)
        restore(again, [self.rows[key] for key in sorted(self.rows)])
        assert records(again) == records(self.store)
        for job in self.store.jobs.all():
            other = again.job(job.id)
            assert (other.tasks_in, other.slots_in, other.failed) == (job.tasks_in, job.slots_in, job.failed)
            assert other.runs.keys() == job.runs.keys()
        for pool in self.store.pools.all():
            assert [node.used for node in again.pool(pool.id).nodes.all()] == [node.used for node in pool.nodes.all()]


def test_any_order_is_kept() -> None:
    run_state_machine_as_test(AnyOrderKept, settings=settings(max_examples=40, stateful_step_count=40))


@pytest.mark.slow
def test_any_long_order_is_kept() -> None:
    many = settings(
        max_examples=100,
        stateful_step_count=60,
        suppress_health_check=[HealthCheck.too_slow],
    )
    run_state_machine_as_test(AnyOrderKept, settings=many)
