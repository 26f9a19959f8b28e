"""Finds ids that come twice among any number of them.

Law: exact in two readings, at 8 bytes an id. The first reading keeps a hash of each; only where two hashes agree is
a second one needed, which looks at those ids alone.
"""

from __future__ import annotations

from array import array
from collections.abc import Iterable, Iterator

_DRAWERS = 1 << 12
"""The hashes are kept in so many arrays, so that looking through one needs little memory more."""


class Twins:
    """The hashes of ids, without regard to letter case."""

    def __init__(self) -> None:
        self._drawers = [array("q") for _ in range(_DRAWERS)]

    def add(self, id: str) -> None:
        """Take an id."""
        found = hash(id.lower())
        self._drawers[found % _DRAWERS].append(found)

    def suspects(self) -> set[int]:
        """The hashes that came more than once."""
        found: set[int] = set()
        for drawer in self._drawers:
            if len(once := set(drawer)) < len(drawer):
                for each in drawer:
                    if each in once:
                        once.remove(each)
                    else:
                        found.add(each)
        return found


def twins_among(suspects: set[int], ids: Iterable[str]) -> Iterator[tuple[int, int, str]]:
    """The second reading: of each id that came before, its first ordinal, its own, and the id."""
    if not suspects:
        return
    first: dict[str, int] = {}
    for ordinal, each in enumerate(ids):
        key = each.lower()
        if hash(key) in suspects and first.setdefault(key, ordinal) != ordinal:
            yield first[key], ordinal, each
