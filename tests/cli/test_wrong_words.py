"""Wrong command lines, by the dozen: each ends before anything is sent, in one line that names what is wrong."""

from __future__ import annotations

import re
import shlex
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from batchio import ConfigurationError, sweep
from batchio.cli import app

from .conftest import environment

WRONG = r"""
[bogus]
[sumbit] j f <"submit">
[job] list <"jobs">
jobs [lst] <"list">
jobs list [extra]
jobs list [--filtr] x <Did you mean --filter>
jobs list [--limit]
jobs list [--limit] x
jobs list [--limit] 1.5 <whole number>
jobs list [--limit] 1e3
jobs list [--limit] ''
jobs list [--limit] -1
jobs list [--page-size] 0
jobs list [--page-size] 5000
jobs list [--timeout] 0
jobs list [--timeout] -1
jobs list [--timeout] nan
jobs list [--timeout] x
jobs list [--server-timeout] 0
jobs list [--filter] ''
jobs list [--select] ''
jobs list [--select]
jobs list [-o] xml <jsonl>
jobs list [-o]
jobs list [-o] ''
jobs list [--client-request-id] 'a b'
jobs list [--api-version] 2024 <2025-06-01>
jobs list [--api-version]
jobs list [--no-help]
jobs get <JOB>
jobs get '' <JOB>
jobs get ' ' <JOB>
jobs get 'a b' <JOB>
jobs get a/b <JOB>
jobs get .. <JOB>
jobs get é <JOB>
tasks get j 'a b' <TASK>
tasks get j t [extra]
tasks get j <TASK>
files get j t <PATH>
files get j t '' <PATH>
applications get '' <APPLICATION>
jobs get j [--if-modified-since] yesterday
jobs get j [--if-modified-since] 2024-01-01
jobs get j [--if-modified-since] 2024-01-01T00:00:00
jobs get j [--if-match] ''
jobs get j [--json] x
jobs create <--json FILE> <--id>
jobs create [--id]
jobs create --id a <poolInfo>
jobs create [--id] 'a b' --pool-id p
jobs create --id a --pool-id p [--priority] high
jobs create --id a --pool-id p [--priority] 99999
jobs create --id a --pool-id p [--priority] 1.5
jobs create --id a --pool-id p [--on-all-tasks-complete] boom <terminatejob>
jobs create --id a --pool-id p [--max-wall-clock-time] 3h <PT1H30M>
jobs create --id a --pool-id p [--max-wall-clock-time] ''
jobs create --id a --id b --pool-id p <--id>
jobs create [--json]
jobs create [--json] ''
jobs create --json [nofile.json]
jobs create --json [folder]
jobs create --json [latin.json] <UTF-8>
jobs create --json [list.json] <a JSON object>
jobs create --json [text.json] <a JSON object>
jobs create --json [nan.json] <NaN>
jobs create --json [twice.json] <twice>
jobs create --json [deep.json] <nested too deeply>
jobs create --json [empty] <not JSON>
jobs create --json [/dev/null] <not JSON>
jobs create --json [/dev/zero] <more than 64 MiB>
jobs create --json task.json <--id>
jobs replace j --json '{"a":1}' <no such file>
jobs delete [j] <--yes>
jobs delete j [--yes]=maybe
jobs terminate [j] <--yes>
jobs update j <--priority>
jobs disable j <--disable-tasks>
jobs disable j [--disable-tasks] never <requeue>
tasks create j <--command-line>
tasks create j --id x <--command-line>
tasks create j --id x [--command-line]
tasks create-collection j --json [list.json]
tasks delete j [t] <--yes>
files get j t f [--start] x
files get j t f [--start] -1
files get j t f --start 5 [--end] 2
files get j t f [--to] ''
nodes create-user p n --name bob [--password] x <--ask-password>
nodes create-user p n --name bob [--ask-password] <no terminal>
nodes reboot p <NODE>
nodes reboot p n [--node-reboot-option] now <taskcompletion>
pools resize p <--target-dedicated-nodes>
pools resize p [--target-dedicated-nodes] x
pools resize p [--target-dedicated-nodes] 99999999999999999999999
pools evaluate-auto-scale p <--auto-scale-formula>
pools remove-nodes p --yes <--node-list>
pools remove-nodes p [--node-list] --yes
certificates get sha1 <THUMBPRINT>
schedules create --id s <schedule>
watch <JOB>
watch '' <JOB>
watch 'a b' <JOB>
watch j [--interval] 0
watch j [--interval] nan
watch j [--interval] x
watch j [--timeout] 0
watch j [--timeout] inf
watch j [--until] never <tasks>
watch j [--exit-status]=maybe
watch j [k]
watch j [--jsn] <--json>
tail j t <FILE>
tail j t '' <FILE>
tail j t f [-n]
tail j t f [-n] 1.5
tail j t f <--lines> -n -1
tail j t f [--interval] 0
tail j t f [--folow] <--follow>
download j <TASK>
download j t '' <PATTERN>
download j t '*' [--to] task.json <no directory>
download j t '*' [--to] ''
download j t '*' [--at-once] 0
download j t '*' [--at-once] 2.5
download ../.. t <JOB>
doctor [x]
doctor [--timeout] 0
doctor [--timeout] x
completion <SHELL>
completion tcsh <zsh>
journal show <FILE>
journal show '' <FILE>
journal show [nofile]
journal show [folder] <directory>
journal show [task.json]
journal [sho] x <"show">
demo [--tasks] 0
demo [--tasks] 1.5
demo [x]
emulator [--port] -1
emulator [--port] ''
emulator [--host] ''
emulator [--account] ''
emulator [--nodes] all <simulate>
emulator [--db] ''
emulator [--db] folder
emulator [--faults] ''
emulator --faults [list.json]
emulator [--latency] nan
submit <JOB>
submit '' task.json <JOB>
submit 'a b' task.json <JOB>
submit j <FILE>
submit j '' <FILE>
submit j task.json [--template]
submit j [--template] '' --rows rows.csv
submit j --template task.json [--rows] ''
submit j --template task.json [--rows] twice.csv <n>
submit j --template [deep.json] --sweep n=1..3 <nested too deeply>
submit j --template [latin.json] --sweep n=1..3 <UTF-8>
submit j --template [list.json] --sweep n=1..3
submit j --template [nan.json] --sweep n=1..3
submit j --template [folder] --sweep n=1..3 <directory>
submit j --template task.json [--sweep] ''
submit j --template task.json [--sweep] =1..3
submit j --template task.json [--sweep] n=1..99999999999999999999 <18 digits>
submit j --template task.json [--sweep] n=1..4000000000,m=1..4000000000 <counted>
submit j --template task.json --sweep m=1..3 <{n} names nothing>
submit j --template task.json --sweep 'n=a b|c' <letters>
submit j --template task.json --sweep n=1..3 [--id] ''
submit j --template task.json --sweep n=1..3 --id '{n:080d}' <64>
submit j --template task.json --sweep n=1..3 [--shard] 1/0 <1/N>
submit j --template task.json --sweep n=1..3 [--shard] -1/4
submit j task.json [--attempts] 0
submit j task.json [--attempts] 1.5
submit j task.json [--attempts] 1e3
submit j task.json [--patience] nan
submit j task.json [--deadline] nan
submit j task.json [--progress] nan
submit j task.json [--on-exist] ok <--on-exists>
submit j task.json [--resume] <--journal>
submit j task.json [--journal]
submit j task.json [--journal] ''
submit j task.json [--journal] folder <directory>
submit j task.json [--journal] rows.csv <--resume>
submit j task.json [--failures] ''
submit j task.json [--job-json] ''
submit j task.json --job-json [nofile]
submit j task.json --create-job [--pool] ''
submit j task.json [--key] secret
submit j task.json [--endpoint] http://x
submit j task.json [--api-version] ''
[--versio]
[-x]
"""
LINES = WRONG.strip().splitlines()
FILES = {
    "latin.json": b'{"id":"\xe9"}',
    "list.json": b"[1]",
    "text.json": b'"x"',
    "nan.json": b'{"id":NaN}',
    "twice.json": b'{"id":"a","id":"b"}',
    "deep.json": b'{"a":' * 100_000,
    "empty": b"",
    "task.json": b'{"id":"{n}","commandLine":"x {n}"}',
    "good.jsonl": b'{"id":"a","commandLine":"x"}',
    "rows.csv": b"n\n1\n",
    "twice.csv": b"n,n\n1,2\n",
}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("wrong")
    for name, content in FILES.items():
        (path / name).write_bytes(content)
    (path / "folder").mkdir()
    return path


