"""Every row of the operations table is a command: each is run over a real socket and compared with a digest."""

from __future__ import annotations

import asyncio
import json
import re
import threading
from collections.abc import Callable, Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from session.driving import ACCOUNT, KEY
from session.server import Server, answer
from test_operations import ANSWERS, DIGEST, OPERATIONS, SENT, arguments_of, method_of

from batchio.cli import app
from batchio.cli.calls.fields import options_of, secrets_of
from batchio.cli.calls.names import names_of, option_of
from batchio.cli.calls.question import destroys
from batchio.cli.calls.tables import Table, cell, columns_of
from batchio.models.base import Model
from batchio.service.versions import DEFAULT

Write = Callable[[str, bytes], str]
BODIES = sorted({row.body for row in OPERATIONS.values() if row.body is not None}, key=lambda body: body.__name__)
DESTROYING = {
    *("Certificates_DeleteCertificate", "Jobs_DeleteJob", "Jobs_TerminateJob", "Tasks_DeleteTask"),
    *("Tasks_TerminateTask", "Tasks_DeleteTaskFile", "JobSchedules_DeleteJobSchedule", "Pools_DeletePool"),
    *("JobSchedules_TerminateJobSchedule", "Pools_RemoveNodes", "Nodes_ReimageNode", "Nodes_DeleteNodeUser"),
    "Nodes_DeleteNodeFile",
}


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    """A scripted server in a thread, because a command has a loop of its own."""
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever)
    thread.start()

    def wait(coroutine: Any) -> Any:
        return asyncio.run_coroutine_threadsafe(coroutine, loop).result(10)

    server = Server()
    wait(server.__aenter__())
    yield server
    wait(server.__aexit__())
    loop.call_soon_threadsafe(loop.stop)
    thread.join()
    loop.close()


@pytest.fixture
def here(server: Server, monkeypatch: pytest.MonkeyPatch) -> Server:
    """The server, as the account of the environment."""
    monkeypatch.setenv("AZURE_BATCH_ENDPOINT", server.endpoint)
    monkeypatch.setenv("AZURE_BATCH_ACCOUNT", ACCOUNT)
    monkeypatch.setenv("AZURE_BATCH_ACCESS_KEY", KEY)
    server.heard.clear()
    return server


def said(options: dict[str, Any]) -> Iterator[str]:
    """Options as a command line says them."""
    for name, value in options.items():
        if name == "prefetch":
            continue
        yield option_of(name)
        if isinstance(value, list):
            yield ",".join(value)
        elif isinstance(value, datetime):
            yield value.isoformat()
        elif not isinstance(value, bool):
            yield str(value)


@pytest.mark.parametrize("id", OPERATIONS)
def test_an_operation_is_a_command(here: Server, write: Write, capfd: pytest.CaptureFixture[str], id: str) -> None:
    row, digest = OPERATIONS[id], DIGEST[id]
    empty: Any = {"value": [{}, {}]} if row.items else {} if row.answer else b""
    content = ANSWERS.get(id, empty)
    here.say(answer(row.success[0], b"content" if row.file and row.method == "GET" else content))
    positional, options, path = arguments_of(row)
    body = ["--json", write("body.json", json.dumps(positional.pop()).encode())] if row.body else []
    yes = ["--yes"] if destroys(row) else []
    code = app.run([names_of(row).group, names_of(row).command, *positional, *body, *yes, *said(options)])
    out, err = capfd.readouterr()
    assert (code, err) == (0, "")
    (heard,) = here.heard
    assert (heard.method, heard.path) == (digest.method, path)
    assert heard.query == {"api-version": DEFAULT} | {name: SENT[name] for name in digest.query}
    assert {name: heard.headers[name.lower()] for name in digest.conditions} == {
        name: SENT[name] for name in digest.conditions
    }
    if row.body:
        assert heard.json == json.loads(Path(body[1]).read_bytes())
    if row.items:
        assert out == "{}\n{}\n"
    elif row.answer:
        assert json.loads(out) == content
    elif row.file:
        assert out == "content" if row.method == "GET" else json.loads(out)["contentLength"] == 0
    else:
        assert out == ("true\n" if 404 in row.success else "")


@pytest.mark.parametrize("group", sorted({names_of(row).group for row in OPERATIONS.values()}))
def test_help_says_what_a_command_does(
    group: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "160")
    assert group in app.GROUPS
    assert app.run([group]) == 0
    listed = capsys.readouterr().out
    assert "Exit codes:" in listed
    for row in OPERATIONS.values():
        names = names_of(row)
        if names.group == group:
            assert re.search(rf"^  {names.command}( |$)", listed, re.MULTILINE)
            assert app.run([group, names.command, "--help"]) == 0
            text = " ".join(capsys.readouterr().out.split())
            assert f"REST: {row.id}." in text
            assert "Seconds for one try" in text
            assert ("Do not ask" in text) is destroys(row)
            assert "Raises" not in text
            assert ">>>" not in text


