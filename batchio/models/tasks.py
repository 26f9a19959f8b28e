"""Tasks: added one by one or a hundred at a time, read, replaced and counted.

Law: a task's id, command line and files are fixed when it is added; only its constraints can change.
"""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

from .applications import ApplicationPackageReference
from .base import Model, Rule
from .containers import TaskContainerExecutionInformation, TaskContainerSettings
from .enums import SubtaskState, TaskAddStatus, TaskExecutionResult, TaskState
from .error_body import BatchError
from .executions import ComputeNodeInformation, TaskExecutionInformation, TaskFailureInformation
from .pairs import EnvironmentSetting
from .rules import DisplayName, Needed, ReadOnly, ResourceId, Since2020_09
from .statistics import TaskStatistics
from .task_settings import (
    AffinityInformation,
    AuthenticationTokenSettings,
    ExitConditions,
    MultiInstanceSettings,
    OutputFile,
    ResourceFile,
    TaskConstraints,
    TaskDependencies,
)
from .users import UserIdentity


class CloudTask(Model, kw_only=True):
    """A task as the service has it. In a replacement only `constraints` count, and absent ones become the defaults.

    Body of `Tasks_ReplaceTask`; answer of `Tasks_GetTask`; item of `Tasks_ListTasks`.
    """

    id: ReadOnly[ResourceId] = None
    display_name: ReadOnly[DisplayName] = None
    url: ReadOnly[str] = None
    e_tag: ReadOnly[str] = None
    """An opaque mark of this state; pass it as `if_match` to act on this state only."""
    last_modified: ReadOnly[datetime] = None
    creation_time: ReadOnly[datetime] = None
    exit_conditions: ReadOnly[ExitConditions] = None
    state: ReadOnly[TaskState] = None
    state_transition_time: ReadOnly[datetime] = None
    previous_state: ReadOnly[TaskState] = None
    """Absent in the first state."""
    previous_state_transition_time: ReadOnly[datetime] = None
    """Absent in the first state."""
    command_line: ReadOnly[str] = None
    """Runs under no shell: variables are not expanded and there are no pipes, unless it starts one (`/bin/sh -c '...'`,
    `cmd /c ...`). Paths are relative to the task's working directory.
    """
    container_settings: ReadOnly[TaskContainerSettings] = None
    resource_files: ReadOnly[list[ResourceFile]] = None
    output_files: ReadOnly[list[OutputFile]] = None
    environment_settings: ReadOnly[list[EnvironmentSetting]] = None
    affinity_info: ReadOnly[AffinityInformation] = None
    constraints: TaskConstraints | None = None
    """The only part of a task that can be changed."""
    required_slots: ReadOnly[Since2020_09[int]] = None
    user_identity: ReadOnly[UserIdentity] = None
    execution_info: ReadOnly[TaskExecutionInformation] = None
    """Of a multi-instance task: the primary's."""
    node_info: ReadOnly[ComputeNodeInformation] = None
    """Of a multi-instance task: the primary's."""
    multi_instance_settings: ReadOnly[MultiInstanceSettings] = None
    stats: ReadOnly[TaskStatistics] = None
    """`None` unless asked for with `$expand=stats`."""
    depends_on: ReadOnly[TaskDependencies] = None
    application_package_references: ReadOnly[list[ApplicationPackageReference]] = None
    authentication_token_settings: ReadOnly[AuthenticationTokenSettings] = None


