"""How many requests may be in flight, and when the next may leave.

Law: pure. The controller is fed with what happened and when; it never looks at a clock and never sleeps.

The idea: when a service refuses, its bucket is empty or its queue is full. So what it took between two refusals, over
the time between them, IS its rate, exact to one request; how fast we sent in between does not matter. The rules, and
what asked for each (the letters are rows of `python -m benchmarks pacing`; P, Q, R stand for the runs over sockets):

- STARTING: a window of 8, one more for about two answers (G: no limit, found in a second; P, Q: faster growth is
  refused more), spread over the round trip (A, D: who sends in bursts is refused in bursts), at most twice what is in
  use. A window, not a rate, because a service that is slow answers late and so slows it down.
- SEEKING, from the first refusal on: 0.35 of the rate of the last round trip (A: what a full bucket took in is no rate;
  F: from less the way back is too long), 30 % more a horizon until refused again. A horizon is five times what a
  refusal takes: what refusals tell does not depend on how long answers take (N: a full queue makes those slow).
- STEADY, at a rate C measured between two refusals. Trusted for 1.5 times as long as it took to measure it, at most
  2 s or 120 requests (D, Q, R: one refusal in 120 requests is enough), it is kept: 0.99 C, rising to C. Then come
  C + 1 %, an excess that doubles every 0.35 s (I: more is found within 5 s), or that starts higher where we were
  refused far above C (F), until the next refusal and the next C. Refused at more than 1.5 C, the service has changed:
  SEEKING (H, I). Refused while C was trusted, others have come: 0.9 C (M, N: fairness; alone it costs nothing).
- Refused before a horizon has passed, or 5 requests were taken, is too soon to measure. Only where a quarter and more
  is refused, the rate falls to what was taken, to half at most and a quarter at least (H, I: a sudden fall; A, P: the
  start). Growth waits for 3 requests at least (services of 1 to 10 requests/s; D).
- WAITING, after 4 refusals in a row with nothing taken: single probes, each 0.5 s growing to 2 s, or Retry-After, after
  the last (H, L). The first one taken brings back 0.95 of the rate from before (H: back within 2.5 s).
- A refusal below the known limit is a surprise; some in a row, and it is chance (S, T): `chance.py`.
- Other failures are noise: a service that fails now and then is not full (J). A flood of them counts as refusals.
- Time in which less was sent than allowed is no time of growth, and after 5 s of silence what was measured is old: a
  rate that nobody uses must not grow. A late timer may make up for 0.05 s (the sockets: a busy machine).
"""

from __future__ import annotations

import math

from .chance import Chance
from .slow_start import SlowStart
from .tally import Failures, Tally

STARTING, SEEKING, STEADY, WAITING = "starting", "seeking", "steady", "waiting"

_MOST = 4096

_AFTER_START = 0.35
_SEEK_GROWTH = 1.3
_MAX_HORIZONS = 40.0

_LOW = 0.99
_TRUST_SECONDS, _TRUST_REQUESTS, _MAX_TRUST = 2.0, 120.0, 30.0
_TRUST_FACTOR = 1.5
_EXCESS = 0.01
_EXCESS_OF_GAP = 0.15
_DOUBLING = 0.35
_MAX_DOUBLINGS = 20.0
_CHANGED = 1.5
_GIVE_WAY = 0.9

_LEAST_TAKEN = 5
_FEW_REQUESTS = 3.0
_BELOW = 0.7
_FEW_BY_CHANCE = 10.0
_BACKOFF = 0.2
_MANY_REFUSED, _FEW = 0.25, 1
_HALF, _QUARTER = 0.5, 0.25

_IN_A_ROW = 4
_PROBE_GAP, _PROBE_GROWTH, _LONGEST_GAP = 0.5, 1.5, 2.0
_LONGEST_WAIT = 300.0
_RESUME = 0.95
_KNOWN_HORIZONS = 3.0

_LEAST_RATE = 0.5
_START_CREDIT, _CREDIT = 0.005, 0.05
"""Seconds of sending that may be made up for: a timer is late where the machine is busy."""
_IDLE = 5.0


