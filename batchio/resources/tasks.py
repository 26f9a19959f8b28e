"""Tasks: the commands of a job, one by one and by the million."""

from __future__ import annotations

from collections.abc import AsyncIterable, Iterable, Mapping
from typing import Any, Unpack

from ..bulk import submission
from ..bulk.gate import Gate
from ..bulk.options import SubmitOptions, check_options
from ..bulk.report import SubmissionReport
from ..models import CloudTask, TaskAddCollectionParameter, TaskAddCollectionResult, TaskAddParameter
from ..service import operations as op
from ..service import options as o
from ..session.pages import Pages
from ..session.request import Receipt
from ..session.session import Session

Task = TaskAddParameter | Mapping[str, Any] | bytes
"""One task of a submission: a model, a mapping in wire shape, or its JSON."""

TaskInput = Iterable[Task] | Iterable[list[Task]] | AsyncIterable[Task] | AsyncIterable[list[Task]]
"""What a submission reads."""


class Tasks:
    """Operations on tasks; `client.tasks`."""

    def __init__(self, session: Session, gate: Gate) -> None:
        self._session = session
        self._gate = gate

    async def create(
        self, job_id: str, task: TaskAddParameter | Mapping[str, Any], **options: Unpack[o.CallOptions]
    ) -> Receipt:
        """Add one task to a job. For more than a handful use `submit`.

        Raises `ResourceExistsError` where the id is taken (letter case does not count),
        `ResourceNotFoundError` for the job, `StateConflictError` where the job takes no tasks.
        REST: Tasks_CreateTask.
        """
        return await self._session.act(op.CREATE_TASK, (job_id,), options, task)

    async def create_collection(
        self, job_id: str, tasks: TaskAddCollectionParameter | Mapping[str, Any], **options: Unpack[o.CallOptions]
    ) -> TaskAddCollectionResult:
        """Add up to 100 tasks (less than 1 MB) in one request, and see the service's result for each.

        The bare operation: nothing is split and no task is sent again; `submit` does that. Raises
        `RequestTooLargeError`, `BadRequestError`. REST: Tasks_CreateTaskCollection.
        """
        return await self._session.fetch(op.CREATE_TASK_COLLECTION, (job_id,), options, tasks)

    async def get(self, job_id: str, task_id: str, **options: Unpack[o.ConditionalReadOptions]) -> CloudTask:
        """Read a task. Raises `ResourceNotFoundError`. REST: Tasks_GetTask."""
        return await self._session.fetch(op.GET_TASK, (job_id, task_id), options)

    def list(self, job_id: str, **options: Unpack[o.ListOptions]) -> Pages[CloudTask]:
        """The tasks of a job, or those that `filter` lets through. REST: Tasks_ListTasks."""
        return self._session.pages(op.LIST_TASKS, (job_id,), options)

    async def delete(self, job_id: str, task_id: str, **options: Unpack[o.ConditionalOptions]) -> Receipt:
        """Delete a task with its files; a running one is terminated first.

        Raises `ResourceNotFoundError`. REST: Tasks_DeleteTask.
        """
        return await self._session.act(op.DELETE_TASK, (job_id, task_id), options)

    async def submit(self, job_id: str, tasks: TaskInput, **options: Unpack[SubmitOptions]) -> SubmissionReport:
        """Add any number of tasks to a job: exactly one outcome for each, in constant memory.

        `tasks`: an iterable or async iterable of `TaskAddParameter`, of mappings in wire shape, of JSON bytes,
        or of lists of these. Options: see `SubmitOptions`. The report says how many were added, existed, were
        rejected and so on; `raise_for_failures` turns failures into an error.

        Raises `SubmissionError` (with `.report`) when the run cannot go on: the job is gone or takes no tasks,
        the credential is refused, nothing was accepted for `patience` seconds, the input raised. A run that is
        cancelled loses its report: use `submitting` where that matters. REST: Tasks_CreateTaskCollection.

        >>> report = await client.tasks.submit("render", (
        ...     {"id": f"frame-{n}", "commandLine": f"render {n}"} for n in range(1_000_000)
        ... ))
        >>> print(report.summary())
        """
        return await submission.submit(self._session, self._gate, job_id, tasks, check_options(options))

    def submitting(self, job_id: str, tasks: TaskInput, **options: Unpack[SubmitOptions]) -> submission.Submission:
        """The same as a block that gives the outcomes while they come; see `Submission`.

        The iteration delivers every outcome and then raises `SubmissionError` when the run could not go on.
        """
        return submission.Submission(self._session, self._gate, job_id, tasks, check_options(options))
