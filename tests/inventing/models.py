"""Strategies for models, built from `field_types` and `field_rules`: what a class says is all they know."""

from __future__ import annotations

import functools
from datetime import UTC, datetime, timedelta, timezone
from types import NoneType, UnionType
from typing import Any, NamedTuple, TypeVar, Union, get_args, get_origin

import msgspec
from hypothesis import strategies as st

from batchio import models as m
from batchio.models.base import field_rules, field_types
from batchio.service.versions import DEFAULT, is_known

MODELS: dict[str, type[m.Model]] = {
    name: kind
    for name, kind in ((name, getattr(m, name)) for name in m.__all__)
    if isinstance(kind, type) and issubclass(kind, m.Model) and kind is not m.Model
}

INT32 = (-(2**31), 2**31 - 1)
INT64 = (-(2**63), 2**63 - 1)
TICK = timedelta(microseconds=1)


class Shape(NamedTuple):
    """What a drawn model has besides the fields that chance gives it."""

    needed: bool = False
    """Whatever the API requires, at every depth."""
    read_only: bool | None = None
    """Every read-only field, or none of them; None: as chance has it."""
    secrets: bool = False
    """Whatever leads to a secret, and the secret."""
    version: str | None = None
    """Fields that this api-version has; None: of all versions."""


ANY = Shape()
SENT = Shape(needed=True, version=DEFAULT)
"""What can be sent, in anything but a PATCH."""
PATCHED = Shape(version=DEFAULT)
"""What can be sent in a PATCH."""
WRITTEN = Shape(needed=True, read_only=False, version=DEFAULT)
"""What can be sent and is sent whole."""
READ = Shape(needed=True, read_only=True, version=DEFAULT)
"""What the service could answer when it tells everything."""
WITH_SECRETS = Shape(secrets=True)

TEXT = st.characters(codec="utf-8")
TRICKY = [
    "",
    "null",
    "true",
    "1",
    " a\n",
    '"\\/',
    "\x00",
    "\x7f",
    "\u2028",
    "\ufeff",
    "\uffff",
    "e\u0301",
    "\U0001d54f",
]
ZONES = st.just(UTC) | st.integers(-14 * 60, 14 * 60).map(lambda minutes: timezone(timedelta(minutes=minutes)))
TIMES = st.datetimes(timezones=ZONES) | st.sampled_from(
    [
        datetime.max.replace(tzinfo=UTC),
        datetime.max.replace(tzinfo=UTC, microsecond=0),
        datetime.max.replace(tzinfo=timezone(timedelta(hours=14))),
        datetime.min.replace(tzinfo=UTC),
        datetime.min.replace(tzinfo=timezone(timedelta(hours=-14))),
        datetime(2024, 7, 1, tzinfo=UTC),
    ]
)
JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(*INT64)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(TEXT, max_size=8)
    | st.sampled_from(TRICKY),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(TEXT, max_size=5), inner, max_size=3),
    max_leaves=5,
)


def members_of(hint: Any) -> list[Any]:
    """The types that a field may hold, None aside."""
    arms = get_args(hint) if get_origin(hint) in (Union, UnionType) else (hint,)
    return [arm for arm in arms if arm is not NoneType]


def is_model(hint: Any) -> bool:
    """Whether a type is one of the models."""
    return isinstance(hint, type) and issubclass(hint, m.Model)


def models_in(hint: Any) -> list[type[m.Model]]:
    """The models that a field holds, in lists and maps, too."""
    return [hint] if is_model(hint) else [model for part in get_args(hint) for model in models_in(part)]


@functools.cache
def leads_to_secrets(model: type[m.Model]) -> frozenset[str]:
    """The fields that are secret or that hold, however deep, a model with one."""
    rules, types = field_rules(model), field_types(model)
    return frozenset(
        name
        for name, hint in types.items()
        if rules[name].secret or any(leads_to_secrets(inner) for inner in models_in(hint))
    )


@functools.cache
def models_of(model: type[m.Model], shape: Shape = ANY, depth: int = 2) -> st.SearchStrategy[Any]:
    """Models of a class. Below `depth` they hold no other models but those that `shape` insists on."""
    always, sometimes = _choice(model, shape, depth)
    fields: dict[str, st.SearchStrategy[Any]] = {
        name: values_of(model, name, shape, max(0, depth - 1)) for name in (*always, *sometimes)
    }
    chosen = st.sets(st.sampled_from(sometimes), max_size=3 + 2 * depth) if sometimes else st.just(frozenset[str]())

    @st.composite
    def drawn(draw: st.DrawFn) -> m.Model:
        names = [*always, *sorted(draw(chosen))]
        return model(**{name: draw(fields[name]) for name in names})

    return drawn()


