"""What some extras of pyproject.toml ask for in its lowest versions, as constraints of pip: `lowest.py cli otel`.

`aiohttp>=3.12` becomes `aiohttp==3.12`. Extras are chosen because one may ask for more than another: what tests need
does not raise what users need.

Law: pyproject.toml is the only list; what has no lowest version there is an error.
"""

from __future__ import annotations

import re
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path

_LOWEST = re.compile(r"([\w.-]+)\s*>=\s*([\w.]+)")
_OWN = re.compile(r"batchio\[([\w,]+)\]")

project = tomllib.loads((Path(__file__).parent.parent / "pyproject.toml").read_text("utf-8"))["project"]


def asked_by(extra: str) -> Iterator[str]:
    """Also by the extras that it takes in."""
    for each in project["optional-dependencies"][extra]:
        if own := _OWN.fullmatch(each):
            for name in own[1].split(","):
                yield from asked_by(name)
        else:
            yield each


def lowest(asked: str) -> str:
    """The constraint."""
    found = _LOWEST.match(asked)
    if found is None:
        sys.exit(f"pyproject.toml: no lowest version in {asked!r}")
    return f"{found[1]}=={found[2]}"


asked = [*project["dependencies"], *(each for extra in sys.argv[1:] for each in asked_by(extra))]
sys.stdout.write("\n".join(sorted({lowest(each) for each in asked})) + "\n")
