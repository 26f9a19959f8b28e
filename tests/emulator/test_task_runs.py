"""What a client sees of a task's run at each stage of it, to the last property."""

from __future__ import annotations

from typing import Any

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
