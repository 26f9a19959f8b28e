"""What was measured as Markdown, with the goals and whether they are met.

Law: text only. Means of the seeds; for `back` and fairness the worst of them.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from statistics import fmean

from benchmarks import markdown

from .controllers import OURS
from .measure import Run
from .scenarios import SCENARIOS, Goal, Scenario
from .sockets import SocketRun

_HEADS = ("scenario", "controller", "goodput", "refused", "back, s", "Jain", "goal", "met")


def simulated(runs: Sequence[Run]) -> str:
    """A row for each scenario and controller."""
    pairs = list(dict.fromkeys((run.scenario, run.controller) for run in runs))
    rows = [
        _row(SCENARIOS[name], who, [run for run in runs if (run.scenario, run.controller) == (name, who)])
        for name, who in pairs
    ]
    return markdown.table(_HEADS, rows, left=2)


def _row(scenario: Scenario, who: str, runs: Sequence[Run]) -> list[str]:
    goodput, refused = fmean(run.goodput for run in runs), fmean(run.refused for run in runs)
    back = max(run.back for run in runs)
    jain = min((run.jain for run in runs if run.jain is not None), default=None)
    return [
        f"{scenario.name} {scenario.what}",
        who,
        f"{goodput:.1%}",
        f"{refused:.2%}",
        "never" if math.isinf(back) else f"{back:.1f}",
        "" if jain is None else f"{jain:.3f}",
        goal_text(scenario.goal),
        "yes" if is_met(scenario.goal, goodput, refused, back, jain) else "NO",
    ]


def goal_text(goal: Goal) -> str:
    """A goal as one reads it."""
    parts = [
        None if goal.goodput is None else f">= {goal.goodput:.0%}",
        None if goal.refused is None else f"<= {goal.refused * 100:g} %",
        None if goal.back is None else f"back <= {goal.back:g} s",
        None if goal.jain is None else f"Jain >= {goal.jain:g}",
    ]
    return ", ".join(part for part in parts if part)


def is_met(goal: Goal, goodput: float, refused: float, back: float, jain: float | None) -> bool:
    """Whether everything that a goal asks for is reached."""
    return (
        (goal.goodput is None or goodput >= goal.goodput)
        and (goal.refused is None or refused <= goal.refused)
        and (goal.back is None or back <= goal.back)
        and (goal.jain is None or (jain is not None and jain >= goal.jain))
    )


def met(runs: Sequence[Run]) -> str:
    """How many of the scenarios ours reaches."""
    names = list(dict.fromkeys(run.scenario for run in runs if run.controller == OURS))
    missed = [
        name
        for name in names
        if _row(SCENARIOS[name], OURS, [run for run in runs if (run.scenario, run.controller) == (name, OURS)])[-1]
        == "NO"
    ]
    return f"ours: {len(names) - len(missed)} of {len(names)} scenarios met" + (
        f"; missed: {', '.join(missed)}" if missed else ""
    )


def over_sockets(runs: Sequence[SocketRun]) -> str:
    """A row for each service, all runs of it."""
    heads = ("service", "tasks/s", "goodput", "with the burst", "refused", "requests", "seconds", "met")
    return markdown.table(heads, [_socket_row(run) for run in runs])


def _socket_row(run: SocketRun) -> list[str]:
    limited = run.setting.capacity is not None
    return [
        run.setting.what,
        f"{run.rate:,.0f}",
        f"{run.goodput:.1%}" if limited else "",
        f"{run.strict_goodput:.1%}" if limited else "",
        f"{run.refused / run.requests:.2%}",
        f"{run.requests:,}",
        f"{run.elapsed:.1f}",
        "yes" if run.is_met else "NO",
    ]
