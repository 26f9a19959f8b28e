from __future__ import annotations

import itertools
import math
import statistics
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from batchio.emulator import ticks
from batchio.emulator.autoscale import FormulaError, History, evaluate
from batchio.emulator.autoscale.functions import FUNCTIONS
from batchio.emulator.autoscale.times import MEMBERS
from batchio.emulator.autoscale.values import INTERVALS

from .dice import dice

NOW = datetime(2024, 7, 1, 12, 30, 15, 250_000, tzinfo=UTC)
"""A Monday."""

EXAMPLES = {
    "double": "2",
    "doubleVec": "[2, 4]",
    "string": '"b"',
    "timestamp": "time()",
    "timeinterval": "TimeInterval_Minute",
}


def text_of(expression: str) -> str:
    results = evaluate(f"x = {expression}", history=History(), now=NOW, rng=dice()).results
    return results.partition(";x=")[2]


def value_of(expression: str) -> object:
    return evaluate(f"x = {expression}", history=History(), now=NOW, rng=dice()).variables["x"]


def message_of(expression: str) -> str:
    with pytest.raises(FormulaError) as raised:
        evaluate(f"x = {expression}", history=History(), now=NOW, rng=dice())
    return str(raised.value)


# Operators: what the documentation's table has, and nothing else.

ARITHMETIC = {
    ("double", "double"): {"+": "4", "-": "0", "*": "4", "/": "1"},
    ("double", "timeinterval"): {"*": "00:02:00"},
    ("doubleVec", "double"): {"+": "[4,6]", "-": "[0,2]", "*": "[4,8]", "/": "[1,2]"},
    ("doubleVec", "doubleVec"): {"+": "[4,8]", "-": "[0,0]", "*": "[4,16]", "/": "[1,1]"},
    ("timeinterval", "double"): {"*": "00:02:00", "/": "00:00:30"},
    ("timeinterval", "timeinterval"): {"+": "00:02:00", "-": "00:00:00"},
    ("timeinterval", "timestamp"): {"+": "2024-07-01T12:31:15.250Z"},
    ("timestamp", "timeinterval"): {"+": "2024-07-01T12:31:15.250Z"},
    ("timestamp", "timestamp"): {"-": "00:00:00"},
}
COMPARED = ("double", "string", "timestamp", "timeinterval")
EQUAL = {"<": "0", "<=": "1", "==": "1", ">=": "1", ">": "0", "!=": "0"}


@pytest.mark.parametrize(("left", "right"), list(itertools.product(EXAMPLES, EXAMPLES)))
def test_what_operators_take(left: str, right: str) -> None:
    allowed = ARITHMETIC.get((left, right), {}) | (EQUAL if left == right and left in COMPARED else {})
    for sign in ("+", "-", "*", "/", *EQUAL):
        expression = f"{EXAMPLES[left]} {sign} {EXAMPLES[right]}"
        if sign in allowed:
            assert text_of(expression) == allowed[sign], expression
        else:
            column = 6 + len(EXAMPLES[left])
            assert message_of(expression) == f"Line 1, Col {column}: '{sign}' does not take a {left} and a {right}"
    for sign, decided in (("&&", "0"), ("||", "1")):
        expression = f"{EXAMPLES[left]} {sign} {EXAMPLES[right]}"
        if left == right == "double":
            assert text_of(expression) == "1"
        else:
            wrong = right if left == "double" else left
            expression = f"{'01'[sign == '&&'] if left == 'double' else EXAMPLES[left]} {sign} {EXAMPLES[right]}"
            assert message_of(expression).endswith(f": '{sign}' takes a double, not a {wrong}")
            assert text_of(f"{decided} {sign} {EXAMPLES[right]}") == decided


@pytest.mark.parametrize("kind", EXAMPLES)
def test_what_signs_take(kind: str) -> None:
    allowed = {"double": {"-": "-2", "!": "0"}, "timeinterval": {"-": "-00:01:00"}}.get(kind, {})
    for sign in "-!":
        if sign in allowed:
            assert text_of(f"{sign}{EXAMPLES[kind]}") == allowed[sign]
        else:
            assert message_of(f"{sign}{EXAMPLES[kind]}") == f"Line 1, Col 5: '{sign}' does not take a {kind}"


# Functions.

FLAT = ("avg", "ceil", "floor", "len", "lg", "ln", "log", "max", "min", "norm", "range", "round", "std", "sum", "vec")


