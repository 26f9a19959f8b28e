"""Tables, medians and their spread as Markdown.

Law: text only; nothing is measured or judged here.
"""

from __future__ import annotations

from collections.abc import Sequence


def table(heads: Sequence[str], rows: Sequence[Sequence[str]], left: int = 1) -> str:
    """A table whose first `left` columns are text and the others numbers."""
    widths = [max(map(len, column)) for column in zip(heads, *rows, strict=True)]
    lines = [_line(heads, widths, left), _rule(widths, left)]
    lines += [_line(row, widths, left) for row in rows]
    return "\n".join(lines)


def _line(cells: Sequence[str], widths: Sequence[int], left: int) -> str:
    padded = [
        cell.ljust(width) if number < left else cell.rjust(width)
        for number, (cell, width) in enumerate(zip(cells, widths, strict=True))
    ]
    return f"| {' | '.join(padded)} |"


def _rule(widths: Sequence[int], left: int) -> str:
    cells = ["-" * width if number < left else "-" * (width - 1) + ":" for number, width in enumerate(widths)]
    return f"| {' | '.join(cells)} |"


def digits(value: float) -> str:
    """A number as one reads it: three digits that mean something."""
    if abs(value) >= 100:
        return f"{value:,.0f}"
    return f"{value:.1f}" if abs(value) >= 10 else f"{value:.2f}"


def times(value: float | None) -> str:
    """A ratio, nothing where there is none."""
    return "" if value is None else digits(value)


def spread(values: Sequence[float]) -> str:
    """Lowest and highest of the repeated runs."""
    return f"{digits(min(values))}-{digits(max(values))}"
