"""What a first reading of the input finds: how much it is, and how much of it is no task.

Law: pure and of constant size.
"""

from __future__ import annotations

from collections.abc import Iterable

from .portions import Portion


class Survey:
    """`tasks`, `size` (their bytes), `blank` lines, `bad` places; `broken`: it could not be read to its end."""

    def __init__(self) -> None:
        self.tasks = 0
        self.size = 0
        self.blank = 0
        self.bad = 0
        self.broken = False

    @property
    def clean(self) -> bool:
        """Whether the input is tasks alone, so that a second reading needs no check."""
        return not self.blank and not self.bad

    def add(self, portion: Portion) -> None:
        """Count a portion."""
        self.tasks += len(portion.tasks)
        self.size += sum(map(len, portion.tasks))
        self.blank += portion.blank
        if portion.bad is not None:
            self.bad += 1
            self.broken = self.broken or portion.bad.fatal


class Packing:
    """How many requests tasks need, packed as the engine packs them."""

    def __init__(self, *, max_tasks: int, max_body: int, frame: int) -> None:
        self.requests = 0
        self._max_tasks = max_tasks
        self._max_body = max_body
        # The first task of a request has no comma.
        self._frame = frame - 1
        self._count = max_tasks
        self._size = 0

    def add(self, tasks: Iterable[bytes]) -> None:
        """Put tasks into requests, in order."""
        for task in tasks:
            size = len(task) + 1
            if self._count == self._max_tasks or self._size + size > self._max_body:
                self.requests += 1
                self._count, self._size = 0, self._frame
            self._count += 1
            self._size += size
