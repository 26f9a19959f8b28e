"""A file that is written under another name until it is whole.

Law: under its own name stands the whole file or what was there before; what is not whole is taken away. The event
loop never waits for the disk.
"""

from __future__ import annotations

import asyncio
import os
import secrets
from collections.abc import Callable
from pathlib import Path
from types import TracebackType
from typing import Any, Self, TypeVar

from .outlasting import outlast

_ENOUGH = 1 << 20
"""Bytes that are gathered before they are written: going to a thread costs more than 64 KiB do."""

T = TypeVar("T")


class PartFile:
    """A file beside `path`, which becomes `path` with `keep`. Raises `OSError`."""

    def __init__(self, path: str | os.PathLike[str]) -> None:
        self._path = Path(path)
        self._part = self._path.with_name(f".{secrets.token_hex(8)}.part")
        self._file: Any = None
        self._pieces: list[bytes] = []
        self._size = 0

    async def __aenter__(self) -> Self:
        try:
            await _in_thread(self._open)
        except BaseException:
            await _in_thread(self._drop)
            raise
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        await _in_thread(self._drop)

    async def write(self, piece: bytes) -> None:
        """Add to the end."""
        self._pieces.append(piece)
        self._size += len(piece)
        if self._size >= _ENOUGH:
            await _in_thread(self._flush)

    async def empty(self) -> None:
        """Take all away that was written."""
        self._pieces.clear()
        self._size = 0
        await _in_thread(self._truncate)

    async def keep(self) -> None:
        """All is written: give it its name."""
        await _in_thread(self._rename)

    def _open(self) -> None:
        if self._path.is_dir():
            raise IsADirectoryError(f"{self._path} is a directory")
        # Buffered by us; left open until `_drop`.
        self._file = self._part.open("xb", buffering=0)

    def _flush(self) -> None:
        data = memoryview(b"".join(self._pieces))
        self._pieces.clear()
        self._size = 0
        while data:
            data = data[self._file.write(data) :]

    def _truncate(self) -> None:
        self._file.seek(0)
        self._file.truncate()

    def _rename(self) -> None:
        self._flush()
        self._file.close()
        self._part.replace(self._path)

    def _drop(self) -> None:
        if self._file is not None:
            try:
                self._file.close()
            finally:
                self._part.unlink(missing_ok=True)


async def _in_thread(work: Callable[[], T]) -> T:
    """Run in a thread; whoever is cancelled meanwhile waits for its end, so that no two run on one file."""
    job = asyncio.ensure_future(asyncio.to_thread(work))
    cancelled = await outlast(job)
    if cancelled is not None:
        job.exception()
        raise cancelled
    return job.result()
