"""What a failure of aiohttp is called: the class, the words, and whether anything was sent."""

from __future__ import annotations

import errno
import ssl
from types import SimpleNamespace
from typing import Any

import aiohttp
import pytest
from aiohttp.http import HttpProcessingError
from yarl import URL

from batchio import ConfigurationError, ConnectError, ConnectionLostError, RequestTimeoutError
from batchio.session.failures import as_ours, bare, lost

URL_OF_ALL = URL("https://acme.example:8443/jobs?sig=s3cret")
KEY: Any = SimpleNamespace(host="acme.example", port=8443, ssl=True, is_ssl=True)
REFUSED = OSError(errno.ECONNREFUSED, "Connect call failed ('192.0.2.1', 8443)")
BEGUN: Any = SimpleNamespace(headers={})


@pytest.mark.parametrize(
    ("failure", "timeout", "kind", "said"),
    [
        (aiohttp.ClientConnectorError(KEY, REFUSED), None, ConnectError, "connection refused"),
        (aiohttp.ClientConnectorError(KEY, OSError(errno.EPERM, "x")), None, ConnectError, "operation not permitted"),
        (aiohttp.ClientConnectorError(KEY, OSError(-2, "No such Name")), None, ConnectError, "no such name"),
        (aiohttp.ClientConnectorError(KEY, OSError("Odd")), None, ConnectError, "odd"),
        (aiohttp.ConnectionTimeoutError(), None, ConnectError, "none within 30 s"),
        (aiohttp.ConnectionTimeoutError(), 60.0, ConnectError, "none within 30 s"),
        (aiohttp.ConnectionTimeoutError(), 2.5, ConnectError, "none within 2.5 s"),
        (TimeoutError(), 2.5, RequestTimeoutError, "no answer within 2.5 s"),
        (TimeoutError(), None, RequestTimeoutError, "no answer in time"),
        (aiohttp.ServerTimeoutError(), 60.0, RequestTimeoutError, "no answer within 60 s"),
        (ValueError("a\n b:"), None, ConfigurationError, "aiohttp does not send this request: a b"),
        (
            aiohttp.ClientConnectionError("Connector is closed"),
            None,
            ConnectError,
            "the client or its session is closed",
        ),
        (aiohttp.ClientPayloadError("Connector is closed"), None, ConnectionLostError, "Connector is closed"),
        (aiohttp.ClientConnectionError("Odd"), None, ConnectionLostError, "Odd"),
        (
            aiohttp.ServerDisconnectedError(BEGUN),
            None,
            ConnectionLostError,
            "it ended in the middle of an answer's head",
        ),
        (aiohttp.ClientPayloadError("x" * 500), None, ConnectionLostError, "x" * 200),
        (OSError(), None, ConnectionLostError, "OSError"),
        (HttpProcessingError(message="Bad it:\n\n  b's3cret'"), None, ConnectionLostError, "Bad it"),
        (HttpProcessingError(message="Bad it: b's3cret'"), None, ConnectionLostError, "Bad it"),
        (HttpProcessingError(message="Bad it: bytearray(b's3cret')"), None, ConnectionLostError, "Bad it"),
        (HttpProcessingError(message="b's3cret'"), None, ConnectionLostError, "b's3cret'"),
    ],
    ids=repr,
)
def test_what_a_failure_is_called(failure: Exception, timeout: float | None, kind: type, said: str) -> None:
    error = as_ours(failure, URL_OF_ALL, timeout)
    assert type(error) is kind
    words: dict[type, str] = {
        ConnectError: "no connection to acme.example:8443: ",
        ConnectionLostError: "the connection was lost: ",
    }
    whole = said if said.startswith("the client") else words.get(kind, "") + said
    assert str(error) == whole
    if isinstance(error, ConnectError):
        assert error.lasting is said.startswith("the client")


def test_a_refused_certificate_stays_refused() -> None:
    failure = aiohttp.ClientConnectorCertificateError(KEY, ssl.SSLCertVerificationError("self-signed"))
    error = as_ours(failure, URL_OF_ALL, None)
    assert isinstance(error, ConnectError)
    assert error.lasting
    assert "self-signed" in str(error)


@pytest.mark.parametrize(
    ("failure", "before_answer"),
    [
        (aiohttp.ServerDisconnectedError(), True),
        (aiohttp.ServerDisconnectedError(BEGUN), False),
        (aiohttp.ClientOSError(errno.ECONNRESET, "reset"), True),
        (ConnectionResetError("reset"), True),
        (aiohttp.ClientPayloadError("cut"), False),
        (OSError("odd"), False),
        ("the client was closed", False),
    ],
    ids=repr,
)
def test_whether_anything_had_come(failure: Exception | str, *, before_answer: bool) -> None:
    assert lost(failure).before_answer is before_answer


@pytest.mark.parametrize(
    ("words", "is_quoting"),
    [
        ("Expected HTTP/, b's3cret'", True),
        ('Data after: b"s3cret"', True),
        ("Bad status line 's3cret'", True),
        ("Invalid HTTP header s3cret", True),
        ("Invalid HTTP headers", False),
        ("the proxy of Bob's", False),
    ],
)
def test_a_failure_that_quotes_hangs_under_nothing(words: str, *, is_quoting: bool) -> None:
    failure, outer = ValueError(words), ValueError("outer")
    outer.__cause__ = failure
    assert (bare(failure) is None, bare(outer) is None) == (is_quoting, is_quoting)
    assert bare(failure) in (None, failure)
