"""`batchio submit` as a process against a real service: every shape of input, every exit code."""

from __future__ import annotations

import gzip
import json
import os
import stat
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from .conftest import Ran, Service, as_lines, ended, environment, run, start, task, wait_for

Write = Callable[[str, bytes], str]
TASKS = [task("frame-1"), task("frame-2", displayName="Bild 𝄞 {[,"), task("frame-3")]
IDS = ["frame-1", "frame-2", "frame-3"]


def counts(ran: Ran) -> dict[str, int]:
    names = ("added", "existed", "rejected", "gave_up", "unknown", "not_sent")
    report = ran.json
    assert sum(report[name] for name in names) == report["taken"]
    return {name: report[name] for name in names if report[name]}


SHAPES = {
    "lines.jsonl": as_lines(TASKS),
    "blank.jsonl": b"\n" + as_lines(TASKS).replace(b"\n", b"\n \n\n"),
    "crlf.jsonl": as_lines(TASKS).replace(b"\n", b"\r\n"),
    "bom.jsonl": b"\xef\xbb\xbf" + as_lines(TASKS),
    "no-end.jsonl": as_lines(TASKS).removesuffix(b"\n"),
    "array.json": json.dumps(TASKS).encode(),
    "pretty.json": json.dumps(TASKS, indent=2, ensure_ascii=False).encode(),
    "collection.json": json.dumps({"value": TASKS}).encode(),
    "pretty-collection.json": json.dumps({"odata.metadata": "x", "value": TASKS}, indent=4).encode(),
    "lines.jsonl.gz": gzip.compress(as_lines(TASKS)),
    "array.json.gz": gzip.compress(json.dumps(TASKS).encode()),
}


@pytest.mark.parametrize("name", SHAPES)
def test_every_shape_of_a_file(service: Service, job: str, write: Write, name: str) -> None:
    ran = service.submit(job, write(name, SHAPES[name]), "--json")
    assert ran.code == 0, ran.err
    assert counts(ran) == {"added": 3}
    assert service.ids(job) == IDS


@pytest.mark.parametrize("name", ["lines.jsonl", "crlf.jsonl", "bom.jsonl", "pretty.json", "collection.json"])
def test_every_shape_of_standard_input(service: Service, job: str, name: str) -> None:
    ran = service.submit(job, "-", stdin=SHAPES[name])
    assert ran.code == 0, ran.err
    assert "added     3  in the job, put there by this run" in ran.out
    assert service.ids(job) == IDS


def test_no_tasks_are_no_failure(service: Service, job: str, write: Write) -> None:
    for name, content in (("a.jsonl", b""), ("b.jsonl", b"\n \n"), ("c.json", b"[]"), ("d.json", b'{"value":[]}')):
        ran = service.submit(job, write(name, content))
        assert ran.code == 0, ran.err
        assert "holds no tasks" in ran.err


BAD = as_lines(TASKS[:2]) + '{"id":"é","x":?}\n'.encode() + b'{"id":7}\n' + as_lines(TASKS[2:])


def test_a_bad_line_stops_before_anything_is_sent(service: Service, job: str, write: Write) -> None:
    path = write("bad.jsonl", BAD)
    ran = service.submit(job, path)
    assert ran.code == 2
    assert ran.out == ""
    assert f"{path}:3:15: not JSON: Expecting value" in ran.err
    assert f"{path}:4:1: the task's id is not a string" in ran.err
    assert "nothing was sent" in ran.err
    assert service.run("submit", job, write("good.jsonl", as_lines(TASKS))).code == 2, "the job must not exist"


def test_a_bad_line_can_be_skipped(service: Service, job: str, write: Write) -> None:
    path = write("bad.jsonl", BAD)
    ran = service.submit(job, path, "--on-bad-line", "skip", "--json")
    assert ran.code == 1
    assert counts(ran) == {"added": 3}
    assert ran.err.count(f"{path}:") == 2
    assert service.ids(job) == IDS


def test_a_bad_line_stops_standard_input_there(service: Service, job: str) -> None:
    ran = service.submit(job, "-", "--json", stdin=BAD)
    assert ran.code == 2
    assert counts(ran) == {"added": 2}
    assert "standard input:3:15: not JSON" in ran.err
    assert service.ids(job) == IDS[:2]


def test_bad_lines_of_standard_input_can_be_skipped(service: Service, job: str) -> None:
    ran = service.submit(job, "-", "--json", "--on-bad-line", "skip", stdin=BAD)
    assert ran.code == 1
    assert counts(ran) == {"added": 3}
    assert ran.err.count("standard input:") == 2


def test_a_broken_array_cannot_be_skipped(service: Service, job: str) -> None:
    ran = service.submit(
        job, "-", "--json", "--on-bad-line", "skip", stdin=b'[{"id":"a","commandLine":"x"},{"id":"b",?}]'
    )
    assert ran.code == 2
    assert counts(ran) == {"added": 1}
    assert "standard input:1:41" in ran.err


