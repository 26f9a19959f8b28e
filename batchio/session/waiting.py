"""Waiting until something is so: a question, asked again and again.

Law: a wait ends with what was waited for, or with an error; never in silence. A question that fails was asked again
as the retry policy allows, and what it raises then ends the wait. `Pace` decides from values; `wait` sleeps.
"""

from __future__ import annotations

import asyncio
import inspect
import math
from collections.abc import Awaitable, Callable, Mapping
from random import Random
from typing import Any, Generic, TypedDict, TypeVar

import msgspec

from ..errors import ConfigurationError, DeadlineError
from .session import Session

T = TypeVar("T")

GROWTH = 1.5
JITTER = 0.1
# Beyond that a pause is as long as it can get, and a power of it would be too large for a float one day.
_GROWN = 100


class WaitOptions(TypedDict, Generic[T], total=False):
    """Options of a wait."""

    deadline: float | None
    """Seconds for the whole wait, questions and callbacks included. None: no limit; the default."""
    interval: float
    """Seconds before the second question; each later pause is half as long again. 1.0."""
    max_interval: float
    """Seconds between two questions at most, give or take a tenth. 30.0."""
    callback: Callable[[T], object] | None
    """Called with each answer, and awaited where it is asynchronous. What it raises ends the wait."""
    timeout: float | None
    """Seconds for one try of a question, in place of the client's `timeout`; None: no limit."""
    server_timeout: int
    """Seconds that the service may work on one question."""


class Question(msgspec.Struct, Generic[T], frozen=True, kw_only=True):
    """What is asked, and when the answer is the one that is waited for.

    `awaited`: what is waited for, in words. `ask`: one small request. `is_so`: whether an answer ends the wait; raises
    `WaitError` where no later one can. `said`: an answer in words. `is_certain`: asked as well where `is_so` trusts
    numbers that may lag behind. Both questions take a session and the options of a call.
    """

    awaited: str
    ask: Callable[[Session, Mapping[str, Any]], Awaitable[T]]
    is_so: Callable[[T], bool]
    said: Callable[[T], str]
    is_certain: Callable[[Session, Mapping[str, Any]], Awaitable[bool]] | None = None


class Pace(msgspec.Struct, frozen=True, kw_only=True):
    """How the pauses between questions grow; see `WaitOptions`."""

    interval: float = 1.0
    max_interval: float = 30.0

    def pause(self, asked: int, *, left: float, rng: Random) -> float:
        """Seconds between the question number `asked`, from 1, and the next one; the deadline is `left` seconds away.

        Drawn from a tenth around the grown interval, so that those who began to wait together spread. A pause that
        would end within one `interval` of the deadline, or behind it, is cut, so that the last question has that
        much time for its answer; where there is no room for that either, the deadline cuts the pause itself.
        """
        grown = min(self.max_interval, self.interval * GROWTH ** min(asked - 1, _GROWN))
        drawn = grown * rng.uniform(1 - JITTER, 1 + JITTER)
        last = left - self.interval
        return min(drawn, last) if last >= self.interval else drawn


class Settings(msgspec.Struct, frozen=True, kw_only=True):
    """`WaitOptions`, checked; `call` are those that each question takes."""

    pace: Pace
    deadline: float | None
    callback: Callable[[Any], object] | None
    call: dict[str, Any]


def check_options(given: Mapping[str, Any]) -> Settings:
    """Raises `TypeError` for an unknown option and `ConfigurationError` for a bad value."""
    for name in given:
        if name not in WaitOptions.__annotations__:
            raise TypeError(f"a wait has no option {name!r}; it takes {', '.join(WaitOptions.__annotations__)}")
    for name in ("interval", "max_interval", "deadline"):
        if name in given:
            _check_seconds(name, given[name])
    # One that is given alone draws the other one's default with it.
    interval = given.get("interval", min(Pace().interval, given.get("max_interval", math.inf)))
    max_interval = given.get("max_interval", max(Pace().max_interval, interval))
    if max_interval < interval:
        raise ConfigurationError(f"max_interval: at least interval ({interval:g}), not {max_interval:g}")
    callback = given.get("callback")
    if callback is not None and not callable(callback):
        raise ConfigurationError(f"callback: a function or None, not {callback!r}")
    return Settings(
        pace=Pace(interval=interval, max_interval=max_interval),
        deadline=given.get("deadline"),
        callback=callback,
        call={name: value for name, value in given.items() if name in ("timeout", "server_timeout")},
    )


def _check_seconds(name: str, value: Any) -> None:
    if value is None and name == "deadline":
        return
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 < value < math.inf:
        raise ConfigurationError(f"{name}: seconds above 0, not {value!r}")


async def wait(session: Session, question: Question[T], options: Mapping[str, Any]) -> T:
    """Ask until it is so; gives the answer that said it. `options`: those of `WaitOptions`.

    Raises `DeadlineError`, `WaitError`, and whatever a question or the callback raises.
    """
    settings = check_options(options)
    clock = asyncio.get_running_loop().time
    limit = asyncio.timeout(settings.deadline)
    asked, last = 0, None
    try:
        async with limit:
            while True:
                asked, last = asked + 1, await question.ask(session, settings.call)
                await _tell(settings.callback, last)
                if question.is_so(last) and (
                    question.is_certain is None or await question.is_certain(session, settings.call)
                ):
                    return last
                end = limit.when()
                left = math.inf if end is None else end - clock()
                await session.rest(settings.pace.pause(asked, left=left, rng=session.rng))
    except TimeoutError:
        # There are others: the callback's, for one.
        if settings.deadline is None or not limit.expired():
            raise
        said = f"the last answer was: {question.said(last)}" if last is not None else "no answer came"
        raise DeadlineError(f"waited {settings.deadline:g} s for {question.awaited}, and {said}", last=last) from None


async def _tell(callback: Callable[[T], object] | None, answer: T) -> None:
    if callback is not None:
        result = callback(answer)
        if inspect.isawaitable(result):
            await result
