"""Schedules: which job is made when.

Law: a schedule has at most one active job at a time; a change concerns only the jobs made after it.
"""

from __future__ import annotations

from datetime import datetime

from .base import Model, limit_durations
from .enums import JobScheduleState
from .jobs import JobSpecification
from .pairs import MetadataItem
from .rules import AtLeastAMinute, DisplayName, Needed, ReadOnly, ResourceId
from .statistics import JobScheduleStatistics


class Schedule(Model, kw_only=True):
    """When jobs are made. With no `recurrence_interval` there is one job only."""

    do_not_run_until: datetime | None = None
    """At once if absent."""
    do_not_run_after: datetime | None = None
    """Never ends if absent; a recurrent schedule then goes on until it is terminated."""
    start_window: AtLeastAMinute | None = None
    """How late a job may still be made, at least 1 minute; without limit if absent, or if longer than the interval. If
    it is missed, the job is left out.
    """
    recurrence_interval: AtLeastAMinute | None = None
    """From one start to the next, at least 1 minute; one job only if absent. If the job before has not ended, its
    successor waits.
    """

    def __post_init__(self) -> None:
        limit_durations(self, "start_window", "recurrence_interval")


class RecentJob(Model, kw_only=True):
    """The latest job of a schedule."""

    id: str | None = None
    url: str | None = None


class JobScheduleExecutionInformation(Model, kw_only=True):
    """What a schedule did last and does next."""

    next_run_time: datetime | None = None
    """Absent if the schedule is over."""
    recent_job: RecentJob | None = None
    end_time: datetime | None = None
    """Set when completed."""


class CloudJobSchedule(Model, kw_only=True):
    """A job schedule as the service has it. In a replacement what is absent is taken away.

    Body of `JobSchedules_ReplaceJobSchedule`; answer of `JobSchedules_GetJobSchedule`; item of
    `JobSchedules_ListJobSchedules`.
    """

    id: ReadOnly[str] = None
    display_name: ReadOnly[str] = None
    url: ReadOnly[str] = None
    e_tag: ReadOnly[str] = None
    """An opaque mark of this state; pass it as `if_match` to act on this state only."""
    last_modified: ReadOnly[datetime] = None
    creation_time: ReadOnly[datetime] = None
    state: ReadOnly[JobScheduleState] = None
    state_transition_time: ReadOnly[datetime] = None
    previous_state: ReadOnly[JobScheduleState] = None
    """Absent in the first state."""
    previous_state_transition_time: ReadOnly[datetime] = None
    """Absent in the first state."""
    schedule: Schedule | None = None
    job_specification: Needed[JobSpecification] = None
    execution_info: ReadOnly[JobScheduleExecutionInformation] = None
    metadata: list[MetadataItem] | None = None
    stats: ReadOnly[JobScheduleStatistics] = None
    """`None` unless asked for with `$expand=stats`."""


class JobScheduleAddParameter(Model, kw_only=True):
    """A job schedule to make. Body of `JobSchedules_CreateJobSchedule`."""

    id: ResourceId
    """1 to 64 letters, digits, hyphens and underscores. The letter case is kept, and ignored in comparisons."""
    display_name: DisplayName | None = None
    """Up to 1024 characters; need not be unique."""
    schedule: Schedule
    job_specification: JobSpecification
    metadata: list[MetadataItem] | None = None


class JobSchedulePatchParameter(Model, kw_only=True):
    """Changes to a job schedule: what is absent stays as it is. They reach the jobs made later.

    Body of `JobSchedules_UpdateJobSchedule`.
    """

    schedule: Schedule | None = None
    """The whole of it, if given."""
    job_specification: JobSpecification | None = None
    """The whole of it, if given."""
    metadata: list[MetadataItem] | None = None
