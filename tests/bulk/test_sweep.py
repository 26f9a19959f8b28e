"""Sweeps: every combination once, in constant memory, with ids that are proved or compared; and shards of them."""

from __future__ import annotations

import doctest
import re
import tracemalloc
from collections import deque
from collections.abc import AsyncIterator, Callable, Iterator
from itertools import islice, product
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from batchio import ConfigurationError, Sweep, shard, sweep
from batchio.bulk import rows, sweep_ids, wanted
from batchio.bulk import sweep as sweeps
from batchio.bulk.shard import part_of
from batchio.bulk.template import Template
from batchio.bulk.twins import Twins, twins_among

TASK = {"id": "{camera}-{frame:06d}", "commandLine": "render {camera} {frame}"}
RANGES = st.builds(
    lambda start, count, step: range(start, start + count * step, step),
    st.integers(-30, 120),
    st.integers(0, 12),
    st.sampled_from([1, 2, 7, -1, -3]),
)
LETTERS = st.text(alphabet="ab1-AK\u212a.", max_size=2)
AXES = st.dictionaries(st.sampled_from("xyz"), RANGES | st.lists(LETTERS | st.integers(0, 30), max_size=5), max_size=3)
PLACES = [f"{{{name}{spec}}}" for name in "xyz" for spec in ("", ":02d", ":x", ":4", ":_>3", ":c")]
RULES = st.lists(st.sampled_from([*PLACES, "-", "a", "1", "A1"]), min_size=1, max_size=5).map("".join)


def ids_of(rule: str, axes: dict[str, Any]) -> list[str]:
    build = Template({"id": rule}, axes).build
    return [build(*values)["id"] for values in product(*axes.values())]


@given(rule=RULES, axes=AXES)
def test_ids_are_refused_exactly_where_one_is_bad_or_comes_twice(rule: str, axes: dict[str, Any]) -> None:
    try:
        tasks = sweep({"id": rule, "commandLine": "x"}, **axes)
    except ConfigurationError as error:
        text = str(error)
        if not text.startswith("id: ") or " cannot take " in text or "names nothing" in text:
            return
        found = ids_of(rule, axes)
        good = [each for each in found if re.fullmatch("[a-zA-Z0-9_-]{1,64}", each)]
        assert len({each.lower() for each in good}) < len(found), text
    else:
        found = [task["id"] for task in tasks]
        assert all(re.fullmatch("[a-zA-Z0-9_-]{1,64}", each) for each in found)
        assert len({each.lower() for each in found}) == len(found) == len(tasks)


@pytest.mark.parametrize("axes", [{"x": range(10**30)}, {"x": range(10**10), "y": range(10**10)}])
def test_more_tasks_than_can_be_counted(axes: dict[str, Any]) -> None:
    with pytest.raises(ConfigurationError, match="the axes make more tasks than can be counted"):
        sweep({"id": "-".join(f"{{{name}}}" for name in axes), "commandLine": "x"}, **axes)


@pytest.mark.parametrize("axis", [range(0xD700, 0xE100), range(0xE100, 0xD700, -7), range(1, 0xFFFF, 2_000)])
def test_half_a_character_in_the_middle_of_a_range(axis: range) -> None:
    with pytest.raises(ConfigurationError, match="it is half a character"):
        sweep({"id": "{n}", "commandLine": "{n:c}"}, n=axis)


@pytest.mark.parametrize(
    ("rule", "axes"),
    [
        ("{camera}-{frame:06d}", {"frame": range(10**9), "camera": "abc"}),
        ("{frame}{camera}", {"frame": range(10**9), "camera": "abc"}),
        ("{camera}{frame}", {"frame": range(10**9), "camera": "abc"}),
        ("{camera}{frame}", {"frame": range(-5, 10**9), "camera": ["a", "bb"]}),
        ("{a:09d}{b:09d}", {"a": range(10**9), "b": range(10**9)}),
        ("{a}-{b}", {"a": range(10**9), "b": range(10**9)}),
        ("{a:x}-{b:x}", {"a": range(10**9), "b": range(10**9)}),
        ("n{a}", {"a": range(-(10**9), 10**9, 3)}),
        ("{a}_{c}", {"a": ["x", "xy", "xyz"], "c": range(10**9)}),
    ],
)
def test_no_id_is_made_where_the_axes_prove_it(
    monkeypatch: pytest.MonkeyPatch, rule: str, axes: dict[str, Any]
) -> None:
    monkeypatch.setattr(sweep_ids, "_compare", None)
    values: dict[str, Any] = {name: list(each) if isinstance(each, str) else each for name, each in axes.items()}
    tasks = sweep({"id": rule, "commandLine": "x"}, **values)
    assert tasks[0]["id"] != tasks[-1]["id"]


