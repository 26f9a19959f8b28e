"""The journal's bytes: what is written is read again, and a damage never makes anything done."""

from __future__ import annotations

import struct
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any
from zlib import crc32

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from batchio import ConfigurationError
from batchio.bulk.blocks import BLOCK, Block, Digest
from batchio.bulk.journal import (
    EVERYTHING,
    RESERVE_STEP,
    Chain,
    Ending,
    Kind,
    State,
    opening,
    ranges_record,
    replay,
)
from batchio.bulk.journal_header import Header, decode_header, encode_header
from batchio.bulk.ranges import Ranges

HEADER = Header("https://farm.westeurope.batch.azure.com", "render", datetime(2024, 7, 1, tzinfo=UTC))
BEGIN = encode_header(HEADER)
IDS = [f"task-{number}" for number in range(BLOCK + 500)]


def chain() -> Chain:
    return Chain(replay(BEGIN).check)


Write = Callable[[Chain], bytes]


def nothing(to: Any) -> bytes:
    """A range of no ordinal, which nobody writes."""
    return bytes(to._sealed(struct.pack("<BQI", Kind.ADDED, 10, 0)))


def hashed(count: int) -> Write:
    def write(to: Chain) -> bytes:
        digest = Digest()
        whole = digest.add(IDS[:count])
        part = digest.part()
        return b"".join(map(to.block, [*whole, *([part] if part else [])]))

    return write


def settled(kind: Kind, start: int, end: int) -> Write:
    return lambda to: to.rejected(start, end, "Bad") if kind is Kind.REJECTED else to.range(kind, start, end)


def journal(*writes: Write) -> bytes:
    to = chain()
    return BEGIN + b"".join(write(to) for write in writes)


SMALL = journal(
    lambda to: to.reserve(RESERVE_STEP),
    hashed(300),
    settled(Kind.EXISTED, 100, 103),
    settled(Kind.ADDED, 0, 100),
    settled(Kind.REJECTED, 120, 121),
    hashed(BLOCK + 500),
    settled(Kind.MAYBE, 130, 140),
    settled(Kind.ADDED, 140, 260),
    lambda to: to.end(300, Ending.STOPPED),
    lambda to: to.reserve(RESERVE_STEP),
    settled(Kind.ADDED, 4_000, 4_500),
)


def test_what_was_written_is_read() -> None:
    state = replay(SMALL)
    assert (state.end, state.lost) == (len(SMALL), 0)
    assert state.header == HEADER
    found = state.settled()
    assert list(found.done) == [(0, 103), (120, 121), (140, 260), (4_000, 4_500)]
    assert found.counts == {Kind.ADDED: 720, Kind.EXISTED: 3, Kind.REJECTED: 1}
    assert found.errors == {"TaskExists": 3, "Bad": 1}
    assert state.known == BLOCK + 500
    assert [(block.first, block.size) for block in state.blocks] == [(0, BLOCK), (BLOCK, 500)]
    assert state.reserved == RESERVE_STEP
    assert list(state.maybe) == [(0, RESERVE_STEP)]
    assert state.position == 300


def test_an_ending_clears_what_was_reserved_but_not_what_may_be_there() -> None:
    data = journal(lambda to: to.reserve(RESERVE_STEP), settled(Kind.MAYBE, 7, 9), lambda to: to.end(20, Ending.WHOLE))
    state = replay(data)
    assert list(state.maybe) == [(7, 9)]
    assert not state.is_open
    assert opening(state)[0] == b""


def test_a_run_that_did_not_end_is_ended_by_the_next_one() -> None:
    first = replay(SMALL)
    more, _ = opening(first)
    state = replay(SMALL + more)
    assert state.ended is Ending.BROKEN
    assert state.endings == {Ending.STOPPED: 1, Ending.WHOLE: 0, Ending.BROKEN: 1}
    assert state.maybe == first.maybe
    assert state.settled() == first.settled()


def test_nothing_but_a_header_proves_nothing() -> None:
    assert list(replay(BEGIN).maybe) == [EVERYTHING]
    more, _ = opening(replay(BEGIN))
    assert list(replay(BEGIN + more).maybe) == [EVERYTHING]


@pytest.mark.parametrize("at", range(len(BEGIN), len(SMALL)))
def test_cut_at_every_byte(at: int) -> None:
    check_damaged(SMALL[:at])


@pytest.mark.parametrize("at", range(len(BEGIN), len(SMALL)))
def test_flipped_at_every_byte(at: int) -> None:
    for bits in (0x01, 0x80, 0xFF):
        damaged = SMALL[:at] + bytes([SMALL[at] ^ bits]) + SMALL[at + 1 :]
        state = check_damaged(damaged)
        assert state.lost
        # A reservation may be among what is lost.
        assert list(state.maybe) == [EVERYTHING]


@pytest.mark.parametrize("at", range(len(BEGIN)))
def test_a_header_cut_or_flipped_at_every_byte_is_refused(at: int) -> None:
    for damaged in (SMALL[:at], SMALL[:at] + bytes([SMALL[at] ^ 0x20]) + SMALL[at + 1 :]):
        with pytest.raises(ConfigurationError):
            replay(damaged)


