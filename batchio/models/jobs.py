"""Jobs, and the special tasks that run before, for and after the others.

Law: a job runs on one pool: an existing one, or one that is made for it.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Annotated

from .applications import ApplicationPackageReference
from .base import Model, Rule, limit_durations
from .containers import TaskContainerSettings
from .enums import DisableJobOption, JobState, OnAllTasksComplete, OnTaskFailure
from .executions import JobExecutionInformation
from .pairs import EnvironmentSetting, MetadataItem
from .pools import PoolInformation
from .rules import (
    DisplayName,
    Needed,
    Priority,
    ReadOnly,
    ResourceId,
    Since2020_09,
    Since2021_06,
    Since2022_01,
    Since2024_07,
)
from .statistics import JobStatistics
from .task_settings import AuthenticationTokenSettings, OutputFile, ResourceFile, TaskConstraints
from .users import UserIdentity


class JobConstraints(Model, kw_only=True):
    """How long a job may run, and how often its tasks are tried."""

    max_wall_clock_time: timedelta | None = None
    """From the creation of the job; then it and its tasks are terminated (`MaxWallClockTimeExpiry`). No limit if
    absent.
    """
    max_task_retry_count: int | None = None
    """Of each task that has no number of its own. -1 is without limit, 0 (the default) no retry. Only exit codes other
    than 0 count; what the service itself restarts, after a node was lost, comes on top.
    """

    def __post_init__(self) -> None:
        limit_durations(self, "max_wall_clock_time")


class JobNetworkConfiguration(Model, kw_only=True):
    """A subnet that nodes join while they run the job's tasks."""

    subnet_id: Needed[str] = None
    """ARM id of a subnet in the account's region and subscription, with free addresses for all nodes that run the job's
    tasks.
    """
    skip_withdraw_from_vnet: Since2024_07[bool] = None
    """Whether nodes stay in the network when the job ends; `False` if absent."""


class JobManagerTask(Model, kw_only=True):
    """A task that starts with the job and manages the others.

    It is scheduled before other tasks of the job. After a failure it may take the place of a running task, though never
    of a job with a higher priority.
    """

    id: Needed[ResourceId] = None
    """Unique within the job."""
    display_name: DisplayName | None = None
    """Up to 1024 characters; need not be unique."""
    command_line: Needed[str] = None
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
    constraints: TaskConstraints | None = None
    required_slots: Since2020_09[int] = None
    """How many slots of a node the task takes; 1 if absent, and 1 for a multi-instance task."""
    kill_job_on_completion: bool | None = None
    """Whether the end of this task is the end of the job and of the tasks that still run; `True` if absent. Set `False`
    where it only adds tasks.
    """
    user_identity: UserIdentity | None = None
    """If absent, the task runs under a non-administrative account of its own."""
    run_exclusive: bool | None = None
    """Whether it has its node for itself; `True` if absent."""
    application_package_references: list[ApplicationPackageReference] | None = None
    """Deployed to a directory that the node's tasks share, and not again when it is up to date. A task whose package
    cannot be deployed fails.
    """
    authentication_token_settings: AuthenticationTokenSettings | None = None
    """What the token allows; it is given to the task in `AZ_BATCH_AUTHENTICATION_TOKEN`."""
    allow_low_priority_node: bool | None = None
    """Whether it may run on a spot node; `True` if absent."""


class JobPreparationTask(Model, kw_only=True):
    """A task that runs on a node before the first task of the job there.

    It may run more than once on a node, so it should be idempotent.
    """

    id: ResourceId | None = None
    """Unique within the job; `jobpreparation` if absent."""
    command_line: Needed[str] = None
    """Runs under no shell: variables are not expanded and there are no pipes, unless it starts one (`/bin/sh -c '...'`,
    `cmd /c ...`). Paths are relative to the task's working directory.
    """
    container_settings: TaskContainerSettings | None = None
    resource_files: list[ResourceFile] | None = None
    """Downloaded to the task's working directory. A list that is too long is refused (`RequestEntityTooLarge`): use
    packages or archives.
    """
    environment_settings: list[EnvironmentSetting] | None = None
    constraints: TaskConstraints | None = None
    wait_for_success: bool | None = None
    """Whether the job's tasks wait on a node until this one has succeeded there; `True` if absent. If it then fails for
    good, the node gets no tasks of the job.
    """
    user_identity: UserIdentity | None = None
    """If absent, a non-administrative account: of the task on Windows, of the pool on Linux."""
    rerun_on_node_reboot_after_success: bool | None = None
    """Whether it runs again after a reboot; `True` if absent. After a reimage, or if it had not completed, it always
    does.
    """


