"""What nodes are and know from their beginning to their end."""

from __future__ import annotations

from typing import Any

import pytest

from batchio.emulator import ticks

from .diary import Account


def nodes_of(account: Account) -> list[dict[str, Any]]:
    return account.all("/pools/pool/nodes")


def test_each_node_has_an_id_of_its_own() -> None:
    account = Account(2, targetLowPriorityNodes=1)
    ids = [node["id"] for node in nodes_of(account)]
    assert ids == [f"tvm-0000000001_{number}-20240701t120000z{sort}" for number, sort in ((1, ""), (2, ""), (3, "-p"))]
    assert [node["isDedicated"] for node in nodes_of(account)] == [True, True, False]
    account.wait(60)
    account.post("/pools/pool/removenodes", nodeList=[ids[1]])
    account.wait(60)
    account.post("/pools/pool/resize", targetDedicatedNodes=2)
    assert [node["id"] for node in nodes_of(account)] == [ids[0], ids[2], "tvm-0000000001_4-20240701t120200z"]
    account.post("/pools", id="other", vmSize="a", targetDedicatedNodes=1)
    assert account.call("GET", "/pools/other/nodes").ids[0].startswith("tvm-0000000002_1-")


@pytest.mark.parametrize(
    ("most", "codes", "ends", "retries", "state"),
    [
        (None, "1,0", 5, 0, "starttaskfailed"),
        (1, "1,0", 10, 1, "idle"),
        (1, "1,1,0", 10, 1, "starttaskfailed"),
        (-1, "1,1,1,0", 20, 3, "idle"),
        (9, "0", 5, 0, "idle"),
    ],
)
def test_a_node_s_start_task(most: int | None, codes: str, ends: float, retries: int, state: str) -> None:
    settings = [{"name": "BATCHIO_SECONDS", "value": "5"}, {"name": "BATCHIO_EXIT_CODE", "value": codes}]
    limit = {} if most is None else {"maxTaskRetryCount": most}
    account = Account(startTask={"commandLine": "a", "environmentSettings": settings, **limit})
    seen = account.after(60, "node")
    assert seen[-1] == (1 + ends, "node", state)
    [node] = nodes_of(account)
    info = node["startTaskInfo"]
    assert (info["state"], info["retryCount"]) == ("completed", retries)
    assert (info["startTime"][17:19], info["endTime"][17:19]) == ("01", f"{1 + ends:02.0f}")
    account.post(f"{account.node}/reboot")
    account.wait(2)
    [node] = nodes_of(account)
    assert (node["state"], node["startTaskInfo"]["state"]) == ("waitingforstarttask", "running")


def test_a_node_knows_its_last_tasks_once_each() -> None:
    account = Account(taskSlotsPerNode=3)
    account.wait(60)
    account.job()
    account.add("bad", line="sh -c 'sleep 5; exit 1'", constraints={"maxTaskRetryCount": 1})
    account.add("good", line="sleep 1", requiredSlots=2)
    account.wait(3)
    [node] = nodes_of(account)
    assert (node["runningTasksCount"], node["runningTaskSlotsCount"]) == (1, 1)
    account.wait(4)
    assert [task["taskId"] for task in nodes_of(account)[0]["recentTasks"]] == ["bad", "good"]
    account.wait(10)
    [node] = nodes_of(account)
    assert [task["taskId"] for task in node["recentTasks"]] == ["bad", "good"]
    assert (node["totalTasksRun"], node["totalTasksSucceeded"]) == (3, 1)
    account.add(*(f"{number}" for number in range(120)), line="true")
    account.wait(30)
    last = account.store.pool("pool").nodes.all()[0].recent
    assert (len(last), last[-1], last[0]) == (100, ("job", "119"), ("job", "20"))


def test_what_nodes_were_there_stays_known() -> None:
    account = Account(2, targetLowPriorityNodes=1)
    account.wait(100)
    account.post("/pools/pool/resize", targetDedicatedNodes=0, targetLowPriorityNodes=0)
    account.wait(10)
    assert nodes_of(account) == []
    usage = account.store.pool("pool").usage
    assert (round(usage.nodes / ticks.SECOND, 2), round(usage.dedicated / ticks.SECOND, 2)) == (301.5, 201)


def test_nodes_of_low_priority_are_not_counted_as_dedicated() -> None:
    account = Account(0, targetLowPriorityNodes=2)
    account.wait(100)
    account.post("/pools/pool/resize", targetLowPriorityNodes=0)
    account.wait(10)
    usage = account.store.pool("pool").usage
    assert (usage.dedicated, usage.nodes > 0) == (0, True)


@pytest.mark.parametrize("option", ["taskcompletion", "requeue"])
def test_a_node_that_waits_for_its_tasks_takes_no_others(option: str) -> None:
    account = Account(taskSlotsPerNode=2)
    account.wait(60)
    account.job()
    account.add("a", line="sleep 10")
    account.wait(1)
    account.post(f"{account.node}/reimage", nodeReimageOption=option)
    account.add("b", line="sleep 60")
    account.store.turn()
    seen = account.after(8, "node")
    assert bool(seen) == (option == "requeue")
    assert account.running() == ("a" if option == "taskcompletion" else "a b")
    account.wait(20)
    assert (nodes_of(account)[0]["state"], account.task("b")["state"]) == ("running", "running")


def test_a_pool_is_steady_when_its_nodes_have_come_and_gone() -> None:
    account = Account(2)
    account.wait(60)
    account.job()
    account.add("a", "b", line="sleep 10")
    account.wait(1)
    account.store.turn()
    account.post("/pools/pool/resize", targetDedicatedNodes=1, nodeDeallocationOption="taskcompletion")
    seen = [(round(when, 1), *rest) for when, *rest in account.after(60, "node", "allocation")]
    assert seen == [
        (0, "allocation", "resizing", "taskcompletion"),
        (9, "node", "idle"),
        (9, "node", "leavingpool"),
        (9.5, "node", "gone"),
        (9.5, "allocation", "steady"),
    ]
    assert account.states() == {"a": "completed", "b": "completed"}
