"""What jobs bring with them, and what they leave behind."""

from __future__ import annotations

import re
from typing import Any

import pytest

from .diary import Account

AUTO = {"poolLifetimeOption": "job", "pool": {"vmSize": "a"}}
ID = "[0-9A-F]{8}(-[0-9A-F]{4}){3}-[0-9A-F]{12}"


@pytest.fixture
def account() -> Account:
    account = Account(2)
    account.wait(60)
    account.store.turn()
    return account


def pool_of(account: Account, job: str = "job") -> str:
    pool: str = account.call("GET", f"/jobs/{job}").json["executionInfo"]["poolId"]
    return pool


def auto(**more: Any) -> dict[str, Any]:
    return {"poolInfo": {"autoPoolSpecification": {**AUTO, **more}}}


@pytest.mark.parametrize(("prefix", "begin"), [({}, ""), ({"autoPoolIdPrefix": "mine-"}, "MINE-")])
def test_the_id_of_a_job_s_pool(account: Account, prefix: dict[str, str], begin: str) -> None:
    account.job(**auto(**prefix))
    assert re.fullmatch(begin + ID, pool_of(account))


@pytest.mark.parametrize("keep", [None, False, True])
@pytest.mark.parametrize("end", ["terminate", "delete"])
def test_a_job_s_pool_lives_as_long_as_it(account: Account, *, keep: bool | None, end: str) -> None:
    account.job(**auto(**({} if keep is None else {"keepAlive": keep})))
    pool = pool_of(account)
    if end == "terminate":
        account.post("/jobs/job/terminate")
    else:
        account.call("DELETE", "/jobs/job")
    account.wait(60)
    assert (account.call("GET", f"/pools/{pool}").status == 200) == bool(keep)
    # The pool of another job stays, whoever uses it.
    account.job(id="other")
    account.call("DELETE", "/jobs/other")
    account.wait(60)
    assert account.call("GET", "/pools/pool").status == 200
    assert account.store.pool("pool").jobs == {}


def test_the_pool_of_a_schedule_is_that_of_all_its_jobs(account: Account) -> None:
    spec = {**auto(poolLifetimeOption="jobSchedule"), "onAllTasksComplete": "terminatejob"}
    account.post("/jobschedules", id="s", schedule={"recurrenceInterval": "PT1H"}, jobSpecification=spec)
    account.wait(7300)
    pools = {pool_of(account, f"s:job-{number}") for number in (1, 2, 3)}
    assert len(pools) == 1
    assert account.call("GET", f"/pools/{pools.pop()}").status == 200
    account.post("/jobschedules/s/terminate")
    account.wait(60)
    assert account.call("GET", "/pools").ids == ["pool"]


@pytest.mark.parametrize("option", ["job", "jobschedule"])
def test_a_job_of_no_schedule_has_its_pool_alone(account: Account, option: str) -> None:
    account.job(**auto(poolLifetimeOption=option))
    account.job(id="other", **auto(poolLifetimeOption=option))
    assert pool_of(account) != pool_of(account, "other")
    account.post("/jobs/job/terminate")
    account.wait(60)
    assert pool_of(account, "other") in account.call("GET", "/pools").ids
    assert len(account.call("GET", "/pools").ids) == 2


def test_a_job_s_pool_of_which_nothing_is_said(account: Account) -> None:
    account.job(poolInfo={"autoPoolSpecification": {"poolLifetimeOption": "job"}})
    assert account.call("GET", f"/pools/{pool_of(account)}").json["vmSize"] == "standard_a1"


def test_a_job_s_pool_that_is_kept_outlives_its_schedule(account: Account) -> None:
    spec = auto(keepAlive=True)
    account.post("/jobschedules", id="s", schedule={"recurrenceInterval": "PT1H"}, jobSpecification=spec)
    account.wait(1)
    pool = pool_of(account, "s:job-1")
    account.post("/jobschedules/s/terminate")
    account.wait(60)
    assert account.call("GET", f"/pools/{pool}").status == 200