def check_damaged(data: bytes) -> State:
    """No more is done than was written, and what goes on behind it is read as it was meant."""
    whole = replay(SMALL).settled()
    state = replay(data)
    assert state.end + state.lost == len(data)
    found = state.settled()
    assert not any(Ranges(found.done).gaps(*each) for each in found.done)
    assert all(not whole.done.gaps(*each) for each in found.done)
    assert all(found.counts[kind] <= whole.counts[kind] for kind in found.counts)
    more, to = opening(state)
    mended = data[: state.end] + more + to.reserve(2 * RESERVE_STEP)
    again = replay(mended)
    assert again.lost == 0
    assert again.settled() == found
    assert not Ranges(again.maybe).gaps(0, again.reserved)
    if state.lost:
        assert list(again.maybe) == [EVERYTHING]
    # Whenever the mending itself is broken off, nothing is lost by it either.
    for at in range(len(more)):
        torn = replay(data[: state.end] + more[:at] + data[state.end + at :])
        # A byte that was flipped may have been set right by chance: then all of it is there again.
        assert torn.settled() in (found, whole)
        if torn.lost and data != SMALL[: len(data)]:
            assert list(torn.maybe) == [EVERYTHING]
    return state


def test_records_cannot_change_places() -> None:
    to = chain()
    parts = [hashed(200)(to), to.range(Kind.ADDED, 0, 100), to.range(Kind.ADDED, 100, 200)]
    assert replay(BEGIN + b"".join(parts)).settled().done.count == 200
    assert replay(BEGIN + parts[0] + parts[2] + parts[1]).settled().done.count == 0
    assert replay(BEGIN + parts[0] + parts[2]).settled().done.count == 0
    assert replay(BEGIN + b"".join(parts) + parts[2]).settled().done.count == 200


@pytest.mark.parametrize(
    "write",
    [
        settled(Kind.ADDED, 299, 301),
        settled(Kind.REJECTED, 300, 301),
        nothing,
        lambda to: to.end(0, 9),
        lambda to: to.reserve(2**63),
        lambda to: to.range(Kind.MAYBE, 2**63, 2**63 + 1),
        hashed(200),
    ],
    ids=["beyond what is hashed", "right behind it", "nothing", "no ending", "endless", "too many", "a smaller part"],
)
def test_what_cannot_be_true_is_not_believed_and_nothing_behind_it(write: Write) -> None:
    state = replay(journal(hashed(300), write, settled(Kind.ADDED, 0, 50)))
    assert state.lost > 0
    assert state.settled().done.count == 0


def test_a_range_of_nothing_is_not_written() -> None:
    assert settled(Kind.ADDED, 10, 10)(chain()) == b""


def test_codes_add_up_for_each_ordinal_once() -> None:
    writes = [(0, 2, "Bad"), (1, 2, "Worse"), (5, 8, "Bad")]
    state = replay(journal(hashed(300), *(lambda to, write=write: to.rejected(*write) for write in writes)))
    assert state.settled().errors == {"Bad": 5}


def test_what_was_left_open_may_be_in_several_pieces() -> None:
    state = replay(journal(settled(Kind.MAYBE, 100_000, 100_005), lambda to: to.reserve(RESERVE_STEP)))
    data, _ = opening(state)
    going_on = replay(journal(settled(Kind.MAYBE, 100_000, 100_005), lambda to: to.reserve(RESERVE_STEP)) + data)
    assert going_on.lost == 0
    assert list(going_on.maybe) == [(0, RESERVE_STEP), (100_000, 100_005)]
    assert going_on.ended is Ending.BROKEN


def test_an_ordinal_counts_once() -> None:
    state = replay(journal(hashed(300), settled(Kind.ADDED, 0, 100), settled(Kind.EXISTED, 50, 150)))
    assert state.settled().counts == {Kind.ADDED: 100, Kind.EXISTED: 50, Kind.REJECTED: 0}


kinds = st.sampled_from([Kind.ADDED, Kind.EXISTED, Kind.MAYBE])
places = st.lists(st.integers(0, 299), unique=True, max_size=40)


@given(st.lists(st.tuples(kinds, places), max_size=6))
@settings(max_examples=200)
def test_ranges_are_merged_and_nothing_is_added(groups: list[tuple[Kind, list[int]]]) -> None:
    seen: dict[int, Kind] = {}
    pending: dict[Kind, list[tuple[int, int]]] = {}
    for kind, ordinals in groups:
        for ordinal in ordinals:
            if seen.setdefault(ordinal, kind) is kind:
                pending.setdefault(kind, []).append((ordinal, ordinal + 1))
    data = journal(hashed(300), lambda to: ranges_record(to, {kind: Ranges(some) for kind, some in pending.items()}))
    found = replay(data).settled()
    final = {ordinal: kind for ordinal, kind in seen.items() if kind is not Kind.MAYBE}
    assert {ordinal for start, end in found.done for ordinal in range(start, end)} == set(final)
    assert found.counts[Kind.EXISTED] == sum(kind is Kind.EXISTED for kind in final.values())


