"""What filters may ask of each kind of resource.

Law: exactly the properties that the REST documentation names; the emulator knows no others, so that a filter that
works here works in the cloud.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ..models import (
    AllocationState,
    CertificateState,
    ComputeNodeState,
    JobPreparationTaskState,
    JobReleaseTaskState,
    JobScheduleState,
    JobState,
    OSType,
    PoolState,
    StartTaskState,
    TaskExecutionResult,
    TaskState,
    VerificationType,
)
from ..models.base import OpenEnum
from .filter_match import BOOL, NUMBER, TEXT, TIME, Properties, Property
from .resources import Node, Special, StartRun, StoredTask
from .task_runs import TaskRun
from .ticks import read_time


def _values(kind: type[OpenEnum]) -> frozenset[str]:
    return frozenset(member.value.lower() for member in kind)


def _lower(read: Callable[[Any], str | None]) -> Callable[[Any], str | None]:
    return lambda thing: None if (text := read(thing)) is None else text.lower()


def _life(states: type[OpenEnum]) -> dict[str, Property]:
    return {
        "id": Property(TEXT, lambda thing: thing.id.lower()),
        **_state(states),
        "creationTime": Property(TIME, lambda thing: thing.born),
        "lastModified": Property(TIME, lambda thing: thing.changed),
    }


def _state(states: type[OpenEnum]) -> dict[str, Property]:
    return {
        "state": Property(TEXT, lambda thing: thing.state, _values(states)),
        "stateTransitionTime": Property(TIME, lambda thing: thing.since),
    }


JOBS: Properties = {
    **_life(JobState),
    "executionInfo/startTime": Property(TIME, lambda job: job.born),
    "executionInfo/endTime": Property(TIME, lambda job: job.end_time),
    "executionInfo/poolId": Property(TEXT, _lower(lambda job: job.pool_id)),
}


def _schedule_time(name: str) -> Property:
    def read(schedule: Any) -> int | None:
        text: str | None = schedule.spec.get("schedule", {}).get(name)
        return None if text is None else read_time(text)

    return Property(TIME, read)


JOB_SCHEDULES: Properties = {
    **_life(JobScheduleState),
    "executionInfo/endTime": Property(TIME, lambda schedule: schedule.end_time),
    "schedule/doNotRunUntil": _schedule_time("doNotRunUntil"),
    "schedule/doNotRunAfter": _schedule_time("doNotRunAfter"),
}

CERTIFICATES: Properties = _state(CertificateState)

POOLS: Properties = {
    **_life(PoolState),
    "allocationState": Property(TEXT, lambda pool: pool.allocation.state, _values(AllocationState)),
    "allocationStateTransitionTime": Property(TIME, lambda pool: pool.allocation.since),
    "enableAutoScale": Property(BOOL, lambda pool: pool.spec.get("enableAutoScale", False)),
    "vmSize": Property(TEXT, _lower(lambda pool: pool.spec["vmSize"])),
    "enableInterNodeCommunication": Property(BOOL, lambda pool: pool.spec.get("enableInterNodeCommunication", False)),
}


def _of_run(read: Callable[[TaskRun], Any]) -> Callable[[StoredTask], Any]:
    return lambda task: None if task.run is None else read(task.run)


TASKS: Properties = {
    **_life(TaskState),
    "lastModifiedTime": Property(TIME, lambda task: task.changed),
    "executionInfo/startTime": Property(TIME, _of_run(lambda run: run.start)),
    "executionInfo/endTime": Property(TIME, _of_run(lambda run: run.end)),
    "executionInfo/exitCode": Property(NUMBER, _of_run(lambda run: run.exit_code)),
    "executionInfo/result": Property(TEXT, _of_run(lambda run: run.result), _values(TaskExecutionResult)),
}


def _of_start(read: Callable[[Any], Any]) -> Callable[[Node], Any]:
    return lambda node: None if node.start is None else read(node.start)


def _result(exit_code: int | None) -> str:
    return "success" if exit_code == 0 else "failure"


def _start_result(run: StartRun) -> str | None:
    return None if run.end is None else _result(run.exit_code)


NODES: Properties = {
    **_state(ComputeNodeState),
    "lastBootTime": Property(TIME, lambda node: node.booted),
    "allocationTime": Property(TIME, lambda node: node.born),
    "startTaskInfo/state": Property(
        TEXT, _of_start(lambda run: "running" if run.end is None else "completed"), _values(StartTaskState)
    ),
    "startTaskInfo/result": Property(TEXT, _of_start(_start_result), _values(TaskExecutionResult)),
    "startTaskInfo/exitCode": Property(NUMBER, _of_start(lambda run: run.exit_code)),
    "startTaskInfo/startTime": Property(TIME, _of_start(lambda run: run.start)),
    "startTaskInfo/endTime": Property(TIME, _of_start(lambda run: run.end)),
}


def _special(name: str, states: type[OpenEnum]) -> dict[str, Property]:
    def of(read: Callable[[Special], Any]) -> Callable[[Any], Any]:
        return lambda status: None if (special := getattr(status, name)) is None else read(special)

    prefix = f"job{name.capitalize()}TaskExecutionInfo/"
    return {
        f"{prefix}startTime": Property(TIME, of(lambda special: special.start)),
        f"{prefix}endTime": Property(TIME, of(lambda special: special.done)),
        f"{prefix}state": Property(TEXT, of(lambda special: special.state), _values(states)),
        f"{prefix}exitCode": Property(NUMBER, of(lambda special: None if special.done is None else special.exit_code)),
        f"{prefix}result": Property(
            TEXT,
            of(lambda special: None if special.done is None else _result(special.exit_code)),
            _values(TaskExecutionResult),
        ),
    }


STATUSES: Properties = {
    "poolId": Property(TEXT, lambda status: status.pool.lower()),
    "nodeId": Property(TEXT, lambda status: status.id.lower()),
    **_special("preparation", JobPreparationTaskState),
    **_special("release", JobReleaseTaskState),
}


def _shown(name: str, values: frozenset[str] | None = None) -> Property:
    return Property(TEXT, lambda item: item.shown[name].lower(), values)


NODE_COUNTS: Properties = {"poolId": _shown("poolId")}
USAGE: Properties = {"poolId": _shown("poolId")}
IMAGES: Properties = {
    "osType": _shown("osType", _values(OSType)),
    "verificationType": _shown("verificationType", _values(VerificationType)),
    "nodeAgentSKUId": _shown("nodeAgentSKUId"),
}
FILES: Properties = {"name": _shown("name")}
NO_PROPERTIES: Properties = {}
