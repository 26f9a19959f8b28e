"""A submission that is moved by hand: each step lets something happen, and then the world stands still.

Law: a step does one thing; what must hold is asked after every step, and all of it at the end. Where there is a
journal, runs follow each other until nothing is left open.
"""

from __future__ import annotations

import asyncio
import shutil
from collections import deque
from collections.abc import AsyncIterator, Coroutine
from pathlib import Path
from typing import Any, TypeVar

import msgspec
from scripted import (
    Act,
    ItemError,
    Record,
    Told,
    check,
    drop,
    fail,
    hang,
    html,
    item_error,
    omit,
    recase,
    refuse,
    results,
    reverse,
    strangers,
    truncate,
    twice,
    unreadable,
    window_of,
)
from scripted.checker import in_time
from scripted.resuming import FINAL, Runs

from batchio import BatchClient, TaskOutcome
from batchio.bulk.blocks import BLOCK
from batchio.bulk.submission import Submission

from .clock import VirtualLoop
from .service import MemoryService
from .transport import connect

T = TypeVar("T")

ACTS = [
    *(refuse(429), refuse(503, retry_after="2"), fail(500), fail(500, share=1.0), fail(502, share=0.5)),
    *(fail(503, "ServiceUnavailable", share=1.0), fail(413, "RequestBodyTooLarge"), html(502, share=1.0)),
    *(drop(0.0), drop(0.5), drop(1.0), hang(0.0), hang(1.0), Act(hold=30.0), Act(wait=30.0)),
    *(truncate(), unreadable(), Act(share=0.6)),
    *map(results, [omit(7), reverse, recase, twice, strangers]),
]
"""What a request may meet."""

_SLACK = 90.0
"""Seconds: a try that runs into its timeout, the longest backoff, the longest search for a rate."""
_RATE = 50.0
"""Tasks a second that get through at the least, by one request of few tasks after another."""


class Troubles:
    """What the next requests and the next tasks meet."""

    def __init__(self, service: MemoryService) -> None:
        self.acts: deque[Act] = deque()
        self.failing = 0
        service.fault = self._fault
        service.items = self._item

    def end(self) -> None:
        self.acts.clear()
        self.failing = 0

    def _fault(self, record: Record) -> Act | None:
        del record
        return self.acts.popleft() if self.acts else None

    def _item(self, folded: str, seen: int) -> ItemError | None:
        del seen
        if self.failing:
            self.failing -= 1
            return ItemError()
        return item_error() if is_denied(int(folded.removeprefix("task-"))) else None


def is_denied(number: int) -> bool:
    """Whether the service rejects the task."""
    return number % 29 == 11


def is_theirs(number: int) -> bool:
    """Whether the task was there before."""
    return number % 31 == 7


