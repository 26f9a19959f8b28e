"""Coming from azure-batch: in each row of the README's table, their call and ours are the same request.

Law: what runs is the table's own text. What its words stand for is the same for all, in wire shape.
"""

from __future__ import annotations

import ast
import asyncio
import contextlib
import importlib
import inspect
import re
import sys
from collections.abc import AsyncIterable, AsyncIterator, Callable, Iterable
from typing import Any
from urllib.parse import unquote

import pytest
from readme import TEXT
from session.driving import ACCOUNT, KEY, connect
from session.server import Heard, Reply, Server, answer

from batchio.service.operations import OPERATIONS

SECTION = TEXT.split("\n## Coming from azure-batch\n")[1].split("\n## ")[0]
FIRST, *TABLE = re.findall(r"^\| (`.*`) \| (`.*`) \| (`.*`) \|$", SECTION, re.MULTILINE)
# The first call of a cell: what stands behind it waits for what was begun.
ROWS = [tuple(cell.split("`")[1] for cell in row) for row in TABLE]
each_row = pytest.mark.parametrize("row", ROWS, ids=[ours for _, _, ours in ROWS])

IDS = {"job": "job-1", "task": "frame-1", "pool": "farm", "node": "tvm-1", "schedule": "daily", "path": "wd/a b.txt"}
MADE: dict[str, Any] = {
    "job": {"id": "job-2", "poolInfo": {"poolId": "farm"}},
    "task": {"id": "frame-2", "commandLine": "render 2"},
    "pool": {"id": "farm-2", "vmSize": "small"},
    "schedule": {"id": "daily-2", "schedule": {}, "jobSpecification": {"poolInfo": {"poolId": "farm"}}},
}
OTHERS: dict[str, Any] = {
    "text": "state eq 'active'",
    "constraints": {"maxTaskRetryCount": 3},
    "formula": "$TargetDedicatedNodes = 3;",
    "sizes": {"targetDedicatedNodes": 3},
    "changes": {"priority": 5},
    "user": {"name": "joe", "isAdmin": True},
}
BODIES: dict[str, Any] = {
    "job": {"poolInfo": {"poolId": "farm"}, "priority": 7},
    "pool": {"metadata": [], "applicationPackageReferences": [], "certificateReferences": []},
}


def words_of(call: ast.Call) -> dict[str, Any]:
    """What the words of a call stand for: ids, but what is made or put in place of something is a body."""
    assert isinstance(call.func, ast.Attribute)
    words: dict[str, Any] = {**IDS, **OTHERS}
    if call.args and isinstance(call.args[0], ast.Name):
        words["body"] = BODIES.get(call.args[0].id)
    last = call.args[-1] if call.args else None
    if re.match(r"add$|create", call.func.attr) and isinstance(last, ast.Name) and last.id in MADE:
        words[last.id] = MADE[last.id]
    return words


def reply(heard: Heard) -> Reply:
    """A good answer of the operation, with little in it."""
    for row in OPERATIONS.values():
        path = re.sub(r"\{filePath\}", ".+", row.path)
        path = re.sub(r"\{\w+\}", "[^/]+", path)
        if row.method == heard.method and re.fullmatch(path, heard.path):
            added = (
                [{"status": "success", "taskId": MADE["task"]["id"]}] if row.id == "Tasks_CreateTaskCollection" else []
            )
            return answer(row.success[0], {"value": added} if heard.method in ("GET", "POST") else b"")
    return answer(404)


@pytest.fixture
async def server() -> AsyncIterator[Server]:
    async with Server(otherwise=reply) as server:
        yield server


def request_of(server: Server) -> tuple[Any, ...]:
    """What was asked for; clients escape paths in ways of their own."""
    heard = server.heard[0]
    server.heard.clear()
    query = {name: value for name, value in heard.query.items() if name.startswith("$")}
    body = heard.json if heard.body else None
    return heard.method, unquote(heard.path), query, body


async def done(outcome: Any) -> None:
    """Whatever a call gives, to its end; that so little is in the answer is no matter."""
    with contextlib.suppress(Exception):
        outcome = await outcome if inspect.isawaitable(outcome) else outcome
        if hasattr(outcome, "__aenter__"):
            async with outcome:
                pass
        elif isinstance(outcome, AsyncIterable):
            async for _ in outcome:
                pass