def test_a_job_that_is_deleted_ends_what_runs(account: Account) -> None:
    account.job()
    account.add("t", line="sleep 60")
    account.wait(5)
    account.call("DELETE", "/jobs/job")
    assert account.states() == {"t": "completed"}
    account.wait(0.6)
    assert account.call("GET", "/jobs/job").status == 404
    account.job()
    account.post("/jobs/job/terminate")
    account.wait(5)
    assert account.call("GET", "/jobs/job").json["executionInfo"]["endTime"][:19] == "2024-07-01T12:01:06"


def test_a_job_s_manager_is_a_task_of_it(account: Account) -> None:
    manager = {"killJobOnCompletion": True, "runExclusive": False, "allowLowPriorityNode": True}
    settings = {"environmentSettings": [{"name": "a", "value": "b"}], "displayName": "The boss"}
    account.job(jobManagerTask={"id": "Boss", "commandLine": "sleep 60", **manager, **settings})
    task = account.task("boss")
    assert not task.keys() & manager.keys()
    assert (task["id"], task["commandLine"], task["displayName"]) == ("Boss", "sleep 60", "The boss")
    assert task["environmentSettings"] == settings["environmentSettings"]
    account.wait(1)
    assert account.running() == "Boss"
    assert account.call("POST", "/jobs/job/tasks", {"id": "BOSS", "commandLine": "a"}).code == "TaskExists"


@pytest.mark.parametrize(
    ("tasks", "taken"),
    [
        ({"jobPreparationTask": {"commandLine": "a"}}, {"JobPreparation": "TaskIdSameAsJobPreparationTask"}),
        ({"jobReleaseTask": {"commandLine": "a"}}, {"JOBRELEASE": "TaskIdSameAsJobReleaseTask"}),
        (
            {"jobPreparationTask": {"id": "P", "commandLine": "a"}, "jobReleaseTask": {"id": "R", "commandLine": "a"}},
            {"p": "TaskIdSameAsJobPreparationTask", "r": "TaskIdSameAsJobReleaseTask"},
        ),
    ],
)
def test_ids_that_a_job_s_tasks_cannot_have(account: Account, tasks: dict[str, Any], taken: dict[str, str]) -> None:
    account.job(**{"jobPreparationTask": {"commandLine": "a"}, **tasks})
    for id, code in taken.items():
        assert account.call("POST", "/jobs/job/tasks", {"id": id, "commandLine": "a"}).code == code
    account.add("free")
    if "P" in str(tasks.get("jobPreparationTask")):
        account.add("jobpreparation", "jobrelease")


def test_a_preparation_task_that_fails_sends_its_job_elsewhere(account: Account) -> None:
    codes = [{"name": "BATCHIO_EXIT_CODE", "value": "1"}]
    account.job(id="fine")
    account.add("a", job="fine", line="sleep 1h")
    account.job(jobPreparationTask={"commandLine": "sleep 5", "environmentSettings": codes})
    account.add("t", "u", line="sleep 60")
    account.wait(1)
    assert account.states() == {"t": "preparing", "u": "active"}
    account.wait(5)
    assert account.states() == {"t": "active", "u": "active"}
    assert account.task("t")["executionInfo"]["requeueCount"] == 1
    # The other job's task on the other node goes on.
    assert account.running("fine") == "a"
    account.post("/jobs/fine/tasks/a/terminate")
    account.wait(1)
    assert account.states() == {"t": "preparing", "u": "active"}
    account.wait(5)
    assert account.states() == {"t": "active", "u": "active"}
    account.wait(600)
    assert account.task("t")["executionInfo"]["requeueCount"] == 2


