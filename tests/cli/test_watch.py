"""`batchio watch` against a real service whose clock the tests move."""

from __future__ import annotations

import contextlib
import json
import os
import select
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from .conftest import SECONDS, Service, ended, start, wait_for
from .farm import Farm, command

Watch = Callable[..., int]


@pytest.fixture(scope="module")
def _farm() -> Iterator[Farm]:
    service = Service("--nodes", "simulate")
    yield Farm(service)
    service.stop()


@pytest.fixture
def farm(_farm: Farm) -> Iterator[Farm]:
    yield _farm
    _farm.service.put_faults()


@pytest.fixture
def watch(farm: Farm, monkeypatch: pytest.MonkeyPatch) -> Watch:
    """The command, in this process, without long pauses."""
    return lambda *arguments: farm.run(monkeypatch, "watch", *arguments, "--interval", "0.02")


def begin(farm: Farm, job: str, *arguments: str) -> subprocess.Popen[bytes]:
    """The command as a process that has looked once."""
    process = start("watch", job, "--interval", "0.05", *arguments, environment=farm.service.environment)
    wait_for(process, b"active  0 of ")
    return process


def test_a_job_that_ends_while_it_is_watched(farm: Farm, job: str) -> None:
    farm.job(job, command("sleep 120", "a"), command("/bin/sh -c 'sleep 90; exit 3'", "b"), command("sleep 60", "c"))
    process = begin(farm, job)
    farm.advance(95)
    wait_for(process, b"  failed: b  exit code 3  usererror  FailureExitCode  2")
    farm.finish(job)
    ran = ended(process)
    assert ran.code == 0
    lines = ran.out.splitlines()
    assert lines[0] == f"job        {job}, completed (AllTasksComplete), pool farm"
    assert [line.split() for line in lines[1:6]] == [
        ["active", "0"],
        ["running", "0"],
        ["completed", "3", "of", "3", "(100", "%)"],
        ["succeeded", "2"],
        ["failed", "1"],
    ]
    assert "nodes      2 nodes (" in ran.out
    assert lines[-2] == "the newest failures:"
    assert lines[-1].startswith("  b  exit code 3  usererror  FailureExitCode  ")


@pytest.mark.parametrize(("line", "code"), [("exit 0", 0), ("exit 1", 1)])
def test_the_exit_status_tells_of_failures(farm: Farm, watch: Watch, job: str, line: str, code: int) -> None:
    farm.job(job, command("sleep 1", "a"), command(line, "b"))
    farm.finish(job)
    assert watch(job, "--exit-status") == code
    assert watch(job) == 0


def test_json_is_an_object_a_line(farm: Farm, job: str) -> None:
    farm.job(job, command("/bin/sh -c 'sleep 9; exit 7'", "a"))
    process = start("watch", job, "--json", "--interval", "0.05", environment=farm.service.environment)
    assert process.stdout is not None
    first: dict[str, Any] = json.loads(process.stdout.readline())
    assert (first["job"], first["state"], first["pool"], first["ended"]) == (job, "active", "farm", None)
    assert first["tasks"]["total"] == 1
    farm.finish(job)
    ran = ended(process)
    assert (ran.code, ran.err) == (0, "")
    last: dict[str, Any] = json.loads(ran.out.splitlines()[-1])
    assert (last["state"], last["reason"], last["ended"]) == ("completed", "AllTasksComplete", "completed")
    assert last["tasks"] == {"active": 0, "running": 0, "completed": 1, "succeeded": 0, "failed": 1, "total": 1}
    (failure,) = last["failures"]
    assert (failure["id"], failure["exit_code"], failure["category"]) == ("a", 7, "usererror")
    assert sum(last["nodes"].values()) == 2


def test_the_newest_failures_are_found_among_many(farm: Farm, watch: Watch, job: str, capfd: Any) -> None:
    # They are not on the first page that the service gives.
    farm.job(job, *(command("exit 1", f"b{at:03}") for at in range(150)), ends=False)
    farm.finish(job)
    farm.advance(90)
    farm.do(lambda client: client.tasks.submit(job, [command("exit 2", "a"), command("exit 2", "z")]))
    farm.finish(job)
    assert watch(job, "--until", "tasks", "--json") == 0
    last = json.loads(capfd.readouterr().out.splitlines()[-1])
    assert {failure["id"] for failure in last["failures"]} >= {"a", "z"}
    assert len(last["failures"]) == 5
    assert last["ended"] == "tasks completed"