def called(client: Any, text: str, **names: Any) -> Any:
    """A call as it stands in the table."""
    call = ast.parse(text, mode="eval").body
    assert isinstance(call, ast.Call)
    return eval(text, {"client": client, **words_of(call), **names})  # noqa: S307 - our own README


async def ours(server: Server, text: str) -> tuple[Any, ...]:
    async with connect(server) as client:
        await done(called(client, text, tasks=[MADE["task"]]))
    return request_of(server)


def test_the_table_is_read() -> None:
    assert len(ROWS) > 30
    assert FIRST[2] == "`BatchClient(url, SharedKeyCredential(account, key))`"


async def test_what_is_waited_for_is_there(server: Server) -> None:
    waits = [text for row in TABLE for text in re.findall(r"`([^`]+)`", row[2])[1:]]
    assert len(waits) == 4
    async with connect(server) as client:
        for text in waits:
            outcome = called(client, text)
            assert inspect.iscoroutine(outcome)
            outcome.close()


def theirs(version: str) -> Any:
    azure = pytest.importorskip("azure.batch")
    if not azure.__version__.startswith(version):
        pytest.skip(f"this is azure-batch {azure.__version__}")
    return azure


# Its ways with dates are its own business.
@pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::ResourceWarning")
@each_row
async def test_the_calls_of_azure_batch_15(server: Server, row: tuple[str, str, str]) -> None:
    azure = theirs("15.")
    names = vars(azure.models)
    key = importlib.import_module("azure.core.credentials").AzureNamedKeyCredential(ACCOUNT, KEY)
    assert eval(FIRST[1].strip("`"), {**vars(azure), **vars(sys.modules["azure.core.credentials"]), **ADDRESS})  # noqa: S307 - our own README
    async with importlib.import_module("azure.batch.aio").BatchClient(server.endpoint, key) as client:
        await done(called(client, row[1], tasks=[azure.models.BatchTaskCreateOptions(MADE["task"])], **names))
        found = request_of(server)
        assert callable(reached(azure.BatchClient, row[1]))
    assert found == await ours(server, row[2])


ADDRESS = {"url": "https://acme.batch.azure.com", "account": ACCOUNT, "key": KEY}


def reached(client: type, text: str) -> Callable[..., Any]:
    """The same method of the client that is not asynchronous."""
    method: Callable[..., Any] = getattr(client, text.removeprefix("client.").partition("(")[0])
    return method


# It warns of its own ways.
@pytest.mark.filterwarnings("ignore::SyntaxWarning", "ignore::DeprecationWarning", "ignore::ResourceWarning")
async def test_the_calls_of_azure_batch_14(server: Server) -> None:
    azure = theirs("14.")
    models = importlib.import_module("azure.batch.models")
    names = {**vars(azure), **vars(importlib.import_module("azure.batch.batch_auth")), **ADDRESS}
    client = eval(FIRST[0].strip("`"), {**names, "url": server.endpoint})  # noqa: S307 - our own README
    tasks = [models.TaskAddParameter.deserialize(MADE["task"])]

    def call(text: str) -> None:
        with contextlib.suppress(Exception):
            outcome = called(client, text, tasks=tasks, **vars(models))
            if isinstance(outcome, Iterable):
                list(outcome)

    for row in ROWS:
        await asyncio.to_thread(call, row[0])
        assert (row[0], request_of(server)) == (row[0], await ours(server, row[2]))
    assert issubclass(models.BatchErrorException, Exception)
    assert importlib.import_module("azure.batch.custom.custom_errors").CreateTasksErrorException


def test_the_errors_of_azure_batch_15() -> None:
    azure = theirs("15.")
    assert issubclass(azure.models.CreateTasksError, importlib.import_module("azure.core.exceptions").HttpResponseError)
    key = importlib.import_module("azure.core.credentials").AzureNamedKeyCredential(ACCOUNT, KEY)
    client = azure.BatchClient(ADDRESS["url"], key)
    for name, words in {"begin_terminate_job": ("job",), "begin_reboot_node": ("pool", "node")}.items():
        assert f"`{name}`" in SECTION
        with pytest.raises(ValueError, match="No value for given attribute"):
            getattr(client, name)(*words)
