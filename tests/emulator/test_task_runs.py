"""What a client sees of a task's run at each stage of it, to the last property."""

from __future__ import annotations

from typing import Any

from batchio.emulator import task_runs

from .diary import Account

NEVER = {"retryCount": 0, "requeueCount": 0}


def seen(account: Account) -> tuple[str, dict[str, Any]]:
    task = account.task("t")
    assert ("nodeInfo" in task) == (task["state"] != "active")
    assert ("previousState" in task) == ("previousStateTransitionTime" in task)
    info = {name: value[14:19] if name.endswith("Time") else value for name, value in task["executionInfo"].items()}
    return f"{task.get('previousState', '')} {task['state']}", info


def test_a_task_s_run_from_stage_to_stage() -> None:
    account = Account(0)
    account.job(jobPreparationTask={"commandLine": "sleep 10"})
    account.add("t", line="sh -c 'sleep 10; exit 1'", constraints={"maxTaskRetryCount": 1})
    assert seen(account) == (" active", NEVER)
    account.post("/pools/pool/resize", targetDedicatedNodes=1)
    account.wait(5)
    assert seen(account) == ("active preparing", NEVER)
    account.wait(10)
    start = {"startTime": "00:11"}
    assert seen(account) == ("preparing running", start | NEVER)
    account.store.hold("task", "active")
    account.wait(15)
    again = {"retryCount": 1, "requeueCount": 0, "lastRetryTime": "00:21"}
    assert account.task("t")["executionInfo"]["retryCount"] == 1
    account.store.release("task", "active")
    account.wait(1)
    state, info = seen(account)
    assert (state, info) == ("active running", {"startTime": "00:30"} | again)
    account.wait(30)
    state, info = seen(account)
    failure = info.pop("failureInfo")
    end = {"startTime": "00:30", "endTime": "00:40", "exitCode": 1, "result": "failure"}
    assert (state, info, failure["code"]) == ("running completed", end | again, "FailureExitCode")
    subtasks = account.call("GET", "/jobs/job/tasks/t/subtasksinfo")
    assert subtasks.status == 200
    assert subtasks.json["value"] == []


def test_what_seldom_happens_is_shared_by_all_to_which_it_has_not_happened() -> None:
    account = Account(1)
    account.job()
    account.add("t")
    account.wait(60)
    [job] = account.store.jobs.all()
    [task] = job.tasks.all()
    run = task.ran()
    assert run.result == "success"
    assert run.seldom is task_runs.NEVER


def test_a_task_that_is_ended_between_two_tries_has_taken_the_time_of_the_first() -> None:
    account = Account(1)
    account.wait(60)
    account.job()
    account.store.hold("task", "active")
    account.add("t", line="sh -c 'sleep 10; exit 1'", constraints={"maxTaskRetryCount": 1})
    account.store.release("task", "active")
    account.wait(1)
    account.store.hold("task", "active")
    account.wait(60)
    assert account.task("t")["executionInfo"]["retryCount"] == 1
    account.post("/jobs/job/tasks/t/terminate")
    stats = account.call("GET", "/jobs/job/tasks/t", query={"$expand": "stats"}).json["stats"]
    assert stats["wallClockTime"] == "PT10S"
