"""The engine's face for many callers: each awaits the outcome of its own task, and their requests are filled together.

Law: nobody is left waiting. Whatever ends a feed, each of its callers has an outcome or a clear error.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Mapping, Sequence
from types import TracebackType
from typing import NoReturn, Self

import msgspec

from ..errors import BatchioError, ConfigurationError, SubmissionError
from ..session.session import Session
from .account import progress_of, report_of, stopped
from .callers import Call, Callers
from .engine import Engine
from .finishing import finish
from .gate import Gate
from .intake import Task
from .options import Options, check_wait
from .report import SubmissionProgress, SubmissionReport, TaskOutcome
from .running import run


class Feed:
    """Tasks from many callers into one job; made by `client.tasks.feed`.

    Any number of coroutines of one event loop call `add` inside of its block and get the outcome of their own task.
    A request leaves when 100 tasks are there or its oldest one is `linger` seconds old, and the service has room;
    while it has none, requests fill up. At most `max_pending` tasks (and `max_pending_bytes`) are without an outcome;
    beyond that callers wait, first come first served; `is_full` says so before a caller waits.

    Every task that was taken has an outcome, also when the feed cannot go on (the job is gone, the credential is
    refused, nothing was accepted for `patience` seconds, `progress` raised): those without an answer are `not_sent`
    or `unknown` then, with the reason as their `error`. Later calls raise `SubmissionError` from that reason at once,
    and so does the end of the block.

    A caller that is cancelled disturbs nobody. Its task is not sent if it still waits for others or for room;
    otherwise it goes on, and may be added.

    Leaving the block sends what is there and waits for all outcomes (`close`). Leaving it by an exception or a
    cancellation stops at once: what is on its way is `unknown`, the rest `not_sent`. A feed belongs to the event loop
    that its block runs in; another loop or thread cannot use it.

    >>> async with client.tasks.feed("render") as feed:
    ...     outcomes = await asyncio.gather(
    ...         *(feed.add({"id": f"frame-{n}", "commandLine": f"render {n}"}) for n in range(1_000))
    ...     )
    >>> print(feed.report.summary())
    """

    def __init__(self, session: Session, gate: Gate, job_id: str, options: Options) -> None:
        self._callers = Callers(options.linger, options.window)
        # It is the callers who linger: what they have handed over leaves as soon as there is a place for it.
        engine_options = msgspec.structs.replace(options, linger=0.0)
        self._engine = Engine(session, gate, job_id, self._callers, engine_options, sink=self._callers.deliver)
        self._run: asyncio.Task[None] | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._late: BatchioError | None = None
        self._crash: BaseException | None = None
        self._told = False

    async def __aenter__(self) -> Self:
        if self._run is not None:
            raise RuntimeError("a feed is entered once")
        self._engine.gate.bind()
        self._loop = asyncio.get_running_loop()
        self._run = asyncio.create_task(run(self._engine, "feed"), name="batchio feed")
        self._run.add_done_callback(self._ended)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        if kind is None:
            await self.close()
        else:
            await self._abandon()

    async def add(self, task: Task) -> TaskOutcome:
        """Add a task and wait for its outcome, whatever that is: a rejected task is an outcome, too.

        `task`: a `TaskAddParameter`, a mapping in wire shape, or JSON bytes. The outcome's `index` counts the tasks
        of the feed. Raises `SubmissionError` where the feed takes no more: it is closed, or has stopped for the
        reason that the error is chained to. Cancelled (by a timeout, say), the task may still be added, unless it
        waits for others or for room. REST: Tasks_CreateTaskCollection.
        """
        if isinstance(task, list | tuple):
            raise TypeError(f"add takes one task, add_all takes many: this is a {type(task).__name__}")
        call = self._begin((task,))
        try:
            return (await call.future)[0]
        except asyncio.CancelledError:
            self._callers.withdraw(call)
            raise

    async def add_all(self, tasks: Iterable[Task]) -> list[TaskOutcome]:
        """Add some tasks, read at once, and wait for the outcomes of all of them; they come in the order given.

        More than `max_pending` tasks go in portions of so many, and between two of them it is the turn of those who
        came meanwhile. Raises as `add`; cancelled, what was not taken yet is not sent.
        """
        if isinstance(tasks, str | bytes | bytearray | Mapping) or not isinstance(tasks, Iterable):
            raise ConfigurationError(f"tasks: an iterable of tasks is needed, not {type(tasks).__name__}")
        given = list(tasks)
        if not given:
            return []
        call = self._begin(given)
        try:
            return await call.future
        except asyncio.CancelledError:
            self._callers.withdraw(call)
            raise

    async def flush(self) -> None:
        """Send what is there without lingering, and wait until everything added before this has its outcome."""
        self._running()
        await self._callers.flush()

    async def close(self, timeout: float | None = None) -> None:
        """Take no more, send what is there, and wait until everything has its outcome.

        `timeout`: seconds; after them it stops: what is on its way is `unknown`, the rest `not_sent`. None: as long
        as it takes, which `patience` bounds. Cancelled, it stops at once. Closing again does nothing. Raises
        `SubmissionError`, once, where the feed could not go on.
        """
        if timeout is not None:
            check_wait("timeout", timeout)
        run = self._running()
        self._callers.end()
        try:
            done, _ = await asyncio.wait([run], timeout=timeout)
        except asyncio.CancelledError:
            await self._abandon()
            raise
        if not done:
            self._late = BatchioError(f"the feed was not through {timeout:g} s after it was closed")
            self._engine.abort(self._late)
            await finish(run)
        failure = self._failure
        if failure is not None and not self._told:
            self._told = True
            raise stopped("feed", self._engine, failure) from failure

    @property
    def pending(self) -> int:
        """Tasks that were taken and have no outcome yet; never more than `max_pending`."""
        return self._callers.pending

    @property
    def waiting(self) -> int:
        """Tasks of callers who wait for others to fill a request, or for room."""
        return self._callers.waiting

    @property
    def is_full(self) -> bool:
        """Whether a task that is added now would wait for room: others have taken all of `max_pending`, or of
        `max_pending_bytes`. A web backend refuses then (503) instead of waiting.
        """
        engine = self._engine
        return self.pending + self.waiting >= engine.options.window or engine.feeder.is_full

    @property
    def progress(self) -> SubmissionProgress:
        """A snapshot of the feed."""
        return progress_of(self._engine)

    @property
    def report(self) -> SubmissionReport:
        """The account so far, by counts alone; of the whole feed when it is over."""
        return report_of(self._engine)

    @property
    def _failure(self) -> BaseException | None:
        failure = self._engine.failure
        return self._crash if failure is None or failure is self._late else failure

    def _begin(self, tasks: Sequence[Task]) -> Call:
        loop = asyncio.get_running_loop()
        if loop is not self._loop or self._callers.ended or self._engine.failure is not None:
            self._refuse()
        return self._callers.ask(tasks, loop)

    def _refuse(self) -> NoReturn:
        self._running()
        failure = self._failure
        if failure is not None:
            raise stopped("feed", self._engine, failure) from failure
        raise SubmissionError("the feed is closed", report=self.report)

    def _running(self) -> asyncio.Task[None]:
        if self._run is None:
            raise RuntimeError("a feed is used inside of its block: async with client.tasks.feed(...)")
        if asyncio.get_running_loop() is not self._loop:
            raise RuntimeError("a feed is used in the event loop that it was entered in")
        return self._run

    async def _abandon(self) -> None:
        """Stop at once; everyone who waits has an outcome after this."""
        self._callers.end()
        if self._run is not None:
            self._run.cancel()
            await finish(self._run)

    def _ended(self, run: asyncio.Task[None]) -> None:
        """The engine is gone: nobody may wait for it any more, even if it went in a way that it should not."""
        self._crash = None if run.cancelled() else run.exception()
        failure = self._failure
        error = SubmissionError("the feed ended before this task had an outcome", report=self.report)
        error.__cause__ = failure
        self._callers.fail(error)
