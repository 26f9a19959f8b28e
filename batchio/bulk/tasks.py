"""Tasks that travel together: parallel lists.

Law: per group, not per task. On the happy path nothing in Python happens for a single task; their bytes stay one
piece, as they were encoded, until somebody needs them one by one.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterable, Sequence
from typing import Any

import msgspec

HEAD, TAIL = b'{"value":[', b"]}"
FRAME = len(HEAD) + len(TAIL)
"""Bytes of a request's body beside its tasks and the commas between them."""


class Group(list[Any]):
    """Items of the input that were taken together; a list that the caller gave is none."""


class Narrowing(msgspec.Struct):
    """The search for bad tasks in a request that was refused as a whole: how many it had, how many are bad."""

    total: int
    bad: int = 0


class _Packed(msgspec.Struct):
    value: list[msgspec.Raw]


_cut_up = msgspec.json.Decoder(_Packed).decode


def _cut(packed: bytes, count: int) -> list[bytes]:
    with contextlib.suppress(msgspec.DecodeError, UnicodeError):
        bodies = [bytes(raw) for raw in _cut_up(packed).value]
        if len(bodies) == count:
            return bodies
    # A `msgspec.Raw` in one of them was no JSON value, and nobody can tell where a task ends: the service refuses each.
    return [b"null"] * count


class Tasks:
    """`ordinals` (places in the input), `ids`, `keys` (ids as the service compares them) and `bodies` (JSON).

    `packed`: the body of the request that carries just these tasks, where they were encoded so; the single
    bodies are cut out of it when somebody asks for them. `narrowing`: set while these tasks are a part of a
    request that was refused as a whole. `joined`: the ids in one piece, a line each, right after they were prepared
    together; whoever takes it leaves None.
    """

    __slots__ = ("_bodies", "ids", "joined", "keys", "narrowing", "ordinals", "packed")

    def __init__(
        self,
        ordinals: Sequence[int],
        ids: list[str],
        keys: list[str],
        bodies: list[bytes] | None = None,
        *,
        packed: bytes | None = None,
        joined: str | None = None,
    ) -> None:
        self.ordinals = ordinals
        self.ids = ids
        self.keys = keys
        self.packed = packed
        self.joined = joined
        self.narrowing: Narrowing | None = None
        self._bodies = bodies

    @property
    def bodies(self) -> list[bytes]:
        """The JSON of each task."""
        if self._bodies is None:
            self._bodies = _cut(self.packed or b"", len(self.ids))
        return self._bodies

    def __len__(self) -> int:
        return len(self.ids)

    @property
    def size(self) -> int:
        """Bytes of all bodies."""
        if self.packed is not None:
            return len(self.packed) - FRAME - len(self.ids) + 1
        return sum(map(len, self.bodies))

    def append(self, ordinal: int, task_id: str, key: str, body: bytes) -> None:
        """Add one task at the end."""
        self.extend(Tasks([ordinal], [task_id], [key], [body]))

    def extend(self, other: Tasks) -> None:
        """Add the tasks of `other` at the end."""
        self.bodies.extend(other.bodies)
        self.packed = None
        self.ordinals = [*self.ordinals, *other.ordinals]
        self.ids += other.ids
        self.keys += other.keys

    def cut(self, count: int) -> Tasks:
        """Take the first `count` tasks out."""
        bodies = self.bodies
        head = Tasks(self.ordinals[:count], self.ids[:count], self.keys[:count], bodies[:count])
        self.ordinals = self.ordinals[count:]
        del self.ids[:count], self.keys[:count], bodies[:count]
        self.packed = None
        return head

    def pick(self, places: Iterable[int]) -> Tasks:
        """A copy of the tasks at some places of the lists."""
        where = list(places)
        picked = Tasks(
            [self.ordinals[at] for at in where],
            [self.ids[at] for at in where],
            [self.keys[at] for at in where],
            [self.bodies[at] for at in where],
        )
        picked.narrowing = self.narrowing
        return picked

    @staticmethod
    def joined_from(groups: Sequence[Tasks]) -> Tasks:
        """All tasks of some groups."""
        return Tasks(
            [ordinal for group in groups for ordinal in group.ordinals],
            [task_id for group in groups for task_id in group.ids],
            [key for group in groups for key in group.keys],
            [body for group in groups for body in group.bodies],
        )

    @staticmethod
    def none() -> Tasks:
        """No tasks yet."""
        return Tasks([], [], [], [])
