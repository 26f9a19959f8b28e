"""What the scheduler needs to know of a task, read from the bytes in which it is kept.

Law: read when it is needed and not kept, so that a task that waits costs nothing but its bytes.
"""

from __future__ import annotations

from typing import Any

import msgspec

from .bodies import without_mark
from .resources import Job, StoredTask
from .ticks import read_duration


class _Pair(msgspec.Struct):
    name: str
    value: str = ""


class _Constraints(msgspec.Struct, rename="camel"):
    max_wall_clock_time: str | None = None
    retention_time: str | None = None
    max_task_retry_count: int | None = None


class _Instances(msgspec.Struct, rename="camel"):
    number_of_instances: int = 1


class _Affinity(msgspec.Struct, rename="camel"):
    affinity_id: str = ""


class _Range(msgspec.Struct):
    start: int
    end: int


class _Dependencies(msgspec.Struct, rename="camel"):
    task_ids: list[str] = []
    task_id_ranges: list[_Range] = []


class TaskParts(msgspec.Struct, rename="camel"):
    """The parts of a task that say when, where and how it runs."""

    command_line: str = ""
    environment_settings: list[_Pair] = []
    constraints: _Constraints = msgspec.field(default_factory=_Constraints)
    multi_instance_settings: _Instances | None = None
    affinity_info: _Affinity | None = None
    exit_conditions: dict[str, Any] = {}
    depends_on: _Dependencies | None = None

    @property
    def instances(self) -> int:
        """On how many nodes it runs."""
        return 1 if self.multi_instance_settings is None else self.multi_instance_settings.number_of_instances

    @property
    def affinity(self) -> str | None:
        """The node on which it would like to run."""
        return None if self.affinity_info is None else self.affinity_info.affinity_id

    @property
    def limit(self) -> int | None:
        """The longest time that a run may take, in ticks."""
        text = self.constraints.max_wall_clock_time
        return None if text is None else read_duration(text)


_decoder = msgspec.json.Decoder(TaskParts)


def read_parts(task: StoredTask) -> TaskParts:
    """The parts of a task."""
    return _decoder.decode(without_mark(task.raw))


def pairs(settings: Any) -> dict[str, str]:
    """Environment settings in wire shape as a mapping."""
    return {item["name"]: item.get("value", "") for item in settings or ()}


def environment_of(job: Job, parts: TaskParts) -> dict[str, str]:
    """The environment of a task: its job's settings and its own."""
    own = {pair.name: pair.value for pair in parts.environment_settings}
    return {**pairs(job.spec.get("commonEnvironmentSettings")), **own}
