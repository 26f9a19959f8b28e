"""The licences of all that batchio needs, with its extras for users, from the metadata of what is installed.

    python .ci/licences.py

Law: one line for each distribution: name, version, licence, separated by tabs. What is not installed is left out.
"""

from __future__ import annotations

import sys
import tomllib
from collections.abc import Iterable, Iterator
from importlib.metadata import Distribution, PackageNotFoundError, distribution
from pathlib import Path

from packaging.requirements import Requirement

EXTRAS = ("cli", "otel", "uvloop")


def asked() -> list[str]:
    """What pyproject.toml asks for."""
    project = tomllib.loads((Path(__file__).parent.parent / "pyproject.toml").read_text("utf-8"))["project"]
    extras = [each for extra in EXTRAS for each in project["optional-dependencies"][extra]]
    return [*project["dependencies"], *extras]


def needed(requirements: Iterable[str], extras: Iterable[str], seen: set[str]) -> Iterator[Distribution]:
    """What these ask for, and what that asks for in turn, each once."""
    for requirement in map(Requirement, requirements):
        marker = requirement.marker
        if marker is not None and not any(marker.evaluate({"extra": extra}) for extra in (*extras, "")):
            continue
        try:
            found = distribution(requirement.name)
        except PackageNotFoundError:
            continue
        if found.name.lower() not in seen:
            seen.add(found.name.lower())
            yield found
            yield from needed(found.requires or (), requirement.extras, seen)


def licence_of(found: Distribution) -> str:
    """As its metadata say it: the expression, or else the classifiers, or else a line of words."""
    said = found.metadata
    if expression := said.get("License-Expression"):
        return str(expression)
    classes = [each.rpartition(" :: ")[2] for each in said.get_all("Classifier", []) if each.startswith("License ::")]
    return " AND ".join(classes) or (said.get("License") or "").strip().partition("\n")[0] or "not said"


if __name__ == "__main__":
    for each in sorted(needed(asked(), (), set()), key=lambda found: found.name.lower()):
        sys.stdout.write(f"{each.name}\t{each.version}\t{licence_of(each)}\n")