class TaskAddParameter(Model, kw_only=True):
    """A task to add to a job.

    Body of `Tasks_CreateTask`.

    >>> task = TaskAddParameter(id="frame-1", command_line="/bin/sh -c 'render $FRAME'")
    >>> task.constraints is None
    True
    """

    id: ResourceId
    """1 to 64 letters, digits, hyphens and underscores. The letter case is kept, and ignored in comparisons."""
    display_name: DisplayName | None = None
    """Up to 1024 characters; need not be unique."""
    exit_conditions: ExitConditions | None = None
    command_line: str
    """Runs under no shell: variables are not expanded and there are no pipes, unless it starts one (`/bin/sh -c '...'`,
    `cmd /c ...`). Paths are relative to the task's working directory.
    """
    container_settings: TaskContainerSettings | None = None
    """Needed on a pool with containers, forbidden on any other."""
    resource_files: list[ResourceFile] | None = None
    """Downloaded to the task's working directory. A list that is too long is refused (`RequestEntityTooLarge`): use
    packages or archives.
    """
    output_files: list[OutputFile] | None = None
    """Uploaded after the process has ended; of a multi-instance task, from the primary's node alone."""
    environment_settings: list[EnvironmentSetting] | None = None
    affinity_info: AffinityInformation | None = None
    """A wish, not a promise."""
    constraints: TaskConstraints | None = None
    """If absent: the job's retry count, no limit of time, and the directory kept for 7 days."""
    required_slots: Since2020_09[int] = None
    """How many slots of a node the task takes; 1 if absent, and 1 for a multi-instance task."""
    user_identity: UserIdentity | None = None
    """If absent, the task runs under a non-administrative account of its own."""
    multi_instance_settings: MultiInstanceSettings | None = None
    depends_on: TaskDependencies | None = None
    """Needs `uses_task_dependencies` on the job (`TaskDependenciesNotSpecifiedOnJob`). If one of them fails for good,
    this task never runs.
    """
    application_package_references: list[ApplicationPackageReference] | None = None
    """Deployed to a directory that the node's tasks share, and not again when it is up to date. A task whose package
    cannot be deployed fails.
    """
    authentication_token_settings: AuthenticationTokenSettings | None = None
    """What the token allows; it is given to the task in `AZ_BATCH_AUTHENTICATION_TOKEN`."""


class TaskAddCollectionParameter(Model, kw_only=True):
    """Up to 100 tasks to add in one request.

    Body of `Tasks_CreateTaskCollection`.

    >>> tasks = [TaskAddParameter(id=f"frame-{n}", command_line="render") for n in range(3)]
    >>> len(TaskAddCollectionParameter(value=tasks).value)
    3
    """

    value: Annotated[list[TaskAddParameter], Rule(max_items=100)]
    """At most 100 tasks, and less than 1 MB in all (`RequestBodyTooLarge`)."""


class TaskAddResult(Model, kw_only=True):
    """What became of one task of a collection."""

    status: Needed[TaskAddStatus] = None
    task_id: Needed[str] = None
    e_tag: str | None = None
    """Absent if the task was not added."""
    last_modified: datetime | None = None
    """Absent if the task was not added."""
    location: str | None = None
    """URL of the task; absent if it was not added."""
    error: BatchError | None = None
    """Absent if the task was added."""


class TaskAddCollectionResult(Model, kw_only=True):
    """What became of each task of a collection; the order is not that of the request.

    Answer of `Tasks_CreateTaskCollection`.
    """

    value: list[TaskAddResult] | None = None


class SubtaskInformation(Model, kw_only=True):
    """One subtask of a multi-instance task. Item of `Tasks_ListSubTasks`."""

    id: int | None = None
    """A number within the task."""
    node_info: ComputeNodeInformation | None = None
    start_time: datetime | None = None
    """Of the latest run."""
    end_time: datetime | None = None
    """Set when completed."""
    exit_code: int | None = None
    """Set when completed. After a termination it may be one of the operating system's."""
    container_info: TaskContainerExecutionInformation | None = None
    """Set when it ran in a container."""
    failure_info: TaskFailureInformation | None = None
    """Set when completed in failure."""
    state: SubtaskState | None = None
    state_transition_time: datetime | None = None
    previous_state: SubtaskState | None = None
    """Absent in the first state."""
    previous_state_transition_time: datetime | None = None
    """Absent in the first state."""
    result: TaskExecutionResult | None = None


class TaskCounts(Model, kw_only=True):
    """Tasks of a job by state. The numbers may lag behind; a list query is exact."""

    active: Needed[int] = None
    """Waiting to run."""
    running: Needed[int] = None
    """Preparing ones included."""
    completed: Needed[int] = None
    """Succeeded and failed ones."""
    succeeded: Needed[int] = None
    failed: Needed[int] = None


class TaskSlotCounts(Model, kw_only=True):
    """The scheduling slots that the tasks of a job take, by state."""

    active: Needed[int] = None
    running: Needed[int] = None
    """Preparing ones included."""
    completed: Needed[int] = None
    succeeded: Needed[int] = None
    failed: Needed[int] = None


class TaskCountsResult(Model, kw_only=True):
    """How many tasks a job has in which state, and how many slots they take. Answer of `Jobs_GetJobTaskCounts`."""

    task_counts: Needed[Since2020_09[TaskCounts]] = None
    task_slot_counts: Needed[Since2020_09[TaskSlotCounts]] = None
