"""Job schedules: what makes a job now and then."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Unpack

from ..models import CloudJobSchedule, JobScheduleAddParameter, JobSchedulePatchParameter
from ..service import operations as op
from ..service import options as o
from ..session import questions, waiting
from ..session.pages import Pages
from ..session.request import Receipt
from ..session.session import Session


class JobSchedules:
    """Operations on job schedules; `client.job_schedules`. Their jobs: `client.jobs.list_from_schedule`."""

    def __init__(self, session: Session) -> None:
        self._session = session

    async def create(
        self, schedule: JobScheduleAddParameter | Mapping[str, Any], **options: Unpack[o.CallOptions]
    ) -> Receipt:
        """Create a job schedule; it makes jobs from now on, or from when it says.

        Raises `ResourceExistsError` where the id is taken, `StateConflictError` with code
        ActiveJobAndScheduleQuotaReached at the account's limit. REST: JobSchedules_CreateJobSchedule.
        """
        return await self._session.act(op.CREATE_JOB_SCHEDULE, (), options, schedule)

    async def get(self, job_schedule_id: str, **options: Unpack[o.ConditionalReadOptions]) -> CloudJobSchedule:
        """Read a job schedule. Raises `ResourceNotFoundError`. REST: JobSchedules_GetJobSchedule."""
        return await self._session.fetch(op.GET_JOB_SCHEDULE, (job_schedule_id,), options)

    def list(self, **options: Unpack[o.ListOptions]) -> Pages[CloudJobSchedule]:
        """All job schedules of the account. REST: JobSchedules_ListJobSchedules."""
        return self._session.pages(op.LIST_JOB_SCHEDULES, (), options)

    async def exists(self, job_schedule_id: str, **options: Unpack[o.ConditionalOptions]) -> bool:
        """Whether there is such a job schedule. REST: JobSchedules_JobScheduleExists."""
        return await self._session.ask(op.JOB_SCHEDULE_EXISTS, (job_schedule_id,), options)

    async def replace(
        self,
        job_schedule_id: str,
        schedule: CloudJobSchedule | Mapping[str, Any],
        **options: Unpack[o.ConditionalOptions],
    ) -> Receipt:
        """Change a job schedule to what is given; what is absent gets its default.

        Jobs that it has made stay as they are. `schedule` may be what `get` gave: read-only fields are not sent. Raises
        `ResourceNotFoundError`, `ResourceModifiedError` where `if_match` does not hold.
        REST: JobSchedules_ReplaceJobSchedule.
        """
        return await self._session.act(op.REPLACE_JOB_SCHEDULE, (job_schedule_id,), options, schedule)

    async def update(
        self,
        job_schedule_id: str,
        changes: JobSchedulePatchParameter | Mapping[str, Any],
        **options: Unpack[o.ConditionalOptions],
    ) -> Receipt:
        """Change a job schedule in what is given; the rest, and the jobs that it has made, stay as they are.

        Raises `ResourceNotFoundError`, `ResourceModifiedError` where `if_match` does not hold.
        REST: JobSchedules_UpdateJobSchedule.
        """
        return await self._session.act(op.UPDATE_JOB_SCHEDULE, (job_schedule_id,), options, changes)

    async def delete(self, job_schedule_id: str, **options: Unpack[o.ForceOptions]) -> Receipt:
        """Begin to delete a job schedule with all its jobs and their tasks.

        Raises `ResourceNotFoundError`, `StateConflictError` where it is being deleted already.
        REST: JobSchedules_DeleteJobSchedule.
        """
        return await self._session.act(op.DELETE_JOB_SCHEDULE, (job_schedule_id,), options)

    async def wait_deleted(self, job_schedule_id: str, **options: Unpack[waiting.WaitOptions[bool]]) -> None:
        """Wait until a job schedule is gone, as `delete` began it; one that is not there is.

        The callback gets whether it is still there. Raises `DeadlineError`, and what any call raises.
        REST: JobSchedules_JobScheduleExists.

        >>> await client.job_schedules.delete("nightly")
        >>> await client.job_schedules.wait_deleted("nightly", deadline=600)
        """
        question = questions.deleted("job schedule", op.JOB_SCHEDULE_EXISTS, job_schedule_id)
        await waiting.wait(self._session, question, options)

    async def disable(self, job_schedule_id: str, **options: Unpack[o.ConditionalOptions]) -> Receipt:
        """Have a job schedule make no more jobs until it is enabled.

        Raises `ResourceNotFoundError`, `StateConflictError`. REST: JobSchedules_DisableJobSchedule.
        """
        return await self._session.act(op.DISABLE_JOB_SCHEDULE, (job_schedule_id,), options)

    async def enable(self, job_schedule_id: str, **options: Unpack[o.ConditionalOptions]) -> Receipt:
        """Have a disabled job schedule make jobs again.

        Raises `ResourceNotFoundError`, `StateConflictError`. REST: JobSchedules_EnableJobSchedule.
        """
        return await self._session.act(op.ENABLE_JOB_SCHEDULE, (job_schedule_id,), options)

    async def terminate(self, job_schedule_id: str, **options: Unpack[o.ForceOptions]) -> Receipt:
        """Begin to end a job schedule and the job that it has active.

        Raises `ResourceNotFoundError`, `StateConflictError` where it has come to its end.
        REST: JobSchedules_TerminateJobSchedule.
        """
        return await self._session.act(op.TERMINATE_JOB_SCHEDULE, (job_schedule_id,), options)
