"""`batchio tail` of files that real processes write."""

from __future__ import annotations

import signal
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from .conftest import SECONDS, ended, start, wait_for
from .farm import Farm, command, farm_with

pytestmark = pytest.mark.skipif("os.name != 'posix'", reason="tasks are processes, which needs POSIX")

LINES = b"".join(b"line %d\n" % at for at in range(20_000))
FILES = {
    "lines": LINES,
    "no-end": LINES + b"the last one",
    "empty": b"",
    "newlines": b"\n" * 200_000,
    "one-long": b"x" * 200_000,
    "bytes": bytes(range(256)) * 1_000,
}


@pytest.fixture(scope="module")
def farm(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Farm]:
    """With a job `files`, whose task `t` has written `FILES`."""
    with farm_with(FILES, tmp_path_factory.mktemp("files")) as farm:
        yield farm


def last_lines(content: bytes, count: int) -> bytes:
    return b"".join(content.splitlines(keepends=True)[-count:]) if count else b""


@pytest.mark.parametrize("count", [0, 1, 10, 15_000, 300_000])
@pytest.mark.parametrize("name", [name for name in FILES if name != "bytes"])
def test_the_last_lines(farm: Farm, monkeypatch: pytest.MonkeyPatch, capfdbinary: Any, name: str, count: int) -> None:
    assert farm.run(monkeypatch, "tail", "files", "t", f"wd/{name}", "-n", str(count)) == 0
    out, err = capfdbinary.readouterr()
    assert out == last_lines(FILES[name], count)
    assert err == b""


def test_bytes_are_unchanged(farm: Farm, monkeypatch: pytest.MonkeyPatch, capfdbinary: Any) -> None:
    assert farm.run(monkeypatch, "tail", "files", "t", "wd/bytes", "-n", "100000") == 0
    assert capfdbinary.readouterr().out == FILES["bytes"]


def test_nothing_is_read_twice(farm: Farm, monkeypatch: pytest.MonkeyPatch) -> None:
    with farm.service.asked("files") as operations:
        assert farm.run(monkeypatch, "tail", "files", "t", "wd/lines", "-f") == 0
    assert operations == ["Tasks_GetTask", "Tasks_GetTaskFileProperties", "Tasks_GetTaskFile"]


class Writer:
    """A task that takes one step after another, each when the test says so."""

    def __init__(self, farm: Farm, job: str, folder: Path, *steps: str) -> None:
        self._folder = folder
        waiting = "; ".join(
            f"while [ ! -e {folder}/go{at} ]; do sleep 0.02; done; {step}" for at, step in enumerate(steps)
        )
        farm.job(job, command(f"/bin/sh -c '{waiting}'"))
        self.at = 0

    def step(self) -> None:
        (self._folder / f"go{self.at}").touch()
        self.at += 1


def follow(farm: Farm, job: str, file: str, *arguments: str) -> subprocess.Popen[bytes]:
    return start("tail", job, "t", file, "-f", "--interval", "0.05", *arguments, environment=farm.service.environment)


def line_of(process: subprocess.Popen[bytes]) -> bytes:
    assert process.stdout is not None
    return process.stdout.readline()


def test_a_file_that_is_not_there_yet_and_grows(farm: Farm, job: str, tmp_path: Path) -> None:
    writer = Writer(farm, job, tmp_path, "echo one > log", "echo two >> log; echo three >> log", "printf end >> log")
    process = follow(farm, job, "wd/log")
    wait_for(process, b"waiting for wd/log")
    writer.step()
    assert line_of(process) == b"one\n"
    writer.step()
    assert (line_of(process), line_of(process)) == (b"two\n", b"three\n")
    writer.step()
    ran = ended(process)
    assert (ran.code, ran.out, ran.err) == (0, "end", "")


def test_only_what_is_added_is_asked_for(farm: Farm, job: str, tmp_path: Path) -> None:
    writer = Writer(farm, job, tmp_path, "echo one", "echo two")
    writer.step()
    with farm.service.asked(job) as operations:
        process = follow(farm, job, "stdout.txt")
        assert line_of(process) == b"one\n"
        writer.step()
        assert ended(process).out == "two\n"
    assert operations.count("Tasks_GetTaskFile") == 2


