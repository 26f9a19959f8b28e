"""What the variables of a pool are and were.

Law: a history has a bound; its samples come in the order of their times. It is fed, and knows nothing of pools.
"""

from __future__ import annotations

import math
from array import array
from collections import deque
from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta

from .. import ticks
from .variables import METRICS, TARGETS

SAMPLE_PERIOD = timedelta(seconds=30)
"""How often the service takes a sample."""

PERIOD = 30 * ticks.SECOND
"""The same in ticks."""

MOST_SAMPLES = 720
"""How many samples are kept unless said otherwise: those of six hours."""

_COLUMNS = {name: column for column, name in enumerate(METRICS)}


class History:
    """Samples of a pool's variables, and what holds at present.

    `most` samples are kept; with more, the oldest goes. Names are the formula's: `$PendingTasks`.

    >>> history = History()
    >>> history.hold({"$TargetDedicatedNodes": 2})
    >>> history.present("$TargetDedicatedNodes")
    2.0
    """

    def __init__(self, *, most: int = MOST_SAMPLES) -> None:
        if most < 1:
            raise ValueError("most: a history keeps at least one sample")
        self._samples: deque[tuple[int, array[float]]] = deque(maxlen=most)
        self._last: dict[str, float] = {}
        self._held: dict[str, float] = {}

    @property
    def kept(self) -> int:
        """How many samples there are. No `len()`: a history without samples is not to be false."""
        return len(self._samples)

    def add(self, at: datetime, values: Mapping[str, float], *, times: int = 1) -> None:
        """One sample, of all variables that are known at a time; every 30 seconds, as the service does.

        `times` such samples, the first of them then, where nothing changes for so long. Raises `ValueError` for an
        unknown variable, a value that is no number, or a time before the last sample's.
        """
        if at.tzinfo is None:
            raise ValueError("at: a sample's time needs a time zone")
        moment = ticks.from_datetime(at)
        if self._samples and moment <= self._samples[-1][0]:
            raise ValueError("at: a sample is later than the one before")
        known = _numbers(values, METRICS)
        # What the sample does not have is NaN: a row takes a quarter of the memory of a dict.
        row = array("d", [known.get(name, math.nan) for name in METRICS])
        self._samples.extend((moment + number * PERIOD, row) for number in range(times))
        self._last |= known

    def hold(self, values: Mapping[str, float]) -> None:
        """What variables are from now on: the pool's targets, its node counts, its task slots.

        Without it a variable that is read as a number is what its last sample says. Raises `ValueError` as `add` does.
        """
        self._held |= _numbers(values, METRICS | dict.fromkeys(TARGETS, 0.0))

    def present(self, name: str) -> float | None:
        """What a variable is at present: as held, or as in the last sample that had it."""
        return self._held.get(name, self._last.get(name, METRICS.get(name)))

    def kept_as(self) -> tuple[list[tuple[int, list[float]]], dict[str, float]]:
        """Its samples, by the columns of `METRICS`, and the latest value of each variable: what `go_on` takes."""
        return [(at, row.tolist()) for at, row in self._samples], self._last

    def go_on(self, samples: Iterable[tuple[int, list[float]]], last: Mapping[str, float]) -> None:
        """Be the history that these samples were taken from."""
        self._samples.extend((at, array("d", row)) for at, row in samples)
        self._last = dict(last)

    def samples(self, name: str, until: int) -> list[tuple[int, float]]:
        """Times in ticks and values of a variable, up to a time, the oldest first."""
        column = _COLUMNS[name]
        return [(at, row[column]) for at, row in self._samples if at <= until and not math.isnan(row[column])]


def _numbers(values: Mapping[str, float], known: Mapping[str, float | None]) -> dict[str, float]:
    for name, value in values.items():
        if name not in known:
            raise ValueError(f"{name} is no variable of a pool's history")
        if not math.isfinite(value):
            raise ValueError(f"{name} is no finite number")
    return {name: float(value) for name, value in values.items()}
