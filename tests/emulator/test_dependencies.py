"""Tasks that wait for others."""

from __future__ import annotations

from typing import Any

import pytest

from .diary import Account


@pytest.fixture
def account() -> Account:
    """A pool with room for all, and a job whose tasks wait for each other."""
    account = Account(taskSlotsPerNode=9)
    account.wait(60)
    account.job(usesTaskDependencies=True)
    return account


def ids(*ids: str) -> dict[str, Any]:
    return {"dependsOn": {"taskIds": ids}}


def numbers(*ranges: tuple[int, int]) -> dict[str, Any]:
    return {"dependsOn": {"taskIdRanges": [{"start": start, "end": end} for start, end in ranges]}}


def let_run(account: Account, id: str) -> None:
    account.add(id, line="sleep 1")
    account.wait(2)


def test_dependencies_end_with_the_last_of_a_range(account: Account) -> None:
    account.add("t", **numbers((2, 4), (7, 7)))
    for id in ("2", "7", "3", "4"):
        account.wait(2)
        assert account.task("t")["state"] == "active"
        let_run(account, id)
    assert account.task("t")["state"] == "running"
    account.add("ends", **numbers((2, 4), (7, 7)))
    account.wait(1)
    assert account.task("ends")["state"] == "running"


def test_dependencies_of_both_sorts_and_any_case(account: Account) -> None:
    account.add("t", dependsOn={"taskIds": ["One", "TWO"], "taskIdRanges": [{"start": 3, "end": 3}]})
    for id in ("two", "ONE", "3"):
        assert account.task("t")["state"] == "active"
        let_run(account, id)
    assert account.task("t")["state"] == "running"


@pytest.mark.parametrize("line", ["sleep 5", "sh -c 'sleep 5; exit 1'"])
def test_dependencies_that_are_there_already(account: Account, line: str) -> None:
    account.add("first", line=line)
    account.wait(1)
    account.add("second", **ids("first"))
    account.wait(1)
    # A task that runs satisfies nobody yet.
    assert account.task("second")["state"] == "active"
    account.wait(5)
    late = "active" if "exit" in line else "running"
    assert account.task("second")["state"] == late
    account.add("third", **ids("first"))
    account.wait(1)
    assert account.task("third")["state"] == late


def test_dependencies_on_a_task_that_is_active(account: Account) -> None:
    account.post(f"{account.node}/disablescheduling", nodeDisableSchedulingOption="taskcompletion")
    account.add("first")
    account.add("second", **ids("first"))
    account.post(f"{account.node}/enablescheduling")
    account.wait(1)
    assert account.states() == {"first": "running", "second": "active"}


def test_dependencies_of_many_on_one(account: Account) -> None:
    account.add("a", "b", "c", **ids("first"))
    account.add("d", **ids("first", "second"))
    let_run(account, "first")
    assert account.running() == "a b c"
    let_run(account, "second")
    assert account.running() == "a b c d"


def test_dependencies_on_a_task_that_is_tried_once_more(account: Account) -> None:
    account.add("bad", line="sh -c 'sleep 1; exit 1'")
    account.wait(2)
    account.add("t", **ids("bad"))
    account.post("/jobs/job/tasks/bad/reactivate")
    account.wait(3)
    assert account.states() == {"bad": "completed", "t": "active"}


def test_dependencies_free_nothing_that_is_gone_or_over(account: Account) -> None:
    account.add("a", "b", "c", **ids("first"))
    assert account.call("DELETE", "/jobs/job/tasks/a").status == 200
    account.post("/jobs/job/tasks/b/terminate")
    let_run(account, "first")
    assert account.states() == {"b": "completed", "c": "running", "first": "completed"}
