"""Files of tasks and nodes, as listings show them.

Law: properties only; contents come as a stream.
"""

from __future__ import annotations

from datetime import datetime

from .base import Model
from .rules import Int64, Needed


class FileProperties(Model, kw_only=True):
    """Size, type and times of a file."""

    creation_time: datetime | None = None
    """Absent on Linux."""
    last_modified: Needed[datetime] = None
    content_length: Needed[Int64] = None
    """In bytes."""
    content_type: str | None = None
    file_mode: str | None = None
    """Octal; on Linux only."""


class NodeFile(Model, kw_only=True):
    """A file or directory on a node. Item of `Nodes_ListNodeFiles` and `Tasks_ListTaskFiles`."""

    name: str | None = None
    """The path below the task's or the node's root directory."""
    url: str | None = None
    is_directory: bool | None = None
    properties: FileProperties | None = None
