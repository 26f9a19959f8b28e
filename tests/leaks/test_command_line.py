"""The command line: what it prints, what it writes, and what other processes can see of it."""

from __future__ import annotations

import asyncio
import gzip
import json
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest
from cli.conftest import SECONDS, as_lines, environment, run, start
from session.server import Server, answer
from test_operations import OPERATIONS

from batchio import to_wire
from batchio.cli import app
from batchio.cli.calls.fields import secrets_of
from batchio.cli.calls.names import names_of
from batchio.cli.calls.question import destroys

from .marks import KEY, check, mark, sas
from .planting import planted, tasks
from .test_library import ANSWERS, ECHOES, spoken
from .test_submissions import SERVICES

# What others may read of a process: its arguments always, and its environment where they are the same user.
PROC = Path("/proc/self/cmdline").exists()


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    """A scripted server in a thread, because a command has a loop of its own."""
    with asyncio.Runner() as runner:
        loop = runner.get_loop()
        thread = threading.Thread(target=loop.run_forever)
        thread.start()
        server = Server()
        asyncio.run_coroutine_threadsafe(server.__aenter__(), loop).result(SECONDS)
        yield server
        asyncio.run_coroutine_threadsafe(server.__aexit__(), loop).result(SECONDS)
        loop.call_soon_threadsafe(loop.stop)
        thread.join()


Said = Callable[..., str]


@pytest.fixture
def said(server: Server, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str], tmp_path: Path) -> Said:
    """Run a command in an environment full of secrets; gives what it printed, which is looked at already."""
    monkeypatch.chdir(tmp_path)
    for name, value in {
        "AZURE_BATCH_ENDPOINT": server.endpoint,
        "AZURE_BATCH_ACCOUNT": "acme",
        "AZURE_BATCH_ACCESS_KEY": KEY,
        "AZURE_CLIENT_SECRET": mark("client-secret"),
        "AZ_BATCH_AUTHENTICATION_TOKEN": mark("task-token"),
        "BATCHIO_PASSWORD": mark("environment"),
        "BATCHIO_DEBUG": "1",
        "https_proxy": f"http://user:{mark('proxy')}@proxy.invalid:3128",
    }.items():
        monkeypatch.setenv(name, value)

    def command(*arguments: str, code: int | None = None) -> str:
        found = app.run(arguments)
        out, err = capfd.readouterr()
        check(out + err, " ".join(arguments))
        assert code is None or found == code, (found, out, err)
        return out + err

    return command


def _body(folder: Path, body: Any) -> str:
    path = folder / "body.json"
    path.write_bytes(msgspec.json.encode(to_wire(body)))
    return str(path)


@pytest.mark.parametrize("way", ["refused", "not let in", "half"])
def test_calls(server: Server, said: Said, tmp_path: Path, way: str) -> None:
    say = {**ECHOES, **ANSWERS}[way]
    server.otherwise = spoken(say)
    rows = list(OPERATIONS.values())
    for row in rows if way == "refused" else rows[::9]:
        names = names_of(row)
        words = [names.group, names.command, *["x"] * len(row.parameters)]
        if row.body:
            words += ["--json", _body(tmp_path, planted(row.body))]
        if destroys(row):
            words.append("--yes")
        said(*words)


@pytest.mark.parametrize("how", ["table", "json", "jsonl"])
def test_what_was_read(server: Server, said: Said, how: str) -> None:
    found: dict[str, Any] = {
        "id": "t",
        "url": sas("url"),
        "commandLine": f"get '{sas('command')}'",
        "resourceFiles": [],
    }
    found["resourceFiles"] = [{"httpUrl": sas("http"), "filePath": "f"}]
    found["containerSettings"] = {"imageName": "i", "registry": {"username": "u", "password": mark("registry")}}
    server.otherwise = answer(200, found)
    if how == "table":
        assert "commandLine" in said("tasks", "get", "j", "t", "-o", how, code=0)
        return
    # For programs it is whole: it can be changed and sent back.
    with pytest.raises(pytest.fail.Exception, match="marked"):
        said("tasks", "get", "j", "t", "-o", how, code=0)


SUBMIT = ["submit", "j", "tasks.jsonl", "--attempts", "1", "--patience", "0.2"]
KEPT = ["--failures", "failures.jsonl", "--journal", "run.journal"]


@pytest.mark.parametrize("way", ["each in its way", "refused", "not let in"])
def test_submit(server: Server, said: Said, tmp_path: Path, way: str) -> None:
    say = SERVICES[way]
    job = answer(200, {"id": "j", "state": "active"})
    server.otherwise = lambda heard: job if heard.method == "GET" else say(heard)
    (tmp_path / "tasks.jsonl").write_bytes(as_lines(list(map(to_wire, tasks(20)))))
    said(*SUBMIT, *KEPT)
    said(*SUBMIT, *KEPT, "--resume", "--json")
    check((tmp_path / "run.journal").read_bytes(), "journal")
    said("journal", "show", "run.journal")
    said("journal", "show", "run.journal", "--json")
    # What failed can be submitted again, which needs the secrets.
    failed = (tmp_path / "failures.jsonl").read_bytes().splitlines()
    assert all(json.loads(line)["environmentSettings"] for line in failed)


BAD_LINES = {
    "no JSON": b'{"id": "a", "commandLine": "%s\n',
    "a property too many": b'{"id": "a", "commandLine": "x", "%s": 1}\n',
    "a wrong type": b'{"id": "a", "commandLine": "x", "constraints": "%s"}\n',
    "a wrong value": b'{"id": "a", "commandLine": "x", "constraints": {"retentionTime": "%s"}}\n',
    "no id": b'{"commandLine": "%s"}\n',
    "not UTF-8": b'{"id": "a", "commandLine": "%s\xff"}\n',
    "no object": b'"%s"\n',
}


