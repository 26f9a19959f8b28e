"""What filters may ask of each kind of resource.

Law: exactly the properties that the REST documentation names; the emulator knows no others, so that a filter that
works here works in the cloud.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ..models import AllocationState, JobState, PoolState, TaskExecutionResult, TaskState
from ..models.base import OpenEnum
from .filter_match import BOOL, NUMBER, TEXT, TIME, Properties, Property
from .resources import Job


def _values(kind: type[OpenEnum]) -> frozenset[str]:
    return frozenset(member.value.lower() for member in kind)


def _never(_: Any) -> None:
    """The property is not there yet: nothing has run."""


def _lower(read: Callable[[Any], str | None]) -> Callable[[Any], str | None]:
    return lambda thing: None if (text := read(thing)) is None else text.lower()


def _job_pool(job: Job) -> str | None:
    pool_id: str | None = job.spec["poolInfo"].get("poolId")
    return pool_id


def _life(states: type[OpenEnum]) -> dict[str, Property]:
    return {
        "id": Property(TEXT, lambda thing: thing.id.lower()),
        "state": Property(TEXT, lambda thing: thing.state, _values(states)),
        "stateTransitionTime": Property(TIME, lambda thing: thing.since),
        "creationTime": Property(TIME, lambda thing: thing.born),
        "lastModified": Property(TIME, lambda thing: thing.changed),
    }


JOBS: Properties = {
    **_life(JobState),
    "executionInfo/startTime": Property(TIME, lambda job: job.born),
    "executionInfo/endTime": Property(TIME, lambda job: job.end_time),
    "executionInfo/poolId": Property(TEXT, _lower(_job_pool)),
}

POOLS: Properties = {
    **_life(PoolState),
    "allocationState": Property(TEXT, lambda pool: pool.allocation_state, _values(AllocationState)),
    "allocationStateTransitionTime": Property(TIME, lambda pool: pool.allocation_since),
    "enableAutoScale": Property(BOOL, lambda pool: pool.spec.get("enableAutoScale", False)),
    "vmSize": Property(TEXT, _lower(lambda pool: pool.spec["vmSize"])),
    "enableInterNodeCommunication": Property(BOOL, lambda pool: pool.spec.get("enableInterNodeCommunication", False)),
}

TASKS: Properties = {
    **_life(TaskState),
    "lastModifiedTime": Property(TIME, lambda task: task.changed),
    "executionInfo/startTime": Property(TIME, _never),
    "executionInfo/endTime": Property(TIME, _never),
    "executionInfo/exitCode": Property(NUMBER, _never),
    "executionInfo/result": Property(TEXT, _never, _values(TaskExecutionResult)),
}
