"""What can go wrong with a journal: it is refused before anything is sent, or stops the run with nothing lost."""

from __future__ import annotations

import asyncio
import errno
import os
import subprocess
import sys
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from scripted import ACCOUNT, JOB, KEY, ScriptedService, item_error, make_ids, make_mappings
from scripted.resuming import Runs

from batchio import BatchClient, ConfigurationError, InputChangedError, JournalError, SubmissionError
from batchio.bulk import recorder
from batchio.bulk.journal_file import JournalFile, read
from batchio.bulk.journal_header import VERSION

ROOT = Path(__file__).parents[2]


@pytest.fixture
def runs(client: BatchClient, service: ScriptedService, tmp_path: Path) -> Runs:
    return Runs(client=client, service=service, path=tmp_path / "journal")


async def stopped_after(runs: Runs, count: int, tasks: Any) -> None:
    await runs.run(tasks, until=lambda runs: len(runs.told) >= count, max_requests=2)


# Refused before anything is sent.


async def refused(runs: Runs, word: str, *, job: str = JOB, path: Any = None) -> None:
    path = path or runs.path
    seen = len(runs.service.history)
    with pytest.raises(ConfigurationError, match=word) as caught:
        await runs.client.tasks.submit(job, make_mappings(100), journal=path)
    assert str(path) in str(caught.value)
    with pytest.raises(ConfigurationError, match=word):
        async with runs.client.tasks.submitting(job, make_mappings(100), journal=path):
            raise AssertionError("begun")
    assert len(runs.service.history) == seen


async def test_another_job(runs: Runs) -> None:
    await runs.run(make_mappings(100))
    await refused(runs, "the journal of job 'job-1' at http://127.0.0.1:.*, not of job 'job-2'", job="job-2")
    # Ids of jobs have no letter case.
    report = await runs.client.tasks.submit("JOB-1", make_mappings(100), journal=runs.path)
    assert report.resumed == 100


async def test_another_endpoint(runs: Runs) -> None:
    await runs.run(make_mappings(100))
    async with ScriptedService() as other, BatchClient(other.endpoint, other.credential) as client:
        runs.client, runs.service = client, other
        await refused(runs, f"not of job 'job-1' at {other.endpoint}")


async def test_a_newer_format(runs: Runs) -> None:
    await runs.run(make_mappings(100))
    data = runs.path.read_bytes()
    runs.path.write_bytes(data[:8] + bytes([VERSION + 1]) + data[9:])
    await refused(runs, f"its format is version {VERSION + 1}, and this batchio knows {VERSION} at most")
    assert runs.path.stat().st_size == len(data)


@pytest.mark.parametrize(
    ("content", "word"),
    [
        (b"id,command\n1,x\n", "it does not begin as a journal of batchio does"),
        (b"batchio\n", "it does not begin as"),
        (b"batchio\n\x01\x00\x10\x00\x00\x00{}", "its header is damaged"),
    ],
)
async def test_another_file(runs: Runs, content: bytes, word: str) -> None:
    runs.path.write_bytes(content)
    await refused(runs, word)
    assert runs.path.read_bytes() == content


async def test_what_cannot_be_a_file(runs: Runs, tmp_path: Path) -> None:
    await refused(runs, "is a directory", path=tmp_path)
    await refused(runs, "no such file or directory", path=tmp_path / "missing" / "journal")
    await refused(runs, "not a directory", path=Path(__file__) / "journal")
    await refused(runs, "it is no regular file", path=os.devnull)


@pytest.fixture
def shut(tmp_path: Path) -> Path:
    """A place where no file can be made."""
    folder = tmp_path / "shut"
    folder.mkdir(mode=0o500)
    if os.access(folder, os.W_OK):
        # Not even root makes a file there.
        folder = Path("/sys")
        if not (folder / "kernel").exists():
            pytest.skip("this user may write everywhere")
    return folder / "batchio-journal"


async def test_a_folder_that_cannot_be_written(runs: Runs, shut: Path) -> None:
    await refused(runs, "permission denied|read-only|not permitted", path=shut)


async def test_a_read_only_file_system(runs: Runs, monkeypatch: pytest.MonkeyPatch) -> None:
    opened = os.open

    def open_(path: Any, *arguments: Any, **more: Any) -> int:
        if str(path) == str(runs.path):
            raise OSError(errno.EROFS, "Read-only file system")
        return opened(path, *arguments, **more)

    monkeypatch.setattr(os, "open", open_)
    await refused(runs, "read-only file system")


