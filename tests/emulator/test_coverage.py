"""The table of operations, and that it tells the truth."""

from __future__ import annotations

import pathlib
import subprocess
import sys

import pytest

from batchio.emulator.__main__ import main
from batchio.emulator.coverage import COLUMNS, state_of, table
from batchio.service.operations import OPERATIONS

from .wire import Wire

ROOT = pathlib.Path(__file__).parent.parent.parent


def test_the_readme_holds_what_the_command_prints() -> None:
    command = [sys.executable, "-m", "batchio.emulator", "--coverage"]
    run = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)  # noqa: S603 - our own code
    assert run.stdout == f"{table()}\n"
    assert f"\n\n{run.stdout}\n" in (ROOT / "README.md").read_text()


def test_other_arguments(capsys: pytest.CaptureFixture[str]) -> None:
    assert main([]) == 2
    assert "usage" in capsys.readouterr().err
    assert main(["--coverage"]) == 0


def test_every_operation_stands_in_one_column() -> None:
    words = table().replace("|", " ").split()
    for operation in OPERATIONS:
        assert state_of(operation) in COLUMNS
        assert words.count(operation.partition("_")[2]) == 1


@pytest.mark.parametrize("operation", sorted(OPERATIONS))
async def test_only_what_is_left_out_answers_501(wire: Wire, operation: str) -> None:
    row = OPERATIONS[operation]
    formula = {"autoScaleFormula": "$TargetDedicatedNodes=1"}
    await wire.pool("poolId", enableAutoScale=True, **formula)
    reply = await wire.call(row.method, row.path.replace("{", "").replace("}", ""), formula if row.body else None)
    assert (reply.status == 501) is (state_of(operation) == "left out")
