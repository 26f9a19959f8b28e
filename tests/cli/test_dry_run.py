"""`batchio submit --dry-run` checks everything and sends nothing."""

from __future__ import annotations

import json
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from batchio.bulk.packer import Packer
from batchio.bulk.tasks import FRAME, Tasks
from batchio.cli import app
from batchio.cli.survey import Packing

from .conftest import as_lines, environment, run, task

Write = Callable[[str, bytes], str]


def test_it_counts_what_would_be_sent(write: Write) -> None:
    tasks = [task(f"frame-{at}") for at in range(250)]
    ran = run("submit", "job", write("t.jsonl", as_lines(tasks)), "--dry-run", "--json", environment=environment())
    size = sum(len(json.dumps(each)) for each in tasks)
    assert ran.json == {"tasks": 250, "bytes": size, "requests": 3, "bad": 0, "blank": 0}
    assert (ran.code, ran.err) == (0, "")


def test_standard_input() -> None:
    pretty = json.dumps({"value": [task("a"), task("b", requiredSlots="two")]}, indent=2).encode()
    ran = run("submit", "job", "-", "--dry-run", environment=environment(), stdin=pretty)
    assert ran.code == 2
    assert ran.err == "standard input:7:5: requiredSlots: expected a whole number, not a string\n"
    assert "1 good task, " in ran.out


@pytest.mark.parametrize(
    ("line", "words"),
    [
        (b'{"id":"a","commandLine":7}', ":1:1: commandLine: expected a string"),
        (b'{"id":"a"}', ":1:1: commandLine: is required"),
        (b'{"id":"a b","commandLine":"x"}', ":1:1: id: does not match"),
        (b'{"id":"a","commandLine":"x","command_line":"y"}', "did you mean 'commandLine'"),
        (b'{"id":"a","commandLine":"x","constraints":{"retentionTime":"P1X"}}', "constraints.retentionTime: expected"),
        (b'{"id":"a","commandLine":"x","resourceFiles":[{"filePath":1}]}', "resourceFiles[0].filePath: expected"),
        (b'{"id":"a","commandLine":"' + b"x" * 950_000 + b'"}', "does not fit into a request of 950,000"),
        (b'{"id":"a","commandLine":"x"', ":1:28: not JSON"),
        (b'["a"]', ":1:2: a task is a JSON object"),
    ],
)
def test_what_is_wrong_is_told_with_line_and_field(
    write: Write, capfd: pytest.CaptureFixture[str], line: bytes, words: str
) -> None:
    assert app.run(["submit", "job", write("t.jsonl", line), "--dry-run"]) == 2
    assert words in capfd.readouterr().err


def test_all_is_read_but_not_all_is_told(write: Write, capfd: pytest.CaptureFixture[str]) -> None:
    path = write("t.jsonl", as_lines([{"id": f"a{at}"} for at in range(100)]))
    assert app.run(["submit", "job", path, "--dry-run", "--json"]) == 2
    out, err = capfd.readouterr()
    assert json.loads(out)["bad"] == 100
    assert err.count("\n") == 21
    assert "80 more bad places" in err


@given(st.lists(st.integers(1, 400), max_size=300), st.integers(0, 8))
def test_requests_are_counted_as_the_engine_packs(sizes: list[int], block: int) -> None:
    bodies = [b"x" * size for size in sizes]
    packing = Packing(max_tasks=100, max_body=1000, frame=FRAME)
    for at in range(0, len(bodies), block + 1):
        packing.add(bodies[at : at + block + 1])
    packer = Packer(1000)
    names = [str(at) for at in range(len(bodies))]
    packer.add(Tasks(list(range(len(bodies))), list(names), list(names), list(bodies)))
    requests = 0
    while len(packer):
        packer.take()
        requests += 1
    assert packing.requests == requests
