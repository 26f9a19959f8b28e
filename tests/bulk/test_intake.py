"""Input items become ids, keys and bytes; what cannot be sent is told by its place."""

from __future__ import annotations

from datetime import timedelta
from types import MappingProxyType
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from batchio.bulk.intake import RawQueue, encode, fold, prepare
from batchio.models import UNLIMITED, TaskAddParameter, TaskConstraints

_GOOD: list[Any] = [
    TaskAddParameter(id="m", command_line="x"),
    {"id": "d", "commandLine": "x"},
    b'{"id":"b","commandLine":"x"}',
    bytearray(b'{"id":"a","commandLine":"x"}'),
    MappingProxyType({"id": "p", "commandLine": "x"}),
]
_BAD: list[Any] = [
    None,
    7,
    "{}",
    object(),
    {"commandLine": "no id"},
    {"id": 7},
    {"id": None},
    {"id": "x", "bad": object()},
    {"id": "x", "bad": "\ud800"},
    b"",
    b"[]",
    b"{",
    b'{"id":"a"},{"id":"b"}',
    b'{"id":7}',
    b'{"commandLine":"x"}',
    b'{"id":"\xff"}',
    TaskAddParameter(id=7, command_line="x"),  # type: ignore[arg-type]  # what an untyped caller may do
]


@given(st.lists(st.sampled_from(range(len(_GOOD) + len(_BAD))), max_size=30), st.integers(0, 1000))
def test_every_item_is_a_task_or_bad_and_keeps_its_place(picks: list[int], first: int) -> None:
    items = [(_GOOD + _BAD)[pick] for pick in picks]
    tasks, bad = prepare(items, first)
    assert sorted([*tasks.ordinals, *(each.ordinal for each in bad)]) == list(range(first, first + len(items)))
    assert list(tasks.ordinals) == sorted(tasks.ordinals)
    for ordinal, task_id, body in zip(tasks.ordinals, tasks.ids, tasks.bodies, strict=True):
        assert picks[ordinal - first] < len(_GOOD)
        assert msgspec.json.decode(body)["id"] == task_id
    assert all(picks[each.ordinal - first] >= len(_GOOD) for each in bad)


@pytest.mark.parametrize("item", _GOOD, ids=lambda item: type(item).__name__)
def test_a_group_of_one_kind_and_the_walk_agree(item: Any) -> None:
    group, none = prepare([item] * 3, 0)
    walked, one = prepare([item, item, item, 7], 0)
    assert not none
    assert [each.ordinal for each in one] == [3]
    assert (group.ids, group.keys, group.bodies) == (walked.ids, walked.keys, walked.bodies)


def test_a_bad_task_says_why() -> None:
    _, bad = prepare([{"commandLine": "x"}, 7, b'{"id":"a"},{}'], 0)
    texts = [each.error.message.value if each.error.message else "" for each in bad]
    assert texts[0] == "the task has no id"
    assert "not int" in (texts[1] or "")
    assert "trailing" in (texts[2] or "")
    assert bad[2].body == b'{"id":"a"},{}'


def test_raw_newlines_leave_the_bytes() -> None:
    tasks, _ = prepare([b'{"id": "a",\n "commandLine": "x\\ny"}', b'{"id":"b"}'], 0)
    assert tasks.bodies == [b'{"id":"a","commandLine":"x\\ny"}', b'{"id":"b"}']


def test_an_unlimited_duration_stays_within_the_services_maximum() -> None:
    read = msgspec.json.decode(b'{"maxWallClockTime":"P10675199DT2H48M5.4775807S"}', type=TaskConstraints)
    tasks, _ = prepare([TaskAddParameter(id="a", command_line="x", constraints=read)], 0)
    sent = msgspec.json.decode(tasks.bodies[0])["constraints"]["maxWallClockTime"]
    assert UNLIMITED - timedelta(seconds=1) < msgspec.convert(sent, timedelta) <= UNLIMITED


