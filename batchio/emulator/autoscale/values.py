"""The values of the language and their types.

Law: a double is finite, a vector has no more than `MAX_VECTOR` doubles, times and intervals are ticks within the
years 1 to 9999. Text of a value is written here alone, as the results of a run have it.
"""

from __future__ import annotations

import math
from collections.abc import Iterable

import msgspec

from .. import ticks
from .failures import MistakeError

MAX_VECTOR = 4_096
"""How many doubles a vector may have."""

LAST_TICK = 3_155_378_975_999_999_999
"""The last tick of the year 9999."""


class Timestamp(msgspec.Struct, frozen=True, order=True):
    """A time, in ticks since the year 1, UTC."""

    ticks: int


class Interval(msgspec.Struct, frozen=True, order=True):
    """A length of time in ticks; may be negative."""

    ticks: int


Vector = tuple[float, ...]
Value = float | Vector | str | Timestamp | Interval

_NAMES: dict[type, str] = {
    float: "double",
    tuple: "doubleVec",
    str: "string",
    Timestamp: "timestamp",
    Interval: "timeinterval",
}

INTERVALS: dict[str, Interval] = {
    f"TimeInterval_{name}": Interval(length)
    for name, length in {
        "Zero": 0,
        "100ns": 1,
        "Microsecond": 10,
        "Millisecond": 10_000,
        "Second": ticks.SECOND,
        "Minute": 60 * ticks.SECOND,
        "Hour": 3600 * ticks.SECOND,
        "Day": 86_400 * ticks.SECOND,
        "Week": 7 * 86_400 * ticks.SECOND,
        "Year": 365 * 86_400 * ticks.SECOND,
    }.items()
}


def type_name(value: Value) -> str:
    """The type of a value in the language's words."""
    return _NAMES[type(value)]


def double(value: float) -> float:
    """A double that is a number. Raises `MistakeError`."""
    if not math.isfinite(value):
        raise MistakeError("The result is no finite number")
    return value


def vector(values: Iterable[float]) -> Vector:
    """A vector of finite doubles within its bound. Raises `MistakeError`."""
    made = tuple(values)
    if len(made) > MAX_VECTOR:
        raise MistakeError(f"A vector has {len(made)} values; it may have {MAX_VECTOR}")
    for value in made:
        double(value)
    return made


def timestamp(at: int) -> Timestamp:
    """A time of the years 1 to 9999. Raises `MistakeError`."""
    if not 0 <= at <= LAST_TICK:
        raise MistakeError("The result is no time of the years 1 to 9999")
    return Timestamp(at)


def interval(length: float) -> Interval:
    """An interval that the service can hold, rounded to a tick. Raises `MistakeError`."""
    if not abs(length) <= ticks.LONGEST:
        raise MistakeError("The result is longer than an interval can be")
    return Interval(round(length))


def text_of(value: Value) -> str:
    """A value as the results of a run have it.

    >>> text_of((1.0, 2.5))
    '[1,2.5]'
    """
    match value:
        case tuple():
            return f"[{','.join(_number(each) for each in value)}]"
        case str():
            return value
        case Timestamp():
            return f"{ticks.time_text(value.ticks)[:-5]}Z"
        case Interval():
            return _length(value.ticks)
        case _:
            return _number(value)


def _number(value: float) -> str:
    return str(int(value)) if value.is_integer() and abs(value) < 1e15 else repr(value)


def _length(length: int) -> str:
    seconds, fraction = divmod(abs(length), ticks.SECOND)
    minutes, second = divmod(seconds, 60)
    hours, minute = divmod(minutes, 60)
    days, hour = divmod(hours, 24)
    whole = f"{f'{days}.' if days else ''}{hour:02d}:{minute:02d}:{second:02d}"
    return f"{'-' if length < 0 else ''}{whole}{f'.{fraction:07d}' if fraction else ''}"