@pytest.mark.parametrize(
    ("expression", "text"),
    [
        ("avg(1, [2, 3], 6)", "3"),
        ("ceil(1.2)", "2"),
        ("ceil([1.2, -1.2])", "[2,-1]"),
        ("floor(1.8)", "1"),
        ("floor(1.8, -1.2)", "[1,-2]"),
        ("len()", "0"),
        ("len([1, 2], 3)", "3"),
        ("lg(8)", "3"),
        ("lg(8, [2])", "[3,1]"),
        ("lg(vec(8))", "[3]"),
        ("ln(1)", "0"),
        ("ln([1])", "[0]"),
        ("log(1000)", "3"),
        ("log([10, 100])", "[1,2]"),
        ("max(3, [1, 7])", "7"),
        ("min(3, [1, 7])", "1"),
        ("norm(3, 4)", "5"),
        ("norm()", "0"),
        ("percentile([4, 1, 3, 2], 50)", "2"),
        ("percentile([4, 1, 3, 2], 51)", "3"),
        ("percentile([4, 1, 3, 2], 0)", "1"),
        ("percentile([4, 1, 3, 2], 100)", "4"),
        ("range(3, [1, 7])", "6"),
        ("round(2.5)", "3"),
        ("round([-2.5, 0.49999999999999994])", "[-3,0]"),
        ("std(2, 4, 4, 4, 5, 5, 7, 9)", repr(statistics.stdev([2, 4, 4, 4, 5, 5, 7, 9]))),
        ("sum(1, [2, 3])", "6"),
        ("sum([])", "0"),
        ("time()", "2024-07-01T12:30:15.250Z"),
        ('time("")', "2024-07-01T12:30:15.250Z"),
        ("val([5, 6, 7], 1)", "6"),
        ("vec(1, [2])", "[1,2]"),
        ('"a text"', "a text"),
        ('"a" < "b"', "1"),
        ("1 / 3", "0.3333333333333333"),
        ("1e20", "1e+20"),
        ("-0.5 * 0", "0"),
        ("requeue", "requeue"),
    ],
)
def test_functions(expression: str, text: str) -> None:
    assert text_of(expression) == text


@pytest.mark.parametrize("name", FLAT)
@pytest.mark.parametrize("kind", ["string", "timestamp", "timeinterval"])
def test_what_functions_take(name: str, kind: str) -> None:
    expected = f"Line 1, Col 5: {name} takes doubles and doubleVecs; argument 2 is a {kind}"
    assert message_of(f"{name}(1, {EXAMPLES[kind]})") == expected


@pytest.mark.parametrize(
    ("expression", "message"),
    [
        ("1 + avg()", "Line 1, Col 9: avg needs 1 or more values; the vector has 0"),
        ("max([])", "Line 1, Col 5: max needs 1 or more values; the vector has 0"),
        ("min([])", "Line 1, Col 5: min needs 1 or more values; the vector has 0"),
        ("range()", "Line 1, Col 5: range needs 1 or more values; the vector has 0"),
        ("std(1)", "Line 1, Col 5: std needs 2 or more values; the vector has 1"),
        ("lg(0)", "Line 1, Col 5: lg needs values above zero"),
        ("ln(1, -1)", "Line 1, Col 5: ln needs values above zero"),
        ("log([0])", "Line 1, Col 5: log needs values above zero"),
        ("percentile([], 5)", "Line 1, Col 5: percentile needs 1 or more values; the vector has 0"),
        ("percentile([1], 101)", "Line 1, Col 5: percentile takes a percentage from 0 to 100, not 101"),
        ("percentile(1, 5)", "Line 1, Col 5: percentile takes a doubleVec and a double, not a double and a double"),
        ("val([1], 1)", "Line 1, Col 5: val found no element 1 in a vector of 1"),
        ("val([1], 0.5)", "Line 1, Col 5: val found no element 0.5 in a vector of 1"),
        ("val([1], -1)", "Line 1, Col 5: val found no element -1 in a vector of 1"),
        ("val(time(), 1)", "Line 1, Col 5: val takes a doubleVec and a double, not a timestamp and a double"),
        ("time(5)", "Line 1, Col 5: time takes a string, not a double"),
        ('time("today")', "Line 1, Col 5: time expected a text such as 2024-07-01T12:00:00Z (W3C-DTF) or Mon, 01 Jul "),
        ("sum(1e308, 1e308)", "Line 1, Col 5: The result is no finite number"),
        ("avg(1e308, 1e308, 1e308)", "Line 1, Col 5: The result is no finite number"),
        ("norm(1.7e308, 1.7e308)", "Line 1, Col 5: The result is no finite number"),
        ("range(1.7e308, -1.7e308)", "Line 1, Col 5: The result is no finite number"),
        ("std(1.7e308, -1.7e308)", "Line 1, Col 5: The result is no finite number"),
    ],
)
def test_what_functions_refuse(expression: str, message: str) -> None:
    assert message_of(expression).startswith(message)


