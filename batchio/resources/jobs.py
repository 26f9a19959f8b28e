"""Jobs: what tasks belong to."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Unpack

from ..models import CloudJob, JobAddParameter, TaskCountsResult
from ..service import operations as op
from ..service import options as o
from ..session.pages import Pages
from ..session.request import Receipt
from ..session.session import Session


class Jobs:
    """Operations on jobs; `client.jobs`."""

    def __init__(self, session: Session) -> None:
        self._session = session

    async def create(self, job: JobAddParameter | Mapping[str, Any], **options: Unpack[o.CallOptions]) -> Receipt:
        """Create a job.

        Raises `ResourceExistsError` where the id is taken (letter case does not count), `StateConflictError`
        with code ActiveJobAndScheduleQuotaReached at the account's limit. REST: Jobs_CreateJob.
        """
        return await self._session.act(op.CREATE_JOB, (), options, job)

    async def get(self, job_id: str, **options: Unpack[o.ConditionalReadOptions]) -> CloudJob:
        """Read a job. Raises `ResourceNotFoundError`. REST: Jobs_GetJob."""
        return await self._session.fetch(op.GET_JOB, (job_id,), options)

    def list(self, **options: Unpack[o.ListOptions]) -> Pages[CloudJob]:
        """All jobs of the account, or those that `filter` lets through. REST: Jobs_ListJobs."""
        return self._session.pages(op.LIST_JOBS, (), options)

    async def delete(self, job_id: str, **options: Unpack[o.ForceOptions]) -> Receipt:
        """Begin to delete a job with all its tasks; it is `deleting` until it is gone.

        Raises `ResourceNotFoundError`, `StateConflictError` where it is being deleted already.
        REST: Jobs_DeleteJob.
        """
        return await self._session.act(op.DELETE_JOB, (job_id,), options)

    async def get_task_counts(self, job_id: str, **options: Unpack[o.CallOptions]) -> TaskCountsResult:
        """How many tasks (and task slots) of a job are active, running, completed, succeeded and failed.

        Cheap for any number of tasks; the numbers may lag a little. REST: Jobs_GetJobTaskCounts.
        """
        return await self._session.fetch(op.GET_JOB_TASK_COUNTS, (job_id,), options)
