"""A fault of ours, wherever it is: the run ends, says so, and every task taken has its outcome."""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from unittest.mock import Mock

import pytest
from scripted import ScriptedService, Told, follow, hang, settled
from scripted.driving import gives_back

from batchio import BatchClient, ConfigurationError, SubmissionError
from batchio.bulk import journal_file


class FaultError(Exception):
    """What only a fault of ours would raise."""


def count_for_ever() -> Iterator[dict[str, str]]:
    """An input without an end."""
    return ({"id": f"task-{number}", "commandLine": "run"} for number in itertools.count())


def fail(*_: Any, **__: Any) -> Any:
    raise FaultError("of ours")


def _break(engine: Any, where: str) -> None:
    if where == "dispatcher":
        engine.backlog.wake_retries = fail
    elif where == "request":
        engine.backlog.packer.size_limit.accept = fail
    elif where == "ticker":
        engine.meter.tick = fail
    else:
        engine._recorder._file.sync = fail


@pytest.mark.parametrize(
    ("where", "journalled"),
    [
        ("dispatcher", False),
        ("dispatcher", True),
        ("request", False),
        ("request", True),
        ("ticker", False),
        ("journal", True),
    ],
)
async def test_a_fault_ends_the_run(
    client: BatchClient, service: ScriptedService, tmp_path: Path, where: str, *, journalled: bool
) -> None:
    path, told = tmp_path / "journal", Told()
    options: dict[str, Any] = {"journal": path} if journalled else {}

    async def submit() -> None:
        async with client.tasks.submitting(service.job, count_for_ever(), max_requests=2, **options) as run:
            submission: Any = run
            _break(submission._engine, where)
            await follow(run, told)

    async with asyncio.timeout(20):
        with pytest.raises(
            SubmissionError, match=r"^the submission stopped: (FaultError|journal .*): of ours; "
        ) as caught:
            await submit()
    report, causes = caught.value.report, [caught.value.__cause__, getattr(caught.value.__cause__, "__cause__", None)]
    assert any(isinstance(cause, FaultError) for cause in causes)
    assert report.taken == len(told.outcomes) == sum(map(len, map(told.states, ("added", "unknown", "not_sent"))))
    await settled()
    gives_back(client)
    if where == "request":
        # Answered, and nobody has looked at the answer: whether the tasks were added is open.
        assert told.states("added") == []
        if journalled:
            assert journal_file.read(str(path)).is_open


async def test_no_thread_is_to_be_had_for_the_journal(
    client: BatchClient, service: ScriptedService, tmp_path: Path
) -> None:
    """The machine has no more threads, or the loop has let go of its own: the run ends, and says why."""

    async def submit() -> None:
        async with client.tasks.submitting(service.job, count_for_ever(), journal=tmp_path / "journal") as run:
            submission: Any = run
            submission._engine._recorder._loop = Mock(
                wraps=asyncio.get_running_loop(),
                run_in_executor=Mock(side_effect=RuntimeError("can't start new thread")),
            )
            await follow(run, Told())

    async with asyncio.timeout(20):
        with pytest.raises(SubmissionError, match=r"journal .*: can't start new thread"):
            await submit()
    await settled()
    gives_back(client)


async def test_whoever_waits_for_a_feed_that_a_fault_ends_is_told(
    client: BatchClient, service: ScriptedService
) -> None:
    """Even where the fault is so deep that tasks have no outcome."""
    service.fault = lambda _: hang()
    feed = client.tasks.feed(service.job, linger=0.0)
    await feed.__aenter__()
    parts: Any = feed
    waiting = asyncio.create_task(feed.add({"id": "task-0", "commandLine": "run"}))
    await service.until(lambda: len(service.history) == 1)
    parts._engine._settle_rest = fail
    parts._engine.abort(RuntimeError("stopped"))
    async with asyncio.timeout(20):
        with pytest.raises(SubmissionError, match="ended before this task had an outcome") as caught:
            await waiting
        assert isinstance(caught.value.__cause__, RuntimeError | FaultError)
        assert caught.value.report.taken == 1
        with pytest.raises((SubmissionError, FaultError)):
            await feed.close()
    await settled()


@pytest.mark.parametrize("value", [7, None, "task", b"{}", {"id": "task"}])
async def test_what_a_feed_does_not_take_for_tasks(client: BatchClient, service: ScriptedService, value: Any) -> None:
    async with client.tasks.feed(service.job) as feed:
        with pytest.raises(
            ConfigurationError, match=f"^tasks: an iterable of tasks is needed, not {type(value).__name__}$"
        ):
            await feed.add_all(value)
        with pytest.raises(ConfigurationError, match=r"^timeout: "):
            await feed.close(timeout=-1.0)
