"""Goals: a measured value beside what it has to be.

Law: the numbers stand with the benchmark that measures them; this compares and shows.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from . import markdown
from .markdown import digits


@dataclass(frozen=True, kw_only=True)
class Goal:
    """A measured value beside its limit and aim; `above` tells which side of them is good.

    `limit` is what has to be kept, `aim` the stricter one of a design; None: nothing yet.
    """

    what: str
    measured: float
    limit: float | None
    aim: float | None = None
    above: bool = False
    unit: str = ""

    def row(self, *, with_aim: bool) -> list[str]:
        """The goal's line of the table."""
        beside = [*self._beside(self.limit), *(self._beside(self.aim) if with_aim else ())]
        return [self.what, digits(self.measured) + self.unit, *beside]

    def _beside(self, bound: float | None) -> tuple[str, str]:
        if bound is None:
            return "", ""
        good = self.measured >= bound if self.above else self.measured <= bound
        return f"{'>=' if self.above else '<='} {bound:g}{self.unit}", "yes" if good else "NO"


def table(goals: Sequence[Goal]) -> str:
    """All goals with a yes or NO for the limit, and for the aim where there is one."""
    with_aim = any(goal.aim is not None for goal in goals)
    heads = ("goal", "measured", "limit", "met", *(("aim (engine.md)", "met") if with_aim else ()))
    return markdown.table(heads, [goal.row(with_aim=with_aim) for goal in goals])
