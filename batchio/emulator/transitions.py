"""How resources change their state by themselves.

Law: such a change is a row of `TRANSITIONS`; handlers only put a resource into a state and never plan what follows.
What a row needs to know is in `CONDITIONS` and `DEADLINES`, what a change brings with it in `effects`.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterable
from contextlib import contextmanager
from heapq import heappop, heappush
from itertools import count

import msgspec

from ..errors import ConfigurationError
from . import ticks
from .causes import (
    ALL_TASKS_COMPLETE,
    CONDITIONS,
    DEADLINES,
    END_OF_RUN,
    JOB_LIMIT,
    JOBS_GONE,
    JOBS_OVER,
    NEXT_EVALUATION,
    NEXT_RUN,
    NO_NODES,
    NODES_ARE_THERE,
    NOTHING_RUNS,
    PREPARED,
    RESIZE_LIMIT,
    SCHEDULE_OVER,
    SCHEDULING_OFF,
    SCHEDULING_ON,
    START_TASK_ENDED,
    START_TASK_FAILS,
    START_TASK_FIRST,
    TASKS_AND_ROOM,
    USED_BY_POOLS,
    WORKS,
    WORKS_NOT,
)
from .holds import Holds
from .resources import Living
from .states import (
    ACTIVE,
    COMPLETED,
    CREATING,
    DEALLOCATED,
    DEALLOCATING,
    DELETE_FAILED,
    DELETING,
    DISABLED,
    DISABLING,
    ENABLING,
    IDLE,
    LEAVING_POOL,
    OFFLINE,
    PREPARING,
    REBOOTING,
    REIMAGING,
    RESIZING,
    RUNNING,
    START_TASK_FAILED,
    STARTING,
    STEADY,
    STOPPING,
    TERMINATING,
    WAITING_FOR_START_TASK,
)

GONE = "gone"
"""Not a state of the service: the resource is no longer there."""
EVALUATE = "evaluate the formula"
MAKE_JOB = "make a job"
START_TASKS = "start tasks"
ACTS = frozenset({EVALUATE, MAKE_JOB, START_TASKS})
"""Targets that are no states: something is done, and the state stays."""


class Transition(msgspec.Struct, frozen=True):
    """From `source` to `target` after so many seconds, or at a time of `DEADLINES`, and `given` a condition holds.

    One whose condition does not hold waits until it does. `why` is the reason that the resource keeps. Of several
    rows that hold at once the first one counts. `leaves` is the kind and state that an act really ends.
    """

    kind: str
    source: str
    when: float | str
    target: str
    given: str | None = None
    why: str | None = None
    leaves: tuple[str, str] | None = None


_LIVE_JOB = (ACTIVE, DISABLING, DISABLED, ENABLING)
_AT_WORK = (IDLE, RUNNING, OFFLINE)

TRANSITIONS = (
    Transition("job", ACTIVE, 0, TERMINATING, given=ALL_TASKS_COMPLETE, why="AllTasksComplete"),
    *(Transition("job", state, JOB_LIMIT, TERMINATING, why="MaxWallClockTimeExpiry") for state in _LIVE_JOB),
    Transition("job", DISABLING, 0.5, DISABLED, given=NOTHING_RUNS),
    Transition("job", ENABLING, 0.5, ACTIVE),
    Transition("job", TERMINATING, 0.5, COMPLETED, given=NOTHING_RUNS),
    Transition("job", DELETING, 0.5, GONE, given=NOTHING_RUNS),
    Transition("task", PREPARING, 0, RUNNING, given=PREPARED),
    Transition("task", RUNNING, END_OF_RUN, COMPLETED),
    Transition("preparation", RUNNING, END_OF_RUN, COMPLETED),
    Transition("release", RUNNING, END_OF_RUN, COMPLETED),
    Transition("jobschedule", ACTIVE, NEXT_RUN, MAKE_JOB),
    Transition("jobschedule", ACTIVE, 0, COMPLETED, given=SCHEDULE_OVER),
    Transition("jobschedule", TERMINATING, 0.5, COMPLETED, given=JOBS_OVER),
    Transition("jobschedule", DELETING, 0.5, GONE, given=JOBS_GONE),
    Transition("pool", ACTIVE, NEXT_EVALUATION, EVALUATE),
    Transition("pool", ACTIVE, 0, START_TASKS, given=TASKS_AND_ROOM, leaves=("task", ACTIVE)),
    Transition("pool", DELETING, 0.5, GONE, given=NO_NODES),
    Transition("allocation", RESIZING, 0.5, STEADY, given=NODES_ARE_THERE),
    Transition("allocation", RESIZING, RESIZE_LIMIT, STEADY, why="AllocationTimedOut"),
    Transition("allocation", STOPPING, 0.5, STEADY, why="ResizeStopped"),
    Transition("node", CREATING, 0.5, STARTING),
    Transition("node", STARTING, 0.5, WAITING_FOR_START_TASK, given=START_TASK_FIRST),
    Transition("node", STARTING, 0.5, IDLE),
    Transition("node", WAITING_FOR_START_TASK, START_TASK_ENDED, START_TASK_FAILED, given=START_TASK_FAILS),
    Transition("node", WAITING_FOR_START_TASK, START_TASK_ENDED, IDLE),
    *(
        Transition("node", state, 0, after, given=after)
        for state in _AT_WORK
        for after in (REBOOTING, REIMAGING, DEALLOCATING, LEAVING_POOL)
    ),
    Transition("node", IDLE, 0, RUNNING, given=WORKS),
    Transition("node", RUNNING, 0, IDLE, given=WORKS_NOT),
    Transition("node", IDLE, 0, OFFLINE, given=SCHEDULING_OFF),
    Transition("node", OFFLINE, 0, IDLE, given=SCHEDULING_ON),
    Transition("node", REBOOTING, 1, STARTING),
    Transition("node", REIMAGING, 2, STARTING),
    Transition("node", DEALLOCATING, 1, DEALLOCATED),
    Transition("node", LEAVING_POOL, 0.5, GONE),
    Transition("certificate", DELETING, 0.5, DELETE_FAILED, given=USED_BY_POOLS),
    Transition("certificate", DELETING, 0.5, GONE),
)

_ROWS: dict[tuple[str, str], list[Transition]] = {}
for _row in TRANSITIONS:
    _ROWS.setdefault((_row.kind, _row.source), []).append(_row)

STATES_TO_HOLD = frozenset(_ROWS) | {row.leaves for row in TRANSITIONS if row.leaves is not None}
"""Kind and state of what would change by itself."""


def check_can_hold(kind: str, state: str) -> None:
    """Raise `ConfigurationError` for what never changes by itself."""
    if (kind, state) not in STATES_TO_HOLD:
        known = ", ".join(sorted(f"{kind} {state}" for kind, state in STATES_TO_HOLD))
        raise ConfigurationError(f"hold: {kind} {state} does not change by itself; what does: {known}")


FEWEST = 1000
"""So many plans are never looked through for those that are overtaken."""

Move = Callable[[Living, str, int, str | None], None]


class Life:
    """Who changes next. `move` gets a resource, its new state, the time when that is due, and the reason.

    `before` is told the time up to which nothing has changed, before the next change does.
    """

    def __init__(self, move: Move, before: Callable[[int], None] = lambda _: None) -> None:
        self._move = move
        self._before = before
        self._holds = Holds()
        self._settled = 0
        self._due: list[tuple[int, int, Living, int]] = []
        self._most = FEWEST
        self._touched: set[int] = set()
        self._now: int | None = None
        # Two changes due at once happen in the order in which they were planned.
        self._order = count()

    @property
    def now(self) -> int | None:
        """The time of the change that is under way; None between changes."""
        return self._now

    @property
    def next_due(self) -> int | None:
        """When something may change next."""
        return self._due[0][0] if self._due else None

    @property
    def planned(self) -> int:
        """How many looks are planned; less than half of more than `FEWEST` are overtaken."""
        return len(self._due)

    def entered(self, thing: Living, seen: int = 0) -> None:
        """A resource is in a new state, or what its deadlines depend on has changed: plan what follows from that.

        What was due until `seen` is looked at right after it.
        """
        for due in _dues(thing):
            self._plan(max(due, seen + 1), thing, thing.since)

    def _plan(self, due: int, thing: Living, since: int) -> None:
        heappush(self._due, (due, next(self._order), thing, since))
        if len(self._due) > self._most:
            self._tidy()

    def _tidy(self) -> None:
        """Drop plans that are overtaken: what changes again and again leaves them behind, each for its own time."""
        plans = {(when, id(thing), since): order for when, order, thing, since in sorted(self._due, reverse=True)}
        self._due[:] = sorted(
            plan for plan in self._due if plans[plan[0], id(plan[2]), plan[3]] == plan[1] and self._counts(plan)
        )
        self._most = max(2 * len(self._due), FEWEST)

    def _counts(self, plan: tuple[int, int, Living, int]) -> bool:
        when, _, thing, since = plan
        if since < 0:
            return True
        return since == thing.since and not thing.gone and (when <= self._settled + 1 or when in _dues(thing))

    @contextmanager
    def resumed(self, things: Iterable[Living], seen: int) -> Generator[None]:
        """Plan the further lives of things that were there until `seen`; in the block it is then."""
        self._settled = seen
        for thing in things:
            self.entered(thing, seen)
        self._now = seen
        try:
            yield
        finally:
            self._now = None

    def touched(self, thing: Living, now: int) -> None:
        """Something that a condition may ask about has changed: look again at the next tick."""
        if id(thing) not in self._touched:
            self._touched.add(id(thing))
            self._plan(now + 1, thing, -1)

    @property
    def held(self) -> list[tuple[str, str]]:
        """The kinds and states that are held, in their order."""
        return self._holds.places

    def hold(self, kind: str, state: str) -> None:
        """What is of this kind and in this state does nothing by itself any more."""
        self._holds.hold((kind, state))

    def release(self, kind: str, state: str, now: int) -> None:
        """Hold this no more: what was due in the meantime is due now."""
        for thing in self._holds.release((kind, state)):
            self.touched(thing, now - 1)

    def settle(self, now: int) -> None:
        """Let everything happen that is due until now, in the order of time."""
        due = self._due
        try:
            while due and due[0][0] <= now:
                when, _, thing, since = heappop(due)
                if since < 0:
                    self._touched.discard(id(thing))
                elif since != thing.since:
                    continue
                if not thing.gone:
                    # What was planned late, with a time that has passed, changes nothing in the past.
                    self._now = self._settled = max(when, self._settled)
                    self._before(self._now)
                    self._change(thing, self._now)
        finally:
            self._now = None
        self._settled = max(now, self._settled)
        self._before(now)

    def _change(self, thing: Living, now: int) -> None:
        place = (thing.kind, thing.state)
        for row in _ROWS.get(place, ()):
            due = _due(thing, row)
            if due is None or due > now or not (row.given is None or thing.forced or CONDITIONS[row.given](thing)):
                continue
            if self._holds.keep(thing, place, row.leaves or place):
                continue
            self._move(thing, row.target, now, row.why)
            return


def _dues(thing: Living) -> set[int]:
    """When the rows of a thing's state are due."""
    return {due for row in _ROWS.get((thing.kind, thing.state), ()) if (due := _due(thing, row)) is not None}


def _due(thing: Living, row: Transition) -> int | None:
    """When a row is due at the earliest: not before the next tick, so that each state can be seen."""
    if isinstance(row.when, str):
        due = DEADLINES[row.when](thing)
        return None if due is None else max(due, thing.since + 1)
    return thing.since + (1 if thing.forced else max(int(row.when * ticks.SECOND), 1))
