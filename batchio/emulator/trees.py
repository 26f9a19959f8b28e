"""What the operations on files see of files.

Law: a path is relative to the root of its tree, with `/` between its names.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterable
from typing import Protocol

import msgspec


class File(msgspec.Struct, frozen=True):
    """A file with its size, or a directory (None); `changed` is the time of its last change."""

    path: str
    size: int | None
    changed: int
    mode: str = "0o100644"


class Tree(Protocol):
    """The files of a task or a node."""

    def listed(self, *, recursive: bool) -> Iterable[File]:
        """The files and directories, sorted by path; those at the top alone where it is not recursive."""
        ...

    def find(self, path: str) -> File | None:
        """What is at a path."""
        ...

    def content(self, file: File, first: int, last: int) -> bytes | AsyncIterator[bytes]:
        """The bytes of a file from the first to the last. Raises `OSError` where it cannot be read."""
        ...

    def delete(self, path: str) -> None:
        """Delete a file, or a directory with all that is below it. Raises `OSError` where the system says no."""
        ...
