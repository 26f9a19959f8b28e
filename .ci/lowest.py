"""What pyproject.toml asks for in its lowest versions, as constraints of pip: `aiohttp>=3.12` becomes `aiohttp==3.12`.

Law: pyproject.toml is the only list.
"""

from __future__ import annotations

import re
import sys
import tomllib
from pathlib import Path

_LOWEST = re.compile(r"([\w.-]+)(?:\[[^\]]*\])?\s*>=\s*([\w.]+)")

project = tomllib.loads((Path(__file__).parent.parent / "pyproject.toml").read_text("utf-8"))["project"]
asked = [*project["dependencies"], *(each for extra in project["optional-dependencies"].values() for each in extra)]
pinned = {f"{found[1]}=={found[2]}" for each in asked if (found := _LOWEST.match(each))}
sys.stdout.write("\n".join(sorted(pinned)) + "\n")
