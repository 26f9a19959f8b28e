"""The life of nodes: made, started, given tasks, gone.

Law: effects of the rows of `transitions` on nodes; a node never changes its state here.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from . import ticks
from .causes import NODE_ARRIVES
from .commands import plan_of
from .resources import Node, Pool, Run, StartRun
from .states import CREATING, LEAVING_POOL, REIMAGING, WAITING_FOR_START_TASK
from .task_reading import pairs

if TYPE_CHECKING:
    from .store import Store

_RECENT = 100
"""How many of its last tasks a node knows."""


def make_node(store: Store, pool: Pool, *, dedicated: bool) -> Node:
    """A new node of a pool."""
    stamp = store.stamps()
    pool.nodes_made += 1
    second = ticks.second_text(stamp // ticks.SECOND).replace("-", "").replace(":", "").lower()
    sort = "" if dedicated else "-p"
    node = Node(
        id=f"tvm-{pool.number:010d}_{pool.nodes_made}-{second}z{sort}",
        spec={},
        born=stamp,
        changed=stamp,
        since=stamp,
        state=CREATING,
        pool=pool,
        dedicated=dedicated,
        number=pool.nodes_made,
    )
    pool.nodes.add(node.key, node)
    store.enter(node)
    return node


def starting(store: Store, node: Node, when: int, _why: str | None) -> None:
    """A node boots; it is known how its start task will go, unless a process tells."""
    node.booted = when
    node.after = None
    task = node.pool.spec.get("startTask")
    node.start = None
    if store.processes is not None:
        store.processes.node_boots(node)
    elif task is not None:
        node.start = _start_run(task, when + NODE_ARRIVES)
    arrived(store, node.pool)


def _start_run(task: dict[str, Any], begin: int) -> StartRun:
    """How a start task will go that begins then."""
    environment = pairs(task.get("environmentSettings"))
    most = task.get("maxTaskRetryCount", 0)
    tries, plan = 0, plan_of(task["commandLine"], environment)
    end = begin + int(plan.seconds * ticks.SECOND)
    while plan.exit_code != 0 and (tries < most or most < 0) and tries < _MOST_TRIES:
        tries += 1
        plan = plan_of(task["commandLine"], environment, tries)
        end += int(plan.seconds * ticks.SECOND)
    return StartRun(begin, end, plan.exit_code, tries)


_MOST_TRIES = 1000


def up(store: Store, node: Node, when: int, _why: str | None) -> None:
    """A node has booted: its start task begins."""
    if store.processes is not None:
        store.processes.begin_start_task(node, when)
    elif node.start is None and node.state == WAITING_FOR_START_TASK:
        # Its pool had none when it began to boot.
        node.start = _start_run(node.pool.spec["startTask"], when)


def idle(store: Store, node: Node, when: int, why: str | None) -> None:
    """A node takes tasks; its start task begins where nothing waits for it."""
    up(store, node, when, why)
    has_room(store, node, when, why)


def down(store: Store, node: Node, _when: int, _why: str | None) -> None:
    """A node goes down, and all that runs on it."""
    if store.processes is not None:
        store.processes.node_goes_down(node)
        if node.state == REIMAGING:
            store.processes.node_is_wiped(node)


def has_room(store: Store, node: Node, _when: int, _why: str | None) -> None:
    """A node can take tasks, or takes some."""
    store.touch(node)
    node.pool.open[node.key] = node
    store.touch(node.pool)


def leaving(store: Store, node: Node, when: int, why: str | None) -> None:
    """A node leaves; it is counted no more."""
    node.after = None
    down(store, node, when, why)
    arrived(store, node.pool)


def gone(store: Store, node: Node, _when: int, _why: str | None) -> None:
    """A node has left."""
    if store.processes is not None:
        store.processes.node_is_wiped(node)
    usage, span = node.pool.usage, store.now() - node.born
    usage.nodes += span
    usage.dedicated += span if node.dedicated else 0
    node.pool.nodes.remove(node.key)
    arrived(store, node.pool)
    store.touch(node.pool)


def arrived(store: Store, pool: Pool) -> None:
    """The nodes of a pool have changed: look whether it is what it should be."""
    nodes = pool.nodes.all()
    right = all(pool.count(dedicated=sort) == pool.target(dedicated=sort) for sort in (True, False))
    moving = any(LEAVING_POOL in (node.state, node.after) or node.state == CREATING for node in nodes)
    pool.allocation.arrived = (right or bool(pool.errors)) and not moving
    store.touch(pool.allocation)


def take(store: Store, node: Node, run: Run) -> None:
    """A task comes onto a node."""
    node.runs[id(run)] = run
    node.used += run.task.slots
    entry = (run.job.id, run.task.id)
    if entry in node.recent:
        node.recent.remove(entry)
    node.recent.append(entry)
    del node.recent[:-_RECENT]
    store.touch(node)


def give_back(store: Store, node: Node, run: Run) -> None:
    """A task goes off a node."""
    if node.runs.pop(id(run), None) is not None:
        node.used -= run.task.slots
        node.pool.open[node.key] = node
        store.touch(node)
