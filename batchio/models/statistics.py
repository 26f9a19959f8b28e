"""Usage over a stretch of time.

Law: answers only, rolled up by the service about every 30 minutes, and `None` unless asked for (`$expand=stats`).
"""

from __future__ import annotations

from datetime import datetime, timedelta

from .base import Model
from .rules import Int64, Needed


class UsageStatistics(Model, kw_only=True):
    """Core time of a pool."""

    start_time: Needed[datetime] = None
    """Beginning of the time that is covered."""
    last_update_time: Needed[datetime] = None
    """End of the time that is covered."""
    dedicated_core_time: Needed[timedelta] = None
    """Over all dedicated cores."""


class ResourceStatistics(Model, kw_only=True):
    """Load of a pool's nodes."""

    start_time: Needed[datetime] = None
    """Beginning of the time that is covered."""
    last_update_time: Needed[datetime] = None
    """End of the time that is covered."""
    avg_cpu_percentage: Needed[float] = None
    """Over all nodes."""
    avg_memory_gib: Needed[float] = None
    """Over all nodes, in GiB."""
    peak_memory_gib: Needed[float] = None
    """Over all nodes, in GiB."""
    avg_disk_gib: Needed[float] = None
    """Used on all nodes, in GiB."""
    peak_disk_gib: Needed[float] = None
    """Used on all nodes, in GiB."""
    disk_read_iops: Needed[Int64] = None
    disk_write_iops: Needed[Int64] = None
    disk_read_gib: Needed[float] = None
    """In GiB."""
    disk_write_gib: Needed[float] = None
    """In GiB."""
    network_read_gib: Needed[float] = None
    """In GiB."""
    network_write_gib: Needed[float] = None
    """In GiB."""


class PoolStatistics(Model, kw_only=True):
    """Usage of a pool over its whole life."""

    url: Needed[str] = None
    """Where the statistics can be read."""
    start_time: Needed[datetime] = None
    """Beginning of the time that is covered."""
    last_update_time: Needed[datetime] = None
    """End of the time that is covered."""
    usage_stats: UsageStatistics | None = None
    resource_stats: ResourceStatistics | None = None


class JobStatistics(Model, kw_only=True):
    """What all tasks of a job used and how they went."""

    url: Needed[str] = None
    """Where the statistics can be read."""
    start_time: Needed[datetime] = None
    """Beginning of the time that is covered."""
    last_update_time: Needed[datetime] = None
    """End of the time that is covered."""
    user_cpu_time: Needed[timedelta] = None
    """Over all cores and all nodes."""
    kernel_cpu_time: Needed[timedelta] = None
    """Over all cores and all nodes."""
    wall_clock_time: Needed[timedelta] = None
    """From start to end of each task, or to the latest update; retries included."""
    read_iops: Needed[Int64] = None
    """Disk reads."""
    write_iops: Needed[Int64] = None
    """Disk writes."""
    read_io_gib: Needed[float] = None
    """Read from disk, in GiB."""
    write_io_gib: Needed[float] = None
    """Written to disk, in GiB."""
    num_succeeded_tasks: Needed[Int64] = None
    """Ended with exit code 0."""
    num_failed_tasks: Needed[Int64] = None
    """Ran out of retries without exit code 0."""
    num_task_retries: Needed[Int64] = None
    wait_time: Needed[timedelta] = None
    """From the creation of each task to the start of its latest run."""


class JobScheduleStatistics(Model, kw_only=True):
    """What all tasks of all jobs of a schedule used and how they went."""

    url: Needed[str] = None
    """Where the statistics can be read."""
    start_time: Needed[datetime] = None
    """Beginning of the time that is covered."""
    last_update_time: Needed[datetime] = None
    """End of the time that is covered."""
    user_cpu_time: Needed[timedelta] = None
    """Over all cores and all nodes."""
    kernel_cpu_time: Needed[timedelta] = None
    """Over all cores and all nodes."""
    wall_clock_time: Needed[timedelta] = None
    """From start to end of each task, or to the latest update; retries included."""
    read_iops: Needed[Int64] = None
    """Disk reads."""
    write_iops: Needed[Int64] = None
    """Disk writes."""
    read_io_gib: Needed[float] = None
    """Read from disk, in GiB."""
    write_io_gib: Needed[float] = None
    """Written to disk, in GiB."""
    num_succeeded_tasks: Needed[Int64] = None
    """Ended with exit code 0."""
    num_failed_tasks: Needed[Int64] = None
    """Ran out of retries without exit code 0."""
    num_task_retries: Needed[Int64] = None
    wait_time: Needed[timedelta] = None
    """From the creation of each task to the start of its latest run."""


class TaskStatistics(Model, kw_only=True):
    """What a task used."""

    url: Needed[str] = None
    """Where the statistics can be read."""
    start_time: Needed[datetime] = None
    """Beginning of the time that is covered."""
    last_update_time: Needed[datetime] = None
    """End of the time that is covered."""
    user_cpu_time: Needed[timedelta] = None
    """Over all cores and all nodes."""
    kernel_cpu_time: Needed[timedelta] = None
    """Over all cores and all nodes."""
    wall_clock_time: Needed[timedelta] = None
    """From start to end, or to the latest update; retries included."""
    read_iops: Needed[Int64] = None
    """Disk reads."""
    write_iops: Needed[Int64] = None
    """Disk writes."""
    read_io_gib: Needed[float] = None
    """Read from disk, in GiB."""
    write_io_gib: Needed[float] = None
    """Written to disk, in GiB."""
    wait_time: Needed[timedelta] = None
    """From the creation of the task to the start of its latest run."""
