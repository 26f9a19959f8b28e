"""Files below a folder, and never outside of it.

Law: a path is walked name by name, from an open folder to the next, and no link is followed: what another process
puts in the way can make a walk fail, but cannot lead it elsewhere.
"""

from __future__ import annotations

import os
import stat
import uuid
from collections.abc import Generator
from contextlib import contextmanager, suppress
from pathlib import Path, PurePosixPath
from typing import IO

FOLDER = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
"""How a folder is opened: never through a link."""


class OutsideError(Exception):
    """A path leads out of its folder, or a link stands in its way."""


def names_of(path: str) -> tuple[str, ...]:
    """The names of a relative path. Raises `OutsideError` where it is absolute, has `..`, or is no path at all."""
    pure = PurePosixPath(path)
    if pure.is_absolute() or ".." in pure.parts or not pure.parts or "\0" in path:
        raise OutsideError(path)
    return pure.parts


@contextmanager
def folder(root: Path, names: tuple[str, ...], *, make: bool = False) -> Generator[int]:
    """An open folder below `root`; with `make`, what is missing of it is made.

    Raises `OutsideError` where a link or a file stands in the way, `FileNotFoundError` where it is not there.
    """
    here = os.open(root, FOLDER)
    try:
        for name in names:
            if make:
                with suppress(FileExistsError):
                    os.mkdir(name, 0o700, dir_fd=here)
            try:
                below = os.open(name, FOLDER, dir_fd=here)
            except FileNotFoundError:
                raise
            except OSError as error:
                raise OutsideError("/".join(names)) from error
            os.close(here)
            here = below
        yield here
    finally:
        os.close(here)


@contextmanager
def new_file(root: Path, path: str, mode: int) -> Generator[IO[bytes]]:
    """A file to be written, which takes its place when the block ends well; folders above it are made.

    Raises `OutsideError` where the path leaves `root` or a link or a folder is in its place. It never writes into
    a file that is there, because a hard link might be one.
    """
    *above, name = names_of(path)
    with folder(root, tuple(above), make=True) as here:
        with suppress(FileNotFoundError):
            if not stat.S_ISREG(os.stat(name, dir_fd=here, follow_symlinks=False).st_mode):
                raise OutsideError(path)
        # As long as any name may be, and no name that somebody has given.
        part = f".{uuid.uuid4()}.part"
        flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
        try:
            with os.fdopen(os.open(part, flags, 0o600, dir_fd=here), "wb") as file:
                yield file
                os.fchmod(file.fileno(), mode)
            os.rename(part, name, src_dir_fd=here, dst_dir_fd=here)
        except BaseException:
            with suppress(FileNotFoundError):
                os.unlink(part, dir_fd=here)
            raise


def within(root: Path, path: str, at: tuple[str, ...] = ()) -> tuple[str, ...]:
    """The names below `root` of what a path leads to that begins in its folder `at`; links inside of that are followed.

    Raises `OutsideError`, also where a link stands in the way to `at`.
    """
    base = os.path.join(os.path.realpath(root), *at)  # noqa: PTH118 - of names
    real = os.path.realpath(os.path.join(base, *names_of(path)))  # noqa: PTH118 - as above
    if not real.startswith(f"{base}/"):
        raise OutsideError(path)
    return (*at, *names_of(real[len(base) + 1 :]))


def open_file(root: Path, path: str, at: tuple[str, ...] = ()) -> IO[bytes]:
    """A file to be read. Raises `OutsideError` and `FileNotFoundError`; what is no file counts as not there."""
    *above, name = within(root, path, at)
    with folder(root, tuple(above)) as here:
        # What is a pipe must not make the service wait.
        found = os.open(name, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC, dir_fd=here)
    if not stat.S_ISREG(os.fstat(found).st_mode):
        os.close(found)
        raise FileNotFoundError(path)
    return os.fdopen(found, "rb")


def status(root: Path, path: str, at: tuple[str, ...] = ()) -> os.stat_result:
    """What is at a path. Raises as `open_file` does; a link is still there only where it leads to itself."""
    *above, name = within(root, path, at)
    with folder(root, tuple(above)) as here:
        found = os.stat(name, dir_fd=here, follow_symlinks=False)
    if stat.S_ISLNK(found.st_mode):
        raise FileNotFoundError(path)
    return found
