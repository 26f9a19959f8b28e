"""What the session and the bulk engine tell whoever looks inside.

Law: a shape only. Nobody here knows OpenTelemetry (`batchio.otel` does), and where nobody looks, a request pays for
one look at a None.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from contextlib import nullcontext
from types import TracebackType
from typing import TYPE_CHECKING, Protocol, Self, runtime_checkable

from .request import Request

if TYPE_CHECKING:
    import aiohttp

UNSEEN = nullcontext()
"""The block around what nobody looks at."""


class Block(Protocol):
    """What is told from its first moment to its last, the error that ends it included."""

    def __enter__(self) -> Self: ...

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None, /
    ) -> None: ...


class Sending(Protocol):
    """One try, which begins now."""

    def over(self, status: int, headers: Mapping[str, str], error: BaseException | None, seconds: float) -> None:
        """An answer has come, or the error instead of it."""
        ...


class Call(Block, Protocol):
    """One request with all its tries."""

    def sending(self, headers: dict[str, str], number: int) -> Sending:
        """The try of this number, from 1; headers that carry the trace may be added to those that leave."""
        ...


class Run(Block, Protocol):
    """One submission, or one feed."""

    def call(self, request: Request) -> Call:
        """One request of the run begins."""
        ...

    def settled(self, outcomes: Iterable[tuple[str, int]]) -> None:
        """So many tasks have each outcome now; told a few times a second, never per task."""
        ...

    def ended(self, totals: Mapping[str, int], failure: BaseException | None) -> None:
        """What the run has come to, and what kept it from its end, if anything did."""
        ...


class Gauges(Protocol):
    """What goes up and down, as `ClientStats` has it."""

    @property
    def rate(self) -> float:
        """Tasks a second that got an outcome lately."""
        ...

    @property
    def window(self) -> int:
        """Requests of submissions and feeds that may be in flight."""
        ...

    @property
    def in_flight(self) -> int:
        """Requests that wait for their answer."""
        ...


class Watched(Protocol):
    """A client, as whoever measures it from time to time sees it; maybe from another thread."""

    @property
    def endpoint(self) -> str:
        """The account's URL."""
        ...

    @property
    def stats(self) -> Gauges:
        """A snapshot."""
        ...


@runtime_checkable
class Telemetry(Protocol):
    """Whoever looks inside."""

    def call(self, request: Request, endpoint: str) -> Call | None:
        """A call to the account at this URL begins; None where nobody looks now."""
        ...

    def run(self, name: str, endpoint: str, job_id: str, before: Iterable[tuple[str, int]]) -> Run | None:
        """A submission or a feed begins; None where nobody looks now. `before`: outcomes of earlier runs."""
        ...

    def retried(self, endpoint: str, requests: int) -> None:
        """So many requests are sent again."""
        ...

    def refused(self, endpoint: str) -> None:
        """A request was refused: 429, or 503 ServerBusy."""
        ...

    def opened(self, session: aiohttp.ClientSession) -> None:
        """A client has opened a session of its own, and tells of its requests itself."""
        ...

    def watch(self, client: Watched) -> None:
        """Measure this client from time to time, so long as it lives."""
        ...

    def forget(self, client: Watched) -> None:
        """Measure it no more: it is closed."""
        ...
