"""Tasks onto nodes and off again, told by what a client sees of them."""

from __future__ import annotations

from typing import Any

import pytest

from batchio.emulator import ticks
from batchio.emulator.dispatch import LOOK_AHEAD

from .diary import Account

BAD = "sh -c 'sleep 10; exit 3'"


def account_with(nodes: int = 1, **pool: Any) -> Account:
    account = Account(nodes, **pool)
    account.wait(60)
    return account


def usage(account: Account, path: str = "/jobs/job") -> dict[str, Any]:
    found: dict[str, Any] = account.call("GET", path, query={"$expand": "stats"}).json["stats"]
    return found


def rounded(duration: str) -> float:
    """Seconds without the ticks by which things follow each other."""
    return round(ticks.read_duration(duration) / ticks.SECOND, 3)


def execution(account: Account, id: str) -> dict[str, Any]:
    task = account.task(id)
    return {"state": task["state"], **task["executionInfo"]}


def node_view(account: Account) -> dict[str, Any]:
    found: dict[str, Any] = account.call("GET", account.node).json
    return found


def test_dispatch_goes_by_priority_and_then_by_age() -> None:
    account = account_with()
    account.job(id="old", priority=0)
    account.job(id="less", priority=-5)
    account.job(id="young")
    account.job(id="more", priority=1)
    for id in ("less", "young", "old", "more"):
        account.add("a", "b", job=id)
    order = ""
    for _ in range(8):
        account.wait(1)
        [job] = [id for id in ("less", "young", "old", "more") if account.running(id)]
        order += f"{job}-{account.running(job)} "
        account.wait(9.5)
    assert order == "more-a more-b old-a old-b young-a young-b less-a less-b "


@pytest.mark.parametrize(("type_", "nodes"), [("Pack", 1), ("spread", 2), (None, 2)])
def test_dispatch_packs_or_spreads(type_: str | None, nodes: int) -> None:
    policy = {} if type_ is None else {"taskSchedulingPolicy": {"nodeFillType": type_}}
    account = account_with(2, taskSlotsPerNode=2, **policy)
    account.job()
    account.add("a", "b")
    account.wait(1)
    assert len({task["nodeInfo"]["nodeId"] for task in account.all("/jobs/job/tasks")}) == nodes


def test_dispatch_leaves_what_is_disabled_and_goes_on_with_others() -> None:
    account = account_with()
    account.job(priority=9)
    account.job(id="other")
    account.post("/jobs/job/disable", disableTasks="wait")
    account.add("a")
    account.add("b", job="other")
    account.wait(1)
    assert (account.running(), account.running("other")) == ("", "b")


@pytest.mark.parametrize(("most", "running"), [(-1, "a b c"), (1, "a"), (2, "a b")])
def test_dispatch_of_so_many_at_a_time(most: int, running: str) -> None:
    account = account_with(taskSlotsPerNode=3)
    account.job(maxParallelTasks=most)
    account.add("a", "b", "c")
    account.wait(1)
    assert account.running() == running


@pytest.mark.parametrize("wide", [LOOK_AHEAD - 1, LOOK_AHEAD])
def test_dispatch_passes_over_tasks_for_which_there_is_no_room(wide: int) -> None:
    account = account_with(taskSlotsPerNode=2)
    account.job()
    account.add("first", line="sleep 15")
    account.add(*(f"{number:03}" for number in range(wide)), requiredSlots=2)
    account.add("slim")
    account.wait(1)
    assert account.running() == ("first slim" if wide < LOOK_AHEAD else "first")
    account.wait(15)
    # Those that were passed over keep their order.
    assert account.running() == "000"
    account.wait(10)
    assert account.running() == "001"


def test_dispatch_of_a_task_that_has_ended_before_it_began() -> None:
    account = account_with()
    account.job()
    account.add("a", "b", "c", "d")
    account.wait(1)
    account.post("/jobs/job/tasks/b/terminate")
    account.call("DELETE", "/jobs/job/tasks/c")
    account.wait(10)
    assert account.states() == {"a": "completed", "b": "completed", "d": "running"}
    ended = execution(account, "b")
    assert ended["failureInfo"]["code"] == "TaskEnded"
    assert "exitCode" not in ended
    assert "startTime" not in ended
    assert ended["endTime"][:19] == "2024-07-01T12:01:01"


