"""What a failure of aiohttp means: one of our errors, in our words.

Law: pure. A text quotes neither the URL nor what came instead of an answer: both may hold secrets.
"""

from __future__ import annotations

import os
import re

import aiohttp
from aiohttp.http import HttpProcessingError
from yarl import URL

from ..errors import BatchioError, ConfigurationError, ConnectError, ConnectionLostError, RequestTimeoutError
from ..hiding import cause
from .connections import CONNECT_SECONDS, CONNECTOR_CLOSED

FAILURES = (aiohttp.ClientError, HttpProcessingError, OSError, ValueError)
"""All that aiohttp raises for a request."""
UNCONNECTED = (aiohttp.ClientConnectorError, aiohttp.ConnectionTimeoutError, aiohttp.ClientHttpProxyError)
"""There was no connection: nothing was sent."""

_QUOTED = re.compile(r"(?s)(:?\s+(bytearray\()?b['\"]|\n\n).*")
_QUOTE = re.compile(r"\bb['\"]|(?<=Bad status line) |(?<=Invalid HTTP header) ")
"""Where the words of aiohttp's parser end and what came begins."""
_SHOWN = 200


def closed() -> ConnectError:
    """What a call on a closed client raises."""
    return ConnectError("the client or its session is closed", lasting=True)


def as_ours(error: Exception, url: URL, timeout: float | None) -> BatchioError:
    """The error that a failure of a try is; `timeout`: of the try, in seconds."""
    if isinstance(error, UNCONNECTED):
        # What is wrong with a certificate is not put right by asking again.
        lasting = isinstance(error, aiohttp.ClientConnectorCertificateError)
        limit = CONNECT_SECONDS if timeout is None else min(CONNECT_SECONDS, timeout)
        # aiohttp's text for a timeout shows the whole URL.
        said = f"none within {limit:g} s" if isinstance(error, TimeoutError) else _text(error)
        return ConnectError(f"no connection to {url.host_port_subcomponent}: {said}", lasting=lasting)
    if isinstance(error, TimeoutError):
        return late(timeout)
    if isinstance(error, ValueError):
        return ConfigurationError(f"aiohttp does not send this request: {_text(error)}")
    if isinstance(error, aiohttp.ClientConnectionError) and str(error).startswith(CONNECTOR_CLOSED):
        return closed()
    return lost(error)


def late(timeout: float | None) -> RequestTimeoutError:
    """The error of a try that has taken longer than it may, in seconds."""
    return RequestTimeoutError("no answer in time" if timeout is None else f"no answer within {timeout:g} s")


def lost(error: Exception | str) -> ConnectionLostError:
    """The error that a connection which broke is; in words where aiohttp has none."""
    if isinstance(error, str):
        return ConnectionLostError(f"the connection was lost: {error}")
    # aiohttp says "disconnected" and "reset" only while it waits for the first bytes of an answer; a body that
    # ends too early is a ClientPayloadError.
    early = isinstance(error, aiohttp.ServerDisconnectedError | aiohttp.ClientOSError | ConnectionError)
    return ConnectionLostError(
        f"the connection was lost: {_text(error)}", before_answer=early and not _has_begun(error)
    )


def _has_begun(error: Exception) -> bool:
    """Whether the connection ended within the head of an answer, which aiohttp then has in place of a text."""
    return isinstance(error, aiohttp.ServerDisconnectedError) and not isinstance(error.message, str)


def _text(error: Exception) -> str:
    if _has_begun(error):
        return "it ended in the middle of an answer's head"
    if isinstance(error, aiohttp.ClientConnectorError) and not isinstance(error, aiohttp.ClientSSLError):
        # The system's words, for aiohttp's show objects; a name that nobody knows has a number of its own, below zero.
        why, number = error.os_error, error.os_error.errno
        return (os.strerror(number) if number and number > 0 else why.strerror or str(why)).lower()
    # A proxy's refusal quotes the proxy alone, whose password is not in its URL.
    is_quoting = not isinstance(error, aiohttp.ClientHttpProxyError)
    if is_quoting and isinstance(error, HttpProcessingError | aiohttp.ClientResponseError):
        said = _QUOTED.sub("", error.message)
    else:
        said = str(error)
    return " ".join(said.split()).rstrip(":")[:_SHOWN] or type(error).__name__


def bare(error: Exception) -> BaseException | None:
    """The failure as it may hang under our error: not where it quotes what came."""
    link: BaseException | None = error
    while link is not None:
        if _QUOTE.search(str(link)):
            return None
        link = link.__cause__
    return cause(error)
