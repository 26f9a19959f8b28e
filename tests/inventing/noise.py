"""An answer as a service may write it that means the same and looks different."""

from __future__ import annotations

import json
import re
from datetime import UTC, datetime, timedelta
from random import Random
from typing import Any

import msgspec

from batchio import models as m

from .places import Place, objects_of, places_of, wire_names

BOM = b"\xef\xbb\xbf"
UNLIMITED_TEXT = "P10675199DT2H48M5.4775807S"
_TIME = re.compile(r"(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)(?:\.(\d+))?(Z|[+-]\d\d:\d\d)")
_UNKNOWN: list[Any] = ["x", 5, 1.5, True, None, [], {}, {"value": [{"id": None}]}, [["id"]]]


def noisy(random: Random, model: type[m.Model], body: dict[str, Any]) -> bytes:
    """The JSON of a body with whatever an answer may hold that is to be read the same; `body` is used up."""
    for place in list(places_of(model, body)):
        place.holder[place.key] = _otherwise(random, place)
    for kind, fields, _ in list(objects_of(model, body)):
        _add_keys(random, kind, fields)
    if random.random() < 0.5:
        body["odata.metadata"] = "https://acme.batch.azure.com/$metadata#jobs/@Element"
    answer = json.dumps(body, ensure_ascii=random.random() < 0.5, indent=random.choice([None, 1])).encode()
    return BOM + answer if random.random() < 0.3 else answer


def _add_keys(random: Random, model: type[m.Model], fields: dict[str, Any]) -> None:
    """Nulls for what is absent, keys that nobody knows, and another order."""
    known = wire_names(model)
    absent = [field.encode_name for field in msgspec.structs.fields(model) if field.default is None]
    for name in absent:
        if name not in fields and random.random() < 0.3:
            fields[name] = None
    for name in ("brandNew", "odata.type", "ID", "snake_case"):
        if name not in known and random.random() < 0.2:
            fields[name] = random.choice(_UNKNOWN)
    items = list(fields.items())
    random.shuffle(items)
    fields.clear()
    fields.update(items)


def _otherwise(random: Random, place: Place) -> Any:
    value, hint = place.value, place.hint
    if hint is datetime:
        return seven_digits(value, random.randrange(5))
    if hint is timedelta:
        return value if value == UNLIMITED_TEXT else span(msgspec.convert(value, timedelta), random.randrange(5))
    if hint is float or place.rule.int64:
        return random.choice([value, str(value)])
    if isinstance(hint, type) and issubclass(hint, m.OpenEnum) and value in {member.value for member in hint}:
        return random.choice([value, value.upper(), value.lower(), value.title(), value.swapcase()])
    return value


def seven_digits(text: str, digit: int) -> str:
    """A time with seven fraction digits that is the same to the microsecond; the last moment of all ends in a 9."""
    found = _TIME.fullmatch(text)
    assert found
    second, fraction, zone = found.groups()
    fraction = (fraction or "").ljust(6, "0")
    last = f"{second}.{fraction}" == datetime.max.replace(tzinfo=UTC).strftime("%Y-%m-%dT%H:%M:%S.%f")
    return f"{second}.{fraction}{9 if last else digit}{zone}"


def span(value: timedelta, digit: int) -> str:
    """A duration as the service writes it, with seven fraction digits."""
    minutes, seconds = divmod(value.seconds, 60)
    hours, minutes = divmod(minutes, 60)
    return f"P{value.days}DT{hours}H{minutes}M{seconds}.{value.microseconds:06}{digit}S"
