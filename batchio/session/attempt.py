"""One try, counted, timed, logged and seen.

Law: tells, and changes nothing of what is sent but the headers of a trace. Counting costs a few additions, and who does
not log or look pays for no more than asking.
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from types import TracebackType
from typing import Self

from .log import log_answer, log_no_answer
from .request import Request
from .telemetry import Call


class Counters:
    """What a session has sent so far, and what it waits for."""

    __slots__ = ("bytes_sent", "in_flight", "refused", "requests", "retries")

    def __init__(self) -> None:
        self.requests = self.retries = self.refused = self.bytes_sent = self.in_flight = 0


class Attempt:
    """A block around one try. `number`: counted from 1; `seen`: the call that it is a try of."""

    __slots__ = ("_counters", "_headers", "_number", "_request", "_seen", "_sending", "_started", "_status")

    def __init__(
        self, counters: Counters, request: Request, headers: dict[str, str], number: int, seen: Call | None
    ) -> None:
        self._counters = counters
        self._request = request
        self._number = number
        self._sending = None if seen is None else seen.sending(headers, number)
        self._status = 0
        self._headers: Mapping[str, str] = {}
        self._started = time.monotonic()

    def __enter__(self) -> Self:
        self._counters.requests += 1
        self._counters.in_flight += 1
        self._counters.bytes_sent += len(self._request.body or b"")
        return self

    def answered(self, status: int, headers: Mapping[str, str]) -> None:
        """An answer has come."""
        self._status, self._headers = status, headers

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._counters.in_flight -= 1
        seconds = time.monotonic() - self._started
        if error is None:
            log_answer(self._request, self._status, self._headers, seconds, self._number)
        else:
            log_no_answer(self._request, error, seconds, self._number)
        if self._sending is not None:
            self._sending.over(self._status, self._headers, error, seconds)
