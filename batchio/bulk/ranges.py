"""Sets of ordinals, kept as ranges.

Law: pure. What a run has done is a few ranges, however many tasks it was.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Iterator, Sequence

Range = tuple[int, int]
"""The first ordinal and the one behind the last."""


class Ranges:
    """A set of ordinals: sorted ranges that neither overlap nor touch.

    >>> done = Ranges([(5, 8), (0, 3), (7, 9)])
    >>> list(done), done.count, 4 in done, done.gaps(1, 12)
    ([(0, 3), (5, 9)], 7, False, [(3, 5), (9, 12)])
    """

    __slots__ = ("_ends", "_starts", "count")

    def __init__(self, ranges: Iterable[Range] = ()) -> None:
        self._starts: list[int] = []
        self._ends: list[int] = []
        for start, end in sorted(ranges):
            if start >= end:
                continue
            if self._ends and start <= self._ends[-1]:
                self._ends[-1] = max(self._ends[-1], end)
            else:
                self._starts.append(start)
                self._ends.append(end)
        self.count = sum(self._ends) - sum(self._starts)

    def __iter__(self) -> Iterator[Range]:
        return zip(self._starts, self._ends, strict=True)

    def __len__(self) -> int:
        return len(self._starts)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Ranges) and list(self) == list(other)

    def __hash__(self) -> int:
        return hash(tuple(self))

    def __repr__(self) -> str:
        return f"Ranges({list(self)})"

    def __contains__(self, ordinal: int) -> bool:
        at = bisect_right(self._starts, ordinal) - 1
        return at >= 0 and ordinal < self._ends[at]

    @property
    def end(self) -> int:
        """The ordinal behind the last one; 0 where there is none."""
        return self._ends[-1] if self._ends else 0

    def gaps(self, start: int, end: int) -> list[Range]:
        """What is missing between two ordinals."""
        found: list[Range] = []
        at = max(0, bisect_right(self._starts, start) - 1)
        while start < end:
            if at == len(self._starts) or self._starts[at] >= end:
                found.append((start, end))
                break
            if start < self._starts[at]:
                found.append((start, self._starts[at]))
            start = max(start, self._ends[at])
            at += 1
        return found


def pieces_of(ordinals: Sequence[int]) -> list[range]:
    """Distinct ordinals, in any order, as pieces for `merged`; at a run's speed, where they follow each other.

    >>> pieces_of([4, 3, 5]), pieces_of([7, 9])
    ([range(3, 6)], [range(7, 8), range(9, 10)])
    """
    if not ordinals:
        return []
    start, end = min(ordinals), max(ordinals) + 1
    # Distinct whole numbers that span no more than there are of them have no gaps.
    if end - start == len(ordinals):
        return [range(start, end)]
    return [range(ordinal, ordinal + 1) for ordinal in ordinals]


def merged(pieces: Sequence[range]) -> list[Range]:
    """Pieces that do not overlap, in any order, as the fewest ranges.

    >>> merged([range(7, 8), range(3, 7), range(0, 2)])
    [(0, 2), (3, 8)]
    """
    # An ordinal at which one piece ends and another begins is no edge. In C: many pieces are settled a second.
    edges = sorted({piece.start for piece in pieces} ^ {piece.stop for piece in pieces})
    return list(zip(edges[::2], edges[1::2], strict=True))
