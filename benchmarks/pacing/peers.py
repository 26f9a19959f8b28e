"""What others do, each from its published rules, for comparison only.

Law: a peer is a `Pacing` like ours, driven by the same simulation; nothing here is tuned.
"""

from __future__ import annotations

import math


class Fixed:
    """A fixed number of requests in flight: a semaphore around the call."""

    state = "fixed"

    def __init__(self, size: int) -> None:
        self._size = size

    def window(self, now: float) -> int:  # noqa: ARG002 - the protocol's
        return self._size

    def next_at(self, now: float) -> float:
        return now

    def sent(self, now: float) -> None:
        pass

    def answered(self, now: float, sent_at: float) -> None:
        pass

    def refused(self, now: float, sent_at: float, retry_after: float | None) -> None:
        pass

    def noise(self, now: float, sent_at: float) -> None:
        pass


class Aimd(Fixed):
    """Additive increase, multiplicative decrease, after Chiu and Jain and RFC 5681.

    Slow start from 8; after the first failure one more a window of answers; any failure halves, once a round trip.
    """

    state = "aimd"

    def __init__(self, most: int) -> None:
        super().__init__(most)
        self._window = 8.0
        self._threshold = math.inf
        self._cut_at = -math.inf

    def window(self, now: float) -> int:  # noqa: ARG002 - the protocol's
        return max(1, int(self._window))

    def answered(self, now: float, sent_at: float) -> None:  # noqa: ARG002 - the protocol's
        more = 1.0 if self._window < self._threshold else 1.0 / self._window
        self._window = min(self._size, self._window + more)

    def refused(self, now: float, sent_at: float, retry_after: float | None) -> None:  # noqa: ARG002 - the protocol's
        if sent_at > self._cut_at:
            self._window = self._threshold = max(1.0, self._window / 2)
            self._cut_at = now

    def noise(self, now: float, sent_at: float) -> None:
        self.refused(now, sent_at, None)


class Botocore(Fixed):
    """botocore's retry mode "adaptive": `retries/adaptive.py`, `throttling.py` and `bucket.py`.

    A token bucket, in force from the first throttling answer on, whose rate follows CUBIC (beta 0.7, scale 0.4) and
    is at most twice the rate measured in buckets of 0.5 s, smoothed by 0.8. The threads are the caller's: a fixed
    window. Only throttling counts; other failures are answers to it.
    """

    state = "botocore"
    _BETA, _SCALE, _SMOOTHING, _BUCKET, _MIN_RATE, _MOST = 0.7, 0.4, 0.8, 0.5, 0.5, 2.0

    def __init__(self, size: int) -> None:
        super().__init__(size)
        self._enabled = False
        self._w_max = self._k = self._last_fail = 0.0
        self._measured = self._last_bucket = 0.0
        self._count = 0
        self._rate, self._depth, self._tokens, self._filled = 1.0, 1.0, 0.0, 0.0

    def next_at(self, now: float) -> float:
        if not self._enabled:
            return now
        self._refill(now)
        return now if self._tokens >= 1 else now + (1 - self._tokens) / self._rate

    def sent(self, now: float) -> None:
        if self._enabled:
            self._refill(now)
            self._tokens -= 1

    def answered(self, now: float, sent_at: float) -> None:  # noqa: ARG002 - the protocol's
        measured = self._clocked(now)
        self._set(now, self._SCALE * (now - self._last_fail - self._k) ** 3 + self._w_max, measured)

    def refused(self, now: float, sent_at: float, retry_after: float | None) -> None:  # noqa: ARG002 - the protocol's
        measured = self._clocked(now)
        self._w_max = min(measured, self._rate) if self._enabled else measured
        self._k = (self._w_max * (1 - self._BETA) / self._SCALE) ** (1 / 3)
        self._last_fail = now
        self._enabled = True
        self._set(now, self._w_max * self._BETA, measured)

    def noise(self, now: float, sent_at: float) -> None:
        self.answered(now, sent_at)

    def _clocked(self, now: float) -> float:
        bucket = math.floor(now / self._BUCKET) * self._BUCKET
        self._count += 1
        if bucket > self._last_bucket:
            current = self._count / (bucket - self._last_bucket)
            self._measured = current * self._SMOOTHING + self._measured * (1 - self._SMOOTHING)
            self._count, self._last_bucket = 0, bucket
        return self._measured

    def _set(self, now: float, rate: float, measured: float) -> None:
        rate = min(rate, self._MOST * measured)
        self._refill(now)
        self._rate = max(rate, self._MIN_RATE)
        self._depth = max(1.0, rate)
        self._tokens = min(self._tokens, self._depth)

    def _refill(self, now: float) -> None:
        self._tokens = min(self._depth, self._tokens + (now - self._filled) * self._rate)
        self._filled = now
