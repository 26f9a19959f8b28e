"""The hash of the input, and the sieve that lets through only what is not done and has not changed."""

from __future__ import annotations

import zlib
from collections.abc import Iterator, Sequence
from types import MappingProxyType
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from batchio import InputChangedError
from batchio.bulk import blocks
from batchio.bulk.blocks import Block, Digest, Sieve
from batchio.bulk.intake import ids_of, prepare
from batchio.bulk.ranges import Ranges
from batchio.models import TaskAddParameter

BLOCK = 8


@pytest.fixture(autouse=True)
def small_blocks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(blocks, "BLOCK", BLOCK)


def groups_of(items: Sequence[Any], sizes: Sequence[int]) -> Iterator[Sequence[Any]]:
    """The items in groups of these sizes, the rest in one."""
    for size in sizes:
        yield items[:size]
        items = items[size:]
    yield items


def known_of(ids: Sequence[str | None]) -> list[Block]:
    digest = Digest()
    whole = digest.add(ids)
    part = digest.part()
    return [*whole, part] if part else whole


ids = st.lists(st.text(max_size=3) | st.none(), max_size=40)
sizes = st.lists(st.integers(0, 12), max_size=8)


@given(ids, sizes)
def test_groups_do_not_matter(names: list[str | None], given_sizes: list[int]) -> None:
    digest = Digest()
    found = [block for group in groups_of(names, given_sizes) for block in digest.add(group)]
    part = digest.part()
    assert [*found, *([part] if part else [])] == known_of(names)
    assert digest.position == len(names)


def sift(sieve: Sieve, items: Sequence[Any], given_sizes: Sequence[int]) -> list[int]:
    """The ordinals that come through; each item is its own id."""
    through: list[int] = []
    position = 0
    for group in groups_of(items, given_sizes):
        runs = [(position, group)] if sieve.is_through else sieve.sift(group)
        position += len(group)
        for first, some in runs:
            assert list(some) == list(items[first : first + len(some)])
            through += range(first, first + len(some))
    return through


@given(st.data(), st.integers(0, 40), st.integers(0, 40), sizes)
def test_what_is_done_is_left_out(data: st.DataObject, known: int, more: int, given_sizes: list[int]) -> None:
    items = [f"task-{number}" for number in range(known + more)]
    done = data.draw(st.sets(st.integers(0, max(0, known - 1)), max_size=known))
    sieve = Sieve(Ranges((each, each + 1) for each in done), known_of(items[:known]), list)
    through = sift(sieve, items, given_sizes)
    sieve.end()
    assert through == [ordinal for ordinal in range(len(items)) if ordinal not in done]
    assert not sieve.held


@given(st.data(), st.integers(1, 40), st.integers(0, 10), sizes)
def test_nothing_of_a_changed_block_comes_through(
    data: st.DataObject, known: int, more: int, given_sizes: list[int]
) -> None:
    items = [f"task-{number}" for number in range(known + more)]
    blocks_known = known_of(items[:known])
    changed = data.draw(st.integers(0, known - 1))
    block = blocks_known[changed // BLOCK]
    items[changed] = "another"
    sieve = Sieve(Ranges(), blocks_known, list)
    through: list[int] = []

    def go() -> None:
        for group in groups_of(items, given_sizes):
            through.extend(first + at for first, some in sieve.sift(group) for at in range(len(some)))

    with pytest.raises(InputChangedError, match=f"tasks {block.first} to {block.end - 1} ") as caught:
        go()
    assert (caught.value.first, caught.value.end) == (block.first, block.end)
    assert all(ordinal < block.first for ordinal in through)


@given(st.integers(1, 40), st.data())
def test_a_shorter_input_is_changed(known: int, data: st.DataObject) -> None:
    items = [f"task-{number}" for number in range(known)]
    left = data.draw(st.integers(0, known - 1))
    sieve = Sieve(Ranges(), known_of(items), list)
    runs = sieve.sift(items[:left])
    assert sum(len(some) for _, some in runs) == left // BLOCK * BLOCK
    with pytest.raises(InputChangedError, match=f"ends after {left} tasks, and the journal knows of {known}"):
        sieve.end()


ITEMS: list[Any] = [
    TaskAddParameter(id="m", command_line="x"),
    {"id": "d", "commandLine": "x"},
    b'{"id":"b","commandLine":"x"}',
    b'{\n"id":"b"}',
    bytearray(b'{"id":"a"}'),
    MappingProxyType({"id": "p"}),
    None,
    {"id": 7},
    {"commandLine": "no id"},
    {"id": "x", "bad": object()},
    b"{",
    b'{"id":7}',
    {"id": "\ud800"},
]


@given(st.lists(st.sampled_from(ITEMS), max_size=6))
def test_the_ids_alone_are_those_that_prepare_finds(items: list[Any]) -> None:
    tasks, bad = prepare(items, 0)
    found = dict(zip(tasks.ordinals, tasks.ids, strict=True)) | {each.ordinal: each.task_id for each in bad}
    assert ids_of(items) == [found[ordinal] for ordinal in range(len(items))]
    Digest().add(ids_of(items))


def test_a_hash_is_of_the_ids_as_lines() -> None:
    """Journals of today are read by the versions of tomorrow: the hash must not change, not even that of no id."""
    ids = ["a", None, "\u00e9", "\ud800"] * 3
    lines = "".join(f"{each or ''}\n" for each in ids).encode("utf-8", "surrogatepass")
    crcs = [zlib.crc32(lines[: len(lines) * 2 // 3]), zlib.crc32(lines[len(lines) * 2 // 3 :])]
    assert known_of(ids) == [Block(0, 8, crcs[0]), Block(8, 4, crcs[1])]


def test_an_input_that_has_changed_says_where() -> None:
    ids = [str(number) for number in range(20)]
    sieve = Sieve(Ranges(), known_of(ids), list)
    sieve.sift(ids[:8])
    with pytest.raises(InputChangedError, match=r"tasks 8 to 15 are not those") as changed:
        sieve.sift([*ids[8:15], "other"])
    assert (changed.value.first, changed.value.end) == (8, 16)
    sieve = Sieve(Ranges(), known_of(ids), list)
    sieve.sift(ids[:5])
    with pytest.raises(InputChangedError, match=r"it ends after 5 tasks, and the journal knows of 20") as shortened:
        sieve.end()
    assert (shortened.value.first, shortened.value.end) == (5, 20)
