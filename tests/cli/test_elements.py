"""Arrays and collections, against json.loads, for every way to cut them into chunks."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from batchio.cli import portions
from batchio.cli.checking import quick
from batchio.cli.elements import read_elements
from batchio.cli.portions import Bad

QUICKLY = settings(max_examples=60)

# Text that a splitter could trip over.
TRICKY = st.text(st.sampled_from('{}[],:"\\ \n\tévalue𝄞'), max_size=12)
VALUES: st.SearchStrategy[Any] = st.recursive(
    st.none() | st.booleans() | st.integers() | TRICKY,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(TRICKY, inner, max_size=4),
    max_leaves=12,
)


@st.composite
def tasks_with_anything(draw: st.DrawFn) -> dict[str, Any]:
    return {**draw(st.dictionaries(TRICKY, VALUES, max_size=4)), "id": draw(TRICKY)}


TASKS: st.SearchStrategy[Any] = tasks_with_anything()


def cut(text: bytes, places: Iterable[int]) -> Iterator[bytes]:
    last = 0
    for place in sorted({at for at in places if 0 < at < len(text)}):
        yield text[last:place]
        last = place
    yield text[last:]


def pieces(text: bytes, size: int) -> Iterator[bytes]:
    return (text[at : at + size] for at in range(0, len(text), size))


def read(chunks: Iterable[bytes]) -> tuple[list[Any], list[Bad]]:
    tasks: list[Any] = []
    bad: list[Bad] = []
    for portion in read_elements(chunks, quick):
        tasks += map(json.loads, portion.tasks)
        bad += [portion.bad] if portion.bad else []
    return tasks, bad


@st.composite
def texts(draw: st.DrawFn, elements: st.SearchStrategy[Any] = TASKS) -> tuple[bytes, list[Any]]:
    values = draw(st.lists(elements, max_size=8))
    indent = draw(st.sampled_from([None, 0, 2]))
    separators = draw(st.sampled_from([(",", ":"), (", ", ": "), (" ,\n", " : ")]))
    whole: Any = values
    if draw(st.booleans()):
        whole = (
            {"odata.metadata": "https://x/$metadata#tasks", "value": values}
            if draw(st.booleans())
            else {"value": values}
        )
    text = json.dumps(whole, indent=indent, separators=separators, ensure_ascii=draw(st.booleans()))
    space = st.text(st.sampled_from(" \r\n\t"), max_size=3)
    return (draw(space) + text + draw(space)).encode(), values


@QUICKLY
@given(texts(), st.lists(st.integers(0, 400), max_size=6))
def test_elements_are_those_of_json_loads(case: tuple[bytes, list[Any]], places: list[int]) -> None:
    text, values = case
    assert read(cut(text, places)) == (values, [])


@QUICKLY
@given(texts(), st.integers(1, 7))
def test_small_chunks(case: tuple[bytes, list[Any]], size: int) -> None:
    text, values = case
    assert read(pieces(text, size)) == (values, [])


@QUICKLY
@given(texts(TASKS | VALUES), st.lists(st.integers(0, 400), max_size=4))
def test_elements_that_are_no_tasks_are_told_and_left_out(case: tuple[bytes, list[Any]], places: list[int]) -> None:
    text, values = case
    good = [value for value in values if isinstance(value, dict) and isinstance(value.get("id"), str)]
    tasks, bad = read(cut(text, places))
    assert tasks == good
    assert len(bad) == len(values) - len(good)
    assert not any(each.fatal for each in bad)


@QUICKLY
@given(texts(), st.data())
def test_broken_text_is_never_taken_for_a_whole_one(case: tuple[bytes, list[Any]], data: st.DataObject) -> None:
    text, _ = case
    at = data.draw(st.integers(0, len(text) - 1))
    broken = (
        text[:at]
        + data.draw(st.sampled_from([b"", b"}", b"]", b'"', b",", b"{", b"x", b"\xff", b"\\"]))
        + text[at + 1 :]
    )
    try:
        expected = json.loads(broken)
    except ValueError:
        expected = None
    if isinstance(expected, dict):
        expected = expected.get("value")
    head = broken.lstrip()[:1]
    if head not in (b"[", b"{") or (head == b"{" and b'"value"' not in broken):
        return
    tasks, bad = read(pieces(broken, data.draw(st.integers(1, 64))))
    if not bad and tasks != expected:
        # A prefix that never became an array is the shape's business; here nothing was read at all.
        assert not tasks
        assert expected is None


@QUICKLY
@given(texts(), st.integers(1, 40), st.data())
def test_every_prefix_is_incomplete(case: tuple[bytes, list[Any]], size: int, data: st.DataObject) -> None:
    text, values = case
    end = data.draw(st.integers(0, len(text.rstrip()) - 1))
    tasks, bad = read(pieces(text[:end], size))
    assert [each.fatal for each in bad] == [True]
    assert tasks == values[: len(tasks)]


@pytest.mark.parametrize(
    ("text", "line", "column", "why"),
    [
        ('[\n  {"id": "a"},\n  {"id": 7}\n]', 3, 3, "id is not a string"),
        ('[\n  {"id": "a"},\n  {"name": 7}\n]', 3, 3, "no id"),
        ('[{"id":"a"},5]', 1, 13, "a task is a JSON object, not int"),
        ('[{"id":"é"},{"id":"b","x":?}]', 1, 27, "not JSON"),
        ('[{"id":"a"},\n {"id":"b"},]', 2, 13, "expected a task"),
        ('[{"id":"a"}\n{"id":"b"}]', 2, 1, "expected ',' or ']'"),
        ('[{"id":"a"}]\n\n  x', 3, 3, "more behind the end"),
        ('[{"id":"a"},\n{"id":"b"', 2, 10, "ends before the array does"),
        ('{"value":[{"id":"a"}]', 1, 22, "not closed"),
        ('{"value":[{"id":"a"}]}}', 1, 22, "not closed"),
        ('{"value":[{"id":"a"}],\n"odata.nextLink": nothing}', 1, 22, "not closed"),
        ('{"odata\x01": "x", "value":[{"id":"a"}]}', 1, 1, "before the array"),
        ("[:]", 1, 2, "expected a task"),
    ],
    ids=repr,
)
@pytest.mark.parametrize("size", [1, 3, 1000])
def test_errors_say_where(text: str, line: int, column: int, why: str, size: int) -> None:
    _, bad = read(pieces(text.encode(), size))
    assert [(each.line, each.column) for each in bad] == [(line, column)]
    assert why in bad[0].why


def test_errors_say_where_behind_many_chunks() -> None:
    tasks = [{"id": f"task-{at}", "commandLine": "é" * (at % 7)} for at in range(2000)]
    for indent in (None, 2):
        text = json.dumps(tasks, indent=indent, ensure_ascii=False)
        at = text.index('"task-1500"')
        broken = text[:at] + "?" + text[at:]
        _, bad = read(pieces(broken.encode(), 1000))
        place = (text.count("\n", 0, at) + 1, at - text.rfind("\n", 0, at))
        assert [(each.line, each.column) for each in bad] == [place]


def test_invalid_utf8_says_where() -> None:
    text = '[{"id":"é"},\n{"id":"b","x":"'.encode() + b'\xff"},{"id":"c"}]'
    for size in (1, 5, 1000):
        tasks, bad = read(pieces(text, size))
        assert tasks == [{"id": "é"}]
        assert [(each.line, each.column, each.fatal) for each in bad] == [(2, 16, True)]


def test_what_stands_around_the_collection_is_read() -> None:
    for text in (
        '{"value":[{"id":"a"}], "odata.nextLink": "https://x/?a=[1]"}',
        '{"odata.metadata":"é", "odata.count":"1","value":[{"id":"a"}] , "more": {"x": [1, "]}"]}, "less": null }\n',
    ):
        for size in (1, 7, 1000):
            assert read(pieces(text.encode(), size)) == ([{"id": "a"}], [])
    for spoilt in (b'{"odata\xff":"","value":[{"id":"a"}]}', b'{"value":[{"id":"a"}],"odata.x":"\xff"}'):
        assert len(read(pieces(spoilt, 5))[1]) == 1


def test_an_element_over_the_limit_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    for module in ("elements", "checking"):
        monkeypatch.setattr(f"batchio.cli.{module}.LIMIT", 1000)
    text = json.dumps([{"id": "a"}, {"id": "b", "x": "y" * 2000}, {"id": "c"}]).encode()
    for size in (10, 700, 5000):
        tasks, bad = read(pieces(text, size))
        assert tasks[0] == {"id": "a"}
        assert len(bad) == 1
        assert portions.LIMIT_WORDS in bad[0].why


def test_memory_stays_with_the_chunks() -> None:
    def endless() -> Iterator[bytes]:
        yield b"["
        for at in range(200):
            yield b",".join(b'{"id":"%d-%d"}' % (at, each) for each in range(100)) + b","
        yield b'{"id":"last"}]'

    assert sum(len(portion.tasks) for portion in read_elements(endless(), quick)) == 20_001