def test_a_look_is_a_few_small_requests(farm: Farm, watch: Watch, job: str) -> None:
    farm.job(job, *(command("exit 0", f"t{at}") for at in range(300)))
    farm.finish(job)
    with farm.service.asked(job) as operations:
        assert watch(job, "--exit-status") == 0
    assert operations == ["Jobs_GetJob", "Jobs_GetJobTaskCounts", "Pools_ListPoolNodeCounts", "Tasks_ListTasks"]


def test_the_timeout_has_its_own_code(farm: Farm, watch: Watch, job: str, capfd: Any) -> None:
    farm.job(job, command("sleep 1000"))
    assert watch(job, "--timeout", "0.3", "--exit-status") == 124
    out, err = capfd.readouterr()
    assert f"batchio: --timeout: job {job} has not ended within 0.3 s" in err
    assert out.startswith(f"job        {job}, active, pool farm\n")
    assert watch(job, "--timeout", "0.3", "--json") == 124
    assert json.loads(capfd.readouterr().out.splitlines()[-1])["ended"] == "timeout"


def test_ctrl_c_leaves_the_last_state(farm: Farm, job: str) -> None:
    farm.job(job, command("sleep 1000"))
    process = begin(farm, job)
    process.send_signal(signal.SIGINT)
    ran = ended(process)
    assert ran.code == 130
    assert ran.out.startswith(f"job        {job}, active, pool farm\n")
    assert "batchio" not in ran.err, "it ends quietly"


def test_who_has_seen_enough_closes_the_pipe(farm: Farm, job: str) -> None:
    farm.job(job, command("sleep 1000"))
    process = start("watch", job, "--json", "--interval", "0.05", environment=farm.service.environment)
    assert process.stdout is not None
    assert process.stderr is not None
    process.stdout.readline()
    process.stdout.close()
    with process.stderr:
        assert process.wait(SECONDS) == 0
        assert process.stderr.read() == b""


def test_a_terminal_is_drawn_anew_and_left_clean(farm: Farm, job: str) -> None:
    farm.job(job, command("sleep 20", "a"), command("exit 4", "b"))
    ours, theirs = pytest.importorskip("pty").openpty()
    environment = {**farm.service.environment, "TERM": "xterm", "LINES": "40"}
    with subprocess.Popen(  # noqa: S603 - our own command
        [sys.executable, "-m", "batchio", "watch", job, "--interval", "0.05"],
        env=environment,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=theirs,
    ) as process:
        os.close(theirs)
        shown = read_until(ours, b"active         ")
        farm.finish(job)
        shown += read_until(ours, None)
        os.close(ours)
        out, _ = process.communicate(timeout=SECONDS)
    assert process.returncode == 0
    assert b"\x1b[2K" in shown, "lines are drawn over"
    assert b"\x1b[?25h" in shown, "the cursor is there again"
    assert b" ago" in shown
    assert b"Traceback" not in shown
    assert out.decode().startswith(f"job        {job}, completed")


def read_until(terminal: int, word: bytes | None) -> bytes:
    """What a terminal shows, until a word comes, or its end."""
    seen = b""
    end = time.monotonic() + SECONDS
    with contextlib.suppress(OSError):
        while word is None or word not in seen:
            ready, _, _ = select.select([terminal], [], [], max(0.0, end - time.monotonic()))
            assert ready, seen
            piece = os.read(terminal, 65_536)
            if not piece:
                break
            seen += piece
    assert word is None or word in seen, seen
    return seen


def test_a_look_that_fails_is_told_and_made_again(farm: Farm, watch: Watch, job: str, capfd: Any) -> None:
    farm.job(job, command("exit 0"))
    farm.finish(job)
    farm.service.put_faults(
        {"operation": "Jobs_GetJob", "status": 500, "code": "InternalServerError", "count": 1},
        {"operation": "Jobs_GetJobTaskCounts", "drop": "after", "count": 1},
        {"operation": "Pools_ListPoolNodeCounts", "status": 200, "code": "html", "count": 1},
    )
    assert watch(job, "--exit-status") == 0
    err = capfd.readouterr().err
    assert err.count("; asking again\n") == 3
    assert "batchio: Jobs_GetJob: 500 InternalServerError" in err
    assert "batchio: answered again, after 3 failures\n" in err


