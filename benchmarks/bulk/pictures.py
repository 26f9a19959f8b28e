"""The pictures of the bulk benchmark: CPU a task side by side, memory over tasks.

Law: what is drawn are the medians that the tables show; where rounds differ, the lowest and highest stand beside them.
"""

from __future__ import annotations

from statistics import median
from typing import Any

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from benchmarks import canvas
from benchmarks.markdown import digits
from benchmarks.rounds import Run

from . import memory as part
from .clients import LISTED
from .rounds import microseconds, of, ratio
from .shapes import SIZES

_MARKERS = "os^D"
_PACKAGES = ("aiohttp", "httpx", "azure-batch")


def cpu(found: dict[str, Any]) -> Figure:
    """A panel for each size, a bar for each client."""
    rounds: list[list[Run]] = found["clients"]
    names = list(dict.fromkeys(run["client"] for run in rounds[0]))
    sizes = list(dict.fromkeys(run["size"] for run in rounds[0]))
    note = f"Without building the input; {found['how']};\n{_conditions(found, rounds)}"
    made = canvas.figure(
        (3.4 + 2.6 * len(sizes), 1.2 + 0.42 * len(names)), "CPU of the client, microseconds a task (x floor)", note
    )
    for axes, size in zip(canvas.panels(made, 1, len(sizes), sharey=True), sizes, strict=True):
        _bars(axes, rounds, names, size)
    return made


def _bars(axes: Axes, rounds: list[list[Run]], names: list[str], size: str) -> None:
    costs = [[microseconds(run) for run in of(rounds, name, size)] for name in names]
    middles = [median(each) for each in costs]
    lower = [median(each) - min(each) for each in costs]
    upper = [max(each) - median(each) for each in costs]
    colors = [_color(name) for name in names]
    bars = axes.barh(range(len(names)), middles, xerr=[lower, upper], color=colors, ecolor="#555555", height=0.62)
    labels = [_label(middle, ratio(rounds, size, name, "floor")) for name, middle in zip(names, middles, strict=True)]
    axes.bar_label(bars, labels, padding=4, fontsize=8)
    axes.set_yticks(range(len(names)), [f"{name}: {LISTED[name].about}" for name in names])
    axes.set_title(f"{size}, {SIZES[size]:,} bytes")
    axes.grid(visible=False, axis="y")
    axes.margins(x=0.6)
    axes.set_ylim(len(names) - 0.5, -0.5)


def _label(middle: float, over: float | None) -> str:
    return digits(middle) if over is None else f"{digits(middle)} ({digits(over)} x)"


def _color(name: str) -> str:
    if name.startswith("batchio"):
        return canvas.OURS
    return canvas.OTHERS[0] if name == "azure-batch" else canvas.QUIET


def memory(found: dict[str, Any]) -> Figure:
    """A line for each client and what it has in flight."""
    rounds: list[list[Run]] = found["memory"]
    made = canvas.figure(
        (9, 3.6),
        "Memory at the peak, megabytes above the imports",
        f"Small tasks, the input included; {_conditions(found, rounds)}",
    )
    (axes,) = canvas.panels(made, 1, 1)
    for number, ((client, how), grown) in enumerate(part.growths(rounds).items()):
        middles = {count: median(each) for count, each in sorted(grown.items())}
        last = f"{digits(middles[max(middles)])} MB at {max(middles):,}"
        axes.plot(
            list(middles),
            list(middles.values()),
            label=f"{client}, {how} in flight: {last}",
            color=_color(client),
            marker=_MARKERS[number % len(_MARKERS)],
        )
    axes.set_xlabel("tasks")
    axes.xaxis.set_major_formatter("{x:,.0f}")
    axes.set_ylim(bottom=0)
    axes.legend(fontsize=8)
    return made


def _conditions(found: dict[str, Any], rounds: list[list[Run]]) -> str:
    packages = ", ".join(f"{name} {found['packages'][name]}" for name in _PACKAGES)
    return f"medians of {len(rounds)} rounds; Python {found['python']}, {packages}, {found['cores']} cores."