def test_a_twin_is_written_before_its_first() -> None:
    """Half a write must not leave a task whose twin is still to be sent: the service would say that it exists."""
    data = ranges_record(chain(), {Kind.ADDED: Ranges([(0, 1)]), Kind.EXISTED: Ranges([(1, 2)])})
    assert data[0] == Kind.EXISTED


def test_another_job_is_refused() -> None:
    HEADER.check(HEADER.endpoint, "RENDER")
    for endpoint, job in ((HEADER.endpoint, "other"), ("https://elsewhere", "render")):
        with pytest.raises(ConfigurationError, match=r"journal of job 'render' at https://farm.*, not of job"):
            HEADER.check(endpoint, job)


def test_another_shard_is_refused() -> None:
    part = Header(HEADER.endpoint, HEADER.job, HEADER.created, "2/4")
    part.check(HEADER.endpoint, HEADER.job, "2/4")
    for header, shard, words in (
        (HEADER, "2/4", "it is the journal of a whole input, not of shard 2/4"),
        (part, "", "it is the journal of shard 2/4, not of a whole input"),
        (part, "3/4", "it is the journal of shard 2/4, not of shard 3/4"),
    ):
        with pytest.raises(ConfigurationError, match=f"^{words}$"):
            header.check(HEADER.endpoint, HEADER.job, shard)


def test_a_damaged_header_says_so() -> None:
    with pytest.raises(
        ConfigurationError, match=r"^its header is damaged, so that nobody can tell whose journal it is$"
    ):
        decode_header(BEGIN[:-1] + bytes([BEGIN[-1] ^ 1]))


def test_a_newer_format_is_refused() -> None:
    newer = BEGIN[:8] + b"\x02\x00" + BEGIN[10:]
    with pytest.raises(ConfigurationError, match="its format is version 2, and this batchio knows 1 at most"):
        decode_header(newer)


@pytest.mark.parametrize("text", [b"{}", b"\xff", b"[" * 5_000, b'{"endpoint":"x","job":"y","created":"soon"}'])
def test_a_header_that_says_nothing_is_refused(text: bytes) -> None:
    data = BEGIN[:10] + len(text).to_bytes(4, "little") + text
    with pytest.raises(ConfigurationError, match="its header does not say whose journal it is"):
        replay(data + crc32(data).to_bytes(4, "little"))


def test_the_most_that_is_believed_is_resumed_with_little() -> None:
    state = replay(journal(lambda to: to.reserve(2**40)))
    assert (state.lost, list(state.maybe)) == (0, [(0, 2**40)])
    assert len(opening(state)[0]) < 10_000


def test_ten_million_tasks_take_two_megabytes() -> None:
    """A record for each request, the worst there is, and a hash for each block."""
    to = chain()
    request = len(to.range(Kind.ADDED, 10**7, 10**7 + 100))
    block = len(hashed(BLOCK)(to))
    assert request * 100_000 + block * (10**7 // BLOCK) < 2_000_000


def test_a_long_code_is_cut() -> None:
    to = chain()
    data = BEGIN + hashed(9)(to) + to.rejected(0, 1, "X" * 1_000)
    assert replay(data).settled().errors == {"X" * 255: 1}


def test_a_code_that_is_no_unicode_is_written_all_the_same() -> None:
    to = chain()
    data = BEGIN + hashed(9)(to) + to.rejected(0, 1, "Bad\ud800")
    assert replay(data).settled().errors == {"Bad?": 1}


@pytest.mark.parametrize("block", [Block(5, 10, 0), Block(0, 0, 0), Block(0, BLOCK + 1, 0), Block(BLOCK, 10, 0)])
def test_a_block_that_cannot_be_is_not_believed(block: Block) -> None:
    state = replay(journal(lambda to: to.block(block), hashed(300)))
    assert state.blocks == []
    assert state.lost > 0


def test_a_block_is_what_was_written() -> None:
    blocks = [Block(0, 1, 7), Block(0, BLOCK, 2**32 - 1), Block(BLOCK, 1, 0)]
    state = replay(journal(*(lambda to, block=block: to.block(block) for block in blocks)))
    assert state.blocks == blocks[1:]
    assert state.known == BLOCK + 1
    assert state.lost == 0


def test_endings_are_counted_and_the_last_one_in_order_says_how_far() -> None:
    endings = [(10, Ending.STOPPED), (20, Ending.STOPPED), (30, Ending.WHOLE), (0, Ending.BROKEN)]
    state = replay(journal(*(lambda to, end=end: to.end(*end) for end in endings)))
    assert state.endings == {Ending.STOPPED: 2, Ending.WHOLE: 1, Ending.BROKEN: 1}
    assert state.position == 30
    assert state.ended is Ending.BROKEN
    assert replay(BEGIN).position == 0


def test_a_range_may_be_longer_than_a_count() -> None:
    state = replay(journal(settled(Kind.MAYBE, 7, 2**33), lambda to: to.end(0, Ending.STOPPED)))
    assert list(state.maybe) == [(7, 2**33)]
    assert state.lost == 0
