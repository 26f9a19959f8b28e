"""What an input hands out and then uses again: a task is what it was when it was handed out."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import pytest
from scripted import ScriptedService, drive, hang, make_ids, make_mappings
from scripted.resuming import Runs

from batchio import BatchClient


def one_list(count: int, size: int) -> Iterator[list[Any]]:
    """The usual buffer: filled, handed out, emptied, filled again."""
    buffer: list[Any] = []
    for task in make_mappings(count):
        buffer.append(task)
        if len(buffer) == size:
            yield buffer
            buffer.clear()
    if buffer:
        yield buffer


async def one_list_slowly(count: int, size: int) -> AsyncIterator[list[Any]]:
    for buffer in one_list(count, size):
        yield buffer
        await asyncio.sleep(0)


class Odd(dict[str, Any]):
    """A mapping of somebody's own, which makes something else of a name than what it holds."""

    def __getitem__(self, name: str) -> Any:
        return "other" if name == "id" else super().__getitem__(name)

    def get(self, name: str, default: Any = None) -> Any:
        return "yet another" if name == "id" else super().get(name, default)


@pytest.mark.parametrize("make", [one_list, one_list_slowly])
@pytest.mark.parametrize("size", [1, 7, 100, 250])
async def test_one_list_for_all(client: BatchClient, service: ScriptedService, make: Any, size: int) -> None:
    told = await drive(client, service, make(1_030, size), ids=make_ids(1_030))
    assert told.report.added == 1_030


async def test_lists_that_are_emptied_while_they_are_sent(client: BatchClient, service: ScriptedService) -> None:
    lists = [make_mappings(250, f"list-{number}") for number in range(8)]
    ids = [task["id"] for each in lists for task in each]
    service.fault = lambda record: hang() if record.number == 1 else None
    async with asyncio.timeout(20), client.tasks.submitting(service.job, lists, max_requests=1) as run:
        await service.until(lambda: bool(service.history))
        for each in lists:
            each.clear()
        service.fault = None
        service.release()
        told = {outcome.index: outcome.task_id async for outcomes in run for outcome in outcomes}
    assert told == {index: ids[index] for index in range(run.report.taken)}
    assert run.report.added == run.report.taken


@pytest.mark.parametrize("count", [3, 300])
async def test_the_id_is_the_one_that_is_sent(
    client: BatchClient, service: ScriptedService, tmp_path: Path, count: int
) -> None:
    runs = Runs(client=client, service=service, path=tmp_path / "journal")
    tasks = [Odd(task) for task in make_mappings(count)]
    await runs.run(tasks, until=lambda runs: bool(runs.told), max_requests=1)
    await runs.run(tasks)
    assert runs.error is None
    runs.check(make_ids(count))
    assert not set(service.truth.adds) ^ set(make_ids(count))
