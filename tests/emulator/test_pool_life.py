"""How pools get and lose their nodes."""

from __future__ import annotations

from typing import Any

import pytest

from batchio.emulator import pool_life

from .diary import Account

MAX_NODES = 10


@pytest.fixture(autouse=True)
def small_quota(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pool_life, "MAX_NODES", MAX_NODES)


def pool(account: Account) -> dict[str, Any]:
    found: dict[str, Any] = account.call("GET", "/pools/pool").json
    return found


def sizes(account: Account) -> tuple[int, int]:
    found = pool(account)
    return found["currentDedicatedNodes"], found["currentLowPriorityNodes"]


def errors(account: Account) -> list[str]:
    return [error["code"] for error in pool(account).get("resizeErrors", [])]


def numbers(account: Account) -> list[int]:
    """Which of the nodes are there, by the order in which they were made."""
    return [node.number for node in account.store.pool("pool").nodes.all()]


@pytest.mark.parametrize(
    ("dedicated", "low", "sizes_", "refused"),
    [
        (MAX_NODES, 0, (MAX_NODES, 0), []),
        (0, MAX_NODES + 1, (0, MAX_NODES), ["AccountCoreQuotaReached"]),
        (MAX_NODES - 3, 5, (MAX_NODES - 3, 3), ["AccountCoreQuotaReached"]),
        (MAX_NODES - 3, 3, (MAX_NODES - 3, 3), []),
        (0, 1, (0, 1), []),
    ],
)
def test_a_pool_has_so_many_nodes_at_most(
    dedicated: int, low: int, sizes_: tuple[int, int], refused: list[str]
) -> None:
    account = Account(dedicated, targetLowPriorityNodes=low)
    assert sizes(account) == sizes_
    assert pool(account)["allocationState"] == "resizing"
    account.wait(1)
    assert (pool(account)["allocationState"], errors(account)) == ("steady", refused)
    account.post("/pools/pool/resize", targetDedicatedNodes=0, targetLowPriorityNodes=1)
    account.wait(5)
    assert (sizes(account), errors(account)) == ((0, 1), [])


def test_a_pool_that_is_to_have_no_nodes_begins_no_resize() -> None:
    account = Account(0)
    assert account.after(5) == []
    assert pool(account)["allocationState"] == "steady"


def test_a_pool_sends_away_the_nodes_that_have_least_to_lose() -> None:
    account = Account(4, targetLowPriorityNodes=2, taskSlotsPerNode=2)
    account.wait(60)
    account.job()
    for number, count in ((1, 1), (4, 2)):
        node = next(node for node in account.store.pool("pool").nodes.all() if node.number == number)
        for task in range(count):
            account.add(f"{number}-{task}", line="sleep 1h", affinityInfo={"affinityId": f"TVM:{node.id}"})
    account.wait(1)
    for target, left in ((3, [1, 2, 4, 5, 6]), (2, [1, 4, 5, 6]), (1, [4, 5, 6])):
        account.post("/pools/pool/resize", targetDedicatedNodes=target)
        account.wait(5)
        assert numbers(account) == left
    assert account.task("1-0")["executionInfo"]["requeueCount"] == 1
    account.post("/pools/pool/resize", targetLowPriorityNodes=1)
    account.wait(5)
    assert numbers(account) == [4, 5]


def test_a_pool_finds_the_jobs_that_were_there_before_it() -> None:
    account = Account(0)
    account.job(poolInfo={"poolId": "LATE"})
    account.job(id="other")
    account.add("t", line="sleep 1h")
    account.post("/pools", id="late", vmSize="a", targetDedicatedNodes=1)
    account.wait(5)
    assert account.running() == "t"
    assert list(account.store.pool("late").jobs) == ["job"]


