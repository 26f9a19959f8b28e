"""Filters, built instead of written: `(field("state") == "completed") & (field("executionInfo/exitCode") != 0)`.

Law: pure. What is built is text that the service reads as it was meant: quotes are doubled, times and durations
say what they are, and parentheses keep what belongs together together.
"""

from __future__ import annotations

import math
import re
from datetime import UTC, datetime, timedelta

import msgspec

from .errors import ConfigurationError
from .models.base import duration_text

Value = str | int | float | bool | datetime | timedelta | None
"""What a property can be compared with."""

_NAME = re.compile(r"[A-Za-z_]\w*(?:/[A-Za-z_]\w*)*", re.ASCII)
_OR, _AND, _ONE = range(3)


class Filter(msgspec.Struct, frozen=True):
    """A condition; `str` gives its text. `&`, `|` and `~` make others of it (`and`, `or` and `not` cannot)."""

    text: str
    _binds: int = _ONE

    def __and__(self, other: Filter) -> Filter:
        """Both hold."""
        return self._join(other, "and", _AND)

    def __or__(self, other: Filter) -> Filter:
        """One of them holds, or both."""
        return self._join(other, "or", _OR)

    def __invert__(self) -> Filter:
        """It does not hold."""
        return Filter(f"not ({self.text})")

    def __str__(self) -> str:
        return self.text

    def __bool__(self) -> bool:
        raise TypeError(
            "a filter is neither true nor false here: join filters with & | ~, each comparison in parentheses"
        )

    def _join(self, other: Filter, word: str, binds: int) -> Filter:
        if not isinstance(other, Filter):
            return NotImplemented
        return Filter(f"{self._within(binds)} {word} {other._within(binds)}", binds)

    def _within(self, binds: int) -> str:
        return self.text if self._binds >= binds else f"({self.text})"


class Field:
    """A property of what is listed, by its wire name; comparing it gives a `Filter`."""

    __slots__ = ("_name",)
    __hash__ = None  # type: ignore[assignment]  # == gives a filter, so that it can be no key

    def __init__(self, name: str) -> None:
        if not isinstance(name, str) or not _NAME.fullmatch(name):
            raise ConfigurationError(f"filter: {name!r} is no name of a property (executionInfo/exitCode)")
        self._name = name

    def __eq__(self, value: Value) -> Filter:  # type: ignore[override]  # the point of this class
        return self._compare("eq", value)

    def __ne__(self, value: Value) -> Filter:  # type: ignore[override]  # the point of this class
        return self._compare("ne", value)

    def __lt__(self, value: Value) -> Filter:
        return self._compare("lt", value)

    def __le__(self, value: Value) -> Filter:
        return self._compare("le", value)

    def __gt__(self, value: Value) -> Filter:
        return self._compare("gt", value)

    def __ge__(self, value: Value) -> Filter:
        return self._compare("ge", value)

    def __repr__(self) -> str:
        return f"Field({self._name!r})"

    def startswith(self, text: str) -> Filter:
        """The property begins with a text."""
        if not isinstance(text, str):
            raise ConfigurationError(f"filter: startswith takes a text, not {text!r}")
        return Filter(f"startswith({self._name}, {literal(text)})")

    def _compare(self, word: str, value: Value) -> Filter:
        return Filter(f"{self._name} {word} {literal(value)}")


def field(name: str) -> Field:
    """A property by its wire name; a part of one with slashes. Raises `ConfigurationError` for what is no name.

    >>> str((field("state") == "completed") & ~field("id").startswith("test-"))
    "state eq 'completed' and not (startswith(id, 'test-'))"
    """
    return Field(name)


def literal(value: Value) -> str:
    """A value as it stands in a filter; raises `ConfigurationError` for one that cannot.

    >>> literal("it's"), literal(None), literal(timedelta(minutes=90))
    ("'it''s'", 'null', "duration'PT1H30M'")
    """
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str):
        return "'" + str(value).replace("'", "''") + "'"
    if isinstance(value, datetime):
        return f"datetime'{_moment(value)}'"
    if isinstance(value, timedelta):
        return f"duration'{duration_text(value)}'"
    if isinstance(value, int) or (isinstance(value, float) and math.isfinite(value)):
        return repr(value)
    raise ConfigurationError(f"filter: {value!r} cannot be compared with")


def _moment(value: datetime) -> str:
    if value.tzinfo is None:
        raise ConfigurationError(f"filter: a datetime with a zone, not {value!r}")
    try:
        return f"{value.astimezone(UTC).replace(tzinfo=None).isoformat()}Z"
    except OverflowError:
        raise ConfigurationError(f"filter: {value!r} is no time in UTC") from None