@pytest.mark.parametrize(
    ("rule", "axes", "words"),
    [
        ("{a}{b}", {"a": range(1, 20), "b": range(1, 20)}, "{a}{b} gives '111' for the tasks 11 and "),
        ("{a}{b}", {"a": ["x", "x1"], "b": [20, 120]}, "gives 'x120' for the tasks 2 and 3"),
        ("{a}", {"a": ["x", "X"]}, "'x' and 'X' of a give the same id {a} (letter case does not count)"),
        ("{a}", {"a": [1, 2], "b": [1, 2]}, "every value of b gives the id {a} again; it needs {b}"),
        ("same", {"a": [1, 2]}, "every value of a gives the id same again"),
        ("{a:3}", {"a": range(99, 102)}, "{a:3} of {a:3} gives ' 99'"),
        ("{a}", {"a": ["x.y"]}, "{a} of {a} gives 'x.y'"),
        ("{a}", {"a": ["\u212a"]}, "an id is letters"),
        ("{a}.", {"a": ["x"]}, ". of {a}. gives '.'"),
        ("{a:,}", {"a": range(10**12)}, "{a:,} of {a:,} gives '999,999,999,999'"),
        ("{a:+}", {"a": range(10**12)}, "{a:+} of {a:+} gives '+0'"),
        ("{a}{a}", {"a": ["x" * 30, "x" * 33]}, "ids of up to 66 characters; 64 are allowed"),
        ("{a:065d}", {"a": range(5)}, "ids of up to 65 characters"),
        ("{a}", {"a": ["", "x"]}, "{a} gives an empty id"),
        ("{a:<03d}", {"a": [1, 10]}, "1 and 10 of a give the same id"),
        # What looks as if the axes proved it: hexadecimal letters, a sign, a text between, an empty one, letter case.
        ("{a:x}{b}", {"a": range(1, 300), "b": ["", "a"]}, "gives '1a' for the tasks 2 and 51"),
        ("{a:X}{b}", {"a": range(1, 300), "b": ["", "A"]}, "gives '1A' for the tasks 2 and 51"),
        ("{b}{a}", {"b": ["x", "x-"], "a": range(-300, 300)}, "gives 'x-1' for the tasks 300 and 902"),
        ("{b}xy1{a}", {"b": ["p", "pxy1"], "a": ["q", "xy1q"]}, "gives 'pxy1xy1q' for the tasks 2 and 3"),
        ("{a}{c}{b}", {"a": ["p", "px"], "c": ["", "x"], "b": range(100)}, "gives 'px0' for the tasks 101 and 201"),
        ("{a}{c}{b}", {"a": ["p", "p1"], "c": ["", "x"], "b": range(1, 100)}, "gives 'p11' for the tasks 11 and 199"),
        ("{a}{b}", {"a": ["x", "xY"], "b": ["yz", "z"]}, "gives 'xYz' for the tasks 1 and 4"),
    ],
)
def test_bad_ids(rule: str, axes: dict[str, Any], words: str) -> None:
    with pytest.raises(ConfigurationError) as told:
        sweep({"commandLine": "x"}, id=rule, **axes)
    assert str(told.value).startswith("id: ")
    assert words in str(told.value)


@pytest.mark.parametrize(
    ("axes", "words"),
    [
        ({"frame": "abc", "camera": ["a"]}, "frame: several values are needed"),
        ({"frame": 7, "camera": ["a"]}, "frame: several values are needed"),
        ({"frame": [None], "camera": ["a"]}, "frame: what is filled in is text or a number"),
        ({"frame": ["one"], "camera": ["a"]}, "id: {frame:06d} cannot take text: it is no number"),
        ({"frame": [1.5], "camera": ["a"]}, "id: {frame:06d} cannot take a number"),
        ({"frame": [1]}, "id: {camera} names nothing that is there (frame)"),
    ],
)
def test_bad_axes(axes: dict[str, Any], words: str) -> None:
    with pytest.raises(ConfigurationError) as told:
        sweep(TASK, **axes)
    assert str(told.value).startswith(words)


def test_an_axis_is_read_once_and_kept() -> None:
    cameras, frames = ["a", "b"], (number for number in range(3))
    tasks = sweep(TASK, camera=cameras, frame=frames)
    cameras.append("c")
    assert len(tasks) == 6
    assert tasks[5]["id"] == "b-000002"
    assert repr(sweep(TASK, camera=cameras, frame=range(1_000))) == "Sweep(3,000 tasks)"


def test_a_format_for_numbers_makes_a_number_of_text() -> None:
    tasks = sweep({"id": "{a}", "commandLine": "{a:=3}{a:+}{a:03}{a:,}"}, a=["7"])
    assert tasks[0]["commandLine"] == "  7+70077"


