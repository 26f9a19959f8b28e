"""Refusals that come by chance: a service, or a proxy before it, that refuses a share of the requests at any rate.

Law: pure. A limit does not refuse who stays below it; who is refused again and again below what was taken a moment ago
does not look at a limit, and slowing down would not help. It takes several such surprises, each after another cut,
because clients who join and a capacity that falls make one or two of them as well; and none that was long in coming,
because a limit that was found refuses seldom. Their share is then tolerated on trial, while the start begins again. Who
is refused no more often at four times the rate was right; who is refused more was wrong, and slower to think so again.
Others who make room look like that, too: so as soon as a limit shows as well, and now and then after that, a rate well
below it must be refused as often, or it was the limit all the time, and others were kept from it (M, seed 26).
"""

from __future__ import annotations

import math

from .tally import Failures

_PATIENCE, _MOST_PATIENCE = 3.0, 64.0
_CALMED = 0.3
_LEAST_SHARE, _MOST_SHARE = 0.001, 0.4
_LONG = 3.0
_LEAST_ANSWERS = 10
_DEVIATIONS, _MORE = 4.0, 2.0
"""Of a sum of independent refusals: the question is put at every refusal, so a false alarm must be very rare."""
_SLACK = 1.25
_SMOOTHING = 0.001
_ENOUGH, _FASTER = 5.0, 4.0
_CHECK_RATE, _ENOUGH_TO_CHECK, _RARELY = 0.7, 8.0, 0.25
_CHECK_SECONDS, _CHECK_GROWTH = 1.0, 3.0


class Chance:
    """Counts surprising refusals; where there were enough, their share is tolerated."""

    def __init__(self) -> None:
        self.share = 0.0
        """Of the requests, refused by chance; 0 where nothing speaks for that."""
        self._recent = Failures(share=0.0, deviations=_DEVIATIONS, least=_LEAST_ANSWERS, more=_MORE)
        self._patience = _PATIENCE
        self._surprises = 0.0
        self._cut_at = -math.inf
        # Since the first surprise, or since the trial began.
        self._requests = self._refused = self._requests_at_last = 0
        self._proven = False
        self._most_share = 0.0
        self._trial_at = self._trial_rate = 0.0
        self._is_checking = False
        self._check_at = self._check_gap = 0.0

    def add(self, now: float, *, refused: bool, below: bool) -> None:
        """A request was taken or refused; `below`: it left at less than any limit that is known."""
        self._recent.add(now, failed=refused)
        if below or not self._is_checking:
            self._requests += 1
            self._refused += refused
        if self.share and not self._proven:
            self._prove(now)
        elif self._is_checking and below:
            self._check(now)
        elif self.share and below:
            self._tolerate(min(self._most_share, self.share + (refused - self.share) * _SMOOTHING))

    @property
    def explains(self) -> bool:
        """Whether the refusals of late are what chance brings."""
        return self.share > 0.0 and not self._recent.is_flood

    def rate_at(self, taken: float) -> float:
        """The rate to stay at, where a limit took so much."""
        return taken * _CHECK_RATE if self._is_checking else taken / (1.0 - self.share)

    @property
    def least_requests(self) -> float:
        """So many have to leave at that rate."""
        return _ENOUGH_TO_CHECK / self.share if self._is_checking else 0.0

    def expect(self) -> None:
        """A refusal that a limit explains: it came at more than what was taken before."""
        self._surprises = max(0.0, self._surprises - _CALMED)

    def surprise(self, now: float, cut_at: float, rate: float) -> bool:
        """A refusal that a limit does not explain, after the cut at that time; True: it is now taken for chance."""
        if not self._surprises:
            self._requests = self._refused = self._requests_at_last = 0
        if cut_at <= self._cut_at:
            return False
        self._cut_at = cut_at
        self._surprises += 1.0
        since_last = self._requests - self._requests_at_last
        self._requests_at_last = self._requests
        if self._surprises <= self._patience:
            return False
        share = self._refused / self._requests
        if share > _MOST_SHARE or since_last * share > _LONG:
            self._surprises -= 1.0
            return False
        self._try(now, share, rate)
        return True

    def exceed(self, now: float) -> None:
        """More is refused than chance explains: there is a limit as well, or there was no chance at all."""
        if not self._proven:
            self._disprove()
            return
        self._recent.clear()
        if not self._is_checking and now >= self._check_at:
            self._is_checking = True
            self._requests = self._refused = 0

    def _try(self, now: float, share: float, rate: float) -> None:
        self._surprises = 0.0
        self._requests = self._refused = 0
        self._trial_at, self._trial_rate = now, rate
        self._most_share, self._proven = _SLACK * share, False
        self._tolerate(share)

    def _prove(self, now: float) -> None:
        expected = self.share * self._requests
        faster = self._requests >= _FASTER * self._trial_rate * (now - self._trial_at)
        if faster and expected >= _ENOUGH and self._refused <= _SLACK * expected:
            self._proven = True
            self._tolerate(self._refused / self._requests)
            self._check_at, self._check_gap = now, _CHECK_SECONDS

    def _check(self, now: float) -> None:
        expected = self.share * self._requests
        if expected < _ENOUGH_TO_CHECK:
            return
        self._is_checking = False
        self._check_at = now + self._check_gap
        self._check_gap *= _CHECK_GROWTH
        if self._refused < _RARELY * expected:
            self._disprove()
        else:
            self._tolerate(min(self._most_share, self._refused / self._requests))

    def _disprove(self) -> None:
        if self.share:
            self._tolerate(0.0)
            self._patience = min(_MOST_PATIENCE, 2.0 * self._patience)

    def _tolerate(self, share: float) -> None:
        self.share = share if share > _LEAST_SHARE else 0.0
        self._proven &= self.share > 0.0
        self._is_checking &= self._proven
        self._recent.share = _SLACK * self.share
