"""`--journal`, `--resume` and `batchio journal show`, as processes against a real service."""

from __future__ import annotations

import json
import os
import shlex
import signal
import stat
import subprocess
import sys
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from batchio import ConfigurationError
from batchio.bulk import journal_file
from batchio.bulk.blocks import BLOCK, Digest
from batchio.bulk.journal import Ending, Kind
from batchio.bulk.journal_file import read
from batchio.cli import app
from batchio.cli.going_on import how_to_go_on
from batchio.cli.journal import as_mapping
from batchio.cli.options import SubmitOptions

from .conftest import Ran, Service, as_lines, ended, environment, run, start, task, wait_for, wait_for_first_tasks

Write = Callable[[str, bytes], str]
MANY = 6_000
TASKS = [task(f"frame-{at}") for at in range(MANY)]


@pytest.fixture
def journal(tmp_path: Path) -> str:
    return str(tmp_path / "my journal")


def interrupted(service: Service, job: str, path: str, journal: str, *more: str, number: int = signal.SIGINT) -> Ran:
    """A submission that is stopped by a signal in its middle."""
    service.put_faults({"operation": "Tasks_CreateTaskCollection", "latency": 0.1})
    process = start(
        *("submit", job, path, "--create-job", "--pool", "farm", "--journal", journal, "--json"),
        *("--progress", "0.02", "--max-requests", "4", *more),
        environment=service.environment,
        stdin=subprocess.PIPE,
    )
    wait_for_first_tasks(process)
    process.send_signal(number)
    ran = ended(process)
    service.put_faults()
    return ran


def command_in(ran: Ran) -> list[str]:
    """The words of the command to go on with."""
    words = shlex.split(ran.err.partition("to go on:\n")[2].splitlines()[0])
    assert words[0] == "batchio"
    return words[1:]


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_the_command_that_is_printed_goes_on(
    service: Service, job: str, write: Write, journal: str, number: int, code: int
) -> None:
    path = write("my 'own' tasks.jsonl", as_lines(TASKS))
    ran = interrupted(service, job, path, journal, number=number)
    assert ran.code == code
    added = ran.json["added"]
    assert 0 < added < MANY
    words = command_in(ran)
    assert words == [
        *("submit", job, path, "--pool", "farm", "--create-job", "--journal", journal, "--resume", "--json"),
        *("--progress", "0.02", "--max-requests", "4"),
    ]
    ran = service.run(*words)
    assert ran.code == 0, ran.err
    assert (ran.json["added"], ran.json["resumed"], ran.json["taken"]) == (MANY, added, MANY)
    assert "to go on" not in ran.err
    assert f"resumed   {added:,} of these were settled by runs before this one" in ran.err
    assert len(service.ids(job)) == MANY
    assert stat.S_IMODE(Path(journal).stat().st_mode) == 0o600
    # Once more: nothing is left to do.
    ran = service.run(*words)
    assert (ran.code, ran.json["requests"], ran.json["added"]) == (0, 0, MANY)


def test_twice_ctrl_c_and_on(service: Service, job: str, write: Write, journal: str) -> None:
    """What was in flight is unknown, and is found in the job by the next run."""
    service.put_faults({"operation": "Tasks_CreateTaskCollection", "latency": 30, "first": 2})
    path = write("t.jsonl", as_lines(TASKS))
    process = start(
        *("submit", job, path, "--create-job", "--pool", "farm", "--journal", journal, "--json", "--progress", "0.02"),
        environment=service.environment,
    )
    wait_for_first_tasks(process)
    process.send_signal(signal.SIGINT)
    wait_for(process, b"stops at once")
    process.send_signal(signal.SIGINT)
    ran = ended(process)
    assert ran.code == 130
    assert ran.json["unknown"] > 0
    service.put_faults()
    ran = service.run(*command_in(ran))
    assert ran.code == 0, ran.err
    assert (ran.json["added"], ran.json["existed"]) == (MANY, 0)
    assert len(service.ids(job)) == MANY