def test_every_function_is_tested() -> None:
    assert {*FLAT, "percentile", "rand", "stop", "time", "val"} == FUNCTIONS.keys()


def test_rand_draws_from_the_given_source() -> None:
    source = dice()
    assert value_of("[rand(), rand()]") == (source.random(), source.random())


@given(st.lists(st.floats(-1e6, 1e6), min_size=2, max_size=8))
def test_agrees_with_the_standard_library(values: list[float]) -> None:
    written = ",".join(f"{value!r}" if value >= 0 else f"0{value!r}" for value in values)
    assert value_of(f"avg({written})") == pytest.approx(statistics.fmean(values))
    assert value_of(f"std({written})") == pytest.approx(statistics.stdev(values), abs=1e-6)
    assert value_of(f"norm({written})") == pytest.approx(math.hypot(*values))
    assert value_of(f"[max({written}), min({written}), len({written})]") == (max(values), min(values), len(values))


# Times.


@pytest.mark.parametrize(
    ("text", "time"),
    [
        ("2024", "2024-01-01T00:00:00.000Z"),
        ("2024-07", "2024-07-01T00:00:00.000Z"),
        ("2024-07-02", "2024-07-02T00:00:00.000Z"),
        ("2024-07-02T03:04Z", "2024-07-02T03:04:00.000Z"),
        ("2024-07-02T03:04:05+02:00", "2024-07-02T01:04:05.000Z"),
        ("2024-07-02T03:04:05.1234567Z", "2024-07-02T03:04:05.123Z"),
        ("Tue, 02 Jul 2024 03:04:05 GMT", "2024-07-02T03:04:05.000Z"),
    ],
)
def test_times(text: str, time: str) -> None:
    assert text_of(f'time("{text}")') == time


@pytest.mark.parametrize(
    "text",
    [
        *("24", "2024-13", "2024-02-30", "2024-07-02T03:04:05", "2024-07-02T25:04Z", "2024-07-02 03:04Z", " 2024"),
        *("2024-07-02T03:04:05.123456789Z", "0001-01-01T00:00+01:00", "0000", "9999-12-31T23:59-01:00"),
        *("Tue, 32 Jul 2024 03:04:05 GMT", "Tue, 02 Foo 2024 03:04:05 GMT", "Tue, 02 Jul 2024 03:04:05 CET"),
    ],
)
def test_what_is_no_time(text: str) -> None:
    assert message_of(f'time("{text}")').startswith("Line 1, Col 5: ")


@pytest.mark.parametrize(
    ("member", "number"),
    [("year", 2024), ("month", 7), ("day", 1), ("weekday", 1), ("hour", 12), ("minute", 30), ("second", 15)],
)
def test_members(member: str, number: int) -> None:
    assert value_of(f"time().{member}") == number
    assert member in MEMBERS


def test_a_week_begins_with_sunday() -> None:
    days = ",".join(f"(time() + {day} * TimeInterval_Day).weekday" for day in range(7))
    assert value_of(f"[{days}]") == (1, 2, 3, 4, 5, 6, 0)


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("Zero", "00:00:00"),
        ("100ns", "00:00:00.0000001"),
        ("Microsecond", "00:00:00.0000010"),
        ("Millisecond", "00:00:00.0010000"),
        ("Second", "00:00:01"),
        ("Minute", "00:01:00"),
        ("Hour", "01:00:00"),
        ("Day", "1.00:00:00"),
        ("Week", "7.00:00:00"),
        ("Year", "365.00:00:00"),
    ],
)
def test_intervals(name: str, text: str) -> None:
    assert f"TimeInterval_{name}" in INTERVALS
    assert text_of(f"TimeInterval_{name}") == text
    assert text_of(f"-TimeInterval_{name} * 1") == ("00:00:00" if name == "Zero" else f"-{text}")


def test_a_tick_is_the_least() -> None:
    assert text_of("TimeInterval_100ns * 0.4") == "00:00:00"
    assert text_of("(time() + TimeInterval_Second * 0.75).second") == "16"
    assert INTERVALS["TimeInterval_Day"].ticks == 24 * 3600 * ticks.SECOND
