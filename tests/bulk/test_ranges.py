"""Ranges of ordinals against plain sets."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import pairwise
from random import Random

from hypothesis import given
from hypothesis import strategies as st

from batchio.bulk.ranges import Ranges, merged, pieces_of

ordinals = st.integers(0, 60)
ranges = st.lists(st.tuples(ordinals, ordinals).map(lambda pair: (min(pair), max(pair))), max_size=12)


def members(some: Iterable[tuple[int, int]]) -> set[int]:
    return {ordinal for start, end in some for ordinal in range(start, end)}


@given(ranges)
def test_a_set_is_kept_in_the_fewest_ranges(given_ranges: list[tuple[int, int]]) -> None:
    kept = Ranges(given_ranges)
    assert members(kept) == members(given_ranges)
    assert kept.count == len(members(given_ranges))
    assert all(start < end for start, end in kept)
    listed = list(kept)
    assert all(end < start for (_, end), (start, _) in pairwise(listed))
    assert kept.end == max(members(kept), default=-1) + 1
    assert [ordinal in kept for ordinal in range(70)] == [ordinal in members(kept) for ordinal in range(70)]
    assert Ranges(reversed(listed)) == kept
    assert hash(Ranges(listed)) == hash(kept)


@given(ranges, ordinals, ordinals)
def test_gaps_are_what_is_missing(given_ranges: list[tuple[int, int]], one: int, other: int) -> None:
    start, end = min(one, other), max(one, other)
    gaps = Ranges(given_ranges).gaps(start, end)
    assert members(gaps) == set(range(start, end)) - members(given_ranges)
    assert gaps == list(Ranges(gaps))


@given(st.sets(ordinals).flatmap(lambda some: st.permutations(sorted(some))))
def test_ordinals_in_any_order_become_ranges(some: list[int]) -> None:
    runs = merged(pieces_of(some))
    assert members(runs) == set(some)
    assert runs == list(Ranges(runs))


@given(ranges, st.randoms())
def test_pieces_in_any_order_become_the_fewest_ranges(given_ranges: list[tuple[int, int]], random: Random) -> None:
    whole = Ranges(given_ranges)
    pieces = [range(at, min(at + 2, end)) for start, end in whole for at in range(start, end, 2)]
    random.shuffle(pieces)
    assert merged([piece for each in pieces for piece in pieces_of(each)]) == list(whole)


def test_gaps_between_several() -> None:
    some = Ranges([(1, 2), (3, 4), (6, 8)])
    assert some.gaps(0, 10) == [(0, 1), (2, 3), (4, 6), (8, 10)]
    assert some.gaps(3, 7) == [(4, 6)]
    assert some.gaps(6, 6) == []
    assert some != Ranges([(1, 2), (3, 4), (6, 9)])
    assert some != [(1, 2), (3, 4), (6, 8)]
