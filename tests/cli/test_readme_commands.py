"""The README's first commands: each of them runs, as it stands there."""

from __future__ import annotations

import shlex
import uuid
from pathlib import Path

import pytest
from readme import example

from .conftest import Service, as_lines, environment, run, start, task

LINES = [line for line in example("commands", job=None).splitlines() if not line.startswith("pip ")]
FEWER = {"100000": "2000", "8080": "0"}


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
        with start(*words, environment=environment()) as process:
            assert process.stdout is not None
            assert b"http" in process.stdout.readline()
            process.terminate()
        return
    if "render.journal" in words:
        assert service.run(*begun).code == 0
    elif "--create-job" not in words:
        assert service.submit(job, "-", stdin=b"").code == 0
    done = service.run(*words) if words[0] != "demo" else run(*words, environment=environment())
    assert (done.code, "batchio: " in done.err) == (0, False), done.err
    assert done.out
    if words[0] == "submit" and "--dry-run" not in words:
        assert service.ids(job) == ["a", "b"]
