"""Sweeps, rows and shards as processes against a real service: every task of an input once, whoever sends it."""

from __future__ import annotations

import json
import shlex
import signal
from collections.abc import Callable
from pathlib import Path

import pytest

from .conftest import Ran, Service, as_lines, ended, environment, run, start, task, wait_for_first_tasks

Write = Callable[[str, bytes], str]
TASK = {
    "id": "{camera}-{frame:06d}",
    "commandLine": "render {camera} {frame}",
    "environmentSettings": [{"name": "FRAME", "value": "{frame}"}],
}


@pytest.fixture
def template(write: Write) -> str:
    return write("task.json", json.dumps(TASK).encode())


def shards(service: Service, job: str, of: int, *arguments: str, folder: Path) -> list[Ran]:
    """Each shard as a process of its own, all at once, each with its own journal."""
    service.submit(job, "-", stdin=b"")
    processes = [
        start(
            *("submit", job, *arguments, "--shard", f"{number}/{of}", "--json"),
            *("--journal", str(folder / f"{number}.journal")),
            environment=service.environment,
        )
        for number in range(1, of + 1)
    ]
    return [ended(process) for process in processes]


@pytest.mark.slow
def test_a_sweep_of_100_000_tasks_in_three_shards(service: Service, job: str, template: str, tmp_path: Path) -> None:
    sweep = "camera=a|b|c|d,frame=1..25000"
    ran = shards(service, job, 3, "--template", template, "--sweep", sweep, folder=tmp_path)
    assert [each.code for each in ran] == [0, 0, 0], ran[0].err
    assert [each.json["added"] for each in ran] == [33_334, 33_333, 33_333]
    # Nothing existed, so that no two of them have sent the same; and all are there.
    found = service.ids(job)
    assert len(found) == 100_000
    assert set(found) == {f"{camera}-{frame:06d}" for camera in "abcd" for frame in range(1, 25_001)}


@pytest.mark.parametrize("name", ["FILE", "rows.csv", "rows.jsonl"])
def test_shards_of_a_file_and_of_rows(
    service: Service, job: str, template: str, write: Write, tmp_path: Path, name: str
) -> None:
    cells = [("ab"[at % 2], at) for at in range(1_000)]
    if name == "FILE":
        arguments = [write("t.jsonl", as_lines([task(f"{camera}-{at:06d}") for camera, at in cells]))]
    else:
        lines = (
            b"camera,frame\n" + b"".join(b"%s,%d\n" % (camera.encode(), at) for camera, at in cells)
            if name == "rows.csv"
            else as_lines([{"camera": camera, "frame": at} for camera, at in cells])
        )
        arguments = ["--template", template, "--rows", write(name, lines)]
    ran = shards(service, job, 2, *arguments, folder=tmp_path)
    assert [(each.code, each.json["added"]) for each in ran] == [(0, 500), (0, 500)], ran[0].err
    assert sorted(service.ids(job)) == sorted(f"{camera}-{at:06d}" for camera, at in cells)


def test_another_shard_cannot_go_on(service: Service, job: str, template: str, tmp_path: Path) -> None:
    arguments = ("--template", template, "--sweep", "camera=a|b,frame=1..50", "--journal", str(tmp_path / "j"))
    assert service.submit(job, *arguments, "--shard", "1/2").code == 0
    for more, words in ((("--shard", "2/2"), "not of shard 2/2"), ((), "not of a whole input")):
        ran = service.submit(job, *arguments, *more, "--resume")
        assert ran.code == 2
        assert f"it is the journal of shard 1/2, {words}" in ran.err
    ran = service.submit(job, *arguments, "--shard", "1/2", "--resume", "--json")
    assert (ran.code, ran.json["added"], ran.json["resumed"]) == (0, 50, 50)
    shown = run("journal", "show", str(tmp_path / "j"), "--json", environment=environment())
    assert shown.json["shard"] == "1/2"
    assert "shard 1/2" in run("journal", "show", str(tmp_path / "j"), environment=environment()).out


def test_a_sweep_fills_every_string(service: Service, job: str, template: str) -> None:
    arguments = ("--template", template, "--sweep", "frame=10..1..-9,camera=x|y", "--id", "f{frame}{camera}")
    ran = service.submit(job, *arguments, "--json")
    assert (ran.code, ran.json["added"]) == (0, 4), ran.err
    assert sorted(service.ids(job)) == ["f10x", "f10y", "f1x", "f1y"]


def test_rows_from_standard_input(service: Service, job: str, template: str) -> None:
    for rows in (b"camera,frame\na,1\nb,2\n", b'{"camera": "c", "frame": 3}\n'):
        ran = service.submit(job, "--template", template, "--rows", "-", stdin=rows)
        assert ran.code == 0, ran.err
    assert service.ids(job) == ["a-000001", "b-000002", "c-000003"]


