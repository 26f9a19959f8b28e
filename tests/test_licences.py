"""The licences of what users install together with batchio."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

COMMAND = Path(__file__).parent.parent / ".ci" / "licences.py"
# Those that ask for no more than their text beside a copy; MPL-2.0 asks for changes of its own files besides.
ALLOWED = {
    *("MIT", "MIT-0", "MIT License", "0BSD", "BSD", "BSD License", "BSD-2-Clause", "BSD-3-Clause", "ISC"),
    *("Apache-2.0", "Apache License 2.0", "Apache License, Version 2.0", "Apache Software License"),
    *("ISC License (ISCL)", "PSF-2.0", "Python Software Foundation License", "Unlicense"),
    *("MPL-2.0", "Mozilla Public License 2.0 (MPL 2.0)"),
}


def is_allowed(licence: str) -> bool:
    """Whether each part of it is allowed; where there is a choice, one is enough."""
    parts = [part[1:-1] if part.startswith("(") else part for part in licence.split(" AND ")]
    return all(ALLOWED.intersection(part.split(" OR ")) for part in parts)


def test_licences() -> None:
    if not COMMAND.exists():
        pytest.skip("not in a clone of the repository")
    run = subprocess.run([sys.executable, COMMAND], capture_output=True, text=True, check=True)  # noqa: S603 - our own
    rows = [line.split("\t") for line in run.stdout.splitlines()]
    assert {"aiohttp", "azure-identity", "msgspec", "yarl"} <= {name for name, _, _ in rows}
    assert not [row for row in rows if not is_allowed(row[2])]


@pytest.mark.parametrize(
    ("licence", "allowed"),
    [
        ("MIT", True),
        ("Apache-2.0 AND MIT", True),
        ("(Apache-2.0 OR GPL-3.0-only) AND MIT", True),
        ("GPL-3.0-only", False),
        ("MIT AND AGPL-3.0-or-later", False),
        ("GNU General Public License v3 (GPLv3)", False),
        ("Proprietary", False),
        ("not said", False),
    ],
)
def test_what_is_allowed(licence: str, *, allowed: bool) -> None:
    assert is_allowed(licence) is allowed
