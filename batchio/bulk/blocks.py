"""Blocks of the input: their hash, and who of them is done.

Law: pure. A resumed run lets no task of a block through before all that the journal knows of this block was seen to
be the same.
"""

from __future__ import annotations

import zlib
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple, cast

from ..errors import InputChangedError
from .ranges import Ranges

BLOCK = 4096
"""Tasks of a block."""

Run = tuple[int, Sequence[Any]]
"""Items that follow each other in the input, and the ordinal of the first."""


class Block(NamedTuple):
    """The CRC-32 of the ids of `size` tasks from `first` on; `size` is less than `BLOCK` for a part of a block."""

    first: int
    size: int
    crc: int

    @property
    def end(self) -> int:
        """The ordinal behind the last one."""
        return self.first + self.size


class Digest:
    """The hash of the input as it is read. `position`: the ordinal that comes next. A CRC goes with each id's end, so
    that it does not matter in which groups the ids come; they wait until the CRC is asked for, which is cheaper.
    """

    __slots__ = ("_crc", "_lines", "position")

    def __init__(self) -> None:
        self.position = 0
        self._crc = 0
        self._lines: list[str] = []

    def add(self, ids: Sequence[str | None], joined: str | None = None) -> list[Block]:
        """Take the next ids, None for an item that has none; gives the blocks that are whole now.

        `joined`: the same ids as lines, where somebody has them and all of them are strings.
        """
        room = BLOCK - self.position % BLOCK
        if joined is not None and 0 < len(ids) < room:
            self._take(joined, len(ids))
            return []
        whole: list[Block] = []
        while len(ids) >= room:
            self._take(_joined(ids[:room]), room)
            whole.append(Block(self.position - BLOCK, BLOCK, self._hash()))
            self._crc = 0
            ids, room = ids[room:], BLOCK
        if ids:
            self._take(_joined(ids), len(ids))
        return whole

    def part(self) -> Block | None:
        """The block that is not whole yet, as far as it has come."""
        count = self.position % BLOCK
        return Block(self.position - count, count, self._hash()) if count else None

    def _take(self, joined: str, size: int) -> None:
        self._lines.append(joined)
        self.position += size

    def _hash(self) -> int:
        if self._lines:
            self._lines.append("")
            self._crc = zlib.crc32("\n".join(self._lines).encode("utf-8", "surrogatepass"), self._crc)
            self._lines.clear()
        return self._crc


def _joined(ids: Sequence[str | None]) -> str:
    return "\n".join(each or "" for each in ids) if None in ids else "\n".join(cast("Sequence[str]", ids))


class Sieve:
    """Lets through what an earlier run has not done, once it is known to be what that run has seen.

    `known`: the blocks in the journal, without a gap between them; a part only at the end. `ids_of`: the ids of items.
    What is held is at most the tasks of one block that are not done.
    """

    def __init__(
        self, done: Ranges, known: Sequence[Block], ids_of: Callable[[Sequence[Any]], Sequence[str | None]]
    ) -> None:
        self.digest = Digest()
        self.held: list[Run] = []
        self._done = done
        self._known = known
        self._end = known[-1].end if known else 0
        self._ids_of = ids_of

    @property
    def is_through(self) -> bool:
        """Whether all that the journal knows of has been seen; `digest` goes on from there."""
        return self.digest.position >= self._end

    def sift(self, items: Sequence[Any]) -> list[Run]:
        """Take the next items of the input; gives those that may be sent. Raises `InputChangedError`."""
        free: list[Run] = []
        while items and not self.is_through:
            first = self.digest.position
            block = self._known[first // BLOCK]
            part = items[: block.end - first]
            items = items[len(part) :]
            whole = self.digest.add(self._ids_of(part))
            end = first + len(part)
            self.held += [(start, part[start - first : stop - first]) for start, stop in self._done.gaps(first, end)]
            if end == block.end:
                seen = whole[0] if whole else self.digest.part()
                if seen != block:
                    raise _changed(block.first, block.end)
                free += self.held
                self.held = []
        if items:
            free.append((self.digest.position, items))
        return free

    def end(self) -> None:
        """The input has ended. Raises `InputChangedError` where the journal knows of more."""
        if not self.is_through:
            raise _shortened(self.digest.position, self._end)


def _changed(first: int, end: int) -> InputChangedError:
    text = f"the input has changed: tasks {first} to {end - 1} are not those that the journal knows (counted from 0)"
    return InputChangedError(text, first=first, end=end)


def _shortened(count: int, known: int) -> InputChangedError:
    text = f"the input has changed: it ends after {count} tasks, and the journal knows of {known}"
    return InputChangedError(text, first=count, end=known)
