"""The same over real sockets: one submission against an emulator with a limit on its rate.

Law: emulator and client are processes of their own; no setting of the client is touched. `goodput` is tasks added over
capacity times the whole run, `strict_goodput` counts what a full bucket gives at the start as capacity, too.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass

from batchio.service.operations import CREATE_TASK_COLLECTION
from benchmarks.processes import RunFailed, measured, started

from .orders import Order

GOODPUT, REFUSED = 0.95, 0.02
_FREE_RATE = 30_000
"""Tasks a second that an unlimited run is given work for: what the emulator is good for."""


@dataclass(frozen=True, kw_only=True)
class Setting:
    """A service. `capacity`: tasks a second, one second's worth deep; None: no limit."""

    capacity: int | None
    latency: float
    status: int = 429
    retry_after: float | None = None

    @property
    def what(self) -> str:
        """As one reads it."""
        latency = f"{self.latency * 1000:g} ms"
        if self.capacity is None:
            return f"no limit, {latency}"
        after = "" if self.retry_after is None else f", Retry-After {self.retry_after:g}"
        return f"{self.capacity:,}/s, {latency}, {self.status}{after}"

    def rules(self) -> list[dict[str, object]]:
        """As the emulator's fault rules."""
        operation = CREATE_TASK_COLLECTION.id
        rules: list[dict[str, object]] = [{"operation": operation, "latency": self.latency}]
        if self.capacity is not None:
            bucket: dict[str, object] = {"operation": operation, "capacity": self.capacity, "refuse_with": self.status}
            rules.append(bucket if self.retry_after is None else {**bucket, "retry_after": self.retry_after})
        return rules


def settings() -> Iterator[Setting]:
    """All services, in the order of the table."""
    for capacity, latency in ((20_000, 0.1), (5_000, 0.1), (3_000, 0.3)):
        for status in (429, 503):
            for retry_after in (None, 1.0):
                yield Setting(capacity=capacity, latency=latency, status=status, retry_after=retry_after)
    yield Setting(capacity=None, latency=0.1)


@dataclass(frozen=True, kw_only=True)
class SocketRun:
    """What one run came to."""

    setting: Setting
    added: int
    requests: int
    refused: int
    elapsed: float
    cpu: float

    @property
    def rate(self) -> float:
        """Tasks a second."""
        return self.added / self.elapsed

    @property
    def goodput(self) -> float:
        """Tasks added over capacity times time."""
        return self.rate / (self.setting.capacity or self.rate)

    @property
    def strict_goodput(self) -> float:
        """The same with the bucket's first burst as capacity."""
        return self.goodput * self.elapsed / (self.elapsed + 1.0)

    @property
    def is_met(self) -> bool:
        """Whether the goals are reached."""
        return self.goodput >= GOODPUT and self.refused <= REFUSED * self.requests


def run_all(seconds: float, repeat: int, say: Callable[[str], None]) -> list[SocketRun]:
    """Every service, `repeat` times, each run about so long."""
    return [_run(setting, seconds, say) for _ in range(repeat) for setting in settings()]


def _run(setting: Setting, seconds: float, say: Callable[[str], None]) -> SocketRun:
    tasks = int((setting.capacity or _FREE_RATE) * (seconds + 1))
    with started(["-m", "benchmarks.pacing.emulator", json.dumps(setting.rules())]) as process:
        url = process.stdout.readline().decode().strip() if process.stdout else ""
        if not url:
            raise RunFailed("the emulator did not start")
        order = Order(url=url, tasks=tasks)
        found = measured(["-m", "benchmarks.pacing.child", json.dumps(asdict(order))])
    if found["added"] != tasks:
        raise RunFailed(f"{setting.what}: {found['added']} of {tasks} tasks were added")
    run = SocketRun(setting=setting, **found)
    say(f"{setting.what}: {run.rate:,.0f} tasks/s, {run.refused} of {run.requests} refused")
    return run