def _choice(model: type[m.Model], shape: Shape, depth: int) -> tuple[list[str], list[str]]:
    """The fields that are always there, and those that may be."""
    rules, types = field_rules(model), field_types(model)
    without_default = {field.name for field in msgspec.structs.fields(model) if field.required}
    always: list[str] = []
    sometimes: list[str] = []
    for name, rule in rules.items():
        if shape.version and not is_known(rule, shape.version):
            continue
        if (
            name in without_default
            or (shape.needed and rule.required and not rule.read_only)
            or (shape.read_only and rule.read_only)
            or (shape.secrets and name in leads_to_secrets(model))
        ):
            always.append(name)
        elif not (shape.read_only is False and rule.read_only) and (depth or not models_in(types[name])):
            sometimes.append(name)
    return always, sometimes


def values_of(model: type[m.Model], name: str, shape: Shape = ANY, depth: int = 1) -> st.SearchStrategy[Any]:
    """Values of a field, never None."""
    # The statistics come and never go, so that they are not cut to what may be sent back.
    longest = m.UNLIMITED if "__post_init__" in vars(model) else m.UNLIMITED - TICK
    return _values(field_types(model)[name], field_rules(model)[name], shape, depth, longest)


def _values(hint: Any, rule: m.Rule, shape: Shape, depth: int, longest: timedelta) -> st.SearchStrategy[Any]:
    return st.one_of([_plain(arm, rule, shape, depth, longest) for arm in members_of(hint)])


def _plain(hint: Any, rule: m.Rule, shape: Shape, depth: int, longest: timedelta) -> st.SearchStrategy[Any]:
    origin = get_origin(hint)
    if origin is list:
        items = _values(get_args(hint)[0], m.Rule(), shape, depth, longest)
        return st.lists(items, min_size=int(shape.secrets), max_size=min(2, rule.max_items or 2))
    if origin is dict:
        items = _values(get_args(hint)[1], m.Rule(), shape, depth, longest)
        return st.dictionaries(st.text(TEXT, max_size=5), items, max_size=2)
    if hint is Any:
        return JSON
    if is_model(hint):
        return models_of(hint, shape, depth)
    if issubclass(hint, m.OpenEnum):
        return enums_of(hint)
    return _scalars(hint, rule, longest)


def _scalars(hint: type, rule: m.Rule, longest: timedelta) -> st.SearchStrategy[Any]:
    if hint is int:
        low, high = INT64 if rule.int64 else INT32
        low, high = _bound(rule.ge, low), _bound(rule.le, high)
        return st.integers(low, high) | st.sampled_from([low, high])
    if hint is timedelta:
        shortest, longest = _bound(rule.ge, timedelta()), _bound(rule.le, longest)
        return st.timedeltas(shortest, longest) | st.sampled_from([shortest, longest])
    if hint is str:
        return _texts(rule)
    found: dict[type, st.SearchStrategy[Any]] = {
        bool: st.booleans(),
        float: st.floats(allow_nan=False, allow_infinity=False),
        datetime: TIMES,
    }
    return found[hint]


B = TypeVar("B", int, timedelta)


def _bound(said: int | timedelta | None, otherwise: B) -> B:
    if said is None:
        return otherwise
    assert isinstance(said, type(otherwise))
    return said


def _texts(rule: m.Rule) -> st.SearchStrategy[str]:
    longest = rule.max_length or 2000
    if rule.pattern:
        return st.from_regex(rule.pattern, fullmatch=True).filter(lambda text: len(text) <= longest)
    at_the_limit = st.sampled_from(["x", "\U0001d54f", "\n"]).map(lambda letter: letter * longest)
    tricky = st.sampled_from([text for text in TRICKY if len(text) >= (rule.min_length or 0)])
    drawn = st.text(TEXT, min_size=rule.min_length or 0, max_size=min(longest, 20))
    return st.one_of(drawn, tricky, at_the_limit) if rule.max_length else drawn | tricky


def enums_of(kind: type[m.OpenEnum]) -> st.SearchStrategy[m.OpenEnum]:
    """Known values, and others. Not "null": where numbers may be texts, that text is read as nothing."""
    unknown = st.text(TEXT, max_size=12).filter(lambda text: text.lower() != "null")
    return st.sampled_from(list(kind)) | unknown.map(kind)
