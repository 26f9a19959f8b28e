"""Files that change while they are read: their owner knows nothing of who reads them."""

from __future__ import annotations

import asyncio
import errno
import os
from collections.abc import AsyncIterator, Callable
from contextlib import suppress
from pathlib import Path

import aiohttp
import pytest
import pytest_asyncio

from batchio.emulator import Emulator
from batchio.emulator.processes import real_files
from batchio.emulator.processes.real_files import RealTree

from .conftest import standing_clock
from .wire import VERSION, Wire

SIZE = 50_000_000
"""More than fits into the buffers between the disk and a client."""


@pytest.fixture
def tree(tmp_path: Path) -> RealTree:
    (tmp_path / "task").mkdir()
    return RealTree(tmp_path, ("task",))


@pytest_asyncio.fixture
async def served(tree: RealTree, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Wire]:
    """The tree as the files of `/jobs/job/tasks/t`."""
    monkeypatch.setattr("batchio.emulator.files.task_tree", lambda *_: tree)
    async with Emulator(auth="loose", clock=standing_clock()) as emulator, aiohttp.ClientSession() as session:
        wire = Wire(emulator, session)
        await wire.job()
        await wire.add("job", "t")
        yield wire


def big(folder: Path) -> Path:
    """A file that takes no room."""
    path = folder / "task" / "big"
    with path.open("wb") as file:
        file.truncate(SIZE)
    return path


def replace(path: Path) -> None:
    path.unlink()
    path.symlink_to("/etc/passwd")


async def test_an_answer_that_cannot_be_ended_breaks_off(served: Wire, tmp_path: Path) -> None:
    """On a connection that stayed open the next answer would be taken for the rest of the file."""
    path = big(tmp_path)
    reader, writer = await asyncio.open_connection("127.0.0.1", int(served.emulator.endpoint.rpartition(":")[2]))
    request = f"GET %s?api-version={VERSION} HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer x\r\n\r\n"
    writer.write((request % "/jobs/job/tasks/t/files/big").encode())
    head = await reader.readuntil(b"\r\n\r\n")
    assert f"Content-Length: {SIZE}\r\n".encode() in head
    os.truncate(path, 1000)
    writer.write((request % "/jobs/job").encode())
    rest = await asyncio.wait_for(reader.read(SIZE), 10)
    while more := await asyncio.wait_for(reader.read(SIZE), 10):
        rest += more
    assert len(rest) < SIZE
    assert not rest.strip(b"\0")
    writer.close()
    with suppress(ConnectionError):
        await writer.wait_closed()


@pytest.mark.parametrize("spoil", [Path.unlink, replace, lambda path: os.truncate(path, 10)])
async def test_what_goes_away_before_it_is_read(tree: RealTree, tmp_path: Path, spoil: Callable[[Path], None]) -> None:
    path = big(tmp_path)
    file = tree.find("big")
    assert file is not None
    pieces = tree.content(file, 0, SIZE - 1)
    spoil(path)
    with pytest.raises(ConnectionError):
        assert sum([len(piece) async for piece in pieces]) < SIZE


@pytest.mark.parametrize("becomes", [os.mkfifo, lambda path: path.symlink_to("/"), Path.touch, lambda _: None])
async def test_what_goes_away_before_it_is_deleted(
    served: Wire, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, becomes: Callable[[Path], None]
) -> None:
    folder = tmp_path / "task" / "folder"
    folder.mkdir()
    (folder / "file").touch()
    found = RealTree.find

    def find(self: RealTree, path: str) -> object:
        file = found(self, path)
        (folder / "file").unlink()
        folder.rmdir()
        becomes(folder)
        return file

    monkeypatch.setattr(RealTree, "find", find)
    assert (await served.call("DELETE", "/jobs/job/tasks/t/files/folder/file")).status == 200


async def test_what_the_system_does_not_delete(served: Wire, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "task" / "file").touch()

    def refuse(*_: object) -> None:
        raise PermissionError(errno.EPERM, "Operation not permitted")

    monkeypatch.setattr(real_files, "remove_at", refuse)
    reply = await served.call("DELETE", "/jobs/job/tasks/t/files/file")
    assert (reply.status, reply.code) == (409, "OperationInvalidForCurrentState")
    assert reply.values["Reason"] == "Operation not permitted"
    assert (tmp_path / "task" / "file").exists()


@pytest.mark.parametrize("seconds", [10**12, -(10**12), 2**62])
async def test_a_time_that_no_header_can_tell(
    served: Wire, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, seconds: int
) -> None:
    """Some file systems keep any time, others the nearest that they can."""
    (tmp_path / "task" / "old").touch()
    told = os.stat(tmp_path / "task" / "old")  # noqa: PTH116 - over in no time
    values = [getattr(told, name) for name in ("st_mode", "st_ino", "st_dev", "st_nlink", "st_uid", "st_gid")]
    old = os.stat_result([*values, 0, seconds, seconds, seconds], {"st_mtime_ns": seconds * 10**9})
    monkeypatch.setattr("batchio.emulator.processes.beneath.status", lambda *_: old)
    for method in ("HEAD", "GET"):
        reply = await served.call(method, "/jobs/job/tasks/t/files/old")
        assert reply.status == 200
        assert reply.headers["Last-Modified"].endswith("GMT")
    listed = await served.get("/jobs/job/tasks/t/files", recursive="true")
    assert listed.status == 200


async def test_names_with_a_backslash(served: Wire, tmp_path: Path) -> None:
    """What is listed can be read and deleted by the name in the list; elsewhere a backslash divides names."""
    (tmp_path / "task" / "wd").mkdir()
    (tmp_path / "task" / "wd" / "a\\b").write_text("both")
    [name] = [file["name"] for file in (await served.get("/jobs/job/tasks/t/files", recursive="true")).items][1:]
    assert name == "wd/a\\b"
    for path in ("wd/a%5Cb", "%5Cwd%5Ca%5Cb"):
        assert (await served.get(f"/jobs/job/tasks/t/files/{path}")).status == (200 if "/" in path else 404)
    assert (await served.call("DELETE", "/jobs/job/tasks/t/files/wd/a%5Cb")).status == 200
    (tmp_path / "task" / "wd" / "a").write_text("one")
    assert (await served.get("/jobs/job/tasks/t/files/%5Cwd%5Ca")).body == b"one"
