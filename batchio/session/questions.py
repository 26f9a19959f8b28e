"""What the waits ask.

Law: a question is one small request, whatever it is asked about: a job of millions of tasks, a pool of thousands of
nodes. Counts may lag behind, so that they are believed when they say "not yet" and never when they say "all": then,
and where they say nothing, the exact question is asked for one item that is not there yet.
"""

from __future__ import annotations

import functools
import operator
from collections.abc import Collection, Iterable, Mapping
from typing import Any, TypeVar

from ..errors import ConfigurationError, ResourceNotFoundError, WaitError
from ..models import (
    AllocationState,
    CloudJob,
    CloudPool,
    ComputeNode,
    ComputeNodeState,
    JobState,
    NodeCounts,
    PoolNodeCounts,
    PoolState,
    TaskCounts,
    TaskCountsResult,
    TaskState,
)
from ..models.base import OpenEnum
from ..odata import field
from ..service import operations as op
from ..service.operations import Operation
from .request import path_of
from .session import Session
from .waiting import Question

E = TypeVar("E", bound=OpenEnum)
Call = Mapping[str, Any]

_OF_JOB = "id,state,stateTransitionTime,executionInfo"
_OF_NODE = "id,state,stateTransitionTime,errors"
_OF_POOL = (
    "id,state,allocationState,allocationStateTransitionTime,currentDedicatedNodes,currentLowPriorityNodes,"
    "targetDedicatedNodes,targetLowPriorityNodes,resizeErrors"
)
# Where a job can get to from the states that have no way back.
_STILL_TO_COME: dict[JobState | None, frozenset[JobState]] = {
    JobState.TERMINATING: frozenset({JobState.COMPLETED, JobState.DELETING}),
    JobState.COMPLETED: frozenset({JobState.DELETING}),
    JobState.DELETING: frozenset(),
}


def states_of(kind: type[E], until: str | Collection[str]) -> tuple[E, ...]:
    """The states that `until` names, in any letter case; raises `ConfigurationError` for none and for no state."""
    known = {state.value.lower(): state for state in kind}
    if not isinstance(until, Collection) or not until:
        raise ConfigurationError(f"until: a state or several, not {until!r}")
    found: list[E] = []
    for word in [until] if isinstance(until, str) else until:
        state = known.get(word.lower()) if isinstance(word, str) else None
        if state is None:
            raise ConfigurationError(f"until: {word!r} is no state; there are {', '.join(kind)}")
        found.append(state)
    return tuple(dict.fromkeys(found))


def job_state(job_id: str, until: str | Collection[str]) -> Question[CloudJob]:
    """Whether a job is in one of the states."""
    wanted = states_of(JobState, until)

    async def ask(session: Session, call: Call) -> CloudJob:
        return await session.fetch(op.GET_JOB, (job_id,), {"select": _OF_JOB, **call})

    def is_so(job: CloudJob) -> bool:
        if job.state in wanted:
            return True
        to_come = _STILL_TO_COME.get(job.state)
        if to_come is not None and to_come.isdisjoint(wanted):
            raise WaitError(f"job {job_id} is {job.state} and will not be {_either(wanted)} any more", last=job)
        return False

    return Question(awaited=f"job {job_id} to be {_either(wanted)}", ask=ask, is_so=is_so, said=_state)


def job_deleted(job_id: str) -> Question[CloudJob | None]:
    """Whether a job is gone: None says so."""

    async def ask(session: Session, call: Call) -> CloudJob | None:
        try:
            return await session.fetch(op.GET_JOB, (job_id,), {"select": "id,state", **call})
        except ResourceNotFoundError as error:
            # Without a code it is not the service that says so, but something on the way.
            if error.code is None:
                raise
            return None

    def is_so(job: CloudJob | None) -> bool:
        return job is None

    return Question(awaited=f"job {job_id} to be gone", ask=ask, is_so=is_so, said=_state)


def deleted(noun: str, exists: Operation[bool], id: str) -> Question[bool]:
    """Whether a pool or job schedule is gone; the answer is whether it is there."""

    async def ask(session: Session, call: Call) -> bool:
        return await session.ask(exists, (id,), call)

    def said(there: bool) -> str:  # noqa: FBT001 - the answer
        return "it is there" if there else "it is gone"

    return Question(awaited=f"{noun} {id} to be gone", ask=ask, is_so=operator.not_, said=said)


