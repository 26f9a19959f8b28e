"""When samples of pools are taken: at each half minute of the clock.

Law: nothing changes between two changes, so the samples between them are taken together, before the second one;
a clock that is moved by years costs no more than its changes do.
"""

from __future__ import annotations

from collections.abc import Callable

from .autoscale.history import MOST_SAMPLES, PERIOD
from .resources import Pool
from .scale_life import take_samples
from .shelf import Shelf


class Sampler:
    """Samples the pools of a shelf; `next` is when, `note` is told which pools have new samples."""

    def __init__(self, pools: Shelf[Pool], note: Callable[[Pool], None]) -> None:
        self.next = 0
        self._pools = pools
        self._note = note

    def __call__(self, until: int) -> None:
        """Take what is due up to a time; of what nobody could ask for any more only the last."""
        if until < self.next:
            return
        last = until // PERIOD * PERIOD
        times = min((last - self.next) // PERIOD + 1, MOST_SAMPLES)
        for pool in self._pools.all():
            if take_samples(pool, last - (times - 1) * PERIOD, times):
                self._note(pool)
        self.next = last + PERIOD
