"""The full check of a body before it is sent.

Law: pure, and strict. What passes is the mapping as it will stand in JSON; what does not is an `EncodeError`
with the path to the field, or a `VersionError` where the api-version does not have it. Read-only fields are left
at home; nothing is required in a PATCH.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta
from types import NoneType, UnionType
from typing import Any, Protocol, TypeVar, Union, get_args, get_origin

import msgspec

from ..errors import BatchioError, EncodeError, VersionError
from ..hiding import cause, without_frames
from ..models.base import Model, OpenEnum, Rule, duration_text, field_rules, field_types, time_text
from ..service.versions import DEFAULT, is_known, versions_of
from .reading import NO_TIME, as_dict, kind_of


class _Way(msgspec.Struct, frozen=True):
    """What decides for the whole body: the method that sends it, and the api-version."""

    method: str
    version: str

    def needs(self, rule: Rule) -> bool:
        """Whether a field must be sent. A PUT sends what was read, in which no secret is; a PATCH what is changed."""
        if not rule.required or rule.read_only or not is_known(rule, self.version):
            return False
        return self.method == "POST" or (self.method == "PUT" and not rule.secret)


class _Check(Protocol):
    def __call__(self, value: Any, path: str, way: _Way) -> Any:
        """The value to send for a value as JSON has it."""
        ...


class _Field(msgspec.Struct, frozen=True):
    rule: Rule
    check: _Check


_TWO_63 = 2**63

_fields: dict[type[Model], dict[str, _Field]] = {}


def check_body(
    body: Model | Mapping[str, Any], model: type[Model], *, method: str = "POST", version: str = DEFAULT
) -> dict[str, Any]:
    """The body as the mapping that will be sent.

    `body`: a `model`, or a mapping in wire shape whose values may be models, times and enums. Raises
    `EncodeError`, with the path to the field, for what the API does not know or does not allow, and `VersionError`
    for what it has in other versions.
    """
    if isinstance(body, Mapping):
        body = dict(body)
    elif not isinstance(body, model):
        raise EncodeError(f"expected {model.__name__} or a mapping in wire shape, not {kind_of(body)}")
    try:
        with without_frames(BatchioError):
            return _object(model, _as_wire(body, ""), "", _Way(method, version))
    except RecursionError as error:
        raise EncodeError(f"{model.__name__} holds itself, or is too deep") from cause(error)


_KEPT = (bytes, bytearray, timedelta, datetime)


def _as_wire(value: Any, path: str) -> Any:
    """A value in wire shape, not yet checked; times, durations and bytes are as they were."""
    try:
        return msgspec.to_builtins(value, str_keys=True, builtin_types=_KEPT, enc_hook=as_dict)
    except (TypeError, ValueError) as error:
        failure = error
    for part_path, part in _parts(value, path):  # msgspec does not say where it is
        _as_wire(part, part_path)
    raise EncodeError(f"cannot be written as JSON: {failure}", path=path) from cause(failure)


def _parts(value: Any, path: str) -> list[tuple[str, Any]]:
    if isinstance(value, Model):
        names = zip(value.__struct_encode_fields__, value.__struct_fields__, strict=True)
        return [(_join(path, wire), getattr(value, name)) for wire, name in names]
    if isinstance(value, Mapping):
        return [(_join(path, str(name)), item) for name, item in value.items()]
    return [(f"{path}[{index}]", item) for index, item in enumerate(value)] if isinstance(value, list | tuple) else []


def _object(model: type[Model], value: Any, path: str, way: _Way) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise EncodeError(f"expected an object ({model.__name__}), not {_kind(value)}", path=path)
    fields = _fields_of(model)
    out: dict[str, Any] = {}
    for name, item in value.items():
        field = fields.get(name)
        if field is None:
            raise EncodeError(f"{model.__name__} has no property {name!r}{_near(name, fields)}", path=_join(path, name))
        if item is None or field.rule.read_only:
            continue
        if is_known(field.rule, way.version):
            out[name] = field.check(item, _join(path, name), way)
        elif item or not field.rule.required:
            # An empty list of what is required elsewhere was filled in by the model, and says nothing.
            raise VersionError.of(_join(path, name), way.version, versions_of(field.rule))
    for name, field in fields.items():
        if name not in out and way.needs(field.rule):
            raise EncodeError(f"is required by {model.__name__}", path=_join(path, name))
    return out


def _near(name: str, fields: Mapping[str, _Field]) -> str:
    plain = name.replace("_", "").lower()
    match = next((known for known in fields if known.lower() == plain), None)
    return f"; did you mean {match!r}?" if match else ""


def _fields_of(model: type[Model]) -> dict[str, _Field]:
    if model not in _fields:
        rules, types = field_rules(model), field_types(model)
        _fields[model] = {
            wire: _Field(rules[name], _checker(types[name], rules[name]))
            for name, wire in zip(model.__struct_fields__, model.__struct_encode_fields__, strict=True)
        }
    return _fields[model]


def _checker(hint: Any, rule: Rule) -> _Check:
    kinds = [kind for kind in _members(hint) if kind is not NoneType]
    if len(kinds) > 1:
        return _any_of([_checker(kind, rule) for kind in kinds])
    kind = kinds[0]
    origin = get_origin(kind)
    if origin is list:
        return _array(_checker(get_args(kind)[0], Rule()), rule)
    if origin is dict:
        return _map(_checker(get_args(kind)[1], Rule()))
    if isinstance(kind, type):
        return _scalar(kind, rule)
    return _anything


def _members(hint: Any) -> Sequence[Any]:
    return get_args(hint) if get_origin(hint) in (Union, UnionType) else (hint,)


def _scalar(kind: type, rule: Rule) -> _Check:
    if issubclass(kind, Model):
        return lambda value, path, way: _object(kind, value, path, way)
    if issubclass(kind, OpenEnum):
        return lambda value, path, way: kind(_text(value, path, rule)).value  # noqa: ARG005 - the protocol's
    if kind in _SCALARS:
        read = _SCALARS[kind]
        return lambda value, path, way: read(value, path, rule)  # noqa: ARG005 - the protocol's
    return _anything


def _anything(value: Any, path: str, way: _Way) -> Any:
    if isinstance(value, dict):
        return {_text(str(name), path, _FREE): _anything(item, _join(path, name), way) for name, item in value.items()}
    if isinstance(value, list | tuple):
        return [_anything(item, f"{path}[{index}]", way) for index, item in enumerate(value)]
    if value is None:
        return None
    if type(value) not in _SCALARS:
        raise EncodeError(f"cannot be written as JSON: {_kind(value)}", path=path)
    return _SCALARS[type(value)](value, path, Rule())


def _any_of(checks: list[_Check]) -> _Check:
    def check(value: Any, path: str, way: _Way) -> Any:
        errors: list[EncodeError] = []
        for each in checks:
            try:
                return each(value, path, way)
            except EncodeError as error:
                errors.insert(0, error)
        # The one that came farthest knows best what was meant.
        raise max(errors, key=lambda error: len(error.path))

    return check


def _array(item: _Check, rule: Rule) -> _Check:
    def check(value: Any, path: str, way: _Way) -> list[Any]:
        if not isinstance(value, list | tuple):
            raise EncodeError(f"expected a list, not {_kind(value)}", path=path)
        if rule.max_items is not None and len(value) > rule.max_items:
            raise EncodeError(f"at most {rule.max_items} items are allowed, not {len(value)}", path=path)
        return [item(each, f"{path}[{index}]", way) for index, each in enumerate(value)]

    return check


def _map(item: _Check) -> _Check:
    def check(value: Any, path: str, way: _Way) -> dict[str, Any]:
        if not isinstance(value, dict):
            raise EncodeError(f"expected an object, not {_kind(value)}", path=path)
        return {_text(str(name), path, _FREE): item(each, _join(path, name), way) for name, each in value.items()}

    return check


def _text(value: Any, path: str, rule: Rule) -> str:
    if not isinstance(value, str):
        raise EncodeError(f"expected a string, not {_kind(value)}", path=path)
    if rule.max_length is not None and len(value) > rule.max_length:
        raise EncodeError(f"at most {rule.max_length} characters are allowed, not {len(value)}", path=path)
    if rule.min_length is not None and len(value) < rule.min_length:
        raise EncodeError(f"at least {rule.min_length} characters are needed, not {len(value)}", path=path)
    if not value.isascii() and any("\ud800" <= letter <= "\udfff" for letter in value):
        raise EncodeError("holds half a character (a lone surrogate)", path=path)
    if rule.pattern is not None and not re.fullmatch(rule.pattern, value):
        # The value may be a secret: say the rule alone.
        raise EncodeError(f"does not match {rule.pattern}", path=path)
    return value


def _integer(value: Any, path: str, rule: Rule) -> int:
    if isinstance(value, bool) or not isinstance(value, int):
        raise EncodeError(f"expected a whole number, not {_kind(value)}", path=path)
    if not -_TWO_63 <= value < _TWO_63:
        raise EncodeError("is too large for 64 bits", path=path)
    return _bounded(value, path, rule, int(value))


def _number(value: Any, path: str, rule: Rule) -> float:
    if isinstance(value, int) and not isinstance(value, bool):
        return _integer(value, path, rule)
    if not isinstance(value, float) or not math.isfinite(value):
        raise EncodeError(f"expected a finite number, not {_kind(value)}", path=path)
    return _bounded(value, path, rule, float(value))


def _boolean(value: Any, path: str, rule: Rule) -> bool:  # noqa: ARG001 - as the other scalars
    if not isinstance(value, bool):
        raise EncodeError(f"expected true or false, not {_kind(value)}", path=path)
    return value


def _duration(value: Any, path: str, rule: Rule) -> str:
    try:
        span = timedelta() if value == NO_TIME else msgspec.convert(value, timedelta)
    except (msgspec.ValidationError, UnicodeError):
        raise EncodeError("expected an ISO 8601 duration such as PT1H30M", path=path) from None
    text = value.upper() if isinstance(value, str) and value != NO_TIME else duration_text(span)
    return _bounded(span, path, rule, text)


def _time(value: Any, path: str, rule: Rule) -> str:  # noqa: ARG001 - as the other scalars
    try:
        moment = msgspec.convert(value, datetime)
    except (msgspec.ValidationError, UnicodeError):
        # Seven fraction digits of the last moment of all do not fit into a datetime, and are right.
        if isinstance(value, str) and re.fullmatch(r"9999-12-31T23:59:59\.[0-9]+Z", value):
            return value
        raise EncodeError("expected an RFC 3339 time such as 2024-07-01T12:00:00Z", path=path) from None
    if moment.tzinfo is None:
        raise EncodeError("a time needs a zone (an offset or Z)", path=path)
    return time_text(value) if isinstance(value, datetime) else str(value).upper().replace(" ", "T")


_B = TypeVar("_B")
_FREE = Rule()


def _bounded(value: Any, path: str, rule: Rule, sent: _B) -> _B:
    if rule.ge is not None and value < rule.ge:
        raise EncodeError(f"at least {rule.ge} is needed, not {value}", path=path)
    if rule.le is not None and value > rule.le:
        raise EncodeError(f"at most {rule.le} is allowed, not {value}", path=path)
    return sent


_SCALARS: dict[type, Callable[[Any, str, Rule], Any]] = {
    str: _text,
    int: _integer,
    float: _number,
    bool: _boolean,
    timedelta: _duration,
    datetime: _time,
}


def _kind(value: Any) -> str:
    names = {dict: "an object", list: "a list", str: "a string", bool: "true or false", NoneType: "null"}
    return names.get(type(value), type(value).__name__)


def _join(path: str, name: str) -> str:
    return f"{path}.{name}" if path else name