def test_a_preparation_task_that_may_fail_keeps_no_job_waiting(account: Account) -> None:
    account.job(jobPreparationTask={"commandLine": "sh -c 'sleep 5; exit 1'", "waitForSuccess": False})
    account.add("t", line="sleep 60")
    account.wait(1)
    assert account.running() == "t"
    account.wait(10)
    assert (account.running(), account.task("t")["executionInfo"]["requeueCount"]) == ("t", 0)
    account.post("/jobs/job/terminate")
    account.wait(1)
    assert account.call("GET", "/jobs/job").json["state"] == "completed"


def test_a_job_ends_after_its_preparation(account: Account) -> None:
    account.job(jobPreparationTask={"commandLine": "sleep 30"}, jobReleaseTask={"commandLine": "sleep 60"})
    account.add("t")
    account.wait(10)
    account.post("/jobs/job/terminate")
    assert account.states() == {"t": "completed"}
    job = [change[2:] for change in account.after(19, "job", "preparation", "release")]
    assert job == [("terminating", "UserTerminate")]
    ends = [(1, "preparation", "completed"), (41, "release", "completed"), (41, "job", "completed")]
    assert [(round(when), *rest) for when, *rest in account.after(60, "job", "preparation", "release")] == ends


@pytest.mark.parametrize("first", [True, False])
def test_a_job_is_released_once(account: Account, *, first: bool) -> None:
    account.job(jobPreparationTask={"commandLine": "true"}, jobReleaseTask={"commandLine": "sleep 10"})
    account.add("t", "u")
    account.wait(1)
    if first:
        account.post("/jobs/job/terminate")
        account.wait(60)
    account.store.turn()
    account.call("DELETE", "/jobs/job")
    seen = [(round(when, 1), *rest) for when, *rest in account.after(60, "job", "release")]
    released = [] if first else [(10, "release", "completed")] * 2
    assert seen == [(0, "job", "deleting"), *released, (0.5 if first else 10, "job", "gone")]


def test_what_a_job_used_stays_with_its_schedule(account: Account) -> None:
    spec = {"poolInfo": {"poolId": "pool"}}
    account.post("/jobschedules", id="s", schedule={"recurrenceInterval": "PT1H"}, jobSpecification=spec)
    account.wait(1)
    account.add("a", "b", "c", job="s:job-1")
    account.add("d", line="sh -c 'sleep 10; exit 1'", job="s:job-1", constraints={"maxTaskRetryCount": 1})
    account.wait(60)

    def used() -> dict[str, Any]:
        stats = account.call("GET", "/jobschedules/s", query={"$expand": "stats"}).json["stats"]
        names = ("numSucceededTasks", "numFailedTasks", "numTaskRetries", "wallClockTime", "userCPUTime", "waitTime")
        return {name: stats[name] for name in names}

    before = used()
    assert (before["numSucceededTasks"], before["numFailedTasks"], before["numTaskRetries"]) == ("3", "1", "1")
    account.call("DELETE", "/jobs/s:job-1")
    account.wait(60)
    assert account.call("GET", "/jobs/s:job-1").status == 404
    assert used() == before
    account.wait(3600)
    account.add("e", line="exit 1", job="s:job-2")
    account.wait(5)
    account.call("DELETE", "/jobs/s:job-2")
    account.wait(5)
    assert (used()["numSucceededTasks"], used()["numFailedTasks"]) == ("3", "2")


def test_the_next_job_of_a_schedule_comes_when_the_last_is_over(account: Account) -> None:
    spec = {"poolInfo": {"poolId": "pool"}}
    account.post("/jobschedules", id="s", schedule={"recurrenceInterval": "PT1H"}, jobSpecification=spec)
    for number in (1, 2):
        account.wait(3700)
        assert account.call("GET", "/jobschedules/s/jobs").ids[-1] == f"s:job-{number}"
        if number == 1:
            account.post("/jobs/s:job-1/terminate")
        else:
            account.call("DELETE", "/jobs/s:job-2")
        account.wait(1)
        assert account.call("GET", "/jobschedules/s/jobs").ids[-1] == f"s:job-{number + 1}"
