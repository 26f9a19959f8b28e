"""The README's programs as processes, and SIGTERM and kill -9 while they work: nothing that was accepted is lost."""

from __future__ import annotations

import asyncio
import json
import shlex
import signal
import sys
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager, suppress
from functools import partial
from itertools import count
from pathlib import Path

import aiohttp
import pytest
from readme import example, written
from scripted import ScriptedService, fail, hang, item_error, make_ids

from .servers import Process, program

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="signals are POSIX")

METHODS = {"film.py": "PUT", "backend.py": "POST"}


@asynccontextmanager
async def backend(
    name: str, service: ScriptedService, folder: Path, seconds: int = 10
) -> AsyncGenerator[tuple[Process, str]]:
    """A backend started as the README says, and its address; `seconds`: in place of the README's limits."""
    closing = {"timeout=10)": f"timeout={seconds})"}
    if name == "film.py":
        pytest.importorskip("fastapi")
        written(name, folder, closing)
        command = example("serve", {"shutdown 10": f"shutdown {seconds}"}, job=None)
        words = ["-m", *shlex.split(command), "--port", "0"]
    else:
        words = [name]
        # Not `port=0`: aiohttp 3.12 prints that number, not the port that it got.
        listening = "__import__('socket').create_server(('127.0.0.1', 0))"
        limits = {f"shutdown_timeout={seconds}": f"shutdown_timeout={seconds}, sock={listening}"}
        written(name, folder, closing | limits)
    async with program(service, folder, *words) as process:
        found = await process.line(r"unning on (http://127\.0\.0\.1:\d+)")
        yield process, found[1]


@pytest.mark.parametrize("name", METHODS)
async def test_sigterm_under_load(
    name: str, web: aiohttp.ClientSession, service: ScriptedService, tmp_path: Path
) -> None:
    """Whatever was answered with 2xx is at the service, once; whoever was being served has an answer."""
    service.latency = 0.02
    numbers, accepted, unanswered = count(), list[int](), list[int]()
    async with backend(name, service, tmp_path) as (process, root):

        async def ask() -> None:
            while True:
                number = next(numbers)
                try:
                    async with web.request(METHODS[name], f"{root}/frames/{number}") as answer:
                        assert answer.status == 201
                        accepted.append(number)
                except aiohttp.ClientError:
                    unanswered.append(number)
                    return

        asking = [asyncio.create_task(ask()) for _ in range(50)]
        await service.until(lambda: service.processed > 500)
        process.send(signal.SIGTERM)
        await asyncio.gather(*asking)
        # Uvicorn ends by the signal that it got.
        assert await process.ended() in {0, -signal.SIGTERM}, process.lines
    assert len(accepted) > 400
    added = {int(task_id.removeprefix("frame-")) for task_id in service.truth.adds}
    assert set(accepted) <= added <= {*accepted, *unanswered}
    assert set(service.truth.adds.values()) == {1}
    assert not any("Traceback" in line for line in process.lines)


@pytest.mark.parametrize("name", METHODS)
async def test_a_service_that_does_not_answer_does_not_keep_it(
    name: str, web: aiohttp.ClientSession, service: ScriptedService, tmp_path: Path
) -> None:
    service.fault = lambda _: hang()
    async with backend(name, service, tmp_path, seconds=1) as (process, root):

        async def ask(number: int) -> int | None:
            try:
                async with web.request(METHODS[name], f"{root}/frames/{number}") as answer:
                    return answer.status
            except aiohttp.ClientError:
                return None

        async def watch(url: str) -> None:
            async with web.get(url) as answer:
                assert answer.status == 200
                with suppress(aiohttp.ClientError):
                    await answer.read()

        asking = [asyncio.create_task(ask(number)) for number in range(20)]
        if name == "film.py":
            await web.put(f"{root}/films/1?frames=1000")
            # A stream that would go on as long as the film does.
            asking.append(asyncio.create_task(watch(f"{root}/films/1/progress")))
        await service.until(lambda: len(service.history) > (name == "film.py"))
        process.send(signal.SIGTERM)
        answers = await asyncio.gather(*asking)
        # One try of a request may take a minute.
        async with asyncio.timeout(10):
            await process.ended()
    assert not any(status is not None and status < 300 for status in answers)


