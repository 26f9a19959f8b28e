"""Runs of the engine, each judged by the checker.

Law: a run is driven through the public face only, and nothing of it may go on after its end.
"""

from __future__ import annotations

import asyncio
import contextlib
import math
import threading
from collections.abc import Callable, Generator, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from batchio import BatchClient, SubmissionError, SubmissionReport, TaskOutcome
from batchio.models import TaskAddParameter

from .checker import check

if TYPE_CHECKING:
    from .service import ScriptedService


WITHIN = 60.0
"""Seconds in which every run must end; a run that hangs is a failure."""


class OutcomeError(BaseException):
    """As test frameworks and other event loops have them: no Exception."""


@dataclass(kw_only=True, eq=False)
class Told:
    """What a run told: the outcomes by index, when each was received, the report and the error."""

    outcomes: dict[int, TaskOutcome] = field(default_factory=dict[int, TaskOutcome])
    times: dict[int, float] = field(default_factory=dict[int, float])
    report: SubmissionReport = field(default_factory=SubmissionReport)
    error: BaseException | None = None
    most_open: int = 0
    """The most tasks that were taken and not yet received."""
    window: float = math.inf
    """What that may be."""

    def receive(self, outcomes: Iterable[TaskOutcome]) -> None:
        """Outcomes that the run handed out just now."""
        now = asyncio.get_running_loop().time()
        for outcome in outcomes:
            assert outcome.index not in self.outcomes, f"a second outcome: {outcome}, {self.outcomes[outcome.index]}"
            self.outcomes[outcome.index] = outcome
            self.times[outcome.index] = now

    def states(self, *names: str) -> list[int]:
        """The indexes of the outcomes in these states, in order."""
        return sorted(index for index, outcome in self.outcomes.items() if outcome.state in names)

    def codes(self) -> dict[int, str | None]:
        """The error codes of the outcomes that have one."""
        return {index: outcome.error.code for index, outcome in sorted(self.outcomes.items()) if outcome.error}


def window_of(max_requests: int) -> int:
    """Tasks that a run may hold: all its requests full, and as much again read ahead, but at most 2,000 of that."""
    return 100 * max_requests + min(100 * max_requests, 2_000)


def connect(service: ScriptedService, *, timeout: float = 10.0, credential: Any = None, **options: Any) -> BatchClient:
    """A client of the service; `timeout`: seconds for one try."""
    service.client_timeout = timeout
    return BatchClient(service.endpoint, credential or service.credential, timeout=timeout, **options)


def make_ids(count: int, prefix: str = "task") -> list[str]:
    """The ids of `make_models` and `make_mappings`."""
    return [f"{prefix}-{number}" for number in range(count)]


def make_models(count: int, prefix: str = "task") -> list[TaskAddParameter]:
    """Small tasks with ids `prefix-0` and so on."""
    return [TaskAddParameter(id=f"{prefix}-{number}", command_line="run") for number in range(count)]


def make_mappings(count: int, prefix: str = "task", *, padding: int = 0) -> list[dict[str, Any]]:
    """The same in wire shape; `padding`: letters in each command line."""
    return [{"id": f"{prefix}-{number}", "commandLine": "run" + "x" * padding} for number in range(count)]


def id_of(task: object) -> str | None:
    """The id of a task in the input, None where it has none that can be read."""
    if isinstance(task, TaskAddParameter):
        return task.id
    found: object = task.get("id") if isinstance(task, Mapping) else None
    return found if isinstance(found, str) else None


