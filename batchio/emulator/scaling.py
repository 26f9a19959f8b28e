"""What a pool knows that scales by a formula.

Law: a pool has this from the moment at which a formula begins to scale it until no formula does.
"""

from __future__ import annotations

from typing import Any

import msgspec

from .autoscale.history import History


class Scaling(msgspec.Struct, eq=False, kw_only=True):
    """`enabled` is when it was last enabled, `next_run` when the formula is evaluated next, `run` its last run."""

    enabled: int
    next_run: int
    history: History
    run: dict[str, Any] | None = None
