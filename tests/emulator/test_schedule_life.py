"""When schedules make their jobs, and when they do not."""

from __future__ import annotations

from typing import Any

import pytest

from batchio.emulator import schedule_life

from .diary import Account

SPEC = {"poolInfo": {"poolId": "pool"}}
ENDING = {**SPEC, "onAllTasksComplete": "terminatejob"}
HOUR = 3600


@pytest.fixture
def account() -> Account:
    return Account(0)


def schedule(account: Account, id: str = "s", spec: dict[str, Any] = ENDING, **times: str) -> None:
    account.post("/jobschedules", id=id, schedule=times, jobSpecification=spec)


def jobs(account: Account, id: str = "s") -> list[str]:
    """The times at which its jobs were made."""
    return [job["creationTime"][5:19] for job in account.all(f"/jobschedules/{id}/jobs")]


def due(account: Account, id: str = "s") -> str | None:
    text: str | None = account.call("GET", f"/jobschedules/{id}").json["executionInfo"].get("nextRunTime")
    return text and text[5:19]


def test_a_schedule_without_times_makes_one_job(account: Account) -> None:
    schedule(account)
    assert due(account) == "07-01T12:00:00"
    account.wait(10 * HOUR)
    assert jobs(account) == ["07-01T12:00:00"]
    assert due(account) is None
    assert account.call("GET", "/jobschedules/s").json["state"] == "completed"


def test_a_schedule_that_begins_later_makes_one_job_then(account: Account) -> None:
    schedule(account, doNotRunUntil="2024-07-01T14:00:00Z")
    assert due(account) == "07-01T14:00:00"
    account.wait(2 * HOUR - 1)
    assert jobs(account) == []
    account.wait(2)
    assert jobs(account) == ["07-01T14:00:00"]


def test_a_schedule_that_began_long_ago_keeps_its_beat(account: Account) -> None:
    schedule(account, doNotRunUntil="2024-06-01T00:20:00Z", recurrenceInterval="PT1H")
    assert due(account) == "07-01T11:20:00"
    account.wait(HOUR)
    assert jobs(account) == ["07-01T12:00:00", "07-01T12:20:00"]
    assert due(account) == "07-01T13:20:00"


def test_the_last_run_of_a_schedule_is_at_its_end_and_not_behind(account: Account) -> None:
    schedule(account, recurrenceInterval="PT1H", doNotRunAfter="2024-07-01T14:00:01Z")
    schedule(account, "t", recurrenceInterval="PT1H", doNotRunAfter="2024-07-01T14:00:00Z")
    account.wait(HOUR * 10)
    assert [len(jobs(account, id)) for id in "st"] == [3, 2]


@pytest.mark.parametrize(("window", "made"), [("PT30M", ["12:00:00"]), ("PT31M", ["12:00:00", "13:30:59"])])
def test_a_run_that_is_late_has_its_window(account: Account, window: str, made: list[str]) -> None:
    schedule(account, spec=SPEC, recurrenceInterval="PT1H", startWindow=window)
    account.wait(HOUR * 1.5 + 59)
    account.post("/jobs/s:job-1/terminate")
    account.wait(5)
    assert [time[6:] for time in jobs(account)] == made
    account.wait(HOUR)
    assert len(jobs(account)) == 2


def test_of_runs_that_are_late_the_last_one_is_made_up_for(account: Account) -> None:
    schedule(account, spec=SPEC, recurrenceInterval="PT1H")
    account.wait(HOUR * 3.5)
    assert (len(jobs(account)), due(account)) == (1, "07-01T16:00:00")
    account.post("/jobs/s:job-1/terminate")
    account.wait(1)
    assert (len(jobs(account)), due(account)) == (2, "07-01T16:00:00")
    account.post("/jobs/s:job-2/terminate")
    account.wait(1)
    assert len(jobs(account)) == 2


