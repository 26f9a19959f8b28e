"""Pictures of what was measured, as SVG: the table of them, and `python -m benchmarks pictures --from FILE`.

Law: a picture is drawn from what `--json` holds and from nothing else, so a saved run gives the picture of its own day.
Nothing of matplotlib is imported before there is something to draw.

    python -m benchmarks bulk --json bulk.json
    python -m benchmarks pictures --from bulk.json      # all that the file has, into benchmarks/pictures
"""

from __future__ import annotations

import argparse
import importlib
import importlib.util
import json
import sys
from pathlib import Path
from typing import Any

from .processes import ROOT, RunFailed

PICTURES = {
    "simulation": ("pacing", "storm"),
    "clients": ("bulk", "cpu"),
    "memory": ("bulk", "memory"),
}
"""Part of a benchmark -> the package whose `pictures` has a function of this name, which is the file's name, too."""

_FOLDER = ROOT / "benchmarks" / "pictures"


def add_option(parser: argparse.ArgumentParser) -> None:
    """The option of the benchmarks that have a picture."""
    parser.add_argument("--picture", type=_new_file, help="draw the first of the parts that has a picture: an SVG file")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options of `pictures`."""
    parser.add_argument(
        "--from", dest="files", metavar="FILE", type=Path, nargs="+", required=True, help="what --json has written"
    )
    parser.add_argument("--to", type=_folder, default=str(_FOLDER), help="a folder; benchmarks/pictures")


def run(arguments: argparse.Namespace) -> int:
    """Draw all that the files have; 1 when one of them has nothing."""
    try:
        for file in arguments.files:
            _draw_all(file, arguments.to)
    except (RunFailed, OSError) as error:
        print(f"benchmarks: {error}", file=sys.stderr)
        return 1
    return 0


def _draw_all(file: Path, folder: Path) -> None:
    try:
        found = json.loads(file.read_text())
        for part in _drawable(found):
            print(draw(found, part, folder / f"{PICTURES[part][1]}.svg"))
    except (ValueError, TypeError, LookupError) as error:
        raise RunFailed(f"{file} is not what --json of this version writes: {error!r}") from error


def draw_first(found: dict[str, Any], file: Path) -> None:
    """The picture of the first part that has one."""
    draw(found, _drawable(found)[0], file)


def draw(found: dict[str, Any], part: str, file: Path) -> Path:
    """The picture of one part, written to the file."""
    package, name = PICTURES[part]
    canvas = importlib.import_module("benchmarks.canvas")
    canvas.write(getattr(importlib.import_module(f"benchmarks.{package}.pictures"), name), found, file)
    return file


def _drawable(found: dict[str, Any]) -> list[str]:
    if parts := [part for part in found if part in PICTURES]:
        return parts
    raise RunFailed(f"no picture: what was measured is none of {', '.join(PICTURES)}")


# What cannot be written is told before it is measured.


def _new_file(text: str) -> Path:
    if not text.endswith(".svg"):
        raise argparse.ArgumentTypeError("a picture is an .svg file")
    return _folder(str(Path(text).parent)) / Path(text).name


def _folder(text: str) -> Path:
    if importlib.util.find_spec("matplotlib") is None:
        raise argparse.ArgumentTypeError("a picture needs matplotlib: pip install -e '.[bench]'")
    if not Path(text).is_dir():
        raise argparse.ArgumentTypeError(f"{text} is no folder")
    return Path(text)
