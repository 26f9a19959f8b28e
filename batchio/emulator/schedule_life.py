"""When schedules make jobs.

Law: at most one job of a schedule is active; one that is due while another is active is made when that one is over,
unless its start window has passed or the next one is due.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from .causes import FAR, has_active_job
from .job_life import make_job
from .recurring import run_after
from .resources import JobSchedule
from .states import ACTIVE, COMPLETED, DELETING, TERMINATING
from .ticks import read_duration, read_time

if TYPE_CHECKING:
    from .store import Store

MOST_JOBS = 10_000
"""How many jobs all schedules make in one move of the clock, and each of them its last one."""


def plan(store: Store, schedule: JobSchedule, *, fresh: bool) -> None:
    """Set the next run; a schedule that is not `fresh` goes on from its last run."""
    now = store.now()
    times = schedule.spec.get("schedule", {})
    first = read_time(times["doNotRunUntil"]) if "doNotRunUntil" in times else schedule.born
    interval = read_duration(times["recurrenceInterval"]) if "recurrenceInterval" in times else None
    due: int | None = first
    if not fresh and schedule.made:
        due = None if interval is None else max(first, now)
    if due is not None and due < now and interval is not None:
        due += (now - due) // interval * interval
    _set_next(schedule, due)


def _set_next(schedule: JobSchedule, due: int | None) -> None:
    schedule.next_run = None if due is None or due > _last(schedule) else due


def _last(schedule: JobSchedule) -> int:
    """The time after which it makes no jobs."""
    last = schedule.spec.get("schedule", {}).get("doNotRunAfter")
    return FAR - 1 if last is None else read_time(last)


def _after(store: Store, schedule: JobSchedule, run: int) -> int | None:
    """When the run after this one is due, if there is one."""
    interval = schedule.spec.get("schedule", {}).get("recurrenceInterval")
    if interval is None:
        return None
    last = min(store.clock.ticks(), _last(schedule))
    return run_after(run, read_duration(interval), last, MOST_JOBS // len(store.schedules))


def run_is_due(store: Store, schedule: JobSchedule, when: int, _why: str | None) -> None:
    """A run may be due: make its job, or have it wait for the job before."""
    if schedule.state != ACTIVE:
        return
    times = schedule.spec.get("schedule", {})
    while schedule.next_run is not None and schedule.next_run <= when:
        schedule.late = schedule.next_run
        _set_next(schedule, _after(store, schedule, schedule.next_run))
    window = times.get("startWindow")
    if schedule.late is not None and window is not None and when > schedule.late + read_duration(window):
        schedule.late = None
    if schedule.late is not None and not has_active_job(schedule):
        schedule.late = None
        _make_job(store, schedule)
    store.enter(schedule)


def _make_job(store: Store, schedule: JobSchedule) -> None:
    schedule.made += 1
    while store.jobs.get(f"{schedule.id}:job-{schedule.made}") is not None:
        # One of an earlier schedule of this name is not gone yet.
        schedule.made += 1
    id = f"{schedule.id}:job-{schedule.made}"
    job = make_job(store, id, dict(schedule.spec["jobSpecification"]), schedule)
    schedule.jobs.add(job.key, job)
    schedule.recent = job.id


def terminating(store: Store, schedule: JobSchedule, when: int, _why: str | None) -> None:
    """Its job is terminated, too."""
    schedule.next_run = schedule.late = None
    for job in schedule.jobs.all():
        if job.state not in (TERMINATING, COMPLETED, DELETING):
            job.forced = schedule.forced
            store.move(job, TERMINATING, when, "TerminateJobSchedule")


def completed(store: Store, schedule: JobSchedule, when: int, _why: str | None) -> None:
    """It makes no jobs any more."""
    schedule.end_time = when
    schedule.next_run = schedule.late = None
    _give_pool_back(store, schedule)


def deleting(store: Store, schedule: JobSchedule, _when: int, _why: str | None) -> None:
    """Its jobs are deleted, too."""
    schedule.next_run = schedule.late = None
    for job in schedule.jobs.all():
        if job.state != DELETING:
            store.start_deleting(job, force=schedule.forced)


def gone(store: Store, schedule: JobSchedule, _when: int, _why: str | None) -> None:
    """The schedule is no longer there."""
    store.schedules.remove(schedule.key)
    _give_pool_back(store, schedule)


def _give_pool_back(store: Store, schedule: JobSchedule) -> None:
    pool = store.pools.get(schedule.pool_id or "")
    schedule.pool_id = None
    if pool is not None and pool.state != DELETING:
        store.start_deleting(pool)
