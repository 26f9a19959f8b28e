"""Which paths a pattern means, and where a path may be written.

Law: pure. A path comes from somebody else's machine: it leads below the directory, or nowhere.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from fnmatch import translate
from pathlib import PurePosixPath

_SEPARATOR = re.compile(r"[/\\]+")
_ON_WINDOWS = re.compile(r'[<>:"|?*]|[ .]$|(?i:^(?:con|prn|aux|nul|com\d|lpt\d)(?:\..*)?$)')
_LONGEST = 255


class PathRefused(Exception):  # noqa: N818 - its sentence is for the user, it is not a failure of ours
    """The path leads nowhere that it may be written to; the text says why."""


class Pattern:
    """A glob over whole paths with slashes.

    `*`, `?` and `[...]` stay within one folder, `**` crosses folders; without a slash it is the name in any folder.

    >>> [path for path in ("a.txt", "wd/b.txt", "wd/x/c.txt", "wd/c.exr") if Pattern("*.txt").matches(path)]
    ['a.txt', 'wd/b.txt', 'wd/x/c.txt']
    >>> [path for path in ("a.txt", "wd/b.txt", "wd/x/c.txt") if Pattern("wd/*.txt").matches(path)]
    ['wd/b.txt']
    >>> [path for path in ("a.txt", "wd/b.txt", "wd/x/c.txt") if Pattern("wd/**/*.txt").matches(path)]
    ['wd/b.txt', 'wd/x/c.txt']
    """

    def __init__(self, text: str) -> None:
        whole = text if "/" in text else f"**/{text}"
        # None crosses folders.
        self._steps = [None if step == "**" else re.compile(translate(step)) for step in whole.split("/")]

    def matches(self, path: str) -> bool:
        """Whether a path is meant."""
        reached = self._with_crossings({0})
        for name in path.split("/"):
            reached = self._with_crossings({after for at in reached for after in self._after(at, name)})
        return len(self._steps) in reached

    def _after(self, at: int, name: str) -> Iterator[int]:
        """The steps that may come next, when this one meets a name."""
        if at == len(self._steps):
            return
        step = self._steps[at]
        if step is None:
            yield at
        elif step.match(name):
            yield at + 1

    def _with_crossings(self, reached: set[int]) -> set[int]:
        """With those behind a `**` that crosses no folder at all."""
        for at, step in enumerate(self._steps):
            if step is None and at in reached:
                reached.add(at + 1)
        return reached


def path_with_slashes(name: str) -> str:
    """A path as nodes of either system give it, with slashes alone."""
    return _SEPARATOR.sub("/", name)


def safe_path(name: str, *, windows: bool) -> PurePosixPath:
    """Where, below a directory, a file of this name goes. `windows`: whether the directory is on Windows.

    Raises `PathRefused`.

    >>> safe_path("wd/./x//a.txt", windows=False)
    PurePosixPath('wd/x/a.txt')
    """
    if not name or name[0] in "/\\":
        raise PathRefused("an absolute path" if name else "no name")
    parts = [part for part in _SEPARATOR.split(name) if part not in ("", ".")]
    if not parts:
        raise PathRefused("no name")
    for part in parts:
        if part == "..":
            raise PathRefused("a path with ..")
        if not part.isprintable():
            raise PathRefused("a name with letters that cannot be shown")
        if len(part.encode("utf-8", "surrogatepass")) > _LONGEST:
            raise PathRefused(f"a name longer than {_LONGEST} bytes")
        if windows and _ON_WINDOWS.search(part):
            raise PathRefused("a name that Windows does not allow")
    return PurePosixPath(*parts)
