"""The journal's file: opened by one process at a time, appended to, brought to disk.

Law: it moves bytes and decides nothing about them. What keeps a journal from being opened is a `ConfigurationError`
that names it, before anything is sent; what goes wrong later is an `OSError` for the one who writes.
"""

from __future__ import annotations

import errno
import os
import stat
import sys
from collections.abc import Generator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from weakref import WeakSet

from ..errors import ConfigurationError
from . import journal
from .journal import Chain, State
from .journal_header import MAGIC, Header, encode_header

_OWNER_ONLY = 0o600
_CREATED = os.O_RDWR | os.O_CREAT | getattr(os, "O_BINARY", 0)
# To open a pipe would wait for who writes it.
_READ = os.O_RDONLY | getattr(os, "O_BINARY", 0) | getattr(os, "O_NONBLOCK", 0)


class JournalFile:
    """An open journal. `state`: what earlier runs have left in it, None for a new one; `chain`: makes its records."""

    def __init__(self, path: str, descriptor: int) -> None:
        self.path = path
        self.state: State | None = None
        self.chain = Chain(0)
        self._place = Path(path).absolute()
        self._header = b""
        self._descriptor = descriptor
        _OPEN.add(self)

    @classmethod
    def open(cls, path: str, endpoint: str, job: str, now: datetime, shard: str = "") -> JournalFile:
        """Open or make the journal of a job or of a shard of it, and lock it; raises `ConfigurationError`."""
        with _named(path):
            made = not Path(path).exists()
            opened = cls(path, os.open(path, _CREATED, _OWNER_ONLY))
            try:
                opened._begin(Header(endpoint, job, now, shard))
                if made:
                    _sync_folder(path)
            except BaseException:
                opened.close()
                raise
            return opened

    def write(self, data: bytes) -> None:
        """Append to the file as the system has it, which survives the process; raises `OSError`.

        A small write to the page cache, and so short that it is made on the loop.
        """
        while data:
            data = data[os.write(self._descriptor, data) :]

    def sync(self) -> None:
        """Wait until all that was written is on disk, where the next run will look for it. For a thread."""
        (os.fsync if sys.platform in ("darwin", "win32") else os.fdatasync)(self._descriptor)
        try:
            there, ours = self._place.stat(), os.fstat(self._descriptor)
        except FileNotFoundError:
            raise OSError(errno.ENOENT, "it was removed while it was in use") from None
        if not os.path.samestat(there, ours):
            raise OSError(errno.ESTALE, "it was replaced while it was in use")
        if sys.platform != "win32" and os.pread(self._descriptor, len(self._header), 0) != self._header:
            # What was written since stands behind a hole.
            raise OSError(errno.EIO, "it was emptied or overwritten while it was in use")

    def close(self) -> None:
        """Close, and let others open it. Again: nothing."""
        descriptor, self._descriptor = self._descriptor, -1
        if descriptor >= 0:
            os.close(descriptor)

    def _begin(self, header: Header) -> None:
        _check_regular(self._descriptor)
        _lock(self._descriptor)
        data = _read(self._descriptor)
        if not data:
            self._write_header(header)
            return
        state = self.state = journal.replay(data)
        self._header = encode_header(state.header)
        state.header.check(header.endpoint, header.job, header.shard)
        data, self.chain = journal.opening(state)
        # Over what cannot be believed, and only then is the rest cut off: whenever this ends, the damage still shows.
        os.lseek(self._descriptor, state.end, os.SEEK_SET)
        self.write(data)
        if state.lost:
            os.ftruncate(self._descriptor, state.end + len(data))

    def _write_header(self, header: Header) -> None:
        data = self._header = encode_header(header)
        try:
            self.write(data)
        except OSError:
            # Half a header would be refused for ever.
            os.ftruncate(self._descriptor, 0)
            raise
        self.chain = Chain(journal.replay(data).check)


_OPEN: WeakSet[JournalFile] = WeakSet()


def _leave_to_parent() -> None:
    """A forked process writes nothing, and must not hold the lock longer than the one whose journal it is."""
    for each in [*_OPEN]:
        each.close()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_leave_to_parent)


def read(path: str) -> State:
    """What a journal says, whoever has it open; raises `ConfigurationError`."""
    with _named(path):
        descriptor = os.open(path, _READ)
        try:
            _check_regular(descriptor)
            return journal.replay(_read(descriptor))
        finally:
            os.close(descriptor)


@contextmanager
def _named(path: str) -> Generator[None]:
    """Errors of opening, with the journal's name."""
    try:
        yield
    except ConfigurationError as error:
        raise ConfigurationError(f"journal {path}: {error}") from error.__cause__
    except OSError as error:
        raise ConfigurationError(f"journal {path}: {(error.strerror or str(error)).lower()}") from error
    except ValueError as error:
        # A NUL in it, or what the file system cannot encode.
        raise ConfigurationError(f"journal {path!r}: {error}") from error


def _check_regular(descriptor: int) -> None:
    mode = os.fstat(descriptor).st_mode
    if not stat.S_ISREG(mode):
        raise ConfigurationError("is a directory" if stat.S_ISDIR(mode) else "it is no regular file")


def _read(descriptor: int) -> bytes:
    parts: list[bytes] = []
    while part := os.read(descriptor, 1 << 20):
        parts.append(part)
        if not parts[0].startswith(MAGIC):
            # Somebody's film, which need not fit into memory to be refused.
            break
    return b"".join(parts)


def _sync_folder(path: str) -> None:
    """Make the file's name last, too."""
    if sys.platform == "win32":
        return
    descriptor = os.open(Path(path).parent, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _lock(descriptor: int) -> None:
    try:
        if sys.platform == "win32":
            import msvcrt  # noqa: PLC0415 - only there

            # A byte far behind all others: what is locked cannot be read there.
            os.lseek(descriptor, 1 << 40, os.SEEK_SET)
            msvcrt.locking(descriptor, msvcrt.LK_NBLCK, 1)
            os.lseek(descriptor, 0, os.SEEK_SET)
        else:
            import fcntl  # noqa: PLC0415 - only there

            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        raise ConfigurationError("another run is using it") from error