def test_a_bad_row_stops_before_anything_is_sent(service: Service, job: str, template: str, write: Write) -> None:
    path = write("rows.csv", b"camera,frame\na,1\nb,two\nc,3\n")
    ran = service.submit(job, "--template", template, "--rows", path)
    assert (ran.code, ran.out) == (2, "")
    assert f"{path}:3:1: id: {{frame:06d}} cannot take text: it is no number" in ran.err
    assert "nothing was sent" in ran.err
    ran = service.submit(job, "--template", template, "--rows", path, "--on-bad-line", "skip", "--json")
    assert (ran.code, ran.json["added"]) == (1, 2)
    assert service.ids(job) == ["a-000001", "c-000003"]


def test_a_bad_row_of_standard_input_stops_there(service: Service, job: str, template: str) -> None:
    ran = service.submit(job, "--template", template, "--rows", "-", "--json", stdin=b"camera,frame\na,1\nb,two\nc,3\n")
    assert (ran.code, ran.json["added"]) == (2, 1)
    assert "standard input:3:1: id: " in ran.err


def test_an_id_that_rows_give_twice(service: Service, job: str, template: str, write: Write) -> None:
    rows = b"camera,frame\n" + b"".join(b"a,%d\n" % at for at in range(1_000)) + b"A,0700\n"
    path = write("rows.csv", rows)
    for more in ((), ("--dry-run",), ("--shard", "1/2")):
        ran = service.submit(job, "--template", template, "--rows", path, *more)
        assert (ran.code, ran.out) == (2, "")
        assert f"{path}: rows 701 and 1,001 give the same id 'A-000700'; nothing was sent" in ran.err
    path = write("rows.jsonl", b' \n{"camera":"a","frame":1}\n \n{"camera":"a","frame":"1"}\n')
    ran = service.submit(job, "--template", template, "--rows", path)
    assert (ran.code, "rows 1 and 2 give the same id" in ran.err) == (2, True)


def test_a_dry_run_shows_the_first_and_the_last_task(template: str, write: Write) -> None:
    arguments = ("submit", "job", "--template", template, "--dry-run")
    sweep = ("--sweep", "camera=a|b,frame=1..50000")
    ran = run(*arguments, *sweep, environment=environment())
    assert ran.code == 0, ran.err
    first, last, counted = ran.out.splitlines()
    assert first.startswith('first {"id":"a-000001","commandLine":"render a 1",')
    assert last.startswith('last  {"id":"b-050000","commandLine":"render b 50000",')
    assert counted.startswith("100,000 good tasks, ")
    assert counted.endswith("nothing was sent")
    ran = run(*arguments, *sweep, "--shard", "2/2", "--json", environment=environment())
    assert (ran.json["tasks"], ran.json["first"]["id"], ran.json["last"]["id"]) == (50_000, "a-000002", "b-050000")
    rows = write("rows.csv", b"camera,frame,key\na,1,https://x/y?sig=SECRET\nb,2,k\n")
    secret = write("secret.json", json.dumps({**TASK, "displayName": "{key}"}).encode())
    ran = run("submit", "job", "--template", secret, "--rows", rows, "--dry-run", environment=environment())
    assert (ran.code, ran.out.count("\n")) == (0, 3)
    assert "SECRET" not in ran.out
    assert "sig=***" in ran.out


def test_a_template_that_makes_no_task_is_told_with_its_field(write: Write) -> None:
    path = write("task.json", json.dumps({**TASK, "requiredSlots": "s{frame}"}).encode())
    ran = run("submit", "job", "--template", path, "--sweep", "camera=a,frame=1..9", environment=environment())
    assert ran.code == 2
    assert "--template: requiredSlots: expected a whole number, not a string" in ran.err


@pytest.mark.parametrize("journal", [True, False])
def test_the_command_that_is_printed_goes_on(
    service: Service, job: str, template: str, tmp_path: Path, *, journal: bool
) -> None:
    service.put_faults({"operation": "Tasks_CreateTaskCollection", "latency": 0.1})
    kept = ["--journal", str(tmp_path / "journal")] if journal else []
    sweep = "camera=a|b,frame=1..3000"
    process = start(
        *("submit", job, "--template", template, "--sweep", sweep, "--shard", "1/2", "--create-job", "--pool", "farm"),
        *("--json", "--progress", "0.02", "--max-requests", "2", *kept),
        environment=service.environment,
    )
    wait_for_first_tasks(process)
    process.send_signal(signal.SIGINT)
    ran = ended(process)
    assert ran.code == 130
    assert 0 < ran.json["added"] < 3_000
    service.put_faults()
    words = shlex.split(ran.err.partition("to go on")[2].splitlines()[1])
    assert words[:7] == ["batchio", "submit", job, "--template", template, "--sweep", sweep]
    assert service.run(*words[1:]).code == 0
    assert len(service.ids(job)) == 3_000
