"""Asking the service again and again: the pauses in between, and the failures that may pass.

Law: a failure is told and survived where it may pass, and raised where it cannot; never passed over. Here is the
only layer that asks again: the client of `patient_client` tries once, so that a failure is told when it happens.
"""

from __future__ import annotations

import asyncio
import math
import random
import time
from typing import TYPE_CHECKING

from ..errors import BatchioError, CredentialError, DecodeError, HttpResponseError
from ..session.retry import RetryPolicy
from ..session.waiting import Pace
from .codes import CommandError
from .progress import many, span
from .versions import version_of

if TYPE_CHECKING:
    from ..client import BatchClient
    from .screen import Screen

FIRST_PAUSE = 1.0
FIRST_TRIES = 4
"""Failures before the first answer that are survived: who has never answered may not be there at all."""
_TOLD_SECONDS = 60.0
_TIMEOUT = 30.0


def patient_client(api_version: str | None) -> BatchClient:
    """The client of a command that asks again by itself."""
    from ..client import BatchClient  # noqa: PLC0415 - not needed where the command's options are wrong

    return BatchClient.from_environment(
        retry=RetryPolicy(attempts=1), timeout=_TIMEOUT, api_version=version_of(api_version)
    )


def check_seconds(option: str, seconds: float | None) -> None:
    """Raises `CommandError` for what is no length of time."""
    if seconds is not None and not 0 < seconds < math.inf:
        raise CommandError(f"{option}: seconds above 0, not {seconds:g}")


def may_pass(error: BatchioError) -> bool:
    """Whether the same question may be answered later: what is on the way fails, or a token is not there yet."""
    return error.retriable or isinstance(error, DecodeError | CredentialError)


class Asking:
    """One who asks. `interval`: seconds of the longest pause; the first ones are shorter."""

    def __init__(self, screen: Screen, interval: float) -> None:
        self._screen = screen
        self._pace = Pace(interval=min(FIRST_PAUSE, interval), max_interval=interval)
        self._rng = random.Random()  # noqa: S311 - jitter, not cryptography
        self._asked = 0
        self._failed = 0
        self._at_least = 0.0
        self._told: tuple[str, float] = "", 0.0
        self.is_answered = False

    def went_well(self, *, anew: bool = False) -> None:
        """There was an answer; with `anew` the pauses begin with the shortest again."""
        if self._failed:
            self._screen.warn(f"batchio: answered again, after {many(self._failed, 'failure')}")
        self._failed, self._at_least, self._told = 0, 0.0, ("", 0.0)
        self.is_answered = True
        if anew:
            self._asked = 0

    def failed(self, error: BatchioError) -> None:
        """There was none: raises `error` where asking again does not help."""
        self._failed += 1
        if not may_pass(error) or not (self.is_answered or self._is_early(error)):
            raise error
        self._at_least = (isinstance(error, HttpResponseError) and error.retry_after) or 0.0
        self._tell(error)

    def _is_early(self, error: BatchioError) -> bool:
        """Whether an answer may still come though there was none yet; who is not signed in will not be soon."""
        return self._failed <= FIRST_TRIES and not isinstance(error, CredentialError)

    async def pause(self) -> None:
        """Wait before the next question."""
        self._asked += 1
        pause = self._pace.pause(self._asked, left=math.inf, rng=self._rng)
        await asyncio.sleep(max(pause, self._at_least))

    def _tell(self, error: BatchioError) -> None:
        """Once a minute, as long as it is the same failure."""
        kind = f"{type(error).__name__} {getattr(error, 'code', '')}"
        before, at = self._told
        now = time.monotonic()
        if kind != before or now - at >= _TOLD_SECONDS:
            self._told = kind, now
            wait = f", no sooner than in {span(self._at_least)}" if self._at_least else ""
            self._screen.warn(f"batchio: {' '.join(str(error).split())}; asking again{wait}")
