"""How many runs there are when the clock is moved far."""

from __future__ import annotations

import pytest

from batchio.emulator.recurring import run_after


@pytest.mark.parametrize(
    ("last", "most", "runs"),
    [
        (50, 5, [10, 20, 30, 40, 50]),
        (59, 5, [10, 20, 30, 40, 50]),
        (60, 5, [20, 30, 40, 50, 60]),
        (60, 1, [60]),
        (60, 0, [60]),
        (60, 2, [50, 60]),
        (9, 5, []),
    ],
)
def test_of_more_recurring_runs_than_can_be_made_the_last_ones_are(last: int, most: int, runs: list[int]) -> None:
    made: list[int] = []
    due = run_after(0, 10, last, most)
    while due <= last:
        made.append(due)
        due = run_after(due, 10, last, most)
    assert made == runs
    assert last < due <= last + 10
