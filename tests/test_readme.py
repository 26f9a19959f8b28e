"""What the README says of code: its blocks are Python, and the calls that it names are there, theirs and ours."""

from __future__ import annotations

import ast
import importlib
import re
from collections.abc import Iterator
from typing import Any

import pytest
from readme import ROOT, TEXT, example, ran
from scripted import ScriptedService, connect

import batchio
from batchio import BatchClient, SharedKeyCredential, to_wire

BLOCKS = re.findall(r"```python\n(.*?)```", TEXT, re.DOTALL)


@pytest.mark.parametrize("code", BLOCKS, ids=lambda code: code.strip().splitlines()[0])
def test_a_block_is_python(code: str) -> None:
    compile(code, "README.md", "exec", flags=ast.PyCF_ALLOW_TOP_LEVEL_AWAIT)


def test_contributors_install_and_run_what_ci_does() -> None:
    checks = ROOT / ".ci" / "run"
    if not checks.exists():
        pytest.skip("not in a clone")
    ci, told = checks.read_text("utf-8"), example("contributing", job=None)
    for words in ("-e '.[test,bench]' ruff mypy basedpyright", " check .", " format --check .", "-m slow"):
        assert words in ci
        assert words in told


# Coming from azure-batch.

TABLE = re.findall(r"^\| (`.*`) \| (`.*`) \| (`.*`) \|$", TEXT.split("## Coming from azure-batch")[1], re.MULTILINE)


def calls(column: int) -> Iterator[str]:
    """The calls of a column on the client, dotted: `task.add`."""
    for row in TABLE:
        yield from re.findall(r"`client\.([\w.]+)\(", row[column])


def reached(client: Any, call: str) -> Any:
    """What a dotted name leads to."""
    for name in call.split("."):
        client = getattr(client, name)
    return client


@pytest.fixture(scope="module")
def azure() -> Any:
    return pytest.importorskip("azure.batch")


def test_the_table_is_read() -> None:
    assert len(TABLE) > 30
    assert all(len(list(calls(column))) >= len(TABLE) - 1 for column in range(3))


def test_our_calls_are_there() -> None:
    client = BatchClient("http://127.0.0.1:1", SharedKeyCredential("a", "a2V5"))
    for call in calls(2):
        assert callable(reached(client, call))


def test_the_calls_of_azure_batch_15_are_there(azure: Any) -> None:
    if not azure.__version__.startswith("15."):
        pytest.skip(f"this is azure-batch {azure.__version__}")
    key = importlib.import_module("azure.core.credentials").AzureNamedKeyCredential("account", "a2V5")
    asynchronous = importlib.import_module("azure.batch.aio")
    for kind in (azure.BatchClient, asynchronous.BatchClient):
        client = kind("https://acme.batch.azure.com", key)
        for call in calls(1):
            assert callable(reached(client, call))
    assert issubclass(azure.models.CreateTasksError, importlib.import_module("azure.core.exceptions").HttpResponseError)


# It warns of its own ways.
@pytest.mark.filterwarnings("ignore::SyntaxWarning", "ignore::DeprecationWarning")
def test_the_calls_of_azure_batch_14_are_there(azure: Any) -> None:
    if not azure.__version__.startswith("14."):
        pytest.skip(f"this is azure-batch {azure.__version__}")
    credential = importlib.import_module("azure.batch.batch_auth").SharedKeyCredentials("account", "a2V5")
    client = azure.BatchServiceClient(credential, "https://acme.batch.azure.com")
    for call in calls(0):
        assert callable(reached(client, call))
    models = importlib.import_module("azure.batch.models")
    assert models.TaskListOptions(filter="x").filter == "x"
    assert issubclass(models.BatchErrorException, Exception)
    assert importlib.import_module("azure.batch.custom.custom_errors").CreateTasksErrorException


async def test_their_tasks_are_taken_as_they_are(azure: Any, service: ScriptedService) -> None:
    if not azure.__version__.startswith("15."):
        pytest.skip(f"this is azure-batch {azure.__version__}")
    async with connect(service) as client:
        names = await ran("theirs.py", client=client)
    assert names["report"].added == len(names["theirs"]) == 250
    (first, *_) = service.history[0].tasks
    assert first == to_wire(names["ours"]) == names["theirs"][0].as_dict()
    assert isinstance(names["ours"], batchio.models.TaskAddParameter)