def test_kill_and_on(service: Service, job: str, write: Write, journal: str) -> None:
    path = write("t.jsonl", as_lines(TASKS))
    ran = interrupted(service, job, path, journal, number=signal.SIGKILL)
    assert (ran.code, ran.out) == (-9, "")
    assert "goes on, or did not end in order" in run("journal", "show", journal, environment=environment()).out
    ran = service.submit(job, path, "--journal", journal, "--resume", "--json")
    assert ran.code == 0, ran.err
    assert (ran.json["added"], ran.json["existed"]) == (MANY, 0)
    assert len(service.ids(job)) == MANY


def test_a_file_that_is_there_needs_resume(service: Service, job: str, write: Write, journal: str) -> None:
    path = write("t.jsonl", as_lines(TASKS[:3]))
    assert service.submit(job, path, "--journal", journal).code == 0
    ran = service.submit(job, path, "--journal", journal)
    assert (ran.code, ran.out) == (2, "")
    assert ran.err == f"batchio: --journal {journal}: the file is there already; --resume goes on with it\n"
    # One that is missing or empty is begun.
    Path(journal).write_bytes(b"")
    assert service.submit(job, path, "--journal", journal, "--on-exists", "ok").code == 0
    Path(journal).unlink()
    assert service.submit(job, path, "--journal", journal, "--resume", "--on-exists", "ok").code == 0


def test_another_job_is_refused(service: Service, job: str, write: Write, journal: str) -> None:
    path = write("t.jsonl", as_lines(TASKS[:3]))
    assert service.submit(job, path, "--journal", journal).code == 0
    ran = service.submit(f"{job}-b", path, "--journal", journal, "--resume")
    assert (ran.code, ran.out) == (2, "")
    assert f"batchio: journal {journal}: it is the journal of job '{job}' at http" in ran.err
    assert service.ids(f"{job}-b") == []


def test_a_changed_input_is_refused(service: Service, job: str, write: Write, journal: str) -> None:
    path = write("t.jsonl", as_lines(TASKS))
    ran = interrupted(service, job, path, journal)
    before = service.ids(job)
    words = command_in(ran)
    write("t.jsonl", as_lines([task("another"), *TASKS[1:]]))
    ran = service.run(*words)
    assert ran.code == 2
    assert "the input has changed: tasks 0 to " in ran.err
    assert "to go on" not in ran.err
    assert service.ids(job) == before
    write("t.jsonl", as_lines(TASKS))
    assert service.run(*words).code == 0


def test_standard_input(service: Service, job: str, journal: str) -> None:
    service.put_faults({"operation": "Tasks_CreateTaskCollection", "status": 404, "code": "JobNotFound", "first": 4})
    ran = service.submit(job, "-", "--journal", journal, "--max-requests", "1", stdin=as_lines(TASKS[:1_000]))
    service.put_faults()
    assert ran.code == 3
    assert "to go on, with the same standard input:\n  batchio submit " in ran.err
    ran = service.submit(job, "-", "--journal", journal, "--resume", stdin=as_lines(TASKS[:1_000]))
    assert ran.code == 0, ran.err
    assert len(service.ids(job)) == 1_000


def test_failures_are_kept_over_all_runs(
    service: Service, job: str, write: Write, journal: str, tmp_path: Path
) -> None:
    """What is sent again is not among them."""
    failures = tmp_path / "failures.jsonl"
    tasks = [{**each, "constraints": {"maxTaskRetryCount": "x"}} if at == 5 else each for at, each in enumerate(TASKS)]
    tasks[-1] = task("frame-0")
    path = write("t.jsonl", as_lines(tasks))
    ran = interrupted(service, job, path, journal, "--failures", str(failures))
    assert ran.code == 130
    first = failures.read_bytes()
    ran = service.run(*command_in(ran))
    assert failures.read_bytes().startswith(first)
    kept = [json.loads(line)["id"] for line in failures.read_bytes().splitlines()]
    assert len(kept) == ran.json["taken"] - ran.json["added"]
    assert "frame-0" in kept


