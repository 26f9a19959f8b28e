"""That every id of a sweep keeps to the service's rules and stands there once.

Law: pure, and exact. Proved from the axes where they allow it, for a few looks at a range of any length; otherwise
every id is compared with every other, at 8 bytes each.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from ..errors import ConfigurationError
from .template import LONGEST_ID, Part, Place
from .twins import Twins, twins_among

_PLAIN = re.compile(r"(?:0?\d*)?[dxXob]?").fullmatch
"""Formats under which other whole numbers are other texts, longer the further they are from 0."""

_LETTERS = re.compile(r"[A-Za-z0-9_-]*").fullmatch
_EDGES = (0, 0xD800)
"""Where the sign changes, and where the numbers of letters become those of halves."""
_DIGITS, _HEXADECIMAL = frozenset("0123456789"), frozenset("0123456789abcdef")


def outermost(values: Sequence[Any]) -> list[Any]:
    """Of a range its ends and what stands around the edges; anything else as it is.

    What a format cannot take at all, and how long it makes a number, shows in these.
    """
    if not isinstance(values, range) or not values:
        return list(values)
    crossings = [(edge - values.start) // values.step for edge in _EDGES]
    near = [values[at] for crossing in crossings for at in (crossing, crossing + 1) if 0 <= at < len(values)]
    return list(dict.fromkeys([values[0], values[-1], *near, *(at for at in (-1, 0, 1) if at in values)]))


def check_ids(parts: Sequence[Part], axes: Mapping[str, Sequence[Any]], ids: Callable[[], Iterator[str]]) -> None:
    """Raise `ConfigurationError` unless all ids are good, and no two are the same to the service.

    `ids`: makes them all, in order. No axis is empty.
    """
    rule = "".join(str(part) if isinstance(part, Place) else part for part in parts)
    for name, values in axes.items():
        if len(values) > 1 and not any(isinstance(part, Place) and part.name == name for part in parts):
            raise ConfigurationError(f"id: every value of {name} gives the id {rule} again; it needs {{{name}}}")
    for part in parts:
        # What is wrong with a long range shows here, before all of it is looked at.
        for text in [part] if isinstance(part, str) else map(part.text, outermost(axes[part.name])):
            _check_letters(rule, part, text)
    texts = {name: _Texts(name, values, _of(name, parts)) for name, values in axes.items()}
    for each in texts.values():
        each.check_letters(rule)
    _check_length(rule, parts, texts)
    for each in texts.values():
        each.check_twins(rule)
    if _is_readable(parts, texts) or _is_readable([*reversed(parts)], texts, backwards=True):
        return
    _compare(rule, ids)


def _of(name: str, parts: Sequence[Part]) -> list[Place]:
    return [part for part in parts if isinstance(part, Place) and part.name == name]


class _Texts:
    """What stands in the places of one axis. `rows`: of each telling value, the text of each place."""

    def __init__(self, name: str, values: Sequence[Any], places: Sequence[Place]) -> None:
        self.name = name
        self.places = list(dict.fromkeys(places))
        is_plain = all(_PLAIN(place.spec) for place in places)
        self.telling = outermost(values) if is_plain else list(values)
        self.is_whole = len(self.telling) == len(values)
        self.rows = [tuple(place.text(value) for place in self.places) for value in self.telling]

    def of(self, place: Place) -> list[str]:
        """The texts in a place."""
        at = self.places.index(place)
        return [row[at] for row in self.rows]

    def letters(self, place: Place, *, signed: bool) -> frozenset[str]:
        """What the numbers of a range are written with; `signed`: where a sign may stand."""
        digits = _HEXADECIMAL if place.spec[-1:] in ("x", "X") else _DIGITS
        return digits | {"-"} if signed and any(text.startswith("-") for text in self.of(place)) else digits

    def check_letters(self, rule: str) -> None:
        """Raise `ConfigurationError` for a text that cannot stand in an id."""
        for row in self.rows:
            for place, text in zip(self.places, row, strict=True):
                _check_letters(rule, place, text)

    def check_twins(self, rule: str) -> None:
        """Raise `ConfigurationError` where two values give the same texts, and so the same ids."""
        if not self.places or not self.is_whole:
            # One value; or a range under formats that keep numbers apart.
            return
        seen: dict[tuple[str, ...], int] = {}
        for at, row in enumerate(self.rows):
            first = seen.setdefault(tuple(text.lower() for text in row), at)
            if first != at:
                one, other = self.telling[first], self.telling[at]
                raise ConfigurationError(
                    f"id: {one!r} and {other!r} of {self.name} give the same id {rule} (letter case does not count)"
                )


def _check_letters(rule: str, part: Part, text: str) -> None:
    # In pieces, each of which may be longer than an id, or empty.
    if _LETTERS(text) is None:
        raise ConfigurationError(
            f"id: {part} of {rule} gives {text!r}; an id is letters, digits, hyphens and underscores"
        )


def _check_length(rule: str, parts: Sequence[Part], texts: Mapping[str, _Texts]) -> None:
    fixed = sum(len(part) for part in parts if isinstance(part, str))
    longest = shortest = fixed
    for name, each in texts.items():
        repeats = [_of(name, parts).count(place) for place in each.places]
        sizes = [sum(len(text) * times for text, times in zip(row, repeats, strict=True)) for row in each.rows]
        longest += max(sizes)
        shortest += min(sizes)
    if longest > LONGEST_ID:
        raise ConfigurationError(f"id: {rule} gives ids of up to {longest} characters; {LONGEST_ID} are allowed")
    if shortest < 1:
        raise ConfigurationError(f"id: {rule} gives an empty id")


def _is_readable(parts: Sequence[Part], texts: Mapping[str, _Texts], *, backwards: bool = False) -> bool:
    """Whether an id can be read in one way alone, from one end to the other.

    It can where no text of a place goes on behind a shorter one with a letter that may also begin what follows.
    """
    return all(
        isinstance(part, str)
        or _going_on(texts[part.name], part, backwards=backwards).isdisjoint(
            _beginnings(parts[at + 1 :], texts, backwards=backwards)
        )
        for at, part in enumerate(parts)
    )


def _going_on(texts: _Texts, place: Place, *, backwards: bool) -> frozenset[str]:
    found = {text.lower()[:: -1 if backwards else 1] for text in texts.of(place)}
    if not texts.is_whole:
        return frozenset() if len(set(map(len, found))) == 1 else texts.letters(place, signed=backwards)
    return frozenset(text[at] for text in found for at in range(len(text)) if text[:at] in found)


def _beginnings(parts: Sequence[Part], texts: Mapping[str, _Texts], *, backwards: bool) -> set[str]:
    """The letters that may come first; none where nothing comes."""
    found: set[str] = set()
    for part in parts:
        if isinstance(part, str):
            return found | {part.lower()[-1 if backwards else 0]}
        each = texts[part.name]
        if each.is_whole:
            found |= {text.lower()[-1 if backwards else 0] for text in each.of(part) if text}
        else:
            found |= each.letters(part, signed=not backwards)
        if "" not in each.of(part):
            return found
    return found


def _compare(rule: str, ids: Callable[[], Iterator[str]]) -> None:
    twins = Twins()
    for each in ids():
        twins.add(each)
    for first, second, each in twins_among(twins.suspects(), ids()):
        raise ConfigurationError(
            f"id: {rule} gives {each!r} for the tasks {first + 1:,} and {second + 1:,}; a hyphen between the places "
            "keeps them apart"
        )
