"""Commands for single operations, against a service whose nodes run tasks."""

from __future__ import annotations

import io
import json
import os
import pty
import select
import signal
import subprocess
import sys
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from readme import example

from batchio.cli import app
from batchio.cli.codes import Exit

from .conftest import SECONDS, Ran, Service, as_lines, task

Write = Callable[[str, bytes], str]


class Batch:
    """Commands in this process, with what stdin holds."""

    def __init__(self, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
        self._capfd = capfd
        self._monkeypatch = monkeypatch

    def __call__(self, *arguments: str, stdin: str = "") -> Ran:
        self._monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(stdin.encode())))
        code = app.run(arguments)
        out, err = self._capfd.readouterr()
        return Ran(code, out.encode(), err.encode())

    def good(self, *arguments: str, stdin: str = "") -> str:
        """What a command that says nothing on stderr prints."""
        ran = self(*arguments, stdin=stdin)
        assert (ran.code, ran.err) == (0, "")
        return ran.out


@pytest.fixture(scope="module")
def nodes() -> Iterator[Service]:
    """A service with a pool of one node, `farm`."""
    service = Service("--nodes", "simulate")
    ran = service.run(
        *("pools", "create", "--id", "farm", "--vm-size", "standard_d2s_v3", "--target-dedicated-nodes", "1"),
        *("--virtual-machine-image-publisher", "canonical", "--virtual-machine-image-sku", "22_04-lts"),
        *("--virtual-machine-image-offer", "ubuntu", "--virtual-machine-node-agent-sku-id", "batch.node.ubuntu 22.04"),
    )
    assert (ran.code, ran.out, ran.err) == (0, "", "")
    yield service
    service.stop()


