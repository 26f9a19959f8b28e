"""The clients that are measured, one module for each library.

Law: a client is told its work as an `Order` and does it the way its own documentation shows; it tunes nothing.

`LISTED` says what is known of a client without importing it. Its module holds `CLIENTS`, name to `Client`.
"""

from __future__ import annotations

import importlib
from collections.abc import Callable, Coroutine, Iterable
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, kw_only=True)
class Order:
    """What a client has to do.

    `in_flight`: requests at a time, or None for the client's own default. `latency`: seconds that the service takes
    for each, or None for what the benchmark was told. `journal`: the file that the client keeps, or None for none.
    """

    url: str
    job: str
    size: str
    tasks: int
    in_flight: int | None
    file: str | None = None
    latency: float | None = None
    journal: str | None = None

    @property
    def path(self) -> str:
        """Where collections go."""
        return f"{self.url}/jobs/{self.job}/addtaskcollection?api-version=2024-07-01.20.0"


@dataclass(frozen=True, kw_only=True)
class Client:
    """How a client works. `source`: its input; `send`: adds it and answers how many tasks the client takes for added.

    `whole`: the client wants all of its input at once, so that is built before the clock starts.
    """

    source: Callable[[Order], Iterable[Any]]
    send: Callable[[Order, Iterable[Any]], Coroutine[Any, Any, int]]
    whole: bool = False


@dataclass(frozen=True, kw_only=True)
class Listed:
    """A client's row: its module, what it is, and the microseconds a task that it is expected to take.

    What is not Python is told by its file. The expectation only chooses how many tasks it gets (`engine.md` measured
    most of them).
    """

    module: str
    about: str
    expected: dict[str, float]


def _expected(small: float, medium: float, large: float) -> dict[str, float]:
    return {"small": small, "medium": medium, "large": large}


LISTED = {
    "floor": Listed(
        module="floor", about="bare aiohttp and msgspec, no accounting, no signature", expected=_expected(2, 3, 12)
    ),
    "batchio": Listed(module="ours", about="submit, generator of TaskAddParameter", expected=_expected(2.5, 3.5, 14)),
    "batchio-mappings": Listed(module="ours", about="submit, generator of mappings", expected=_expected(2.5, 3.5, 14)),
    "batchio-outcomes": Listed(
        module="ours", about="submitting, mappings, every outcome read", expected=_expected(2.5, 3.5, 14)
    ),
    "aiohttp-json": Listed(module="by_hand", about="aiohttp and json by hand", expected=_expected(4, 8, 44)),
    "httpx-json": Listed(module="by_hand", about="httpx and json by hand", expected=_expected(22, 26, 89)),
    "azure-batch": Listed(
        module="azure", about="azure-batch asyncio create_tasks, models built before", expected=_expected(49, 66, 164)
    ),
}

UNLISTED = {
    "batchio-lines": Listed(module="ours", about="submit, lines of a file as bytes", expected=_expected(2.5, 3.5, 14)),
    "batchio-token": Listed(
        module="ours", about="submit, mappings, a bearer token and no signature", expected=_expected(2.5, 3.5, 14)
    ),
    "batchio-feed": Listed(
        module="callers", about="10,000 callers of one feed, mappings", expected=_expected(10, 12, 25)
    ),
    "batchio-one-by-one": Listed(
        module="callers",
        about="10,000 callers, a request with one task each, 100 at a time",
        expected=_expected(400, 420, 500),
    ),
    "azure-batch-sync": Listed(
        module="azure_threads", about="create_tasks with threads, models built before", expected=_expected(60, 80, 200)
    ),
    "azure-batch-14": Listed(
        module="azure_14",
        about="task.add_collection with threads, models built before",
        expected=_expected(97, 267, 1_506),
    ),
    "azure-batch-node": Listed(
        module="azure_node.js",
        about="task.addCollection, 100 objects a call, built before",
        expected=_expected(36, 96, 695),
    ),
}
"""Not in the table of clients; other parts of the benchmark use them."""


def load(name: str) -> Client:
    """A client, with its library imported."""
    listed = LISTED.get(name) or UNLISTED[name]
    found: Client = importlib.import_module(f"{__name__}.{listed.module}").CLIENTS[name]
    return found
