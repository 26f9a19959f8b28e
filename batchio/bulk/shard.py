"""One machine's part of an input that several machines submit together.

Law: by ordinal alone, so that every item is in exactly one part, however long the input is; nothing is held.
"""

from __future__ import annotations

from collections.abc import AsyncIterable, AsyncIterator, Iterable, Iterator
from itertools import islice
from typing import Any, Generic, TypeVar, cast, overload

import msgspec

from ..errors import ConfigurationError
from .sweep import Sweep

T = TypeVar("T")


class Part(msgspec.Struct, frozen=True):
    """Number `number`, from 1, of `of` parts."""

    number: int
    of: int

    def __post_init__(self) -> None:
        for each in (self.number, self.of):
            if isinstance(each, bool) or not isinstance(each, int):
                raise ConfigurationError(f"a shard is two whole numbers, like 2 of 3, not {each!r}")
        if not 1 <= self.number <= self.of:
            raise ConfigurationError(f"a shard is 1 to {self.of} of {self.of}, not {self.number}")

    def __str__(self) -> str:
        return f"{self.number}/{self.of}"


class Shard(Generic[T]):
    """The items of one part; made by `shard`. What it was made of is read once for each time that it is read itself."""

    def __init__(self, items: Iterable[T], part: Part) -> None:
        self.part = part
        self._items = items

    def __iter__(self) -> Iterator[T]:
        first, step = self.part.number - 1, self.part.of
        if isinstance(self._items, Sweep):
            # Makes only what is asked for.
            return iter(cast("Iterable[T]", self._items[first::step]))
        return islice(self._items, first, None, step)


class AsyncShard(Generic[T]):
    """The same for what is read asynchronously."""

    def __init__(self, items: AsyncIterable[T], part: Part) -> None:
        self.part = part
        self._items = items

    async def __aiter__(self) -> AsyncIterator[T]:
        ordinal = 0
        async for item in self._items:
            if ordinal % self.part.of == self.part.number - 1:
                yield item
            ordinal += 1


@overload
def shard(items: Iterable[T], number: int, of: int) -> Shard[T]: ...


@overload
def shard(items: AsyncIterable[T], number: int, of: int) -> AsyncShard[T]: ...


def shard(items: Iterable[T] | AsyncIterable[T], number: int, of: int) -> Shard[T] | AsyncShard[T]:
    """Part `number`, from 1, of `of` parts of an input: its items `number`, `number + of`, `number + 2 * of` and so on.

    For an input that is too much for one machine: each reads the same input in the same order, takes another part, and
    keeps a journal of its own, which remembers the part. Lazy, for anything that can be iterated; of a `Sweep` only
    the tasks of the part are made. Raises `ConfigurationError` for a number that is not 1 to `of`.

    >>> list(shard(range(10), 2, 3))
    [1, 4, 7]
    >>> await client.tasks.submit("render", shard(tasks, 2, 3), journal="render-2.journal")
    """
    part = Part(number, of)
    return AsyncShard(items, part) if isinstance(items, AsyncIterable) else Shard(items, part)


def part_of(tasks: Any) -> Part | None:
    """Which part of an input these are, where that is said."""
    part = getattr(tasks, "part", None)
    return part if isinstance(part, Part) else None
