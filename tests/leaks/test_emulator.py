"""The local service has to keep the secrets that it is given, and shows them to nobody who does not ask for them."""

from __future__ import annotations

import asyncio
import json
import logging
import os
import stat
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from batchio import BatchClient, BatchioError, models, replace
from batchio.emulator import Emulator

from .conftest import Ear
from .marks import check, leaks, mark, sas, shown_by
from .planting import POOL, TASK, planted

TASKS = [
    models.TaskAddParameter(
        id=f"t-{number}",
        command_line=f"get '{sas('command')}'",
        resource_files=[models.ResourceFile(http_url=sas("http"), file_path="f")],
        environment_settings=TASK.environment_settings,
        output_files=TASK.output_files,
    )
    for number in range(5)
]
USER = planted(models.ComputeNodeUser)
CERTIFICATE = models.Certificate(
    thumbprint="ab" * 20, thumbprint_algorithm="sha1", data=mark("data"), password=mark("password")
)
SIMPLE = models.PoolAddParameter(
    id="p",
    vm_size="a",
    target_dedicated_nodes=1,
    user_accounts=POOL.user_accounts,
    start_task=models.StartTask(command_line=f"get {sas('start')}", environment_settings=TASKS[0].environment_settings),
)


@pytest.fixture(params=[None, "state.db"])
async def emulator(request: pytest.FixtureRequest, tmp_path: Path, ear: Ear) -> AsyncIterator[Emulator]:
    """A service that logs whatever it can, in memory and with a file."""
    asyncio.get_running_loop().set_debug(True)
    logging.getLogger("batchio.emulator").setLevel(logging.DEBUG)
    db = None if request.param is None else tmp_path / request.param
    async with Emulator(db=db, nodes="simulate") as emulator:
        yield emulator
        check(repr(emulator) + repr(vars(emulator)), "emulator")
    assert ear.loggers


BAD: dict[str, Callable[[BatchClient], Any]] = {
    "a pool that is there": lambda client: client.pools.create(SIMPLE),
    "a pool of all kinds": lambda client: client.pools.create(replace(POOL, id="q")),
    "a task of a job that is not there": lambda client: client.tasks.create("k", TASKS[0]),
    "a user of a node that is not there": lambda client: client.nodes.create_user("p", "n", USER),
    "a certificate that is none": lambda client: client.certificates.create(CERTIFICATE),
    "a filter that is none": lambda client: client.jobs.list(filter=f"id eq '{sas('filter')}").by_page().__anext__(),
    "a value that does not fit": lambda client: client.request(
        "POST", "/jobs/j/tasks", json={"id": "x", "commandLine": "x", "resourceFiles": [{"httpUrl": [sas("http")]}]}
    ),
    "a secret that does not fit": lambda client: client.request(
        "POST", "/pools", json={"id": "x", "vmSize": "a", "userAccounts": [{"name": "n", "password": [mark("list")]}]}
    ),
    "no path of the API": lambda client: client.request("GET", "/x", query={"sig": mark("query")}),
}


async def test_what_it_shows(emulator: Emulator) -> None:
    async with BatchClient(emulator.endpoint, emulator.credential) as client:
        await client.pools.create(SIMPLE)
        await client.jobs.create({"id": "j", "poolInfo": {"poolId": "p"}})
        report = await client.tasks.submit("j", TASKS)
        assert report.added == len(TASKS), [str(failure.error) for failure in report.failures]
        for where, call in BAD.items():
            try:
                check(repr(await call(client)), where)
            except BatchioError as error:
                check(str(error) + repr(error), where)
        emulator.clock.advance(30)
        # What was sent to be used comes back; a password never does.
        pool = await client.pools.get("p")
        assert pool.user_accounts is not None
        assert pool.user_accounts[0].password is None
        task = await client.tasks.get("j", "t-0")
        assert task.environment_settings == TASKS[0].environment_settings
        check(repr(pool) + repr(task), "what was read")
    check(repr(list(emulator.requests)), "requests")
    async with aiohttp.ClientSession(emulator.endpoint) as session:
        for name in ("health", "clock", "holds", "faults", "requests", "counters", "applications", "nothing"):
            async with session.get(f"/_emulator/{name}") as answer:
                check(await answer.read() + repr(answer.headers).encode(), name)


def modes_of(folder: Path) -> dict[str, int]:
    return {path.name: stat.S_IMODE(path.stat().st_mode) for path in folder.iterdir()}


def content_of(folder: Path) -> bytes:
    return b"".join(path.read_bytes() for path in folder.iterdir() if path.is_file())


@pytest.mark.skipif(os.name != "posix", reason="no modes here")
@pytest.mark.parametrize("before", [None, 0o644, 0o666])
async def test_the_file_is_for_its_owner_alone(tmp_path: Path, before: int | None) -> None:
    db = tmp_path / "state.db"
    if before is not None:
        async with Emulator(db=db):
            pass
        db.chmod(before)
    umask = os.umask(0)  # what is new would be for everybody
    try:
        async with Emulator(db=db, nodes="process" if before is None else "none") as emulator:
            async with BatchClient(emulator.endpoint, emulator.credential) as client:
                await client.pools.create(SIMPLE)
            modes = modes_of(tmp_path)
            assert leaks(content_of(tmp_path))
    finally:
        os.umask(umask)
    assert modes.pop("state.db") == 0o600
    assert all(mode & 0o077 == 0 for mode in modes.values()), modes


async def test_a_defect_of_its_own(emulator: Emulator, monkeypatch: pytest.MonkeyPatch, ear: Ear) -> None:
    monkeypatch.setattr("batchio.emulator.front.perform", lambda call, _: json.loads(call.body))
    async with BatchClient(emulator.endpoint, emulator.credential) as client:
        with pytest.raises(BatchioError) as caught:
            await client.pools.create(SIMPLE)
    check(shown_by(caught.value), "error")
    # The log tells where it failed, and not with what.
    assert any("failed inside the emulator" in line for line in ear.said)
