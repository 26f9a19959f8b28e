"""Preparation and release tasks, node by node."""

from __future__ import annotations

from typing import Any

import pytest

from .diary import Account


def account_with(nodes: int = 1, **job: Any) -> Account:
    account = Account(nodes, taskSlotsPerNode=2)
    account.wait(60)
    account.job(**job)
    return account


def statuses(account: Account) -> list[dict[str, Any]]:
    return account.all("/jobs/job/jobpreparationandreleasetaskstatus")


def info(status: dict[str, Any], name: str) -> dict[str, Any]:
    found: dict[str, Any] = status[f"job{name}TaskExecutionInfo"]
    return {
        **found,
        **{key: value[14:19] for key, value in found.items() if key.endswith("Time")},
        "failureInfo": found.get("failureInfo", {}).get("code"),
    }


def test_preparation_is_once_on_each_node() -> None:
    account = account_with(2, jobPreparationTask={"commandLine": "sleep 5"})
    assert statuses(account) == []
    account.add("a")
    account.wait(1)
    assert len(statuses(account)) == 1
    account.add("b", "c", "d")
    account.wait(1)
    assert account.states() == dict.fromkeys("abcd", "preparing")
    account.wait(3.5)
    # The first node is ready, the second not yet.
    assert sorted(account.states().values()) == ["preparing", "preparing", "running", "running"]
    account.wait(20)
    assert sorted(account.states().values()) == ["completed"] * 4
    assert [(info(status, "Preparation")["startTime"]) for status in statuses(account)] == ["01:00", "01:01"]
    assert [(info(status, "Preparation")["endTime"]) for status in statuses(account)] == ["01:05", "01:06"]
    account.add("e")
    account.wait(0.1)
    assert account.running() == "e"


@pytest.mark.parametrize(
    ("command", "more", "code", "failure", "end", "retries"),
    [
        ("sleep 5", {}, 0, None, "01:05", 0),
        ("sh -c 'sleep 5; exit 3'", {}, 3, "FailureExitCode", "01:05", 0),
        ("sh -c 'sleep 5; exit 3'", {"maxTaskRetryCount": 2}, 3, "FailureExitCode", "01:15", 2),
        ("sleep 5", {"maxWallClockTime": "PT4S"}, 137, "TaskEnded", "01:04", 0),
        ("sleep 5", {"maxWallClockTime": "PT5S"}, 0, None, "01:05", 0),
    ],
)
def test_the_end_of_preparation(
    command: str, more: dict[str, Any], code: int, failure: str | None, end: str, retries: int
) -> None:
    account = account_with(jobPreparationTask={"commandLine": command, **({"constraints": more} if more else {})})
    account.add("a", line="sleep 1h")
    account.wait(30)
    [status] = statuses(account)
    told = info(status, "Preparation")
    assert (told["exitCode"], told["failureInfo"], told["endTime"]) == (code, failure, end)
    assert (told["state"], told["result"], told["retryCount"]) == (
        "completed",
        "failure" if code else "success",
        retries,
    )
    assert account.running() == ("" if code else "a")


@pytest.mark.parametrize(
    ("limit", "code", "end"), [({"maxWallClockTime": "PT1M"}, 137, "03:01"), ({}, 0, "16:01"), (None, 137, "17:01")]
)
def test_the_end_of_a_release(limit: dict[str, str] | None, code: int, end: str) -> None:
    seconds = 16 * 60 if limit is None else 14 * 60
    release = {"commandLine": f"sleep {seconds}", **(limit or {})}
    account = account_with(jobPreparationTask={"commandLine": "true"}, jobReleaseTask=release)
    account.add("a", line="sleep 1")
    account.wait(61)
    account.post("/jobs/job/terminate")
    account.wait(3600)
    [status] = statuses(account)
    told = info(status, "Release")
    assert (told["exitCode"], told["startTime"], told["endTime"]) == (code, "02:01", end)


def test_the_environment_of_special_tasks_is_the_job_s_and_their_own() -> None:
    def settings(**pairs: str) -> list[dict[str, str]]:
        return [{"name": name, "value": value} for name, value in pairs.items()]

    prepares = {"commandLine": "a", "environmentSettings": settings(BATCHIO_SECONDS="7")}
    account = account_with(
        commonEnvironmentSettings=settings(BATCHIO_SECONDS="3", BATCHIO_EXIT_CODE="0"),
        jobPreparationTask=prepares,
        jobReleaseTask={"commandLine": "b"},
    )
    account.add("t")
    account.wait(60)
    account.post("/jobs/job/terminate")
    account.wait(60)
    [status] = statuses(account)
    assert (info(status, "Preparation")["endTime"], info(status, "Release")["endTime"]) == ("01:07", "02:03")


def test_releases_are_on_the_nodes_that_are_still_there() -> None:
    account = account_with(3, jobPreparationTask={"commandLine": "true"}, jobReleaseTask={"commandLine": "sleep 5"})
    account.add("a", "b", line="sleep 1h")
    account.wait(1)
    used = [status["nodeId"] for status in statuses(account)]
    account.post("/jobs/job/disable", disableTasks="terminate")
    account.post("/pools/pool/removenodes", nodeList=used[:1])
    account.wait(5)
    account.post("/jobs/job/terminate")
    account.wait(1)
    gone, there = statuses(account)
    assert "jobReleaseTaskExecutionInfo" not in gone
    assert (there["nodeId"], info(there, "Release")["state"]) == (used[1], "running")
    account.wait(5)
    assert account.call("GET", "/jobs/job").json["state"] == "completed"
