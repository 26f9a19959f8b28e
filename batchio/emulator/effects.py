"""What a change of state brings with it.

Law: one row for each kind and state; a row is told the resource, the time of the change and its reason.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from . import certificate_life, dispatch, job_life, node_life, pool_life, scale_life, schedule_life
from .states import (
    ACTIVE,
    COMPLETED,
    DEALLOCATING,
    DELETING,
    DISABLING,
    IDLE,
    LEAVING_POOL,
    REBOOTING,
    REIMAGING,
    RESIZING,
    RUNNING,
    STARTING,
    STEADY,
    TERMINATING,
    WAITING_FOR_START_TASK,
)

if TYPE_CHECKING:
    from .store import Store

Effect = Callable[["Store", Any, int, "str | None"], None]


EFFECTS: dict[tuple[str, str], Effect] = {
    ("job", ACTIVE): job_life.active,
    ("job", DISABLING): job_life.disabling,
    ("job", TERMINATING): job_life.terminating,
    ("job", COMPLETED): job_life.completed,
    ("job", DELETING): job_life.deleting,
    ("job", "gone"): job_life.gone,
    ("task", RUNNING): dispatch.begin,
    ("task", COMPLETED): dispatch.end,
    ("preparation", COMPLETED): job_life.preparation_ended,
    ("release", COMPLETED): job_life.release_ended,
    ("jobschedule", "make a job"): schedule_life.run_is_due,
    ("jobschedule", TERMINATING): schedule_life.terminating,
    ("jobschedule", COMPLETED): schedule_life.completed,
    ("jobschedule", DELETING): schedule_life.deleting,
    ("jobschedule", "gone"): schedule_life.gone,
    ("pool", "evaluate the formula"): scale_life.run_is_due,
    ("pool", "start tasks"): dispatch.start_tasks,
    ("pool", DELETING): pool_life.deleting,
    ("pool", "gone"): pool_life.gone,
    ("allocation", RESIZING): pool_life.resizing,
    ("allocation", STEADY): pool_life.steady,
    ("node", STARTING): node_life.starting,
    ("node", WAITING_FOR_START_TASK): node_life.up,
    ("node", IDLE): node_life.idle,
    ("node", RUNNING): node_life.has_room,
    ("node", REBOOTING): node_life.down,
    ("node", REIMAGING): node_life.down,
    ("node", DEALLOCATING): node_life.down,
    ("node", LEAVING_POOL): node_life.leaving,
    ("node", "gone"): node_life.gone,
    ("certificate", DELETING): certificate_life.deleting,
    ("certificate", "gone"): certificate_life.gone,
}
"""(kind, state) -> what follows at once; acts of `transitions` stand here like states."""
