"""What the benchmarks `list` and `call` share: the contestants, one module for each library, and how they are run.

Law: a contestant is told its work as an `Order`, does it the way its own documentation shows, and tunes nothing. It
answers how many tasks or jobs it has read, having looked into each.
"""

from __future__ import annotations

import importlib
from collections.abc import Callable, Coroutine
from dataclasses import dataclass
from typing import Any

VERSION = "2024-07-01.20.0"


@dataclass(frozen=True, kw_only=True)
class Order:
    """What is to be read: the `count` tasks of a job, or the job itself `count` times."""

    url: str
    count: int

    @property
    def job(self) -> str:
        """A job with so many tasks."""
        return f"reading-{self.count}"


@dataclass(frozen=True, kw_only=True)
class Peer:
    """A contestant's row: the function that does its work as `MODULE.NAME`, what it is, and what it reads at most."""

    function: str
    about: str
    most: int | None = None


Read = Callable[[Order], Coroutine[Any, Any, int]]


def load(function: str) -> Read:
    """The function of a contestant, with its library imported."""
    module, name = function.split(".")
    found: Read = getattr(importlib.import_module(f"{__name__}.{module}"), name)
    return found
