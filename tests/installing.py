"""Other clients, in folders of their own.

Law: what cannot be installed here skips its test, and says why; nothing of this environment's reaches a guest.
"""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest

SECONDS = 120
KEPT = {name: value for name, value in os.environ.items() if not name.startswith(("PYTHON", "AZURE_", "NODE_PATH"))}
"""The environment that guests are started with."""


def installed(tool: str, *command: str, folder: Path) -> None:
    """Run what installs a client."""
    try:
        subprocess.run(command, cwd=folder, env=KEPT, check=True, capture_output=True, text=True, timeout=SECONDS)  # noqa: S603 - pip and npm
    except subprocess.TimeoutExpired:
        pytest.skip(f"{tool} took more than {SECONDS} seconds")
    except subprocess.CalledProcessError as error:
        said = [line for line in error.stderr.splitlines() if "error" in line.lower()]
        pytest.skip(f"{tool} cannot install the client here: {'; '.join(said[:2]) or error}")


def node_with(package: str, folder: Path) -> dict[str, str]:
    """Install a package of npm; gives the environment in which Node finds it."""
    npm = shutil.which("npm")
    if npm is None or shutil.which("node") is None:
        pytest.skip("Node and npm are not here")
    (folder / "package.json").write_text('{"private": true}')
    installed("npm", npm, "install", "--no-audit", "--no-fund", "--ignore-scripts", package, folder=folder)
    return {**KEPT, "NODE_PATH": str(folder / "node_modules")}