class JobReleaseTask(Model, kw_only=True):
    """A task that runs at the end of the job on every node on which the job's tasks ran."""

    id: ResourceId | None = None
    """Unique within the job; `jobrelease` if absent."""
    command_line: Needed[str] = None
    """Runs under no shell: variables are not expanded and there are no pipes, unless it starts one (`/bin/sh -c '...'`,
    `cmd /c ...`). Paths are relative to the task's working directory.
    """
    container_settings: TaskContainerSettings | None = None
    resource_files: list[ResourceFile] | None = None
    """Downloaded to the task's working directory. A list that is too long is refused (`RequestEntityTooLarge`): use
    packages or archives.
    """
    environment_settings: list[EnvironmentSetting] | None = None
    max_wall_clock_time: Annotated[timedelta, Rule(le=timedelta(minutes=15))] | None = None
    """At most 15 minutes, which is also the default."""
    retention_time: timedelta | None = None
    """How long the task's directory stays on the node, at least; 7 days if absent."""
    user_identity: UserIdentity | None = None
    """If absent, the task runs under a non-administrative account of its own."""

    def __post_init__(self) -> None:
        limit_durations(self, "max_wall_clock_time", "retention_time")


class JobSpecification(Model, kw_only=True):
    """The jobs that a schedule makes."""

    priority: Priority | None = None
    """-1000 is the lowest, 1000 the highest, 0 the default."""
    allow_task_preemption: Since2022_01[bool] = None
    """Whether tasks of jobs with a higher priority may interrupt this job's tasks and put them back into the queue."""
    max_parallel_tasks: Since2021_06[int] = None
    """-1 (the default) is without limit; otherwise more than 0. Can be changed at any time."""
    display_name: DisplayName | None = None
    """Up to 1024 characters; need not be unique."""
    uses_task_dependencies: bool | None = None
    """Whether tasks may depend on each other; `False` if absent."""
    on_all_tasks_complete: OnAllTasksComplete | None = None
    """`noaction` if absent. A job without tasks counts as complete: add the tasks first, then set `terminatejob`."""
    on_task_failure: OnTaskFailure | None = None
    """What happens when a task fails that has run out of retries; `noaction` if absent."""
    network_configuration: JobNetworkConfiguration | None = None
    constraints: JobConstraints | None = None
    job_manager_task: JobManagerTask | None = None
    """Started with the job."""
    job_preparation_task: JobPreparationTask | None = None
    """Runs on each node before the job's first task there."""
    job_release_task: JobReleaseTask | None = None
    """Runs at the end of the job on each node that ran its tasks; needs a preparation task."""
    common_environment_settings: list[EnvironmentSetting] | None = None
    """Set for every task of the job; a task can give a variable another value."""
    pool_info: Needed[PoolInformation] = None
    metadata: list[MetadataItem] | None = None


class CloudJob(Model, kw_only=True):
    """A job as the service has it. In a replacement what can be changed and is absent falls back to its default.

    Body of `Jobs_ReplaceJob`; answer of `Jobs_GetJob`; item of `Jobs_ListJobs` and `Jobs_ListJobsFromSchedule`.
    """

    id: ReadOnly[str] = None
    display_name: ReadOnly[str] = None
    uses_task_dependencies: ReadOnly[bool] = None
    """Whether tasks may depend on each other; `False` if absent."""
    url: ReadOnly[str] = None
    e_tag: ReadOnly[str] = None
    """An opaque mark of this state; pass it as `if_match` to act on this state only."""
    last_modified: ReadOnly[datetime] = None
    """Of the job itself: new tasks and their states do not count."""
    creation_time: ReadOnly[datetime] = None
    state: ReadOnly[JobState] = None
    state_transition_time: ReadOnly[datetime] = None
    previous_state: ReadOnly[JobState] = None
    """Absent in the first state."""
    previous_state_transition_time: ReadOnly[datetime] = None
    """Absent in the first state."""
    priority: Priority | None = None
    """-1000 is the lowest, 1000 the highest, 0 the default."""
    allow_task_preemption: Since2022_01[bool] = None
    """Whether tasks of jobs with a higher priority may interrupt this job's tasks and put them back into the queue."""
    max_parallel_tasks: Since2021_06[int] = None
    """-1 (the default) is without limit; otherwise more than 0. Can be changed at any time."""
    constraints: JobConstraints | None = None
    job_manager_task: ReadOnly[JobManagerTask] = None
    job_preparation_task: ReadOnly[JobPreparationTask] = None
    job_release_task: ReadOnly[JobReleaseTask] = None
    common_environment_settings: ReadOnly[list[EnvironmentSetting]] = None
    pool_info: Needed[PoolInformation] = None
    """As it was given; `execution_info.pool_id` is the pool on which the job runs. Needed in a replacement."""
    on_all_tasks_complete: OnAllTasksComplete | None = None
    """`noaction` if absent. A job without tasks counts as complete: add the tasks first, then set `terminatejob`."""
    on_task_failure: ReadOnly[OnTaskFailure] = None
    """What happens when a task fails that has run out of retries; `noaction` if absent."""
    network_configuration: ReadOnly[JobNetworkConfiguration] = None
    metadata: list[MetadataItem] | None = None
    execution_info: ReadOnly[JobExecutionInformation] = None
    stats: ReadOnly[JobStatistics] = None
    """`None` unless asked for with `$expand=stats`."""


