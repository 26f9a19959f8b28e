"""Callers of a feed, each with its own task, and the checker over what they were told together.

Law: a caller asserts by itself that the outcome is its own; nobody may be left waiting.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any

from batchio import Feed, SubmissionError, TaskOutcome

from .checker import check
from .driving import WITHIN, Told, by_index, id_of

if TYPE_CHECKING:
    from .service import ScriptedService


async def add(feed: Feed, task: Any) -> TaskOutcome:
    """Add one task; the outcome must be of this one."""
    outcome = await feed.add(task)
    assert outcome.task_id == id_of(task), f"{outcome} was told to the caller with {task}"
    return outcome


async def add_each(feed: Feed, tasks: Iterable[Any]) -> list[TaskOutcome]:
    """Add tasks, each by a caller of its own, all at once."""
    async with asyncio.timeout(WITHIN):
        return list(await asyncio.gather(*(add(feed, task) for task in tasks)))


async def add_together(feed: Feed, tasks: Sequence[Any]) -> list[TaskOutcome]:
    """Add tasks by one call; the outcomes must be in their order."""
    async with asyncio.timeout(WITHIN):
        outcomes = await feed.add_all(tasks)
    assert [outcome.task_id for outcome in outcomes] == [id_of(task) for task in tasks]
    return outcomes


def start(feed: Feed, tasks: Iterable[Any]) -> list[asyncio.Task[TaskOutcome]]:
    """Callers in tasks of their own, one for each task."""
    return [asyncio.create_task(add(feed, task)) for task in tasks]


async def told_by(callers: Iterable[asyncio.Task[TaskOutcome]]) -> list[TaskOutcome | SubmissionError]:
    """What the callers were told: outcomes, or errors that say that the feed takes no more."""
    async with asyncio.timeout(WITHIN):
        told = await asyncio.gather(*callers, return_exceptions=True)
    for each in told:
        assert isinstance(each, TaskOutcome | SubmissionError), repr(each)
    return [each for each in told if isinstance(each, TaskOutcome | SubmissionError)]


def judge_feed(service: ScriptedService, feed: Feed, outcomes: Iterable[TaskOutcome], **settings: Any) -> Told:
    """Let the checker look at a feed that has ended; `outcomes`: what all its callers were told."""
    told = Told(outcomes=by_index(list(outcomes)), report=feed.report)
    ids = [told.outcomes[index].task_id for index in sorted(told.outcomes)]
    check(told, service, ids, **settings)
    assert feed.pending == feed.waiting == 0
    return told
