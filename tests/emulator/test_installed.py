"""The fixtures for pytest, from a wheel, in a project that has nothing else."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent.parent
SECONDS = 240
KEPT = {name: value for name, value in os.environ.items() if not name.startswith(("PYTHON", "PYTEST"))}

SETTINGS = """\
[pytest]
addopts = -p batchio.pytest_plugin
asyncio_mode = auto
asyncio_default_fixture_loop_scope = function
filterwarnings = error
"""

TEST = """\
async def test_a_job(batch_emulator, batch_client):
    await batch_client.jobs.create({"id": "j", "poolInfo": {"poolId": "p"}})
    report = await batch_client.tasks.submit("j", [{"id": f"t{n}", "commandLine": "true"} for n in range(250)])
    assert report.added == 250
    assert batch_emulator.requests


async def test_nothing_is_left_of_another_test(batch_client):
    assert [job async for job in batch_client.jobs.list()] == []
"""


def ran(*command: str, folder: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(  # noqa: S603 - pip and our own wheel
        command, cwd=folder, env=KEPT, check=False, capture_output=True, text=True, timeout=SECONDS
    )


def pip(*arguments: str, folder: Path) -> None:
    """Run pip; where it gets nothing, the test is skipped, and it fails where it is the wheel's fault."""
    run = ran(sys.executable, "-m", "pip", *arguments, folder=folder)
    if run.returncode and "No matching distribution found" in run.stderr:
        pytest.skip(f"pip has no index here: {run.stderr.strip().splitlines()[-1]}")
    assert run.returncode == 0, run.stderr


@pytest.mark.slow
def test_the_fixtures_from_a_wheel(tmp_path: Path) -> None:
    pytest.importorskip("pip")
    pip("wheel", "--no-deps", "--wheel-dir", str(tmp_path), str(ROOT), folder=tmp_path)
    [wheel] = tmp_path.glob("batchio-*.whl")
    made = ran(sys.executable, "-m", "venv", "--without-pip", "environment", folder=tmp_path)
    assert made.returncode == 0, made.stderr
    python = str(tmp_path / "environment" / ("Scripts" if os.name == "nt" else "bin") / "python")
    pip("--python", python, "install", "--no-compile", f"{wheel}[pytest]", folder=tmp_path)
    project = tmp_path / "project"
    project.mkdir()
    (project / "pytest.ini").write_text(SETTINGS)
    (project / "test_jobs.py").write_text(TEST)
    run = ran(python, "-m", "pytest", "-q", folder=project)
    assert run.returncode == 0, run.stdout + run.stderr
    assert "2 passed" in run.stdout
    # The wheel and what it brings are what was tested.
    where = ran(python, "-c", "import batchio; print(batchio.__file__)", folder=project)
    assert str(tmp_path / "environment") in where.stdout