def tasks_completed(job_id: str) -> Question[TaskCountsResult]:
    """Whether no task of a job is left to run."""

    async def ask(session: Session, call: Call) -> TaskCountsResult:
        return await session.fetch(op.GET_JOB_TASK_COUNTS, (job_id,), call)

    def is_so(answer: TaskCountsResult) -> bool:
        counts = answer.task_counts or TaskCounts()
        return not (counts.active or counts.running)

    async def is_certain(session: Session, call: Call) -> bool:
        unfinished = field("state") != TaskState.COMPLETED
        return await _is_empty(session, op.LIST_TASKS, job_id, {"filter": unfinished, "select": "id", **call})

    def said(answer: TaskCountsResult) -> str:
        counts = answer.task_counts or TaskCounts()
        names = ("active", "running", "completed")
        return ", ".join(f"{'?' if (n := getattr(counts, name)) is None else n} {name}" for name in names)

    return Question(
        awaited=f"the tasks of job {job_id} to be completed", ask=ask, is_so=is_so, said=said, is_certain=is_certain
    )


def pool_steady(pool_id: str) -> Question[CloudPool]:
    """Whether a pool has come to the end of its resize."""

    async def ask(session: Session, call: Call) -> CloudPool:
        return await session.fetch(op.GET_POOL, (pool_id,), {"select": _OF_POOL, **call})

    def is_so(pool: CloudPool) -> bool:
        if pool.state == PoolState.DELETING:
            raise WaitError(f"pool {pool_id} is being deleted and will not be steady any more", last=pool)
        return pool.allocation_state == AllocationState.STEADY

    def said(pool: CloudPool) -> str:
        nodes = (pool.current_dedicated_nodes or 0) + (pool.current_low_priority_nodes or 0)
        wanted = (pool.target_dedicated_nodes or 0) + (pool.target_low_priority_nodes or 0)
        return f"{pool.allocation_state or 'no state'}, {nodes} of {wanted} nodes"

    return Question(awaited=f"pool {pool_id} to be steady", ask=ask, is_so=is_so, said=said)


def node_state(pool_id: str, node_id: str, until: str | Collection[str]) -> Question[ComputeNode]:
    """Whether a node is in one of the states."""
    wanted = states_of(ComputeNodeState, until)

    async def ask(session: Session, call: Call) -> ComputeNode:
        return await session.fetch(op.GET_NODE, (pool_id, node_id), {"select": _OF_NODE, **call})

    def is_so(node: ComputeNode) -> bool:
        return node.state in wanted

    return Question(awaited=f"node {node_id} to be {_either(wanted)}", ask=ask, is_so=is_so, said=_state)


def nodes_state(pool_id: str, until: str | Collection[str]) -> Question[PoolNodeCounts]:
    """Whether every node of a pool is in one of the states."""
    wanted = states_of(ComputeNodeState, until)
    elsewhere = [state for state in ComputeNodeState if state not in wanted]
    path_of(op.LIST_NODES, (pool_id,))  # so that a wrong id is told before it stands in a filter

    async def ask(session: Session, call: Call) -> PoolNodeCounts:
        options = {"filter": field("poolId") == pool_id, "prefetch": False, **call}
        found = [counts async for counts in session.pages(op.LIST_POOL_NODE_COUNTS, (), options)]
        # A pool that is not counted yet, or not there: the exact question tells which.
        return found[0] if found else PoolNodeCounts(pool_id=pool_id)

    def is_so(counts: PoolNodeCounts) -> bool:
        return not _numbers(counts, elsewhere)

    async def is_certain(session: Session, call: Call) -> bool:
        others = functools.reduce(operator.and_, [field("state") != state for state in wanted])
        return await _is_empty(session, op.LIST_NODES, pool_id, {"filter": others, "select": "id", **call})

    def said(counts: PoolNodeCounts) -> str:
        numbers = _numbers(counts, ComputeNodeState)
        return ", ".join(f"{number} {state}" for state, number in numbers.items()) or "no nodes"

    return Question(
        awaited=f"the nodes of pool {pool_id} to be {_either(wanted)}",
        ask=ask,
        is_so=is_so,
        said=said,
        is_certain=is_certain,
    )


def _numbers(counts: PoolNodeCounts, states: Iterable[ComputeNodeState]) -> dict[ComputeNodeState, int]:
    """The nodes in each of the states, dedicated ones and others, where there are any."""
    both = [counts.dedicated or NodeCounts(), counts.low_priority or NodeCounts()]
    numbers = {state: sum(getattr(each, state.name.lower()) or 0 for each in both) for state in states}
    return {state: number for state, number in numbers.items() if number}


async def _is_empty(session: Session, listing: Operation[Any], parent: str, options: Call) -> bool:
    one = {"limit": 1, "prefetch": False, **options}
    return not [item async for item in session.pages(listing, (parent,), one)]


def _state(thing: CloudJob | ComputeNode | None) -> str:
    return (thing.state or "no state") if thing is not None else "it is gone"


def _either(states: tuple[str, ...]) -> str:
    return " or ".join(states)
