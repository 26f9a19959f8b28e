"""The places of a body in wire shape: each value with its path, its type and its rule."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple, get_args, get_origin

from batchio import models as m
from batchio.models.base import field_rules, field_types

from .models import is_model, members_of


class Place(NamedTuple):
    """Where a value stands: `holder[key]`, which is an item of a list, of a map or of an object."""

    holder: Any
    key: Any
    path: str
    hint: Any
    rule: m.Rule

    @property
    def value(self) -> Any:
        """What stands there."""
        return self.holder[self.key]


def wire_names(model: type[m.Model]) -> dict[str, str]:
    """Wire name -> attribute."""
    return dict(zip(model.__struct_encode_fields__, model.__struct_fields__, strict=True))


def join(path: str, name: str) -> str:
    """The path to a property."""
    return f"{path}.{name}" if path else name


def places_of(model: type[m.Model], body: dict[str, Any], path: str = "") -> Iterator[Place]:
    """All places of a body, outer ones first."""
    types, rules = field_types(model), field_rules(model)
    for wire, name in wire_names(model).items():
        if wire in body:
            place = Place(body, wire, join(path, wire), _arm(types[name], body[wire]), rules[name])
            yield place
            yield from _inside(place)


def _inside(place: Place) -> Iterator[Place]:
    value, hint = place.value, place.hint
    if is_model(hint):
        yield from places_of(hint, value, place.path)
    elif get_origin(hint) in (list, dict):
        named = get_origin(hint) is dict
        for key in list(value) if named else range(len(value)):
            path = join(place.path, str(key)) if named else f"{place.path}[{key}]"
            inner = Place(value, key, path, _arm(get_args(hint)[-1], value[key]), m.Rule())
            yield inner
            yield from _inside(inner)


def _arm(hint: Any, value: Any) -> Any:
    """The type that a value is of, where a field may hold several."""
    arms = members_of(hint)
    return next((arm for arm in arms if get_origin(arm) is type(value)), arms[-1])


def objects_of(model: type[m.Model], body: dict[str, Any]) -> Iterator[tuple[type[m.Model], dict[str, Any], str]]:
    """All objects of a body with the model that each is and its path, the body first."""
    yield model, body, ""
    for place in places_of(model, body):
        if is_model(place.hint):
            yield place.hint, place.value, place.path


def read_only_in(model: type[m.Model], body: dict[str, Any]) -> list[str]:
    """The paths of what should not be sent."""
    return [place.path for place in places_of(model, body) if place.rule.read_only]


def leave_out_read_only(model: type[m.Model], body: dict[str, Any]) -> dict[str, Any]:
    """The body itself, with what is never sent taken out at every depth."""
    for place in list(places_of(model, body)):
        if place.rule.read_only:
            place.holder.pop(place.key, None)
    return body
