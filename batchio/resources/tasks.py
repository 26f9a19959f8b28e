"""Tasks: the commands of a job, one by one and by the million."""

from __future__ import annotations

from collections.abc import AsyncIterable, Iterable, Mapping, Sequence
from typing import Any, Unpack

from ..bulk import submission
from ..bulk.feed import Feed
from ..bulk.gate import Gate
from ..bulk.intake import Task
from ..bulk.options import FeedOptions, SubmitOptions, check_feed_options, check_options
from ..bulk.report import SubmissionReport
from ..models import (
    CloudTask,
    NodeFile,
    SubtaskInformation,
    TaskAddCollectionParameter,
    TaskAddCollectionResult,
    TaskAddParameter,
    TaskCountsResult,
)
from ..service import operations as op
from ..service import options as o
from ..session import questions, waiting
from ..session.files import FileInfo, FileStream
from ..session.pages import Pages
from ..session.request import Receipt
from ..session.session import Session

TaskInput = Iterable[Task] | Iterable[Sequence[Task]] | AsyncIterable[Task] | AsyncIterable[Sequence[Task]]
"""What a submission reads: tasks, or lists and tuples of tasks."""


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

    async def replace(
        self, job_id: str, task_id: str, task: CloudTask | Mapping[str, Any], **options: Unpack[o.ConditionalOptions]
    ) -> Receipt:
        """Change a task to what is given, in its constraints alone; what is absent there gets its default.

        `task` may be what `get` gave: read-only fields are not sent. Raises `ResourceNotFoundError`,
        `ResourceModifiedError` where `if_match` does not hold, `StateConflictError` (TaskCompleted).
        REST: Tasks_ReplaceTask.
        """
        return await self._session.act(op.REPLACE_TASK, (job_id, task_id), options, task)

    async def terminate(self, job_id: str, task_id: str, **options: Unpack[o.ConditionalOptions]) -> Receipt:
        """End a task; it is `completed` then.

        Raises `ResourceNotFoundError`, `StateConflictError` where it is completed already. REST: Tasks_TerminateTask.
        """
        return await self._session.act(op.TERMINATE_TASK, (job_id, task_id), options)

    async def reactivate(self, job_id: str, task_id: str, **options: Unpack[o.ConditionalOptions]) -> Receipt:
        """Run a completed task again, with its count of retries at 0.

        Raises `ResourceNotFoundError`, `StateConflictError` where it is not completed, or was so with exit code 0, or
        the job takes no tasks. REST: Tasks_ReactivateTask.
        """
        return await self._session.act(op.REACTIVATE_TASK, (job_id, task_id), options)

    async def delete(self, job_id: str, task_id: str, **options: Unpack[o.ConditionalOptions]) -> Receipt:
        """Delete a task with its files; a running one is terminated first.

        Raises `ResourceNotFoundError`. REST: Tasks_DeleteTask.
        """
        return await self._session.act(op.DELETE_TASK, (job_id, task_id), options)

    def list_subtasks(
        self, job_id: str, task_id: str, **options: Unpack[o.SubtaskListOptions]
    ) -> Pages[SubtaskInformation]:
        """The subtasks of a multi-instance task; none for any other. REST: Tasks_ListSubTasks."""
        return self._session.pages(op.LIST_SUBTASKS, (job_id, task_id), options)

    def list_files(self, job_id: str, task_id: str, **options: Unpack[o.FileListOptions]) -> Pages[NodeFile]:
        """The files of a task on its node: in its directory alone, or with `recursive` all below.

        Raises `StateConflictError` where the node is not there any more. REST: Tasks_ListTaskFiles.
        """
        return self._session.pages(op.LIST_TASK_FILES, (job_id, task_id), options)

    def get_file(self, job_id: str, task_id: str, file_path: str, **options: Unpack[o.FileOptions]) -> FileStream:
        """Read a file of a task, as a stream; see `FileStream`. `file_path` is below the task's directory.

        Raises `ResourceNotFoundError`, `StateConflictError` where the node is not there any more, and
        `ResourceNotModifiedError` or `ResourceModifiedError` by the dates given. REST: Tasks_GetTaskFile.
        """
        return self._session.stream(op.GET_TASK_FILE, (job_id, task_id, file_path), options)

    async def get_file_properties(
        self, job_id: str, task_id: str, file_path: str, **options: Unpack[o.FilePropertiesOptions]
    ) -> FileInfo:
        """Size, times and kind of a file of a task.

        Raises `ResourceNotFoundError`. REST: Tasks_GetTaskFileProperties.
        """
        return await self._session.look(op.GET_TASK_FILE_PROPERTIES, (job_id, task_id, file_path), options)

    async def delete_file(
        self, job_id: str, task_id: str, file_path: str, **options: Unpack[o.RecursiveOptions]
    ) -> Receipt:
        """Delete a file of a task; a directory that is not empty only with `recursive`.

        Raises `ResourceNotFoundError`. REST: Tasks_DeleteTaskFile.
        """
        return await self._session.act(op.DELETE_TASK_FILE, (job_id, task_id, file_path), options)

    async def wait(self, job_id: str, **options: Unpack[waiting.WaitOptions[TaskCountsResult]]) -> TaskCountsResult:
        """Wait until every task of a job is completed, succeeded or failed; a job without tasks is there at once.

        What is asked costs the same for any number of tasks: their counts. These may lag behind, so that in the end
        one listing for one task that is not completed makes sure. Gives the last counts; they still may lag. The
        callback gets each. Tasks that cannot run (the job is disabled, the pool has no nodes) are waited for like any
        other. Options: see `WaitOptions`. Raises `DeadlineError` after `deadline` seconds, `ResourceNotFoundError` for
        the job, and what any call raises. REST: Jobs_GetJobTaskCounts, Tasks_ListTasks.

        >>> result = await client.tasks.wait("render", deadline=7200, callback=lambda c: print(c.task_counts))
        """
        return await waiting.wait(self._session, questions.tasks_completed(job_id), options)

    async def submit(self, job_id: str, tasks: TaskInput, **options: Unpack[SubmitOptions]) -> SubmissionReport:
        """Add any number of tasks to a job: exactly one outcome for each, in constant memory.

        `tasks`: an iterable or async iterable of `TaskAddParameter`, of mappings in wire shape, of JSON bytes,
        or of lists of these; `batchio.sweep`, `fill` and `shard` make some. Options: see `SubmitOptions`. The report
        says how many were added, existed, were rejected and so on; `raise_for_failures` turns failures into an error.

        Raises `SubmissionError` (with `.report`) when the run cannot go on: the job is gone or takes no tasks,
        the credential is refused, nothing was accepted for `patience` seconds, the input raised. A run that is
        cancelled loses its report: use `submitting` where that matters. REST: Tasks_CreateTaskCollection.

        >>> report = await client.tasks.submit("render", (
        ...     {"id": f"frame-{n}", "commandLine": f"render {n}"} for n in range(1_000_000)
        ... ))
        >>> print(report.summary())
        """
        return await submission.submit(self._session, self._gate, job_id, tasks, check_options(options, tasks))

    def submitting(self, job_id: str, tasks: TaskInput, **options: Unpack[SubmitOptions]) -> submission.Submission:
        """The same as a block that gives the outcomes while they come; see `Submission`.

        The iteration delivers every outcome and then raises `SubmissionError` when the run could not go on.
        """
        return submission.Submission(self._session, self._gate, job_id, tasks, check_options(options, tasks))

    def feed(self, job_id: str, **options: Unpack[FeedOptions]) -> Feed:
        """Adding tasks from many callers at once, as a web backend does; see `Feed`.

        Each caller awaits `add` with its own task and gets the outcome of that; the requests are filled across
        callers. Options: see `FeedOptions`. Raises `ConfigurationError` for a bad value. REST:
        Tasks_CreateTaskCollection.

        >>> async with client.tasks.feed("render") as feed:
        ...     outcome = await feed.add({"id": "frame-1", "commandLine": "render 1"})
        """
        return Feed(self._session, self._gate, job_id, check_feed_options(options))
