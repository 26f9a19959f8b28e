"""Rows for people: which columns a listing has, and how a value looks in one.

Law: pure. What the service says cannot move the cursor or change a colour: only printable characters get out, and
no signature of a URL; who needs that asks for JSON.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import msgspec
from rich.cells import cell_len, set_cell_size

from ...hiding import shown, without_secrets
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
_FEWEST = 3
"""So many columns are never left out."""

_NARROW = 8
"""A column is never cut to less than this."""


def columns_of(item: type[Model], select: str | None) -> list[str]:
    """The columns of a listing: those that were asked for, or else what tells most of such an item."""
    if names := [name.strip() for name in (select or "").split(",") if name.strip()]:
        return names
    paths = {leaf.path for leaf in leaves(item)}
    return [path for path in _TELLING if path in paths]


class Table:
    """A table whose first rows say how wide its columns are; those that come later cannot change that.

    `room`: what a line can hold, None for any width. Where that is too little, the last columns are left out, unless
    they were `asked` for, and then what is long is cut, though never the first column: it holds the ids.
    """

    def __init__(
        self, columns: Sequence[str], items: Sequence[Mapping[str, Any]], *, room: int | None, asked: bool
    ) -> None:
        self._columns = list(columns)
        self._cut = room is not None
        heads = heads_of(columns)
        rows = [heads, *map(self._cells, items)]
        widths = [max(map(cell_len, column)) for column in zip(*rows, strict=True)]
        while not asked and room is not None and len(widths) > _FEWEST and _size(widths) > room:
            widths.pop()
        while room is not None and _size(widths) > room and (widest := max(widths[1:], default=0)) > _NARROW:
            widths[widths.index(widest, 1)] -= 1
        self._widths = widths
        del self._columns[len(widths) :]
        self.head = _line(heads[: len(widths)], widths, cut=self._cut)

    def line(self, item: Mapping[str, Any]) -> str:
        """An item's row."""
        return _line(self._cells(item), self._widths, cut=self._cut)

    def _cells(self, item: Mapping[str, Any]) -> list[str]:
        return [cell(_at(item, path)) for path in self._columns]


def heads_of(columns: Sequence[str]) -> list[str]:
    """The columns' heads: as much of the end of each path as no other one ends with.

    >>> heads_of(["id", "poolInfo.poolId", "dedicated.total", "lowPriority.total"])
    ['id', 'poolId', 'dedicated.total', 'lowPriority.total']
    """
    ends = [[path.split(".", count)[-1] for count in range(path.count("."), -1, -1)] for path in columns]
    every = [end for each in ends for end in each]
    return [next((end for end in each if every.count(end) == 1), each[-1]) for each in ends]


def lines_of(item: Mapping[str, Any]) -> list[tuple[str, str]]:
    """One thing as names and values, what is inside of it under its whole path."""
    return [(path, cell(shown(value, path))) for path, value in _flat(item, "")]


def cell(value: Any) -> str:
    """A value in one line."""
    if value is None:
        return ""
    text = without_secrets(value) if isinstance(value, str) else msgspec.json.encode(shown(value)).decode()
    return text if text.isprintable() else "".join(map(_printable, text))


def text_of(lines: Sequence[tuple[str, str]]) -> str:
    """Names and values below each other."""
    width = max((cell_len(name) for name, _ in lines), default=0)
    return "\n".join(_line(line, (width, 0), cut=False) for line in lines)


def _line(row: Sequence[str], widths: Sequence[int], *, cut: bool) -> str:
    first, *others = zip(row, widths, strict=True)
    return _GAP.join([_fit(*first, cut=False), *(_fit(*other, cut=cut) for other in others)]).rstrip()


def _size(widths: Sequence[int]) -> int:
    return sum(widths) + len(_GAP) * (len(widths) - 1)


def _fit(text: str, width: int, *, cut: bool) -> str:
    size = cell_len(text)
    if size <= width:
        return text + " " * (width - size)
    return set_cell_size(text, width - 1) + "…" if cut else text


def _at(item: Any, path: str) -> Any:
    for name in path.replace("/", ".").split("."):
        item = item.get(name) if isinstance(item, dict) else None
    return item


def _flat(item: Mapping[str, Any], before: str) -> Iterator[tuple[str, Any]]:
    for name, value in item.items():
        if isinstance(value, dict) and value:
            yield from _flat(value, f"{before}{name}.")
        else:
            yield f"{before}{name}", value


def _printable(letter: str) -> str:
    return letter if letter.isprintable() else letter.encode("unicode_escape").decode()