def test_a_second_process_is_refused(service: Service, job: str, write: Write, journal: str) -> None:
    path = write("t.jsonl", as_lines(TASKS))
    service.put_faults({"operation": "Tasks_CreateTaskCollection", "latency": 3.0})
    process = start(
        *("submit", job, path, "--create-job", "--pool", "farm", "--journal", journal, "--progress", "0.02"),
        environment=service.environment,
    )
    wait_for(process, b" in flight")
    ran = service.submit(job, path, "--journal", journal, "--resume")
    assert (ran.code, ran.err) == (2, f"batchio: journal {journal}: another run is using it\n")
    service.put_faults()
    assert ended(process).code == 0
    assert len(service.ids(job)) == MANY


LIMITED = "import resource, sys; resource.setrlimit(resource.RLIMIT_FSIZE, (250, 250)); "


def test_a_disk_that_is_full(service: Service, job: str, write: Write, journal: str) -> None:
    path = write("t.jsonl", as_lines(TASKS))
    words = ["submit", job, path, "--create-job", "--pool", "farm", "--journal", journal, "--max-requests", "1"]
    done = subprocess.run(  # noqa: S603 - our own command
        [sys.executable, "-c", f"{LIMITED}from batchio.__main__ import main; main()", *words],
        env=service.environment,
        capture_output=True,
        timeout=60,
        check=False,
    )
    ran = Ran(done.returncode, done.stdout, done.stderr)
    assert ran.code == 3, ran.err
    assert f"journal {journal}: file too large" in ran.err
    ran = service.run(*command_in(ran), "--json")
    assert ran.code == 0, ran.err
    assert ran.json["added"] == MANY
    assert len(service.ids(job)) == MANY


# What it takes, and what is said.


@pytest.mark.parametrize(
    ("arguments", "word"),
    [
        ("--resume", "--resume needs --journal"),
        ("--journal GOOD", "--journal: this is the file that is read"),
        ("--journal j --failures ./j", "--journal: this is the file of --failures"),
        ("--journal j --emulator", "--journal: the service of --emulator ends with this command"),
    ],
)
def test_wrong_use(write: Write, capfd: pytest.CaptureFixture[str], arguments: str, word: str) -> None:
    good = write("good.jsonl", as_lines(TASKS[:1]))
    assert app.run(["submit", "job", good, *arguments.replace("GOOD", good).split()]) == 2
    out, err = capfd.readouterr()
    assert word in err
    assert out == ""


@pytest.mark.parametrize(
    ("content", "word"),
    [
        (None, "no such file or directory"),
        (b"", "it does not begin as a journal of batchio does"),
        (b"something else", "it does not begin as a journal of batchio does"),
        (b"batchio\n\x07\x00\x00\x00\x00\x00", "its format is version 7, and this batchio knows 1 at most"),
    ],
)
def test_what_cannot_be_shown(
    capfd: pytest.CaptureFixture[str], journal: str, content: bytes | None, word: str
) -> None:
    if content is not None:
        Path(journal).write_bytes(content)
    assert app.run(["journal", "show", journal]) == 2
    out, err = capfd.readouterr()
    assert (out, err) == ("", f"batchio: journal {journal}: {word}\n")
    assert app.run(["journal", "show", "--bogus"]) == 2
    assert "unknown option --bogus" in capfd.readouterr().err
    assert app.run(["journal", "show", os.path.dirname(journal)]) == 2  # noqa: PTH120 - a text


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no pipes with a name")
def test_a_pipe_is_not_waited_for(capfd: pytest.CaptureFixture[str], journal: str) -> None:
    os.mkfifo(journal)
    assert app.run(["journal", "show", journal]) == 2
    assert capfd.readouterr().err == f"batchio: journal {journal}: it is no regular file\n"


def test_of_what_is_no_journal_little_is_read(journal: str, monkeypatch: pytest.MonkeyPatch) -> None:
    Path(journal).write_bytes(b"x" * 10_000_000)
    sizes: list[int] = []
    real = os.read

    def counted(descriptor: int, most: int) -> bytes:
        sizes.append(most)
        return real(descriptor, most)

    monkeypatch.setattr(os, "read", counted)
    for look in (journal_file.read, lambda path: journal_file.JournalFile.open(path, "x", "y", datetime.now(UTC))):
        with pytest.raises(ConfigurationError, match="it does not begin as a journal of batchio does"):
            look(journal)
    assert sum(sizes) < 5_000_000


