"""What lives tell of themselves to those who really run things: each order, with its time, and no other.

Law: nothing is run here; `test_processes` is about what comes of the orders.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, cast

import pytest

from batchio.emulator import ticks
from batchio.emulator.process_life import Processes
from batchio.emulator.resources import Node, Run, Special, StartRun

from .diary import Account


class Orders:
    """Writes down what it is told; runs and special tasks have no end until somebody gives them one."""

    def __init__(self) -> None:
        self.told: list[tuple[Any, ...]] = []

    def __getattr__(self, name: str) -> Callable[..., None]:
        def tell(thing: Any, *more: Any) -> None:
            assert thing is not None
            if name == "begin_start_task":
                if thing.start is not None:
                    return
                thing.start = StartRun(more[0], None, None, 0)
            if isinstance(thing, Run):
                thing.ends = None
            self.told.append((name, self._name(thing), *(getattr(part, "id", part) for part in more)))

        return tell

    def _name(self, thing: Any) -> str:
        if isinstance(thing, Special):
            return f"{thing.kind} {thing.node.number}"
        if isinstance(thing, Run):
            return thing.task.id
        return f"node {thing.number}" if isinstance(thing, Node) else thing.id

    def turn(self) -> list[tuple[Any, ...]]:
        told, self.told = self.told, []
        return told


@pytest.fixture
def told() -> tuple[Account, Orders]:
    account, orders = Account(0, taskSlotsPerNode=2), Orders()
    account.store.processes = cast("Processes", orders)
    return account, orders


def grow(account: Account, orders: Orders) -> int:
    """The pool gets a node; gives the time when it is idle."""
    account.post("/pools/pool/resize", targetDedicatedNodes=1)
    account.wait(5)
    assert orders.turn()[0] == ("node_boots", "node 1")
    return account.store.pool("pool").nodes.all()[0].since


def test_node_life_tells_processes_of_nodes_that_come_and_go(told: tuple[Account, Orders]) -> None:
    account, orders = told
    account.post("/pools/pool/resize", targetDedicatedNodes=1)
    account.wait(0.7)
    assert orders.turn() == [("node_boots", "node 1")]
    account.wait(5)
    [node] = account.store.pool("pool").nodes.all()
    assert orders.turn() == [("begin_start_task", "node 1", node.since)]
    account.post(f"{account.node}/reboot")
    assert orders.turn() == [("node_goes_down", "node 1")]
    account.wait(5)
    assert orders.turn() == [("node_boots", "node 1"), ("begin_start_task", "node 1", node.since)]
    account.post(f"{account.node}/reimage")
    assert orders.turn() == [("node_goes_down", "node 1"), ("node_is_wiped", "node 1")]
    account.wait(5)
    orders.turn()
    account.post(f"{account.node}/deallocate")
    account.wait(5)
    assert orders.turn() == [("node_goes_down", "node 1")]
    account.post(f"{account.node}/start")
    account.wait(5)
    orders.turn()
    account.post("/pools/pool/resize", targetDedicatedNodes=0)
    assert orders.turn() == [("node_goes_down", "node 1")]
    account.wait(5)
    assert orders.turn() == [("node_is_wiped", "node 1")]


def test_node_life_tells_processes_when_the_start_task_begins(told: tuple[Account, Orders]) -> None:
    account, orders = told
    account.post("/pools", id="other", vmSize="a", targetDedicatedNodes=1, startTask={"commandLine": "a"})
    account.wait(5)
    [node] = account.store.pool("other").nodes.all()
    assert node.state == "waitingforstarttask"
    assert orders.turn() == [("node_boots", "node 1"), ("begin_start_task", "node 1", node.since)]


def test_dispatch_tells_processes_of_runs(told: tuple[Account, Orders]) -> None:
    account, orders = told
    grow(account, orders)
    account.job()
    account.add("a", "b", "c")
    account.wait(1)
    job = account.store.job("job")
    assert orders.turn() == [("begin_run", id, job.runs[id].since) for id in "ab"]
    assert account.states() == {"a": "running", "b": "running", "c": "active"}
    account.wait(3600)
    assert orders.turn() == []
    account.post("/jobs/job/tasks/a/terminate")
    assert orders.turn() == [("end", "a")]
    account.wait(1)
    assert [order[:2] for order in orders.turn()] == [("begin_run", "c")]
    for id in "ab":
        account.call("DELETE", f"/jobs/job/tasks/{id}")
    assert orders.turn() == [("task_is_gone", "job", "a"), ("end", "b"), ("task_is_gone", "job", "b")]
    account.call("DELETE", "/jobs/job")
    account.wait(1)
    assert orders.turn() == [("end", "c"), ("job_is_gone", "job")]


def test_specials_and_job_life_tell_processes(told: tuple[Account, Orders]) -> None:
    account, orders = told
    grow(account, orders)
    limit = {"constraints": {"maxWallClockTime": "PT1M"}}
    release = {"commandLine": "b"}
    account.job(jobPreparationTask={"commandLine": "a", **limit}, jobReleaseTask=release)
    account.add("t")
    account.wait(1)
    assert orders.turn() == [("begin_special", "preparation 1", 60 * ticks.SECOND)]
    account.wait(3600)
    assert (orders.turn(), account.states()) == ([], {"t": "preparing"})
    [status] = account.store.job("job").statuses.all()
    assert status.preparation is not None
    status.preparation.ends, status.preparation.exit_code = account.store.now(), 0
    account.store.enter(status.preparation)
    account.wait(1)
    assert [order[:2] for order in orders.turn()] == [("end", "preparation 1"), ("begin_run", "t")]
    account.post("/jobs/job/terminate")
    assert orders.turn() == [("end", "t"), ("begin_special", "release 1", 15 * 60 * ticks.SECOND)]
    account.wait(5)
    assert account.call("GET", "/jobs/job").json["state"] == "terminating"
    assert status.release is not None
    status.release.ends, status.release.exit_code = account.store.now(), 0
    account.store.enter(status.release)
    account.wait(1)
    assert orders.turn() == [("end", "release 1")]
    assert account.call("GET", "/jobs/job").json["state"] == "completed"


@pytest.mark.parametrize("end", ["terminate", "delete"])
def test_specials_that_prepare_for_nothing_are_broken_off(told: tuple[Account, Orders], end: str) -> None:
    account, orders = told
    grow(account, orders)
    account.job(jobPreparationTask={"commandLine": "a"})
    account.add("t")
    account.wait(1)
    assert orders.turn() == [("begin_special", "preparation 1", ticks.LONGEST)]
    account.post("/jobs/job/terminate") if end == "terminate" else account.call("DELETE", "/jobs/job")
    told_now = orders.turn()
    assert told_now[:2] == [("end", "t"), ("end", "preparation 1")]
    [status] = account.store.job("job").statuses.all()
    preparation = status.preparation
    assert preparation is not None
    account.wait(1)
    assert (preparation.exit_code, preparation.failure, preparation.state) == (137, "TaskEnded", "completed")
    assert preparation.ends == preparation.since
    gone = account.call("GET", "/jobs/job")
    assert gone.status == 404 if end == "delete" else gone.json["state"] == "completed"
