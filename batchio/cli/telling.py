"""Tells people which places of the input are bad: the first ones one by one, as they are found, the rest as a number.

Law: one wording for every command and every kind of input.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .portions import Bad
    from .screen import Screen

SHOWN = 20
"""Bad places that are told one by one."""


def place_of(name: str, bad: Bad) -> str:
    """Where and why, as compilers write it. `name`: of the input."""
    return f"{name}:{bad.line}:{bad.column}: {bad.why}"


class Teller:
    """`count`: bad places so far. `name`: of the input."""

    def __init__(self, name: str, screen: Screen) -> None:
        self.count = 0
        self._name = name
        self._screen = screen

    @property
    def is_tired(self) -> bool:
        """Whether the next one would not be told."""
        return self.count >= SHOWN

    def tell(self, bad: Bad) -> None:
        """Tell one, or count it."""
        if not self.is_tired or bad.fatal:
            self._screen.warn(place_of(self._name, bad))
        self.count += 1

    def end(self) -> None:
        """Tell how many were not told."""
        if self.count > SHOWN:
            self._screen.warn(f"{self._name}: {self.count - SHOWN:,} more bad places")
