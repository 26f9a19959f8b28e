"""The tries of one call, counted.

Law: the policy decides whether there is another one; this waits for it, and no longer than the client is open.
"""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import Callable
from random import Random

from ..errors import BatchioError
from .log import log_failure
from .request import Request
from .retry import RetryPolicy, is_refused_credential, is_repeatable


class Tries:
    """What a call knows of its tries; the first one begins now. `number`: of the present one, from 1.

    `retried` is called for each one after it.
    """

    def __init__(
        self, policy: RetryPolicy, *, rng: Random, closing: asyncio.Event, retried: Callable[[], None]
    ) -> None:
        self._policy = policy
        self._rng = rng
        self._closing = closing
        self._retried = retried
        self._renewed = False
        self._made = self.number = 1
        self._started = time.monotonic()

    def went_well(self, *, anew: bool) -> None:
        """The last try has brought something, so that time counts from now on; with `anew` tries do, too."""
        self._started = time.monotonic()
        if anew:
            self._made = 1

    async def again(self, request: Request, failure: BatchioError) -> None:
        """Wait until `request`, which has failed so, may be sent again; raises `failure` where it may not."""
        if not self._renewed and is_refused_credential(failure):
            # The session has told the authorizer: this try is signed with fresh material.
            self._renewed = True
            log_failure(request, failure, 0.0, self.number)
            self._begin_next()
            return
        wait = self._policy.wait(
            failure,
            attempt=self._made,
            elapsed=time.monotonic() - self._started,
            repeatable=is_repeatable(request.method, request.headers),
            rng=self._rng,
        )
        if wait is None or self._closing.is_set():
            raise failure
        log_failure(request, failure, wait, self.number)
        await rest(wait, self._closing)
        if self._closing.is_set():
            raise failure
        self._begin_next()

    def _begin_next(self) -> None:
        self._retried()
        self._made += 1
        self.number += 1


async def rest(seconds: float, closing: asyncio.Event) -> None:
    """Wait, and no longer than the client is open, or a run goes on."""
    # Not wait_for, which on Python 3.11 forgets a cancellation that comes together with the event.
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(seconds):
            await closing.wait()
