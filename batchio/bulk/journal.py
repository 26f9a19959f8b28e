"""The journal: what a run has settled, as bytes, and what those bytes say to the run that goes on.

Law: pure. The journal may lag the service and never leads it. Each check covers all bytes before it, so that nothing
behind a damage is believed: those tasks are sent again, and the service's TaskExists then tells what became of them.

A header, then records: kind, first ordinal, what the kind has to say, CRC-32. It holds ordinals, codes and hashes;
neither ids nor bodies nor credentials.

    ADDED EXISTED REJECTED   ranges that are settled for good (REJECTED with the code)
    MAYBE                    ranges that may have been added: unknown when their run ended (count 0: all from there on)
    RESERVE                  tasks below this ordinal may be on their way; on disk before the first of them is sent
    HASH                     the CRC-32 of a block's ids, or of its part; written before any outcome in it
    END                      the run is over: what was reserved and is in no range was certainly not added. For a run
                             that did not end in order the next one writes it, behind MAYBE for all that was reserved
"""

from __future__ import annotations

import enum
import sys
import zlib
from collections.abc import Iterable, Mapping
from struct import Struct

import msgspec

from .blocks import BLOCK, Block
from .journal_header import Header, decode_header
from .ranges import Range, Ranges

RESERVE_STEP = 65_536
"""Ordinals that are reserved at once, and those of a fast run: about as many as it sends in a second."""
MOST_RESERVED = 16 * RESERVE_STEP
EVERYTHING = (0, sys.maxsize)


class Kind(enum.IntEnum):
    """What a record says."""

    ADDED = 1
    EXISTED = 2
    REJECTED = 3
    MAYBE = 4
    RESERVE = 5
    HASH = 6
    END = 7


class Ending(enum.IntEnum):
    """How a run ended."""

    STOPPED = 0
    """In order, with input left, or nobody knows."""
    WHOLE = 1
    """In order, with all of the input read."""
    BROKEN = 2
    """Not in order: its process was killed, or could not write any more."""


FINAL = (Kind.ADDED, Kind.EXISTED, Kind.REJECTED)
_EXISTS = "TaskExists"
_CHECK = Struct("<I")
_RANGE = Struct("<BQI")
_CODED = Struct("<BQIB")
_RESERVE = Struct("<BQ")
_HASH = Struct("<BQII")
_END = Struct("<BQB")
_LAYOUTS: dict[int, Struct] = {
    **dict.fromkeys((Kind.ADDED, Kind.EXISTED, Kind.MAYBE), _RANGE),
    Kind.REJECTED: _CODED,
    Kind.RESERVE: _RESERVE,
    Kind.HASH: _HASH,
    Kind.END: _END,
}
_MOST_CODE = 255
_MOST_COUNT = 2**32 - 1
_MOST_TASKS = 2**40
"""No input is longer. What says more is not believed, for a resumed run would write a record for each 2**32 of them."""


class Chain:
    """Writes records; `check` is that of the last one."""

    def __init__(self, check: int) -> None:
        self.check = check

    def range(self, kind: Kind, start: int, end: int) -> bytes:
        """A range of one kind but REJECTED."""
        return b"".join(
            self._sealed(_RANGE.pack(kind, first, min(_MOST_COUNT, end - first)))
            for first in range(start, end, _MOST_COUNT)
        )

    def rejected(self, start: int, end: int, code: str) -> bytes:
        """A range of rejected tasks."""
        text = code.encode("utf-8", "replace")[:_MOST_CODE]
        return self._sealed(_CODED.pack(Kind.REJECTED, start, end - start, len(text)) + text)

    def everything(self) -> bytes:
        """MAYBE for whatever the input holds."""
        return self._sealed(_RANGE.pack(Kind.MAYBE, 0, 0))

    def reserve(self, end: int) -> bytes:
        """Tasks below `end` may be on their way from now on."""
        return self._sealed(_RESERVE.pack(Kind.RESERVE, end))

    def block(self, block: Block) -> bytes:
        """The hash of a block or of its part."""
        return self._sealed(_HASH.pack(Kind.HASH, *block))

    def end(self, position: int, how: Ending) -> bytes:
        """The run is over; `position`: how many tasks it has read."""
        return self._sealed(_END.pack(Kind.END, position, how))

    def _sealed(self, record: bytes) -> bytes:
        self.check = zlib.crc32(record, self.check)
        return record + _CHECK.pack(self.check)


class Settled(msgspec.Struct, frozen=True):
    """What all runs together have settled."""

    done: Ranges
    counts: dict[Kind, int]
    errors: dict[str, int]