@pytest.fixture
def batch(nodes: Service, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Batch:
    for name in os.environ:
        if name.startswith(("AZURE_", "AZ_", "BATCHIO_")):
            monkeypatch.delenv(name)
    for name, value in nodes.environment.items():
        if name.startswith("AZURE_"):
            monkeypatch.setenv(name, value)
    return Batch(capfd, monkeypatch)


@pytest.fixture
def render(batch: Batch) -> str:
    """A job."""
    job = f"job-{uuid.uuid4().hex[:8]}"
    assert batch.good("jobs", "create", "--id", job, "--pool-id", "farm") == ""
    return job


def read(text: str) -> Any:
    return json.loads(text)


# Bodies.


def test_a_body_from_a_file_with_options_before_it(batch: Batch, write: Write, job: str) -> None:
    body = {"id": "other", "poolInfo": {"poolId": "farm"}, "priority": 1, "metadata": [{"name": "a", "value": "b"}]}
    path = write("job.json", b"\xef\xbb\xbf" + json.dumps(body).encode())
    assert batch.good("jobs", "create", "--json", path, "--id", job, "--priority", "-5") == ""
    found = read(batch.good("jobs", "get", job, "--select", "id,priority,metadata,poolInfo"))
    assert found == {**body, "id": job, "priority": -5}


def test_what_was_read_can_be_changed_and_sent_back(batch: Batch, render: str) -> None:
    job = batch.good("jobs", "get", render)
    tag = read(job)["eTag"]
    assert batch.good("jobs", "replace", render, "--json", "-", "--priority", "7", "--if-match", tag, stdin=job) == ""
    assert read(batch.good("jobs", "get", render))["priority"] == 7
    ran = batch("jobs", "replace", render, "--json", "-", "--if-match", tag, stdin=job)
    assert (ran.code, ran.out) == (1, "")
    assert "412 ConditionNotMet" in ran.err
    assert batch.good("jobs", "update", render, "--max-task-retry-count", "3", "--no-allow-task-preemption") == ""
    found = read(batch.good("jobs", "get", render))
    assert (found["priority"], found["constraints"]["maxTaskRetryCount"], found["allowTaskPreemption"]) == (7, 3, False)


@pytest.mark.parametrize(
    ("body", "options", "words"),
    [
        ('{"id": "x", "poolInfo": {"poolId": "p"}, "bogus": 1}', "", "bogus: JobAddParameter has no property 'bogus'"),
        ('{"id": "x", "poolInfo": {"poolId": 7}}', "", "poolInfo.poolId (--pool-id): expected a string, not int"),
        ('{"id": "x", "poolInfo": 7}', "--pool-id p", "--json: poolInfo is no object, into which --pool-id goes"),
        ("{}", "--id x --priority 1000", "poolInfo: is required by JobAddParameter"),
        ("{}", "--id x --pool-id p --priority 1001", "priority (--priority): at most 1000 is allowed, not 1001"),
        ("{}", "--id x/y --pool-id p", "id (--id): does not match"),
        ("{}", "--id x --max-wall-clock-time 5", "(--max-wall-clock-time): expected an ISO 8601 duration"),
        ("{}", "--id x --on-all-tasks-complete perhaps", "--on-all-tasks-complete"),
        ("{}", "--priority many", "--priority"),
        ("{}", "--timeout 0", "--timeout: seconds above 0"),
        ("{}", "--server-timeout 0", "--server-timeout: a whole number above 0"),
        ('{"id":\n "x" 7}', "", "standard input:2:6: not JSON: expecting ',' delimiter"),
        ('{"id": NaN}', "", "standard input: not JSON: NaN is no number of JSON"),
        ('{"id": "x", "poolInfo": {"poolId": "a", "poolId": "b"}}', "", "'poolId' stands twice in one object"),
        (
            f'{{{",".join(f""""n{at}":1""" for at in (*range(60_000), 59_999))}}}',
            "",
            "'n59999' stands twice in one object",
        ),
        ("[]", "", "standard input: a JSON object is needed, not a list"),
        ("[" * 100_000, "", "standard input: the JSON is nested too deeply"),
    ],
)
def test_a_bad_body_is_told_before_anything_is_sent(
    batch: Batch, nodes: Service, body: str, options: str, words: str
) -> None:
    before = nodes.control("counters")
    ran = batch("jobs", "create", "--json", "-", *options.split(), stdin=body)
    assert words in ran.err
    assert (ran.code, ran.out, ran.err.count("\n")) == (Exit.USAGE, "", 1)
    assert nodes.control("counters") == before


@pytest.mark.parametrize(
    ("command", "words"),
    [
        ("jobs create", "nothing is given to send: --json FILE, or options such as --id, --display-name"),
        ("tasks create-collection render", "nothing is given to send: --json FILE\n"),
        ("jobs create --json missing.json", "--json missing.json: no such file or directory"),
        ("jobs get", "JOB"),
        ("jobs get a b", "more than the command takes: 'b'"),
        ("jobs get a/b", "JOB: 1 to 64 letters"),
        ("jobs bogus", 'Unknown command "bogus"'),
        ("jobs list --bogus", "Unknown option: --bogus"),
        ("jobs list -o xml", '"xml"'),
        ("jobs list --page-size 1001", "--page-size: at most 1000"),
        ("jobs list --limit -1", "--limit: a number of items"),
        ("jobs get x --if-modified-since 2024-07-01", "--if-modified-since: a time with a zone such as"),
        ("files get j t a/../b", "PATH: 'a/../b' would leave its directory"),
        ("files get j t f --start 5 --end 5", "--end: above start (5), not 5"),
        ("nodes create-user p n --name bob --ask-password", "--ask-password: there is no terminal to ask at"),
        ("nodes create-user p n --name bob --password secret", "Unknown option"),
        ("nodes upload-logs p n --container-url https://x?sig=secret", "Unknown option"),
    ],
)
def test_wrong_use(batch: Batch, command: str, words: str) -> None:
    ran = batch(*command.split())
    assert words in ran.err
    assert (ran.code, ran.out, ran.err.count("\n")) == (Exit.USAGE, "", 1)
    assert "sig=secret" not in ran.err


def test_a_secret_comes_from_the_environment_or_the_body(
    batch: Batch, nodes: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    node = read(batch.good("nodes", "list", "farm"))["id"]
    ran = batch("nodes", "create-user", "farm", node, "--name", "none")
    assert (ran.code, "PropertyName: password" in ran.err) == (1, True)
    monkeypatch.setenv("BATCHIO_PASSWORD", "kittens1")
    assert batch.good("nodes", "create-user", "farm", node, "--name", "bob") == ""
    secret = '{"password": "kittens2"}'
    assert batch.good("nodes", "replace-user", "farm", node, "bob", "--json", "-", stdin=secret) == ""
    assert batch.good("nodes", "delete-user", "farm", node, "bob", "--yes") == ""
    assert nodes.process.poll() is None


# What comes back.


def test_listings(batch: Batch, render: str) -> None:
    body = json.dumps({"value": [task(f"t-{n}") for n in range(5)]})
    added = read(batch.good("tasks", "create-collection", render, "--json", "-", stdin=body))
    assert [each["status"] for each in added["value"]] == ["success"] * 5
    again = batch("tasks", "create-collection", render, "--json", "-", stdin=body)
    assert again.code == Exit.NOT_ALL
    assert {each["error"]["code"] for each in again.json["value"]} == {"TaskExists"}

    lines = batch.good("tasks", "list", render, "--select", "id", "--page-size", "2").splitlines()
    assert [read(line) for line in lines] == [{"id": f"t-{n}"} for n in range(5)]
    wanted = ("--filter", "startswith(id, 't-')", "--select", "id", "--page-size", "2", "--limit", "3")
    assert read(batch.good("tasks", "list", render, *wanted, "-o", "json")) == [{"id": f"t-{n}"} for n in range(3)]
    assert batch.good("tasks", "list", render, *wanted, "-o", "jsonl").count("\n") == 3
    table = batch.good("tasks", "list", render, "--output", "table", "--page-size", "2").splitlines()
    assert table[0].split()[:3] == ["id", "state", "exitCode"]
    assert [line.split()[0] for line in table[1:]] == [f"t-{n}" for n in range(5)]
    selected = batch.good("tasks", "list", render, "--select", "commandLine,id", "-o", "table", "--limit", "1")
    assert selected == "commandLine  id\nrender t-0   t-0\n"


@pytest.mark.parametrize(("output", "nothing"), [("table", ""), ("json", "[]\n"), ("jsonl", "")])
def test_an_empty_listing(batch: Batch, render: str, output: str, nothing: str) -> None:
    assert batch.good("tasks", "list", render, "-o", output) == nothing


def test_one_thing(batch: Batch, render: str) -> None:
    table = batch.good("jobs", "get", render, "-o", "table")
    assert ["poolInfo.poolId", "farm"] in [line.split() for line in table.splitlines()]
    pretty = batch.good("jobs", "get", render, "-o", "json", "--select", "id,state")
    assert pretty == f'{{\n  "id": "{render}",\n  "state": "active"\n}}\n'
    assert read(batch.good("jobs", "get-task-counts", render))["taskCounts"]["active"] == 0


def test_whether_something_is_there(batch: Batch) -> None:
    assert batch.good("pools", "exists", "farm") == "true\n"
    assert batch.good("pools", "exists", "farm", "-o", "table") == "farm exists\n"
    ran = batch("pools", "exists", "nowhere", "-o", "table")
    assert (ran.code, ran.out, ran.err) == (1, "nowhere does not exist\n", "")
    assert batch("schedules", "exists", "nowhere").code == 1


def test_files(batch: Batch, nodes: Service, render: str, tmp_path: Path) -> None:
    assert batch.good("tasks", "create", render, "--id", "one", "--command-line", "echo hallo") == ""
    nodes.control("clock", {"advance": 60}, "POST")
    listed = [read(line) for line in batch.good("files", "list", render, "one").splitlines()]
    assert {"stdout.txt", "stderr.txt"} <= {each["name"] for each in listed}
    assert batch.good("files", "get", render, "one", "stdout.txt") == "hallo\n"
    assert batch.good("files", "get", render, "one", "stdout.txt", "--start", "1", "--end", "3") == "al"
    target = tmp_path / "out.txt"
    assert batch.good("files", "get", render, "one", "stdout.txt", "--to", str(target)) == ""
    assert target.read_bytes() == b"hallo\n"
    properties = read(batch.good("files", "get-properties", render, "one", "stdout.txt"))
    assert (properties["contentLength"], properties["isDirectory"]) == (6, False)
    node = read(batch.good("tasks", "get", render, "one"))["nodeInfo"]["nodeId"]
    names = [read(line)["name"] for line in batch.good("files", "list-node", "farm", node, "--recursive").splitlines()]
    path = next(name for name in names if name.endswith("one/stdout.txt"))
    assert batch.good("files", "get-node", "farm", node, path) == "hallo\n"
    assert batch.good("files", "delete", render, "one", "stdout.txt", "--yes") == ""
    ran = batch("files", "get", render, "one", "stdout.txt", "--to", str(target))
    assert (ran.code, "404 FileNotFound" in ran.err, target.read_bytes()) == (1, True, b"hallo\n")
    missing = tmp_path / "missing" / "out.txt"
    ran = batch("files", "get", render, "one", "stderr.txt", "--to", str(missing))
    assert (ran.code, ran.err) == (2, f"batchio: --to {missing}: no such file or directory\n")


# What destroys.


def test_deleting_without_a_terminal_needs_yes(batch: Batch, nodes: Service, render: str) -> None:
    ran = batch("jobs", "delete", render, stdin="y\n")
    assert (ran.code, ran.out) == (2, "")
    assert (
        ran.err == f"batchio: jobs delete {render}: there is no terminal to ask at; --yes does it without a question\n"
    )
    assert read(batch.good("jobs", "get", render))["state"] == "active"
    assert batch.good("jobs", "delete", render, "--yes") == ""
    nodes.control("clock", {"advance": 60}, "POST")
    ran = batch("jobs", "get", render)
    assert ran.code == 1
    assert "404 JobNotFound" in ran.err
    assert "[request " in ran.err


@pytest.mark.parametrize(
    ("answer", "code", "word"),
    [(b"y\r", 0, b"accepted"), (b"n\r", 1, b"nothing was done"), (b"", 130, b"interrupted")],
)
def test_deleting_at_a_terminal_asks(
    nodes: Service, batch: Batch, render: str, answer: bytes, code: int, word: bytes
) -> None:
    ours, theirs = pty.openpty()
    process = subprocess.Popen(  # noqa: S603 - our own command
        [sys.executable, "-m", "batchio", "jobs", "delete", render],
        env={**nodes.environment, "TERM": "xterm", "NO_COLOR": "1"},
        stdin=theirs,
        stdout=theirs,
        stderr=theirs,
    )
    os.close(theirs)
    seen = b""
    try:
        seen = _until(ours, b"[y/N] ")
        if answer:
            os.write(ours, answer)
        else:
            process.send_signal(signal.SIGINT)
        seen += _until(ours, word)
        assert process.wait(SECONDS) == code
    finally:
        process.kill()
        process.wait()
        os.close(ours)
    assert f"jobs delete {render}: are you sure?".encode() in seen
    nodes.control("clock", {"advance": 60}, "POST")
    assert batch("jobs", "get", render).code == (1 if code == 0 else 0)


def _until(terminal: int, word: bytes) -> bytes:
    """What a terminal shows up to a word."""
    seen = b""
    while word not in seen:
        ready, _, _ = select.select([terminal], [], [], SECONDS)
        assert ready, seen
        seen += os.read(terminal, 4096)
    return seen


def test_a_secret_is_asked_for_and_not_shown(nodes: Service, batch: Batch) -> None:
    node = read(batch.good("nodes", "list", "farm"))["id"]
    arguments = ["nodes", "create-user", "farm", node, "--name", "ann", "--ask-password"]
    ours, theirs = pty.openpty()
    process = subprocess.Popen(  # noqa: S603 - our own command
        [sys.executable, "-m", "batchio", *arguments],
        env=nodes.environment,
        stdin=theirs,
        stdout=theirs,
        stderr=theirs,
        # Where no terminal is the process's own, it asks at stdin.
        start_new_session=True,
    )
    os.close(theirs)
    try:
        seen = _until(ours, b"password: ")
        os.write(ours, b"kittens1\r")
        seen += _until(ours, b"done")
        assert process.wait(SECONDS) == 0
    finally:
        process.kill()
        process.wait()
        os.close(ours)
    assert b"kittens" not in seen
    assert batch.good("nodes", "delete-user", "farm", node, "ann", "--yes") == ""


# Errors, and streams that end.


def test_what_the_service_says_no_to(batch: Batch, render: str) -> None:
    ran = batch("jobs", "create", "--id", render, "--pool-id", "farm")
    assert (ran.code, ran.out) == (1, "")
    assert ran.err.startswith("batchio: Jobs_CreateJob: 409 JobExists: ")
    ran = batch("jobs", "list", "--filter", "bogus eq 1")
    assert (ran.code, ran.out) == (1, "")


def test_a_wrong_key_and_a_service_that_is_not_there(batch: Batch, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AZURE_BATCH_ACCESS_KEY", "bm90IHRoZSBrZXk=")
    ran = batch("jobs", "list")
    assert (ran.code, ran.out) == (Exit.DENIED, "")
    monkeypatch.delenv("AZURE_BATCH_ENDPOINT")
    ran = batch("jobs", "list")
    assert (ran.code, ran.out) == (Exit.USAGE, "")
    assert "AZURE_BATCH_ENDPOINT is not set" in ran.err


def test_nobody_reads_on(nodes: Service, render: str) -> None:
    lines = as_lines([task(f"t-{n}") for n in range(300)])
    assert nodes.run("submit", render, "-", "-q", stdin=lines).code == 0
    done = subprocess.run(  # noqa: S602 - the shell's pipe is what is tested
        f"{sys.executable} -m batchio tasks list {render} --page-size 5 | head -n 1; exit ${{PIPESTATUS[0]}}",
        shell=True,
        executable="/bin/bash",
        env=nodes.environment,
        capture_output=True,
        timeout=SECONDS,
        check=False,
    )
    assert (done.returncode, done.stderr, done.stdout.count(b"\n")) == (0, b"", 1)


def test_a_table_at_a_terminal_fits_it_and_respects_no_color(nodes: Service, render: str, batch: Batch) -> None:
    assert batch.good("tasks", "create", render, "--id", "wide", "--command-line", "echo " + "x" * 300) == ""
    for variables, bold in (({}, True), ({"NO_COLOR": "1"}, False)):
        seen = _on_a_terminal(nodes, variables, "tasks", "list", render, "--select", "id,commandLine")
        head, line = seen.decode().splitlines()
        assert ("\x1b[1m" in head) is bold
        assert line.startswith("wide  echo xxx")
        assert line.endswith("…")
        assert len(line) <= 80


def _on_a_terminal(nodes: Service, variables: dict[str, str], *arguments: str) -> bytes:
    """What a command writes to a terminal that is 80 wide."""
    ours, theirs = pty.openpty()
    environment = {name: value for name, value in nodes.environment.items() if name not in ("COLUMNS", "NO_COLOR")}
    with subprocess.Popen(  # noqa: S603 - our own command
        [sys.executable, "-m", "batchio", *arguments],
        env={**environment, "TERM": "xterm", **variables},
        stdin=subprocess.DEVNULL,
        stdout=theirs,
        stderr=subprocess.PIPE,
    ) as process:
        os.close(theirs)
        seen = _until(ours, "…".encode())
        assert process.communicate(timeout=SECONDS)[1] == b""
        assert process.returncode == 0
    os.close(ours)
    return seen


# Completion, and what the README shows.


def test_bash_completes_commands_options_and_values(tmp_path: Path, batch: Batch) -> None:
    script = tmp_path / "completion.bash"
    script.write_text(batch.good("completion", "bash"))
    asking = (
        'source "$0"; function=$(complete -p batchio | grep -o "_[a-z]*" | head -n 1); COMP_WORDS=("$@"); '
        'COMP_CWORD=$(($# - 1)); COMP_LINE="$*"; COMP_POINT=${#COMP_LINE}; $function; echo "${COMPREPLY[@]}"'
    )

    def completed(*words: str) -> set[str]:
        run = ["/bin/bash", "-c", asking, str(script), "batchio", *words]
        return {*subprocess.run(run, capture_output=True, text=True, check=True).stdout.split()}  # noqa: S603 - our own script

    assert completed("sched") == {"schedules"}
    assert completed("jobs", "dis") == {"disable"}
    assert completed("jobs", "disable", "x", "--disable-tasks", "") == {"requeue", "terminate", "wait"}
    assert completed("pools", "resize", "farm", "--tar") == {"--target-dedicated-nodes", "--target-low-priority-nodes"}


@pytest.mark.parametrize("shell", ["zsh", "fish"])
def test_other_shells(batch: Batch, shell: str) -> None:
    script = batch.good("completion", shell)
    assert "get-remote-login-settings" in script
    assert "depends-on-task-ids" in script


def test_the_examples_of_the_readme(nodes: Service, batch: Batch, tmp_path: Path) -> None:
    machine = read(batch.good("pools", "get", "farm", "--select", "virtualMachineConfiguration"))
    (tmp_path / "machine.json").write_text(json.dumps(machine))
    (tmp_path / "batchio").write_text(f'#!/bin/sh\nexec {sys.executable} -m batchio "$@"\n')
    (tmp_path / "batchio").chmod(0o755)
    environment = {**nodes.environment, "PATH": f"{tmp_path}:{os.environ['PATH']}"}
    for line in example("calls", job=None).splitlines():
        done = subprocess.run(  # noqa: S603 - our own examples
            ["/bin/bash", "-c", f"set -o pipefail; {line}"],
            cwd=tmp_path,
            env=environment,
            capture_output=True,
            check=False,
        )
        assert (done.returncode, done.stderr) == (0, b""), line
        nodes.control("clock", {"advance": 60}, "POST")
    assert (tmp_path / "one.txt").read_bytes() == b"hello\n"
