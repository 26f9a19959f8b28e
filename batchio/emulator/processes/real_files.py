"""Files as they lie in a folder of this machine.

Law: nothing outside of the folder is shown, read or deleted, wherever links lead; times are the file system's, as
far as the service has them. What goes away meanwhile counts as not there; an answer that has begun breaks off.
"""

from __future__ import annotations

import asyncio
import os
import stat
from collections.abc import AsyncIterator, Iterable
from contextlib import suppress
from pathlib import Path

from .. import ticks
from ..causes import FAR
from ..trees import File
from . import beneath
from .removal import remove_at

CHUNK = 2**18
DEEPEST = 100
"""Folders one in another; each that is entered is an open file."""


class RealTree:
    """The files in the folder `at` below `root`.

    A link counts as what it leads to, where that is in the folder, and is not entered. What has no name in UTF-8, or
    lies deeper than `DEEPEST`, is not listed.
    """

    def __init__(self, root: Path, at: tuple[str, ...]) -> None:
        self._root = root
        self._at = at

    def listed(self, *, recursive: bool) -> Iterable[File]:
        """As `Tree` says."""
        found: list[File] = []
        with suppress(OSError, beneath.OutsideError), beneath.folder(self._root, self._at) as top:
            for above, folders, files, here in os.fwalk(".", dir_fd=top):
                prefix = "" if above == "." else f"{above[2:]}/"
                found += (file for name in (*folders, *files) if (file := self._seen(prefix + name, name, here)))
                if not recursive:
                    break
                if above.count("/") >= DEEPEST:
                    folders.clear()
        return sorted(found, key=lambda file: file.path)

    def _seen(self, path: str, name: str, here: int) -> File | None:
        """What stands under a name in an open folder."""
        with suppress(OSError, UnicodeEncodeError):
            path.encode()
            status = os.stat(name, dir_fd=here, follow_symlinks=False)
            return self.find(path) if stat.S_ISLNK(status.st_mode) else _file(path, status)
        return None

    def find(self, path: str) -> File | None:
        """As `Tree` says."""
        try:
            return _file(path, beneath.status(self._root, path, self._at))
        except (OSError, beneath.OutsideError):
            return None

    def content(self, file: File, first: int, last: int) -> AsyncIterator[bytes]:
        """As `Tree` says."""
        # What cannot be read is told before an answer begins.
        try:
            beneath.open_file(self._root, file.path, self._at).close()
        except beneath.OutsideError as error:
            raise FileNotFoundError(file.path) from error
        return self._pieces(file, first, last)

    async def _pieces(self, file: File, first: int, last: int) -> AsyncIterator[bytes]:
        left = last + 1 - first
        opening = asyncio.to_thread(beneath.open_file, self._root, file.path, self._at)
        with suppress(OSError, beneath.OutsideError), await opening as opened:
            opened.seek(first)
            while left > 0 and (chunk := await asyncio.to_thread(opened.read, min(left, CHUNK))):
                left -= len(chunk)
                yield chunk
        if left > 0:
            # So many bytes were promised: what came next would be taken for the rest of them.
            raise ConnectionAbortedError(f"{file.path} became shorter while it was read")

    def delete(self, path: str) -> None:
        """As `Tree` says."""
        *above, name = beneath.names_of(path)
        try:
            real = beneath.within(self._root, "/".join(above), self._at) if above else self._at
            with beneath.folder(self._root, real) as here:
                remove_at(here, name)
        except (FileNotFoundError, beneath.OutsideError):
            # Somebody else was quicker.
            return


def _file(path: str, status: os.stat_result) -> File:
    size = status.st_size if stat.S_ISREG(status.st_mode) else None if stat.S_ISDIR(status.st_mode) else 0
    # Some file systems keep times that no calendar has.
    changed = min(max(status.st_mtime_ns // 100 + ticks.UNIX_EPOCH, 0), FAR - 1)
    return File(path, size, changed, oct(status.st_mode))
