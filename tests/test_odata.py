"""Filters that are built: quoted right, bracketed right, and taken wherever a filter is."""

from __future__ import annotations

import math
import operator
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from session.driving import connect
from session.server import Server, page

from batchio import ConfigurationError, models, odata
from batchio.models.base import UNLIMITED
from batchio.odata import Filter, field, literal

a, b, c = field("a") == 1, field("b") == 2, field("c") == 3


@pytest.mark.parametrize(
    ("built", "text"),
    [
        (field("state") == "completed", "state eq 'completed'"),
        (field("state") != "completed", "state ne 'completed'"),
        (field("executionInfo/exitCode") > 0, "executionInfo/exitCode gt 0"),
        (field("executionInfo/exitCode") >= -1, "executionInfo/exitCode ge -1"),
        (field("priority") < 10, "priority lt 10"),
        (field("priority") <= 1.5, "priority le 1.5"),
        (field("id").startswith("it's"), "startswith(id, 'it''s')"),
        (field("poolId") == None, "poolId eq null"),  # noqa: E711 - a filter, no comparison
        (field("enableAutoScale") == True, "enableAutoScale eq true"),  # noqa: E712 - a filter, no comparison
        (field("state") == models.TaskState.COMPLETED, "state eq 'completed'"),
        (a & b, "a eq 1 and b eq 2"),
        (a | b, "a eq 1 or b eq 2"),
        (~a, "not (a eq 1)"),
        (~~a, "not (not (a eq 1))"),
        (a & b & c, "a eq 1 and b eq 2 and c eq 3"),
        (a | b & c, "a eq 1 or b eq 2 and c eq 3"),
        ((a | b) & c, "(a eq 1 or b eq 2) and c eq 3"),
        (a & (b | c), "a eq 1 and (b eq 2 or c eq 3)"),
        (a & (b & c), "a eq 1 and b eq 2 and c eq 3"),
        (~(a | b) & c, "not (a eq 1 or b eq 2) and c eq 3"),
        (~field("id").startswith("x"), "not (startswith(id, 'x'))"),
    ],
)
def test_what_is_built(built: Filter, text: str) -> None:
    assert str(built) == text


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ("", "''"),
        ("''", "''''''"),
        ("ü \\ %", "'ü \\ %'"),
        (2**40, "1099511627776"),
        (datetime(2016, 11, 19, 0, 5, 25, tzinfo=UTC), "datetime'2016-11-19T00:05:25Z'"),
        (
            datetime(2016, 11, 19, 2, 5, 25, 7, tzinfo=timezone(timedelta(hours=2))),
            "datetime'2016-11-19T00:05:25.000007Z'",
        ),
        (timedelta(hours=1), "duration'PT1H'"),
        (timedelta(0), "duration'PT0S'"),
        (timedelta(days=2), "duration'P2D'"),
        (timedelta(days=1, minutes=2, seconds=3, microseconds=400_000), "duration'P1DT2M3.4S'"),
        (timedelta(minutes=-90), "duration'-PT1H30M'"),
        (UNLIMITED, "duration'P10675199DT2H48M5.4775807S'"),
    ],
)
def test_literals(value: odata.Value, text: str) -> None:
    assert literal(value) == text


@pytest.mark.parametrize(
    "value",
    [
        math.nan,
        math.inf,
        b"x",
        ["x"],
        object(),
        field("a"),
        datetime(2024, 7, 1),  # noqa: DTZ001 - the mistake under test
        datetime.max.replace(tzinfo=timezone(timedelta(hours=-5))),
    ],
)
def test_what_is_no_literal(value: Any) -> None:
    with pytest.raises(ConfigurationError, match=r"^filter: "):
        literal(value)


@pytest.mark.parametrize("name", ["", "a b", "1a", "a/", "/a", "a//b", "a eq 1 or b", "a'", "ü", None, 5])
def test_what_is_no_name(name: Any) -> None:
    with pytest.raises(ConfigurationError, match=r"^filter: "):
        field(name)


def test_mistakes_of_python_are_told() -> None:
    with pytest.raises(TypeError, match="join filters with"):
        bool(a and b)
    with pytest.raises(TypeError, match="join filters with"):
        bool(1 < field("a") < 5)
    anything: Any = "b eq 2"
    for join in (operator.and_, operator.or_):
        with pytest.raises(TypeError, match="unsupported operand"):
            join(a, anything)
        with pytest.raises(TypeError, match="unsupported operand"):
            join(anything, a)
    with pytest.raises(ConfigurationError, match="startswith takes a text"):
        field("a").startswith(None)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]  # the mistake under test
    with pytest.raises(TypeError):
        hash(field("a"))


# What is built, read again by a reader of these tests' own.

Tree = Any


def _built(tree: Tree) -> Filter:
    kind, *parts = tree
    if kind == "is":
        value: int = parts[1]
        return field(parts[0]) == value
    if kind == "not":
        return ~_built(parts[0])
    left, right = map(_built, parts)
    return left & right if kind == "and" else left | right


def _truth(tree: Tree, facts: dict[str, int]) -> bool:
    kind, *parts = tree
    if kind == "is":
        return facts[parts[0]] is parts[1]
    if kind == "not":
        return not _truth(parts[0], facts)
    left, right = (_truth(part, facts) for part in parts)
    return left and right if kind == "and" else left or right


TREES = st.recursive(
    st.tuples(st.just("is"), st.sampled_from("xyz"), st.integers(0, 1)),
    lambda part: st.tuples(st.just("not"), part) | st.tuples(st.sampled_from(["and", "or"]), part, part),
    max_leaves=12,
)


@given(tree=TREES, facts=st.fixed_dictionaries({name: st.integers(0, 1) for name in "xyz"}))
def test_precedence(tree: Tree, facts: dict[str, int]) -> None:
    # With == for eq this is Python, whose precedence of not, and, or is OData's.
    text = str(_built(tree)).replace(" eq ", " == ")
    assert eval(text, {}, dict(facts)) == _truth(tree, facts)  # noqa: S307 - our own text


@given(st.text())
def test_a_text_cannot_leave_its_quotes(text: str) -> None:
    inner = literal(text).removeprefix("'").removesuffix("'")
    assert "'" not in inner.replace("''", "")
    assert inner.replace("''", "'") == text


@given(st.timedeltas(timedelta(days=-999_999), timedelta(days=999_999)))
def test_a_duration_is_the_same_when_read(span: timedelta) -> None:
    text = literal(span).removeprefix("duration'").removesuffix("'")
    assert msgspec.convert(text, timedelta) == span


async def test_a_listing_takes_it() -> None:
    async with Server() as server, connect(server) as client:
        server.otherwise = page()
        wanted = (field("state") == "completed") & (field("executionInfo/exitCode") != 0)
        assert [task async for task in client.tasks.list("j", filter=wanted)] == []
        assert server.heard[0].query["$filter"] == "state eq 'completed' and executionInfo/exitCode ne 0"
        with pytest.raises(ConfigurationError, match=r"^filter: a printable string"):
            client.tasks.list("j", filter=field("id") == "a\nb")
