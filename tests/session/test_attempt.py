"""One try, as the counters, the log and the telemetry see it; and a body that comes in pieces."""

from __future__ import annotations

import asyncio
import itertools
import logging
from collections.abc import Mapping
from types import SimpleNamespace
from typing import Any

import aiohttp
import pytest
from yarl import URL

from batchio import RequestTimeoutError, TransportError
from batchio.session import attempt
from batchio.session.attempt import Counters, told
from batchio.session.incoming import Body, start_of

from .driving import READ, said_by


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


def test_a_try_that_is_logged_alone(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG, "batchio")
    with told(Counters(), READ, {}, 1, None) as one:
        assert one is not None
        one.answered(200, {})
    assert len(said_by(caplog)) == 1


class Pieces:
    """An answer that comes in pieces."""

    def __init__(self, *pieces: bytes) -> None:
        self.status = 404
        self.headers: Mapping[str, str] = {}
        self.left = list(pieces)

    async def read(self) -> bytes:
        if self.left == [b"late"]:
            await asyncio.Event().wait()
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
    with pytest.raises(RequestTimeoutError, match=r"^no answer within 0\.01 s$"):
        await start_of(Pieces(b"ab", b"late"), 9, 0.01)


class Content:
    """A body as aiohttp reads it: one failure, and what had come before it."""

    def __init__(self, failure: Exception | None, *arrived: bytes) -> None:
        self.failure, self.arrived = failure, list(arrived)
        self.sizes = list[int]()

    async def read(self, size: int) -> bytes:
        self.sizes.append(size)
        if self.failure is None:
            await asyncio.Event().wait()
        raise self.failure or AssertionError

    def _read_nowait(self, size: int) -> bytes:
        self.sizes.append(size)
        return self.arrived.pop(0) if self.arrived else b""


def body(content: object, timeout: float | None = 2.5) -> Body:
    response: Any = SimpleNamespace(status=200, headers={}, content=content)
    return Body(response, URL("https://acme.example:8443/x"), timeout)


NOWHERE: Any = SimpleNamespace(host="acme.example", port=8443, ssl=True, is_ssl=True)


@pytest.mark.parametrize(
    ("failure", "said"),
    [
        (RuntimeError("Connection closed."), "the connection was lost: Connection closed."),
        (aiohttp.ClientPayloadError("cut"), "the connection was lost: cut"),
        (TimeoutError("x"), "no answer within 2.5 s"),
        (
            aiohttp.ClientConnectorError(NOWHERE, OSError(-2, "Gone")),
            "no connection to acme.example:8443: gone",
        ),
    ],
)
async def test_a_body_that_breaks(failure: Exception, said: str) -> None:
    content = Content(failure)
    with pytest.raises(TransportError) as caught:
        await body(content).read()
    assert str(caught.value) == said
    assert caught.value.__cause__ is failure
    assert set(content.sizes) == {65_536}


async def test_what_had_come_before_a_body_broke_is_given_first() -> None:
    broken = body(Content(aiohttp.ClientPayloadError("cut"), b"ab", b"c"))
    assert [await broken.read(), await broken.read()] == [b"ab", b"c"]
    with pytest.raises(TransportError):
        await broken.read()


async def test_a_stream_of_a_recorder_keeps_nothing() -> None:
    content = Content(aiohttp.ClientPayloadError("cut"))
    with pytest.raises(TransportError):
        await body(SimpleNamespace(read=content.read)).read()


async def test_a_piece_of_a_body_that_does_not_come() -> None:
    with pytest.raises(RequestTimeoutError, match=r"^no answer within 0\.01 s$"):
        await body(Content(None), 0.01).read()
