"""Rows for people: which columns a listing has, and how a value looks in one.

Law: pure. What the service says cannot move the cursor or change a colour: only printable characters get out.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import msgspec
from rich.cells import cell_len, set_cell_size

from .fields import leaves

if TYPE_CHECKING:
    from ...models.base import Model

_TELLING = (
    *("id", "name", "poolId", "nodeAgentSKUId", "thumbprintAlgorithm", "thumbprint", "vmExtension.name"),
    *("state", "provisioningState", "allocationState", "isDirectory", "exitCode", "executionInfo.exitCode"),
    *("executionInfo.result", "executionInfo.failureInfo.code", "priority", "poolInfo.poolId", "nodeInfo.nodeId"),
    *("nodeId", "vmSize", "isDedicated", "runningTasksCount", "currentDedicatedNodes", "targetDedicatedNodes"),
    *("currentLowPriorityNodes", "targetLowPriorityNodes", "dedicated.total", "dedicated.idle", "dedicated.running"),
    *("lowPriority.total", "lowPriority.idle", "lowPriority.running", "imageReference.publisher"),
    *("imageReference.offer", "imageReference.sku", "osType", "jobPreparationTaskExecutionInfo.state"),
    *("jobReleaseTaskExecutionInfo.state", "properties.contentLength", "properties.lastModified", "startTime"),
    *("endTime", "totalCoreHours", "executionInfo.nextRunTime", "versions", "creationTime"),
)
"""What tells most of a thing, whatever it is, in the order in which it is shown."""

_GAP = "  "
_NARROW = 8
"""A column is never cut to less than this."""


def columns_of(item: type[Model], select: str | None) -> list[str]:
    """The columns of a listing: those that were asked for, or else what tells most of such an item."""
    if select:
        return [name.strip() for name in select.split(",") if name.strip()]
    paths = {leaf.path for leaf in leaves(item)}
    return [path for path in _TELLING if path in paths]


def cells_of(item: Mapping[str, Any], columns: Sequence[str]) -> list[str]:
    """An item's row."""
    return [cell(_at(item, path)) for path in columns]


def lines_of(item: Mapping[str, Any]) -> list[tuple[str, str]]:
    """One thing as names and values, what is inside of it under its whole path."""
    return [(path, cell(value)) for path, value in _flat(item, "")]


def cell(value: Any) -> str:
    """A value in one line."""
    if value is None:
        return ""
    text = value if isinstance(value, str) else msgspec.json.encode(value).decode()
    return text if text.isprintable() else "".join(map(_printable, text))


def widths_of(rows: Iterable[Sequence[str]], most: int | None) -> list[int]:
    """How wide each column has to be. `most`: what a line can hold; the widest columns are cut to get there."""
    widths = [max(map(cell_len, column)) for column in zip(*rows, strict=True)]
    if most is None:
        return widths
    room = most - len(_GAP) * (len(widths) - 1)
    while sum(widths) > room and (widest := max(widths)) > _NARROW:
        widths[widths.index(widest)] -= 1
    return widths


def line_of(row: Sequence[str], widths: Sequence[int], *, cut: bool) -> str:
    """A row as a line. `cut`: what is too long ends in an ellipsis; otherwise it pushes the others on."""
    return _GAP.join(_fit(text, width, cut=cut) for text, width in zip(row, widths, strict=True)).rstrip()


def _fit(text: str, width: int, *, cut: bool) -> str:
    size = cell_len(text)
    if size <= width:
        return text + " " * (width - size)
    return set_cell_size(text, width - 1) + "…" if cut else text


def _at(item: Any, path: str) -> Any:
    for name in path.replace("/", ".").split("."):
        item = item.get(name) if isinstance(item, dict) else None
    return item


def _flat(item: Mapping[str, Any], before: str) -> Iterable[tuple[str, Any]]:
    for name, value in item.items():
        if isinstance(value, dict) and value:
            yield from _flat(value, f"{before}{name}.")
        else:
            yield f"{before}{name}", value


def _printable(letter: str) -> str:
    return letter if letter.isprintable() else letter.encode("unicode_escape").decode()