@pytest.mark.parametrize(
    ("limit", "seconds", "code", "failure"),
    [("PT10S", 10, 3, "FailureExitCode"), ("PT11S", 10, 3, "FailureExitCode"), ("PT9.9S", 9.9, 137, "TaskEnded")],
)
def test_dispatch_ends_a_task_at_its_limit(limit: str, seconds: float, code: int, failure: str) -> None:
    account = account_with()
    account.job()
    account.add("t", line=BAD, constraints={"maxWallClockTime": limit, "maxTaskRetryCount": 0})
    account.wait(seconds - 0.01)
    assert account.task("t")["state"] == "running"
    account.wait(0.02)
    found = execution(account, "t")
    assert (found["exitCode"], found["failureInfo"]["code"], found["result"]) == (code, failure, "failure")
    assert (node_view(account)["totalTasksRun"], node_view(account).get("totalTasksSucceeded", 0)) == (1, 0)


def test_dispatch_does_not_try_again_what_has_run_into_its_limit() -> None:
    account = account_with()
    account.job()
    account.add("t", line=BAD, constraints={"maxWallClockTime": "PT5S", "maxTaskRetryCount": 3})
    account.wait(6)
    assert (execution(account, "t")["state"], execution(account, "t")["retryCount"]) == ("completed", 0)


def test_dispatch_tries_again_before_others() -> None:
    account = account_with()
    account.job()
    account.add("bad", line=BAD, constraints={"maxTaskRetryCount": 1})
    account.add("next")
    account.store.hold("task", "active")
    account.store.release("task", "active")
    account.wait(5)
    account.store.hold("task", "active")
    account.wait(10)
    found = execution(account, "bad")
    assert (found["state"], found["retryCount"], found["lastRetryTime"][:19]) == ("active", 1, "2024-07-01T12:01:10")
    assert not found.keys() & {"exitCode", "endTime", "result", "failureInfo"}
    assert usage(account)["numTaskRetries"] == "1"
    account.store.release("task", "active")
    assert account.running() == "bad"
    assert execution(account, "bad")["startTime"][:19] == "2024-07-01T12:01:15"
    account.wait(11)
    assert account.states() == {"bad": "completed", "next": "running"}
    assert usage(account, "/jobs/job/tasks/bad")["wallClockTime"] == "PT20S"
    assert rounded(usage(account)["wallClockTime"]) == 20 + 1


def test_dispatch_keeps_what_a_task_took_that_is_not_tried_again() -> None:
    account = account_with()
    account.job()
    account.add("t", line=BAD, constraints={"maxTaskRetryCount": 5})
    account.wait(15)
    account.store.hold("task", "active")
    account.wait(25)
    account.post("/jobs/job/tasks/t/terminate")
    found = execution(account, "t")
    assert (found["retryCount"], found["endTime"][:19]) == (2, "2024-07-01T12:01:40")
    assert usage(account)["numTaskRetries"] == "2"
    assert rounded(usage(account, "/jobs/job/tasks/t")["wallClockTime"]) == 20


def test_dispatch_adds_up_what_was_used() -> None:
    account = account_with(3, taskSlotsPerNode=4)
    account.job()
    account.add("wide", line="sleep 20", requiredSlots=2)
    account.add("many", multiInstanceSettings={"numberOfInstances": 2, "coordinationCommandLine": "true"})
    account.add("bad", line=BAD)
    account.wait(30)
    stats = usage(account)
    assert (stats["wallClockTime"], stats["userCPUTime"]) == ("PT40S", "PT50S")
    assert (stats["numSucceededTasks"], stats["numFailedTasks"], stats["numTaskRetries"]) == ("2", "1", "0")
    assert usage(account, "/jobs/job/tasks/many")["userCPUTime"] == "PT20S"
    busy = account.store.pools.all()[0].usage.busy
    assert busy == (20 * 2 + 10 * 2 + 10) * 10_000_000
    for id in ("wide", "bad"):
        account.call("DELETE", f"/jobs/job/tasks/{id}")
    after = usage(account)
    assert {**after, "lastUpdateTime": ""} == {**stats, "lastUpdateTime": ""}