async def drive(
    client: BatchClient,
    service: ScriptedService,
    tasks: Any,
    *,
    ids: Sequence[str | None] | None = None,
    fails: type[BaseException] | tuple[type[BaseException], ...] | None = None,
    complete: bool | None = None,
    exact: bool = False,
    interrupted: bool = False,
    **options: Any,
) -> Told:
    """Submit and read all outcomes, then check the run.

    `ids`: of the input, where `tasks` is not a sequence. `fails`: the error in which the run must end. `complete`:
    whether the whole input must have been taken (as a rule where the run does not fail). `exact`: the service saw
    every request that the report counts. `interrupted`: requests in flight may be given up. `options`: of `submitting`.
    """
    told = Told()
    if ids is None:
        # Otherwise the input may be lists, which are taken whole.
        told.window = window_of(options.get("max_requests", 256))
    with leaves_nothing():
        run = None
        try:
            async with asyncio.timeout(WITHIN), client.tasks.submitting(service.job, tasks, **options) as run:
                async for outcomes in run:
                    told.receive(outcomes)
                    told.most_open = max(told.most_open, run.progress.taken - len(told.outcomes))
        except BaseException as error:
            if fails is None or not isinstance(error, fails):
                raise
            told.error = error
        assert run is not None
        told.report = run.report
        await settled()
        gives_back(client)
    assert fails is None or told.error is not None, f"the run did not fail: {told.report}"
    complete = fails is None if complete is None else complete
    judge(told, service, tasks, ids, complete=complete, exact=exact, interrupted=interrupted, **options)
    return told


async def submit(
    client: BatchClient,
    service: ScriptedService,
    tasks: Any,
    *,
    ids: Sequence[str | None] | None = None,
    fails: bool = False,
    exact: bool = False,
    **options: Any,
) -> Told:
    """As `drive`, through `submit`."""
    told = Told()
    options.setdefault("keep", "all")
    with leaves_nothing():
        try:
            async with asyncio.timeout(WITHIN):
                told.report = await client.tasks.submit(service.job, tasks, **options)
        except SubmissionError as error:
            if not fails:
                raise
            told.error = error
            told.report = error.report
        await settled()
        gives_back(client)
    assert not fails or told.error is not None, f"the run did not fail: {told.report}"
    told.outcomes = by_index(told.report.outcomes)
    judge(told, service, tasks, ids, complete=not fails, exact=exact, **options)
    return told


async def follow(run: Any, told: Told, until: Callable[[Told], bool] = lambda _: False) -> None:
    """Read outcomes until something is seen, or to the end."""
    async for outcomes in run:
        told.receive(outcomes)
        if until(told):
            return


def by_index(outcomes: Sequence[TaskOutcome]) -> dict[int, TaskOutcome]:
    """Outcomes by index, each index once."""
    told = {outcome.index: outcome for outcome in outcomes}
    assert len(told) == len(outcomes), "a task has two outcomes"
    return told


def judge(
    told: Told,
    service: ScriptedService,
    tasks: Any,
    ids: Sequence[str | None] | None,
    *,
    complete: bool,
    exact: bool,
    interrupted: bool = False,
    **options: Any,
) -> None:
    """Let the checker look at a run that has ended."""
    limits = {name: options[name] for name in ("max_requests", "max_body", "max_pending_bytes") if name in options}
    known = [id_of(task) for task in tasks] if ids is None else ids
    existed_ok = options.get("on_exists") == "ok"
    check(
        told, service, known, complete=complete, exact=exact, existed_ok=existed_ok, interrupted=interrupted, **limits
    )


@contextlib.contextmanager
def leaves_nothing() -> Generator[None]:
    """No asyncio task and no thread that began inside is there at the end."""
    tasks = asyncio.all_tasks()
    threads = set(threading.enumerate())
    yield
    left = asyncio.all_tasks() - tasks
    assert not left, f"still running: {left}"
    for thread in set(threading.enumerate()) - threads:
        # A worker of the loop's own executor stays, idle, until the loop ends.
        if not thread.name.startswith("asyncio_"):
            thread.join(2)
            assert not thread.is_alive(), f"still running: {thread}"


def gives_back(client: BatchClient) -> None:
    """Whoever had a place in the window, or waited for one, has it no more, where no run is left on the client."""
    parts: Any = client
    gate = parts._gate
    if not client.stats.runs:
        assert (gate.in_flight, len(gate._waiting), len(gate._returning)) == (0, 0, 0)


async def settled() -> None:
    """Let what has been cancelled end."""
    for _ in range(5):
        await asyncio.sleep(0)
