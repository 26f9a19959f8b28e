"""What the README and the tests say of azure-batch 14, with azure-batch 14: it cannot be installed beside 15."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

HERE = Path(__file__).parent
SECONDS = 240


def ran(*words: str, path: str = "") -> subprocess.CompletedProcess[str]:
    command = (sys.executable, "-m", *words)
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join([path, str(HERE.parent)])}
    return subprocess.run(  # noqa: S603 - pip and pytest
        command, cwd=HERE.parent, env=environment, check=False, capture_output=True, text=True, timeout=SECONDS
    )


@pytest.mark.slow
def test_with_azure_batch_14(tmp_path: Path) -> None:
    pytest.importorskip("pip")
    # Packages of a folder on the path go before those that are installed.
    made = ran("pip", "install", "--quiet", "--target", str(tmp_path), "azure-batch==14.2.0")
    if made.returncode:
        pytest.skip(f"pip cannot install it here: {made.stderr.strip().splitlines()[-1:]}")
    # Its ways with dates and escapes are its own business.
    words = ("-q", "-W", "ignore", "-p", "no:cacheprovider", "-p", "no:xdist", "-k", "azure_batch_14 and not many")
    files = (str(HERE / name) for name in ("test_from_wire.py", "test_peers.py", "test_readme_migration.py"))
    run = ran("pytest", *words, *files, path=str(tmp_path))
    assert run.returncode == 0, run.stdout + run.stderr
    assert "4 passed" in run.stdout
    assert "skipped" not in run.stdout
