"""What a start makes of things that had to do with processes.

Law: no process outlives the service. After a start nodes boot, what ran on them is queued again, and what prepared
them has not begun.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from .dispatch import requeue
from .processes.orders import KILLED
from .resources import Job, NodeStatus
from .specials import undo_preparation
from .states import CREATING, DEALLOCATED, DEALLOCATING, LEAVING_POOL, STARTING

if TYPE_CHECKING:
    from .store import Store

_NOT_UP = (CREATING, DEALLOCATING, DEALLOCATED, LEAVING_POOL)


def boot_again(store: Store) -> None:
    """Nothing runs on the nodes that are there: have them boot."""
    for job in store.jobs.all():
        # Each goes before all others, so the one that began first comes last.
        for run in reversed(list(job.runs.values())):
            requeue(store, run)
        for status in job.statuses.all():
            undo_preparation(store, job, status)
            _break_off_release(store, job, status)
    now = store.now()
    for pool in store.pools.all():
        for node in list(pool.nodes.all()):
            if node.state not in _NOT_UP:
                store.move(node, node.after or STARTING, now)


def _break_off_release(store: Store, job: Job, status: NodeStatus) -> None:
    """A release task that ran has been killed; it does not run twice."""
    special = status.release
    if special is not None and special.done is None:
        special.ends, special.exit_code, special.failure = store.now(), KILLED, "TaskEnded"
        store.enter(special)
        store.touch(job)
