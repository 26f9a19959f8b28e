"""What lives bring by themselves, and when: told by a store that writes down each change."""

from __future__ import annotations

import pytest

from batchio.emulator import ticks

from .diary import Account, of


@pytest.fixture
def account() -> Account:
    """A pool whose node is idle."""
    account = Account()
    account.wait(60)
    account.store.turn()
    return account


def test_a_node_goes_down_and_comes_up() -> None:
    account = Account(startTask={"commandLine": "sleep 3"})
    assert account.after(60) == [
        (0, "allocation", "resizing", "requeue"),
        (0.5, "node", "starting"),
        (0.5, "allocation", "steady"),
        (1, "node", "waitingforstarttask"),
        (4, "node", "idle"),
    ]
    account.post(f"{account.node}/reboot")
    up = [(1, "starting"), (1.5, "waitingforstarttask"), (4.5, "idle")]
    assert account.after(60) == of("node", (0, "rebooting"), *up)
    account.post(f"{account.node}/reimage")
    assert account.after(60) == of("node", (0, "reimaging"), *((1 + when, state) for when, state in up))
    account.post(f"{account.node}/deallocate")
    assert account.after(60) == of("node", (0, "deallocating"), (1, "deallocated"))
    account.post(f"{account.node}/start")
    assert account.after(60) == of("node", *((when - 1, state) for when, state in up))


def test_a_start_task_that_fails_is_tried_again() -> None:
    account = Account(startTask={"commandLine": "sh -c 'sleep 2; exit 1'", "maxTaskRetryCount": 2})
    assert account.after(60, "node")[-2:] == of("node", (1, "waitingforstarttask"), (7, "starttaskfailed"))
    account = Account(startTask={"commandLine": "sh -c 'sleep 2; exit 1'", "waitForSuccess": False})
    assert account.after(60, "node") == of("node", (0.5, "starting"), (1, "idle"))


def test_a_node_without_scheduling(account: Account) -> None:
    account.job()
    account.add("t", line="sleep 5")
    account.wait(1)
    account.post(f"{account.node}/disablescheduling", nodeDisableSchedulingOption="taskcompletion")
    assert account.after(60, "node") == of("node", (0, "running"), (5, "idle"), (5, "offline"))
    account.post(f"{account.node}/enablescheduling")
    assert account.after(60) == of("node", (0, "idle"))


def test_a_pool_that_is_held_starts_no_tasks(account: Account) -> None:
    account.store.hold("pool", "active")
    account.job()
    account.add("t")
    account.wait(60)
    assert account.states() == {"t": "active"}
    account.store.release("pool", "active")
    assert account.states() == {"t": "running"}


def test_a_pool_shrinks_and_goes(account: Account) -> None:
    account.post("/pools/pool/resize", targetDedicatedNodes=0)
    left = [(0, "node", "leavingpool"), (0.5, "node", "gone"), (0.5, "allocation", "steady")]
    assert account.after(60) == [(0, "allocation", "resizing", "requeue"), *left]
    account.post("/pools/pool/resize", targetDedicatedNodes=1)
    account.post("/pools/pool/stopresize")
    account.wait(60)
    assert [change for change in account.after(0) if change[1] == "allocation"][1:] == [
        (0, "allocation", "stopping"),
        (0.5, "allocation", "steady", "ResizeStopped"),
    ]
    account.call("DELETE", "/pools/pool")
    assert account.after(60) == [
        (0, "pool", "deleting"),
        left[0],
        (0, "allocation", "resizing"),
        *left[1:],
        (0.5, "pool", "gone"),
    ]


def test_a_resize_ends_at_its_limit(account: Account) -> None:
    account.store.hold("node", "creating")
    account.post("/pools/pool/resize", targetDedicatedNodes=2, resizeTimeout="PT5M")
    end = (300, "allocation", "steady", "AllocationTimedOut")
    assert account.after(1000) == [(0, "allocation", "resizing", "requeue"), end]
    account.post("/pools/pool/resize", targetDedicatedNodes=3)
    assert account.after(1000, "allocation")[1:] == [(900, *end[1:])]


def test_a_formula_runs_at_each_interval() -> None:
    account = Account(0)
    formula = {"autoScaleFormula": "$TargetDedicatedNodes = 1", "autoScaleEvaluationInterval": "PT5M"}
    account.post("/pools", id="auto", vmSize="a", enableAutoScale=True, **formula)
    runs = of("pool", *((300 * number, "evaluate the formula") for number in range(3)))
    assert account.after(700, "pool") == runs