async def test_a_disk_that_is_full_from_the_start(runs: Runs, monkeypatch: pytest.MonkeyPatch) -> None:
    with monkeypatch.context() as patch:
        patch.setattr(os, "write", broken(errno.ENOSPC))
        await refused(runs, "no space left on device")
    await runs.run(make_mappings(100))
    runs.check(make_ids(100))


class BytesPath:
    def __fspath__(self) -> bytes:
        return b"journal"


@pytest.mark.parametrize("value", [7, True, b"journal", "", BytesPath()])
async def test_what_is_no_path(client: BatchClient, value: Any) -> None:
    with pytest.raises(ConfigurationError, match="journal: the path of a file or None"):
        await client.tasks.submit("job", [], journal=value)


async def test_in_use(runs: Runs) -> None:
    async with runs.client.tasks.submitting(JOB, make_mappings(3_000), journal=runs.path) as run:
        with pytest.raises(ConfigurationError, match="another run is using it"):
            await runs.client.tasks.submit(JOB, make_mappings(3_000), journal=runs.path)
        async for _ in run:
            pass
    report = await runs.client.tasks.submit(JOB, make_mappings(3_000), journal=runs.path)
    assert report.resumed == 3_000


async def test_in_use_by_another_process(runs: Runs) -> None:
    code = (
        "import sys; from datetime import datetime, UTC; from batchio.bulk.journal_file import JournalFile\n"
        "file = JournalFile.open(sys.argv[1], 'http://x', 'job', datetime.now(UTC)); print('locked', flush=True)\n"
        "sys.stdin.read()"
    )
    process = subprocess.Popen(  # noqa: ASYNC220, S603 - our own command; nothing else goes on here
        [sys.executable, "-c", code, str(runs.path)], cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE
    )
    with process:
        assert process.stdout is not None
        assert process.stdout.readline() == b"locked\n"
        await refused(runs, "another run is using it")
        process.kill()
    # It died, and its lock with it; the journal is its own job's.
    await refused(runs, "the journal of job 'job' at http://x")


@pytest.mark.skipif(not hasattr(os, "fork"), reason="there is no fork here")
async def test_a_forked_process_leaves_it_to_its_parent(runs: Runs) -> None:
    """The workers of an input that forks live on after the run, and with them the lock would."""
    tasks, children, (wait, go) = make_mappings(250), list[int](), os.pipe()

    def forking() -> Iterator[Any]:
        for task in tasks:
            if len(children) < 2:
                children.append(os.fork())
                if not children[-1]:
                    os.close(go)
                    os.read(wait, 1)
                    os._exit(0)
            yield task

    try:
        await runs.run(forking())
        await runs.run(tasks)
        assert runs.report.resumed == 250
    finally:
        os.close(go)
        os.close(wait)
        for child in children:
            os.waitpid(child, 0)  # noqa: ASYNC222 - they end at once
    runs.check(make_ids(250))


async def test_cancelled_while_it_is_opened(runs: Runs, monkeypatch: pytest.MonkeyPatch) -> None:
    began, go_on = asyncio.Event(), asyncio.Event()
    loop = asyncio.get_running_loop()
    opened = JournalFile.open

    def slowly(*arguments: Any) -> JournalFile:
        loop.call_soon_threadsafe(began.set)
        asyncio.run_coroutine_threadsafe(go_on.wait(), loop).result(20)
        return opened(*arguments)

    monkeypatch.setattr(JournalFile, "open", slowly)
    task = asyncio.create_task(runs.client.tasks.submit(JOB, make_mappings(10), journal=runs.path))
    await began.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    closed = asyncio.Event()
    close = JournalFile.close

    def watched(self: JournalFile) -> None:
        close(self)
        closed.set()

    monkeypatch.setattr(JournalFile, "close", watched)
    go_on.set()
    await closed.wait()
    monkeypatch.undo()
    await runs.run(make_mappings(10))


# A changed input.


