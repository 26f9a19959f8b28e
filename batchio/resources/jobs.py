"""Jobs: what tasks belong to."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any, Unpack

from .. import models as m
from ..service import operations as op
from ..service import options as o
from ..session import questions, waiting
from ..session.pages import Pages
from ..session.request import Receipt
from ..session.session import Session


class Jobs:
    """Operations on jobs; `client.jobs`."""

    def __init__(self, session: Session) -> None:
        self._session = session

    async def create(self, job: m.JobAddParameter | Mapping[str, Any], **options: Unpack[o.CallOptions]) -> Receipt:
        """Create a job.

        Raises `ResourceExistsError` where the id is taken (letter case does not count), `StateConflictError`
        with code ActiveJobAndScheduleQuotaReached at the account's limit. REST: Jobs_CreateJob.
        """
        return await self._session.act(op.CREATE_JOB, (), options, job)

    async def get(self, job_id: str, **options: Unpack[o.ConditionalReadOptions]) -> m.CloudJob:
        """Read a job. Raises `ResourceNotFoundError`. REST: Jobs_GetJob."""
        return await self._session.fetch(op.GET_JOB, (job_id,), options)

    def list(self, **options: Unpack[o.ListOptions]) -> Pages[m.CloudJob]:
        """All jobs of the account, or those that `filter` lets through. REST: Jobs_ListJobs."""
        return self._session.pages(op.LIST_JOBS, (), options)

    def list_from_schedule(self, job_schedule_id: str, **options: Unpack[o.ListOptions]) -> Pages[m.CloudJob]:
        """The jobs that a job schedule has made. Raises `ResourceNotFoundError`. REST: Jobs_ListJobsFromSchedule."""
        return self._session.pages(op.LIST_JOBS_FROM_SCHEDULE, (job_schedule_id,), options)

    async def replace(
        self, job_id: str, job: m.CloudJob | Mapping[str, Any], **options: Unpack[o.ConditionalOptions]
    ) -> Receipt:
        """Change a job to what is given; what is absent gets its default.

        `job` may be what `get` gave: read-only fields are not sent. Raises `ResourceNotFoundError`,
        `ResourceModifiedError` where `if_match` does not hold, `StateConflictError` where the job's state does not
        allow the change. REST: Jobs_ReplaceJob.

        >>> job = await client.jobs.get("render")
        >>> await client.jobs.replace("render", batchio.replace(job, priority=100), if_match=job.e_tag)
        """
        return await self._session.act(op.REPLACE_JOB, (job_id,), options, job)

    async def update(
        self, job_id: str, changes: m.JobPatchParameter | Mapping[str, Any], **options: Unpack[o.ConditionalOptions]
    ) -> Receipt:
        """Change a job in what is given; the rest stays as it is.

        Raises `ResourceNotFoundError`, `ResourceModifiedError` where `if_match` does not hold.
        REST: Jobs_UpdateJob.
        """
        return await self._session.act(op.UPDATE_JOB, (job_id,), options, changes)

    async def delete(self, job_id: str, **options: Unpack[o.ForceOptions]) -> Receipt:
        """Begin to delete a job with all its tasks; it is `deleting` until it is gone.

        Raises `ResourceNotFoundError`, `StateConflictError` where it is being deleted already.
        REST: Jobs_DeleteJob.
        """
        return await self._session.act(op.DELETE_JOB, (job_id,), options)

    async def disable(
        self,
        job_id: str,
        parameters: m.JobDisableParameter | Mapping[str, Any],
        **options: Unpack[o.ConditionalOptions],
    ) -> Receipt:
        """Begin to stop a job's tasks from being started; `parameters` say what becomes of those that run.

        The job is `disabling` until no task runs. Raises `ResourceNotFoundError`, `StateConflictError`.
        REST: Jobs_DisableJob.
        """
        return await self._session.act(op.DISABLE_JOB, (job_id,), options, parameters)

    async def enable(self, job_id: str, **options: Unpack[o.ConditionalOptions]) -> Receipt:
        """Have a disabled job's tasks started again; a task that was added over 180 days ago will not run.

        Raises `ResourceNotFoundError`, `StateConflictError`. REST: Jobs_EnableJob.
        """
        return await self._session.act(op.ENABLE_JOB, (job_id,), options)

    async def terminate(
        self,
        job_id: str,
        parameters: m.JobTerminateParameter | Mapping[str, Any] | None = None,
        **options: Unpack[o.ForceOptions],
    ) -> Receipt:
        """Begin to end a job: its tasks are ended, and it takes no others.

        Raises `ResourceNotFoundError`, `StateConflictError` where it has come to its end. REST: Jobs_TerminateJob.
        """
        return await self._session.act(op.TERMINATE_JOB, (job_id,), options, parameters)

    async def get_task_counts(self, job_id: str, **options: Unpack[o.CallOptions]) -> m.TaskCountsResult:
        """How many tasks (and task slots) of a job are active, running, completed, succeeded and failed.

        Cheap for any number of tasks; the numbers may lag a little. REST: Jobs_GetJobTaskCounts.
        """
        return await self._session.fetch(op.GET_JOB_TASK_COUNTS, (job_id,), options)

    async def wait(
        self,
        job_id: str,
        *,
        until: m.JobState | str | Collection[m.JobState | str] = m.JobState.COMPLETED,
        **options: Unpack[waiting.WaitOptions[m.CloudJob]],
    ) -> m.CloudJob:
        """Wait until a job is in a state, or in one of several; by default until it is `completed`.

        Gives the job as the last answer had it: id, state, the time of that, execution info. Options: see
        `WaitOptions`. Raises `DeadlineError` after `deadline` seconds, `WaitError` where the job has got to a state
        from which there is no way to those (`completed` leads to `deleting` alone), `ResourceNotFoundError` where
        there is no such job or it is deleted meanwhile, and what any call raises. REST: Jobs_GetJob.

        >>> job = await client.jobs.wait("render", deadline=3600, callback=lambda job: print(job.state))
        """
        return await waiting.wait(self._session, questions.job_state(job_id, until), options)

    async def wait_deleted(self, job_id: str, **options: Unpack[waiting.WaitOptions[m.CloudJob | None]]) -> None:
        """Wait until a job is gone, as `delete` began it; one that is not there is.

        The callback gets the job with id and state, None when it is gone. Raises `DeadlineError`, and what any call
        raises. REST: Jobs_GetJob.

        >>> await client.jobs.delete("render")
        >>> await client.jobs.wait_deleted("render", deadline=600)
        """
        await waiting.wait(self._session, questions.job_deleted(job_id), options)

    def list_preparation_and_release_task_status(
        self, job_id: str, **options: Unpack[o.FilterSelectListOptions]
    ) -> Pages[m.JobPreparationAndReleaseTaskExecutionInformation]:
        """How a job's preparation and release tasks went on each node that ran one of the job's tasks.

        Raises `StateConflictError` (JobPreparationTaskNotSpecified, JobReleaseTaskNotSpecified) where the job has
        neither. REST: Jobs_ListJobPreparationAndReleaseTaskStatus.
        """
        return self._session.pages(op.LIST_JOB_PREPARATION_AND_RELEASE_TASK_STATUS, (job_id,), options)