class JobAddParameter(Model, kw_only=True):
    """A job to make.

    Body of `Jobs_CreateJob`.

    >>> job = JobAddParameter(id="night", pool_info=PoolInformation(pool_id="render"), priority=10)
    >>> job.priority
    10
    """

    id: ResourceId
    """1 to 64 letters, digits, hyphens and underscores. The letter case is kept, and ignored in comparisons."""
    display_name: DisplayName | None = None
    """Up to 1024 characters; need not be unique."""
    uses_task_dependencies: bool | None = None
    """Whether tasks may depend on each other; `False` if absent."""
    priority: Priority | None = None
    """-1000 is the lowest, 1000 the highest, 0 the default."""
    allow_task_preemption: Since2022_01[bool] = None
    """Whether tasks of jobs with a higher priority may interrupt this job's tasks and put them back into the queue."""
    max_parallel_tasks: Since2021_06[int] = None
    """-1 (the default) is without limit; otherwise more than 0. Can be changed at any time."""
    constraints: JobConstraints | None = None
    job_manager_task: JobManagerTask | None = None
    """Started with the job."""
    job_preparation_task: JobPreparationTask | None = None
    """Runs on each node before the job's first task there."""
    job_release_task: JobReleaseTask | None = None
    """Runs at the end of the job on each node that ran its tasks; needs a preparation task."""
    common_environment_settings: list[EnvironmentSetting] | None = None
    """Set for every task of the job; a task can give a variable another value."""
    pool_info: PoolInformation
    on_all_tasks_complete: OnAllTasksComplete | None = None
    """`noaction` if absent. A job without tasks counts as complete: add the tasks first, then set `terminatejob`."""
    on_task_failure: OnTaskFailure | None = None
    """What happens when a task fails that has run out of retries; `noaction` if absent."""
    network_configuration: JobNetworkConfiguration | None = None
    metadata: list[MetadataItem] | None = None


class JobPatchParameter(Model, kw_only=True):
    """Changes to a job: what is absent stays as it is.

    Body of `Jobs_UpdateJob`.

    >>> JobPatchParameter(priority=100).metadata is None
    True
    """

    priority: Priority | None = None
    """From -1000 to 1000."""
    allow_task_preemption: Since2022_01[bool] = None
    """Whether tasks of jobs with a higher priority may interrupt this job's tasks and put them back into the queue."""
    max_parallel_tasks: Since2021_06[int] = None
    """-1 is without limit; otherwise more than 0."""
    constraints: JobConstraints | None = None
    """The whole of them: a limit that is absent is taken away."""
    pool_info: PoolInformation | None = None
    """Only while the job is disabled. Of an auto pool only `keep_alive` can change."""
    on_all_tasks_complete: OnAllTasksComplete | None = None
    """Once `terminatejob`, it cannot be changed back."""
    metadata: list[MetadataItem] | None = None
    network_configuration: Since2024_07[JobNetworkConfiguration] = None


class JobDisableParameter(Model, kw_only=True):
    """Stops the scheduling of a job's tasks. Body of `Jobs_DisableJob`."""

    disable_tasks: DisableJobOption
    """What becomes of the tasks that run."""


class JobTerminateParameter(Model, kw_only=True):
    """Ends a job. Body of `Jobs_TerminateJob`."""

    terminate_reason: str | None = None
    """Kept as `execution_info.terminate_reason`; `UserTerminate` if absent."""