def test_a_journal_of_very_many_gaps_is_added_up(journal: str) -> None:
    opened = journal_file.JournalFile.open(journal, "https://acme", "render", datetime.now(UTC))
    digest, to, gaps = Digest(), opened.chain, range(0, 10 * BLOCK, 2)
    opened.write(b"".join(map(to.block, digest.add([f"t-{at}" for at in range(10 * BLOCK)]))))
    opened.write(b"".join(to.range(Kind.ADDED, at, at + 1) + to.range(Kind.MAYBE, at + 1, at + 2) for at in gaps))
    opened.write(to.end(10 * BLOCK, Ending.STOPPED))
    opened.close()
    found = as_mapping(read(journal))
    assert (found["added"], found["open"], found["maybe_added"]) == (len(gaps),) * 3


def shown(capfd: pytest.CaptureFixture[str], journal: str) -> tuple[list[str], dict[str, Any]]:
    assert app.run(["journal", "show", journal]) == 0
    words = capfd.readouterr().out.splitlines()
    assert app.run(["journal", "show", journal, "--json"]) == 0
    found: dict[str, Any] = json.loads(capfd.readouterr().out)
    assert found["settled"] + found["open"] == found["read"]
    assert found["added"] + found["existed"] + found["rejected"] == found["settled"]
    return words, found


def test_a_journal_in_words_and_in_json(
    service: Service, job: str, write: Write, journal: str, capfd: pytest.CaptureFixture[str]
) -> None:
    path = write("t.jsonl", as_lines([*TASKS, task("FRAME-1")]))
    interrupted(service, job, path, journal)
    words, found = shown(capfd, journal)
    assert f"the journal of job {job} at {service.endpoint}, begun 20" in words[0]
    assert words[1] == f"{found['settled']:,} tasks settled of {found['read']:,} that were read so far"
    assert f"  added     {found['added']:,}" in words
    assert any(line.endswith("open, for a resumed run to send; 0 of them may be in the job already") for line in words)
    assert f"  tasks {found['added']:,} to {found['read'] - 1:,}" in words
    assert words[-1] == "the last run was stopped before the end of its input"
    assert (found["job"], found["last_run"], found["complete"]) == (job, "stopped", False)
    service.submit(job, path, "--journal", journal, "--resume")
    words, found = shown(capfd, journal)
    assert words[1:] == [
        f"complete: all {MANY + 1:,} tasks of the input are settled",
        f"  added     {MANY:,}",
        "  existed   1",
        "errors    TaskExists 1",
        "the last run has read all of its input",
    ]
    assert (found["complete"], found["runs_ended"], found["bytes_lost"]) == (True, 2, 0)
    # A damage, and what a crash leaves.
    data = Path(journal).read_bytes()
    Path(journal).write_bytes(data[:-20] + b"x")
    words, found = shown(capfd, journal)
    assert words[-1].startswith(f"damaged: the last {found['bytes_lost']} of {found['bytes']:,} bytes")
    assert found["maybe_added"] == found["open"]
    assert read(journal).lost == found["bytes_lost"]


def test_help_tells_of_it() -> None:
    for words in (("journal", "--help"), ("journal", "show", "--help"), ("submit", "--help")):
        ran = run(*words, environment=environment())
        assert (ran.code, ran.err) == (0, "")
        assert "journal" in ran.out.lower()


names = st.text(st.characters(exclude_categories=["Cs", "Cc"]), min_size=1, max_size=8)


@given(names, names, st.integers(1, 9), st.booleans())
def test_the_command_means_the_same_again(file: str, journal: str, attempts: int, quiet: bool) -> None:  # noqa: FBT001 - drawn
    options = SubmitOptions(journal=journal, attempts=attempts, quiet=quiet, failures=file, deadline=1.5)
    words = shlex.split(how_to_go_on("job", "tasks", options))
    assert words[:4] == ["batchio", "submit", "job", "tasks"]
    _, bound, *_ = app.app.parse_args(words[1:], exit_on_error=False, print_error=False)
    assert bound.arguments["options"] == SubmitOptions(
        journal=journal, resume=True, attempts=attempts, quiet=quiet, failures=file, deadline=1.5
    )
