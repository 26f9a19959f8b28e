"""Every block of code in the README runs: here, or where its name is asked for.

Law: a block has a name, and a name has a test; the services are real.
"""

from __future__ import annotations

import ast
import asyncio
import os
import re
import shutil
import sys
from collections.abc import AsyncGenerator, Awaitable, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from readme import ROOT, TEXT, environment_of, example, ran, written
from scripted import ScriptedService, make_mappings

import batchio
from batchio import BatchClient, RetryPolicy, SharedKeyCredential, models
from batchio.emulator import Emulator

TESTS = ROOT / "tests"
BLOCKS: list[str] = re.findall(r"(?:<!-- ([^\n]+) -->\n)?```\w+\n.*?\n```\n", TEXT, re.DOTALL)
READERS = {"example", "defined", "ran", "written"}
"""What gives a test the code of a block; its name comes first."""


# Each block has a name, and each name a test.


def names_asked_for(source: str) -> Iterator[str]:
    """The blocks that a test reads."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in READERS:
            first = node.args[0]
            if isinstance(first, ast.Constant) and isinstance(first.value, str):
                yield first.value


def names_in_ci() -> list[str]:
    checks = ROOT / ".ci" / "run"
    if not checks.exists():
        pytest.skip("not in a clone")
    (loop,) = re.findall(r"^for name in (.+); do$", checks.read_text("utf-8"), re.MULTILINE)
    return str(loop).split()


def test_each_block_has_a_name_and_a_test() -> None:
    assert len(BLOCKS) == TEXT.count("\n```") // 2
    assert all(BLOCKS), "a block without <!-- name --> before it"
    assert len(BLOCKS) == len(set(BLOCKS))
    sources = [source for path in TESTS.rglob("*.py") if "from readme import" in (source := path.read_text("utf-8"))]
    tested = {name for source in sources for name in names_asked_for(source)}
    assert set(BLOCKS) <= tested | {*names_in_ci()}
    # None is left that once was there.
    assert set(re.findall(r"^<!-- (.+) -->$", TEXT, re.MULTILINE)) == set(BLOCKS)


def test_the_test_of_names_finds_them() -> None:
    assert sorted(names_asked_for('await ran("a.py", x=1)\nexample("b", {"c": "d"})\nother("e")\nran(name)')) == [
        "a.py",
        "b",
    ]


def anchor(heading: str) -> str:
    """What a heading is linked by."""
    return re.sub(r"[^\w -]", "", heading.lower()).replace(" ", "-")


def test_links_lead_somewhere() -> None:
    prose = re.sub(r"```.*?```", "", TEXT, flags=re.DOTALL)
    anchors = {anchor(heading) for heading in re.findall(r"^#+ (.+)$", prose, re.MULTILINE)}
    links = [link for link in re.findall(r"\]\(([^)]+)\)", prose) if not link.startswith("https://")]
    assert len(links) > 30
    assert not [link for link in links if link.startswith("#") and link[1:] not in anchors]
    assert not [link for link in links if not link.startswith("#") and not (ROOT / link).exists()]


# In front of the scripted service.


async def program(*words: str, folder: Path, environment: dict[str, str]) -> str:
    """What a program prints, once it has ended well."""
    process = await asyncio.create_subprocess_exec(
        *words,
        cwd=folder,
        env={**os.environ, **environment},
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    said, _ = await process.communicate()
    assert process.returncode == 0, said.decode()
    return said.decode()


async def test_the_first_example(service: ScriptedService, tmp_path: Path) -> None:
    written("main.py", tmp_path, {"1_000_000": "1_000"})
    said = await program(sys.executable, "main.py", folder=tmp_path, environment=environment_of(service))
    assert said == "1000 added\n"
    assert {f"frame-{number:06d}" for number in range(1_000)} == set(service.truth.adds)


async def test_it_goes_on(
    client: BatchClient, service: ScriptedService, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    first = await ran("again.py", client=client, tasks=make_mappings(300))
    second = await ran("again.py", client=client, tasks=make_mappings(500))
    assert (first["report"].added, first["report"].resumed) == (300, 0)
    assert (second["report"].added, second["report"].resumed) == (500, 300)
    assert len(service.history) == 5


async def test_outcomes(client: BatchClient, capsys: pytest.CaptureFixture[str]) -> None:
    names = await ran("outcomes.py", client=client, tasks=make_mappings(3))
    assert names["report"].added == 3
    *told, summary = capsys.readouterr().out.splitlines()
    assert [line.split(" ")[2] for line in told] == ["existed"] * 3
    assert summary == "3 existed (TaskExists 3)"


async def test_a_feed(client: BatchClient) -> None:
    assert (await ran("feed.py", client=client))["outcome"].state == "added"


# In front of the emulator.

ONCE = RetryPolicy(attempts=1)
STRANGER = SharedKeyCredential("somebody", "ZWxzZQ==")
COMMANDS = {"frame-1": f"echo {'x' * 2_000}", "frame-2": "/bin/sh -c 'echo oh; exit 3'"}


@asynccontextmanager
async def farm() -> AsyncGenerator[tuple[Emulator, BatchClient]]:
    """A pool whose nodes have started, and a job whose tasks have run."""
    async with (
        Emulator(nodes="simulate") as emulator,
        BatchClient(emulator.endpoint, emulator.credential) as client,
    ):
        start = models.StartTask(command_line="echo ready")
        await client.pools.create(
            models.PoolAddParameter(id="farm", vm_size="a", target_dedicated_nodes=2, start_task=start)
        )
        emulator.clock.advance(600)
        await client.jobs.create({"id": "render", "poolInfo": {"poolId": "farm"}})
        tasks = ({"id": name, "commandLine": line} for name, line in COMMANDS.items())
        await client.tasks.submit("render", tasks, terminate_when_complete=True)
        emulator.clock.advance(600)
        yield emulator, client


async def hurried(emulator: Emulator, work: Awaitable[dict[str, Any]]) -> dict[str, Any]:
    """Run with a clock that does not wait."""

    async def hurry() -> None:
        while True:
            emulator.clock.advance(60)
            await asyncio.sleep(0.02)

    hurrying = asyncio.create_task(hurry())
    try:
        return await work
    finally:
        hurrying.cancel()


async def test_what_failed(capsys: pytest.CaptureFixture[str]) -> None:
    async with farm() as (_, client):
        await ran("failed.py", job=None, client=client)
    assert [line.split(" ")[0] for line in capsys.readouterr().out.splitlines()] == ["frame-2"]


async def test_a_service_that_misbehaves() -> None:
    names = await ran("local.py", job=None, tasks=make_mappings(6_000))
    assert names["report"].added == 6_000


async def test_calls(capsys: pytest.CaptureFixture[str]) -> None:
    async with Emulator(nodes="simulate") as emulator, BatchClient(emulator.endpoint, emulator.credential) as client:
        await client.pools.create({"id": "farm", "vmSize": "a", "targetDedicatedNodes": 1})
        emulator.clock.advance(600)
        names = await ran("calls.py", job=None, client=client)
        assert capsys.readouterr().out == "1 None\n"
        emulator.clock.advance(600)
        (replacing,) = re.findall(r"`await (client\.jobs\.replace\([^`]+)`", TEXT)
        await eval(replacing, {**names, "batchio": batchio})  # noqa: S307 - our own README
        assert (await client.jobs.get("render")).priority == 100


async def test_filters() -> None:
    async with farm() as (_, client):
        names = await ran("filters.py", job=None, client=client)
    assert names["task"].id == "frame-2"


async def test_waiting() -> None:
    async with farm() as (emulator, client):
        names = await hurried(emulator, ran("waiting.py", job=None, client=client))
        assert [job async for job in client.jobs.list()] == []
    assert names["result"].task_counts.completed == 2
    assert names["job"].state == "completed"


async def test_files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    async with farm() as (_, client):
        node = await anext(aiter(client.nodes.list("farm", select="id")))
        names = await ran("files.py", {'"tvm-1"': repr(node.id)}, job=None, client=client)
    assert names["piece"] == b"x" * 1_000 + b"\n"
    assert (tmp_path / "stderr.txt").exists()


async def test_errors(capsys: pytest.CaptureFixture[str]) -> None:
    async with Emulator() as emulator, BatchClient(emulator.endpoint, emulator.credential) as client:
        await ran("errors.py", client=client, job=None)
    assert capsys.readouterr().out.startswith("404 JobNotFound The specified job does not exist")
    async with BatchClient("http://127.0.0.1:1", emulator.credential, retry=ONCE) as client:
        await ran("errors.py", client=client, job=None)
        assert capsys.readouterr().out == "certainly was not done\n"
    async with Emulator() as emulator, BatchClient(emulator.endpoint, STRANGER) as client:
        await ran("errors.py", client=client, job=None)
    assert "AuthenticationFailed" in capsys.readouterr().out


async def test_the_fixtures(tmp_path: Path) -> None:
    path = written("test_farm.py", tmp_path, job=None)
    (words,) = re.findall(r"`pytest (-p batchio.pytest_plugin [^`]+)`", TEXT)
    said = await program(
        *(sys.executable, "-m", "pytest", "-q", *words.split(), path.name),
        folder=tmp_path,
        environment={"PYTHONPATH": str(ROOT)},
    )
    assert "1 passed" in said


async def test_trusting() -> None:
    async with Emulator(https=True) as emulator:
        changes = {"    ...": "    job = [job async for job in client.jobs.list()]"}
        names = await ran("trusting.py", changes, job=None, emulator=emulator, BatchClient=BatchClient)
    assert names["job"] == []


async def test_trusting_in_node(tmp_path: Path) -> None:
    node = shutil.which("node")
    if node is None:
        pytest.skip("Node is not here")
    asking = """
    https.get(process.env.URL, { agent }, (answer) => console.log(answer.statusCode));
    """
    code = 'const fs = require("node:fs"), https = require("node:https");\n' + example("trusting.js", job=None) + asking
    async with Emulator(https=True) as emulator:
        environment = {"CERTIFICATE": str(emulator.certificate), "URL": f"{emulator.endpoint}/_emulator/health"}
        assert await program(node, "-e", code, folder=tmp_path, environment=environment) == "200\n"
