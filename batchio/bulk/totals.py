"""What all submissions and feeds of a client have come to.

Law: reads the runs that go on and adds up those that have ended; a task costs nothing here.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

import msgspec

from .report import OutcomeState

if TYPE_CHECKING:
    from .engine import Engine


class ClientStats(msgspec.Struct, frozen=True, kw_only=True):
    """A snapshot of a client (`client.stats`): counts since it was made, and what goes on now.

    `requests`: sent, tries included, of single calls, submissions and feeds alike. `retries`: tries after the first of
    a request, and requests that carry tasks again. `refused`: answers 429 and 503 ServerBusy. `bytes_sent`: bodies.
    `outcomes`: state -> tasks of submissions and feeds; what a journal had settled before does not count. `in_flight`:
    requests that wait for their answer now. `connections`: open ones; None where they are not the client's own (a
    session of yours, a proxy, traces). Of the pacing, which submissions and feeds share: `pacing`, the controller's
    state, a word; `limit`, requests a second that it lets through, None while no rate holds them back; `window`,
    requests that may be in flight. `rate`: tasks a second that got an outcome lately. `runs`: submissions and feeds
    that go on.
    """

    requests: int
    retries: int
    refused: int
    bytes_sent: int
    outcomes: dict[str, int]
    in_flight: int
    connections: int | None
    pacing: str
    limit: float | None
    window: int
    rate: float
    runs: int


class Totals:
    """The runs of a client; may be read from any thread."""

    def __init__(self) -> None:
        self._ended = dict.fromkeys(OutcomeState, 0)
        self._running: dict[Engine, Mapping[OutcomeState, int]] = {}

    def begin(self, engine: Engine, before: Mapping[OutcomeState, int]) -> None:
        """A run begins; so many tasks were settled `before` it, by earlier runs."""
        self._running[engine] = before

    def end(self, engine: Engine) -> None:
        """A run is over."""
        before = self._running.pop(engine)
        for state, count in engine.ledger.counts.items():
            self._ended[state] += count - before[state]

    @property
    def runs(self) -> int:
        """How many go on."""
        return len(self._running)

    @property
    def rate(self) -> float:
        """Tasks a second that got an outcome lately."""
        return sum(engine.meter.rate for engine in list(self._running))

    @property
    def outcomes(self) -> dict[str, int]:
        """State -> tasks."""
        counts = dict(self._ended)
        for engine, before in list(self._running.items()):
            for state, count in engine.ledger.counts.items():
                counts[state] += count - before[state]
        return {state.value: count for state, count in counts.items()}
