"""Wrong use gets one clear line and exit code 2; nothing ever shows a traceback."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from batchio.cli import app
from batchio.cli.codes import Exit

from .conftest import as_lines, environment, run, task

Write = Callable[[str, bytes], str]


@pytest.fixture
def good(write: Write, monkeypatch: pytest.MonkeyPatch) -> str:
    for name in os.environ:
        if name.startswith(("AZURE_", "AZ_")):
            monkeypatch.delenv(name)
    return write("good.jsonl", as_lines([task("a")]))


@pytest.mark.parametrize(
    ("arguments", "word"),
    [
        ("submit", "JOB requires an argument"),
        ("submit job", "FILE is needed, or --template with --rows or --sweep"),
        ("submit job GOOD --sweep n=1..2", "FILE and --sweep: one input is read"),
        ("submit job --rows GOOD --sweep n=1..2", "--rows and --sweep: one input is read"),
        ("submit job GOOD --template GOOD", "--template needs --rows or --sweep; the tasks in FILE are whole"),
        ("submit job GOOD --id {n}", "--id needs --rows or --sweep"),
        ("submit job --sweep n=1..2", "--sweep needs --template"),
        ("submit job --rows GOOD", "--rows needs --template"),
        ("submit job --sweep n=1..2 --template FOLDER/missing", "--template FOLDER/missing: there is no such file"),
        ("submit job --sweep n=1..2 --template GOOD --id a", "--template: id: every value of n gives the id a again"),
        ("submit job --sweep n --template GOOD", "--sweep: 'n' is no axis"),
        ("submit job --sweep n=1..2,,m=1 --template GOOD", "--sweep: '' is no axis"),
        ("submit job --sweep n=1,n=2 --template GOOD", "--sweep: n comes twice"),
        ("submit job --sweep n=1..x --template GOOD", "--sweep: n=1..x: a range is whole numbers"),
        ("submit job --sweep n=1..9..0 --template GOOD", "--sweep: n=1..9..0: steps of 0 lead nowhere"),
        ("submit job --sweep n=9..1 --template GOOD", "--sweep: n=9..1 holds no value; 1..9 counts up"),
        ("submit job GOOD --shard 2", "--shard: 1/N to N/N, not 2"),
        ("submit job GOOD --shard 4/3", "--shard: 1/3 to 3/3, not 4/3"),
        ("submit job GOOD --shard 0/3", "--shard: 1/3 to 3/3, not 0/3"),
        ("submit job GOOD --shard 1/2 --terminate-when-done", "--terminate-when-done: a shard does not know"),
        ("submit job GOOD --create-job --pool p --job-json GOOD", "--create-job and --job-json"),
        ("submit job GOOD --pool p --job-json GOOD", "--pool: the file of --job-json says where the job runs"),
        ("submit job GOOD --wait-for-quota", "--wait-for-quota is for a job that is created"),
        ("submit job GOOD --quota-timeout 0", "--quota-timeout: seconds above 0"),
        ("submit job GOOD --job-json GOOD", "--job-json GOOD: this is job 'a', not 'job'"),
        ("submit a GOOD --job-json GOOD", "--job-json GOOD: commandLine: "),
        ("submit a GOOD --job-json FOLDER", "FOLDER: this is a directory"),
        ("submit job GOOD extra", "more than the command takes: 'extra'"),
        ("submit job GOOD --bogus", "Unknown option: --bogus"),
        ("submit job --bogus", "unknown option --bogus"),
        ("bogus", 'Unknown command "bogus"'),
        ("submit job GOOD --attempts many", "--attempts"),
        ("submit job GOOD --on-exists perhaps", "--on-exists"),
        ("submit job GOOD --create-job", "--create-job needs --pool"),
        ("submit job GOOD --pool farm", "--pool is for a job that is created"),
        ("submit job GOOD --progress 0", "--progress: seconds above 0"),
        ("submit job GOOD --failures GOOD", "--failures: this is the file that is read"),
        ("submit job GOOD", "AZURE_BATCH_ENDPOINT is not set"),
        ("submit job GOOD --emulator --attempts 0", "--attempts: at least 1, not 0"),
        ("submit job GOOD --emulator --patience -1", "--patience: seconds above 0"),
        ("submit job GOOD --emulator --max-requests 0", "--max-requests: at least 1"),
        ("submit job GOOD --emulator --deadline 0", "--deadline: seconds above 0"),
        ("submit bad/id GOOD --emulator", "id"),
        ("submit job GOOD --emulator --failures FOLDER/missing/x", "--failures FOLDER/missing/x: no such file"),
        ("submit job GOOD --emulator --failures FOLDER", "--failures FOLDER: is a directory"),
        ("submit job FOLDER", "FOLDER: this is a directory"),
        ("submit job FOLDER/missing", "FOLDER/missing: there is no such file"),
        ("submit job FOLDER/missing --dry-run", "FOLDER/missing: there is no such file"),
        ("emulator --port x", "--port"),
        ("emulator --port 70000", "--port: 0 to 65535"),
        ("emulator --nodes bogus", "--nodes"),
        ("emulator --db FOLDER/missing/x.db", "x.db cannot be used: no such file or directory"),
        ("emulator --latency -1", "latency"),
        ("emulator --host 256.1.1.1", "256.1.1.1"),
        ("emulator --faults FOLDER/missing", "--faults FOLDER/missing: no such file"),
        ("emulator --faults GOOD", "--faults GOOD: "),
        ("demo --tasks 0", "--tasks: at least 1"),
    ],
)
def test_wrong_use(good: str, tmp_path: Path, capfd: pytest.CaptureFixture[str], arguments: str, word: str) -> None:
    def real(text: str) -> str:
        return text.replace("GOOD", good).replace("FOLDER", str(tmp_path))

    code = app.run([real(each) for each in arguments.split()])
    out, err = capfd.readouterr()
    assert real(word) in err
    assert code == Exit.USAGE
    assert "Traceback" not in err
    assert out == ""


def test_an_unreadable_file(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "secret.jsonl"
    path.write_bytes(b"")
    path.chmod(0)
    if os.access(path, os.R_OK):
        pytest.skip("this user may read everything")
    assert app.run(["submit", "job", str(path)]) == 2
    assert capfd.readouterr().err == f"batchio: {path}: no permission\n"


@pytest.mark.parametrize(
    ("name", "content", "word"),
    [
        ("a.jsonl.gz", b"no gzip at all", "damaged gzip data"),
        ("b.jsonl.gz", b"\x1f\x8b\x08\x00cut", "damaged gzip data"),
        ("c.jsonl", b"\x1f\x8b\x08\x00", "this is gzip data"),
        ("d.jsonl", b"\xff\xfe{\x00}\x00", "1:1: the text is not UTF-8"),
        ("e.json", b'{"value": 7}', "the task has no id"),
        ("f.json", b'{"value": [', "the text ends before the array does"),
        ("g.jsonl", b'{"id": "a"}\n' * 3 + b'{"id": 1}\n' * 30, "g.jsonl:23:1: the task's id is not a string"),
    ],
)
def test_bad_content(write: Write, capfd: pytest.CaptureFixture[str], name: str, content: bytes, word: str) -> None:
    assert app.run(["submit", "job", write(name, content)]) == 2
    out, err = capfd.readouterr()
    assert word in err
    assert out == ""
    assert err.count("\n") <= 21


def test_an_error_of_ours_is_one_line(
    monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str], good: str
) -> None:
    def broken(*_: object) -> None:
        raise ZeroDivisionError("https://x?sig=SECRET")

    monkeypatch.setattr("batchio.cli.submit.open_input", broken)
    monkeypatch.delenv("BATCHIO_DEBUG", raising=False)
    assert app.run(["submit", "job", good]) == Exit.DEFECT
    err = capfd.readouterr().err
    assert err == (
        "batchio: ZeroDivisionError: https://x?sig=*** (an error of batchio itself; BATCHIO_DEBUG=1 shows where)\n"
    )
    monkeypatch.setenv("BATCHIO_DEBUG", "1")
    assert app.run(["submit", "job", good]) == Exit.DEFECT
    assert "Traceback" in capfd.readouterr().err


def test_help_names_every_command_and_exit_code() -> None:
    ran = run("--help", environment=environment())
    assert (ran.code, ran.err) == (0, "")
    for word in ("submit", "emulator", "demo", "Exit codes: 0 all added", "130 interrupted"):
        assert word in " ".join(ran.out.split())
    for command in ("submit", "emulator", "demo"):
        ran = run(command, "--help", environment=environment())
        assert (ran.code, ran.err) == (0, "")


def test_help_imports_nothing_heavy() -> None:
    heavy = (
        "batchio.client batchio.models batchio.emulator batchio.cli.submit batchio.cli.demo batchio.cli.calls aiohttp "
        "msgspec asyncio.runners rich.live rich.markdown azure.identity"
    )
    code = (
        "import sys; from batchio.cli import app; app.run(['--help'])\n"
        f"print([name for name in {heavy.split()} if name in sys.modules], file=sys.stderr)"
    )
    done = subprocess.run(  # noqa: S603 - our own command
        [sys.executable, "-c", code], env=environment(), capture_output=True, timeout=60, check=True
    )
    assert done.stderr == b"[]\n"


def test_without_the_extra_it_says_what_to_install() -> None:
    code = "import sys; sys.modules['cyclopts'] = None; from batchio.__main__ import main; main()"
    done = subprocess.run(  # noqa: S603 - our own command
        [sys.executable, "-c", code], env=environment(), capture_output=True, timeout=60, check=False
    )
    assert done.returncode == 2
    assert done.stderr == b"batchio: the command line needs more packages: pip install 'batchio[cli]'\n"


def test_standard_input_that_is_closed() -> None:
    done = subprocess.run(  # noqa: S602 - the shell's redirection is what is tested
        f"{sys.executable} -m batchio submit job - <&-",
        shell=True,
        env=environment(),
        capture_output=True,
        timeout=60,
        check=False,
    )
    assert (done.returncode, done.stderr) == (2, b"batchio: standard input is closed\n")