class RatePacing:
    """Finds the service's rate from what it takes between two refusals, and stays at it."""

    def __init__(self, *, most: int = _MOST) -> None:
        self._most = most
        self._state = STARTING
        self._tally = Tally()
        self._failures = Failures()
        self._chance = Chance()
        self._next = self._last_sent = -math.inf
        self._start = SlowStart(most)
        # SEEKING and STEADY: a base that the rate grows from since a moment.
        self._base = _LEAST_RATE
        self._few = 0.0
        self._since = 0.0
        self._trust = 0.0
        self._excess = _EXCESS
        self._known = 0.0
        # The last cut: what was sent before it says nothing of the rate after it.
        self._cut_at = -math.inf
        self._sent_at_cut = self._refused_since_cut = 0
        self._in_a_row = 0
        self._row_from = -math.inf
        # WAITING
        self._probe_gap = _PROBE_GAP

    @property
    def state(self) -> str:
        """`starting`, `seeking` a rate, `steady` at one, or `waiting` for a service that refuses everything."""
        return self._state

    def window(self, now: float) -> int:  # noqa: ARG002 - the protocol's
        """The window of the start; later the rate holds requests back."""
        return int(self._start.window) if self._state == STARTING else self._most

    def next_at(self, now: float) -> float:  # noqa: ARG002 - the protocol's
        """One gap after the last request."""
        return self._next

    def sent(self, now: float) -> None:
        """Put the next request one gap later."""
        self._tally.send(now)
        if now - self._next > _CREDIT:
            self._idled(now)
        self._last_sent = now
        if self._state == WAITING:
            self._next = max(self._next, now + self._probe_gap)
            self._probe_gap = min(_LONGEST_GAP, self._probe_gap * _PROBE_GROWTH)
            return
        if self._state == STARTING:
            gap, credit = self._start.gap, _START_CREDIT
        else:
            rate = self.rate(now)
            gap, credit = 1.0 / rate, _CREDIT
            if self._state == SEEKING:
                self._rebase(now, rate)
        self._next = max(self._next, now - max(credit, gap)) + gap

    def answered(self, now: float, sent_at: float) -> None:
        """Widen the window of the start; end the waiting."""
        self._failures.add(now, failed=False)
        self._chance.add(now, refused=False, below=self._is_below(sent_at))
        self._start.learn(now - sent_at)
        if sent_at >= self._row_from:
            self._in_a_row = 0
        if self._state == STARTING:
            self._start.widen(now, self._tally.requests)
        elif self._state == WAITING and sent_at >= self._cut_at:
            self._resume(now)

    def refused(self, now: float, sent_at: float, retry_after: float | None) -> None:
        """Measure the rate, and go back to it."""
        self._tally.refuse(sent_at, now - sent_at)
        self._judge(now, sent_at, retry_after)

    def noise(self, now: float, sent_at: float) -> None:
        """Nothing, where there is no more of it than a healthy service makes; otherwise a refusal."""
        self._failures.add(now, failed=True)
        if self._failures.is_flood:
            self._tally.refuse(sent_at, None)
            self._judge(now, sent_at, None)

    def rate(self, now: float) -> float:
        """Requests a second that may leave, when the start is over."""
        time = max(0.0, now - self._since)
        if self._state == SEEKING:
            rate = self._base * math.pow(_SEEK_GROWTH, min(_MAX_HORIZONS, time / max(self._tally.horizon, self._few)))
        elif time < self._trust:
            rate = self._base * (_LOW + (1.0 - _LOW) * time / self._trust)
        else:
            doublings = min(_MAX_DOUBLINGS, (time - self._trust) / max(_DOUBLING, self._few))
            rate = self._base * (1.0 + self._excess * math.pow(2.0, doublings))
        return max(_LEAST_RATE, rate)

    def _idled(self, now: float) -> None:
        """The rate was not what held this request back, so the time before it is no time of growth."""
        silence = now - self._last_sent
        if silence == math.inf:
            return
        self._since = min(now, self._since + silence)
        if silence > _IDLE and self._state != WAITING:
            self._tally.mark(None)
            self._start.restart()

    # Refusals

    def _judge(self, now: float, sent_at: float, retry_after: float | None) -> None:
        self._chance.add(now, refused=True, below=self._is_below(sent_at))
        if self._chance.explains:
            self._start.hold(retry_after or _BACKOFF)
            return
        self._chance.exceed(now)
        if sent_at < self._cut_at:
            return
        if self._state == WAITING:
            self._tally.mark(sent_at)
            self._next = max(self._next, now + min(retry_after or 0.0, _LONGEST_WAIT))
            return
        self._refused_since_cut += 1
        if not self._in_a_row:
            self._row_from = sent_at
        self._in_a_row += 1
        tally = self._tally
        if tally.marked_at is None:
            rate = tally.rate_until(sent_at, self._start.round_trip)
            if self._state != STARTING:
                rate = min(rate, self.rate(sent_at))
            self._seek(now, sent_at, _AFTER_START * rate)
            return
        if not self._is_chance(now, sent_at):
            self._slow_down(now, sent_at, retry_after, sent_at - tally.marked_at)

    def _slow_down(self, now: float, sent_at: float, retry_after: float | None, seconds: float) -> None:
        """To what was taken in the `seconds` since the mark, if that is long enough to say so."""
        tally = self._tally
        taken = tally.taken_until(sent_at)
        if seconds < tally.horizon or taken < _LEAST_TAKEN:
            if taken <= 0 and seconds >= tally.horizon and self._in_a_row >= _IN_A_ROW:
                self._wait(now, retry_after)
            elif self._refused_since_cut > _FEW and self._refused_since_cut >= _MANY_REFUSED * (
                tally.sent_until(sent_at) - self._sent_at_cut
            ):
                self._fall(now, sent_at, taken / seconds if seconds > 0 else 0.0)
        else:
            self._cut(now, sent_at, taken / seconds, seconds)

    def _seek(self, now: float, sent_at: float, base: float) -> None:
        """Pause until what was refused meanwhile is known, and look for the rate from `base` on."""
        self._begin(SEEKING, now, base, pause=min(2.0 * (now - sent_at), self._tally.horizon))
        self._tally.mark(sent_at)

    def _cut(self, now: float, sent_at: float, measured: float, seconds: float) -> None:
        before = self.rate(sent_at)
        steady = self._state == STEADY
        if steady and before > _CHANGED * measured:
            self._seek(now, sent_at, max(measured, _AFTER_START * before))
            return
        crowded = steady and sent_at - self._since < self._trust
        if seconds >= _KNOWN_HORIZONS * self._tally.horizon or not self._known:
            self._known = measured
        base = min(before, self._chance.rate_at(measured) * (_GIVE_WAY if crowded else 1.0))
        self._excess = max(_EXCESS, _EXCESS_OF_GAP * (before / base - 1.0))
        self._begin(STEADY, now, base, pause=min(now - sent_at, self._tally.horizon))
        trust = min(max(_TRUST_SECONDS, _TRUST_REQUESTS / base), _TRUST_FACTOR * seconds)
        self._trust = min(_MAX_TRUST, max(trust, self._chance.least_requests / base))
        self._tally.mark(sent_at)

    def _fall(self, now: float, sent_at: float, taken: float) -> None:
        before = self.rate(sent_at)
        self._begin(SEEKING, now, max(_QUARTER * before, min(_HALF * before, taken)))

    def _begin(self, state: str, now: float, base: float, *, pause: float = 0.0) -> None:
        self._state = state
        self._rebase(now, base)
        self._pause_until(now + pause)

    def _rebase(self, now: float, base: float) -> None:
        self._base = max(_LEAST_RATE, base)
        self._few = (_FEW_BY_CHANCE if self._chance.share else _FEW_REQUESTS) / self._base
        self._since = now

    def _pause_until(self, moment: float) -> None:
        # A request that was let go before the cut may start a little after it; none is let go in the pause.
        self._next = self._cut_at = max(self._next, moment)
        self._sent_at_cut, self._refused_since_cut = self._tally.requests, 0

    # Some are refused at any rate

    def _is_below(self, sent_at: float) -> bool:
        """Whether a request left at less than any limit that is known."""
        return self._state == STARTING or (self._state == STEADY and 0.0 <= sent_at - self._since < self._trust)

    def _is_chance(self, now: float, sent_at: float) -> bool:
        rate = self.rate(sent_at)
        if not self._is_below(sent_at) and rate >= _BELOW * self._known:
            self._chance.expect()
            return False
        if not self._chance.surprise(now, self._cut_at, rate):
            return False
        self._start.restart()
        self._tally.mark(None)
        self._known = 0.0
        self._begin(STARTING, now, self._base)
        return True

    # Everything is refused

    def _wait(self, now: float, retry_after: float | None) -> None:
        self._state = WAITING
        self._probe_gap = _PROBE_GAP
        self._pause_until(now + min(max(_PROBE_GAP, retry_after or 0.0), _LONGEST_WAIT))

    def _resume(self, now: float) -> None:
        self._in_a_row = 0
        self._next = now
        if not self._known:
            self._begin(SEEKING, now, self._base)
            return
        # How long the service was back before the probe came is not known: that time is not to be measured.
        self._tally.mark(None)
        self._begin(STEADY, now, _RESUME * self._known)
        self._trust, self._excess = 0.0, _EXCESS
