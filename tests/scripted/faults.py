"""Scripts: which request meets which act, and which task meets which error.

Law: the same seed and the same requests give the same script.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Collection, Sequence
from email.utils import formatdate

from .acts import Act, fail
from .truth import ItemError, Record

Fault = Callable[[Record], Act | None]
"""A script for requests: an act, or None for the service's normal answer."""

Items = Callable[[str, int], ItemError | None]
"""A script for tasks: folded id and how often it was looked at before -> an error, or None to add it."""


def refuse(status: int = 503, *, retry_after: str | None = None, date_in: float | None = None, now: float = 0.0) -> Act:
    """Throttling: 429, or 503 ServerBusy. `date_in`: Retry-After as the HTTP date so many seconds after `now`."""
    if date_in is not None:
        retry_after = formatdate(now + date_in, usegmt=True)
    headers = {} if retry_after is None else {"Retry-After": retry_after}
    return fail(status, "ServerBusy" if status == 503 else "TooManyRequests", headers=headers)


def for_requests(numbers: Collection[int], act: Act) -> Fault:
    """An act for the requests with these numbers, from 1."""
    chosen = frozenset(numbers)
    return lambda record: act if record.number in chosen else None


def when(condition: Callable[[Record], bool], act: Act, *, times: int | None = None) -> Fault:
    """An act for requests that fit, the first `times` of them."""
    left = [times]

    def script(record: Record) -> Act | None:
        if left[0] == 0 or not condition(record):
            return None
        if left[0] is not None:
            left[0] -= 1
        return act

    return script


def each(*scripts: Fault) -> Fault:
    """The first script that has something to say."""

    def script(record: Record) -> Act | None:
        return next((act for one in scripts if (act := one(record)) is not None), None)

    return script


def chance(seed: int, chances: Sequence[tuple[float, Act]], *, until: int | None = None) -> Fault:
    """Acts by chance; after `until` requests the service is healthy."""
    dice = random.Random(seed)  # noqa: S311 -- a seed that can be repeated

    def script(record: Record) -> Act | None:
        throw = dice.random()
        if until is not None and record.number > until:
            return None
        for probability, act in chances:
            if throw < probability:
                return act
            throw -= probability
        return None

    return script


def poisoned(ids: Collection[str], code: str = "InvalidRequestBody", status: int = 400) -> Fault:
    """A refusal of every request that holds one of these ids."""
    bad = frozenset(task_id.lower() for task_id in ids)
    return lambda record: fail(status, code) if bad & record.folded else None


def too_large(limit: int) -> Fault:
    """413 for bodies of more than `limit` bytes."""
    return lambda record: fail(413, "RequestBodyTooLarge") if record.size > limit else None