def inbox(folder: Path, *files: int) -> Path:
    """A folder with the program and a folder with files of so many tasks."""
    written("inbox.py", folder)
    box = folder / "box"
    box.mkdir()
    for number, size in enumerate(files):
        tasks = ({"id": f"file{number}-{task}", "commandLine": "run"} for task in range(size))
        (box / f"file{number}.jsonl").write_text("".join(json.dumps(task) + "\n" for task in tasks))
    return box


async def test_a_service_goes_on_after_stops_and_kills(service: ScriptedService, tmp_path: Path) -> None:
    service.latency = 0.02
    service.items = lambda task_id, _: item_error() if task_id == "file0-7" else None
    box = inbox(tmp_path, 30_000, 100)
    for number in (signal.SIGTERM, signal.SIGKILL):
        enough = partial(lambda seen: service.processed > seen + 2_000, service.processed)
        async with program(service, tmp_path, "inbox.py", "box") as process:
            await service.until(enough)
            process.send(number)
            assert await process.ended() == (0 if number == signal.SIGTERM else -signal.SIGKILL), process.lines
            assert not any("Traceback" in line for line in process.lines)
    assert len(service.truth.adds) < 29_999
    async with program(service, tmp_path, "inbox.py", "box") as process:
        assert (await process.line(r"file0\S* (.*)"))[1] == "29999 added, 1 rejected (InvalidPropertyValue 1)"
        assert (await process.line(r"file1\S* (.*)"))[1] == "100 added"
        process.send(signal.SIGTERM)
        assert await process.ended() == 0
    assert sorted(file.name for file in box.glob("*.done")) == ["file0.done", "file1.done"]
    assert not list(box.glob("*.jsonl"))
    assert sorted(service.truth.adds) == sorted({*make_ids(30_000, "file0"), *make_ids(100, "file1")} - {"file0-7"})
    assert set(service.truth.adds.values()) == {1}


async def test_a_service_tries_again_what_could_not_be_sent(service: ScriptedService, tmp_path: Path) -> None:
    box = inbox(tmp_path, 250)
    written("inbox.py", tmp_path, {"timeout(5)": "timeout(0.05)"})
    service.job_error = (409, "JobDisabled")
    async with program(service, tmp_path, "inbox.py", "box") as process:
        assert "JobDisabled" in (await process.line(r"file0\S* (.*)"))[1]
        service.job_error = None
        await process.line(r"file0\S* 250 added")
        process.send(signal.SIGTERM)
        assert await process.ended() == 0
    assert [file.name for file in box.glob("*.done")] == ["file0.done"]


async def test_a_script_says_how_it_went(service: ScriptedService, tmp_path: Path) -> None:
    written("frames.py", tmp_path)
    service.latency = 0.02
    service.items = lambda task_id, _: item_error() if task_id == "frame-000007" else None
    async with program(service, tmp_path, "frames.py", "20000") as process:
        await service.until(lambda: service.processed > 2_000)
        service.fault = lambda _: fail(404, "JobNotFound")
        assert await process.ended() == 1
    assert process.lines[-1] == "Run it again: it goes on where it stopped.\n"
    assert "the submission stopped: Tasks_CreateTaskCollection: 404 JobNotFound" in process.lines[-2]
    service.fault = None
    async with program(service, tmp_path, "frames.py", "20000") as process:
        assert await process.ended() == 1
    assert process.lines[-1] == "19999 added, 1 rejected (InvalidPropertyValue 1)\n"
    assert "tasks, " in process.lines[0]
    assert len(service.truth.adds) == 19_999
    assert set(service.truth.adds.values()) == {1}
