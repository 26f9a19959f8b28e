"""The picture of a storm: what each controller gets delivered over time, and what it sends in vain.

Law: both panels belong together. A fixed window delivers as well as any other, because it asks again without end.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from benchmarks import canvas

from .controllers import CONTROLLERS, OURS
from .measure import SLICES, Run
from .scenarios import SCENARIOS, Scenario

_PREFERRED = "H"
_COLORS = dict(zip((name for name in CONTROLLERS if name != OURS), canvas.OTHERS, strict=True))


def storm(found: dict[str, Any]) -> Figure:
    """One scenario with the first seed of each controller: H where it was run, the first one otherwise."""
    runs = [Run(**each) for each in found["simulation"]]
    name = next((run.scenario for run in runs if run.scenario == _PREFERRED), runs[0].scenario)
    scenario = SCENARIOS[name]
    note = f"Simulated, seed {runs[0].seed}. Goodput: delivered, over what the service could deliver"
    made = canvas.figure(
        (9, 5.2), f"Through a storm: {scenario.what}", f"{note}, outages left out." if scenario.outage else f"{note}."
    )
    delivered, refused = canvas.panels(made, 2, 1, sharex=True)
    _outline(scenario, delivered, refused)
    for run in _first_of_each(run for run in runs if run.scenario == name):
        who = CONTROLLERS[OURS].what if run.controller == OURS else run.controller
        _step(delivered, run, run.delivered_by_time, f"{who}: goodput {run.goodput:.1%}")
        _step(refused, run, run.refused_by_time, f"{who}: {run.refused:.1%} refused")
    for axes in (delivered, refused):
        axes.legend(loc="upper left", bbox_to_anchor=(1.0, 1.0), fontsize=8)
    return made


def _outline(scenario: Scenario, delivered: Axes, refused: Axes) -> None:
    delivered.set_title("delivered, requests/s")
    refused.set_title("refused, requests/s (logarithmic)")
    # Nearly nothing for some and thousands for others; below one a second the scale is linear, to have a zero.
    refused.set_yscale("symlog", linthresh=1)
    refused.yaxis.set_major_formatter("{x:,.0f}")
    refused.set_xlabel("seconds")
    delivered.axhline(scenario.rate, color=canvas.QUIET, linewidth=0.8, linestyle=":")
    if scenario.outage:
        for axes in (delivered, refused):
            axes.axvspan(*scenario.outage, color="#f2f2f2", zorder=0)


def _first_of_each(runs: Iterable[Run]) -> Iterable[Run]:
    first: dict[str, Run] = {}
    for run in runs:
        first.setdefault(run.controller, run)
    return first.values()


def _step(axes: Axes, run: Run, counts: Sequence[int], label: str) -> None:
    at = [number / SLICES for number in range(len(counts))]
    rates = [count * SLICES for count in counts]
    color, width, above = (canvas.OURS, 1.8, 3) if run.controller == OURS else (_COLORS[run.controller], 1.0, 2)
    axes.step(at, rates, where="post", label=label, color=color, linewidth=width, zorder=above)
