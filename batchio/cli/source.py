"""Where the tasks come from: a file, a gzip file, standard input.

Law: opens, reads in large chunks, and says in one sentence what cannot be opened or read; understands nothing of
what it reads.
"""

from __future__ import annotations

import gzip
import io
import os
import stat
import sys
import zlib
from collections.abc import Generator
from pathlib import Path

from .codes import CommandError
from .output import is_terminal

CHUNK = 128 * 1024
"""Bytes of a chunk: hundreds of tasks, so that a hop between threads costs nothing, and few enough that they are still
in the processor's cache when they are sent (with 512 KB the engine was measured to need a fifth more time).
"""


class Source:
    """One input. `name`: for messages. `again`: whether it can be read more than once."""

    def __init__(self, file: str) -> None:
        self._path = None if file == "-" else Path(file)
        self.name = file if self._path else "standard input"
        if self._path is None and sys.stdin is None:
            # Its descriptor is anybody's by now.
            raise CommandError("standard input is closed")
        self.again = self._path is not None and _is_regular(self._path)
        if self.again:
            self._open().close()

    def chunks(self) -> Generator[bytes]:
        """The bytes, from the start, unpacked where the name ends in `.gz`; raises `CommandError`."""
        stream = self._open()
        try:
            while chunk := stream.read(CHUNK):
                yield chunk
        except (EOFError, gzip.BadGzipFile, zlib.error) as error:
            raise CommandError(f"{self.name}: damaged gzip data: {error}") from error
        except OSError as error:
            raise CommandError(f"{self.name}: {_reason(error)}") from error
        finally:
            stream.close()

    def is_same_file(self, path: str) -> bool:
        """Whether `path` is the file that is read."""
        try:
            return self._path is not None and self._path.samefile(path)
        except OSError:
            return False

    def is_terminal(self) -> bool:
        """Whether the tasks would be typed."""
        return self._path is None and is_terminal(sys.stdin)

    def _open(self) -> io.RawIOBase | gzip.GzipFile:
        try:
            if self._path is None:
                # Not sys.stdin.buffer: a thread that waits inside of its lock would block the exit.
                return open(0, "rb", buffering=0, closefd=False)
            raw = self._path.open("rb", buffering=0)
        except OSError as error:
            raise CommandError(f"{self.name}: {_reason(error)}") from error
        if self._path.suffix.lower() == ".gz":
            return _Gzip(raw)
        return raw


class _Gzip(gzip.GzipFile):
    """A gzip stream that closes the file below it."""

    def __init__(self, raw: io.FileIO) -> None:
        super().__init__(fileobj=raw, mode="rb")
        self._raw = raw

    def close(self) -> None:
        super().close()
        self._raw.close()


def _is_regular(path: Path) -> bool:
    try:
        mode = os.stat(path).st_mode  # noqa: PTH116 - Path.stat says the same; the error texts are ours
    except (OSError, ValueError) as error:
        raise CommandError(f"{path}: {_reason(error)}") from error
    if stat.S_ISDIR(mode):
        raise CommandError(f"{path}: this is a directory")
    return stat.S_ISREG(mode)


def _reason(error: Exception) -> str:
    if isinstance(error, FileNotFoundError):
        return "there is no such file"
    if isinstance(error, PermissionError):
        return "no permission"
    strerror = getattr(error, "strerror", None)
    return (strerror or str(error)).lower()
