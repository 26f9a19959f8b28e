"""`batchio download`: a task's files, into a directory.

Law: what stands under a file's name is the whole file. Nothing is written outside of the directory, whatever the
files are called, and what cannot be fetched is told, each file by itself.
"""

from __future__ import annotations

import asyncio
import errno
import os
import stat
import time
from collections.abc import AsyncGenerator
from contextlib import aclosing, suppress
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from ..errors import BatchioError, ClientAuthenticationError, ConnectError, CredentialError
from ..models import NodeFile
from .codes import CommandError, Exit
from .interrupt import Interrupt, run
from .output import write_data
from .paths import PathRefused, Pattern, path_with_slashes, safe_path
from .progress import many
from .report import amount, as_json
from .screen import Screen
from .versions import version_of

if TYPE_CHECKING:
    from ..client import BatchClient
    from .looking import DownloadOptions

_TOLD = 20
_MOST_AT_ONCE = 64
_NO_ROOM = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EROFS})


class Tally(msgspec.Struct):
    """What became of the files. `there`: they were there already; `failed`: they are not there, or not as they are."""

    directory: str
    fetched: int = 0
    there: int = 0
    failed: int = 0
    bytes: int = 0
    seconds: float = 0.0

    @property
    def matched(self) -> int:
        """Files that were asked for."""
        return self.fetched + self.there + self.failed

    def in_words(self) -> str:
        """What it took, in one line."""
        text = f"{many(self.fetched, 'file')}, {amount(self.bytes)}, in {self.seconds:.1f} s, to {self.directory}"
        text += f"; {self.there:,} were there already" if self.there else ""
        return text + (f"; {self.failed:,} could not be fetched" if self.failed else "")


def download(job_id: str, task_id: str, pattern: str, options: DownloadOptions) -> int:
    """Run the command; gives its exit code."""
    if not 1 <= options.at_once <= _MOST_AT_ONCE:
        raise CommandError(f"--at-once: 1 to {_MOST_AT_ONCE}, not {options.at_once}")
    if not pattern:
        raise CommandError("PATTERN: it is empty; without it all files are meant")
    directory = Path(options.to if options.to is not None else Path(job_id, task_id))
    if directory.exists() and not directory.is_dir():
        raise CommandError(f"--to {directory}: this is no directory")
    return run(lambda interrupt: _download(_Download(job_id, task_id, pattern, directory, options), interrupt))


async def _download(downloading: _Download, interrupt: Interrupt) -> int:
    from ..client import BatchClient  # noqa: PLC0415 - not needed where the command's options are wrong

    async with BatchClient.from_environment(api_version=version_of(downloading.options.api_version)) as client:
        try:
            ended = await interrupt.unless_signalled(downloading.run(client))
        except (BatchioError, CommandError):
            if downloading.tally.matched:
                downloading.report(interrupted=False)
            raise
    downloading.report(interrupted=ended is None)
    if ended is None:
        return interrupt.code
    return Exit.NOT_ALL if downloading.tally.failed else Exit.OK