class Play:
    """One job, one input, and the runs that submit it. `folder`: for the journal, where there is one."""

    def __init__(self, folder: Path | None, **options: Any) -> None:
        self.loop = VirtualLoop()
        self.folder = folder
        self.options = options
        self.window = window_of(int(options["max_requests"]))
        self.ids: list[str] = []
        self.told = Told(window=self.window)
        self.is_over = self.was_killed = self.was_cancelled = False
        self._runs = self._received = self._resumed = 0
        self._ended_input = False
        self.do(self._open())

    def do(self, step: Coroutine[Any, Any, T]) -> T:
        """Let it happen, and whatever follows at once."""
        return self.loop.run_until_complete(step)

    async def _open(self) -> None:
        self.service = await MemoryService().__aenter__()
        self.service.latency = 0.1
        self.client: BatchClient = connect(self.service)
        self.troubles = Troubles(self.service)
        self._news = asyncio.Event()
        self._reading = asyncio.Event()
        self._reading.set()
        await self._begin()

    @property
    def journal(self) -> Path | None:
        """The file of this run; a killed one leaves its file behind as it was then."""
        return self.folder / f"journal-{self._runs}" if self.folder is not None else None

    # The run, its input and its consumer

    async def _begin(self) -> None:
        self._received = 0
        self.submission: Submission = self.client.tasks.submitting(
            self.service.job, self._input(), journal=self.journal, keep="all", **self.options
        )
        await self.submission.__aenter__()
        self._resumed = self.submission.report.resumed
        self._consumer = asyncio.create_task(self._consume(self.submission))

    async def _input(self) -> AsyncIterator[Any]:
        at = 0
        while True:
            while at < len(self.ids):
                yield {"id": self.ids[at], "commandLine": "run"}
                at += 1
            if self._ended_input:
                return
            self._news.clear()
            await self._news.wait()

    async def _consume(self, submission: Submission) -> None:
        async for outcomes in submission:
            self._receive(outcomes)
            await self._reading.wait()

    def _receive(self, outcomes: list[TaskOutcome]) -> None:
        self._received += len(outcomes)
        self.told.receive(each for each in outcomes if self.folder is None or each.state in FINAL)

    # Steps

    def push(self, ids: list[str]) -> None:
        """More input."""
        self.service.truth.preload(task_id for task_id in ids if is_theirs(int(task_id[5:])))
        self.ids += ids
        self._news.set()
        self.wait(0.0)

    def wait(self, seconds: float) -> None:
        """Let time pass."""
        self.do(asyncio.sleep(seconds))

    def read(self, *, on: bool) -> None:
        """The consumer stops, or goes on."""
        if on:
            self._reading.set()
        else:
            self._reading.clear()
        self.wait(0.0)

    def cancel(self) -> None:
        """The block is left; what was not read stands in the report. With a journal another run goes on."""
        self.was_cancelled = True
        self.do(self._leave(is_killed=False))
        self._go_on()

    def kill(self) -> None:
        """As kill -9 would: nothing more is written or told, and what was on its way may still arrive."""
        assert self.journal is not None
        left = self.journal
        self._runs += 1
        self.was_killed = True
        shutil.copy(left, self.journal)
        self.do(self._leave(is_killed=True))
        self._go_on()

    def _go_on(self) -> None:
        if self.folder is None:
            self.is_over = True
        else:
            # While it compares a block with the journal, a run holds what is open of it beside the window.
            self.told.window = self.window + BLOCK
            self.do(self._begin())

    async def _leave(self, *, is_killed: bool) -> None:
        self._consumer.cancel()
        await asyncio.wait([self._consumer])
        await self.submission.__aexit__(None, None, None)
        if not is_killed:
            told = self.submission.report.outcomes
            known = [each for each in told if each.index not in self.told.outcomes]
            self._receive(known)

    # What must hold

    def look(self) -> None:
        """After every step."""
        assert not self.service.violations, self.service.violations
        held = self.submission.progress.taken - self._resumed - self._received
        self.told.most_open = max(self.told.most_open, held)
        assert held <= self.told.window, f"{held} tasks held"
        if self._consumer.done() and not self._consumer.cancelled():
            self._consumer.result()

    def end(self) -> None:
        """The service is healthy, the input ends and the consumer reads: all of it must come to its end."""
        try:
            self.troubles.end()
            self.do(self.service.start())
            self._ended_input = True
            self._news.set()
            self._reading.set()
            if not self.is_over:
                self._finish()
            self._judge()
        finally:
            self.do(self._close())
            self.loop.close()

    def _finish(self) -> None:
        healthy, rest = self.loop.time(), len(self.ids)
        for _ in range(4):
            self.do(asyncio.wait_for(self._consumer, 10_000))
            self.do(self.submission.__aexit__(None, None, None))
            in_time(self.loop.time(), healthy=healthy, rest=rest, rate=_RATE, slack=_SLACK)
            report = self.submission.report
            if self.folder is None or not report.gave_up + report.unknown + report.not_sent:
                break
            # Some had used up their attempts before the service was healthy.
            healthy = self.loop.time()
            self.do(self._begin())
        self.is_over = True

    def _judge(self) -> None:
        self.told.report = self.submission.report
        if self.journal is None:
            check(
                self.told,
                self.service,
                self.ids,
                complete=not self.was_cancelled,
                interrupted=self.was_cancelled,
                max_requests=self.options["max_requests"],
            )
            return
        # Of the report some things are of its last run alone.
        report = self.told.report = msgspec.structs.replace(
            self.told.report, failures=(), failures_truncated=False, requests=len(self.service.history)
        )
        check(
            self.told,
            self.service,
            self.ids,
            interrupted=self.was_cancelled,
            killed=self.was_killed,
            max_requests=self.options["max_requests"],
        )
        runs = Runs(client=self.client, service=self.service, path=self.journal, told=self.told.outcomes, report=report)
        runs.check(self.ids, crashed=self.was_killed)

    async def _close(self) -> None:
        self._consumer.cancel()
        await asyncio.wait([self._consumer])
        await self.submission.__aexit__(None, None, None)
        await self.client.close()
        await self.service.__aexit__(None, None, None)
        left = asyncio.all_tasks() - {asyncio.current_task()}
        assert not left, f"still running: {left}"
