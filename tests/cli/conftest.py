"""A real service in a process of its own, and commands as real processes."""

from __future__ import annotations

import asyncio
import json
import os
import subprocess
import sys
import threading
import urllib.request
import uuid
from collections.abc import Callable, Generator, Iterator, Sequence
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from batchio import BatchClient, SharedKeyCredential

ROOT = Path(__file__).parents[2]
SECONDS = 40


class Ran:
    """A command that has ended."""

    def __init__(self, code: int, out: bytes, err: bytes) -> None:
        self.code = code
        self.out = out.decode()
        self.err = err.decode()
        assert "Traceback" not in self.err, self.err
        assert "Traceback" not in self.out, self.out

    @property
    def json(self) -> dict[str, Any]:
        found: dict[str, Any] = json.loads(self.out)
        return found


class Service:
    """`batchio emulator` in a process, and what tests ask of it."""

    def __init__(self, *arguments: str) -> None:
        self.process = start("emulator", "--json", *arguments, environment=environment())
        assert self.process.stdout is not None
        line = self.process.stdout.readline()
        assert line, self.process.communicate()
        ready = json.loads(line)
        self.endpoint: str = ready["endpoint"]
        self.account: str = ready["account"]
        self.key: str = ready["key"]

    def stop(self) -> None:
        self.process.terminate()
        self.process.communicate(timeout=SECONDS)

    @property
    def environment(self) -> dict[str, str]:
        return environment(
            AZURE_BATCH_ENDPOINT=self.endpoint,
            AZURE_BATCH_ACCOUNT=self.account,
            AZURE_BATCH_ACCESS_KEY=self.key,
        )

    def control(self, name: str, body: Any = None, method: str = "GET") -> Any:
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(f"{self.endpoint}/_emulator/{name}", data, method=method)  # noqa: S310 - http
        with urllib.request.urlopen(request, timeout=SECONDS) as answer:  # noqa: S310 - http, as made above
            return json.load(answer)

    def put_faults(self, *rules: dict[str, Any]) -> None:
        self.control("faults", list(rules), "PUT")

    @contextmanager
    def asked(self, job: str) -> Generator[list[str]]:
        """Gives the operations that were asked for meanwhile; those of other jobs are late ones of other tests."""
        operations: list[str] = []
        last = self.control("requests?last=1")
        yield operations
        operations += [
            request["operation"]
            for request in self.control("requests")
            if request["number"] > (last[0]["number"] if last else 0)
            and (not request["path"].startswith("/jobs/") or request["path"].split("/")[2] == job)
        ]

    def ids(self, job: str) -> list[str]:
        """The tasks that are in the job."""

        async def read() -> list[str]:
            async with BatchClient(self.endpoint, SharedKeyCredential(self.account, self.key)) as client:
                return [str(task.id) async for task in client.tasks.list(job)]

        return asyncio.run(read())

    def run(self, *arguments: str, stdin: bytes | None = None, **variables: str) -> Ran:
        return run(*arguments, environment={**self.environment, **variables}, stdin=stdin)

    def submit(self, *arguments: str, stdin: bytes | None = None, **variables: str) -> Ran:
        return self.run("submit", *arguments, "--create-job", "--pool", "farm", stdin=stdin, **variables)


def environment(**more: str) -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("AZURE_", "AZ_", "BATCHIO_"))}
    return {**kept, "PYTHONPATH": str(ROOT), "COLUMNS": "100", **more}


def start(*arguments: str, environment: dict[str, str], stdin: Any = subprocess.DEVNULL) -> subprocess.Popen[bytes]:
    return subprocess.Popen(  # noqa: S603 - our own command
        [sys.executable, "-m", "batchio", *arguments],
        env=environment,
        stdin=stdin,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )


def run(*arguments: str, environment: dict[str, str], stdin: bytes | None = None) -> Ran:
    return ended(start(*arguments, environment=environment, stdin=subprocess.PIPE), stdin or b"")


def wait_for(process: subprocess.Popen[bytes], word: bytes) -> bytes:
    """The next line on stderr with this word."""
    assert process.stderr is not None
    seen: list[bytes] = []
    # A process that says nothing must not hang the tests.
    watchdog = threading.Timer(SECONDS, process.kill)
    watchdog.start()
    try:
        for line in process.stderr:
            if word in line:
                return line
            seen.append(line)
    finally:
        watchdog.cancel()
    raise AssertionError((seen, process.communicate()))


def wait_for_first_tasks(process: subprocess.Popen[bytes]) -> None:
    """Until a submission that shows its progress has added something."""
    line = b"0 "
    while line.startswith(b"0 "):
        line = wait_for(process, b" in flight")


def ended(process: subprocess.Popen[bytes], stdin: bytes | None = None) -> Ran:
    """The command, once it has ended by itself."""
    with process:
        try:
            out, err = process.communicate(stdin, timeout=SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()
            raise AssertionError(process.communicate()) from None
    return Ran(process.returncode, out, err)


def task(name: str, **more: Any) -> dict[str, Any]:
    return {"id": name, "commandLine": f"render {name}", **more}


def as_lines(tasks: Sequence[Any]) -> bytes:
    return b"".join(json.dumps(each).encode() + b"\n" for each in tasks)


@contextmanager
def serving(handler: type[BaseHTTPRequestHandler]) -> Generator[str]:
    """A web server that is not ours; gives its endpoint."""
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}"
        finally:
            server.shutdown()
            thread.join()


@pytest.fixture(scope="session")
def _service() -> Iterator[Service]:
    service = Service()
    yield service
    service.stop()


@pytest.fixture
def service(_service: Service) -> Iterator[Service]:
    yield _service
    _service.put_faults()


@pytest.fixture
def job() -> str:
    """An id that no other test uses."""
    return f"job-{uuid.uuid4().hex[:8]}"


@pytest.fixture
def write(tmp_path: Path) -> Callable[[str, bytes], str]:
    """Writes a file and gives its path."""

    def write(name: str, content: bytes) -> str:
        path = tmp_path / name
        path.write_bytes(content)
        return str(path)

    return write