@pytest.fixture
def nobody(folder: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """An account that does not answer: what is sent there ends with another code."""
    monkeypatch.chdir(folder)
    monkeypatch.setenv("AZURE_BATCH_ENDPOINT", "http://127.0.0.1:9")
    monkeypatch.setenv("AZURE_BATCH_ACCOUNT", "account")
    monkeypatch.setenv("AZURE_BATCH_ACCESS_KEY", "a2V5")
    before = sorted(folder.iterdir())
    yield
    assert sorted(folder.iterdir()) == before


@pytest.mark.parametrize("line", LINES)
@pytest.mark.usefixtures("nobody")
def test_what_is_wrong_is_named(line: str, capfd: pytest.CaptureFixture[str]) -> None:
    """In [brackets] what is given and has to be named, in <those> what has to be said as well."""
    words = shlex.split(re.sub(r"[\[\]]", "", re.sub(r"<[^>]*>", "", line)))
    assert app.run(words) == 2
    out, err = capfd.readouterr()
    assert out == ""
    assert err.startswith("batchio: ")
    assert err.count("\n") == 1
    assert "of batchio itself" not in err
    for said in re.findall(r"\[([^]]*)\]|<([^>]*)>", line):
        assert "".join(said) in err


def test_there_are_many_of_them() -> None:
    assert len(LINES) == len(set(LINES)) > 170


@pytest.mark.parametrize(
    "words",
    ["--version", "--help", "jobs --help", "completion bash", "doctor", "submit j good.jsonl --dry-run"],
)
def test_a_full_disk_is_told(words: str, folder: Path) -> None:
    if not Path("/dev/full").exists():
        pytest.skip("there is no /dev/full")
    with Path("/dev/full").open("wb") as full:
        ran = subprocess.run(  # noqa: S603 - our own command
            [sys.executable, "-m", "batchio", *words.split()],
            cwd=folder,
            env=environment(),
            stdout=full,
            stderr=subprocess.PIPE,
            check=False,
        )
    assert (ran.returncode, ran.stderr) == (2, b"batchio: standard output: no space left on device\n")


@pytest.mark.parametrize("locale", [{}, {"LC_ALL": "C", "PYTHONCOERCECLOCALE": "0", "PYTHONUTF8": "0"}])
@pytest.mark.parametrize("words", [[b"jobs", b"get", b"\xff"], [b"submit", b"j", b"\xff.jsonl"], [b"\xff"]])
def test_bytes_that_are_no_text(words: list[bytes], locale: dict[str, str]) -> None:
    ran = subprocess.run(  # noqa: S603 - our own command
        [sys.executable.encode(), b"-m", b"batchio", *words],
        env=environment(AZURE_BATCH_ENDPOINT="http://127.0.0.1:9", **locale),
        capture_output=True,
        check=False,
    )
    assert ran.returncode == 2
    assert ran.stderr.startswith(b"batchio: ")
    assert rb"\udcff" in ran.stderr


def test_an_endpoint_that_is_none_is_named_as_it_was_given(
    monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("AZURE_BATCH_ENDPOINT", "ftp://x")
    for words in ("jobs list", "watch j", "tail j t f", "download j t"):
        assert app.run(words.split()) == 2
        assert capfd.readouterr().err.startswith("batchio: AZURE_BATCH_ENDPOINT: ")


def test_a_sweep_that_cannot_be_counted() -> None:
    with pytest.raises(ConfigurationError, match="more tasks than can be counted"):
        sweep({"id": "{n}-{m}", "commandLine": "x"}, n=range(2**62), m=range(4))
