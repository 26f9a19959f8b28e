"""Tasks that travel together: four parallel lists.

Law: per group, not per task. On the happy path nothing in Python happens for a single task.
"""

from __future__ import annotations

from collections.abc import Iterable

import msgspec


class Narrowing(msgspec.Struct):
    """The search for bad tasks in a request that was refused as a whole: how many it had, how many are bad."""

    total: int
    bad: int = 0


class Tasks:
    """`ordinals` (places in the input), `ids`, `keys` (ids as the service compares them) and `bodies` (JSON).

    `narrowing`: set while these tasks are a part of a request that was refused as a whole.
    """

    __slots__ = ("bodies", "ids", "keys", "narrowing", "ordinals")

    def __init__(self, ordinals: list[int], ids: list[str], keys: list[str], bodies: list[bytes]) -> None:
        self.narrowing: Narrowing | None = None
        self.ordinals = ordinals
        self.ids = ids
        self.keys = keys
        self.bodies = bodies

    def __len__(self) -> int:
        return len(self.ids)

    def __repr__(self) -> str:
        return f"Tasks({len(self)} from {self.ordinals[0]})" if self.ids else "Tasks(0)"

    @property
    def size(self) -> int:
        """Bytes of all bodies."""
        return sum(map(len, self.bodies))

    def append(self, ordinal: int, task_id: str, key: str, body: bytes) -> None:
        """Add one task at the end."""
        self.ordinals.append(ordinal)
        self.ids.append(task_id)
        self.keys.append(key)
        self.bodies.append(body)

    def extend(self, other: Tasks) -> None:
        """Add the tasks of `other` at the end."""
        self.ordinals += other.ordinals
        self.ids += other.ids
        self.keys += other.keys
        self.bodies += other.bodies

    def cut(self, count: int) -> Tasks:
        """Take the first `count` tasks out."""
        head = Tasks(self.ordinals[:count], self.ids[:count], self.keys[:count], self.bodies[:count])
        del self.ordinals[:count], self.ids[:count], self.keys[:count], self.bodies[:count]
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
    def none() -> Tasks:
        """No tasks yet."""
        return Tasks([], [], [], [])
