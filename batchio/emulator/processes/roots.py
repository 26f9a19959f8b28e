"""The folder under which the nodes of one service live.

Law: a root whose lock nobody holds belongs to a service that is dead: what that one left running is killed, and its
folder goes where it was a temporary one. The system gives a lock back whatever way a process ends.

Without a database the root is a temporary folder that goes when the service stops; with `db` it stands beside the
database's file, under its name with `.nodes` behind it, and stays.
"""

from __future__ import annotations

import fcntl
import os
import signal
import stat
import tempfile
from contextlib import suppress
from pathlib import Path
from typing import Self

from ...errors import ConfigurationError
from .foreman import start_time, stat_of
from .removal import remove

NODES = "nodes"
RECORDS = "groups"
TRASH = "trash"
_MARK = "AZ_BATCH_NODE_ROOT_DIR"
"""The variable that every process of a node has, and by which it is known."""


class Root:
    """A root that is locked. `nodes`, `records` and `trash` are its folders; `keep`: it stays when it is closed."""

    def __init__(self, path: Path, lock: int, *, keep: bool) -> None:
        self.path = path
        self.nodes = path / NODES
        self.records = path / RECORDS
        self.trash = path / TRASH
        self._lock = lock
        self._keep = keep
        for folder in (self.nodes, self.records, self.trash):
            folder.mkdir(mode=0o700, exist_ok=True)

    @classmethod
    def claim(cls, db: str | os.PathLike[str] | None = None) -> Self:
        """A root of one's own; roots of dead services are cleared. Raises `ConfigurationError` where it is taken."""
        try:
            return cls._temporary() if db is None else cls._beside(db)
        except OSError as error:
            raise ConfigurationError(f"nodes: no folder for them: {error}") from error

    @classmethod
    def _temporary(cls) -> Self:
        base = Path(tempfile.gettempdir()).resolve() / f"batchio-nodes-{os.getuid()}"
        base.mkdir(mode=0o700, exist_ok=True)
        found = base.lstat()
        if not stat.S_ISDIR(found.st_mode) or found.st_uid != os.getuid():
            raise ConfigurationError(f"nodes: {base} belongs to somebody else")
        # One at a time, so that nobody takes a folder that is just being made for a dead one's.
        guard = os.open(base / "lock", os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW, 0o600)
        try:
            fcntl.flock(guard, fcntl.LOCK_EX)
            for path in base.iterdir():
                if path.is_dir():
                    # What cannot be cleared away stays: that is no reason not to start.
                    with suppress(OSError):
                        _bury(path)
            path = Path(tempfile.mkdtemp(dir=base, prefix=""))
            lock = _locked(path)
        finally:
            os.close(guard)
        assert lock is not None  # noqa: S101 - the folder is new; this is for the type checkers
        return cls(path, lock, keep=False)

    @classmethod
    def _beside(cls, db: str | os.PathLike[str]) -> Self:
        path = Path(f"{os.path.realpath(os.fsdecode(db))}.nodes")
        path.mkdir(mode=0o700, exist_ok=True)
        lock = _locked(path)
        if lock is None:
            raise ConfigurationError(f"nodes: another service runs its nodes in {path}")
        kill_leftovers(path)
        remove(path / TRASH)
        return cls(path, lock, keep=True)

    def close(self) -> None:
        """Give the root back."""
        if self._keep:
            remove(self.trash)
        else:
            remove(self.path)
        os.close(self._lock)


def _locked(path: Path) -> int | None:
    """The lock of a root; None where somebody holds it."""
    lock = os.open(path / "lock", os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW, 0o600)
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(lock)
        return None
    return lock


def _bury(path: Path) -> None:
    """Clear a root away, if it is a dead service's."""
    lock = _locked(path)
    if lock is None:
        return
    try:
        kill_leftovers(path)
        remove(path)
    finally:
        os.close(lock)


def kill_leftovers(path: Path) -> None:
    """Kill the processes that a dead service has left in a root; never one that only has the number of such a one."""
    records = path / RECORDS
    for record in records.iterdir() if records.is_dir() else ():
        # Tasks can write here, too; what is no record is none.
        with suppress(OSError, ValueError):
            if record.read_text() == start_time(int(record.name)):
                os.killpg(int(record.name), signal.SIGKILL)
        with suppress(OSError):
            record.unlink()
    for pid in _marked(path):
        with suppress(ProcessLookupError, PermissionError):
            os.kill(pid, signal.SIGKILL)


def _marked(path: Path) -> list[int]:
    """The processes whose environment names the root, where the system tells: their leader may be gone."""
    mark = f"{_MARK}={path}/{NODES}/".encode()
    found: list[int] = []
    for folder in Path("/proc").glob("[0-9]*"):
        with suppress(OSError):
            if mark in (folder / "environ").read_bytes() and stat_of(int(folder.name))[:1] != ["Z"]:
                found.append(int(folder.name))
    return found
