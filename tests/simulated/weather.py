"""What a service goes through: spells of trouble, one after another, and then it is healthy.

Law: pure; the same seed and the same requests give the same weather.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, field
from email.utils import formatdate
from random import Random

from scripted import (
    Act,
    drop,
    fail,
    hang,
    html,
    omit,
    recase,
    refuse,
    results,
    reverse,
    shuffle,
    strangers,
    truncate,
    twice,
    unreadable,
)

EPOCH = 1_700_000_000.0
"""What the clocks on the walls say at the beginning."""

NOISE = [
    *(fail(500), fail(500, share=1.0), fail(502, share=0.5), fail(504, share=1.0)),
    *(fail(503, "ServiceUnavailable", share=1.0), html(502), html(502, share=1.0)),
    *(drop(0.0), drop(0.5), drop(1.0), hang(0.0), hang(1.0), truncate(), truncate(chunked=True)),
    *(unreadable(), unreadable(b"{}"), refuse(429), refuse(503), Act(share=0.7), Act(chunked=True)),
    *map(results, [omit(7), reverse, shuffle(1), recase, twice, strangers]),
]
"""What may become of one request among others."""


@dataclass(frozen=True, kw_only=True)
class Spell:
    """Some seconds of one kind of weather. Without anything said it is a healthy service.

    `share` of its requests meet one of `acts`. `capacity`: part of the usual one. `latency`: seconds, at most.
    `limit`: bytes of a body. `failing`: part of the tasks that get a server error. `is_away`: nobody listens.
    `retry_after`: what a refusal says, by the time on the wall.
    """

    name: str = "healthy"
    until: float = math.inf
    acts: tuple[Act, ...] = ()
    share: float = 0.0
    capacity: float = 1.0
    latency: float = 0.08
    limit: float = math.inf
    failing: float = 0.0
    is_away: bool = False
    retry_after: Callable[[float], str | None] = field(default=lambda _: None)


def _noise(dice: Random) -> dict[str, object]:
    return {"acts": tuple(dice.sample(NOISE, 8)), "share": dice.choice([0.01, 0.05, 0.2])}


def _storm(dice: Random) -> dict[str, object]:
    wait = dice.choice([None, "0", "1", "4"])
    return {"acts": (refuse(dice.choice([429, 503]), retry_after=wait),), "share": dice.choice([0.5, 1.0, 1.0])}


def _throttling(dice: Random) -> dict[str, object]:
    waits: list[Callable[[float], str | None]] = [
        lambda _: None,
        lambda _: "1",
        lambda wall: formatdate(wall + 2, usegmt=True),
    ]
    return {"capacity": dice.choice([0.2, 0.5]), "retry_after": dice.choice(waits)}


_KINDS: dict[str, Callable[[Random], dict[str, object]]] = {
    "calm": lambda _: {},
    "noise": _noise,
    "loud": lambda dice: {"acts": tuple(NOISE), "share": dice.choice([0.3, 0.6])},
    "storm": _storm,
    "throttling": _throttling,
    "away": lambda _: {"is_away": True},
    "silent": lambda dice: {"acts": (hang(0.0), hang(0.5), hang(1.0)), "share": dice.choice([0.1, 1.0])},
    "slow": lambda dice: {"latency": dice.choice([1.0, 3.0])},
    "too slow": lambda _: {"latency": 8.0},
    "narrow": lambda dice: {"limit": dice.choice([500, 2_000, 4_000])},
    "failing": lambda dice: {"failing": dice.choice([0.01, 0.1, 0.5])},
}


class Weather:
    """The spells of one run: trouble for so many `seconds`. `rate`: requests a second that the service takes."""

    def __init__(self, dice: Random, *, seconds: float, rate: float) -> None:
        self._dice = dice
        self._rate = rate
        self._tokens = self._burst = max(1.0, rate / 4)
        self._at = 0.0
        spells: list[Spell] = []
        until = 0.0
        while until < seconds:
            until = min(seconds, until + seconds * dice.uniform(0.005, 0.04))
            name = dice.choice(list(_KINDS))
            spells.append(Spell(name=name, until=until, **_KINDS[name](dice)))  # type: ignore[arg-type]  # a table's values
        # The next one stands at the end.
        self._spells = [Spell(), *reversed(spells)]

    def spell(self, now: float) -> Spell:
        """What the weather is."""
        while self._spells[-1].until <= now:
            self._spells.pop()
        return self._spells[-1]

    def act(self, now: float, size: int) -> Act:
        """What becomes of a request with a body of so many bytes."""
        spell, dice = self.spell(now), self._dice
        if not self._takes(now, self._rate * spell.capacity):
            return refuse(dice.choice([429, 503]), retry_after=spell.retry_after(EPOCH + now))
        if size > spell.limit:
            return fail(413, "RequestBodyTooLarge")
        if dice.random() < spell.share:
            return dice.choice(spell.acts)
        return Act(hold=dice.uniform(0.02, spell.latency))

    def fails(self, now: float) -> bool:
        """Whether the next task gets a server error."""
        failing = self.spell(now).failing
        return failing > 0 and self._dice.random() < failing

    def _takes(self, now: float, rate: float) -> bool:
        self._tokens = min(self._burst, self._tokens + (now - self._at) * rate)
        self._at = now
        if self._tokens < 1:
            return False
        self._tokens -= 1
        return True
