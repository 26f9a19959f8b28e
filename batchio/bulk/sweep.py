"""A parametric sweep: one template, and a task for every combination of its axes.

Law: what a sweep holds is its axes, never its tasks; each is made when it is read, from its ordinal where need be.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from copy import copy
from functools import partial
from itertools import chain
from math import prod
from typing import Any, overload

from ..errors import ConfigurationError
from ..models import TaskAddParameter
from .sweep_ids import check_ids, outermost
from .template import UNFIT, Template

Axis = range | tuple[Any, ...]


class Sweep(Sequence[dict[str, Any]]):
    """Tasks in wire shape, one for each combination of values, the last axis fastest; made by `batchio.sweep`.

    A sequence in constant memory: it has a length, any of its tasks can be asked for, a slice of it is a sweep, and it
    can be read as often as needed. `axes`: name -> values; a range is kept as it is, anything else is kept as a tuple.
    This class takes them as a mapping, so that an axis may have any name; everything else is as in `sweep`.

    >>> Sweep({"id": "{frame:03d}", "commandLine": "render {frame}"}, {"frame": range(1, 4)})[-1]
    {'id': '003', 'commandLine': 'render 3'}
    """

    def __init__(
        self,
        template: TaskAddParameter | Mapping[str, Any],
        axes: Mapping[str, Iterable[Any]],
        *,
        id: str | None = None,
    ) -> None:
        self._axes = [_axis(name, values) for name, values in axes.items()]
        self._template = Template(template, axes, id=id)
        self._ordinals = _ordinals_of(self._axes)
        named = dict(zip(axes, self._axes, strict=True))
        for name, values in named.items():
            for value in outermost(values):
                self._template.check(name, value)
        if self._ordinals:
            check_ids(self._template.id_parts, named, self._ids)

    def __len__(self) -> int:
        return len(self._ordinals)

    @overload
    def __getitem__(self, index: int) -> dict[str, Any]: ...

    @overload
    def __getitem__(self, index: slice) -> Sweep: ...

    def __getitem__(self, index: int | slice) -> dict[str, Any] | Sweep:
        """A task, or those of a slice as a sweep of their own."""
        if isinstance(index, slice):
            part = copy(self)
            part._ordinals = self._ordinals[index]  # noqa: SLF001 - its own class
            return part
        return self._template.build(*self._values(self._ordinals[index]))

    def __iter__(self) -> Iterator[dict[str, Any]]:
        build = self._template.build
        if self._ordinals != range(prod(map(len, self._axes))) or not self._axes:
            return (build(*self._values(ordinal)) for ordinal in self._ordinals)
        # Everything in order: the innermost loop runs at C speed.
        *outer, last = self._axes
        return chain.from_iterable(map(partial(build, *head), last) for head in _combinations(outer))

    def __repr__(self) -> str:
        return f"Sweep({len(self):,} tasks)"

    def _values(self, ordinal: int) -> list[Any]:
        values: list[Any] = []
        for axis in reversed(self._axes):
            ordinal, at = divmod(ordinal, len(axis))
            values.append(axis[at])
        values.reverse()
        return values

    def _ids(self) -> Iterator[str]:
        ids = copy(self)
        ids._template = Template({"id": self._template.id}, self._template.names)  # noqa: SLF001 - its own class
        return (task["id"] for task in ids)


def sweep(template: TaskAddParameter | Mapping[str, Any], /, *, id: str | None = None, **axes: Iterable[Any]) -> Sweep:
    """A task for every combination of values, the last axis fastest.

    `template`: a task, whose strings hold places like `{camera}` and `{frame:06d}`, wherever they stand (`{{` and `}}`
    are braces). A format is Python's own; one for numbers makes a number of text first. Where the service wants a whole
    number (`requiredSlots`), a string that is one place becomes one. `id`: a rule for the ids, in
    place of the template's own. `axes`: the values of each name, a range or anything that can be iterated.

    Everything is checked here and nothing while the tasks are read: names, formats, and that every id keeps to the
    service's rules and stands there once, without regard to letter case. That follows from the axes where the id names
    each of them so that nothing can be mixed up; otherwise all ids are compared, for 8 bytes of memory each.
    Raises `ConfigurationError` with the path of the string, or the two values.

    >>> tasks = sweep({"id": "{camera}-{frame:06d}", "commandLine": "render {camera} {frame}"},
    ...     camera=["a", "b"], frame=range(1, 100_001))
    >>> len(tasks), tasks[0]["id"], tasks[-1]["id"]
    (200000, 'a-000001', 'b-100000')
    """
    return Sweep(template, axes, id=id)


def _axis(name: str, values: Iterable[Any]) -> Axis:
    if isinstance(values, str | bytes) or not isinstance(values, Iterable):
        raise ConfigurationError(f"{name}: several values are needed, like range(1, 101) or a list of texts")
    axis = values if isinstance(values, range) else tuple(values)
    if isinstance(axis, tuple) and not UNFIT.isdisjoint(map(type, axis)):
        raise ConfigurationError(f"{name}: what is filled in is text or a number")
    return axis


def _ordinals_of(axes: Sequence[Axis]) -> range:
    try:
        ordinals = range(prod(map(len, axes)))
        len(ordinals)
    except OverflowError:
        raise ConfigurationError("sweep: the axes make more tasks than can be counted") from None
    return ordinals


def _combinations(axes: Sequence[Axis]) -> Iterator[tuple[Any, ...]]:
    """As itertools.product, which would hold every value of a range."""
    if not axes:
        yield ()
        return
    for head in _combinations(axes[:-1]):
        for value in axes[-1]:
            yield (*head, value)
