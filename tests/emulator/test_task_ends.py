"""What the end of a task means for others and for its job."""

from __future__ import annotations

from typing import Any

import pytest

from batchio.emulator.task_ends import ended

from .diary import Account

PERFORM = {"onTaskFailure": "performexitoptionsjobaction"}
SATISFY, BLOCK = {"dependencyAction": "Satisfy"}, {"dependencyAction": "Block"}


def with_code(code: int, **options: str) -> dict[str, Any]:
    return {"exitCodes": [{"code": 9, "exitOptions": {}}, {"code": code, "exitOptions": options}]}


def in_range(start: int, end: int, **options: str) -> dict[str, Any]:
    ranges = [(50, 60, {}), (start, end, options)]
    return {"exitCodeRanges": [{"start": low, "end": high, "exitOptions": what} for low, high, what in ranges]}


@pytest.fixture
def account() -> Account:
    account = Account(taskSlotsPerNode=4)
    account.wait(60)
    return account


@pytest.mark.parametrize(
    ("code", "conditions", "satisfies"),
    [
        (0, {}, True),
        (1, {}, False),
        (0, with_code(0, **BLOCK), False),
        (3, with_code(3, **SATISFY), True),
        (3, with_code(2, **SATISFY), False),
        (3, with_code(3) | {"default": SATISFY}, False),
        (3, with_code(3, **SATISFY) | in_range(3, 3, **BLOCK), True),
        (9, with_code(3, **SATISFY) | {"default": SATISFY}, False),
        (3, in_range(3, 5, **SATISFY), True),
        (4, in_range(3, 5, **SATISFY), True),
        (5, in_range(3, 5, **SATISFY), True),
        (2, in_range(3, 5, **SATISFY), False),
        (6, in_range(3, 5, **SATISFY), False),
        (4, in_range(3, 5) | {"default": SATISFY}, False),
        (6, in_range(3, 5) | {"default": SATISFY}, True),
        (6, {"default": SATISFY}, True),
        (0, {"default": BLOCK}, True),
        (6, {"preProcessingError": SATISFY}, False),
        (6, {"preProcessingError": BLOCK, "default": SATISFY}, True),
    ],
)
def test_what_a_task_that_ends_does_to_dependencies(
    account: Account, code: int, conditions: dict[str, Any], *, satisfies: bool
) -> None:
    account.job(usesTaskDependencies=True)
    account.add("first", line=f"exit {code}", exitConditions=conditions)
    account.add("second", dependsOn={"taskIds": ["first"]})
    account.wait(5)
    assert account.task("first")["executionInfo"]["exitCode"] == code
    assert account.task("second")["state"] == ("running" if satisfies else "active")


@pytest.mark.parametrize(
    ("code", "conditions", "state", "why"),
    [
        (1, {}, "completed", "TaskFailed"),
        (0, {}, "active", None),
        (0, with_code(0, jobAction="terminate"), "completed", "TaskFailed"),
        (1, with_code(1, jobAction="none"), "active", None),
        (1, with_code(1, jobAction="Terminate"), "completed", "TaskFailed"),
        (1, with_code(1, jobAction="Disable"), "disabled", None),
        (1, with_code(1, **SATISFY), "completed", "TaskFailed"),
        (1, {"default": {"jobAction": "disable"}}, "disabled", None),
    ],
)
def test_what_a_task_that_ends_does_to_its_job(
    account: Account, code: int, conditions: dict[str, Any], state: str, why: str | None
) -> None:
    account.job(**PERFORM)
    account.add("long", line="sleep 1h")
    account.add("t", line=f"exit {code}", exitConditions=conditions)
    account.wait(5)
    job = account.call("GET", "/jobs/job").json
    assert (job["state"], job["executionInfo"].get("terminateReason")) == (state, why)
    # Disabling by a failure takes the others off their nodes.
    assert account.task("long")["state"] == {"active": "running", "disabled": "active"}.get(state, "completed")