class State:
    """What a journal says. `end`: bytes that can be believed; `lost`: bytes behind them, which are cut off."""

    def __init__(self, header: Header, end: int) -> None:
        self.header = header
        self.end = end
        self.lost = 0
        self.check = 0
        self.blocks: list[Block] = []
        self.reserved = 0
        self.endings: dict[Ending, int] = dict.fromkeys(Ending, 0)
        self.ended: Ending | None = None
        """How the last run ended; None while it goes on, or where it did not end in order."""
        self.position = 0
        """How many tasks the last run has read that ended in order."""
        self.ranges: list[tuple[int, int, Kind, str]] = []
        self._maybe: list[Range] = []

    @property
    def known(self) -> int:
        """Tasks whose ids are hashed, from the first one on."""
        return self.blocks[-1].end if self.blocks else 0

    @property
    def is_open(self) -> bool:
        """Whether the last run did not end in order: what it has reserved may have been added."""
        return self.ended is None or self.lost > 0

    @property
    def maybe(self) -> Ranges:
        """What may have been added, so that TaskExists does not tell anybody else's task.

        Where bytes are lost, or nothing but a header is left, a reservation may be among what is lost: then it is
        everything.
        """
        if self.lost or (self.ended is None and not self.reserved):
            return Ranges([EVERYTHING])
        return Ranges([*self._maybe, (0, self.reserved)])

    def settled(self) -> Settled:
        """Add it all up; an ordinal counts once, whatever is written."""
        counts: dict[Kind, int] = dict.fromkeys(FINAL, 0)
        errors: dict[str, int] = {}
        reached = 0
        for start, end, kind, code in sorted(self.ranges):
            fresh = end - max(start, reached)
            if fresh > 0:
                reached = end
                counts[kind] += fresh
                if code:
                    errors[code] = errors.get(code, 0) + fresh
        return Settled(Ranges((start, end) for start, end, _, _ in self.ranges), counts, errors)

    def take(self, kind: Kind, fields: tuple[int, ...], code: str) -> bool:
        """Learn from one record; false where it cannot be true."""
        first, *more = fields
        if first > _MOST_TASKS:
            return False
        if kind is Kind.HASH:
            return self._take_block(Block(first, more[0], more[1]))
        if kind is Kind.RESERVE:
            self.reserved, self.ended = first, None
        elif kind is Kind.END:
            if more[0] not in tuple(Ending):
                return False
            self.reserved, self.ended = 0, Ending(more[0])
            self.endings[self.ended] += 1
            if self.ended is not Ending.BROKEN:
                self.position = first
        elif kind is Kind.MAYBE:
            self._maybe.append((first, first + more[0] if more[0] else sys.maxsize))
        else:
            end = first + more[0]
            if not more[0] or end > self.known:
                return False
            self.ranges.append((first, end, kind, code or (_EXISTS if kind is Kind.EXISTED else "")))
        return True

    def _take_block(self, block: Block) -> bool:
        if block.first % BLOCK or not 0 < block.size <= BLOCK:
            return False
        if self.blocks and self.blocks[-1].first == block.first:
            if self.blocks[-1].size > block.size:
                return False
            self.blocks.pop()
        if block.first != self.known:
            return False
        self.blocks.append(block)
        return True


def replay(data: bytes) -> State:
    """What a journal says, as far as it can be believed; raises `ConfigurationError` for a header that cannot be."""
    header, at = decode_header(data)
    state = State(header, at)
    check = zlib.crc32(data[:at])
    size = len(data)
    while at < size and (layout := _LAYOUTS.get(data[at])) is not None:
        end = at + layout.size
        if end > size:
            break
        kind, *fields = layout.unpack_from(data, at)
        code = ""
        if layout is _CODED:
            length = fields.pop()
            code = data[end : end + length].decode("utf-8", "replace")
            end += length
        seen = zlib.crc32(data[at:end], check)
        if data[end : end + _CHECK.size] != _CHECK.pack(seen) or not state.take(Kind(kind), tuple(fields), code):
            break
        check, at = seen, end + _CHECK.size
    state.end, state.check, state.lost = at, check, size - at
    return state


def opening(state: State) -> tuple[bytes, Chain]:
    """What a run that goes on writes first, in place of whatever cannot be believed: what the last one left open."""
    chain = Chain(state.check)
    if not state.is_open:
        return b"", chain
    maybe = state.maybe
    left = (
        chain.everything() if maybe.end == sys.maxsize else b"".join(chain.range(Kind.MAYBE, *each) for each in maybe)
    )
    return left + chain.end(state.position, Ending.BROKEN), chain


def ranges_record(chain: Chain, pending: Mapping[Kind, Iterable[Range]]) -> bytes:
    """Ranges of several kinds.

    ADDED comes last: the twin of a task is EXISTED only where the task is there, and whoever reads half of this must
    not find the task without its twin.
    """
    return b"".join(
        chain.range(kind, start, end)
        for kind in (Kind.EXISTED, Kind.MAYBE, Kind.ADDED)
        if kind in pending
        for start, end in pending[kind]
    )
