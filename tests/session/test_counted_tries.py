"""The tries of one call, counted; `test_tries` has those of real calls."""

from __future__ import annotations

import asyncio
from random import Random
from types import SimpleNamespace
from typing import Any

import pytest

from batchio import HttpResponseError, RetryPolicy
from batchio.errors import error_class
from batchio.session import tries
from batchio.session.tries import Tries, rest

from .driving import READ, said_by


def failing(status: int) -> HttpResponseError:
    return error_class(status, None)("No.", status=status, operation="Jobs_GetJob", retry_after=1.5)


class Driven:
    """The tries of a call, with a clock and waits of the test's own."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, **policy: Any) -> None:
        self.now = 0.0
        self.waits = list[float]()
        self.retried = 0
        self.closing = asyncio.Event()
        self.closes_while_it_waits = False
        monkeypatch.setattr(tries, "time", SimpleNamespace(monotonic=lambda: self.now))
        monkeypatch.setattr(tries, "rest", self.rest)
        policy = {"base": 0.0, "cap": 0.0, **policy}
        self.tries = Tries(RetryPolicy(**policy), rng=Random(1), closing=self.closing, retried=self.count)  # noqa: S311 - jitter

    def count(self) -> None:
        self.retried += 1

    async def rest(self, seconds: float, closing: asyncio.Event) -> None:
        assert closing is self.closing
        self.waits.append(seconds)
        if self.closes_while_it_waits:
            closing.set()

    async def goes_on(self, status: int) -> bool:
        """Whether there is another try after this answer."""
        failure = failing(status)
        (raised,) = await asyncio.gather(self.tries.again(READ, failure), return_exceptions=True)
        assert raised in (None, failure)
        return raised is None


async def test_each_try_is_counted_told_and_waited_for(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO", "batchio")
    driven = Driven(monkeypatch, attempts=4)
    for number in (1, 2, 3):
        assert driven.tries.number == number
        assert await driven.goes_on(503)
    assert not await driven.goes_on(503)
    assert (driven.tries.number, driven.retried, driven.waits) == (4, 3, [1.5] * 3)
    told: Any = said_by(caplog)
    assert [(each.attempt, each.wait, each.status) for each in told] == [(1, 1.5, 503), (2, 1.5, 503), (3, 1.5, 503)]
    assert (
        told[0].getMessage() == "Jobs_GetJob GET /jobs/j failed, again in 1.50 s: Jobs_GetJob: 503 without a code: No."
    )


async def test_a_refused_signature_is_made_anew_once_and_at_once(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO", "batchio")
    driven = Driven(monkeypatch, attempts=3)
    assert await driven.goes_on(503)
    assert await driven.goes_on(401)
    assert (driven.tries.number, driven.retried, driven.waits) == (3, 2, [1.5])
    told: Any = said_by(caplog)[-1]
    assert (told.attempt, told.wait, told.status) == (2, 0.0, 401)
    assert not await driven.goes_on(503)  # it was one of the tries
    assert not await driven.goes_on(401)


@pytest.mark.parametrize("anew", [True, False])
async def test_what_went_well_begins_time_anew_and_tries_where_it_was_much(
    monkeypatch: pytest.MonkeyPatch, *, anew: bool
) -> None:
    driven = Driven(monkeypatch, attempts=2, deadline=10.0)
    driven.now = 9.0
    driven.tries.went_well(anew=anew)
    driven.now = 17.0
    assert await driven.goes_on(503)
    driven.tries.went_well(anew=anew)
    assert await driven.goes_on(503) is anew
    driven.tries.went_well(anew=True)
    driven.now = 26.0
    assert not await driven.goes_on(503)  # 9 s, and 1.5 s more are beyond the deadline
    assert driven.tries.number == (3 if anew else 2)


@pytest.mark.parametrize("while_it_waits", [True, False])
async def test_a_client_that_is_closed_tries_no_more(monkeypatch: pytest.MonkeyPatch, *, while_it_waits: bool) -> None:
    driven = Driven(monkeypatch)
    driven.closes_while_it_waits = while_it_waits
    if not while_it_waits:
        driven.closing.set()
    assert not await driven.goes_on(503)
    assert (driven.tries.number, driven.retried, len(driven.waits)) == (1, 0, while_it_waits)


async def test_a_rest_ends_with_its_time_or_with_the_client() -> None:
    closing = asyncio.Event()
    await rest(0.0, closing)
    resting = asyncio.create_task(rest(3600.0, closing))
    for _ in range(5):
        await asyncio.sleep(0)
    assert not resting.done()
    closing.set()
    await resting
