"""The benchmarks run, and what they count is right. No time is asserted here."""

from __future__ import annotations

import argparse
import importlib.util
import json
import os
import re
import signal
import socket
import ssl
import subprocess
import sys
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path
from random import Random
from typing import Any
from urllib.parse import urlsplit

import aiohttp
import msgspec
import pytest

from batchio import BatchClient, SharedKeyCredential
from benchmarks import drawing, goals
from benchmarks.__main__ import BENCHMARKS, main
from benchmarks.account import ACCOUNT, KEY
from benchmarks.bulk import shapes
from benchmarks.pacing import measure
from benchmarks.pacing.scenarios import SCENARIOS
from benchmarks.processes import RunFailed
from benchmarks.responder import listing
from benchmarks.responder.arrivals import Arrivals, task_ids
from benchmarks.responder.handle import responder

ROOT = Path(__file__).resolve().parent.parent


def first_cells(markdown: str) -> list[str]:
    """The first cell of each line of each table."""
    return [line.split("|")[1].strip() for line in markdown.splitlines() if line.startswith("|")]


def benchmark(*words: str, **environment: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "benchmarks", *words]
    return subprocess.run(  # noqa: S603 - our own command
        command,
        cwd=ROOT,
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


@pytest.mark.slow
def test_bulk_end_to_end(tmp_path: Path) -> None:
    found_in = tmp_path / "bulk.json"
    done = benchmark(
        *("bulk", "--parts", "clients,memory,journal,cli,feed", "--clients", "floor,batchio,batchio-outcomes"),
        *("--size", "small,medium", "--tasks", "2050", "--memory", "1000,3000", "--cli-tasks", "2000"),
        *("--feed-tasks", "2000"),
        *("--repeat", "1", "--json", str(found_in)),
    )
    assert done.returncode == 0, done.stderr
    rows = first_cells(done.stdout)
    assert rows.count("floor") == rows.count("batchio") == rows.count("batchio-outcomes") == 2
    assert "small: batchio / floor" in rows
    assert "command line / library" in rows
    assert "feed, 100 ms: full requests" in rows
    assert rows.count("batchio-feed") == rows.count("batchio-one-by-one") == 2
    assert "A lonely add takes longer than the bare request" in done.stdout
    assert "journal, small, 10 in flight: CPU more" in rows
    assert "In all 6 runs each task arrived exactly once" in done.stdout
    found = json.loads(found_in.read_text())
    for plain, kept in found["journal"]["medium default"]:
        assert (plain["added"], kept["added"]) == (2050, 2050)
        assert 100 < kept["journal_bytes"] < 2_000
    runs: list[dict[str, Any]] = [run for each in found["clients"] for run in each]
    assert {(run["client"], run["size"]) for run in runs} == {
        (client, size) for client in ("floor", "batchio", "batchio-outcomes") for size in ("small", "medium")
    }
    for run in runs:
        assert run["added"] == run["tasks"] == 2050
        assert run["requests"] >= 21
        assert 1 <= run["connections"] <= 10
        # What was sent has the size that the table claims: a task, its comma, and the frame of the collection.
        assert run["body_bytes"] == 2050 * (shapes.SIZES[run["size"]] + 1) + 11 * run["requests"]


# The tests need no azure-batch.
AZURE = ["azure-batch"] if importlib.util.find_spec("azure.batch") else []


@pytest.mark.slow
def test_rates_signing_and_tls_end_to_end(tmp_path: Path) -> None:
    found_in = tmp_path / "bulk.json"
    done = benchmark(
        *("bulk", "--parts", "rates,signing,tls", "--size", "small,medium", "--tasks", "1050"),
        *("--repeat", "2", "--json", str(found_in)),
    )
    assert done.returncode == 0, done.stderr
    assert [row for row in first_cells(done.stdout) if row.startswith(("rates,", "signing,", "tls,"))] == [
        "rates, 50 in flight: tasks/s of the possible",
        "rates, default in flight: tasks/s",
        "signing, small: CPU more a task",
        "signing, medium: CPU more a task",
        "tls, small: batchio-mappings / floor, both over TLS",
        "tls, medium: batchio-mappings / floor, both over TLS",
    ]
    found = json.loads(found_in.read_text())
    for each in found["rates"]:
        assert [(run["client"], run["in_flight"]) for run in each] == [
            ("floor", 50),
            ("batchio-mappings", 50),
            ("batchio-mappings", None),
        ]
        # Each request takes 100 ms.
        assert all(run["tasks"] / run["wall"] < 10_500 for run in each)
    for pairs in found["signing"].values():
        assert [(token["client"], signed["client"]) for token, signed in pairs] == [
            ("batchio-token", "batchio-mappings")
        ] * 2
    for scheme, rounds in found["tls"].items():
        runs: list[dict[str, Any]] = [run for each in rounds for run in each]
        assert {run["client"] for run in runs} == {"floor", "batchio-mappings"}
        assert all(run["url"].startswith(f"{scheme}://") and run["added"] == 1050 for run in runs)


@pytest.mark.slow
def test_other_clients_that_cannot_be_installed_are_told(tmp_path: Path) -> None:
    found_in = tmp_path / "bulk.json"
    done = benchmark(
        *("bulk", "--parts", "others", "--size", "small,medium", "--tasks", "250", "--repeat", "1"),
        *("--json", str(found_in)),
        # Neither Node nor packages.
        PATH=str(tmp_path),
        PIP_NO_INDEX="1",
        PIP_FIND_LINKS="",
        PIP_CONFIG_FILE=os.devnull,
    )
    assert done.returncode == 0, done.stderr
    assert "- azure-batch-node: not measured. needs node and npm" in done.stdout
    assert re.search(r"- azure-batch-14: not measured\. python -m pip install .* ended with code 1: \w", done.stdout)
    clients = ["batchio-mappings", *(["azure-batch-sync"] if AZURE else [])]
    assert [row for row in first_cells(done.stdout) if row in clients] == clients * 2
    (runs,) = json.loads(found_in.read_text())["others"]["rounds"]
    assert {run["client"]: run["added"] for run in runs} == dict.fromkeys(clients, 250)


def test_a_client_of_another_environment_needs_nothing_of_ours() -> None:
    code = (
        "import sys, benchmarks.bulk.child, benchmarks.bulk.shapes; "
        "print(*{name.split('.')[0] for name in sys.modules})"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)  # noqa: S603 - our own code
    assert not {"batchio", "aiohttp", "msgspec", "anyio", "azure"} & set(done.stdout.split())


@pytest.mark.parametrize(
    ("name", "count", "clients"),
    [
        ("list", 2000, ["bare", "batchio", "batchio-pages", "batchio-few"]),
        ("call", 50, ["bare", "bare-signed", "batchio"]),
    ],
)
@pytest.mark.slow
def test_reading_end_to_end(name: str, count: int, clients: list[str], tmp_path: Path) -> None:
    found_in = tmp_path / "found.json"
    clients = [*clients, *AZURE]
    done = benchmark(name, "--quick", "--repeat", "1", "--clients", ",".join(clients), "--json", str(found_in))
    assert done.returncode == 0, done.stderr
    rows = first_cells(done.stdout)
    assert [row for row in rows if row in clients] == clients
    assert "batchio / bare" in rows
    assert ("azure-batch / batchio" in rows) is bool(AZURE)
    (found,) = json.loads(found_in.read_text())[name]
    assert {client: run["read"] for client, run in found.items()} == dict.fromkeys(clients, count)
    # One connection for what is measured, and one for what comes before it.
    assert {run["connections"] for run in found.values()} == {2}
    assert all(run["cpu"] > 0 for run in found.values())


@pytest.mark.slow
def test_importing_end_to_end(tmp_path: Path) -> None:
    found_in = tmp_path / "found.json"
    done = benchmark(
        *("import", "--quick", "--breakdown"),
        *("--clients", ",".join(["needed", "batchio", "command line", "help", *AZURE]), "--json", str(found_in)),
    )
    assert done.returncode == 0, done.stderr
    rows = first_cells(done.stdout)
    assert {"needed", "batchio / needed, cpu", "batchio / needed, wall", "help / command line, cpu"} <= set(rows)
    # The import itself, and the ten of its modules that take the most.
    assert len([row for row in rows if row.split(".")[0] == "batchio"]) == 11
    rounds = json.loads(found_in.read_text())["import"]
    assert len(rounds) == 2
    assert all(each["batchio"]["cpu"] > 0 for each in rounds)


def test_goals() -> None:
    low = goals.Goal(what="low", measured=1.31, limit=1.3)
    high = goals.Goal(what="high", measured=20, limit=20, above=True, unit=" x")
    assert [line.split("|")[-2].strip() for line in goals.table([low, high]).splitlines()[2:]] == ["NO", "yes"]
    aimed = goals.Goal(what="aimed", measured=2, limit=None, aim=1)
    assert [cell.strip() for cell in goals.table([low, aimed]).splitlines()[3].split("|")[1:-1]] == [
        *("aimed", "2.00"),
        *("", ""),
        *("<= 1", "NO"),
    ]


@pytest.mark.slow
def test_pacing_end_to_end(tmp_path: Path) -> None:
    found_in = tmp_path / "pacing.json"
    words = ("pacing", "--scenarios", "B,Q", "--controllers", "ours,fixed,botocore", "--seeds", "1,2")
    done = benchmark(*words, "--json", str(found_in))
    assert done.returncode == 0, done.stderr
    assert "Seeds of ours [1, 2], of the others [1]" in done.stdout
    assert "ours: 2 of 2 scenarios met" in done.stdout
    runs: list[dict[str, Any]] = json.loads(found_in.read_text())["simulation"]
    assert [run["seed"] for run in runs if run["controller"] == "ours"] == [1, 2, 1, 2]
    # A window that nothing narrows is refused nearly always.
    assert all(run["refused"] > 0.95 for run in runs if run["controller"] == "fixed")
    benchmark(*words, "--json", str(found_in))
    assert json.loads(found_in.read_text())["simulation"] == runs


def test_what_happens_over_time_adds_up() -> None:
    scenario = replace(SCENARIOS["M"], seconds=6.0, joins=(0.0, 1.0), fair_from=2.0)
    run = measure.run(scenario, "ours", 1)
    service = scenario.make(Random(1))  # noqa: S311 - to be repeatable, not secret
    assert len(run.delivered_by_time) == len(run.refused_by_time) == 6 * measure.SLICES
    added = sum(run.delivered_by_time)
    assert added == round(run.goodput * service.deliverable(6.0))
    assert sum(run.refused_by_time) / (added + sum(run.refused_by_time)) == pytest.approx(run.refused, abs=0.05)
    assert sum(run.refused_by_time) > 0


def is_there(_name: str) -> object:
    return object()


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("pacing", "--picture", "storm.png"), "a picture is an .svg file"),
        (("bulk", "--picture", "nowhere/cpu.svg"), "is no folder"),
        (("pictures", "--from", "found.json", "--to", "nowhere"), "is no folder"),
        (("list", "--picture", "list.svg"), "unrecognized arguments"),
    ],
)
def test_a_picture_that_cannot_be_written_is_told_before_anything_is_measured(
    words: tuple[str, ...], told: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("importlib.util.find_spec", is_there)
    with pytest.raises(SystemExit):
        main(words)
    assert told in capsys.readouterr().err


@pytest.mark.parametrize("words", [("pacing", "--picture", "storm.svg"), ("pictures", "--from", "found.json")])
def test_a_picture_without_matplotlib_says_what_to_install(
    words: tuple[str, ...], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def is_missing(_name: str) -> None:
        return None

    monkeypatch.setattr("importlib.util.find_spec", is_missing)
    with pytest.raises(SystemExit):
        main(words)
    assert "pip install -e '.[bench]'" in capsys.readouterr().err


def test_the_readme_shows_the_pictures_with_their_commands(monkeypatch: pytest.MonkeyPatch) -> None:
    readme = (ROOT / "README.md").read_text("utf-8")
    shown = {f"benchmarks/pictures/{name}.svg" for _, name in drawing.PICTURES.values()}
    assert set(re.findall(r"!\[[^\]]+\]\(([^)]+)\)", readme)) == shown
    for picture in shown:
        assert (ROOT / picture).stat().st_size < 100_000
        (command,) = re.findall(rf"`python -m benchmarks ([^`]*--picture {picture})`", readme)
        assert _picture_of(command.split(), monkeypatch) == Path(picture).stem


def _picture_of(words: list[str], monkeypatch: pytest.MonkeyPatch) -> str:
    parser = argparse.ArgumentParser()
    importlib.import_module(f"benchmarks.{BENCHMARKS[words[0]][0]}").add_arguments(parser)
    monkeypatch.setattr("importlib.util.find_spec", is_there)
    parts = parser.parse_args(words[1:]).parts
    return next(drawing.PICTURES[part][1] for part in parts if part in drawing.PICTURES)


def test_an_unknown_client_is_told() -> None:
    done = benchmark("bulk", "--parts", "clients", "--clients", "nobody")
    assert done.returncode == 2
    assert "'nobody' is not one of" in done.stderr


def test_sizes() -> None:
    for size, length in shapes.SIZES.items():
        tasks = list(shapes.tasks(size, 300))
        assert {len(msgspec.json.encode(task)) for task in tasks} == {length}
        assert tasks == list(shapes.models(size, 300)) == [shapes.task(size, number) for number in range(300)]


@pytest.mark.parametrize("size", shapes.SIZES)
@pytest.mark.parametrize("separators", [(",", ":"), (", ", ": ")])
def test_ids_are_read_from_the_body(size: str, separators: tuple[str, str]) -> None:
    tasks = [shapes.task(size, number) for number in (3, 99_999_999, 1, 0)]
    for some in (tasks, tasks[:1], []):
        body = json.dumps({"value": some}, separators=separators).encode()
        assert task_ids(body) == [task["id"].encode() for task in some]


def test_ids_of_tasks_of_different_lengths() -> None:
    tasks = [{"id": f"task-{number:08d}", "commandLine": "x" * number} for number in range(100)]
    assert task_ids(msgspec.json.encode({"value": tasks})) == [task["id"].encode() for task in tasks]


def test_arrivals_count_what_is_missing_repeated_and_strange() -> None:
    arrivals = Arrivals()
    for numbers in ([0, 1, 2], [2, 7]):
        body = msgspec.json.encode({"value": [shapes.task("small", number) for number in numbers]})
        arrivals.note(body, task_ids(body))
    counts = arrivals.counted(5)
    assert (counts["requests"], counts["full"]) == (2, 0)
    assert (counts["tasks"], counts["distinct"], counts["repeated"], counts["strange"]) == (5, 3, 1, 1)
    assert counts["first_task"] == shapes.task("small", 0)


@pytest.mark.parametrize("chunked", [False, True])
async def test_the_responder_answers_as_the_service_does(*, chunked: bool) -> None:
    tasks = [shapes.task("large", number) for number in range(100)]
    body = msgspec.json.encode({"value": tasks})

    async def pieces() -> AsyncIterator[bytes]:
        for start in range(0, len(body), 100_000):
            yield body[start : start + 100_000]

    with responder(chunked=chunked) as service:
        url = f"{service.url}/jobs/bulk/addtaskcollection?api-version=2024-07-01.20.0"
        async with aiohttp.ClientSession() as session:
            for data, headers in ((body, {"client-request-id": "mine"}), (pieces(), {})):
                async with session.post(url, data=data, headers=headers) as answer:
                    results = (await answer.json())["value"]
                    assert answer.status == 200
                    assert answer.headers["client-request-id"] == headers.get("client-request-id", "")
                assert [result["taskId"] for result in results] == [task["id"] for task in tasks]
                assert {result["status"] for result in results} == {"success"}
                assert len({result["eTag"] for result in results}) == 100
                assert all(result["location"].endswith(f"/jobs/bulk/tasks/{result['taskId']}") for result in results)
            async with session.post(url, data=b'{"value":[' + b" " * 1_000_000 + b"]}") as answer:
                assert (answer.status, (await answer.json())["code"]) == (413, "RequestBodyTooLarge")
            async with session.get(f"{service.url}/jobs/bulk") as answer:
                assert (await answer.json())["id"] == "bulk"
        counts = service.counts(100)
        assert (counts["tasks"], counts["distinct"], counts["repeated"], counts["refused"]) == (200, 100, 100, 1)
        with pytest.raises(RunFailed, match="100 tasks should have arrived, each once"):
            service.delivered(100)


async def test_the_responder_speaks_tls_with_a_certificate_of_its_own(monkeypatch: pytest.MonkeyPatch) -> None:
    with responder(tls=True) as service:
        assert service.url.startswith("https://")
        job = f"{service.url}/jobs/bulk"
        async with aiohttp.ClientSession() as session:
            with pytest.raises(aiohttp.ClientConnectorCertificateError):
                await session.get(job)
            for name, value in service.trust.items():
                monkeypatch.setenv(name, value)
            trusting = ssl.create_default_context()
            async with session.get(job, ssl=trusting) as answer:
                assert (await answer.json())["id"] == "bulk"
        service.answered(1)
        async with (
            aiohttp.ClientSession(connector=aiohttp.TCPConnector(ssl=trusting)) as session,
            BatchClient(service.url, SharedKeyCredential(ACCOUNT, KEY), session=session) as client,
        ):
            assert len([task async for task in client.tasks.list("some-2000")]) == 2000
        service.answered(3)
    with responder() as service:
        assert service.trust == {}


@pytest.mark.slow
def test_the_emulator_end_to_end(tmp_path: Path) -> None:
    found_in = tmp_path / "emulator.json"
    done = benchmark("emulator", "--quick", "--tasks", "3000", "--json", str(found_in))
    assert done.returncode == 0, done.stderr
    rows = first_cells(done.stdout)
    judged = {
        *("in memory: tasks a CPU second", "with db: tasks a CPU second"),
        *("memory a task", "memory a task that has run", "counts: many tasks / none"),
        *("ready / import aiohttp.web", "ready, db / import aiohttp.web"),
    }
    assert judged <= set(rows)
    pages = json.loads(found_in.read_text())["memory"]["pages"]
    # A thousand tasks to warm up come on top, and one in a thousand is completed.
    assert (pages["active"]["found"], pages["active"]["pages"]) == (4000, 4)
    assert pages["completed"]["found"] == 3


async def test_the_responder_lists_each_task_once() -> None:
    with responder() as service:
        async with BatchClient(service.url, SharedKeyCredential(ACCOUNT, KEY), allow_http=True) as client:
            tasks = [task async for task in client.tasks.list("some-3000")]
            job = await client.jobs.get("some-3000")
        service.answered(4)
        with pytest.raises(RunFailed, match="5 reads should have arrived"):
            service.answered(5)
    assert [task.id for task in tasks] == [f"task-{number:08d}" for number in range(3 * listing.PAGE)]
    assert {task.state for task in tasks} == {"completed", "running"}
    assert (job.id, job.state) == ("some-3000", "active")


def test_a_listed_task_has_what_the_service_returns() -> None:
    page = listing.Listing("http://localhost", "some-2000", 2000).page(1)
    found = json.loads(page)
    assert "odata.nextLink" not in found
    assert 2_000 < len(page) / listing.PAGE < 2_200
    task = found["value"][0]
    assert task["id"] == "task-00001000"
    known = json.loads((ROOT / "tests" / "data" / "models.json").read_bytes())["CloudTask"]["fields"]
    assert task.keys() < known.keys()
    with pytest.raises(ValueError, match="whole pages"):
        listing.Listing("http://localhost", "some-1500", 1500)


def test_ctrl_c_leaves_nothing_running() -> None:
    command = [sys.executable, "-m", "benchmarks", "bulk", "--parts", "clients", "--clients", "floor"]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:  # noqa: S603 - our own command
        assert process.stderr is not None
        address = urlsplit(process.stderr.readline().decode().removeprefix("responder: ").strip())
        socket.create_connection((address.hostname, address.port)).close()
        process.send_signal(signal.SIGINT)
        process.communicate(timeout=30)
    assert process.returncode == 130
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection((address.hostname, address.port))
