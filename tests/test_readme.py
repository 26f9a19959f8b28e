"""What the README says of code: its blocks are Python, and the calls that it names are there, theirs and ours."""

from __future__ import annotations

import re
import tomllib
from typing import Any

import pytest
from readme import ROOT, TEXT, example, ran
from scripted import ScriptedService, connect

import batchio
from batchio import to_wire


def test_contributors_install_and_run_what_ci_does() -> None:
    checks = ROOT / ".ci" / "run"
    if not checks.exists():
        pytest.skip("not in a clone")
    ci, told = checks.read_text("utf-8"), example("contributing", job=None)
    for words in ("-e '.[test,bench]' ruff mypy basedpyright", " check .", " format --check .", "-m slow"):
        assert words in ci
        assert words in told


def test_the_guidelines_name_all_that_is_needed() -> None:
    needs = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]["dependencies"]
    (row,) = re.findall(r"^\| no dependencies but .* \| no \| ([^;]+);", TEXT, re.MULTILINE)
    assert sorted(row.split(", ")) == sorted(need.partition(">")[0] for need in needs)


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