def test_a_file_that_becomes_shorter(farm: Farm, job: str, tmp_path: Path) -> None:
    writer = Writer(farm, job, tmp_path, "echo long line > log", "echo new > log", "echo more >> log")
    writer.step()
    process = follow(farm, job, "wd/log")
    assert line_of(process) == b"long line\n"
    writer.step()
    assert line_of(process) == b"new\n"
    writer.step()
    ran = ended(process)
    assert (ran.code, ran.out) == (0, "more\n")
    assert "wd/log has become shorter: it is read from its start\n" in ran.err


def test_a_connection_that_breaks_in_the_middle(farm: Farm, job: str, tmp_path: Path) -> None:
    numbers = tmp_path / "numbers"
    numbers.write_bytes(LINES)
    writer = Writer(farm, job, tmp_path, f"cp {numbers} log", "echo end >> log")
    process = follow(farm, job, "wd/log")
    wait_for(process, b"waiting for wd/log")
    farm.service.put_faults({"operation": "Tasks_GetTaskFile", "drop": "body", "count": 3})
    try:
        writer.step()
        wait_for(process, b"asking again")
        writer.step()
        ran = ended(process)
    finally:
        farm.service.put_faults()
    assert ran.code == 0
    assert ran.out.encode() == LINES + b"end\n"


def test_a_node_that_is_not_there_for_a_while(farm: Farm, job: str, tmp_path: Path) -> None:
    writer = Writer(farm, job, tmp_path, "echo one", "echo two")
    writer.step()
    process = follow(farm, job, "stdout.txt")
    assert line_of(process) == b"one\n"
    rule = {"operation": "Tasks_GetTaskFileProperties", "status": 409, "code": "NodeNotReady", "count": 3}
    farm.service.put_faults(rule)
    try:
        while farm.service.control("counters")["codes"].get("NodeNotReady", 0) < 3:
            assert process.poll() is None
    finally:
        farm.service.put_faults()
    writer.step()
    ran = ended(process)
    assert (ran.code, ran.out) == (0, "two\n")


def test_a_node_that_is_gone(farm: Farm, monkeypatch: pytest.MonkeyPatch, capfd: Any) -> None:
    farm.service.put_faults({"operation": "Tasks_GetTaskFileProperties", "status": 409, "code": "NodeNotFound"})
    try:
        assert farm.run(monkeypatch, "tail", "files", "t", "stdout.txt", "-f") == 3
    finally:
        farm.service.put_faults()
    out, err = capfd.readouterr()
    assert out == ""
    assert err.startswith("batchio: Tasks_GetTaskFileProperties: 409 ")


def test_ctrl_c_ends_it_quietly(farm: Farm, job: str, tmp_path: Path) -> None:
    writer = Writer(farm, job, tmp_path, "echo one", "echo two")
    writer.step()
    process = follow(farm, job, "stdout.txt")
    assert line_of(process) == b"one\n"
    process.send_signal(signal.SIGINT)
    ran = ended(process)
    assert (ran.code, ran.out, ran.err) == (130, "", "")
    writer.step()


def test_who_has_seen_enough_closes_the_pipe(farm: Farm, job: str, tmp_path: Path) -> None:
    writer = Writer(farm, job, tmp_path, "echo one", "echo two; while [ ! -e never ]; do sleep 0.02; done")
    writer.step()
    process = follow(farm, job, "stdout.txt")
    assert line_of(process) == b"one\n"
    assert process.stdout is not None
    process.stdout.close()
    writer.step()
    assert process.wait(SECONDS) == 0
    assert process.stderr is not None
    assert process.stderr.read() == b""
    process.stderr.close()
    farm.do(lambda client: client.jobs.terminate(job))


@pytest.mark.parametrize(
    ("arguments", "code", "word"),
    [
        (("none", "t", "x"), 2, "JobNotFound"),
        (("files", "none", "x"), 2, "TaskNotFound"),
        (("files", "t", "none"), 2, "none: there is no such file; task t is completed"),
        (("files", "t", "none", "-f"), 2, "none: there is no such file; task t is completed"),
        (("files", "t", "wd"), 2, "wd: this is a directory"),
        (("files", "t", "stdout.txt", "-n", "-1"), 2, "--lines: 0 or more, not -1"),
        (("files", "t", "stdout.txt", "-f", "--interval", "0"), 2, "--interval: seconds above 0"),
    ],
)
def test_what_is_not_there(
    farm: Farm, monkeypatch: pytest.MonkeyPatch, capfd: Any, arguments: tuple[str, ...], code: int, word: str
) -> None:
    assert farm.run(monkeypatch, "tail", *arguments) == code
    out, err = capfd.readouterr()
    assert out == ""
    assert word in err