@pytest.mark.parametrize("how", ["disabled", "held"])
def test_of_the_runs_that_a_schedule_has_missed_the_last_one_is_made_up_for(account: Account, how: str) -> None:
    schedule(account, recurrenceInterval="PT1H")
    account.wait(HOUR * 1.5)
    if how == "disabled":
        account.post("/jobschedules/s/disable")
    else:
        account.store.hold("jobschedule", "active")
    account.wait(HOUR * 3)
    assert len(jobs(account)) == 2
    if how == "disabled":
        account.post("/jobschedules/s/enable")
    else:
        account.store.release("jobschedule", "active")
    account.wait(60)
    assert (jobs(account)[2:], due(account)) == (["07-01T16:30:00"], "07-01T17:00:00")
    account.wait(HOUR)
    assert jobs(account)[3:] == ["07-01T17:00:00"]


def test_a_schedule_passes_over_the_ids_of_jobs_that_are_not_gone_yet(account: Account) -> None:
    schedule(account, spec=SPEC)
    account.wait(1)
    account.store.hold("job", "deleting")
    account.call("DELETE", "/jobschedules/s", query={"force": "true"})
    account.wait(5)
    schedule(account, spec=SPEC)
    account.wait(5)
    assert account.call("GET", "/jobschedules/s/jobs").ids == ["s:job-2"]
    info = account.call("GET", "/jobschedules/s").json["executionInfo"]
    assert info["recentJob"]["id"] == "s:job-2"
    account.store.release("job", "deleting")
    assert account.call("GET", "/jobs").ids == ["s:job-2"]


def test_the_last_of_very_many_runs(account: Account, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(schedule_life, "MOST_JOBS", 6)
    schedule(account, recurrenceInterval="PT1H")
    schedule(account, "t", recurrenceInterval="PT1H", doNotRunAfter="2024-07-01T17:30:00Z")
    account.wait(100.5 * HOUR)
    assert [time[3:8] for time in jobs(account)][1:] == ["05T14", "05T15", "05T16"]
    assert [time[3:8] for time in jobs(account, "t")] == ["01T12", "01T15", "01T16", "01T17"]


@pytest.mark.parametrize("verb", ["terminate", "delete"])
def test_the_end_of_a_schedule_and_its_jobs(account: Account, verb: str) -> None:
    account.post("/pools/pool/resize", targetDedicatedNodes=1)
    schedule(account, spec=SPEC, recurrenceInterval="PT1H")
    account.wait(5)
    account.post("/jobs/s:job-1/terminate")
    account.wait(HOUR)
    account.add("t", job="s:job-2", line="sleep 1h")
    account.wait(1)
    account.store.turn()
    if verb == "terminate":
        account.post("/jobschedules/s/terminate")
    else:
        account.call("DELETE", "/jobschedules/s")
    assert account.call("GET", "/jobschedules/s").json["executionInfo"].get("nextRunTime") is None
    assert account.states("s:job-2") == {"t": "completed"}
    seen = [change[:3] for change in account.after(60, "jobschedule", "job")]
    if verb == "terminate":
        ends = [(0, "job", "terminating"), (0.5, "job", "completed"), (0.5, "jobschedule", "completed")]
        assert [change for change in seen if change[2] != "make a job"] == [(0, "jobschedule", "terminating"), *ends]
        info = account.call("GET", "/jobschedules/s").json["executionInfo"]
        assert info["endTime"][5:19] == "07-01T13:00:06"
        job = account.call("GET", "/jobs/s:job-2").json["executionInfo"]
        assert job["terminateReason"] == "TerminateJobSchedule"
    else:
        assert (0.5, "jobschedule", "gone") in seen
        assert account.call("GET", "/jobs").ids == []
    account.wait(HOUR * 5)
    assert len(account.call("GET", "/jobs").ids) == (2 if verb == "terminate" else 0)


def test_a_schedule_whose_times_change_goes_on_by_the_new_ones(account: Account) -> None:
    schedule(account, recurrenceInterval="PT1H")
    account.wait(HOUR * 2.5)

    def change(**times: str) -> None:
        assert account.call("PATCH", "/jobschedules/s", {"schedule": times}).status == 200

    change(recurrenceInterval="PT40M")
    assert (jobs(account)[3:], due(account)) == (["07-01T14:30:00"], "07-01T15:10:00")
    change(recurrenceInterval="PT1H", doNotRunUntil="2024-07-02T00:30:00Z")
    assert due(account) == "07-02T00:30:00"
    change(doNotRunUntil="2024-07-02T00:30:00Z")
    assert due(account) is None