def test_existing_ids_fail_unless_they_are_ok(service: Service, job: str, write: Write) -> None:
    service.submit(job, write("first.jsonl", as_lines(TASKS[:1])))
    path = write("tasks.jsonl", as_lines(TASKS))
    ran = service.submit(job, path, "--json")
    assert ran.code == 1
    assert counts(ran) == {"added": 2, "existed": 1}
    assert "existed   1  the id was in the job before" in ran.err
    ran = service.submit(job, path, "--on-exists", "ok")
    assert ran.code == 0
    assert "existed   3" in ran.out


def test_failures_can_be_submitted_again(service: Service, job: str, write: Write, tmp_path: Path) -> None:
    secret = "https://x.blob.core.windows.net/c/f?sv=1&sig=SECRETSECRET"
    bad = task("frame-4", resourceFiles=[{"httpUrl": secret, "filePath": "f", "fileMode": "0999"}], constraints=7)
    failures = tmp_path / "failures.jsonl"
    failures.write_text("what was here before\n")
    failures.chmod(0o644)
    ran = service.submit(
        job, write("t.json", json.dumps([*TASKS, bad], indent=1).encode()), "--failures", str(failures)
    )
    assert ran.code == 1
    assert "rejected  1  refused for good" in ran.out
    assert "SECRET" not in ran.out + ran.err
    assert stat.S_IMODE(failures.stat().st_mode) == 0o600
    lines = failures.read_text().splitlines()
    assert [json.loads(line) for line in lines] == [bad]
    again = service.submit(job, str(failures), "--failures", str(tmp_path / "more.jsonl"), "--json")
    assert counts(again) == {"rejected": 1}
    assert "SECRET" not in again.out + again.err
    failures.write_bytes(as_lines([task("frame-4")]))
    assert service.submit(job, str(failures)).code == 0
    assert service.ids(job) == [*IDS, "frame-4"]


def test_failures_hold_existing_ids_unless_they_are_ok(
    service: Service, job: str, write: Write, tmp_path: Path
) -> None:
    path, failures = write("tasks.jsonl", as_lines(TASKS)), tmp_path / "failures.jsonl"
    service.submit(job, path)
    service.submit(job, path, "--failures", str(failures))
    assert sorted(json.loads(line)["id"] for line in failures.read_text().splitlines()) == IDS
    service.submit(job, path, "--failures", str(failures), "--on-exists", "ok")
    assert failures.read_text() == ""


def test_the_job_is_missing(service: Service, job: str, write: Write) -> None:
    ran = service.run("submit", job, write("tasks.jsonl", as_lines(TASKS)))
    assert ran.code == 2
    assert ran.err == f"batchio: job '{job}' does not exist; --create-job --pool POOL creates it\n"


def test_the_key_is_wrong(service: Service, job: str, write: Write) -> None:
    ran = service.submit(job, write("tasks.jsonl", as_lines(TASKS)), AZURE_BATCH_ACCESS_KEY="d3Jvbmc=")
    assert ran.code == 4
    assert "AuthenticationFailed" in ran.err
    assert "d3Jvbmc=" not in ran.err


def test_the_key_is_refused_in_the_middle(service: Service, job: str, write: Write) -> None:
    service.put_faults({"operation": "Tasks_CreateTaskCollection", "status": 403, "code": "AuthenticationFailed"})
    ran = service.submit(job, write("tasks.jsonl", as_lines(TASKS)), "--json")
    assert ran.code == 4
    assert counts(ran) == {"not_sent": 3}


def test_a_run_that_cannot_go_on(service: Service, job: str, write: Write, tmp_path: Path) -> None:
    service.put_faults({"operation": "Tasks_CreateTaskCollection", "status": 503, "code": "ServerBusy"})
    failures = tmp_path / "failures.jsonl"
    path = write("tasks.jsonl", as_lines(TASKS))
    ran = service.submit(job, path, "--json", "--patience", "0.5", "--failures", str(failures))
    assert ran.code == 3
    assert counts(ran) == {"not_sent": 3}
    assert failures.read_bytes().count(b"\n") == 3
    assert f"not added twice):\n  batchio submit {job} {path} --on-exists ok\n" in ran.err


def test_secrets_in_a_service_answer_are_not_shown(service: Service, job: str, write: Write) -> None:
    url = "https://x.blob.core.windows.net/c/f?sv=1&sig=SECRETSECRET&se=2"
    ran = service.submit(job, write("t.jsonl", as_lines([task("a", constraints={"retentionTime": url})])), "--json")
    assert ran.code == 1
    assert "SECRET" not in ran.out + ran.err


def test_emulator_option_needs_no_account(write: Write) -> None:
    ran = run("submit", "render", write("t.jsonl", as_lines(TASKS)), "--emulator", environment=environment())
    assert ran.code == 0, ran.err
    assert "added     3" in ran.out


