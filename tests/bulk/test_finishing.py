"""Ending what was begun, while somebody cancels again and again."""

from __future__ import annotations

import asyncio
import time
from pathlib import Path

import anyio
import pytest

from batchio.bulk.finishing import finish
from batchio.session.saving import PartFile

TURNS = 100


async def _work(done: list[int]) -> None:
    for turn in range(TURNS):
        await asyncio.sleep(0)
        done.append(turn)


async def test_a_scope_of_anyio_waits_for_the_end() -> None:
    task, done, times = asyncio.current_task(), list[int](), 0
    assert task is not None
    with anyio.CancelScope() as scope:
        scope.cancel()
        try:
            await finish(_work(done))
        finally:
            times = task.cancelling()
        await asyncio.sleep(0)
    assert scope.cancelled_caught
    assert len(done) == TURNS
    # Woken for nothing at every turn, it would take all of the processor that the end itself needs.
    assert times <= 1


async def test_a_scope_of_anyio_waits_for_the_disk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    task, path, times = asyncio.current_task(), tmp_path / "file", 0
    assert task is not None
    async with PartFile(path) as part:
        await part.write(b"content")
        rename = Path.replace

        def slow_rename(path: Path, target: Path) -> Path:
            # Long enough for some turns of the loop, however fast the disk is.
            time.sleep(0.02)
            return rename(path, target)

        monkeypatch.setattr(Path, "replace", slow_rename)
        with anyio.CancelScope() as scope:
            scope.cancel()
            try:
                await part.keep()
            finally:
                times = task.cancelling()
            await asyncio.sleep(0)
        assert scope.cancelled_caught
    assert path.read_bytes() == b"content"
    assert times <= 1


async def test_a_task_that_is_cancelled_waits_for_the_end() -> None:
    done = list[int]()
    task = asyncio.create_task(finish(_work(done)))
    for _ in range(3):
        await asyncio.sleep(0)
        task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert len(done) == TURNS
