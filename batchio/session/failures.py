"""What aiohttp's failures are called here.

Law: what came over the wire is not quoted: an answer that is none may hold anything.
"""

from __future__ import annotations

import re

import aiohttp
from aiohttp.http import HttpProcessingError
from yarl import URL

from ..errors import BatchioError, ConfigurationError, ConnectError, ConnectionLostError, RequestTimeoutError
from ..hiding import cause
from .connections import CONNECT_SECONDS

FAILURES = (aiohttp.ClientError, HttpProcessingError, OSError, ValueError)
UNCONNECTED = (aiohttp.ClientConnectorError, aiohttp.ConnectionTimeoutError, aiohttp.ClientHttpProxyError)
_QUOTE = re.compile(r"\bb['\"]|(?<=Bad status line) |(?<=Invalid HTTP header) ")
"""Where the words of aiohttp's parser end and what came begins."""


def as_ours(error: Exception, url: URL, timeout: float | None) -> BatchioError:
    """Our error for one of `FAILURES`, from a try with this timeout."""
    if isinstance(error, UNCONNECTED):
        # What is wrong with a certificate is not put right by asking again.
        lasting = isinstance(error, aiohttp.ClientConnectorCertificateError)
        # aiohttp's text for a timeout shows the whole URL.
        said = f"none within {CONNECT_SECONDS:g} s" if isinstance(error, TimeoutError) else _text(error)
        return ConnectError(f"no connection to {url.host}: {said}", lasting=lasting)
    if isinstance(error, TimeoutError):
        return RequestTimeoutError("no answer in time" if timeout is None else f"no answer within {timeout:g} s")
    if isinstance(error, ValueError):
        return ConfigurationError(f"aiohttp does not send this request: {_text(error)}")
    return lost(error)


def lost(error: Exception) -> ConnectionLostError:
    """Our error for a connection that broke."""
    # aiohttp says "disconnected" and "reset" only while it waits for the first byte of an answer; a body that
    # ends too early is a ClientPayloadError.
    early = isinstance(error, aiohttp.ServerDisconnectedError | aiohttp.ClientOSError | ConnectionError)
    return ConnectionLostError(f"the connection was lost: {_text(error)}", before_answer=early)


def _text(error: Exception) -> str:
    # Where aiohttp's parser quotes what came, its words end.
    return " ".join(_QUOTE.split(str(error))[0].split()) or type(error).__name__


def bare(error: Exception) -> BaseException | None:
    """The failure as it may hang under our error."""
    link: BaseException | None = error
    while link is not None:
        if _QUOTE.search(str(link)):
            return None
        link = link.__cause__
    return cause(error)