@given(st.lists(st.text(max_size=8), max_size=20))
def test_keys_are_equal_where_only_ascii_letter_case_differs(ids: list[str]) -> None:
    keys = fold(ids)
    assert keys == [each.lower() if each.isascii() else each for each in ids]


def test_look_alikes_are_other_ids() -> None:
    kelvin = "tas\u212a"
    assert fold(["task", kelvin]) == ["task", kelvin]


_ITEM = st.integers(0, 9)


@given(st.one_of(st.lists(_ITEM, max_size=20), st.lists(st.lists(_ITEM, max_size=5), max_size=20)), st.integers(1, 7))
def test_lists_of_items_are_opened_in_order(items: list[Any], most: int) -> None:
    queue = RawQueue()
    for start in range(0, len(items), 4):
        queue.add(items[start : start + 4])
    flat = [each for item in items for each in (item if isinstance(item, list) else [item])]
    assert queue.taken == len(flat) == len(queue)
    out: list[Any] = []
    while len(queue):
        first, part = queue.cut(most)
        assert first == len(out)
        assert 1 <= len(part) <= most
        assert isinstance(part, list | tuple)
        out += part
    assert out == flat


@pytest.mark.parametrize(
    ("items", "is_one_piece"),
    [
        ([TaskAddParameter(id=name, command_line="x") for name in "abc"], True),
        ([{"id": name, "commandLine": "x"} for name in "abc"], True),
        ([f'{{"id":"{name}"}}'.encode() for name in "abc"], False),
        ([f'{{"id":\n"{name}"}}'.encode() for name in "abc"], False),
    ],
    ids=["models", "mappings", "bytes", "bytes in lines"],
)
def test_a_group_of_one_kind_goes_the_short_way(items: list[Any], *, is_one_piece: bool) -> None:
    tasks = encode(items)
    assert tasks is not None
    assert (tasks.packed is not None) is is_one_piece
    assert tasks.size == sum(map(len, tasks.bodies))
    assert tasks.joined == "a\nb\nc"
    assert tasks.ids == tasks.keys == ["a", "b", "c"]
    prepared, bad = prepare(tasks, 7)
    assert prepared is tasks
    assert (list(tasks.ordinals), bad) == ([7, 8, 9], [])


def test_bytes_without_a_newline_are_sent_as_they_are() -> None:
    bodies = [b'{ "id" : "a" , "x":1.0 }', b'{"id":"b"}']
    tasks, _ = prepare(bodies, 0)
    assert tasks.bodies == bodies
    tasks, _ = prepare([*bodies, b'{"id":\n"c"}'], 0)
    assert tasks.bodies == [*bodies, b'{"id":"c"}']


def test_a_bad_task_keeps_its_id_where_it_has_one() -> None:
    items = [
        {"id": "a", "bad": object()},
        TaskAddParameter(id="b", command_line=object()),  # type: ignore[arg-type]  # what an untyped caller may do
        {"id": 7},
        {"commandLine": "x"},
        b'{"id":"c"},',
    ]
    tasks, bad = prepare(items, 0)
    assert len(tasks) == 0
    assert [each.task_id for each in bad] == ["a", "b", None, None, None]


@pytest.mark.parametrize("start", [0, 1, 2])
def test_a_part_of_what_was_encoded(start: int) -> None:
    """The thread that reads encodes whole requests; less of one is taken where there is less room."""
    queue = RawQueue()
    encoded = encode([{"id": str(number)} for number in range(5)])
    queue.add([encoded, {"id": "5"}])
    taken = list[str]()
    for most in (start, 2, 100, 100) if start else (2, 100, 100):
        first, items = queue.cut(most)
        tasks, _ = prepare(items, first)
        assert list(tasks.ordinals) == list(range(first, first + len(tasks)))
        taken += tasks.ids
    assert taken == ["0", "1", "2", "3", "4", "5"]
    assert len(queue) == 0