class _Download:
    """`options`: what was asked for. `tally`: what became of the files so far."""

    def __init__(self, job_id: str, task_id: str, pattern: str, directory: Path, options: DownloadOptions) -> None:
        self.tally = Tally(str(directory))
        self._job_id = job_id
        self._task_id = task_id
        self._text = pattern
        self._pattern = Pattern(pattern)
        self._directory = directory
        self.options = options
        self._screen = Screen(quiet=options.quiet)
        self._taken: set[str] = set()
        self._began = time.monotonic()

    async def run(self, client: BatchClient) -> bool:
        """Fetch what matches, some files at a time."""
        line = lambda: f"{self.tally.fetched + self.tally.there:,} files  {amount(self.tally.bytes)}"  # noqa: E731 - short
        async with self._screen.showing(line), aclosing(self._matching(client)) as files:
            reading = asyncio.Lock()
            workers = [
                asyncio.create_task(self._work(client, files, reading), name="batchio download")
                for _ in range(self.options.at_once)
            ]
            try:
                await asyncio.gather(*workers)
            finally:
                for worker in workers:
                    worker.cancel()
                await asyncio.wait(workers)
        if not self.tally.matched:
            raise CommandError(f"no file of task {self._task_id} matches {self._text}")
        return True

    def report(self, *, interrupted: bool) -> None:
        """Say what it took."""
        self.tally.seconds = round(time.monotonic() - self._began, 3)
        if self.options.json:
            write_data(as_json(msgspec.to_builtins(self.tally)))
        else:
            write_data(self.tally.in_words())
        if interrupted:
            self._screen.note("interrupted; the same command fetches what is not there yet")

    async def _matching(self, client: BatchClient) -> AsyncGenerator[NodeFile]:
        async for file in client.tasks.list_files(self._job_id, self._task_id, recursive=True):
            if file.name and not file.is_directory and self._pattern.matches(path_with_slashes(file.name)):
                yield file

    async def _work(self, client: BatchClient, files: AsyncGenerator[NodeFile], reading: asyncio.Lock) -> None:
        while True:
            async with reading:
                file = await anext(files, None)
            if file is None:
                return
            try:
                await self._fetch(client, file)
            except (PathRefused, BatchioError, OSError) as error:
                if concerns_all(error):
                    if isinstance(error, OSError):
                        raise CommandError(f"{self._directory}: {_why(error)}", Exit.STOPPED) from error
                    raise
                self._tell(file, error)

    async def _fetch(self, client: BatchClient, file: NodeFile) -> None:
        name = file.name or ""
        path = self._place(name)
        if not self.options.overwrite and await asyncio.to_thread(_is_same, path, file):
            self.tally.there += 1
            return
        await asyncio.to_thread(self._make_room, path)
        async with client.tasks.get_file(self._job_id, self._task_id, name) as stream:
            size = await stream.download(path)
            changed = stream.properties.last_modified
        self.tally.fetched += 1
        self.tally.bytes += size
        if changed is not None:
            # Without it the file is fetched again the next time, and nothing else.
            with suppress(OSError):
                await asyncio.to_thread(os.utime, path, (changed.timestamp(), changed.timestamp()))

    def _place(self, name: str) -> Path:
        path = self._directory / safe_path(name, windows=os.name == "nt")
        # Windows does not tell letter cases apart.
        place = os.path.normcase(path)
        if place in self._taken:
            raise PathRefused("another file goes to the same place")
        self._taken.add(place)
        return path

    def _make_room(self, path: Path) -> None:
        """Make the folders of a file; raises `PathRefused` where a link leads out of the directory."""
        self._directory.mkdir(parents=True, exist_ok=True)
        root = self._directory.resolve()
        # Before anything is made: a link could lead there.
        if not path.parent.resolve().is_relative_to(root):
            raise PathRefused("a link in the directory leads out of it")
        path.parent.mkdir(parents=True, exist_ok=True)

    def _tell(self, file: NodeFile, error: Exception) -> None:
        self.tally.failed += 1
        if self.tally.failed <= _TOLD:
            self._screen.warn(f"batchio: {file.name!r}: {_why(error)}")
        elif self.tally.failed == _TOLD + 1:
            self._screen.warn("batchio: more files cannot be fetched; they are counted only")


def concerns_all(error: Exception) -> bool:
    """Whether the other files would fail likewise: nobody lets us in, nobody is there, or nothing can be written."""
    if isinstance(error, OSError):
        return error.errno in _NO_ROOM
    return isinstance(error, ClientAuthenticationError | CredentialError | ConnectError)


def _why(error: Exception) -> str:
    why = (error.strerror or str(error)).lower() if isinstance(error, OSError) else str(error)
    return " ".join(why.split())


def _is_same(path: Path, file: NodeFile) -> bool:
    """Whether the file is there, as large and as old as on the node; what headers say of times is whole seconds."""
    properties = file.properties
    if properties is None or properties.last_modified is None:
        return False
    try:
        found = path.lstat()
    except OSError:
        return False
    there = stat.S_ISREG(found.st_mode) and found.st_size == properties.content_length
    return there and int(found.st_mtime) == _seconds(properties.last_modified)


def _seconds(moment: datetime) -> int:
    return int(moment.timestamp())
