"""Whether the wheel and the sdist in a folder hold what git knows, and nothing else.

    python .ci/package.py FOLDER

Law: what is wrong is told by name; the list of what belongs in is git's own.
"""

from __future__ import annotations

import subprocess
import sys
import tarfile
import zipfile
from pathlib import Path

ROOT = Path(__file__).parent.parent
_WHEEL = {"METADATA", "RECORD", "WHEEL", "entry_points.txt", "licenses/LICENSE"}
_SDIST = {"PKG-INFO", ".gitignore", "pyproject.toml", "README.md", "CHANGELOG.md", "LICENSE"}


def known(*folders: str) -> set[str]:
    """The files that git knows in these folders."""
    listed = subprocess.run(["git", "ls-files", *folders], cwd=ROOT, capture_output=True, text=True, check=True)  # noqa: S603, S607 - git of the path
    return set(listed.stdout.splitlines())


def compare(archive: Path, found: list[str], wanted: set[str]) -> bool:
    """Tell what is too much, missing or there twice."""
    wrong = {"should not be there": set(found) - wanted, "missing": wanted - set(found)}
    wrong["there twice"] = {name for name in found if found.count(name) > 1}
    for why, names in wrong.items():
        for name in sorted(names):
            sys.stdout.write(f"{archive.name}: {name}: {why}\n")
    return not any(wrong.values())


def main(folder: Path) -> int:
    """Look at both; gives the exit code."""
    (wheel,), (sdist,) = folder.glob("*.whl"), folder.glob("*.tar.gz")
    name, version, *_ = wheel.name.split("-")
    with zipfile.ZipFile(wheel) as archive:
        in_wheel = archive.namelist()
    with tarfile.open(sdist) as packed:
        in_sdist = [each.name.removeprefix(f"{name}-{version}/") for each in packed if each.isfile()]
    is_good = [
        compare(wheel, in_wheel, known("batchio") | {f"{name}-{version}.dist-info/{each}" for each in _WHEEL}),
        compare(sdist, in_sdist, known("batchio", "tests", "benchmarks") | _SDIST),
        "batchio/py.typed" in in_wheel,
    ]
    return 0 if all(is_good) else 1


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1])))
