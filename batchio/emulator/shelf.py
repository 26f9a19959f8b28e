"""Things of one kind in the order of their making, found by id without regard to letter case.

Law: `born` only grows along a shelf, so that a place in a listing (the last `born` that was seen) stays right
while things come and go.
"""

from __future__ import annotations

import gc
from bisect import bisect_right
from collections.abc import Iterator, Sequence
from operator import attrgetter
from typing import Generic, Protocol, TypeVar


class Shelved(Protocol):
    """What a shelf holds. `born` is unique and never changes; `gone` is set by the shelf."""

    born: int
    gone: bool


T = TypeVar("T", bound=Shelved)

_BORN = attrgetter("born")
_FEW = 1000
_BLOCK = 1000
"""Things of a block. Python's garbage collector walks through lists again and again, for 10 ms where there are a
million things in one; it leaves tuples alone whose things it need not collect, as tasks are.
"""


class Shelf(Generic[T]):
    """Add, find and remove in constant time; seek in logarithmic time; 1 million things in 90 MB beside their own."""

    __slots__ = ("_blocks", "_by_key", "_holes", "_newest")

    def __init__(self) -> None:
        self._by_key: dict[str, T] = {}
        self._blocks: list[tuple[T, ...]] = []
        self._newest: list[T] = []
        self._holes = 0

    def __len__(self) -> int:
        return len(self._by_key)

    def get(self, id: str) -> T | None:
        """The thing with this id, in any letter case."""
        return self._by_key.get(id.lower())

    def has(self, key: str) -> bool:
        """Whether a thing has this key: an id in lower case."""
        return key in self._by_key

    def add(self, key: str, thing: T) -> None:
        """Put a thing at the end; its `born` is above all others, its key (the id in lower case) is free."""
        self._by_key[key] = thing
        self._newest.append(thing)
        if len(self._newest) == _BLOCK:
            self._blocks.append(tuple(self._newest))
            self._newest.clear()
            # Looks at the block now, for the last time, instead of at many at once during some request.
            gc.collect(0)

    def remove(self, key: str) -> None:
        """Take a thing away."""
        self._by_key.pop(key).gone = True
        self._holes += 1
        if self._holes > _FEW and self._holes > len(self._by_key):
            self._close_up()

    def _close_up(self) -> None:
        """Let go of what is gone."""
        things = self.all()
        whole = len(things) - len(things) % _BLOCK
        self._blocks = [tuple(things[at : at + _BLOCK]) for at in range(0, whole, _BLOCK)]
        self._newest = things[whole:]
        self._holes = 0

    def after(self, born: int) -> Iterator[Sequence[T]]:
        """What stands after the thing with this `born`, whether that thing is still there or not, in parts of up to a
        thousand; things that are `gone` are among them.
        """
        first = bisect_right(self._blocks, born, key=_born_last)
        for block in [*self._blocks[first:], self._newest]:
            # All but the first one stand after it as a whole.
            if part := block[bisect_right(block, born, key=_BORN) :]:
                yield part

    def all(self) -> list[T]:
        """Every thing, in order."""
        return list(self._by_key.values())


def _born_last(block: Sequence[Shelved]) -> int:
    return block[-1].born
