"""`batchio tail`: the last lines of a task's file, and what is added to it.

Law: bytes go to stdout as they are, each of them once and in order; only what was never read is asked for. The one
exception is a file that has become shorter: it is a new one, and read from its start.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from ..errors import BatchioError, HttpResponseError, ResourceNotFoundError, StateConflictError
from ..models import TaskState
from .asking import Asking, check_seconds, patient_client
from .codes import CommandError, Exit
from .interrupt import Interrupt, run
from .output import write_bytes
from .screen import Screen

if TYPE_CHECKING:
    from ..client import BatchClient
    from .looking import TailOptions

BLOCK = 65_536
"""Bytes of the first look for the ends of lines; the next ones are larger."""
_LARGEST_BLOCK = 4 << 20


def tail(job_id: str, task_id: str, path: str, options: TailOptions) -> int:
    """Run the command; gives its exit code."""
    if options.lines < 0:
        raise CommandError(f"--lines: 0 or more, not {options.lines}")
    check_seconds("--interval", options.interval)
    return run(lambda interrupt: _tail(TaskFile(job_id, task_id, path), options, interrupt))


class TaskFile(msgspec.Struct, frozen=True):
    """Which file of which task."""

    job_id: str
    task_id: str
    path: str


async def _tail(which: TaskFile, options: TailOptions, interrupt: Interrupt) -> int:
    async with patient_client(options.api_version) as client:
        tailing = _Tail(client, which, options)
        ended = await interrupt.unless_signalled(tailing.run())
    return interrupt.code if ended is None else Exit.OK


class _Tail:
    """`_at`: the first byte that is not printed yet, None as long as the file was not seen."""

    def __init__(self, client: BatchClient, which: TaskFile, options: TailOptions) -> None:
        self._client = client
        self._which = which
        self._options = options
        self._screen = Screen(quiet=options.quiet)
        self._asking = Asking(self._screen, options.interval)
        self._at: int | None = None
        self._told_missing = False

    async def run(self) -> bool:
        """Print until there is nothing more to come."""
        while True:
            before = self._at
            try:
                if await self._look():
                    return True
            except BatchioError as error:
                self._asking.failed(error)
            else:
                self._asking.went_well(anew=self._at != before)
            await self._asking.pause()

    async def _look(self) -> bool:
        """Print what there is; whether nothing more can come."""
        # Asked before the file: what a completed task has written is all there.
        state = await self._state()
        is_last = state == TaskState.COMPLETED or not self._options.follow
        try:
            await self._read()
        except ResourceNotFoundError as error:
            if is_last:
                raise self._missing(state) from error
            self._wait_for_it()
        except StateConflictError:
            if is_last:
                raise
            # A task that does not run yet, or again, or a node that is not there for a while with what it has.
            if state != TaskState.RUNNING:
                self._wait_for_it()
        except HttpResponseError as error:
            # It has become shorter since its size was asked for.
            if error.status != 416:
                raise
        else:
            return is_last
        return False

    async def _read(self) -> None:
        size = await self._size()
        if self._at is None:
            self._at = await self._begin(size)
        if size < self._at:
            self._screen.note(f"{self._which.path} has become shorter: it is read from its start")
            self._at = 0
        await self._print(size)

    def _wait_for_it(self) -> None:
        """What comes under its name is new from its first byte."""
        self._at = 0
        if not self._told_missing:
            self._screen.note(f"waiting for {self._which.path}")
            self._told_missing = True

    def _missing(self, state: TaskState | None) -> CommandError:
        """No such file, in words: the answer to a HEAD says nothing by itself."""
        why = "completed" if state == TaskState.COMPLETED else "not completed yet: -f waits for the file"
        return CommandError(f"{self._which.path}: there is no such file; task {self._which.task_id} is {why}")

    async def _state(self) -> TaskState | None:
        task = await self._client.tasks.get(self._which.job_id, self._which.task_id, select="id,state")
        return task.state

    async def _size(self) -> int:
        properties = await self._client.tasks.get_file_properties(*self._place)
        if properties.is_directory:
            raise CommandError(f"{self._which.path}: this is a directory")
        return properties.content_length or 0

    async def _begin(self, size: int) -> int:
        """Where to go on. Looks backwards for the last lines, block by block; what the first block holds is printed."""
        if not self._options.lines:
            return size
        # The end of the last line is none of those that are counted.
        end, wanted, length = size, self._options.lines + 1, BLOCK
        while end:
            begin = max(0, end - length)
            async with self._client.tasks.get_file(*self._place, start=begin, end=end) as file:
                block = await file.read()
            if end == size and not block.endswith(b"\n"):
                wanted -= 1
            found = block.count(b"\n")
            if found >= wanted or not begin:
                at = _behind_nth_last(block, wanted) if found >= wanted else 0
                if end < size:
                    return begin + at
                write_bytes(block[at:])
                return begin + len(block)
            end, wanted, length = begin, wanted - found, min(length * 2, _LARGEST_BLOCK)
        return 0

    async def _print(self, size: int) -> None:
        """Print up to `size`."""
        if self._at is None or self._at >= size:
            return
        async with self._client.tasks.get_file(*self._place, start=self._at, end=size) as file:
            async for piece in file:
                write_bytes(piece)
                self._at += len(piece)

    @property
    def _place(self) -> tuple[str, str, str]:
        return self._which.job_id, self._which.task_id, self._which.path


def _behind_nth_last(block: bytes, count: int) -> int:
    """Where the text behind the n-th last end of line begins; there are as many."""
    at = len(block)
    for _ in range(count):
        at = block.rindex(b"\n", 0, at)
    return at + 1
