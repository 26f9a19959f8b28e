"""Reading a request body.

Law: a body is right in every property, or refused with the path and the reason; nothing is repaired or ignored but
a property that is null, which counts as absent.
What is not JSON of the model's shape is `InvalidRequestBody`, a missing property `MissingRequiredProperty`, a value
of the right type that the service does not take `InvalidPropertyValue`.
"""

from __future__ import annotations

import re
from functools import cache
from typing import Any, cast

import msgspec

from ..models.base import Model
from .refusals import Refusal, bad_property, range_code
from .strict import ANNOTATION, decode_hook, secret_names, strict_type

MAX_BODY = 1_048_576
"""A body of this many bytes or more is too large."""

_BYTE_ORDER_MARK = b"\xef\xbb\xbf"
_NULL = re.compile(rb":\s*null")
_AT = re.compile(r"(?s)(.*?)(?: - at `\$\.?(.*)`)?")
_MISSING = re.compile(r"Object missing required field `(.*)`")
_UNKNOWN = re.compile(r"Object contains unknown field `(.*)`")
_STEP = re.compile(r"\[(\d+)\]|([^.\[\]]+)")


@cache
def decoder(model: type[Model], version: str, *, changes: bool = False) -> msgspec.json.Decoder[Any]:
    """What decodes and checks a body of this model in this api-version; `changes`: of a PATCH."""
    return msgspec.json.Decoder(strict_type(model, version, changes=changes), dec_hook=decode_hook)


def read_body(model: type[Model], version: str, body: bytes, *, changes: bool = False) -> Any:
    """The body as the model's strict struct. Raises `Refusal`."""
    return decode(decoder(model, version, changes=changes), model, body)


def check_whole(model: type[Model], version: str, changes: dict[str, Any]) -> Any:
    """The changes of a PATCH as a strict struct: what replaces a property lacks nothing. Raises `Refusal`."""
    return decode(decoder(model, version), model, msgspec.json.encode(changes))


def decode(decoder: msgspec.json.Decoder[Any], model: type[Model], body: bytes) -> Any:
    """Decode a body that should be a `model`. Raises `Refusal`."""
    try:
        return decoder.decode(body)
    except msgspec.ValidationError as error:
        raise _refusal(str(error), model, _untyped(body)) from None
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise _no_json(error, body) from None


def _untyped(body: bytes) -> object:
    """The body without a type. One that breaks off behind the first wrong property is no JSON after all."""
    try:
        return msgspec.json.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise _no_json(error, body) from None


def _no_json(error: Exception, body: bytes) -> Refusal:
    return Refusal("InvalidRequestBody", (("Reason", str(error) if body else "The body is empty"),))


def without_mark(body: bytes) -> bytes:
    """The body without a byte order mark."""
    return body.removeprefix(_BYTE_ORDER_MARK)


def plain(body: bytes) -> bytes:
    """The body without a byte order mark and without properties that are null, which count as absent."""
    body = without_mark(body)
    # Most nulls are `/dev/null` in a command line.
    if b"null" not in body or not _NULL.search(body):
        return body
    try:
        return msgspec.json.encode(_without_nulls(msgspec.json.decode(body)))
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        # Whoever reads it says what is wrong.
        return body


def normal(strict: Any) -> dict[str, Any]:
    """What was sent, as a mapping in wire shape with enums in the service's letter case."""
    mapping: dict[str, Any] = msgspec.to_builtins(strict, enc_hook=str)
    mapping.pop(ANNOTATION, None)
    return mapping


def _without_nulls(value: Any) -> Any:
    if isinstance(value, dict):
        pairs = cast("dict[str, Any]", value).items()
        return {name: _without_nulls(item) for name, item in pairs if item is not None}
    if isinstance(value, list):
        return [_without_nulls(item) for item in cast("list[object]", value)]
    return value


def _refusal(text: str, model: type[Model], body: object) -> Refusal:
    found = _AT.fullmatch(text)
    said, path = (found[1], found[2] or "") if found else (text, "")
    if missing := _MISSING.fullmatch(said):
        name = _join(path, missing[1])
        return Refusal("MissingRequiredProperty", (("PropertyName", name), ("Reason", f"{name} is required")))
    if unknown := _UNKNOWN.fullmatch(said):
        name = _join(path, unknown[1])
        reason = f"The property '{unknown[1]}' does not exist here. Only use properties that the API defines"
        return bad_property(name, None, reason, code="InvalidRequestBody")
    if ", got `" in said:
        return bad_property(path, None, said, code="InvalidRequestBody")
    code = "InvalidPropertyValue" if said.startswith("not a ") else range_code(path)
    return bad_property(path, _value_at(path, model, body), said, code=code)


def _join(path: str, name: str) -> str:
    return f"{path}.{name}" if path else name


def _value_at(path: str, model: type[Model], body: object) -> str | None:
    """The value that was refused, as JSON; None for a secret, or where the path has steps that cannot be followed."""
    value = body
    for index, name in _STEP.findall(path):
        if name in secret_names(model):
            return None
        if index and isinstance(value, list):
            value = cast("list[object]", value)[int(index)]
        elif isinstance(value, dict) and name in value:
            value = cast("dict[str, object]", value)[name]
        else:
            return None
    # A list or an object may hold secrets further down.
    return None if isinstance(value, (dict, list)) else msgspec.json.encode(value).decode()
