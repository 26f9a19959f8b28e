"""A session without a socket: what a call becomes, and what is counted and told of it."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from typing import Any

import pytest
from yarl import URL

from batchio import Answer, HttpResponseError, VersionError
from batchio.service import operations as op
from batchio.session.incoming import Incoming
from batchio.session.session import Session

from .driving import opened

REFUSAL = b'{"code":"ServerBusy"}'


class Sent:
    """A transport that goes nowhere, and gives the same answer always."""

    def __init__(self) -> None:
        self.answer = Answer(200, {}, b"{}")
        self.urls = list[URL]()
        self.bodies = list[bytes | None]()

    async def send(
        self, method: str, url: URL, headers: Mapping[str, str], body: bytes | None, timeout: float | None
    ) -> Answer:
        assert method
        assert headers["authorization"]
        assert timeout == 10.0
        self.urls.append(url)
        self.bodies.append(body)
        return self.answer

    async def open(self, method: str, url: URL, headers: Mapping[str, str], timeout: float | None) -> Incoming:
        raise NotImplementedError  # what is tested never reads an answer piece by piece

    async def close(self) -> None:
        """Nothing is open."""


class Told:
    """A telemetry that looks at no call."""

    def __init__(self) -> None:
        self.heard = list[Any]()

    def call(self, *about: object) -> None:
        """Nobody looks."""

    def retried(self, endpoint: str, requests: int) -> None:
        self.heard.append(("retried", endpoint, requests))

    def refused(self, endpoint: str) -> None:
        self.heard.append(("refused", endpoint))


@pytest.fixture
def sent() -> Sent:
    return Sent()


@pytest.fixture
async def session(sent: Sent) -> AsyncIterator[Session]:
    anywhere: Any = Anywhere()
    async with opened(anywhere, transport=sent) as session:
        yield session


class Anywhere:
    """A server that is never asked."""

    endpoint = "https://acme.example"


async def test_what_a_request_is_about(session: Session) -> None:
    of_job = session.request(op.GET_TASK, ("j", "t"), {"timeout": 2.5})
    assert (of_job.operation, of_job.job_id, of_job.timeout) == ("Tasks_GetTask", "j", 2.5)
    assert (of_job.method, of_job.path, of_job.body) == ("GET", "/jobs/j/tasks/t", None)
    of_pool = session.request(op.GET_POOL, ("p",), {"timeout": None})
    assert (of_pool.operation, of_pool.job_id, of_pool.timeout) == ("Pools_GetPool", None, None)
    assert session.request(op.GET_POOL, ("p",), {}).timeout == 10.0
    free = session.prepare("GET /x", "GET", "/x", query={}, headers={}, body=None, timeout=None)
    assert (free.job_id, "content-type" in free.headers) == (None, False)


async def test_an_option_that_the_version_does_not_have(session: Session) -> None:
    assert session.request(op.DELETE_JOB, ("j",), {"force": True}).query["force"] == "true"
    session.api_version = "2024-02-01.19.0"
    with pytest.raises(VersionError, match=r"^Jobs_DeleteJob, force: not in api-version 2024-02-01\.19\.0; "):
        session.request(op.DELETE_JOB, ("j",), {"force": True})


async def test_a_body_and_its_bytes(session: Session, sent: Sent) -> None:
    await session.fetch(op.EVALUATE_POOL_AUTO_SCALE, ("p",), {}, {"autoScaleFormula": "x"})
    assert sent.bodies == [b'{"autoScaleFormula":"x"}']
    assert session.counters.bytes_sent == 24
    await session.fetch(op.GET_JOB, ("j",), {})
    assert (session.counters.bytes_sent, session.counters.requests) == (24, 2)


async def test_a_listing_is_checked_before_it_is_iterated(session: Session, sent: Sent) -> None:
    with pytest.raises(TypeError, match="has no option 'nonsense'"):
        session.pages(op.LIST_JOBS, (), {"nonsense": 1})
    assert not sent.urls


async def test_a_limit_asks_for_small_pages(session: Session, sent: Sent) -> None:
    sent.answer = Answer(200, {}, b'{"value": []}')
    for options in ({}, {"limit": 7}, {"limit": 5000}, {"limit": 7, "page_size": 3}):
        assert [job async for job in session.pages(op.LIST_JOBS, (), options)] == []
    assert [url.query.get("maxresults") for url in sent.urls] == [None, "7", "1000", "3"]


@pytest.mark.parametrize(
    ("status", "body", "is_refused"), [(429, b"", True), (503, REFUSAL, True), (503, b"", False), (500, REFUSAL, False)]
)
async def test_a_refusal_is_counted_and_told(
    session: Session, sent: Sent, status: int, body: bytes, *, is_refused: bool
) -> None:
    telemetry: Any = Told()
    session.telemetry = telemetry
    sent.answer = Answer(status, {"Retry-After": "61"}, body)
    with pytest.raises(HttpResponseError):
        await session.fetch(op.GET_JOB, ("j",), {})
    assert session.counters.refused == is_refused
    assert telemetry.heard == [("refused", "https://acme.example")] * is_refused


async def test_what_is_sent_again_is_counted_and_told(session: Session) -> None:
    session.retried()
    telemetry: Any = Told()
    session.telemetry = telemetry
    session.retried(3)
    assert session.counters.retries == 4
    assert telemetry.heard == [("retried", "https://acme.example", 3)]