@pytest.mark.parametrize("at", [0, 1, 4_095, 4_096, 6_000, 8_191, 8_192, 8_500])
async def test_a_changed_input(runs: Runs, at: int) -> None:
    tasks = make_mappings(20_000)
    # The last block is hashed in part, and is done in part.
    await stopped_after(runs, 8_600, tasks)
    known = read(str(runs.path)).known
    assert 8_600 <= known < 3 * 4_096
    # A hole in each block: something to send.
    before = len(runs.service.history)
    changed = [dict(each) for each in tasks]
    changed[at]["id"] = "another"
    await runs.run(iter(changed))
    first = at // 4_096 * 4_096
    end = min(first + 4_096, known)
    assert runs.error is not None
    cause = runs.error.__cause__
    assert isinstance(cause, InputChangedError)
    assert (cause.first, cause.end) == (first, end)
    assert f"tasks {first} to {end - 1} " in str(runs.error)
    sent = {name for record in runs.service.history[before:] for name in record.ids}
    assert not sent & {task["id"] for task in changed[first:]}
    # With the right input it goes on.
    await runs.run(iter(tasks))
    runs.check(make_ids(20_000))


async def test_nothing_of_a_changed_block_is_sent_though_some_of_it_is_open(runs: Runs) -> None:
    tasks = make_mappings(9_000)
    # Every block has tasks that gave up.
    runs.service.items = lambda folded, _: item_error(server=True) if folded.endswith("500") else None
    report = await runs.run(tasks, attempts=1)
    assert report.gave_up == 9
    runs.service.items = None
    before = len(runs.service.history)
    changed = [dict(each) for each in tasks]
    changed[8_191]["id"] = "another"
    await runs.run(changed)
    assert isinstance(runs.error, SubmissionError)
    assert isinstance(runs.error.__cause__, InputChangedError)
    sent = {name for record in runs.service.history[before:] for name in record.ids}
    assert sent == {f"task-{number}" for number in (500, 1_500, 2_500, 3_500)}
    await runs.run(tasks)
    runs.check(make_ids(9_000))


async def test_a_shorter_input(runs: Runs) -> None:
    tasks = make_mappings(5_000)
    await runs.run(tasks)
    await runs.run(tasks[:4_999])
    assert runs.error is not None
    assert "it ends after 4999 tasks, and the journal knows of 5000" in str(runs.error)
    await runs.run(tasks)
    runs.check(make_ids(5_000))


async def test_stopping_before_the_known_end_is_no_change(runs: Runs) -> None:
    await stopped_after(runs, 6_000, make_mappings(9_000))
    async with runs.client.tasks.submitting(JOB, iter(make_mappings(9_000)), journal=runs.path) as run:
        run.stop()
        async for _ in run:
            pass
    await runs.run(make_mappings(9_000))
    runs.check(make_ids(9_000))


# A file that cannot be written any more.


