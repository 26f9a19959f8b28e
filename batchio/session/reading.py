"""A mapping becomes a model, whoever wrote it: JSON, `to_wire`, azure-batch.

Law: nothing is lost. What the model has no place for is an error that says where it stands.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Mapping
from datetime import datetime, timedelta
from types import NoneType, UnionType
from typing import Any, Union, cast, get_args, get_origin

import msgspec

from ..errors import EncodeError
from ..models.base import M, Model, field_types, to_wire

NO_TIME = "P"
"""How azure-batch 15 writes a duration of nothing."""
_HALF = re.compile("[\ud800-\udfff]").search
# Its seven fraction digits do not fit into a datetime, and rounded they would be the next year.
_LAST_MOMENT = re.compile(r"(9999-12-31T23:59:59\.\d{6})\d+")


def from_wire(model: type[M], mapping: Mapping[str, Any], /) -> M:
    """The model that a mapping stands for; the way back from `to_wire`.

    Names are those of the wire, or the same in snake case, so that it also takes what azure-batch's objects give:
    `as_dict()` of 15 and 14, `serialize()` of 14, and those of 15 themselves, which are mappings. Values are as JSON
    has them, or times, durations, enums and models. Annotations (`odata.metadata`) are left out. Raises `EncodeError`,
    with the path to the field, for a name that the model does not have and a value that does not fit.

    >>> from_wire(TaskAddParameter, {"id": "frame-1", "commandLine": "render 1"}).command_line
    'render 1'
    """
    if not isinstance(cast("object", mapping), Mapping):
        raise EncodeError(f"expected a mapping, not {kind_of(mapping)}")
    try:
        return msgspec.convert(_named(model, mapping, ""), model, strict=False)
    except msgspec.ValidationError as error:
        said, _, path = str(error).partition(" - at `$.")
        raise EncodeError(said[0].lower() + said[1:], path=path.rstrip("`")) from error
    except RecursionError as error:
        raise EncodeError(f"{model.__name__} holds itself, or is too deep") from error


def as_dict(value: object) -> dict[str, Any]:
    """What an encoder writes for a mapping that is no dict, as the models of azure-batch 15 are."""
    if isinstance(value, Mapping):
        return dict(cast("Mapping[str, Any]", value))
    raise TypeError(f"Encoding objects of type {kind_of(value)} is unsupported")


def kind_of(value: object) -> str:
    """How an error calls what is no mapping; the objects of azure-batch 14 can give one."""
    has_one = callable(getattr(value, "serialize", None))
    return type(value).__name__ + (" (its serialize() gives a mapping)" if has_one else "")


def _named(hint: Any, value: Any, path: str) -> Any:
    """A value of a type, with the wire's names at every depth."""
    if isinstance(value, Model):
        return to_wire(value)
    if isinstance(value, Mapping):
        return _fields_named(hint, cast("Mapping[str, Any]", value), path)
    if isinstance(value, list | tuple):
        items, inner = cast("list[object]", value), _inner(hint, list, 0)
        return [_named(inner, item, f"{path}[{at}]") for at, item in enumerate(items)]
    if isinstance(value, str):
        if _HALF(value):
            raise EncodeError("holds half a character (a lone surrogate)", path=path)
        arms = _arms(hint)
        if datetime in arms:
            return _LAST_MOMENT.sub(r"\1", value)
        if value == NO_TIME and timedelta in arms:
            return timedelta()
    return value


def _fields_named(hint: Any, mapping: Mapping[str, Any], path: str) -> dict[str, Any]:
    model = next((arm for arm in _arms(hint) if isinstance(arm, type) and issubclass(arm, Model)), None)
    if model is None:
        inner = _inner(hint, dict, 1)
        return {name: _named(inner, value, _join(path, name)) for name, value in mapping.items()}
    named: dict[str, Any] = {}
    for name, value in mapping.items():
        if name.startswith("odata."):
            continue
        where = _join(path, name)
        if (field := _places(model).get(_folded(name))) is None:
            raise EncodeError(f"{model.__name__} has no property {name!r}", path=where)
        wire_name, kind = field
        if wire_name in named:
            raise EncodeError(f"stands there twice, as {wire_name!r} too", path=where)
        named[wire_name] = _named(kind, value, where)
    return named


@functools.cache
def _places(model: type[Model]) -> dict[str, tuple[str, Any]]:
    """Folded name -> wire name and type of each field."""
    types = field_types(model)
    names = zip(model.__struct_fields__, model.__struct_encode_fields__, strict=True)
    return {_folded(wire_name): (wire_name, types[name]) for name, wire_name in names}


def _folded(name: str) -> str:
    # azure-batch 14 writes `readIOGiB` as `read_io_gi_b` and `username` as `user_name`.
    return name.replace("_", "").lower()


def _arms(hint: Any) -> list[Any]:
    arms = get_args(hint) if get_origin(hint) in (Union, UnionType) else (hint,)
    return [arm for arm in arms if arm is not NoneType]


def _inner(hint: Any, kind: type, at: int) -> Any:
    """The type of the items of a list, of the values of a dict; Any for what is neither."""
    return next((get_args(arm)[at] for arm in _arms(hint) if get_origin(arm) is kind), Any)


def _join(path: str, name: str) -> str:
    return f"{path}.{name}" if path else name
