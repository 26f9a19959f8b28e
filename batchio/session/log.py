"""What stands in the log of a request.

Law: an allow-list. A header or query that is not named here is shown as `***`; bodies are never shown.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping
from typing import Any
from urllib.parse import quote

from ..errors import BatchioError, HttpResponseError
from ..hiding import without_secrets
from .request import Request, header, printable

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


def log_answer(request: Request, status: int, headers: Mapping[str, str], seconds: float, attempt: int) -> None:
    """One line at DEBUG for each try that was answered."""
    if logger.isEnabledFor(logging.DEBUG):
        logger.debug(
            "%s -> %d in %.1f ms %s",
            describe(request),
            status,
            seconds * 1e3,
            shown(headers, _HEADERS),
            extra={**_fields(request, attempt), "seconds": seconds, "status": status, **_request_id(headers)},
        )


def log_no_answer(request: Request, error: BaseException, seconds: float, attempt: int) -> None:
    """One line at DEBUG for each try that was not."""
    if logger.isEnabledFor(logging.DEBUG):
        logger.debug(
            "%s -> %s in %.1f ms",
            describe(request),
            type(error).__name__,
            seconds * 1e3,
            extra={**_fields(request, attempt), "seconds": seconds},
        )


def log_failure(request: Request, failure: BatchioError, wait: float, attempt: int) -> None:
    """One line at INFO for each try that is made again."""
    if logger.isEnabledFor(logging.INFO):
        extra = {**_fields(request, attempt), "wait": wait}
        if isinstance(failure, HttpResponseError):
            extra |= {"status": failure.status, "request_id": failure.request_id}
        logger.info("%s failed, again in %.2f s: %s", describe(request), wait, failure, extra=extra)


def log_pacing(before: str, state: str) -> None:
    """One line for a change of the pacing's state, at WARNING where the service takes nothing any more."""
    if state == "waiting":
        logger.warning("the service takes nothing; waiting, with single requests", extra={"pacing": state})
    else:
        logger.info("pacing: %s, after %s", state, before, extra={"pacing": state})


def _fields(request: Request, attempt: int) -> dict[str, Any]:
    about = {} if request.job_id is None else {"job_id": request.job_id}
    return {
        "operation": request.operation,
        "client_request_id": request.client_request_id,
        "attempt": attempt,
        **about,
    }


def _request_id(headers: Mapping[str, str]) -> dict[str, str]:
    found = header(headers, "request-id")
    return {} if found is None else {"request_id": found}


def shown_url(origin: str, request: Request) -> str:
    """The URL of a request, without a secret."""
    query = "&".join(
        f"{quote(name, safe='$')}={quote(without_secrets(value), safe='') if name.lower() in _QUERIES else 'REDACTED'}"
        for name, value in request.query.items()
    )
    return f"{origin}{without_secrets(request.path)}?{query}"


def describe(request: Request) -> str:
    """The request in one line, without a secret."""
    shown_query = shown(request.query, _QUERIES)
    return without_secrets(f"{request.operation} {request.method} {request.path} {shown_query}".rstrip())


def shown(pairs: Mapping[str, str], allowed: frozenset[str]) -> str:
    """The pairs, with every value hidden whose name is not allowed."""
    return " ".join(
        f"{name}={without_secrets(printable(value)) if name.lower() in allowed else '***'}"
        for name, value in pairs.items()
    )