def test_a_closed_stdout_and_stderr_disturb_nothing(service: Service, job: str, write: Write) -> None:
    path = write("t.jsonl", as_lines(TASKS))
    command = f"{sys.executable} -m batchio submit {job} {path} --create-job --pool farm --json"
    for redirected, code in (("| head -c 0; exit ${PIPESTATUS[0]}", 0), (">&-", 1), ("2>&-", 1)):
        done = subprocess.run(  # noqa: S602 - the shell's redirections are what is tested
            f"{command} {redirected}",
            shell=True,
            executable="/bin/bash",
            env=service.environment,
            capture_output=True,
            timeout=60,
            check=False,
        )
        assert done.returncode == code, done.stderr
        assert b"rror" not in done.stderr.replace(b"errors    TaskExists", b"")


def test_a_full_disk_below_stdout_is_told(service: Service, job: str, write: Write) -> None:
    if not Path("/dev/full").exists():
        pytest.skip("there is no /dev/full")
    path = write("t.jsonl", as_lines(TASKS))
    done = subprocess.run(  # noqa: S602 - the shell's redirection is what is tested
        f"{sys.executable} -m batchio submit {job} {path} --create-job --pool p >/dev/full",
        shell=True,
        env=service.environment,
        capture_output=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 2
    assert done.stderr.endswith(b"batchio: standard output: no space left on device\n")


def test_a_file_that_changes_while_it_is_read_is_told(service: Service, job: str, write: Write) -> None:
    path = write("t.jsonl", as_lines(TASKS))
    service.put_faults({"operation": "Jobs_GetJob", "latency": 0.5})
    process = start(
        *("submit", job, path, "--create-job", "--pool", "farm", "--progress", "0.05"), environment=service.environment
    )
    wait_for(process, b"asking ")
    write("t.jsonl", as_lines(TASKS[:2]))
    ran = ended(process)
    assert ran.code == 1
    assert f"{path} has changed while it was read" in ran.err


def test_a_service_that_is_not_there(job: str, write: Write) -> None:
    nowhere = environment(
        AZURE_BATCH_ENDPOINT="http://127.0.0.1:1", AZURE_BATCH_ACCOUNT="a", AZURE_BATCH_ACCESS_KEY="c2VjcmV0"
    )
    process = start("submit", job, write("t.jsonl", as_lines(TASKS)), "--progress", "0.1", environment=nowhere)
    assert b"asking http://127.0.0.1:1 for job" in wait_for(process, b"asking ")
    process.terminate()
    assert ended(process).code == 143


@pytest.mark.slow
def test_memory_does_not_grow_with_the_file(service: Service, job: str, tmp_path: Path) -> None:
    peaks: list[int] = []
    for count in (100_000, 1_000_000):
        path = tmp_path / f"{count}.json"
        with path.open("wb") as file:
            file.write(b"[")
            file.writelines(b'{"id":"%d-%d","commandLine":"x"},' % (count, at) for at in range(count))
            file.write(b'{"id":"last-%d","commandLine":"x"}]' % count)
        process = start("submit", job, str(path), "--create-job", "--pool", "p", "-q", environment=service.environment)
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
        assert ended(process).code == 0
        peaks.append(usage.ru_maxrss)
    assert peaks[1] < peaks[0] * 1.25


def test_progress_without_a_terminal_is_plain_lines(service: Service, job: str) -> None:
    process = start(
        *("submit", job, "-", "--create-job", "--pool", "farm", "--progress", "0.05"),
        environment=service.environment,
        stdin=subprocess.PIPE,
    )
    assert process.stdin is not None
    process.stdin.write(as_lines(TASKS))
    process.stdin.flush()
    line = wait_for(process, b"3 tasks  ")
    assert b"in flight" in line
    assert b"\x1b" not in line
    ran = ended(process)
    assert ran.code == 0


def test_quiet_leaves_stderr_empty(service: Service, job: str, write: Write) -> None:
    ran = service.submit(job, write("t.jsonl", as_lines(TASKS)), "--quiet", "--progress", "0.01")
    assert (ran.code, ran.err) == (0, "")


def test_a_terminal_gets_a_live_line_and_no_color_is_honoured(service: Service, job: str, write: Write) -> None:
    pty: Any = pytest.importorskip("pty")
    path = write("t.jsonl", as_lines(TASKS))
    service.put_faults({"operation": "Tasks_CreateTaskCollection", "latency": 0.6})
    controller, terminal = pty.openpty()
    with subprocess.Popen(  # noqa: S603 - our own command
        [sys.executable, "-m", "batchio", "submit", job, path, "--create-job", "--pool", "farm"],
        env={**service.environment, "TERM": "xterm", "NO_COLOR": "1"},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=terminal,
    ) as process:
        out, _ = process.communicate(timeout=60)
    os.close(terminal)
    shown = os.read(controller, 100_000).decode()
    os.close(controller)
    assert process.returncode == 0
    assert b"added     3" in out
    assert "of 3 tasks" in shown
    assert "\x1b[3" not in shown, "a color"
