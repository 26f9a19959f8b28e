"""The file of tasks that were not added.

Law: JSON Lines that `submit` takes as they are, readable by their owner alone, on disk as soon as they are known.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Iterable
from contextlib import suppress
from typing import TYPE_CHECKING, BinaryIO

from .codes import CommandError

if TYPE_CHECKING:
    from ..bulk.report import TaskOutcome

_OWNER_ONLY = 0o600


class FailuresFile:
    """`settled_only`: leave out what a resumed run sends again. `go_on`: keep what is in the file.

    `written`: how many tasks were written. `trouble`: why no more were, and `lost` how many should have been.
    """

    def __init__(self, path: str, *, exists_is_ok: bool, settled_only: bool = False, go_on: bool = False) -> None:
        self.path = path
        self.written = self.lost = 0
        self.trouble: str | None = None
        self._fine = {"added", "existed"} if exists_is_ok else {"added"}
        if settled_only:
            self._fine |= {"gave_up", "unknown", "not_sent"}
        self._file = _open(path, go_on=go_on)

    def write(self, outcomes: Iterable[TaskOutcome]) -> None:
        """Add the tasks that are not in the job as they were wanted."""
        fine = self._fine
        bodies = [
            # A task may have been written over many lines; inside of JSON text a newline is only ever space.
            outcome.body.replace(b"\n", b" ")
            for outcome in outcomes
            if outcome.state not in fine and outcome.body is not None
        ]
        if bodies and self.trouble is None:
            try:
                self._file.write(b"\n".join(bodies) + b"\n")
                self._file.flush()
            except OSError as error:
                # A full disk is no reason to stop adding tasks; it is told at the end.
                self.trouble = error.strerror or str(error)
        self.lost += len(bodies) if self.trouble else 0
        self.written += 0 if self.trouble else len(bodies)

    def close(self) -> None:
        """No more is coming."""
        with suppress(OSError):  # it was flushed, or its trouble is known
            self._file.close()


def _open(path: str, *, go_on: bool) -> BinaryIO:
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND | getattr(os, "O_CLOEXEC", 0), _OWNER_ONLY)
        found = os.fstat(descriptor)
        if os.name == "posix" and found.st_uid not in (os.geteuid(), 0):
            # Put there by somebody who would read what is written, whatever its mode is.
            os.close(descriptor)
            raise CommandError(f"--failures {path}: this file is somebody else's, who could read the secrets in it")
        if stat.S_ISREG(found.st_mode):
            # The mode of a file that was there before, or another umask's. Never that of a device.
            os.fchmod(descriptor, _OWNER_ONLY)
            if not go_on:
                os.ftruncate(descriptor, 0)
    except OSError as error:
        raise CommandError(f"--failures {path}: {(error.strerror or str(error)).lower()}") from error
    return open(descriptor, "wb")  # noqa: PTH123 - a descriptor, no path
