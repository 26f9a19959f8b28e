"""What came in and what went out.

Law: the log is bounded and holds no header and no body, and of a query nothing that can be told to be a secret.
"""

from __future__ import annotations

from collections import Counter, deque
from datetime import datetime
from typing import Any

import msgspec

from . import ticks

LOG_LENGTH = 10_000
LONGEST_TEXT = 2000
"""So many characters are kept of a path, a query or an id that a client sent."""


def told(text: str) -> str:
    """A client's text as the log has it: bytes that are no text are question marks, and what is long is cut."""
    short = text if len(text) <= LONGEST_TEXT else f"{text[:LONGEST_TEXT]}..."
    return short if short.isascii() else short.encode(errors="replace").decode()


class RequestRecord(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """One request to the API.

    `operation` is None where the path or method is none of the API's; `status` is 0 where the connection was
    dropped without an answer; `code` is the error's; `tasks` the number of tasks in a collection; `size` the
    body's in bytes; `seconds` how long it took, `at` when it came (in the emulator's time, as ticks); `faults`
    the rules that hit it.
    """

    number: int
    at: int
    method: str
    path: str
    query: str
    operation: str | None
    status: int
    code: str | None
    request_id: str
    client_request_id: str | None
    size: int
    tasks: int
    seconds: float
    faults: tuple[str, ...] = ()

    @property
    def time(self) -> datetime:
        """When it came, in the emulator's time."""
        return ticks.to_datetime(self.at)

    def shown(self) -> dict[str, Any]:
        """The record for JSON."""
        return {**msgspec.structs.asdict(self), "at": ticks.time_text(self.at)}


class RequestLog:
    """The last requests and the counters of all."""

    def __init__(self) -> None:
        self.records: deque[RequestRecord] = deque(maxlen=LOG_LENGTH)
        self.clear()

    def clear(self) -> None:
        """Forget all."""
        self.records.clear()
        self.requests = 0
        self.tasks = 0
        self.statuses: Counter[int] = Counter()
        self.codes: Counter[str] = Counter()
        self.operations: Counter[str] = Counter()
        self.faulted = 0

    def add(self, record: RequestRecord) -> None:
        """Take in a request that is done."""
        self.records.append(record)
        self.requests += 1
        self.tasks += record.tasks
        self.statuses[record.status] += 1
        self.operations[record.operation or "unknown"] += 1
        if record.code is not None:
            self.codes[record.code] += 1
        if record.faults:
            self.faulted += 1

    def counters(self) -> dict[str, Any]:
        """The counters for JSON."""
        return {
            "requests": self.requests,
            "tasks": self.tasks,
            "faulted": self.faulted,
            "statuses": {str(status): number for status, number in self.statuses.items()},
            "codes": dict(self.codes),
            "operations": dict(self.operations),
        }