def test_a_job_from_its_preparation_to_its_release(account: Account) -> None:
    tasks = {"jobPreparationTask": {"commandLine": "sleep 2"}, "jobReleaseTask": {"commandLine": "sleep 4"}}
    account.job(**tasks)
    account.add("t", line="sleep 5")
    assert account.after(60) == [
        (0, "pool", "start tasks"),
        (0, "node", "running"),
        (2, "preparation", "completed"),
        (2, "task", "running"),
        (7, "task", "completed"),
        (7, "node", "idle"),
    ]
    account.post("/jobs/job/disable", disableTasks="wait")
    assert account.after(60) == [(0, "job", "disabling", "wait"), (0.5, "job", "disabled")]
    account.post("/jobs/job/enable")
    assert account.after(60) == of("job", (0, "enabling"), (0.5, "active"))
    account.post("/jobs/job/terminate")
    released = [(4, "release", "completed"), (4, "job", "completed")]
    assert account.after(60) == [(0, "job", "terminating", "UserTerminate"), *released]
    account.call("DELETE", "/jobs/job")
    assert account.after(60) == of("job", (0, "deleting"), (0.5, "gone"))


def test_a_job_waits_for_its_tasks(account: Account) -> None:
    account.job()
    account.add("t", line="sleep 5")
    account.wait(1)
    account.post("/jobs/job/disable", disableTasks="wait")
    assert account.after(60, "job") == [(1, "job", "disabling", "wait"), (5, "job", "disabled")]
    account.job(id="all", onAllTasksComplete="terminatejob")
    account.add("t", line="sleep 5", job="all")
    assert account.after(60, "job") == [(5, "job", "terminating", "AllTasksComplete"), (5.5, "job", "completed")]


@pytest.mark.parametrize("state", ["active", "disabling", "disabled", "enabling"])
def test_a_job_ends_at_its_limit(account: Account, state: str) -> None:
    account.job(constraints={"maxWallClockTime": "PT1M"})
    account.add("t", line="sleep 120")
    account.wait(1)
    if state != "active":
        account.post("/jobs/job/disable", disableTasks="wait" if state == "disabling" else "requeue")
        account.wait(1)
    if state == "enabling":
        account.wait(57.9)
        account.post("/jobs/job/enable")
    assert account.call("GET", "/jobs/job").json["state"] == state
    account.store.turn()
    end = round(60 - (account.store.first - account.store.jobs.all()[0].born) / ticks.SECOND, 2)
    over = (round(end + 0.5, 2), "job", "completed")
    assert account.after(100, "job") == [(end, "job", "terminating", "MaxWallClockTimeExpiry"), over]


def test_a_certificate_stays_where_it_is_used() -> None:
    account, print_ = Account(0), "a" * 40
    named = {"thumbprint": print_, "thumbprintAlgorithm": "sha1"}
    account.post("/certificates", **named, data="AAAA")
    spaced = {"thumbprint": "AA" + " aa" * 19, "thumbprintAlgorithm": "SHA1"}
    account.post("/pools", id="other", vmSize="a", certificateReferences=[spaced])
    path = f"/certificates(thumbprintAlgorithm=sha1,thumbprint={print_})"
    account.store.turn()
    account.call("DELETE", path)
    assert account.after(60) == of("certificate", (0, "deleting"), (0.5, "deletefailed"))
    account.call("DELETE", "/pools/other")
    assert account.after(60) == of("pool", (0, "deleting"), (0.5, "gone"))
    account.call("DELETE", path)
    assert account.after(60) == of("certificate", (0, "deleting"), (0.5, "gone"))


def test_a_schedule_ends_with_its_job() -> None:
    account = Account(0)
    hourly, jobs = {"recurrenceInterval": "PT1H"}, {"jobSpecification": {"poolInfo": {"poolId": "pool"}}}
    account.post("/jobschedules", id="s", schedule=hourly, **jobs)
    assert account.after(7300) == of("jobschedule", *((hour * 3600, "make a job") for hour in range(3)))
    account.post("/jobschedules/s/terminate")
    last = (0.5, "jobschedule", "make a job")
    assert account.after(7300) == [
        (0, "jobschedule", "terminating"),
        (0, "job", "terminating", "TerminateJobSchedule"),
        (0.5, "job", "completed"),
        last,
        (0.5, "jobschedule", "completed"),
    ]
    account.call("DELETE", "/jobschedules/s")
    assert account.after(7300) == [
        (0, "jobschedule", "deleting"),
        (0, "job", "deleting"),
        (0.5, "job", "gone"),
        last,
        (0.5, "jobschedule", "gone"),
    ]
    account.post("/jobschedules", id="s", schedule={}, **jobs)
    account.wait(60)
    account.store.turn()
    account.post("/jobs/s:job-1/terminate")
    assert account.after(60, "jobschedule") == of("jobschedule", (0.5, "make a job"), (0.5, "completed"))
