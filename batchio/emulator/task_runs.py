"""What has happened to a task.

Law: a million of these are kept, so what happens to few tasks is kept apart, and what happens to none takes nothing.
"""

from __future__ import annotations

from typing import Any

import msgspec


class Seldom(msgspec.Struct, frozen=True, eq=False, gc=False, kw_only=True):
    """What happens to few tasks; all to which it has not happened share one.

    `nodes` are the nodes of a multi-instance task behind the first, `deleted` files that were deleted. `blocks`: it
    has come to an end that does not satisfy the tasks that depend on it. `worked` are the ticks of runs that are over,
    beside those between `start` and `end`.
    """

    blocks: bool = False
    retries: int = 0
    last_retry: int | None = None
    requeues: int = 0
    last_requeue: int | None = None
    nodes: tuple[str, ...] = ()
    deleted: tuple[str, ...] = ()
    worked: int = 0


NEVER = Seldom()


class TaskRun(msgspec.Struct, eq=False, gc=False, kw_only=True):
    """What has happened to a task since it was added.

    `failure` is a code of `failures.FAILURES`, and behind a colon what it is about.
    """

    previous: str | None = None
    previous_since: int = 0
    start: int | None = None
    end: int | None = None
    exit_code: int | None = None
    result: str | None = None
    failure: str | None = None
    pool: str | None = None
    node: str | None = None
    seldom: Seldom = NEVER

    def happens(self, **seldom: Any) -> None:
        """Something has happened that happens to few tasks."""
        self.seldom = msgspec.structs.replace(self.seldom, **seldom)

    @property
    def spent(self) -> int:
        """How many ticks its runs took that are over."""
        return self.seldom.worked + self._latest()

    def spend(self, spent: int) -> None:
        """Its runs took so many ticks, whatever has become of `start` and `end`."""
        worked = spent - self._latest()
        if worked != self.seldom.worked:
            self.happens(worked=worked)

    def _latest(self) -> int:
        return 0 if self.start is None or self.end is None else self.end - self.start
