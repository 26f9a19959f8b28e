"""The one base of all models: how a Python name becomes a wire name, and what is known of a field.

Law: a model is a value. It holds what the service says and decides nothing.
"""

from __future__ import annotations

import enum
import re
from datetime import timedelta
from typing import Annotated, Any, TypeVar, get_args, get_origin, get_type_hints

import msgspec

# The ONE rule is camelCase <-> snake_case; acronyms stay together, so these wire names cannot be
# computed from the attribute's name.
WIRE_NAMES: dict[str, str] = {}

UNLIMITED = timedelta(days=10675199, hours=2, minutes=48, seconds=5, microseconds=477580)
"""The longest duration of the service (`P10675199DT2H48M5.4775807S`), which means: no limit.

The wire carries seven fraction digits and a `timedelta` six; this is the value cut, not rounded, so that
what was read can be sent back without being above the service's maximum.
"""

_SIGNATURE = re.compile(r"(?i)(\b(?:sig|signature)=)[^&\s'\"]+")
_HIDDEN = "'***'"


class Rule(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What the API says of one field beside its type; stands in the field's `Annotated`.

    `required`: must be sent (never in a PATCH). `read_only`: comes back, is never sent. `secret`: hidden
    in `repr`. `since`/`until`: the first and last api-version that has the field. `ge`/`le`: bounds, both
    inclusive. `max_length`, `min_length`, `pattern`: of a string. `max_items`: of a list.
    """

    required: bool = False
    read_only: bool = False
    secret: bool = False
    since: str | None = None
    until: str | None = None
    ge: int | timedelta | None = None
    le: int | timedelta | None = None
    min_length: int | None = None
    max_length: int | None = None
    pattern: str | None = None
    max_items: int | None = None


def _wire_name(attribute: str) -> str:
    if attribute in WIRE_NAMES:
        return WIRE_NAMES[attribute]
    head, *rest = attribute.split("_")
    return head + "".join(word.capitalize() for word in rest)


class Model(
    msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, forbid_unknown_fields=False, rename=_wire_name
):
    """Base of everything the service says: frozen, keyword-only, `None` means absent.

    Secrets and the signatures of SAS URLs are left out of `repr`.
    """

    def __repr__(self) -> str:
        secrets = secret_fields(type(self))
        shown = (
            f"{name}={_HIDDEN if name in secrets else repr(value)}"
            for name in self.__struct_fields__
            if (value := getattr(self, name)) is not None
        )
        return _SIGNATURE.sub(r"\1***", f"{type(self).__name__}({', '.join(shown)})")

    def __rich_repr__(self) -> Any:
        # rich would print each field by itself, secrets included.
        yield repr(self)


class OpenEnum(enum.StrEnum):
    """A string enum that the service may extend.

    A known value in another letter case is the known member; an unknown value stays as it came, is equal
    to its string, and is sent back unchanged.
    """

    @classmethod
    def _missing_(cls, value: object) -> OpenEnum | None:
        if not isinstance(value, str):
            return None
        folded = value.lower()
        for member in cls:
            if member.value.lower() == folded:
                return member
        unknown = str.__new__(cls, value)
        unknown._name_ = value
        unknown._value_ = value
        return unknown


M = TypeVar("M", bound=Model)

_rules: dict[type[Model], dict[str, Rule]] = {}
_hints: dict[type[Model], dict[str, Any]] = {}
_secrets: dict[type[Model], frozenset[str]] = {}
_NO_RULE = Rule()


def field_types(model: type[Model]) -> dict[str, Any]:
    """Attribute name -> type, with `Annotated` peeled off."""
    if model not in _hints:
        _compile(model)
    return _hints[model]


def field_rules(model: type[Model]) -> dict[str, Rule]:
    """Attribute name -> `Rule` (an empty one where nothing is said)."""
    if model not in _rules:
        _compile(model)
    return _rules[model]


def secret_fields(model: type[Model]) -> frozenset[str]:
    """The attributes whose values are hidden."""
    if model not in _secrets:
        _compile(model)
    return _secrets[model]


def _compile(model: type[Model]) -> None:
    hints = get_type_hints(model, include_extras=True)
    rules: dict[str, Rule] = {}
    types: dict[str, Any] = {}
    for name in model.__struct_fields__:
        hint = hints[name]
        rules[name], types[name] = _NO_RULE, hint
        if get_origin(hint) is Annotated:
            types[name], *extras = get_args(hint)
            rules[name] = next((extra for extra in extras if isinstance(extra, Rule)), _NO_RULE)
    _rules[model], _hints[model] = rules, types
    _secrets[model] = frozenset(name for name, rule in rules.items() if rule.secret)


def limit_durations(model: Model, *names: str) -> None:
    """Cut durations that rounding has put above the service's maximum back to `UNLIMITED`."""
    for name in names:
        value = getattr(model, name)
        if value is not None and value > UNLIMITED:
            msgspec.structs.force_setattr(model, name, UNLIMITED)


def replace(model: M, /, **changes: Any) -> M:
    """A copy of `model` with some attributes changed; `None` takes a field away.

    Raises `TypeError` for a name that the model does not have.

    >>> task = TaskAddParameter(id="frame-1", command_line="render 1")
    >>> replace(task, id="frame-2").command_line
    'render 1'
    """
    unknown = sorted(set(changes) - set(model.__struct_fields__))
    if unknown:
        raise TypeError(f"{type(model).__name__} has no field {', '.join(map(repr, unknown))}")
    return msgspec.structs.replace(model, **changes)


def to_wire(model: Model) -> dict[str, Any]:
    """The model as the mapping that JSON would hold: wire names, times and durations as strings.

    >>> to_wire(TaskAddParameter(id="frame-1", command_line="render 1"))
    {'id': 'frame-1', 'commandLine': 'render 1'}
    """
    wire: dict[str, Any] = msgspec.to_builtins(model)
    return wire
