"""One try, counted, timed, logged and seen.

Law: tells, and changes nothing of what is sent but the headers of a trace. Counting costs a few additions, and who
neither logs nor looks pays for no more than asking.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Mapping
from contextlib import AbstractContextManager
from types import TracebackType
from typing import Self

from .log import log_answer, log_no_answer, logger
from .request import Request
from .telemetry import Call


class Counters:
    """What a session has sent so far, and what it waits for; a block of it is one try that nobody looks at."""

    __slots__ = ("bytes_sent", "in_flight", "refused", "requests", "retries")

    def __init__(self) -> None:
        self.requests = self.retries = self.refused = self.bytes_sent = self.in_flight = 0

    def __enter__(self) -> None:
        self.requests += 1
        self.in_flight += 1

    def __exit__(self, *_: object) -> None:
        self.in_flight -= 1


class Attempt:
    """A block around one try, for the log and for whoever looks."""

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
        self._counters.__enter__()
        return self

    def answered(self, status: int, headers: Mapping[str, str]) -> None:
        """An answer has come."""
        self._status, self._headers = status, headers

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._counters.__exit__()
        seconds = time.monotonic() - self._started
        if error is None:
            log_answer(self._request, self._status, self._headers, seconds, self._number)
        else:
            log_no_answer(self._request, error, seconds, self._number)
        if self._sending is not None:
            self._sending.over(self._status, self._headers, error, seconds)


def told(
    counters: Counters, request: Request, headers: dict[str, str], number: int, seen: Call | None
) -> AbstractContextManager[Attempt | None]:
    """An `Attempt`, where somebody wants to know. `number`: counted from 1; `seen`: the call that it is a try of."""
    if seen is None and not logger.isEnabledFor(logging.DEBUG):
        return counters
    return Attempt(counters, request, headers, number, seen)
