"""A whole job of real processes, and a service that is killed while one runs."""

from __future__ import annotations

import os
import signal
import subprocess
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web

from batchio import BatchClient
from batchio.emulator import Emulator
from batchio.emulator.processes.foreman import start_time
from batchio.emulator.processes.roots import RECORDS, Root, kill_leftovers

from .process_farm import SECONDS, TREE, Farm, alive, are_gone, script, started


def job_of_200_tasks(url: str) -> list[dict[str, Any]]:
    """Frames that depend on their scenes, some of which need another try, and a film that depends on all of them."""
    satisfied = {"exitCodes": [{"code": 7, "exitOptions": {"dependencyAction": "satisfy"}}]}
    scene = script("test -e tried || { touch tried; exit 1; }; cat in.txt > $AZ_BATCH_NODE_SHARED_DIR/$NUMBER; exit 7")
    frame = script('read scene < $AZ_BATCH_NODE_SHARED_DIR/$SCENE; echo "$scene of $LOOK, frame $AZ_BATCH_TASK_ID"')
    scenes = [
        {
            "id": f"scene-{number}",
            "commandLine": scene,
            "environmentSettings": [{"name": "NUMBER", "value": str(number)}],
            "resourceFiles": [{"httpUrl": f"{url}/scene-{number}", "filePath": "in.txt"}],
            "constraints": {"maxTaskRetryCount": 1},
            "exitConditions": satisfied,
        }
        for number in range(19)
    ]
    frames = [
        {
            "id": str(number),
            "commandLine": frame,
            "environmentSettings": [{"name": "SCENE", "value": str(number % 19)}],
            "dependsOn": {"taskIds": [f"scene-{number % 19}"]},
        }
        for number in range(180)
    ]
    film = {
        "id": "film",
        "commandLine": script("cat ../../*/stdout.txt | wc -l"),
        "dependsOn": {"taskIdRanges": [{"start": 0, "end": 179}]},
    }
    return [film, *frames, *scenes]


async def test_a_job_of_200_tasks(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))

    async def answer(request: web.BaseRequest) -> web.StreamResponse:
        return web.Response(text=f"{request.path[1:]}\n")

    runner = web.ServerRunner(web.Server(answer))
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    tasks = job_of_200_tasks(f"http://127.0.0.1:{runner.addresses[0][1]}")
    async with Emulator(nodes="process") as emulator, BatchClient(emulator.endpoint, emulator.credential) as client:
        farm = Farm(emulator, client)
        await farm.pool(taskSlotsPerNode=4)
        released = tmp_path / "released"
        await farm.job(
            usesTaskDependencies=True,
            commonEnvironmentSettings=[{"name": "LOOK", "value": "dusk"}],
            jobPreparationTask={"commandLine": script("echo ready > ready")},
            jobReleaseTask={"commandLine": script(f"cat $AZ_BATCH_JOB_PREP_WORKING_DIR/ready > {released}")},
        )
        await client.tasks.submit("job", tasks, terminate_when_complete=True)
        await client.jobs.wait("job", until="completed", deadline=60)
        counts = (await client.jobs.get_task_counts("job")).task_counts
        assert counts is not None
        assert (len(tasks), counts.succeeded, counts.failed) == (200, 181, 19)
        assert [await farm.read(id=str(n)) for n in (0, 100)] == [
            "scene-0 of dusk, frame 0\n",
            "scene-5 of dusk, frame 100\n",
        ]
        assert int(await farm.read(id="film")) == 180
        scene = (await farm.task("scene-3"))[1]
        assert (scene.retry_count, scene.exit_code) == (1, 7)
        assert await farm.read("wd/in.txt", "scene-3") == "scene-3\n"
        assert released.read_bytes() == b"ready\n"
    await runner.cleanup()


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder for temporary files, of this process and of those that it starts."""
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    return tmp_path


def roots_in(folder: Path) -> list[Path]:
    return [path for path in folder.glob("batchio-nodes-*/*") if path.is_dir()]


async def running(client: BatchClient) -> list[str]:
    """Have a tree of processes run; gives their numbers, the foreman's last."""
    farm = Farm(None, client)
    await client.pools.create({"id": "farm", "vmSize": "a", "targetDedicatedNodes": 1})
    await farm.job()
    await farm.add(TREE.replace("echo $$ $!", "echo $$ $! $PPID"))
    await farm.is_state("running")
    return (await farm.lines(1))[0].split()


SLOW = [pytest.param(number, marks=pytest.mark.slow) for number in (signal.SIGINT, signal.SIGTERM)]


@pytest.mark.parametrize("number", [signal.SIGKILL, *SLOW])
async def test_nothing_outlives_the_service(folder: Path, number: signal.Signals) -> None:
    process, client = started(folder)
    async with client:
        pids = await running(client)
        assert all(alive(int(pid)) for pid in pids)
        process.send_signal(number)
        process.communicate(timeout=SECONDS)
        await are_gone(*pids)
    # Who is killed cannot clear away; the next one does.
    assert len(roots_in(folder)) == (number == signal.SIGKILL)
    Root.claim().close()
    assert not roots_in(folder)


async def test_the_next_start_kills_what_is_left(folder: Path) -> None:
    process, client = started(folder)
    async with client:
        leader, child, foreman = await running(client)
        # Service and foreman die at once, and nobody is there to kill the others.
        os.kill(int(foreman), signal.SIGSTOP)
        process.kill()
        os.kill(int(foreman), signal.SIGKILL)
        process.communicate(timeout=SECONDS)
    assert alive(int(leader))
    assert alive(int(child))
    Root.claim().close()
    await are_gone(leader, child)
    assert not roots_in(folder)


def test_only_what_was_ours_is_killed(tmp_path: Path) -> None:
    sleeper = subprocess.Popen(["sleep", "1000"], start_new_session=True)  # noqa: S607 - the system's sleep
    try:
        record = tmp_path / RECORDS / str(sleeper.pid)
        record.parent.mkdir()
        # Another process that only has the number.
        record.write_text(f"{start_time(sleeper.pid)}0")
        kill_leftovers(tmp_path)
        assert sleeper.poll() is None
        assert not record.exists()
        record.write_text(str(start_time(sleeper.pid)))
        kill_leftovers(tmp_path)
        assert sleeper.wait(SECONDS) == -signal.SIGKILL
    finally:
        sleeper.kill()