@pytest.mark.parametrize(("targets", "nodes"), [({"targetDedicatedNodes": 2}, 1), ({"targetLowPriorityNodes": 3}, 1)])
def test_a_pool_whose_resize_is_stopped(targets: dict[str, int], nodes: int) -> None:
    account = Account(1)
    account.wait(60)
    account.store.hold("node", "creating")
    account.post("/pools/pool/resize", **targets)
    account.post("/pools/pool/stopresize")
    account.wait(1)
    assert (pool(account)["allocationState"], errors(account)) == ("steady", ["ResizeStopped"])
    messages = [error["message"] for error in pool(account)["resizeErrors"]]
    assert messages == ["Desired number of nodes could not be allocated as the resize operation was stopped"]
    account.store.release("node", "creating")
    account.post("/pools/pool/resize", targetDedicatedNodes=nodes, targetLowPriorityNodes=0)
    account.wait(5)
    assert (sizes(account), errors(account)) == ((1, 0), [])


def test_a_pool_over_its_quota_and_out_of_time_says_both() -> None:
    account = Account(0)
    account.store.hold("node", "creating")
    account.post("/pools/pool/resize", targetDedicatedNodes=MAX_NODES + 1)
    account.wait(15 * 60)
    assert errors(account) == ["AccountCoreQuotaReached", "AllocationTimedOut"]


@pytest.mark.parametrize("state", ["steady", "resizing"])
def test_a_pool_that_is_deleted(state: str) -> None:
    account = Account(1)
    account.wait(60)
    account.job()
    account.add("t", line="sleep 1h")
    account.wait(1)
    if state == "resizing":
        account.store.hold("node", "creating")
        account.post("/pools/pool/resize", targetDedicatedNodes=2)
        account.wait(1)
    account.call("DELETE", "/pools/pool")
    found = pool(account)
    assert (found["state"], found["allocationState"]) == ("deleting", "resizing")
    assert (found["targetDedicatedNodes"], found["targetLowPriorityNodes"]) == (0, 0)
    assert (account.states(), account.task("t")["executionInfo"]["requeueCount"]) == ({"t": "active"}, 1)
    account.wait(2)
    assert account.call("GET", "/pools/pool").status == 404
    account.post("/pools", id="pool", vmSize="a", targetDedicatedNodes=1)
    if state == "resizing":
        account.store.release("node", "creating")
    account.wait(5)
    assert account.running() == "t"


def test_a_pool_that_is_deleted_and_does_not_lose_its_nodes() -> None:
    account = Account(1)
    account.wait(60)
    account.store.hold("node", "leavingpool")
    account.call("DELETE", "/pools/pool")
    account.wait(15 * 60 - 1)
    assert pool(account)["allocationState"] == "resizing"
    account.wait(2)
    assert (pool(account)["allocationState"], pool(account)["state"]) == ("steady", "deleting")
    account.store.release("node", "leavingpool")
    account.wait(1)
    assert account.call("GET", "/pools/pool").status == 404


def test_a_pool_scales_no_more_when_it_is_deleted() -> None:
    account = Account(0)
    formula = "$TargetDedicatedNodes = 1"
    account.post("/pools", id="auto", vmSize="a", enableAutoScale=True, autoScaleFormula=formula)
    account.wait(5)
    account.store.hold("node", "leavingpool")
    account.store.turn()
    account.call("DELETE", "/pools/auto")
    assert [change[2] for change in account.after(3600, "pool")] == ["deleting"]
    assert account.call("GET", "/pools/auto").json["enableAutoScale"] is False


def test_a_pool_that_grows_by_one_sort_of_nodes_counts_both() -> None:
    account = Account(4, targetLowPriorityNodes=5)
    account.wait(5)
    account.post("/pools/pool/resize", targetLowPriorityNodes=7)
    account.wait(5)
    assert (sizes(account), errors(account)) == ((4, 6), ["AccountCoreQuotaReached"])


def test_a_pool_has_no_part_in_the_resize_of_an_earlier_one() -> None:
    account = Account(1)
    account.wait(60)
    account.store.hold("allocation", "resizing")
    account.call("DELETE", "/pools/pool")
    account.wait(5)
    account.post("/pools", id="pool", vmSize="a")
    account.wait(1000)
    account.store.release("allocation", "resizing")
    account.wait(5)
    assert errors(account) == []