@pytest.mark.parametrize("bad", BAD_LINES)
def test_lines_that_are_no_tasks(said: Said, tmp_path: Path, bad: str) -> None:
    line = BAD_LINES[bad] % (mark("typo") if bad == "a property too many" else sas("line")).encode()
    if bad == "a property too many":
        line = line.replace(mark("typo").encode(), b"passwort")
    (tmp_path / "tasks.jsonl").write_bytes(line)
    with gzip.open(tmp_path / "tasks.jsonl.gz", "wb") as packed:
        packed.write(line)
    for file in ("tasks.jsonl", "tasks.jsonl.gz"):
        assert "tasks.jsonl" in said("submit", "j", file, "--dry-run")
        said("submit", "j", file, "--dry-run", "--json", "--on-bad-line", "skip")


def test_a_template_and_its_rows(said: Said, tmp_path: Path) -> None:
    template = {
        "id": "frame-{frame}",
        "commandLine": f'sh -c "get \\"{sas("command")}\\" --token={mark("command")}" {{frame}}',
        "resourceFiles": [{"httpUrl": sas("template"), "filePath": "f"}],
        "containerSettings": {"imageName": "i", "registry": {"username": "u", "password": mark("registry")}},
    }
    (tmp_path / "template.json").write_text(json.dumps(template))
    (tmp_path / "rows.csv").write_text(f"frame,url\n1,{sas('row')}\n2 3,{sas('row')}\n")
    words = ["submit", "j", "--template", "template.json", "--dry-run"]
    assert "frame-9" in said(*words, "--sweep", "frame=1..9", code=0)
    assert "frame-9" in said(*words, "--sweep", "frame=1..9", "--json", code=0)
    assert "rows.csv" in said(*words, "--rows", "rows.csv", code=2)


@pytest.mark.parametrize("way", ["done", "refused"])
def test_what_looks_on(server: Server, said: Said, way: str) -> None:
    say = {**ECHOES, **ANSWERS}[way]
    server.otherwise = spoken(say)
    assert "AZURE_CLIENT_SECRET" in said("doctor")
    said("doctor", "--json")
    said("watch", "j", "--timeout", "0.1", "--interval", "0.05")
    said("watch", "j", "--timeout", "0.1", "--interval", "0.05", "--json")
    said("tail", "j", "t", f"out?{sas('name')}")
    said("download", "j", "t", "*.exr", "--to", "here")


def test_words_alone(said: Said) -> None:
    assert "batchio" in said("completion", "bash", code=0)
    for words in (["--help"], ["submit", "--help"], ["doctor", "--help"]):
        said(*words, code=0)


def test_no_secret_has_an_option(said: Said) -> None:
    for row in OPERATIONS.values():
        if row.body is not None:
            names = names_of(row)
            text = said(names.group, names.command, "--help", code=0)
            for name in secrets_of(row.body):
                assert f"--{name.replace('_', '-')} " not in text
                assert f"--ask-{name.replace('_', '-')}" in text


def _environments(pid: int) -> Iterator[tuple[str, bytes, bytes]]:
    """Of a process and all below it: the name, the arguments, the environment."""
    for each in Path("/proc").glob("[0-9]*"):
        try:
            parent = int((each / "stat").read_text().rpartition(")")[2].split()[1])
            found = (each / "cmdline").read_bytes(), (each / "environ").read_bytes()
        except OSError:
            continue
        if int(each.name) == pid:
            yield "self", *found
        elif parent == pid:
            yield each.name, *found
            yield from _environments(int(each.name))


@pytest.mark.skipif(not PROC, reason="no /proc here")
def test_what_other_processes_see(tmp_path: Path) -> None:
    settings = environment(
        AZURE_BATCH_ACCESS_KEY=KEY, BATCHIO_PASSWORD=mark("password"), https_proxy=f"http://u:{mark('proxy')}@x.invalid"
    )
    with start("emulator", "--json", "--nodes", "process", environment=settings) as process:
        try:
            assert process.stdout is not None
            ready = json.loads(process.stdout.readline())
            own = {"AZURE_BATCH_ENDPOINT": ready["endpoint"], "AZURE_BATCH_ACCOUNT": ready["account"]}
            client = environment(**own, AZURE_BATCH_ACCESS_KEY=ready["key"])
            pool = tmp_path / "pool.json"
            pool.write_text(json.dumps({"id": "p", "vmSize": "a", "targetDedicatedNodes": 1}))
            assert run("pools", "create", "--json", str(pool), environment=client).code == 0
            lines = as_lines([{"id": "t", "commandLine": '/bin/sh -c \'env; tr "\\0" "\\n" < /proc/$PPID/environ\''}])
            words = ["submit", "j", "-", "--create-job", "--pool", "p", "--terminate-when-done"]
            assert run(*words, environment=client, stdin=lines).code == 0
            assert run("watch", "j", "--interval", "0.05", environment=client).code == 0
            printed = run("tail", "j", "t", "stdout.txt", environment=client)
            assert "AZ_BATCH_TASK_ID=t" in printed.out
            check(printed.out, "what a task sees")
            for name, arguments, variables in _environments(process.pid):
                check(arguments, f"arguments of {name}")
                if name != "self":
                    check(variables, f"environment of {name}")
        finally:
            process.terminate()
            out, err = process.communicate(timeout=SECONDS)
            check(out + err, "emulator")
