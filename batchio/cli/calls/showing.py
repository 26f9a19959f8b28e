"""What came back, on stdout: as a table, as JSON, or as JSON Lines.

Law: data and nothing else; a listing is written page by page, so that it may be of any length. Without a terminal,
and unless something else is asked for, it is JSON Lines.
"""

from __future__ import annotations

import shutil
import sys
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import msgspec

from ..output import is_terminal, strong, write_or_stop
from . import tables

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ...models.base import Model
    from ...session.pages import Pages


def as_mapping(value: Any) -> Any:
    """What a call gave, in wire shape."""
    from ...models.base import Model, to_wire  # noqa: PLC0415 - there by now, and not needed for help

    if isinstance(value, Model):
        return to_wire(value)
    # What headers say has no model; it is named as the models name it.
    return {_camel(name): item for name, item in msgspec.to_builtins(value).items() if item is not None}


class Show:
    """`how`: table, json or jsonl; None chooses. `select`: the columns of a table."""

    def __init__(self, how: str | None, select: str | None) -> None:
        self._terminal = is_terminal(sys.stdout)
        self.how = how or ("table" if self._terminal else "jsonl")
        self._select = select
        self._table: tables.Table | None = None

    def thing(self, value: Mapping[str, Any]) -> None:
        """One thing."""
        if self.how == "table":
            write_or_stop(tables.text_of(tables.lines_of(value)))
        else:
            write_or_stop(self._json(value))

    def answer(self, *, yes: bool, words: str) -> None:
        """Whether something is so."""
        write_or_stop(words if self.how == "table" else str(yes).lower())

    async def listing(self, pages: Pages[Model], item: type[Model]) -> int:
        """All items of a listing; gives their number."""
        count = 0
        async for page in pages.by_page():
            items = [as_mapping(each) for each in page.items]
            if items and self.how == "table":
                self._rows(items, item)
            elif items:
                self._items(items, count)
            count += len(items)
        if self.how == "json":
            write_or_stop("\n]" if count else "[]")
        return count

    def _items(self, items: Sequence[Mapping[str, Any]], before: int) -> None:
        if self.how == "jsonl":
            write_or_stop("\n".join(map(self._json, items)))
            return
        text = ",\n".join(map(self._json, items))
        write_or_stop(",\n" if before else "[\n", end="")
        # No string of JSON holds the end of a line.
        write_or_stop("  " + text.replace("\n", "\n  "), end="")

    def _rows(self, items: Sequence[Mapping[str, Any]], item: type[Model]) -> None:
        if self._table is None:
            columns = tables.columns_of(item, self._select)
            room = shutil.get_terminal_size().columns if self._terminal else None
            self._table = tables.Table(columns, items, room=room, asked=bool(self._select))
            write_or_stop(strong(self._table.head))
        write_or_stop("\n".join(map(self._table.line, items)))

    def _json(self, value: Any) -> str:
        encoded = msgspec.json.encode(value)
        return (msgspec.json.format(encoded, indent=2) if self.how == "json" else encoded).decode()


def _camel(name: str) -> str:
    head, *rest = name.split("_")
    return head + "".join(word.capitalize() for word in rest)