def test_a_task_that_ends_by_request_follows_the_code_and_the_default(account: Account) -> None:
    account.job(usesTaskDependencies=True)
    conditions: tuple[dict[str, Any], ...] = (
        with_code(137, **SATISFY),
        {"default": SATISFY},
        {"preProcessingError": SATISFY},
        {},
    )
    for number, exit_conditions in enumerate(conditions):
        account.add(str(number), line="sleep 1h", exitConditions=exit_conditions)
        account.add(f"after-{number}", dependsOn={"taskIds": [str(number)]})
    account.wait(1)
    for number in range(len(conditions)):
        account.post(f"/jobs/job/tasks/{number}/terminate")
    account.wait(1)
    assert account.running() == "after-0 after-1"


@pytest.mark.parametrize(
    ("failure", "conditions", "satisfies"),
    [
        ("BlobNotFound", {"preProcessingError": SATISFY, "default": BLOCK}, True),
        ("BlobNotFound: a", {"preProcessingError": SATISFY}, True),
        ("BlobNotFound", {"preProcessingError": BLOCK, "default": SATISFY}, False),
        ("BlobNotFound", {"default": SATISFY}, True),
        ("BlobNotFound", with_code(0, **SATISFY), False),
        ("TaskEnded", {"preProcessingError": SATISFY}, False),
    ],
)
def test_a_task_that_ends_before_its_process(
    account: Account, failure: str, conditions: dict[str, Any], *, satisfies: bool
) -> None:
    account.job(usesTaskDependencies=True)
    account.add("first", requiredSlots=5, exitConditions=conditions)
    account.add("second", dependsOn={"taskIds": ["first"]})
    account.wait(5)
    job = account.store.job("job")
    ended(account.store, job, account.store.task(job, "first"), failure=failure)
    account.wait(1)
    assert account.task("second")["state"] == ("running" if satisfies else "active")


@pytest.mark.parametrize(
    ("of_task", "of_job", "retries"), [(2, None, 2), (None, 3, 3), (0, 3, 0), (1, 3, 1), (None, None, 0), (3, 1, 3)]
)
def test_how_often_a_task_ends_before_it_is_over(
    account: Account, of_task: int | None, of_job: int | None, retries: int
) -> None:
    def limit(number: int | None) -> dict[str, Any]:
        return {} if number is None else {"constraints": {"maxTaskRetryCount": number}}

    account.job(**limit(of_job))
    account.add("t", line="sh -c 'sleep 10; exit 1'", **limit(of_task))
    account.wait(10 * retries + 5)
    assert account.states() == {"t": "running"}
    account.wait(10)
    task = account.task("t")
    assert (task["state"], task["executionInfo"]["retryCount"]) == ("completed", retries)
    assert ("lastRetryTime" in task["executionInfo"]) == bool(retries)


@pytest.mark.parametrize(
    ("manager", "line", "state", "why"),
    [
        ({}, "true", "completed", "JMComplete"),
        ({"killJobOnCompletion": True}, "false", "completed", "JMComplete"),
        ({"killJobOnCompletion": False}, "true", "active", None),
        ({"killJobOnCompletion": False}, "false", "completed", "TaskFailed"),
    ],
)
def test_a_manager_task_ends_its_job(
    account: Account, manager: dict[str, Any], line: str, state: str, why: str | None
) -> None:
    account.job(jobManagerTask={"id": "Boss", "commandLine": line, **manager}, **PERFORM)
    account.add("t")
    account.wait(5)
    job = account.call("GET", "/jobs/job").json
    assert (job["state"], job["executionInfo"].get("terminateReason")) == (state, why)


def test_a_task_that_ends_in_a_job_that_is_disabling_leaves_it_alone(account: Account) -> None:
    account.job(**PERFORM)
    account.add("bad", line="sh -c 'sleep 1; exit 1'")
    account.add("long", line="sleep 60")
    account.wait(0.5)
    account.post("/jobs/job/disable", disableTasks="wait")
    account.wait(5)
    assert account.call("GET", "/jobs/job").json["state"] == "disabling"
    assert account.states() == {"bad": "completed", "long": "running"}
