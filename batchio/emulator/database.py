"""The file in which the state is kept: SQLite.

Law: one table of records by home and birth, because an id may come again and a birth does not; no row is looked
into. A write is one transaction in the log of SQLite (WAL). With `synchronous=NORMAL` a transaction has been handed
to the system when it ends: it outlives the process, whatever kills it. A power cut or a crash of the machine may
take the last transactions, never half of one; waiting for the disk each time (`FULL`) would bring that to nothing
at several milliseconds a write, which a service for development does not need.
"""

from __future__ import annotations

import contextlib
import os
import sqlite3
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

from ..errors import ConfigurationError
from .changes import Write
from .records import LAYOUT

_APPLICATION = int.from_bytes(b"bate")
"""What SQLite knows the emulator's files by."""

_TABLE = """CREATE TABLE things (
    home INTEGER, born INTEGER, kind TEXT, record BLOB, PRIMARY KEY (home, born)
) WITHOUT ROWID"""

# While a statement runs other threads run, too, and it waits for its turn afterwards: so there are few and long ones,
# of a few lengths, which SQLite has to understand only once.
_LENGTHS = tuple(1 << power for power in range(11, -1, -1))


def _statements(before: str, row: str, after: str = "") -> dict[int, str]:
    return {length: f"{before} {', '.join([row] * length)} {after}" for length in _LENGTHS}


_PUT = _statements("INSERT OR REPLACE INTO things VALUES", "(?, ?, ?, ?)")
_REMOVE = _statements("WITH gone (home, born) AS (VALUES", "(?, ?)", ") DELETE FROM things WHERE (home, born) IN gone")


class Row(NamedTuple):
    """A resource as it is kept."""

    home: int
    born: int
    kind: str
    record: bytes


class Database:
    """The file, open and ours alone until it is closed. Raises `ConfigurationError` where it cannot be."""

    def __init__(self, path: str | os.PathLike[str]) -> None:
        # Absolute: SQLite takes some relative names for something else than a file.
        self.path = str(Path(os.fsdecode(path)).absolute())
        try:
            self._create()
            self._connection = sqlite3.connect(
                self.path, timeout=0, isolation_level=None, cached_statements=4 * len(_LENGTHS)
            )
        except (OSError, ValueError, sqlite3.Error) as error:
            raise self._unusable(error) from error
        try:
            self._take()
            self._taken = os.stat(self.path)  # noqa: PTH116 - of a text
        except BaseException as error:
            self._connection.close()
            if isinstance(error, sqlite3.Error | OSError):
                raise self._unusable(error) from error
            raise

    def _create(self) -> None:
        # The state holds what clients sent, their secrets too: it is for the owner alone.
        with contextlib.suppress(FileExistsError):
            os.close(os.open(self.path, os.O_CREAT | os.O_EXCL | os.O_RDWR, 0o600))

    def _take(self) -> None:
        run = self._connection.execute
        run("PRAGMA locking_mode=EXCLUSIVE")
        found, layout = (run(f"PRAGMA {name}").fetchone()[0] for name in ("application_id", "user_version"))
        empty = not run("SELECT count(*) FROM sqlite_master").fetchone()[0]
        if not empty and found != _APPLICATION:
            raise self._refused("it is a database, but not one of the emulator")
        if not empty and layout != LAYOUT:
            raise self._refused(f"another version of batchio wrote it (layout {layout}, this one reads {LAYOUT})")
        run("PRAGMA journal_mode=WAL")
        run("PRAGMA synchronous=NORMAL")
        run("BEGIN IMMEDIATE")
        if empty:
            run(_TABLE)
            run(f"PRAGMA application_id={_APPLICATION}")
            run(f"PRAGMA user_version={LAYOUT}")
        run("COMMIT")
        for path in map(Path, (self.path, f"{self.path}-wal")):
            # It may have been there before, with another mode, which SQLite gives to its log, too.
            with contextlib.suppress(FileNotFoundError):
                path.chmod(0o600)

    def _unusable(self, error: Exception) -> ConfigurationError:
        if isinstance(error, sqlite3.Error) and error.sqlite_errorcode in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED):
            return self._refused("another emulator has it open")
        if isinstance(error, OSError):
            return self._refused((error.strerror or str(error)).lower())
        return self._refused(str(error))

    def _refused(self, why: str) -> ConfigurationError:
        return ConfigurationError(f"db: {self.path} cannot be used: {why}")

    def rows(self) -> Iterator[Row]:
        """Everything, first what lives in the account itself, each home in the order of birth."""
        return map(Row._make, self._connection.execute("SELECT * FROM things ORDER BY home, born"))

    def write(self, write: Write) -> None:
        """Make the changes in one transaction. Raises `sqlite3.Error`, and nothing has changed."""
        self._check_there()
        run = self._connection.execute
        run("BEGIN IMMEDIATE")
        try:
            if write.all:
                run("DELETE FROM things")
            for home in write.homes:
                run("DELETE FROM things WHERE home = ?", (home,))
            self._many(_REMOVE, 2, write.gone)
            self._many(_PUT, 4, write.put)
            run("COMMIT")
        except sqlite3.Error:
            # A full disk ends some transactions by itself.
            if self._connection.in_transaction:
                run("ROLLBACK")
            raise

    def _check_there(self) -> None:
        """SQLite goes on with a file that nobody can find any more."""
        try:
            found = os.stat(self.path)  # noqa: PTH116 - of a text
        except OSError as error:
            raise sqlite3.OperationalError("the file was removed while it was in use") from error
        if not os.path.samestat(found, self._taken) or found.st_size < self._taken.st_size:
            raise sqlite3.OperationalError("the file was replaced or emptied while it was in use")

    def _many(self, statements: dict[int, str], width: int, values: list[Any]) -> None:
        start = 0
        for length, statement in statements.items():
            step = length * width
            while len(values) - start >= step:
                self._connection.execute(statement, values[start : start + step])
                start += step

    def close(self) -> None:
        """Close the file; another emulator can have it."""
        self._connection.close()
