"""What the rows of the table ask, where little tells one answer from another."""

from __future__ import annotations

from typing import Any

import pytest

from .diary import Account


def account_with(nodes: int = 1, **pool: Any) -> Account:
    account = Account(nodes, taskSlotsPerNode=2, **pool)
    account.wait(60)
    account.store.turn()
    return account


@pytest.mark.parametrize(
    ("verb", "held", "state"),
    [("reboot", "rebooting", "idle"), ("reimage", "reimaging", "idle"), ("deallocate", "deallocating", "deallocated")],
)
def test_a_node_goes_when_its_tasks_are_done(verb: str, held: str, state: str) -> None:
    account = account_with(2)
    account.job()
    account.add("a", "b", line="sleep 10")
    account.add("c", line="sleep 20")
    account.wait(1)
    node = account.task("a")["nodeInfo"]["nodeId"]
    option = {f"node{verb.title()}Option": "taskcompletion"}
    account.post(f"/pools/pool/nodes/{node}/{verb}", **option)
    account.store.turn()
    seen = account.after(60, "node")
    down = [(round(when), what) for when, _, what in seen if what == held]
    ends = 19 if node == account.task("c")["nodeInfo"]["nodeId"] else 9
    assert down == [(ends, held)]
    assert account.call("GET", f"/pools/pool/nodes/{node}").json["state"] == state


def test_a_job_ends_when_nothing_of_it_runs_on_any_node() -> None:
    account = account_with(2)
    account.job(jobPreparationTask={"commandLine": "sleep 1"}, jobReleaseTask={"commandLine": "sleep 9"})
    account.add("a", "b")
    account.wait(5)
    account.post("/jobs/job/terminate")
    seen = account.after(60, "job", "release")
    assert seen[1:] == [(14, "release", "completed"), (14, "release", "completed"), (14, "job", "completed")]


def test_all_tasks_of_a_job_that_has_none_are_complete() -> None:
    account = account_with()
    account.job(onAllTasksComplete="terminatejob")
    assert account.after(5, "job")[0] == (0, "job", "terminating", "AllTasksComplete")
    account.job(id="other")
    account.add("t", job="other", line="sleep 1")
    assert account.after(60, "job") == []


def test_a_job_s_limit_beyond_the_calendar_is_none() -> None:
    account = account_with()
    account.job(constraints={"maxWallClockTime": "P10000000D"})
    account.wait(365 * 86400)
    assert account.call("GET", "/jobs/job").json["state"] == "active"


@pytest.mark.parametrize("waits", [None, True, False])
def test_whether_the_start_task_comes_first(*, waits: bool | None) -> None:
    more = {} if waits is None else {"waitForSuccess": waits}
    account = Account(startTask={"commandLine": "sleep 30", **more})
    account.wait(5)
    [node] = account.all("/pools/pool/nodes")
    assert node["state"] == ("idle" if waits is False else "waitingforstarttask")
    assert node["startTaskInfo"]["startTime"] == node["stateTransitionTime"]


def test_a_pool_s_start_task_that_comes_while_a_node_boots_is_waited_for() -> None:
    account = Account()
    account.wait(0.7)
    assert account.call("GET", account.node).json["state"] == "starting"
    change = {"startTask": {"commandLine": "sleep 3", "waitForSuccess": True}}
    assert account.call("PATCH", "/pools/pool", change).status == 200
    account.store.turn()
    assert account.after(60, "node") == [(0.3, "node", "waitingforstarttask"), (3.3, "node", "idle")]
    info = account.call("GET", account.node).json["startTaskInfo"]
    assert (info["startTime"][17:19], info["endTime"][17:19], info["exitCode"]) == ("01", "04", 0)
