"""How resources change their state by themselves.

Law: such a change is a row of `TRANSITIONS`; handlers only put a resource into a state and never plan what follows.
"""

from __future__ import annotations

from collections.abc import Callable
from heapq import heappop, heappush
from itertools import count

import msgspec

from . import ticks
from .resources import ACTIVE, COMPLETED, DELETING, Job, Resource

GONE = "gone"
"""Not a state of the service: the resource is no longer there."""

TERMINATE_JOB = "terminatejob"


class Transition(msgspec.Struct, frozen=True):
    """From `source` to `target`, `when` so many seconds have passed in it or a condition of `CONDITIONS` holds."""

    kind: str
    source: str
    when: float | str
    target: str


ALL_TASKS_COMPLETE = "all tasks complete"

TRANSITIONS = (
    Transition("job", ACTIVE, ALL_TASKS_COMPLETE, COMPLETED),
    Transition("job", DELETING, 0.5, GONE),
    Transition("pool", DELETING, 0.5, GONE),
)


def _all_tasks_complete(resource: Resource) -> bool:
    return (
        isinstance(resource, Job)
        and resource.spec.get("onAllTasksComplete") == TERMINATE_JOB
        and resource.unfinished == 0
    )


CONDITIONS: dict[str, Callable[[Resource], bool]] = {ALL_TASKS_COMPLETE: _all_tasks_complete}

_ROWS: dict[tuple[str, str], list[Transition]] = {}
for _row in TRANSITIONS:
    _ROWS.setdefault((_row.kind, _row.source), []).append(_row)


class Life:
    """Who changes next. `move` is called with a resource, its new state and the time when that comes due."""

    def __init__(self, move: Callable[[Resource, str, int], None]) -> None:
        self._move = move
        self._due: list[tuple[int, int, Resource, Transition]] = []
        self._touched: dict[int, tuple[int, Resource]] = {}
        # Two changes due at once happen in the order in which they were planned.
        self._order = count()

    def entered(self, resource: Resource) -> None:
        """A resource is in a new state: plan what follows from that."""
        for row in _ROWS.get((resource.kind, resource.state), ()):
            if not isinstance(row.when, str):
                due = resource.since + int(row.when * ticks.SECOND)
                heappush(self._due, (due, next(self._order), resource, row))
        self.touched(resource)

    def touched(self, resource: Resource) -> None:
        """Something that a condition may ask about has changed: look again at the next tick."""
        self._touched[id(resource)] = (resource.since, resource)

    def settle(self, now: int) -> None:
        """Let everything happen that is due until now."""
        while self._due and self._due[0][0] <= now:
            due, _, resource, row = heappop(self._due)
            if resource.state == row.source and not resource.gone:
                self._move(resource, row.target, due)
        if self._touched:
            self._settle_conditions(now)

    def _settle_conditions(self, now: int) -> None:
        for mark, (since, resource) in list(self._touched.items()):
            if since >= now:
                continue
            del self._touched[mark]
            for row in _ROWS.get((resource.kind, resource.state), ()):
                if isinstance(row.when, str) and not resource.gone and CONDITIONS[row.when](resource):
                    self._move(resource, row.target, now)
                    break
