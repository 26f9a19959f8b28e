"""The lines of the log, whole; `test_secrets` has what must not stand in them."""

from __future__ import annotations

import logging

import pytest
from msgspec.structs import replace

from batchio import ThrottledError
from batchio.session.log import describe, log_answer, log_failure, log_no_answer, log_pacing, shown_url
from batchio.session.request import Request

from .driving import said_by

ASKED = Request(
    operation="Jobs_ListJobs",
    method="GET",
    path="/jobs",
    url="https://acme.example/jobs",
    query={"$filter": "id eq 'a/b'", "sig": "s3cret"},
    resource="/jobs",
    headers={"client-request-id": "c-1"},
    body=None,
    timeout=None,
)
SHOWN_HEADERS = (
    *("Accept", "client-request-id", "Content-Length", "Content-Type", "DataServiceId", "Date", "ETag", "If-Match"),
    *("If-Modified-Since", "If-None-Match", "If-Unmodified-Since", "Last-Modified", "ocp-date", "ocp-range"),
    *("request-id", "Retry-After", "return-client-request-id", "User-Agent"),
)
SHOWN_QUERIES = (
    *("$expand", "$filter", "$select", "api-version", "endtime", "force", "maxresults", "recursive", "startTime"),
    "timeOut",
)


def test_what_a_header_and_a_query_show(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("DEBUG", "batchio")
    headers = {**dict.fromkeys(SHOWN_HEADERS, "v"), "Authorization": "s3cret", "Location": "s3cret", "X-Any": "s3cret"}
    asked = replace(ASKED, query={**dict.fromkeys(SHOWN_QUERIES, "v"), "sig": "s3cret"})
    log_answer(asked, 200, headers, 0.01234, 1)
    query = " ".join(f"{name}=v" for name in SHOWN_QUERIES)
    head = " ".join(f"{name}=v" for name in SHOWN_HEADERS)
    (record,) = said_by(caplog)
    assert record.getMessage() == (
        f"Jobs_ListJobs GET /jobs {query} sig=*** -> 200 in 12.3 ms {head} Authorization=*** Location=*** X-Any=***"
    )


def test_a_try_without_an_answer(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("DEBUG", "batchio")
    log_no_answer(replace(ASKED, query={}), TimeoutError("s3cret"), 0.5, 3)
    (record,) = said_by(caplog)
    assert (record.getMessage(), record.levelname) == ("Jobs_ListJobs GET /jobs -> TimeoutError in 500.0 ms", "DEBUG")
    assert [vars(record)[name] for name in ("operation", "client_request_id", "attempt", "seconds")] == [
        *("Jobs_ListJobs", "c-1", 3, 0.5)
    ]
    assert "job_id" not in vars(record)


def test_who_asks_for_less_hears_less(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("INFO", "batchio")
    log_answer(ASKED, 200, {}, 0.5, 1)
    log_no_answer(ASKED, TimeoutError(), 0.5, 1)
    assert not said_by(caplog)
    log_failure(ASKED, ThrottledError("x", status=503), 0.5, 1)
    assert len(said_by(caplog)) == 1
    caplog.set_level("WARNING", "batchio")
    log_failure(ASKED, ThrottledError("x", status=503), 0.5, 1)
    assert len(said_by(caplog)) == 1


@pytest.mark.parametrize(
    ("state", "level", "said"),
    [
        ("waiting", logging.WARNING, "the service takes nothing; waiting, with single requests"),
        ("free", logging.INFO, "pacing: free, after seeking"),
    ],
)
def test_the_pacing(caplog: pytest.LogCaptureFixture, state: str, level: int, said: str) -> None:
    caplog.set_level("INFO", "batchio")
    log_pacing("seeking", state)
    (record,) = said_by(caplog)
    assert (record.getMessage(), record.levelno, vars(record)["pacing"]) == (said, level, state)


def test_a_url_and_a_line_without_secrets() -> None:
    assert shown_url("https://acme.example", ASKED) == (
        "https://acme.example/jobs?$filter=id%20eq%20%27a%2Fb%27&sig=REDACTED"
    )
    assert describe(ASKED) == "Jobs_ListJobs GET /jobs $filter=id eq 'a/b' sig=***"
