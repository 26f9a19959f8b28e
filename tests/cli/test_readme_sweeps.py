"""The README's section on sweeps and shards, as it stands there: its files, its commands, its Python."""

from __future__ import annotations

import asyncio
import json
import shlex
from pathlib import Path

import pytest
from readme import example, ran

from batchio import BatchClient
from batchio.emulator import Emulator

from .conftest import environment, run

JOB = {"poolInfo": {"poolId": "farm"}}


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / "task.json").write_text(example("task.json", job=None))
    (tmp_path / "shots.csv").write_text(example("shots.csv", job=None))
    (tmp_path / "job.json").write_text(json.dumps(JOB))
    monkeypatch.chdir(tmp_path)
    return tmp_path


async def ids(client: BatchClient, job: str) -> list[str]:
    return sorted([str(task.id) async for task in client.tasks.list(job)])


@pytest.mark.usefixtures("folder")
async def test_the_commands() -> None:
    async with Emulator() as emulator, BatchClient(emulator.endpoint, emulator.credential) as client:
        account = environment(
            AZURE_BATCH_ENDPOINT=emulator.endpoint,
            AZURE_BATCH_ACCOUNT=emulator.credential.account,
            AZURE_BATCH_ACCESS_KEY=emulator.credential.key,
        )
        for line in example("sweeps", job=None).splitlines():
            words = shlex.split(line, comments=True)
            assert words[0] == "batchio"
            done = await asyncio.to_thread(run, *words[1:], environment=account)
            assert done.code == 0, (line, done.err)
            if "--dry-run" in words:
                assert done.out.startswith('first {"id":"a-000001"')
                assert "3,000 good tasks" in done.out
        for job, count in {"render": 3_000, "steps": 5, "split": 2_000}.items():
            assert len(set(await ids(client, job))) == count
        assert await ids(client, "shots") == ["shot-1-a", "shot-12-b"]
        assert (await client.jobs.get("render")).on_all_tasks_complete == "terminatejob"
        task = await client.tasks.get("render", "c-000042")
        assert task.command_line is not None
        assert task.command_line.endswith("> ${AZ_BATCH_TASK_DIR}/000042.log'")


@pytest.mark.usefixtures("folder")
async def test_the_python(capsys: pytest.CaptureFixture[str]) -> None:
    async with Emulator() as emulator, BatchClient(emulator.endpoint, emulator.credential) as client:
        for job in ("render", "shots", "split"):
            await client.jobs.create({"id": job, **JOB})
        await ran("sweeps.py", job=None, client=client)
        assert capsys.readouterr().out == "3000 a-000001 c-001000\nTrue\n"
        assert len(await ids(client, "split")) == 1_000
        assert await ids(client, "shots") == ["a-000001", "b-000012"]
