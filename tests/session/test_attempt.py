"""One try, as the counters, the log and the telemetry see it; and the start of a body."""

from __future__ import annotations

import itertools
import logging
from collections.abc import Mapping
from types import SimpleNamespace
from typing import Any

import pytest

from batchio import RequestTimeoutError
from batchio.session import attempt
from batchio.session.attempt import Counters, told
from batchio.session.incoming import start_of
from batchio.session.request import Request

from .driving import said_by

READ = Request(
    operation="Jobs_GetJob",
    method="GET",
    path="/jobs/j",
    url="https://acme.example/jobs/j",
    query={},
    resource="/jobs/j",
    headers={"client-request-id": "c-1"},
    body=None,
    timeout=None,
)


class Watcher:
    """Stands for a call that is looked at, and for each of its tries."""

    def __init__(self) -> None:
        self.seen = list[Any]()

    def sending(self, headers: dict[str, str], number: int) -> Watcher:
        headers["traceparent"] = "00-1"
        self.seen.append(number)
        return self

    def over(self, status: int, headers: Mapping[str, str], error: BaseException | None, seconds: float) -> None:
        self.seen.append((status, headers, error, seconds))


def numbers(counters: Counters) -> tuple[int, ...]:
    return counters.requests, counters.in_flight, counters.retries, counters.refused, counters.bytes_sent


def test_a_try_that_nobody_looks_at_is_counted_alone(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO, "batchio")
    counters = Counters()
    assert numbers(counters) == (0, 0, 0, 0, 0)
    block = told(counters, READ, {}, 1, None)
    assert block is counters
    with block as nobody, told(counters, READ, {}, 1, None):
        assert nobody is None
        assert numbers(counters) == (2, 2, 0, 0, 0)
    with pytest.raises(ValueError, match="x"), told(counters, READ, {}, 2, None):
        raise ValueError("x")
    assert numbers(counters) == (3, 0, 0, 0, 0)
    assert not said_by(caplog)


@pytest.mark.parametrize("is_logged", [True, False])
def test_a_try_that_is_looked_at(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture, *, is_logged: bool
) -> None:
    caplog.set_level(logging.DEBUG if is_logged else logging.INFO, "batchio")
    ticks = itertools.count(10.0, 0.25)
    monkeypatch.setattr(attempt, "time", SimpleNamespace(monotonic=lambda: next(ticks)))
    counters, headers, error = Counters(), {"accept": "x"}, ValueError("x")
    watcher: Any = Watcher()
    with told(counters, READ, headers, 3, watcher) as one:
        assert one is not None
        assert numbers(counters) == (1, 1, 0, 0, 0)
        one.answered(204, {"ETag": "1"})
    with pytest.raises(ValueError, match="x"), told(counters, READ, {}, 4, watcher):
        raise error
    assert numbers(counters) == (2, 0, 0, 0, 0)
    assert headers["traceparent"] == "00-1"
    assert watcher.seen == [3, (204, {"ETag": "1"}, None, 0.25), 4, (0, {}, error, 0.25)]
    lines = ["Jobs_GetJob GET /jobs/j -> 204 in 250.0 ms ETag=1", "Jobs_GetJob GET /jobs/j -> ValueError in 250.0 ms"]
    assert [record.getMessage() for record in said_by(caplog)] == (lines if is_logged else [])
    assert [vars(record)["attempt"] for record in said_by(caplog)] == ([3, 4] if is_logged else [])


class Pieces:
    """An answer that comes in pieces."""

    def __init__(self, *pieces: bytes) -> None:
        self.status = 404
        self.headers: Mapping[str, str] = {}
        self.left = list(pieces)

    async def read(self) -> bytes:
        if self.left == [b"late"]:
            raise TimeoutError
        return self.left.pop(0) if self.left else b""

    def close(self) -> None:
        """Nothing is open."""


@pytest.mark.parametrize(
    ("size", "start", "left"), [(1, b"ab", 2), (2, b"ab", 2), (3, b"abcd", 1), (5, b"abcdef", 0), (99, b"abcdef", 0)]
)
async def test_the_start_of_a_body(size: int, start: bytes, left: int) -> None:
    pieces = Pieces(b"ab", b"cd", b"ef")
    assert (await start_of(pieces, size, None), len(pieces.left)) == (start, left)


async def test_the_start_of_a_body_in_time() -> None:
    with pytest.raises(RequestTimeoutError, match=r"^no answer within 2\.5 s$"):
        await start_of(Pieces(b"ab", b"late"), 9, 2.5)
