"""When a single call is sent again, and after how long.

Law: pure. The policy decides from values; the session sleeps. Why it is as it is: waiting times are drawn
evenly between nothing and a doubling bound ("full jitter"), because clients that failed together must not
come back together; what the service says in Retry-After always holds; a request that may have been acted
on is sent again only when doing it twice changes nothing.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from random import Random

import msgspec

from ..errors import (
    BatchioError,
    ClientAuthenticationError,
    ConfigurationError,
    HttpResponseError,
    TransportError,
)
from .request import http_date

MAX_RETRY_AFTER = 300.0
"""Seconds; a longer Retry-After falls back to our own backoff."""

_REPEATABLE = frozenset({"GET", "HEAD", "PUT"})
_NOTHING_DONE = frozenset({429, 503})


class RetryPolicy(msgspec.Struct, frozen=True, kw_only=True):
    """How often and how long single calls are tried.

    `attempts`: tries in all, at least 1. `base` and `cap`: seconds; the n-th wait is drawn from 0 to
    min(cap, base * 2**n). `deadline`: seconds from the first try after which no other is made.

    >>> RetryPolicy(attempts=1)  # no second try
    RetryPolicy(attempts=1, base=0.25, cap=20.0, deadline=180.0)
    """

    attempts: int = 8
    base: float = 0.25
    cap: float = 20.0
    deadline: float = 180.0

    def __post_init__(self) -> None:
        if isinstance(self.attempts, bool) or not isinstance(self.attempts, int) or self.attempts < 1:
            raise ConfigurationError(f"retry.attempts: at least 1 is needed, not {self.attempts!r}")
        for name in ("base", "cap", "deadline"):
            value = getattr(self, name)
            if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value < math.inf:
                raise ConfigurationError(f"retry.{name}: seconds, not {value!r}")

    def wait(
        self, failure: BatchioError, *, attempt: int, elapsed: float, repeatable: bool, rng: Random
    ) -> float | None:
        """Seconds to wait before the next try, or None when `failure` stands.

        `attempt`: tries made so far. `elapsed`: seconds since the first one began. `repeatable`: whether the
        request may be acted on twice.
        """
        if attempt >= self.attempts or not may_repeat(failure, repeatable=repeatable):
            return None
        wait = backoff(rng, attempt - 1, base=self.base, cap=self.cap)
        if isinstance(failure, HttpResponseError) and failure.retry_after is not None:
            wait = max(wait, failure.retry_after)
        return wait if elapsed + wait <= self.deadline else None


def is_repeatable(method: str, headers: Mapping[str, str]) -> bool:
    """Whether a request may be acted on twice: reads, PUT, and whatever carries If-Match."""
    return method in _REPEATABLE or "if-match" in headers


def may_repeat(failure: BatchioError, *, repeatable: bool) -> bool:
    """Whether the request that failed so may be sent again."""
    if isinstance(failure, TransportError):
        return failure.retriable and (repeatable or not failure.sent)
    if isinstance(failure, HttpResponseError):
        return failure.retriable and (repeatable or failure.status in _NOTHING_DONE)
    return False


def is_refused_credential(failure: BatchioError) -> bool:
    """Whether a fresh token or signature may help."""
    return isinstance(failure, ClientAuthenticationError) and (
        failure.status == 401 or failure.code == "AuthenticationFailed"
    )


def backoff(rng: Random, attempt: int, *, base: float = 0.25, cap: float = 20.0) -> float:
    """Full jitter: seconds drawn from 0 to min(cap, base * 2**attempt)."""
    return rng.uniform(0.0, min(cap, base * 2.0 ** min(attempt, 30)))


def parse_retry_after(value: str | None, now: float) -> float | None:
    """Seconds of a Retry-After header (a number or a date), None where it is absent, unreadable or too long.

    `now`: POSIX seconds. A date in the past is 0.
    """
    if value is None:
        return None
    try:
        seconds = float(value)
    except ValueError:
        date = http_date(value)
        if date is None:
            return None
        seconds = max(0.0, date.timestamp() - now)
    return seconds if math.isfinite(seconds) and 0.0 <= seconds <= MAX_RETRY_AFTER else None
