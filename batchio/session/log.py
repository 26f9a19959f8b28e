"""What stands in the log of a request.

Law: an allow-list. A header or query that is not named here is shown as `***`; bodies are never shown.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping

from .request import Answer, Request

logger = logging.getLogger("batchio")

_HEADERS = frozenset(
    {
        "accept",
        "client-request-id",
        "content-length",
        "content-type",
        "dataserviceid",
        "date",
        "etag",
        "if-match",
        "if-modified-since",
        "if-none-match",
        "if-unmodified-since",
        "last-modified",
        "ocp-date",
        "ocp-range",
        "request-id",
        "retry-after",
        "return-client-request-id",
        "user-agent",
    }
)
_QUERIES = frozenset(
    {
        "$expand",
        "$filter",
        "$select",
        "api-version",
        "endtime",
        "force",
        "maxresults",
        "recursive",
        "starttime",
        "timeout",
    }
)


def log_answer(request: Request, answer: Answer, seconds: float) -> None:
    """One line at DEBUG for each try that was answered."""
    if logger.isEnabledFor(logging.DEBUG):
        logger.debug(
            "%s -> %d in %.1f ms %s", describe(request), answer.status, seconds * 1e3, shown(answer.headers, _HEADERS)
        )


def log_failure(request: Request, failure: Exception, wait: float) -> None:
    """One line at INFO for each try that is made again."""
    logger.info("%s failed, again in %.2f s: %s", describe(request), wait, failure)


def describe(request: Request) -> str:
    """The request in one line, without a secret."""
    return f"{request.operation} {request.method} {request.path} {shown(request.query, _QUERIES)}".rstrip()


def shown(pairs: Mapping[str, str], allowed: frozenset[str]) -> str:
    """The pairs, with every value hidden whose name is not allowed."""
    return " ".join(f"{name}={value if name.lower() in allowed else '***'}" for name, value in pairs.items())
