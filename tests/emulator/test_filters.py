from __future__ import annotations

import contextlib
import operator
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from batchio.emulator import ticks
from batchio.emulator.filter_match import BOOL, DURATION, NUMBER, TEXT, TIME, Property, compile_test
from batchio.emulator.filters import (
    MAX_DEPTH,
    MAX_LENGTH,
    Compare,
    Every,
    FilterError,
    Literal,
    Not,
    Some,
    StartsWith,
    parse,
)

STATES = frozenset({"active", "running"})
KINDS = {
    "id": Property(TEXT, lambda thing: thing["id"]),
    "state": Property(TEXT, lambda thing: thing["state"], STATES),
    "executionInfo/exitCode": Property(NUMBER, lambda thing: thing["executionInfo/exitCode"]),
    "flag": Property(BOOL, lambda thing: thing["flag"]),
    "time": Property(TIME, lambda thing: thing["time"]),
    "length": Property(DURATION, lambda thing: thing["length"]),
}
OPERATORS: dict[str, Callable[[Any, Any], bool]] = {
    name: getattr(operator, name) for name in ("eq", "ne", "gt", "ge", "lt", "le")
}
TEXTS = st.text("ab'/ ", max_size=3)
TIMES = st.integers(ticks.UNIX_EPOCH, ticks.UNIX_EPOCH + 30)
LENGTHS = st.integers(0, 30)

things = st.fixed_dictionaries(
    {
        "id": TEXTS,
        "state": st.sampled_from(sorted(STATES)),
        "executionInfo/exitCode": st.none() | st.integers(-3, 3),
        "flag": st.none() | st.booleans(),
        "time": st.none() | TIMES,
        "length": st.none() | LENGTHS,
    }
)


