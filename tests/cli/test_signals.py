"""Ctrl-C, once and twice, with real signals."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from .conftest import Ran, Service, as_lines, ended, start, task, wait_for, wait_for_first_tasks

Write = Callable[[str, bytes], str]
MANY = 20_000


def begin(service: Service, job: str, file: str, *arguments: str) -> subprocess.Popen[bytes]:
    """A submission whose first tasks are done."""
    process = start(
        *("submit", job, file, "--create-job", "--pool", "farm", "--json", "--progress", "0.02", *arguments),
        environment=service.environment,
        stdin=subprocess.PIPE,
    )
    if file == "-":
        assert process.stdin is not None
        process.stdin.write(as_lines([task("frame-1")]))
        process.stdin.flush()
    return process


def check(ran: Ran, service: Service, job: str, failures: Path) -> dict[str, int]:
    report = ran.json
    states = {name: report[name] for name in ("added", "existed", "rejected", "gave_up", "unknown", "not_sent")}
    assert sum(states.values()) == report["taken"]
    present = set(service.ids(job))
    assert states["added"] <= len(present) <= states["added"] + states["unknown"]
    kept = {json.loads(line)["id"] for line in failures.read_bytes().splitlines()}
    assert len(kept) == report["taken"] - states["added"]
    assert len(kept & present) <= states["unknown"]
    return states


def test_once_finishes_what_is_in_flight(service: Service, job: str, write: Write, tmp_path: Path) -> None:
    # Each request waits; many are on their way when the signal comes.
    service.put_faults({"operation": "Tasks_CreateTaskCollection", "latency": 0.1})
    failures = tmp_path / "failures.jsonl"
    path = write("t.jsonl", as_lines([task(f"frame-{at}") for at in range(MANY)]))
    process = begin(service, job, path, "--failures", str(failures), "--max-requests", "8")
    wait_for_first_tasks(process)
    process.send_signal(signal.SIGINT)
    ran = ended(process)
    assert ran.code == 130
    assert "Ctrl-C once more stops at once" in ran.err
    assert f"not added twice):\n  batchio submit {job} {path} --on-exists ok\n" in ran.err
    states = check(ran, service, job, failures)
    assert states["unknown"] == 0
    assert 0 < states["added"] < MANY


def test_what_was_interrupted_can_go_on(service: Service, job: str, write: Write, tmp_path: Path) -> None:
    service.put_faults({"operation": "Tasks_CreateTaskCollection", "latency": 0.05})
    path = write("t.jsonl", as_lines([task(f"frame-{at}") for at in range(5_000)]))
    process = begin(service, job, path, "--failures", str(tmp_path / "f"), "--max-requests", "4")
    wait_for_first_tasks(process)
    process.send_signal(signal.SIGINT)
    assert ended(process).code == 130
    service.put_faults()
    assert service.run("submit", job, path, "--on-exists", "ok").code == 0
    assert len(service.ids(job)) == 5_000


def test_twice_stops_at_once(service: Service, job: str, write: Write, tmp_path: Path) -> None:
    service.put_faults({"operation": "Tasks_CreateTaskCollection", "latency": 30, "first": 3})
    failures = tmp_path / "failures.jsonl"
    path = write("t.jsonl", as_lines([task(f"frame-{at}") for at in range(MANY)]))
    process = begin(service, job, path, "--failures", str(failures))
    wait_for_first_tasks(process)
    process.send_signal(signal.SIGINT)
    wait_for(process, b"stops at once")
    process.send_signal(signal.SIGINT)
    ran = ended(process)
    assert ran.code == 130
    states = check(ran, service, job, failures)
    assert states["unknown"] > 0


def test_standard_input_that_never_ends(service: Service, job: str) -> None:
    process = begin(service, job, "-")
    wait_for_first_tasks(process)
    process.send_signal(signal.SIGINT)
    # Its end of the pipe stays open until it is gone.
    assert process.wait(60) == 130
    ran = ended(process)
    assert ran.json["added"] == 1
    assert service.ids(job) == ["frame-1"]


def test_sigterm_is_like_ctrl_c_with_its_own_code(service: Service, job: str) -> None:
    process = begin(service, job, "-")
    wait_for_first_tasks(process)
    process.send_signal(signal.SIGTERM)
    assert process.wait(60) == 143
    assert ended(process).json["added"] == 1


def test_before_anything_is_sent(service: Service, job: str, write: Write) -> None:
    path = write("t.jsonl", as_lines([task("a")]))
    with socket.create_server(("127.0.0.1", 0)) as silent:
        endpoint = f"http://127.0.0.1:{silent.getsockname()[1]}"
        process = start("submit", job, path, environment={**service.environment, "AZURE_BATCH_ENDPOINT": endpoint})
        connection, _ = silent.accept()
        process.send_signal(signal.SIGINT)
        ran = ended(process)
        connection.close()
    assert (ran.code, ran.err) == (130, "batchio: interrupted\n")


def test_while_the_file_is_checked(service: Service, job: str, tmp_path: Path) -> None:
    path = tmp_path / "endless.jsonl"
    with path.open("wb") as file:
        file.truncate(10**12)
    process = start("submit", job, str(path), environment=service.environment)
    wait_for(process, b"endless.jsonl:1:1: longer than 4 MB")
    process.send_signal(signal.SIGINT)
    ran = ended(process)
    assert (ran.code, ran.err) == (130, "batchio: interrupted\n")


@pytest.mark.parametrize("signals", [1, 2])
def test_the_demo_leaves_nothing_behind(service: Service, tmp_path: Path, signals: int) -> None:
    process = start("demo", environment={**service.environment, "TMPDIR": str(tmp_path)})
    wait_for(process, b"was created")
    for _ in range(signals):
        process.send_signal(signal.SIGINT)
    ran = ended(process)
    assert ran.code == 130
    assert os.listdir(tmp_path) == []  # noqa: PTH208 - a list is what is compared


def test_the_emulator_stops_with_zero(service: Service) -> None:
    for number in (signal.SIGINT, signal.SIGTERM):
        other = Service()
        other.process.send_signal(number)
        assert ended(other.process).code == 0
    assert service.control("health")["status"] == "ok"
