"""The job of `batchio submit`: created from a file, waited for where the account is full, ended when it is done."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import time
from collections.abc import Callable
from typing import Any

import pytest

from batchio import BatchClient, SharedKeyCredential
from batchio.cli import app, preparing
from batchio.models import CloudJob
from batchio.session.waiting import Pace

from .conftest import Service, as_lines, ended, run, start, task, wait_for

Write = Callable[[str, bytes], str]
FULL = {"operation": "Jobs_CreateJob", "status": 409, "code": "ActiveJobAndScheduleQuotaReached"}


@pytest.fixture
def tasks(write: Write) -> str:
    return write("tasks.jsonl", as_lines([task("a"), task("b")]))


def read(service: Service, job: str) -> CloudJob:
    async def get() -> CloudJob:
        async with BatchClient(service.endpoint, SharedKeyCredential(service.account, service.key)) as client:
            return await client.jobs.get(job)

    return asyncio.run(get())


def job_file(write: Write, **more: Any) -> str:
    return write("job.json", json.dumps({"poolInfo": {"poolId": "farm"}, "priority": 7, **more}).encode())


def test_a_job_from_a_file(service: Service, job: str, tasks: str, write: Write) -> None:
    ran = service.run("submit", job, tasks, "--job-json", job_file(write), "--terminate-when-done")
    assert ran.code == 0, ran.err
    assert f"job {job} was created in pool farm" in ran.err
    assert "the job ends by itself once its tasks are complete" in ran.out
    found = read(service, job)
    assert (found.priority, found.on_all_tasks_complete) == (7, "terminatejob")
    # It is there: the file is not needed any more, and says nothing about it.
    ran = service.run("submit", job, tasks, "--job-json", job_file(write, priority=8), "--on-exists", "ok")
    assert ran.code == 0, ran.err
    assert read(service, job).priority == 7


@pytest.mark.parametrize(
    ("more", "words"),
    [
        ({"onAllTasksComplete": "terminatejob"}, "--terminate-when-done sets it afterwards"),
        ({"poolInfo": None}, "poolInfo: is required"),
        ({"id": "other"}, "this is job 'other', not"),
        ({"prioritty": 1}, "prioritty"),
    ],
)
def test_a_bad_job_is_told_before_anything_is_sent(
    service: Service, job: str, tasks: str, write: Write, more: dict[str, Any], words: str
) -> None:
    with service.asked(job) as operations:
        ran = service.run("submit", job, tasks, "--job-json", job_file(write, **more))
    assert (ran.code, ran.out) == (2, "")
    assert ran.err.startswith("batchio: --job-json ")
    assert words in ran.err
    assert operations == []


def test_a_job_from_a_file_in_the_local_service(tasks: str, write: Write) -> None:
    environment = {name: value for name, value in os.environ.items() if not name.startswith("AZ")}
    ran = run("submit", "render", tasks, "--emulator", "--job-json", job_file(write), environment=environment)
    assert ran.code == 0, ran.err


# The quota of active jobs


def test_room_for_a_job_is_waited_for(
    service: Service,
    job: str,
    tasks: str,
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
) -> None:
    for name, value in service.environment.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr(preparing, "PACE", Pace(interval=0.01, max_interval=0.02))
    service.put_faults({**FULL, "count": 3})
    assert app.run(["submit", job, tasks, "--create-job", "--pool", "farm", "--wait-for-quota"]) == 0
    out, err = capfd.readouterr()
    assert err.count("the account has no room for another active job; waiting for it, 86400 seconds at most") == 1
    assert "added     2" in out
    assert service.ids(job) == ["a", "b"]


def test_it_is_not_waited_for_unless_asked(service: Service, job: str, tasks: str) -> None:
    service.put_faults(FULL)
    ran = service.submit(job, tasks)
    assert (ran.code, ran.out) == (3, "")
    assert "ActiveJobAndScheduleQuotaReached" in ran.err
    assert "--wait-for-quota waits for a place" in ran.err


def test_it_is_waited_for_no_longer_than_said(service: Service, job: str, tasks: str) -> None:
    service.put_faults(FULL)
    begun = time.monotonic()
    ran = service.submit(job, tasks, "--wait-for-quota", "--quota-timeout", "0.2")
    assert time.monotonic() - begun < 20
    assert (ran.code, ran.out) == (3, "")
    assert f"job '{job}' was not created: the account had no room for another active job for 0.2 s" in ran.err


def test_another_refusal_is_not_waited_for(service: Service, job: str, tasks: str) -> None:
    service.put_faults({**FULL, "code": "OperationInvalidForCurrentState"})
    ran = service.submit(job, tasks, "--wait-for-quota")
    assert ran.code == 3
    assert "OperationInvalidForCurrentState" in ran.err


def test_ctrl_c_ends_the_wait(service: Service, job: str, tasks: str) -> None:
    service.put_faults(FULL)
    process = start(
        *("submit", job, tasks, "--create-job", "--pool", "farm", "--wait-for-quota"), environment=service.environment
    )
    wait_for(process, b"waiting for it")
    process.send_signal(signal.SIGINT)
    ran = ended(process)
    assert (ran.code, ran.out, ran.err) == (130, "", "batchio: interrupted\n")


# The end of a job


@pytest.mark.parametrize(
    ("content", "more", "code"),
    [
        (as_lines([task("a"), task("b c")]), (), 1),
        (as_lines([task("a")]) + b"no task\n", ("--on-bad-line", "skip"), 1),
        (as_lines([task("a")]) + b"no task\n", (), 2),
    ],
)
@pytest.mark.parametrize("file", ["FILE", "-"])
def test_a_job_that_lacks_a_task_stays_open(
    service: Service, job: str, write: Write, content: bytes, more: tuple[str, ...], code: int, file: str
) -> None:
    stdin = content if file == "-" else None
    path = "-" if file == "-" else write("t.jsonl", content)
    service.submit(job, "-", stdin=b"")
    ran = service.submit(job, path, "--terminate-when-done", *more, stdin=stdin)
    assert ran.code == code, ran.err
    assert read(service, job).on_all_tasks_complete == "noaction"
    if ran.out:
        assert "the job DOES NOT END by itself" in ran.out


def test_the_last_run_of_a_journal_ends_the_job(service: Service, job: str, write: Write) -> None:
    path = write("t.jsonl", as_lines([task(f"frame-{at}") for at in range(3_000)]))
    arguments = ("--journal", path + ".journal", "--terminate-when-done", "--json")
    service.put_faults({"operation": "Tasks_CreateTaskCollection", "first": 5, "status": 503, "code": "ServerBusy"})
    ran = service.submit(job, path, *arguments, "--patience", "0.3", "--max-requests", "1")
    assert (ran.code, ran.json["job_terminates"]) == (3, False)
    assert "--terminate-when-done" in ran.err.partition("to go on")[2].splitlines()[1]
    assert read(service, job).on_all_tasks_complete == "noaction"
    service.put_faults()
    ran = service.submit(job, path, *arguments, "--resume")
    assert (ran.code, ran.json["added"], ran.json["job_terminates"]) == (0, 3_000, True)
    assert read(service, job).on_all_tasks_complete == "terminatejob"
    ran = service.submit(job, path, *arguments, "--resume")
    assert (ran.code, ran.json["job_terminates"]) == (0, True)


def test_a_job_that_may_end_already_is_refused(service: Service, job: str, tasks: str) -> None:
    service.submit(job, tasks, "--terminate-when-done")
    ran = service.submit(job, tasks, "--terminate-when-done", "--json")
    assert ran.code == 2
    assert "is set to terminatejob already, which cannot be taken back" in ran.err
