"""Nodes taken out of work by request: to be rebooted, reimaged, deallocated or removed.

Law: what becomes of the tasks that run is the option of the request; a node that waits for its tasks takes no others.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from .dispatch import end_runs
from .resources import Node
from .states import LEAVING_POOL

if TYPE_CHECKING:
    from .store import Store

REQUEUE = "requeue"


def take_out(store: Store, node: Node, state: str, option: str) -> None:
    """Put a node into a state as soon as the option allows it."""
    end_runs(store, list(node.runs.values()), option)
    if node.runs:
        node.after = state
        store.touch(node)
    else:
        store.move(node, state, store.now())


def remove(store: Store, node: Node, option: str) -> None:
    """Take a node out of its pool."""
    if LEAVING_POOL not in (node.state, node.after):
        take_out(store, node, LEAVING_POOL, option)
