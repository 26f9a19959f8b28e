"""The README's first commands: each of them runs, as it stands there."""

from __future__ import annotations

import shlex
import subprocess
import sys
import uuid
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

import pytest
from readme import example, written

from .conftest import Service, as_lines, environment, run, start, task

LINES = [line for line in example("commands", job=None).splitlines() if not line.startswith("pip ")]
FEWER = {"100000": "2000", "8080": "0"}


@contextmanager
def running(*words: str) -> Generator[subprocess.Popen[bytes]]:
    """A command that goes on until it is ended."""
    with start(*words, environment=environment()) as process:
        try:
            yield process
        finally:
            process.terminate()


@pytest.mark.parametrize("line", LINES, ids=lambda line: line.split("  ")[0])
def test_a_command(service: Service, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, line: str) -> None:
    monkeypatch.chdir(tmp_path)
    job = f"job-{uuid.uuid4().hex[:8]}"
    (tmp_path / "tasks.jsonl").write_bytes(as_lines([task("a"), task("b")]))
    begun = ("submit", job, "tasks.jsonl", "--create-job", "--pool", "farm", "--journal", "render.journal")
    program, *words = shlex.split(line, comments=True)
    assert program == "batchio"
    words = [{"JOB": job, "POOL": "farm", **FEWER}.get(word, word) for word in words]
    if words[0] == "emulator":
        with running(*words) as process:
            assert process.stdout is not None
            assert b"http" in process.stdout.readline()
        return
    if "render.journal" in words:
        assert service.run(*begun).code == 0
    elif "--create-job" not in words:
        assert service.submit(job, "-", stdin=b"").code == 0
    done = service.run(*words) if words[0] != "demo" else run(*words, environment=environment())
    assert (done.code, "batchio: " in done.err) == (0, False), done.err
    assert done.out
    if words[0] == "submit" and not {"--dry-run", "--emulator"} & {*words}:
        assert service.ids(job) == ["a", "b"]


def test_the_first_try(tmp_path: Path) -> None:
    first, *others = (shlex.split(line) for line in example("try", job=None).splitlines())
    written("main.py", tmp_path, {"1_000_000": "1_000"}, job=None)
    with running(*first[1:]) as process:
        assert process.stdout is not None
        exports = [shlex.split(process.stdout.readline().decode()) for _ in range(4)][1:]
        assert [words[0] for words in exports] == ["export"] * 3
        here = environment(**dict(pair.split("=", 1) for _, pair in exports))
        for words in others:
            assert run(*words[1:], environment=here).code == 0
        command = [sys.executable, "main.py"]
        done = subprocess.run(command, cwd=tmp_path, env=here, capture_output=True, check=False)  # noqa: S603 - our own example
    assert (done.returncode, done.stdout) == (0, b"1000 added\n"), done.stderr
