"""What goes into a machine and what comes out: orders and their outcomes.

Law: values, which know nothing of tasks, jobs and nodes.
"""

from __future__ import annotations

import msgspec

KILLED = 137
"""The exit code of what was killed, as Linux has it."""


class ResourceFile(msgspec.Struct, frozen=True, rename="camel"):
    """A resource file as it was sent."""

    file_path: str | None = None
    http_url: str | None = None
    file_mode: str | None = None
    storage_container_url: str | None = None
    auto_storage_container_name: str | None = None


class Order(msgspec.Struct, frozen=True):
    """What is to run: `folder` are the names below the root of all nodes, beginning with pool and node."""

    folder: tuple[str, ...]
    command_line: str
    environment: dict[str, str]
    resource_files: tuple[ResourceFile, ...] = ()


class Outcome(msgspec.Struct, frozen=True):
    """An exit code, or the failure that kept the process from starting: a code and what it is about."""

    exit_code: int | None = None
    failure: str | None = None


class FailedError(Exception):
    """A process cannot start; `code` is one of `failures.CODES`, `about` a name or a reason."""

    def __init__(self, code: str, about: str) -> None:
        super().__init__(code, about)
        self.outcome = Outcome(failure=f"{code}: {about}")