def test_the_last_axis_is_the_fastest() -> None:
    tasks = sweep(TASK, camera=["a", "b"], frame=range(1, 4))
    assert [task["id"] for task in tasks] == ["a-000001", "a-000002", "a-000003", "b-000001", "b-000002", "b-000003"]
    assert list(tasks) == list(tasks), "it can be read again"
    assert tasks[0] == {"id": "a-000001", "commandLine": "render a 1"}


@given(axes=AXES, data=st.data())
def test_it_is_a_sequence(axes: dict[str, Any], data: st.DataObject) -> None:
    numbered = {name: range(len(values)) for name, values in axes.items()}
    tasks = Sweep({"commandLine": "x"}, numbered, id="n" + "-".join(f"{{{name}}}" for name in numbered))
    everything = list(tasks)
    assert len(tasks) == len(everything)
    part = data.draw(st.slices(len(everything)))
    assert list(tasks[part]) == everything[part]
    assert len(tasks[part]) == len(everything[part])
    assert [tasks[at] for at in range(len(tasks))] == everything
    assert [tasks[-1 - at] for at in range(len(tasks))] == everything[::-1]
    with pytest.raises(IndexError):
        tasks[len(tasks)]


def test_any_format_of_a_long_range() -> None:
    tasks = sweep({"id": "{n}", "commandLine": "{n:,} {n:.1f} {n:>9} {n:e}"}, n=range(-(10**12), 10**12))
    assert tasks[-1]["commandLine"] == "999,999,999,999 999999999999.0 999999999999 1.000000e+12"


def test_an_axis_may_have_any_name() -> None:
    assert Sweep({"commandLine": "x"}, {"id": [1], "a name": [2], "template": [3]}, id="{id}-{a name}-{template}")[
        0
    ] == {
        "id": "1-2-3",
        "commandLine": "x",
    }


def test_a_sweep_of_any_length_is_held_in_constant_memory() -> None:
    tracemalloc.start()
    try:
        tasks = sweep(TASK, camera=["a", "b", "c"], frame=range(10**12))
        deque(islice(tasks, 20_000), maxlen=0)
        deque(islice(shard(tasks, 7, 1_000), 20_000), maxlen=0)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert len(tasks) == 3 * 10**12
    assert peak < 200_000


# Twins


@given(st.lists(st.text(alphabet="abAB", max_size=3)))
def test_twins_are_found(ids: list[str]) -> None:
    twins = Twins()
    for each in ids:
        twins.add(each)
    first: dict[str, int] = {}
    expected = [
        (first[key], at, each) for at, each in enumerate(ids) if first.setdefault(key := each.lower(), at) != at
    ]
    assert list(twins_among(twins.suspects(), ids)) == expected


def test_an_agreement_of_hashes_is_no_twin() -> None:
    ids = ["a", "b", "A"]
    assert list(twins_among({hash("a"), hash("b")}, ids)) == [(0, 2, "A")]


# Shards


@given(items=st.lists(st.integers()), of=st.integers(1, 7), make=st.sampled_from([list, iter, tuple, range]))
def test_every_item_is_in_exactly_one_shard(items: list[int], of: int, make: Callable[[Any], Any]) -> None:
    everything = list(range(len(items))) if make is range else items

    def made() -> Any:
        return range(len(items)) if make is range else make(items)

    parts = [list(shard(made(), number, of)) for number in range(1, of + 1)]
    merged = [parts[at % of][at // of] for at in range(len(everything))]
    assert merged == everything
    assert sum(map(len, parts)) == len(everything)


async def test_a_shard_of_an_asynchronous_iterable() -> None:
    async def items() -> AsyncIterator[int]:
        for number in range(10):
            yield number

    part = shard(items(), 2, 3)
    assert str(part_of(part)) == "2/3"
    assert [item async for item in part] == [1, 4, 7]


def test_a_shard_is_lazy() -> None:
    def items() -> Iterator[int]:
        yield from range(5)
        raise AssertionError

    assert list(islice(shard(items(), 2, 3), 2)) == [1, 4]


@pytest.mark.parametrize(("number", "of"), [(0, 3), (4, 3), (1, 0), (True, 1), (1.0, 2)])
def test_a_shard_that_is_none(number: Any, of: Any) -> None:
    with pytest.raises(ConfigurationError, match="a shard is "):
        shard([], number, of)


@pytest.mark.parametrize("module", [sweeps, rows, wanted])
def test_examples_in_docstrings(module: Any) -> None:
    found = doctest.testmod(module)
    assert (found.failed, found.attempted > 0) == (0, True)