def test_a_service_that_says_when_to_ask_again(farm: Farm, watch: Watch, job: str, capfd: Any) -> None:
    farm.job(job, command("exit 0"))
    farm.finish(job)
    rule = {"operation": "Jobs_GetJob", "status": 503, "code": "ServerBusy", "count": 1, "retry_after": 0.2}
    farm.service.put_faults(rule)
    assert watch(job) == 0
    assert "503 ServerBusy" in (err := capfd.readouterr().err)
    assert "; asking again, no sooner than in 1 s\n" in err


def test_a_credential_that_may_not_see_the_pool(farm: Farm, watch: Watch, job: str, capfd: Any) -> None:
    farm.job(job, command("exit 0"))
    farm.finish(job)
    rule = {"operation": "Pools_ListPoolNodeCounts", "status": 403, "code": "InsufficientAccountPermissions"}
    farm.service.put_faults(rule)
    assert watch(job, "--exit-status", "--json") == 0
    out, err = capfd.readouterr()
    assert json.loads(out.splitlines()[-1])["nodes"] is None
    assert err == ""


def test_an_outage_in_the_middle_is_survived(farm: Farm, job: str) -> None:
    farm.job(job, command("sleep 60"))
    process = begin(farm, job)
    # More failures than there may be before the first answer.
    farm.service.put_faults({"operation": "Jobs_GetJob", "status": 500, "code": "InternalServerError", "count": 8})
    wait_for(process, b"500 InternalServerError")
    wait_for(process, b"answered again, after 8 failures")
    farm.finish(job)
    assert ended(process).code == 0


def test_a_service_that_never_answers(farm: Farm, watch: Watch, job: str, capfd: Any) -> None:
    farm.service.put_faults({"drop": "before"})
    assert watch(job) == 3
    out, err = capfd.readouterr()
    assert out == ""
    assert "batchio: the connection was lost" in err.splitlines()[-1]


def test_a_key_that_is_refused_on_the_way(farm: Farm, job: str) -> None:
    farm.job(job, command("sleep 1000"))
    process = begin(farm, job)
    farm.service.put_faults({"operation": "Jobs_GetJob", "status": 403, "code": "AuthenticationFailed"})
    ran = ended(process)
    assert ran.code == 4
    assert ran.out.startswith(f"job        {job}, active"), "the last state is there"
    assert "AuthenticationFailed" in ran.err


def test_a_job_that_is_deleted(farm: Farm, job: str) -> None:
    farm.job(job, command("sleep 1000"))
    process = begin(farm, job, "--exit-status")
    farm.do(lambda client: client.jobs.delete(job))
    farm.advance(5)
    ran = ended(process)
    assert ran.code == 1
    assert ran.out.startswith(f"job        {job}, deleted")


def test_a_job_that_does_not_end_by_itself(farm: Farm, job: str) -> None:
    farm.job(job, command("exit 0"), ends=False)
    farm.finish(job)
    process = start("watch", job, "--interval", "0.05", environment=farm.service.environment)
    wait_for(process, b"the job is not set to end by itself: --until tasks ends here, Ctrl-C now")
    farm.do(lambda client: client.jobs.terminate(job))
    farm.advance(5)
    ran = ended(process)
    assert ran.code == 0
    assert "not set to end by itself" not in ran.err, "said once"


@pytest.mark.parametrize(
    ("arguments", "word"),
    [
        (("none-such",), "Jobs_GetJob: 404 JobNotFound"),
        (("bad/id",), "id"),
        (("render", "--interval", "0"), "--interval: seconds above 0, not 0"),
        (("render", "--timeout", "-1"), "--timeout: seconds above 0, not -1"),
        (("render", "--until", "noon"), "--until"),
    ],
)
def test_wrong_use(
    farm: Farm, monkeypatch: pytest.MonkeyPatch, capfd: Any, arguments: tuple[str, ...], word: str
) -> None:
    assert farm.run(monkeypatch, "watch", *arguments) == 2
    out, err = capfd.readouterr()
    assert out == ""
    assert word in err
