"""How pools get and lose their nodes.

Law: effects of the rows of `transitions` on pools and their allocation; with no nodes simulated a pool keeps its
target and has none.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from . import ticks
from .autoscale import History
from .node_ends import REQUEUE, remove
from .node_life import arrived, make_node
from .resources import Allocation, Pool
from .scaling import Scaling
from .states import RESIZING, STEADY
from .ticks import read_duration

if TYPE_CHECKING:
    from .store import Store

MAX_NODES = 1000
"""The quota of nodes of a pool; a resize beyond it ends with AccountCoreQuotaReached."""

DEFAULT_TIMEOUT = "PT15M"

ERRORS = {
    "AllocationTimedOut": "Desired number of nodes could not be allocated as the resize timeout was reached",
    "ResizeStopped": "Desired number of nodes could not be allocated as the resize operation was stopped",
    "AccountCoreQuotaReached": "The specified account has reached core quota",
}


def make_pool(store: Store, id: str, spec: dict[str, Any]) -> Pool:
    """A new pool; where it should have nodes its resize begins."""
    stamp = store.stamps()
    store.pools_made += 1
    allocation = Allocation(since=stamp, state=STEADY, pool_key=id.lower())
    pool = Pool(
        id=id, spec=spec, born=stamp, changed=stamp, since=stamp, allocation=allocation, number=store.pools_made
    )
    if spec.get("enableAutoScale"):
        start_scaling(pool, stamp)
    store.add(store.pools, pool)
    store.note_samples(pool)
    for job in store.jobs.all():
        if (job.pool_id or "").lower() == pool.key:
            pool.jobs[job.key] = job
    if pool.target(dedicated=True) or pool.target(dedicated=False):
        resize(store, pool)
    return pool


def start_scaling(pool: Pool, now: int) -> None:
    """From now on a formula scales the pool: a run is due, and its samples begin or go on."""
    history = History() if pool.scaling is None else pool.scaling.history
    pool.scaling = Scaling(enabled=now, next_run=now, history=history)


def stop_scaling(pool: Pool) -> None:
    """No formula scales the pool any more."""
    pool.spec = {**pool.spec, "enableAutoScale": False}
    pool.scaling = None


def resize(store: Store, pool: Pool, option: str = REQUEUE) -> None:
    """The target of a pool is another one: its allocation begins to follow it."""
    pool.errors = ()
    pool.allocation.limit = store.now() + read_duration(pool.spec.get("resizeTimeout", DEFAULT_TIMEOUT))
    store.move(pool.allocation, RESIZING, store.now(), option)


def resizing(store: Store, allocation: Allocation, _when: int, why: str | None) -> None:
    """Send away the nodes that are too many, and make those that are missing."""
    pool = store.pools.get(allocation.pool_key)
    if pool is None or not store.simulate:
        allocation.arrived = True
        return
    for dedicated in (True, False):
        nodes = pool.staying(dedicated=dedicated)
        # Those that have least to lose go first, the youngest of them before the others.
        nodes.sort(key=lambda node: (len(node.runs), -node.born))
        for node in nodes[: max(len(nodes) - pool.target(dedicated=dedicated), 0)]:
            remove(store, node, why or REQUEUE)
    for dedicated in (True, False):
        missing = pool.target(dedicated=dedicated) - len(pool.staying(dedicated=dedicated))
        room = MAX_NODES - len(pool.staying(dedicated=True)) - len(pool.staying(dedicated=False))
        if missing > room:
            pool.errors = ("AccountCoreQuotaReached",)
        for _ in range(min(missing, room)):
            make_node(store, pool, dedicated=dedicated)
    arrived(store, pool)


def steady(store: Store, allocation: Allocation, _when: int, why: str | None) -> None:
    """A resize has come to its end; with a reason where it was not a good one."""
    pool = store.pools.get(allocation.pool_key)
    if pool is None:
        return
    if why is not None and why not in pool.errors:
        pool.errors = (*pool.errors, why)
    store.touch(pool)


def deleting(store: Store, pool: Pool, when: int, _why: str | None) -> None:
    """All nodes go, whatever runs on them."""
    pool.spec["targetDedicatedNodes"] = pool.spec["targetLowPriorityNodes"] = 0
    stop_scaling(pool)
    for node in pool.nodes.all():
        remove(store, node, REQUEUE)
    if pool.allocation.state == STEADY and len(pool.nodes):
        pool.allocation.limit = when + 15 * 60 * ticks.SECOND
        store.move(pool.allocation, RESIZING, when)


def gone(store: Store, pool: Pool, _when: int, _why: str | None) -> None:
    """The pool is no longer there."""
    pool.allocation.gone = True
    store.pools.remove(pool.key)
