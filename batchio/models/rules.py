"""Short names for what is said of many fields alike.

Law: an alias adds a `Rule` and never a type of our own; to every tool `Needed[str]` is `str | None`. They nest:
`ReadOnly[Since2022_10[str]]`.
"""

from __future__ import annotations

from datetime import timedelta
from typing import Annotated, TypeVar

from .base import Rule

T = TypeVar("T")

Needed = Annotated[T | None, Rule(required=True)]
"""Must be sent. It is `None` where the service left the field out of an answer (`$select`), and in a PATCH."""

ReadOnly = Annotated[T | None, Rule(read_only=True)]
"""Comes from the service and is never sent."""

Secret = Annotated[T | None, Rule(secret=True)]
"""Hidden in `repr`, logs and error texts."""

Private = Annotated[T | None, Rule(private=True)]
"""Comes back as it was sent; hidden in `repr`, because it may hold a secret."""

# The first and the last api-version that has a field, as far back as versions can be chosen.
Since2020_03 = Annotated[T | None, Rule(since="2020-03-01.11.0")]
Since2020_09 = Annotated[T | None, Rule(since="2020-09-01.12.0")]
Since2021_06 = Annotated[T | None, Rule(since="2021-06-01.14.0")]
Since2022_01 = Annotated[T | None, Rule(since="2022-01-01.15.0")]
Since2022_10 = Annotated[T | None, Rule(since="2022-10-01.16.0")]
Since2023_05 = Annotated[T | None, Rule(since="2023-05-01.17.0")]
Since2023_11 = Annotated[T | None, Rule(since="2023-11-01.18.0")]
Since2024_02 = Annotated[T | None, Rule(since="2024-02-01.19.0")]
Since2024_07 = Annotated[T | None, Rule(since="2024-07-01.20.0")]
Since2025_06 = Annotated[T | None, Rule(since="2025-06-01")]
Until2019_08 = Annotated[T | None, Rule(until="2019-08-01.10.0")]
Until2020_03 = Annotated[T | None, Rule(until="2020-03-01.11.0")]
Until2024_02 = Annotated[T | None, Rule(until="2024-02-01.19.0")]
Until2024_07 = Annotated[T | None, Rule(until="2024-07-01.20.0")]

ResourceId = Annotated[str, Rule(max_length=64, pattern=r"^[a-zA-Z0-9_-]+$")]
"""1 to 64 letters, digits, hyphens and underscores; the letter case is kept, and ignored in comparisons."""

DisplayName = Annotated[str, Rule(max_length=1024)]
"""Up to 1024 characters of any kind; need not be unique."""

Priority = Annotated[int, Rule(ge=-1000, le=1000)]
"""-1000 is the lowest, 1000 the highest, 0 the default."""

Int64 = Annotated[int, Rule(int64=True)]
"""A number on the wire before 2024-07-01.20.0, a decimal string from then on; read either way."""

AutoScaleFormula = Annotated[str, Rule(max_length=8192)]
"""The formula that decides how many nodes a pool has."""

EvaluationInterval = Annotated[timedelta, Rule(ge=timedelta(minutes=5), le=timedelta(hours=168))]
"""How often a formula is evaluated."""

ResizeTimeout = Annotated[timedelta, Rule(ge=timedelta(minutes=5))]
"""How long nodes may take to come or go."""

AtLeastAMinute = Annotated[timedelta, Rule(ge=timedelta(minutes=1))]
"""An interval of a schedule."""

TaskSlots = Annotated[int, Rule(le=256)]
"""Tasks at a time on one node; the service also allows no more than 4 for each core."""

FrontendPort = Annotated[int, Rule(ge=1, le=65534)]
"""A port to the outside; the service keeps 50000 to 55000 for itself."""

BatchPercent = Annotated[int, Rule(ge=5, le=100)]
"""A share of the nodes, in percent."""
