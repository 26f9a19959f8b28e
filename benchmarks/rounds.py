"""Rounds: every contestant once, then all of them again.

Law: a ratio is one round's; what is quoted is the median of the rounds' ratios.
"""

from __future__ import annotations

from collections.abc import Iterable
from statistics import median
from typing import Any

Run = dict[str, Any]
"""What one process has measured."""


def median_ratio(ones: Iterable[float], others: Iterable[float]) -> float | None:
    """One value a round over another; None without both."""
    pairs = list(zip(ones, others, strict=False))
    return median(one / other for one, other in pairs) if pairs else None
