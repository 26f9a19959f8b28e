"""The functions of the language.

Law: a function sees its arguments, the time and the random numbers, and nothing else; a result that is no number
is a mistake.
"""

from __future__ import annotations

import math
import statistics
from collections.abc import Callable, Sequence
from random import Random

import msgspec

from .failures import MistakeError
from .times import read_timestamp
from .values import Timestamp, Value, Vector, double, type_name, vector

MANY = 10_000
"""More arguments than a formula has room for."""


class Scene(msgspec.Struct, frozen=True):
    """When a formula is evaluated, and its random numbers."""

    now: Timestamp
    rng: Random


class StopSignal(Exception):  # noqa: N818  # no error: `stop()` ends a formula well
    """The formula called `stop()`."""


class Function(msgspec.Struct, frozen=True):
    """How many arguments a function takes, and what it does."""

    least: int
    most: int
    call: Callable[[str, Sequence[Value], Scene], Value]


def _flat(name: str, arguments: Sequence[Value]) -> Vector:
    flat: list[float] = []
    for number, argument in enumerate(arguments, 1):
        if isinstance(argument, float):
            flat.append(argument)
        elif isinstance(argument, tuple):
            flat += argument
        else:
            raise MistakeError(f"{name} takes doubles and doubleVecs; argument {number} is a {type_name(argument)}")
    return vector(flat)


def _of_list(does: Callable[[Vector], float], *, least: int = 0) -> Function:
    """A function of a doubleVecList that needs some values to have a result."""

    def call(name: str, arguments: Sequence[Value], _: Scene) -> Value:
        values = _flat(name, arguments)
        if len(values) < least:
            raise MistakeError(f"{name} needs {least} or more values; the vector has {len(values)}")
        try:
            return double(float(does(values)))
        except OverflowError:
            return double(math.inf)

    return Function(0, MANY, call)


def _of_each(does: Callable[[float], float]) -> Function:
    """A function of one double, or of every double of a doubleVecList."""

    def call(name: str, arguments: Sequence[Value], _: Scene) -> Value:
        values = _flat(name, arguments)
        try:
            made = vector(float(does(value)) for value in values)
        except ValueError:
            raise MistakeError(f"{name} needs values above zero") from None
        return made[0] if len(arguments) == 1 and isinstance(arguments[0], float) else made

    return Function(1, MANY, call)


def _rounded(value: float) -> float:
    """To the nearest whole number, halves away from zero."""
    whole = math.trunc(value)
    return float(whole + (math.copysign(1, value) if abs(value - whole) >= 0.5 else 0))


def _deviation(values: Vector) -> float:
    middle = math.fsum(values) / len(values)
    return math.hypot(*(value - middle for value in values)) / math.sqrt(len(values) - 1)


def _vector_and_double(name: str, arguments: Sequence[Value]) -> tuple[Vector, float]:
    values, number = arguments
    if isinstance(values, tuple) and isinstance(number, float):
        return values, number
    raise MistakeError(f"{name} takes a doubleVec and a double, not a {type_name(values)} and a {type_name(number)}")


def _percentile(name: str, arguments: Sequence[Value], _: Scene) -> Value:
    values, percent = _vector_and_double(name, arguments)
    if not values:
        raise MistakeError(f"{name} needs 1 or more values; the vector has 0")
    if not 0 <= percent <= 100:
        raise MistakeError(f"{name} takes a percentage from 0 to 100, not {percent:g}")
    return sorted(values)[max(math.ceil(percent * len(values) / 100), 1) - 1]


def _val(name: str, arguments: Sequence[Value], _: Scene) -> Value:
    values, place = _vector_and_double(name, arguments)
    if not (place.is_integer() and 0 <= place < len(values)):
        raise MistakeError(f"{name} found no element {place:g} in a vector of {len(values)}")
    return values[int(place)]


def _time(name: str, arguments: Sequence[Value], scene: Scene) -> Value:
    text = arguments[0] if arguments else ""
    if not isinstance(text, str):
        raise MistakeError(f"{name} takes a string, not a {type_name(text)}")
    return read_timestamp(text) if text else scene.now


def _rand(_name: str, _arguments: Sequence[Value], scene: Scene) -> Value:
    return scene.rng.random()


def _stop(_name: str, _arguments: Sequence[Value], _: Scene) -> Value:
    raise StopSignal


FUNCTIONS: dict[str, Function] = {
    "avg": _of_list(statistics.fmean, least=1),
    "ceil": _of_each(math.ceil),
    "floor": _of_each(math.floor),
    "len": _of_list(len),
    "lg": _of_each(math.log2),
    "ln": _of_each(math.log),
    "log": _of_each(math.log10),
    "max": _of_list(max, least=1),
    "min": _of_list(min, least=1),
    "norm": _of_list(lambda values: math.hypot(*values)),
    "percentile": Function(2, 2, _percentile),
    "rand": Function(0, 0, _rand),
    "range": _of_list(lambda values: max(values) - min(values), least=1),
    "round": _of_each(_rounded),
    "std": _of_list(_deviation, least=2),
    "stop": Function(0, 0, _stop),
    "sum": _of_list(math.fsum),
    "time": Function(0, 1, _time),
    "val": Function(2, 2, _val),
    "vec": Function(0, MANY, lambda name, arguments, _: _flat(name, arguments)),
}