def quoted(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"


def duration(length: int) -> str:
    return f"duration'PT{length // ticks.SECOND}.{length % ticks.SECOND:07d}S'"


@st.composite
def comparisons(draw: st.DrawFn) -> tuple[str, Callable[[dict[str, Any]], bool]]:
    path = draw(st.sampled_from([*KINDS, "startswith"]))
    if path == "startswith":
        prefix = draw(TEXTS)
        return f"startswith(id, {quoted(prefix)})", lambda thing: thing["id"].startswith(prefix)
    symbol = draw(st.sampled_from(["eq", "ne"] if path in ("state", "flag") else sorted(OPERATORS)))
    compare = OPERATORS[symbol]
    if symbol in ("eq", "ne") and draw(st.integers(0, 5)) == 0:
        return f"{path} {symbol} null", lambda thing: compare(thing[path], None)
    values: dict[str, tuple[st.SearchStrategy[Any], Callable[[Any], str]]] = {
        "id": (TEXTS, quoted),
        "state": (st.sampled_from(sorted(STATES)), lambda value: quoted(value.upper())),
        "executionInfo/exitCode": (st.integers(-3, 3) | st.just(0.5), str),
        "flag": (st.booleans(), lambda value: str(value).lower()),
        "time": (TIMES, lambda value: f"datetime'{ticks.time_text(value)}'"),
        "length": (LENGTHS, duration),
    }
    strategy, write = values[path]
    value = draw(strategy)

    def oracle(thing: dict[str, Any]) -> bool:
        return symbol == "ne" if thing[path] is None else compare(thing[path], value)

    return f"{path} {symbol} {write(value)}", oracle


def combined(
    terms: st.SearchStrategy[tuple[str, Callable[[dict[str, Any]], bool]]],
) -> st.SearchStrategy[tuple[str, Callable[[dict[str, Any]], bool]]]:
    """Python's `and` and `or` bind as OData's do, so that the oracle is one Python expression."""
    negated = terms.map(lambda term: (f"not ({term[0]})", lambda thing: not term[1](thing)))
    both = st.tuples(terms, terms).map(
        lambda two: (f"({two[0][0]}) and ({two[1][0]})", lambda thing: two[0][1](thing) and two[1][1](thing))
    )
    flat = st.tuples(comparisons(), comparisons(), comparisons()).map(
        lambda three: (
            f"{three[0][0]} or {three[1][0]}  and {three[2][0]}",
            lambda thing: three[0][1](thing) or (three[1][1](thing) and three[2][1](thing)),
        )
    )
    return negated | both | flat


filters = st.recursive(comparisons(), combined, max_leaves=6)


@given(filters, st.lists(things, max_size=8))
def test_agrees_with_python(filter: tuple[str, Callable[[dict[str, Any]], bool]], rows: list[dict[str, Any]]) -> None:
    text, oracle = filter
    test = compile_test(parse(text), KINDS)
    assert [row for row in rows if test(row)] == [row for row in rows if oracle(row)], text


SIGNS = ["(", ")", "'a'", "'", "''", ",", "/", "1", "-1.5", "1e5", "\u0663", "a/b"]
NAMES = ["id", "state", "eq", "and", "or", "not", "startswith", "null", "true"]
TYPED = ["datetime'2024-07-01T00:00:00Z'", "datetime'x'", "duration'PT1H'", "duration'P'"]
WORDS = st.sampled_from([*SIGNS, *NAMES, *TYPED])


@given(st.text() | st.lists(WORDS, max_size=12).map(" ".join) | st.lists(WORDS, max_size=12).map("".join))
def test_any_text_is_a_tree_or_a_filter_error(text: str) -> None:
    with contextlib.suppress(FilterError):
        compile_test(parse(text), KINDS)


def test_precedence() -> None:
    one, two, three = (Compare("id", "eq", Literal("text", letter)) for letter in "abc")
    assert parse("id eq 'a' or id eq 'b' and id eq 'c'") == Some((one, Every((two, three))))
    assert parse("(id eq 'a' or id eq 'b') and id eq 'c'") == Every((Some((one, two)), three))
    assert parse("not id eq 'a' and id eq 'b'") == Every((Not(one), two))
    assert parse("not (id eq 'a' and id eq 'b')") == Not(Every((one, two)))


@pytest.mark.parametrize(
    ("text", "tree"),
    [
        ("id eq 'it''s'", Compare("id", "eq", Literal("text", "it's"))),
        ("  startswith( id , 'a' )  ", StartsWith("id", "a")),
        ("flag", Compare("flag", "eq", Literal(kind="bool", value=True))),
        ("startswith eq 'a'", Compare("startswith", "eq", Literal("text", "a"))),
        ("a/b gt -1.5", Compare("a/b", "gt", Literal("number", -1.5))),
        ("x eq null", Compare("x", "eq", Literal("null", None))),
        ("x le DateTime'0001-01-01T00:00:00.0000001Z'", Compare("x", "le", Literal("time", 1))),
        ("x ne duration'P1DT0.0000002S'", Compare("x", "ne", Literal("duration", 864_000_000_002))),
    ],
)
def test_trees(text: str, tree: object) -> None:
    assert parse(text) == tree


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "Expected a property at character 1, found the end"),
        ("id", "id is a text, not a bool"),
        ("id eq", "Expected a value at character 6, found the end"),
        ("id eq 'a", "Cannot read the filter from character 6 on"),
        ("id is 'a'", "Expected an operator (eq, ne, gt, ge, lt, le) at character 4, found is"),
        ("(id eq 'a'", "Expected ')' at character 11, found the end"),
        ("id eq 'a')", "Expected end at character 10, found )"),
        ("name eq 'a'", "name cannot be filtered by"),
        ("state gt 'active'", "gt does not go with state"),
        ("startswith(state,'a')", "startswith does not go with state"),
        ("startswith(time,'a')", "startswith does not go with time"),
        ("id gt null", "gt does not go with null"),
        ("state eq 'ready'", "invalid state"),
        ("executionInfo/exitCode eq '1'", "executionInfo/exitCode is a number, not a text"),
        ("time gt datetime'2024-02-30T00:00:00Z'", "day is out of range for month"),
        ("(" * (MAX_DEPTH + 2) + "flag" + ")" * (MAX_DEPTH + 2), f"deeper than {MAX_DEPTH}"),
        ("not " * 5000 + "flag", "more than"),
        ("flag" + " and flag" * MAX_LENGTH, "more than"),
    ],
)
def test_errors_say_why(text: str, reason: str) -> None:
    with pytest.raises(FilterError) as caught:
        compile_test(parse(text), KINDS)
    assert reason in str(caught.value)
