"""What tasks of every kind are made of: files, limits, exits, dependencies.

Law: shared parts. What is one kind of task alone stands with that kind.
"""

from __future__ import annotations

from datetime import timedelta

from .base import Model, limit_durations
from .enums import AccessScope, DependencyAction, JobAction, OutputFileUploadCondition
from .identities import ComputeNodeIdentityReference
from .pairs import HttpHeader
from .rules import Needed, Since2021_06, Since2022_01


class ResourceFile(Model, kw_only=True):
    """A file, or all files under a prefix, that a node downloads before the command line runs.

    Exactly one of `auto_storage_container_name`, `storage_container_url` and `http_url` says where from.

    >>> ResourceFile(http_url="https://example.org/scene.blend", file_path="scene.blend").file_path
    'scene.blend'
    """

    auto_storage_container_name: str | None = None
    """A container of the account's auto-storage. One of three sources."""
    storage_container_url: str | None = None
    """A container that the node can read and list: by SAS, by `identity_reference` or because it is public. One of
    three sources.
    """
    http_url: str | None = None
    """One file that the node can read: by SAS, by `identity_reference` or because it is public. One of
    three sources.
    """
    blob_prefix: str | None = None
    """Only blobs whose names begin so; all if absent. For containers only."""
    file_path: str | None = None
    """Relative to the task's working directory and never outside it. The file's name with `http_url`, where it is
    required; otherwise a directory.
    """
    file_mode: str | None = None
    """Octal, for Linux only; `0770` if absent."""
    identity_reference: Since2021_06[ComputeNodeIdentityReference] = None
    """For `storage_container_url` or `http_url` without a SAS."""


class OutputFileBlobContainerDestination(Model, kw_only=True):
    """A blob container that takes output files."""

    path: str | None = None
    """The blob's name, or with a wildcard in `file_pattern` the directory that is put before names. If absent, files go
    to the root under their own names.
    """
    container_url: Needed[str] = None
    """With a SAS that allows writing, unless `identity_reference` does."""
    identity_reference: Since2021_06[ComputeNodeIdentityReference] = None
    """Must be allowed to write to the container."""
    upload_headers: Since2022_01[list[HttpHeader]] = None
    """Set on each upload."""


class OutputFileDestination(Model, kw_only=True):
    """Where output files go."""

    container: OutputFileBlobContainerDestination | None = None


class OutputFileUploadOptions(Model, kw_only=True):
    """When output files are uploaded."""

    upload_condition: Needed[OutputFileUploadCondition] = None
    """`taskcompletion` unless said otherwise."""


class OutputFile(Model, kw_only=True):
    """Files that a node uploads after the task's process has ended."""

    file_pattern: Needed[str] = None
    """Relative to the task's working directory, or absolute. `*` any characters, `**` any directory, `?` one character,
    `[abc]` and `[!abc]` one of or none of; a leading dot must be written. Variables of the environment are expanded
    first.
    """
    destination: Needed[OutputFileDestination] = None
    upload_options: Needed[OutputFileUploadOptions] = None


class TaskConstraints(Model, kw_only=True):
    """How long a task may run, how often it is tried, and how long its directory stays.

    >>> TaskConstraints(max_task_retry_count=3).max_task_retry_count
    3
    """

    max_wall_clock_time: timedelta | None = None
    """From the start of the task; no limit if absent."""
    retention_time: timedelta | None = None
    """How long the task's directory stays on the node after the end, at least; 7 days if absent."""
    max_task_retry_count: int | None = None
    """-1 is without limit, 0 (the default) no retry. Only exit codes other than 0 count; what the service itself
    restarts, after a node was lost, comes on top.
    """

    def __post_init__(self) -> None:
        limit_durations(self, "max_wall_clock_time", "retention_time")


class AuthenticationTokenSettings(Model, kw_only=True):
    """Gives a task a token for operations of the service, in `AZ_BATCH_AUTHENTICATION_TOKEN`."""

    access: list[AccessScope] | None = None
    """`job` (all operations on the task's own job) is the only value there is."""


class AffinityInformation(Model, kw_only=True):
    """A wish for the node on which a task should start; not kept when that node is busy or gone."""

    affinity_id: Needed[str] = None
    """Of a node, or of a task that has run."""


class ExitOptions(Model, kw_only=True):
    """What the end of a task does to its job and to the tasks that wait for it."""

    job_action: JobAction | None = None
    """If absent, `none` for exit code 0 and `terminate` otherwise. Refused when the job's `on_task_failure` is
    `noaction`.
    """
    dependency_action: DependencyAction | None = None
    """If absent, `satisfy` for exit code 0 and `block` otherwise."""


class ExitCodeMapping(Model, kw_only=True):
    """What one exit code does."""

    code: Needed[int] = None
    exit_options: Needed[ExitOptions] = None


class ExitCodeRangeMapping(Model, kw_only=True):
    """What the exit codes of a range do, both ends included."""

    start: Needed[int] = None
    end: Needed[int] = None
    exit_options: Needed[ExitOptions] = None


class ExitConditions(Model, kw_only=True):
    """What the ways in which a task can end do to its job and to the tasks that wait for it."""

    exit_codes: list[ExitCodeMapping] | None = None
    """Single exit codes."""
    exit_code_ranges: list[ExitCodeRangeMapping] | None = None
    pre_processing_error: ExitOptions | None = None
    """The task could not be started."""
    file_upload_error: ExitOptions | None = None
    """Output files could not be uploaded. What the exit code says goes first."""
    default: ExitOptions | None = None
    """Every failure that no other field names. Exit code 0 is never meant: name it in `exit_codes`."""


class MultiInstanceSettings(Model, kw_only=True):
    """Makes a task run on several nodes at once, as MPI programs do.

    If a subtask fails, the task as a whole is terminated and tried again, up to its retry limit.
    """

    number_of_instances: int | None = None
    """1 if absent."""
    coordination_command_line: Needed[str] = None
    """Runs on all nodes before the task's own command line runs on the primary; typically it starts a service in the
    background.
    """
    common_resource_files: list[ResourceFile] | None = None
    """Downloaded for every subtask, into the directory above the working directory."""


class TaskIdRange(Model, kw_only=True):
    """Tasks whose ids, read as decimal numbers, lie in a range; both ends included."""

    start: Needed[int] = None
    end: Needed[int] = None


class TaskDependencies(Model, kw_only=True):
    """The tasks that must succeed before a task is scheduled; needs `uses_task_dependencies` on the job.

    >>> TaskDependencies(task_id_ranges=[TaskIdRange(start=1, end=100)]).task_ids is None
    True
    """

    task_ids: list[str] | None = None
    """At most 64,000 characters in all (`TaskDependencyListTooLong`); ranges take less."""
    task_id_ranges: list[TaskIdRange] | None = None
    """Every task of every range."""
