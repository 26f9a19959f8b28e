"""What comes again and again: the runs of schedules and of formulas.

Law: however far the clock is moved, this comes to an end: of more runs than can be made at once the last ones are.
"""

from __future__ import annotations


def run_after(run: int, interval: int, last: int, most: int) -> int:
    """When the next run is due: after `run`, and so that at most `most` are due until `last`, but at least one.

    >>> run_after(100, 10, 125, 5), run_after(0, 1, 1_000_000, 5)
    (110, 999996)
    """
    due = run + interval
    left_out = (last - due) // interval + 1 - max(most, 1)
    return due + max(left_out, 0) * interval