def broken(number: int, after: int = 0, *, partial: bool = False) -> Callable[[int, bytes], int]:
    """`os.write` that fails from its so many-th call on; `partial`: a part of the last one arrives."""
    write, calls = os.write, [0]

    def failing(descriptor: int, data: bytes) -> int:
        calls[0] += 1
        if calls[0] <= after:
            return write(descriptor, data)
        if partial and calls[0] == after + 1:
            return write(descriptor, data[: len(data) // 2])
        raise OSError(number, os.strerror(number))

    return failing


@pytest.mark.parametrize("partial", [False, True])
@pytest.mark.parametrize(("number", "word"), [(errno.ENOSPC, "no space left"), (errno.EIO, "input/output error")])
async def test_a_disk_that_is_full(
    runs: Runs, monkeypatch: pytest.MonkeyPatch, number: int, word: str, *, partial: bool
) -> None:
    tasks = make_mappings(5_000)
    with monkeypatch.context() as patch:
        patch.setattr("batchio.bulk.journal_file.os.write", broken(number, 6, partial=partial))
        await runs.run(iter(tasks), max_requests=3)
    assert runs.error is not None
    assert isinstance(runs.error.__cause__, JournalError)
    assert isinstance(runs.error.__cause__.__cause__, OSError)
    assert f"journal {runs.path}: {word}" in str(runs.error)
    told = len(runs.told)
    assert 0 < told < 5_000
    # Every outcome is true, also of what the journal could not keep.
    assert runs.report.added == told == len(runs.service.truth.adds)
    assert read(str(runs.path)).settled().done.count < told
    runs.told.clear()
    await runs.run(tasks)
    runs.check(make_ids(5_000), crashed=True)
    assert runs.report.added == 5_000


async def test_a_disk_that_does_not_take_it(runs: Runs, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing is sent that could not be reserved."""

    def sync(_: JournalFile) -> None:
        raise OSError(errno.EIO, os.strerror(errno.EIO))

    with monkeypatch.context() as patch:
        patch.setattr(JournalFile, "sync", sync)
        await runs.run(make_mappings(500))
    assert isinstance(runs.error, SubmissionError)
    assert "input/output error" in str(runs.error)
    assert runs.report.not_sent == 500
    assert not runs.service.history
    await runs.run(make_mappings(500))
    runs.check(make_ids(500), crashed=True)


async def test_it_is_brought_to_disk_now_and_then(runs: Runs, monkeypatch: pytest.MonkeyPatch) -> None:
    synced = asyncio.Event()
    loop = asyncio.get_running_loop()
    sync = JournalFile.sync

    def watched(self: JournalFile) -> None:
        sync(self)
        if read(self.path).settled().done.count == 100:
            loop.call_soon_threadsafe(synced.set)

    monkeypatch.setattr(recorder, "_SYNC_SECONDS", 0.01)
    monkeypatch.setattr(JournalFile, "sync", watched)

    async def tasks() -> Any:
        yield make_mappings(100)
        await synced.wait()

    await runs.run(tasks())
    runs.check(make_ids(100))


LIMITED = """
import asyncio, resource, sys
from batchio import BatchClient, SharedKeyCredential, SubmissionError

async def main(endpoint, account, key, path, limit):
    resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit))
    tasks = ({"id": f"task-{n}", "commandLine": "run"} for n in range(5_000))
    async with BatchClient(endpoint, SharedKeyCredential(account, key)) as client:
        try:
            await client.tasks.submit("job-1", tasks, journal=path, max_requests=2)
        except SubmissionError as error:
            print(error)

asyncio.run(main(*sys.argv[1:5], int(sys.argv[5])))
"""


async def test_a_file_that_must_not_grow(runs: Runs) -> None:
    """A real limit, in a process of its own."""
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-c", LIMITED, runs.service.endpoint, ACCOUNT, KEY),
        *(str(runs.path), "180"),
        cwd=ROOT,
        stdout=subprocess.PIPE,
    )
    out, _ = await process.communicate()
    assert f"the submission stopped: journal {runs.path}: file too large; " in out.decode()
    assert runs.path.stat().st_size == 180
    await runs.run(make_mappings(5_000))
    runs.check(make_ids(5_000), crashed=True)
    assert runs.report.added == 5_000


# A file that is taken away.


def emptied(path: Path) -> None:
    os.truncate(path, 0)


def replaced(path: Path) -> None:
    other = path.with_suffix(".other")
    other.write_bytes(path.read_bytes())
    other.replace(path)


@pytest.mark.parametrize(
    ("take_away", "word"),
    [(Path.unlink, "it was removed"), (replaced, "it was replaced"), (emptied, "it was emptied or overwritten")],
)
@pytest.mark.parametrize("is_late", [False, True])
async def test_a_journal_that_is_gone_ends_the_run(
    runs: Runs, monkeypatch: pytest.MonkeyPatch, take_away: Callable[[Path], None], word: str, *, is_late: bool
) -> None:
    """No later run could go on with it: whoever relies on that is told at once, and not after a crash."""
    monkeypatch.setattr(recorder, "_SYNC_SECONDS", 100.0 if is_late else 0.01)
    gone = asyncio.Event()

    async def tasks() -> Any:
        yield make_mappings(100)
        await runs.service.until(lambda: runs.service.processed == 100)
        take_away(runs.path)
        if not is_late:
            # Nothing more comes: only the journal can end this run.
            await gone.wait()

    await runs.run(tasks())
    assert runs.error is not None
    assert isinstance(runs.error.__cause__, JournalError)
    assert f"journal {runs.path}: {word} while it was in use" in str(runs.error)
    assert runs.report.added == 100


async def test_a_journal_by_a_relative_path(
    client: BatchClient, service: ScriptedService, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """It stays where it was, wherever the process goes meanwhile."""
    (tmp_path / "elsewhere").mkdir()
    monkeypatch.chdir(tmp_path)

    async def tasks() -> AsyncIterator[Any]:
        yield make_mappings(100)
        os.chdir(tmp_path / "elsewhere")
        yield make_mappings(100, "more")

    report = await client.tasks.submit(service.job, tasks(), journal="journal")
    assert report.added == 200
    assert read(str(tmp_path / "journal")).settled().done.count == 200
