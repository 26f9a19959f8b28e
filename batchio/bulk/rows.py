"""Rows of a table into the places of a template: a task for each.

Law: pure, a row at a time; nothing of a row is kept.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from ..errors import ConfigurationError
from ..models import TaskAddParameter
from .template import LONGEST_ID, UNFIT, WRONG, Template, is_id


class Filler:
    """A template that takes rows. `columns`: what a row holds, where that is known. `names`: what is filled in."""

    def __init__(
        self,
        template: TaskAddParameter | Mapping[str, Any],
        *,
        id: str | None = None,
        columns: Iterable[str] | None = None,
    ) -> None:
        self._template = Template(template, columns, id=id)
        self.names = self._template.names

    def task(self, row: Mapping[str, Any]) -> dict[str, Any]:
        """The task of a row; raises `ConfigurationError`, with the path of the string."""
        try:
            values = [row[name] for name in self.names]
        except (KeyError, TypeError, IndexError):
            if not isinstance(row, Mapping):
                raise ConfigurationError(f"a row is a mapping, not {type(row).__name__}") from None
            missing = ", ".join(name for name in self.names if name not in row)
            raise ConfigurationError(f"there is no {missing}, which the template needs") from None
        return self.filled(values)

    def filled(self, values: list[Any]) -> dict[str, Any]:
        """The task of a row's values, one for each of `names`."""
        if not UNFIT.isdisjoint(map(type, values)):
            self._template.explain(values)
        try:
            task = self._template.build(*values)
        except WRONG:
            self._template.explain(values)
            raise
        if is_id(task["id"]) is None:
            raise ConfigurationError(
                f"id: {task['id'][:100]!r} is not 1 to {LONGEST_ID} letters, digits, hyphens and underscores"
            )
        return task


def fill(
    template: TaskAddParameter | Mapping[str, Any], rows: Iterable[Mapping[str, Any]], *, id: str | None = None
) -> Iterator[dict[str, Any]]:
    """A task for each row, made while they are read; `rows` may be what `csv.DictReader` gives.

    `template`: a task, whose strings hold places like `{camera}` and `{frame:06d}`, wherever they stand (`{{` and `}}`
    are braces); each names a column. A format is Python's own; one for numbers makes a number of text first. Where the
    service wants a whole number (`requiredSlots`), a string that is one place becomes one. `id`: a rule for the ids, in
    place of the template's own.

    The template is checked at once, each row when its turn comes: `ConfigurationError`, with the row's number, from 1,
    and the path of the string. Nothing is kept of a row, so that ids are not compared: where one comes twice, the
    submission says so (`existed`).

    >>> rows = [{"camera": "a", "frame": "7"}, {"camera": "b", "frame": "12"}]
    >>> [task["id"] for task in fill({"id": "{camera}-{frame:03d}", "commandLine": "render"}, rows)]
    ['a-007', 'b-012']
    """
    return _filled(Filler(template, id=id), rows)


def _filled(filler: Filler, rows: Iterable[Mapping[str, Any]]) -> Iterator[dict[str, Any]]:
    for number, row in enumerate(rows, 1):
        try:
            task = filler.task(row)
        except ConfigurationError as error:
            raise ConfigurationError(f"row {number:,}: {error}") from None
        yield task