def test_dispatch_knows_how_long_tasks_have_waited() -> None:
    account = account_with()
    account.job()
    account.add("a", "b")
    account.wait(5)
    account.post("/jobs/job/disable", disableTasks="requeue")
    account.wait(5)
    account.post("/jobs/job/enable")
    account.wait(30)
    # The second run of the one began after 10.5 seconds, the run of the other ten seconds later.
    assert rounded(usage(account)["waitTime"]) == 31
    found = execution(account, "a")
    assert (found["requeueCount"], found["lastRequeueTime"][:19]) == (1, "2024-07-01T12:01:05")
    assert (found["exitCode"], rounded(usage(account, "/jobs/job/tasks/a")["wallClockTime"])) == (0, 15)
    assert execution(account, "b")["requeueCount"] == 0


def test_dispatch_takes_tasks_off_to_run_before_others() -> None:
    account = account_with(taskSlotsPerNode=2)
    account.job()
    account.add("a", "b", "c", "d", line="sleep 60")
    account.wait(5)
    account.post(f"{account.node}/reboot")
    account.wait(5)
    assert account.running() == "a b"


def test_dispatch_ends_a_task_by_request() -> None:
    account = account_with(taskSlotsPerNode=2)
    account.job(jobPreparationTask={"commandLine": "sleep 5"})
    account.add("prepares", "runs", "next", "last", requiredSlots=1)
    account.wait(1)
    account.post("/jobs/job/tasks/prepares/terminate")
    account.wait(5)
    assert account.states() == {"prepares": "completed", "runs": "running", "next": "running", "last": "active"}
    assert "exitCode" not in execution(account, "prepares")
    account.post("/jobs/job/tasks/runs/terminate")
    ended = execution(account, "runs")
    assert (ended["exitCode"], ended["endTime"][:19], ended["failureInfo"]["code"]) == (
        137,
        "2024-07-01T12:01:06",
        "TaskEnded",
    )
    account.wait(1)
    assert account.running() == "last next"
    account.call("DELETE", "/jobs/job/tasks/next")
    account.wait(1)
    assert node_view(account)["runningTaskSlotsCount"] == 1


def test_dispatch_of_a_task_that_is_reactivated() -> None:
    account = account_with()
    account.job()
    account.add("t", line=BAD, constraints={"maxTaskRetryCount": 1})
    account.add("next")
    account.wait(21)
    account.post("/jobs/job/tasks/t/reactivate")
    found = execution(account, "t")
    assert (found["state"], found["retryCount"]) == ("active", 0)
    assert not found.keys() & {"exitCode", "startTime", "endTime", "result", "failureInfo", "lastRetryTime"}
    assert "nodeInfo" not in account.task("t")
    assert (usage(account)["numFailedTasks"], rounded(usage(account)["wallClockTime"])) == ("0", 21)
    # It goes behind the others.
    account.wait(1)
    assert account.running() == "next"
    account.wait(10)
    assert account.running() == "t"
    account.wait(20)
    assert execution(account, "t")["retryCount"] == 1
    assert rounded(usage(account, "/jobs/job/tasks/t")["wallClockTime"]) == 40


def test_dispatch_off_a_node_as_the_option_says() -> None:
    for option, state, waits in (
        ("requeue", "active", False),
        ("terminate", "completed", False),
        ("taskcompletion", "running", True),
    ):
        account = account_with(taskSlotsPerNode=2)
        account.job()
        account.add("a", "b", line="sleep 60")
        account.wait(1)
        account.post(f"{account.node}/reboot", nodeRebootOption=option)
        assert set(account.states().values()) == {state}
        assert (node_view(account)["state"] == "running") == waits
        account.wait(61)
        assert node_view(account)["state"] == ("running" if option == "requeue" else "idle")
        assert {execution(account, id)["requeueCount"] for id in "ab"} == {int(option == "requeue")}
