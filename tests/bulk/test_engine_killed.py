"""kill -9 at random moments, a service that drops and throttles, one journal: nothing lost, nothing twice.

Law: client and service are processes of their own, and the service survives.
"""

from __future__ import annotations

import json
import os
import random
import subprocess
import sys
import threading
from collections import Counter
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from batchio.bulk.journal_file import read

ROOT = Path(__file__).parents[2]
ENVIRONMENT = {**os.environ, "PYTHONPATH": os.pathsep.join([str(ROOT), str(ROOT / "tests")])}
SECONDS = 200


def start(module: str, *arguments: str) -> subprocess.Popen[bytes]:
    command = [sys.executable, "-m", f"scripted.{module}", *arguments]
    pipe = subprocess.PIPE
    return subprocess.Popen(command, env=ENVIRONMENT, stdin=pipe, stdout=pipe, stderr=pipe)  # noqa: S603 - our own


class Service:
    """The service's process."""

    def __init__(self, seed: int) -> None:
        self._process = start("alone", str(seed))
        self.endpoint = self._line()

    def summary(self) -> dict[str, Any]:
        assert self._process.stdin is not None
        self._process.stdin.write(b"\n")
        self._process.stdin.flush()
        found: dict[str, Any] = json.loads(self._line())
        return found

    def stop(self) -> None:
        self._process.communicate(timeout=SECONDS)

    def _line(self) -> str:
        assert self._process.stdout is not None
        line = self._process.stdout.readline().decode().strip()
        assert line, self._process.communicate()
        return line


@contextmanager
def running(seed: int) -> Generator[Service]:
    service = Service(seed)
    try:
        yield service
    finally:
        service.stop()


class Client:
    """What all the clients were told. `told`: 1 for each task with a final outcome; `states`: how many of each."""

    def __init__(self, service: Service, journal: Path, count: int) -> None:
        self.told = bytearray(count)
        self.states: Counter[str] = Counter()
        self.report: dict[str, Any] | None = None
        self._arguments = (service.endpoint, str(journal), str(count))

    def run(self, *, lines: int | None = None, seconds: float = SECONDS) -> bool:
        """Let a client run; kill it after it has told `lines` times, or after so many seconds. False: it has ended."""
        process = start("submitter", *self._arguments)
        assert process.stdout is not None
        timer = threading.Timer(seconds, process.kill)
        timer.start()
        left = -1 if lines is None else lines
        # What it has said is read to the end, also when it is dead.
        for line in process.stdout:
            if not line.endswith(b"\n"):
                break
            self._take(line)
            left -= 1
            if not left:
                process.kill()
        timer.cancel()
        _, errors = process.communicate(timeout=SECONDS)
        assert errors == b"", errors.decode()
        assert process.returncode in (0, -9), process.returncode
        return process.returncode != 0

    def _take(self, line: bytes) -> None:
        word, rest = line.decode().split(" ", 1) if b" " in line else (line.decode(), "")
        if word == "report":
            self.report = json.loads(rest)
        elif word in ("added", "existed", "rejected"):
            first, last = map(int, rest.split())
            size = last + 1 - first
            assert not any(self.told[first : last + 1]), f"told again: {line!r}"
            self.told[first : last + 1] = b"\1" * size
            self.states[word] += size


def survives(tmp_path: Path, *, count: int, kills: int, seed: int) -> None:
    dice = random.Random(seed)  # noqa: S311 -- a seed that can be repeated
    journal = tmp_path / "journal"
    # So many lists of outcomes that the input lasts for all the kills.
    most = 3 * count // (200 * kills)
    done = [0]
    with running(seed) as service:
        client = Client(service, journal, count)
        for number in range(kills):
            # Half of them by progress, half by time: while it starts, skips, sends.
            seconds = SECONDS if number % 2 else dice.uniform(0.2, 1.5)
            assert client.run(lines=dice.randrange(1, most), seconds=seconds), f"it ended before kill {number + 1}"
            done.append(_done(journal))
        assert done == sorted(done), f"what was settled is not any more: {done}"
        assert done[-1] < count
        assert not client.run()
        found = service.summary()
    print(f"{kills} kills at {done}; {client.report}; the service: {found}")  # noqa: T201 - for `-s`
    check(client, found, journal, count, done[-1])


def _done(journal: Path) -> int:
    return read(str(journal)).settled().done.count if journal.exists() and journal.stat().st_size else 0


def check(client: Client, found: dict[str, Any], journal: Path, count: int, resumed: int) -> None:
    assert found["violations"] == []
    assert (found["ids"], found["most"]) == (count, 1)
    report = client.report
    assert report is not None
    assert {state: report[state] for state in ("added", "existed", "rejected", "gave_up", "unknown", "not_sent")} == {
        **dict.fromkeys(("existed", "rejected", "gave_up", "unknown", "not_sent"), 0),
        "added": count,
    }
    assert (report["taken"], report["resumed"]) == (count, resumed)
    settled = read(str(journal)).settled()
    assert list(settled.done) == [(0, count)]
    assert client.states["added"] == sum(client.told) <= count
    # What was written and not told is what a kill has caught between the two: a few answers each time.
    assert count - sum(client.told) < count // 10
    assert journal.stat().st_size < 200 + count


def test_five_kills(tmp_path: Path) -> None:
    survives(tmp_path, count=50_000, kills=5, seed=1)


@pytest.mark.slow
def test_many_kills_over_a_million_tasks(tmp_path: Path) -> None:
    survives(tmp_path, count=1_000_000, kills=35, seed=2)
