"""What operators do with values of which types.

Law: a pair of types that the table does not have is a mistake; the table is the documentation's.
"""

from __future__ import annotations

import operator
from collections.abc import Callable
from typing import Any

from .failures import MistakeError
from .values import Interval, Timestamp, Value, Vector, double, interval, timestamp, type_name, vector

RANKS = (("*", "/"), ("+", "-"), ("<", "<=", ">", ">="), ("==", "!="), ("&&",), ("||",))
"""The operators between two values; what stands first binds tightest."""

_COMPARISONS: dict[str, Callable[[Any, Any], bool]] = {
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
    "==": operator.eq,
    "!=": operator.ne,
}


def _divided(left: float, right: float) -> float:
    if right == 0:
        raise MistakeError("Division by zero")
    return left / right


_ARITHMETIC: dict[str, Callable[[float, float], float]] = {
    "+": operator.add,
    "-": operator.sub,
    "*": operator.mul,
    "/": _divided,
}


_Does = Callable[[float, float], float]
_Applies = Callable[[Any, Any], Value]


def _of_doubles(does: _Does) -> _Applies:
    return lambda left, right: double(does(left, right))


def _of_vector(does: _Does) -> _Applies:
    return lambda left, right: vector(does(each, right) for each in left)


def _of_vectors(does: _Does) -> _Applies:
    def applies(left: Vector, right: Vector) -> Value:
        if len(left) != len(right):
            raise MistakeError(f"The vectors have {len(left)} and {len(right)} values; they need as many")
        return vector(map(does, left, right))

    return applies


def _compared(holds: Callable[[Any, Any], bool]) -> _Applies:
    return lambda left, right: float(holds(left, right))


def _table() -> dict[tuple[str, type, type], _Applies]:
    table: dict[tuple[str, type, type], _Applies] = {
        ("*", float, Interval): lambda left, right: interval(left * right.ticks),
        ("*", Interval, float): lambda left, right: interval(left.ticks * right),
        ("/", Interval, float): lambda left, right: interval(_divided(left.ticks, right)),
        ("+", Interval, Interval): lambda left, right: interval(left.ticks + right.ticks),
        ("-", Interval, Interval): lambda left, right: interval(left.ticks - right.ticks),
        ("+", Interval, Timestamp): lambda left, right: timestamp(left.ticks + right.ticks),
        ("+", Timestamp, Interval): lambda left, right: timestamp(left.ticks + right.ticks),
        ("-", Timestamp, Timestamp): lambda left, right: interval(left.ticks - right.ticks),
    }
    for sign, does in _ARITHMETIC.items():
        table[sign, float, float] = _of_doubles(does)
        table[sign, tuple, float] = _of_vector(does)
        table[sign, tuple, tuple] = _of_vectors(does)
    for sign, holds in _COMPARISONS.items():
        for kind in (float, str, Timestamp, Interval):
            table[sign, kind, kind] = _compared(holds)
    return table


_TABLE = _table()


def applied(sign: str, left: Value, right: Value) -> Value:
    """The value of `left sign right`, for all but `&&` and `||`. Raises `MistakeError`."""
    does = _TABLE.get((sign, type(left), type(right)))
    if does is None:
        raise MistakeError(f"'{sign}' does not take a {type_name(left)} and a {type_name(right)}")
    return does(left, right)


def signed(sign: str, value: Value) -> Value:
    """The value of `-value` or `!value`. Raises `MistakeError`."""
    if isinstance(value, float):
        return -value if sign == "-" else float(value == 0.0)
    if isinstance(value, Interval) and sign == "-":
        return Interval(-value.ticks)
    raise MistakeError(f"'{sign}' does not take a {type_name(value)}")


def is_true(value: Value, what: str) -> bool:
    """Whether a double is not zero. Raises `MistakeError` for another type."""
    if isinstance(value, float):
        return value != 0.0
    raise MistakeError(f"{what} takes a double, not a {type_name(value)}")
