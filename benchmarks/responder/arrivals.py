"""What has arrived: the ids in a request, and the count of everything since the last reset.

Law: every id is read from the body. Requests are only noted while a client runs; the counting is done when asked.
"""

from __future__ import annotations

import json
import re
from typing import Any

ID_BYTES = len(b"task-00000000")
MAX_TASKS = 100

_ID = re.compile(rb'"id": ?"(task-\d{8})"')
_IDS = re.compile(rb"(?:task-\d{8})*")
_NUMBER = slice(5, ID_BYTES)


def task_ids(body: bytes) -> list[bytes]:
    """The ids of the tasks of a collection, in order.

    Tasks of one request mostly have the same length, so the ids stand at equal distances: they are cut out there, and
    are looked for only where one of them turns out not to have the form of an id.
    """
    first = _ID.search(body)
    if first is None:
        return []
    at = first.start(1)
    second = _ID.search(body, first.end())
    if second is None:
        return [first[1]]
    found = [body[place : place + ID_BYTES] for place in range(at, len(body), second.start(1) - at)]
    return found if _IDS.fullmatch(b"".join(found)) else _ID.findall(body)


class Arrivals:
    """Requests and tasks since the last reset."""

    def __init__(self) -> None:
        self.reset()

    def reset(self) -> None:
        """Forget everything."""
        self.connections: set[int] = set()
        self.refused = 0
        self.reads = 0
        self._ids: list[bytes] = []
        self._bytes = 0
        self._first = b""

    def note(self, body: bytes, ids: list[bytes]) -> None:
        """One request that was answered with success."""
        if not self._ids:
            self._first = body
        self._ids.append(b"".join(ids))
        self._bytes += len(body)

    def counted(self, expected: int) -> dict[str, Any]:
        """The counts, for tasks that are numbered from 0 to `expected` - 1."""
        seen = bytearray(expected)
        tasks = repeated = strange = 0
        for ids in self._ids:
            for place in range(0, len(ids), ID_BYTES):
                number = int(ids[place : place + ID_BYTES][_NUMBER])
                tasks += 1
                if number >= expected:
                    strange += 1
                else:
                    repeated += seen[number]
                    seen[number] = 1
        return {
            "requests": len(self._ids),
            "reads": self.reads,
            "full": sum(len(ids) == MAX_TASKS * ID_BYTES for ids in self._ids),
            "refused": self.refused,
            "connections": len(self.connections),
            "tasks": tasks,
            "distinct": sum(seen),
            "repeated": repeated,
            "strange": strange,
            "body_bytes": self._bytes,
            "first_task": json.loads(self._first)["value"][0] if self._first else None,
        }
