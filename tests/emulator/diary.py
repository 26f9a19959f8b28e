"""An account without its socket that writes down what changes its state by itself, and when.

Law: as `direct`; a page of the diary begins when it is turned.
"""

from __future__ import annotations

from typing import Any

from batchio.emulator import ticks
from batchio.emulator.resources import Living
from batchio.emulator.store import Store

from .conftest import standing_clock
from .direct import Direct


class Diary(Store):
    """Notes what changed its state how many seconds after the page was turned, and why where there is a reason."""

    def __init__(self) -> None:
        super().__init__(standing_clock(), simulate=True)
        self.turn()

    def turn(self) -> None:
        self.first, self.seen = self.clock.ticks(), list[tuple[Any, ...]]()

    def move(self, thing: Living, state: str, when: int, why: str | None = None) -> None:
        seconds = round((when - self.first) / ticks.SECOND, 2)
        self.seen.append((seconds, thing.kind, state) if why is None else (seconds, thing.kind, state, why))
        super().move(thing, state, when, why)


def of(kind: str, *changes: tuple[float, str]) -> list[tuple[Any, ...]]:
    """Changes of one kind of thing."""
    return [(when, kind, state) for when, state in changes]


class Account(Direct):
    """An account with such a store."""

    store: Diary

    def __init__(self, nodes: int = 1, **pool: Any) -> None:
        super().__init__(Diary())
        self.post("/pools", id="pool", vmSize="a", targetDedicatedNodes=nodes, **pool)

    def post(self, path: str, **body: Any) -> None:
        reply = self.call("POST", path, body or None)
        assert reply.status < 300, reply.body

    def wait(self, seconds: float) -> None:
        self.store.clock.advance(seconds)
        self.store.settle()

    def after(self, seconds: float, *kinds: str) -> list[tuple[Any, ...]]:
        """What has changed since the page was turned; turns it."""
        self.wait(seconds)
        seen = [change for change in self.store.seen if not kinds or change[1] in kinds]
        self.store.turn()
        return seen

    def job(self, **job: Any) -> None:
        """A job in the pool."""
        self.post("/jobs", **{"id": "job", "poolInfo": {"poolId": "pool"}, **job})

    def add(self, *ids: str, line: str = "sleep 10", job: str = "job", **task: Any) -> None:
        """Tasks, which take ten seconds if not told otherwise."""
        for id in ids:
            self.post(f"/jobs/{job}/tasks", id=id, commandLine=line, **task)

    def task(self, id: str, job: str = "job") -> dict[str, Any]:
        """A task as it is now."""
        found: dict[str, Any] = self.call("GET", f"/jobs/{job}/tasks/{id}").json
        return found

    def states(self, job: str = "job") -> dict[str, str]:
        """The states of a job's tasks."""
        return {task["id"]: task["state"] for task in self.all(f"/jobs/{job}/tasks")}

    def running(self, job: str = "job") -> str:
        """The ids of the tasks that run."""
        return " ".join(sorted(id for id, state in self.states(job).items() if state == "running"))

    @property
    def node(self) -> str:
        return f"/pools/pool/nodes/{self.call('GET', '/pools/pool/nodes').ids[0]}"
