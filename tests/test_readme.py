"""What the README says of code: its blocks are Python, and the calls that it names are there, theirs and ours."""

from __future__ import annotations

import ast
import importlib
import re
import tomllib
from typing import Any

import pytest
from readme import ROOT, TEXT, example, ran
from scripted import ScriptedService, connect

import batchio
from batchio import BatchClient, RetryPolicy, SharedKeyCredential, models, to_wire
from batchio.bulk.options import FeedOptions, SubmitOptions, check_feed_options, check_options
from batchio.emulator import Clock, Emulator


def test_contributors_install_and_run_what_ci_does() -> None:
    checks = ROOT / ".ci" / "run"
    if not checks.exists():
        pytest.skip("not in a clone")
    ci, told = checks.read_text("utf-8"), example("contributing", job=None)
    for words in ("-e '.[test,bench,mutation]' ruff mypy basedpyright", " check .", " format --check .", "-m slow"):
        assert words in ci
        assert words in told


def test_the_guidelines_name_all_that_is_needed() -> None:
    needs = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]["dependencies"]
    (row,) = re.findall(r"^\| no dependencies but .* \| no \| ([^;]+);", TEXT, re.MULTILINE)
    assert sorted(row.split(", ")) == sorted(need.partition(">")[0] for need in needs)


# What stands between the words.

CODE = [*dict.fromkeys(re.findall(r"`([^`\n]+)`", re.sub(r"```.*?```", "", TEXT, flags=re.DOTALL)))]


def test_options_and_their_defaults() -> None:
    """Those of a submission, all of them; those of a feed that have defaults of their own."""
    (told,) = re.findall(r"Options: (`.*?)\.\n\n", TEXT, re.DOTALL)
    defaults = dict(re.findall(r"`(\w+)=([^`|]+)[^`]*`", told))
    meant = {name: ast.literal_eval(text.replace("64 MiB", str(64 * 2**20))) for name, text in defaults.items()}
    assert meant == {name: getattr(check_options({}), name) for name in SubmitOptions.__annotations__}
    feed = check_feed_options({})
    assert {f"linger={feed.linger}", f"max_pending={feed.max_pending:_}"} <= {*CODE}
    (others,) = re.findall(r"Other options: (`.*?), as above", TEXT, re.DOTALL)
    named = {*re.findall(r"`(\w+)`", others), "linger", "max_pending", "max_pending_bytes"}
    assert named == set(FeedOptions.__annotations__)


MIGRATION = TEXT.split("## Coming from azure-batch")[1].split("## Guidelines")[0]
OTHERS = re.compile(
    r"client\.(py|get_job)$|emulator\.certificate$|batchio\.(tasks|outcome|retries|refusals|rate|window|in_flight|spans.*)$"
)
"""A file, a name of azure-batch's, what is there only where it listens, names of telemetry."""
NAMED = [
    code
    for code in CODE
    if re.match(r"(client|emulator|batchio|BatchClient|Emulator|RetryPolicy)[.(]", code)
    and not OTHERS.match(code)
    and f"`{code}`" not in MIGRATION
]


@pytest.mark.parametrize("code", NAMED)
def test_what_is_named_is_there(code: str, monkeypatch: pytest.MonkeyPatch) -> None:
    endpoint = "http://127.0.0.1:1"
    monkeypatch.setenv("AZURE_BATCH_ENDPOINT", endpoint)
    importlib.import_module("batchio.bulk.pacing")
    client = BatchClient(endpoint, SharedKeyCredential("a", "a2V5"))
    names = {**vars(models), "batchio": batchio, "models": models, "client": client}
    names |= {"BatchClient": BatchClient, "RetryPolicy": RetryPolicy, "Emulator": Emulator, "Clock": Clock}
    names |= {"emulator": Emulator(), "model": models.UserIdentity(), "mapping": {"id": "job"}, "changes": {}}
    eval(code.replace("(..., ", f"({endpoint!r}, "), names)  # noqa: S307 - our own README


def test_retries_are_as_told() -> None:
    assert repr(RetryPolicy()) in re.sub(r"\s+", " ", TEXT)


# Coming from azure-batch: the calls are in test_readme_migration.py.


@pytest.fixture(scope="module")
def azure() -> Any:
    return pytest.importorskip("azure.batch")


async def test_their_tasks_are_taken_as_they_are(azure: Any, service: ScriptedService) -> None:
    if not azure.__version__.startswith("15."):
        pytest.skip(f"this is azure-batch {azure.__version__}")
    async with connect(service) as client:
        names = await ran("theirs.py", client=client)
    assert names["report"].added == len(names["theirs"]) == 250
    (first, *_) = service.history[0].tasks
    assert first == to_wire(names["ours"]) == names["theirs"][0].as_dict()
    assert isinstance(names["ours"], batchio.models.TaskAddParameter)
