"""What the values of arguments and options may be.

Law: what cannot be meant is refused where the command line is read, with the name of the option.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from cyclopts import Parameter

if TYPE_CHECKING:
    from cyclopts import Token


def _whole(_: Any, tokens: Sequence[Token]) -> int:
    # cyclopts takes 1.5 for 1.
    try:
        return int(tokens[0].value)
    except ValueError:
        raise ValueError(f"{tokens[0].value!r} is no whole number") from None


def _not_empty(_: Any, value: Any) -> None:
    if value == "":
        raise ValueError("It is empty.")


WHOLE = Parameter(converter=_whole)
"""A whole number."""
GIVEN = Parameter(validator=_not_empty)
"""A text that says something: an empty one is a variable that was not set, most of the time."""
