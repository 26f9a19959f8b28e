"""How a run went: of tasks, of jobs, of the tasks around them.

Law: answers only; times and exit codes of the latest run.
"""

from __future__ import annotations

from datetime import datetime

from .base import Model
from .containers import TaskContainerExecutionInformation
from .enums import (
    ErrorCategory,
    JobPreparationTaskState,
    JobReleaseTaskState,
    StartTaskState,
    TaskExecutionResult,
    TaskState,
)
from .pairs import NameValuePair
from .rules import Needed


class TaskFailureInformation(Model, kw_only=True):
    """Why a task failed."""

    category: Needed[ErrorCategory] = None
    code: str | None = None
    """Does not change over time; made for programs."""
    message: str | None = None
    """Made for people."""
    details: list[NameValuePair] | None = None


class TaskExecutionInformation(Model, kw_only=True):
    """How a task's latest run went."""

    start_time: datetime | None = None
    """Of the latest run, downloads included. Absent until then."""
    end_time: datetime | None = None
    """Set when completed."""
    exit_code: int | None = None
    """Set when completed. After a termination it may be one of the operating system's."""
    container_info: TaskContainerExecutionInformation | None = None
    """Set when it ran in a container."""
    failure_info: TaskFailureInformation | None = None
    """Set when completed in failure."""
    retry_count: Needed[int] = None
    """Retries by the service after an exit code other than 0; failures before and after the process are not retried."""
    last_retry_time: datetime | None = None
    """Absent if there was no retry."""
    requeue_count: Needed[int] = None
    """How often a user's resize or disable put the task back into the queue."""
    last_requeue_time: datetime | None = None
    """Absent if it never was."""
    result: TaskExecutionResult | None = None


class ComputeNodeInformation(Model, kw_only=True):
    """The node on which a task ran or runs."""

    affinity_id: str | None = None
    """Pass it to have another task start on the same node."""
    node_url: str | None = None
    pool_id: str | None = None
    node_id: str | None = None
    task_root_directory: str | None = None
    """On the node."""
    task_root_directory_url: str | None = None


class JobSchedulingError(Model, kw_only=True):
    """Why the service could not start a job."""

    category: Needed[ErrorCategory] = None
    code: str | None = None
    """Does not change over time; made for programs."""
    message: str | None = None
    """Made for people."""
    details: list[NameValuePair] | None = None


class JobExecutionInformation(Model, kw_only=True):
    """When a job ran, where, and why it ended."""

    start_time: Needed[datetime] = None
    """When the job was created."""
    end_time: datetime | None = None
    """Set when completed."""
    pool_id: str | None = None
    """The pool on which the job really runs, which may be one made for it."""
    scheduling_error: JobSchedulingError | None = None
    """Absent if the job could be started."""
    terminate_reason: str | None = None
    """Set when completed: the text that the caller gave, or `JMComplete`, `MaxWallClockTimeExpiry`,
    `TerminateJobSchedule`, `AllTasksComplete`, `TaskFailed`.
    """


class JobPreparationTaskExecutionInformation(Model, kw_only=True):
    """How a job's preparation task went on one node."""

    start_time: Needed[datetime] = None
    """Of the latest run."""
    end_time: datetime | None = None
    """Set when completed."""
    state: Needed[JobPreparationTaskState] = None
    task_root_directory: str | None = None
    """On the node."""
    task_root_directory_url: str | None = None
    exit_code: int | None = None
    """Set when completed. After a termination it may be one of the operating system's."""
    container_info: TaskContainerExecutionInformation | None = None
    """Set when it ran in a container."""
    failure_info: TaskFailureInformation | None = None
    """Set when completed in failure."""
    retry_count: Needed[int] = None
    """Retries by the service after an exit code other than 0; failures before and after the process are not retried."""
    last_retry_time: datetime | None = None
    """Absent if there was no retry."""
    result: TaskExecutionResult | None = None


class JobReleaseTaskExecutionInformation(Model, kw_only=True):
    """How a job's release task went on one node."""

    start_time: Needed[datetime] = None
    """Of the latest run."""
    end_time: datetime | None = None
    """Set when completed."""
    state: Needed[JobReleaseTaskState] = None
    task_root_directory: str | None = None
    """On the node."""
    task_root_directory_url: str | None = None
    exit_code: int | None = None
    """Set when completed. After a termination it may be one of the operating system's."""
    container_info: TaskContainerExecutionInformation | None = None
    """Set when it ran in a container."""
    failure_info: TaskFailureInformation | None = None
    """Set when completed in failure."""
    result: TaskExecutionResult | None = None


class JobPreparationAndReleaseTaskExecutionInformation(Model, kw_only=True):
    """How the preparation and release tasks of a job went on one node, which may have left the pool since.

    Item of `Jobs_ListJobPreparationAndReleaseTaskStatus`.
    """

    pool_id: str | None = None
    node_id: str | None = None
    node_url: str | None = None
    job_preparation_task_execution_info: JobPreparationTaskExecutionInformation | None = None
    job_release_task_execution_info: JobReleaseTaskExecutionInformation | None = None


class StartTaskInformation(Model, kw_only=True):
    """How the start task of a node went."""

    state: Needed[StartTaskState] = None
    start_time: Needed[datetime] = None
    """Of the latest run."""
    end_time: datetime | None = None
    """Of the latest run, even if it failed and another comes; absent while it runs."""
    exit_code: int | None = None
    """Set when completed. After a termination it may be one of the operating system's."""
    container_info: TaskContainerExecutionInformation | None = None
    """Set when it ran in a container."""
    failure_info: TaskFailureInformation | None = None
    """Set when completed in failure."""
    retry_count: Needed[int] = None
    """Retries by the service after an exit code other than 0; failures before and after the process are not retried."""
    last_retry_time: datetime | None = None
    """Absent if there was no retry."""
    result: TaskExecutionResult | None = None


class TaskInformation(Model, kw_only=True):
    """A task that has lately changed its state on a node."""

    task_url: str | None = None
    job_id: str | None = None
    task_id: str | None = None
    subtask_id: int | None = None
    """Of a multi-instance task."""
    task_state: Needed[TaskState] = None
    execution_info: TaskExecutionInformation | None = None
