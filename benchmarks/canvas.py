"""What all pictures share: their look, and how they are written.

Law: the same data give the same bytes, whatever the user has set for matplotlib; text stays text, so that a picture is
small and a diff of it can be read. The background is white, which suits a dark page, too.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from matplotlib import style
from matplotlib.axes import Axes
from matplotlib.figure import Figure

OURS, OTHERS = "#0072b2", ("#d55e00", "#009e73", "#cc79a7")
"""Colors that colorblind readers can tell apart (Okabe and Ito)."""

QUIET = "#9a9a9a"
"""Of what is only there to compare with."""

# Any: how matplotlib types the names changes from one release to the next.
_LOOK: Any = {
    # Names inside the file are random without it.
    "svg.hashsalt": "batchio",
    "svg.fonttype": "none",
    "font.size": 9.0,
    "axes.titlesize": 9.0,
    "axes.titlelocation": "left",
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.axisbelow": True,
    "axes.grid": True,
    "grid.color": "#e6e6e6",
    "legend.frameon": False,
}


def write(draw: Callable[[dict[str, Any]], Figure], found: dict[str, Any], file: Path) -> None:
    """Draw what was found and write it as SVG."""
    with style.context(["default", _LOOK]):
        # The day and the version would be all that changes from one drawing of the same data to the next.
        draw(found).savefig(file, format="svg", metadata={"Date": None, "Creator": None})


def figure(inches: tuple[float, float], title: str, note: str) -> Figure:
    """An empty figure with what it shows above and how it was measured below."""
    made = Figure(figsize=inches, layout="constrained")
    made.suptitle(title, x=0.01, ha="left", fontsize=11, fontweight="bold")
    made.supxlabel(note, x=0.01, ha="left", fontsize=8, color="#555555")
    return made


def panels(made: Figure, rows: int, columns: int, **how: Any) -> list[Axes]:
    """The figure's axes, row by row."""
    return list(made.subplots(rows, columns, squeeze=False, **how).flat)