def test_names_are_those_of_the_methods_and_each_is_there_once() -> None:
    names = {id: names_of(row) for id, row in OPERATIONS.items()}
    assert {id: (each.resource, each.method) for id, each in names.items()} == {id: method_of(id) for id in DIGEST}
    assert len({(each.group, each.command) for each in names.values()}) == 77
    assert {each.group for each in names.values()} == set(app.GROUPS)
    assert {each.words for id, each in names.items() if "File" in id} == {
        *("files list", "files get", "files get-properties", "files delete"),
        *("files list-node", "files get-node", "files get-node-properties", "files delete-node"),
    }
    assert names["Pools_EnablePoolAutoScale"].words == "pools enable-auto-scale"
    assert names["JobSchedules_JobScheduleExists"].words == "schedules exists"


def test_what_asks_before_it_is_done() -> None:
    assert {id for id, row in OPERATIONS.items() if destroys(row)} == DESTROYING


@pytest.mark.parametrize("body", BODIES, ids=lambda body: body.__name__)
def test_options_of_a_body(body: type[Model]) -> None:
    options, secrets = options_of(body), secrets_of(body)
    assert not options.keys() & secrets.keys()
    assert len({leaf.path for leaf in options.values()}) == len(options)
    telling = re.compile("password|private_key|sas|secret|(?<!registry_)token")
    assert not [name for name in options if telling.search(name) or name.endswith("_url")]
    assert not any(leaf.rule.read_only or leaf.rule.secret for leaf in options.values())
    taken = {name for row in OPERATIONS.values() if row.body is body for name in row.takes}
    assert not options.keys() & {*taken, "json", "output", "yes", "to"}


def test_options_are_named_by_the_way_to_their_field() -> None:
    pool, job, task = (
        options_of(OPERATIONS[f"{id}"].body or Model)
        for id in (
            "Pools_CreatePool",
            "Jobs_CreateJob",
            "Tasks_CreateTask",
        )
    )
    assert {name: leaf.path for name, leaf in pool.items() if "image_sku" in name or name == "vm_size"} == {
        "vm_size": "vmSize",
        "virtual_machine_image_sku": "virtualMachineConfiguration.imageReference.sku",
    }
    assert job["pool_id"].path == "poolInfo.poolId"
    assert job["job_release_task_retention_time"].path == "jobReleaseTask.retentionTime"
    assert task["retention_time"].path == "constraints.retentionTime"
    assert task["depends_on_task_ids"].kind == list[str]


@pytest.mark.parametrize("id", [id for id, row in OPERATIONS.items() if row.items])
def test_a_listing_has_columns_that_tell(id: str) -> None:
    row = OPERATIONS[id]
    assert row.items
    assert 2 <= len(columns_of(row.items, None)) <= 9
    assert columns_of(row.items, "state, executionInfo") == ["state", "executionInfo"]


TASK = {"id": "frame-000001", "state": "completed", "executionInfo": {"exitCode": 3, "result": "failure"}}


def test_a_table_leaves_out_what_does_not_fit_and_never_cuts_an_id() -> None:
    columns = ["id", "state", "executionInfo.exitCode", "executionInfo.result", "creationTime"]
    whole = Table(columns, [TASK], room=None, asked=False)
    assert whole.head == "id            state      exitCode  result   creationTime"
    assert whole.line(TASK) == "frame-000001  completed  3         failure"
    assert whole.line({"id": "longer-than-that-one"}) == "longer-than-that-one"
    narrow = Table(columns, [TASK], room=33, asked=False)
    assert narrow.head == "id            state      exitCode"
    tiny = Table(columns, [TASK], room=5, asked=False)
    assert tiny.line(TASK) == "frame-000001  complet…  3"
    asked = Table(columns, [TASK], room=5, asked=True)
    assert asked.head == "id            state     exitCode  result   creatio…"


def test_cells_hold_what_can_be_shown_in_a_line() -> None:
    assert [cell(value) for value in (None, True, 1.5, ["a"], {"b": None})] == [
        "",
        "true",
        "1.5",
        '["a"]',
        '{"b":null}',
    ]
    assert cell("a\x1b[2J\nb\u202e") == "a\\x1b[2J\\nb\\u202e"
    wide = Table(["id", "name"], [{"id": "日本", "name": "x"}], room=80, asked=True)
    assert wide.line({"id": "日本", "name": "x"}) == "日本  x"
    assert wide.head == "id    name"
