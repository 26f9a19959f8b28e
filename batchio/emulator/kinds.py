"""What the resources of all kinds can do: be read, listed, asked for and deleted.

Law: a kind is a row of values; get, list, exists and delete are written once, here.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from operator import itemgetter
from typing import Any, Generic, TypeVar

import msgspec

from ..models.base import Model
from .calls import Answer, Call, answer_json, change_headers
from .conditions import check_conditions
from .filter_match import Properties
from .pages import Listing, pick
from .queries import expands, selected
from .resources import Resource
from .shapes import shape
from .shelf import Shelf, Shelved

T = TypeVar("T", bound=Shelved)
View = Callable[[Any], dict[str, Any]]


class Kind(Generic[T]):
    """A kind of resource: `name` in the metadata, its model, what filters may ask.

    `find` gives the one resource of a call, `shelf` all of them; `viewer` gives for a call what shows a resource;
    `statistics` what `$expand=stats` adds; `counts` how many there are in which state, where that is known.
    """

    def __init__(
        self,
        name: str,
        model: type[Model],
        properties: Properties,
        *,
        find: Callable[[Call], T],
        shelf: Callable[[Call], Shelf[T]],
        viewer: Callable[[Call], View],
        statistics: Callable[[Call, Any], dict[str, Any]] | None = None,
        counts: Callable[[Call], Mapping[str, int]] | None = None,
    ) -> None:
        self._name = name
        self._model = model
        self._listing = Listing(name, model, properties)
        self._find = find
        self._shelf = shelf
        self._viewer = viewer
        self._statistics = statistics
        self._counts = counts

    def get(self, call: Call) -> Answer:
        """The one resource."""
        thing: Any = self._find(call)
        names = selected(call, self._model)
        check_conditions(call, thing.changed)
        headers = change_headers(thing.changed)
        shown = self._view(call)(thing)
        return answer_one(call, f"{self._name}/@Element", self._model, shown, headers=headers, names=names)

    def list(self, call: Call) -> Answer:
        """A page of them."""
        shelf = self._shelf(call)
        counts = None if self._counts is None else self._counts(call)
        return self._listing.answer(call, shelf, self._view(call), counts)

    def _view(self, call: Call) -> View:
        view, statistics = self._viewer(call), self._statistics
        if statistics is None or not expands(call):
            return view
        return lambda thing: {**view(thing), "stats": statistics(call, thing)}

    def exists(self, call: Call) -> Answer:
        """Whether it is there."""
        thing: Any = self._find(call)
        check_conditions(call, thing.changed)
        return Answer(200, headers=change_headers(thing.changed))

    def delete(self, call: Call) -> Answer:
        """Begin to delete it."""
        thing: Any = self._find(call)
        check_conditions(call, thing.changed)
        call.store.start_deleting(thing, force=call.flag("force"))
        return Answer(202)


def answer_one(
    call: Call,
    name: str,
    model: type[Model],
    shown: dict[str, Any],
    *,
    headers: dict[str, str] | None = None,
    names: tuple[str, ...] | None = None,
) -> Answer:
    """A 200 with one thing in the shape of the call's version."""
    fit = shape(model, call.version)
    return answer_json(call, name, pick(shown if fit is None else fit(shown), names), headers)


class Item(msgspec.Struct, eq=False):
    """Something that is listed and has no life of its own."""

    id: str
    born: int
    shown: dict[str, Any]
    gone: bool = False


def answer_items(call: Call, listing: Listing, items: Iterable[tuple[str, dict[str, Any]]]) -> Answer:
    """A page of things that are worked out for the call: key and view. They are listed in the order of their keys."""
    shelf: Shelf[Item] = Shelf()
    keys: list[str] = []
    for number, (key, shown) in enumerate(sorted(items, key=itemgetter(0)), 1):
        shelf.add(key, Item(key, number, shown))
        keys.append(key)
    return listing.answer(call, shelf, lambda item: item.shown, keys=keys)


def changed(call: Call, status: int, resource: Resource, url: str) -> Answer:
    """The answer to a change that is done."""
    return Answer(status, headers={**change_headers(call.store.change(resource)), "DataServiceId": url})


def accepted(status: int, resource: Resource, url: str) -> Answer:
    """The answer to a change of state that has begun."""
    return Answer(status, headers={**change_headers(resource.changed), "DataServiceId": url})
