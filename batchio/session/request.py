"""A request and an answer as values.

Law: no I/O and no decisions; headers and bodies stay out of `repr`, because they hold secrets.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any
from urllib.parse import quote

import msgspec

from ..errors import ConfigurationError
from ..hiding import repr_of, without_secrets
from ..service.operations import Operation


class Request(msgspec.Struct, frozen=True, kw_only=True):
    """What is sent, before it is signed.

    `path` is escaped, as it stands in the URL; `query` is decoded; `resource` is the signed form of both;
    `headers` have lower-case names. `timeout`: seconds for one try, None for no limit. `job_id`: where it is about one.
    """

    operation: str
    method: str
    path: str
    url: str
    query: dict[str, str]
    resource: str
    headers: dict[str, str]
    body: bytes | None
    timeout: float | None
    job_id: str | None = None

    @property
    def client_request_id(self) -> str:
        """The GUID that stays the same over all tries of this request."""
        return self.headers["client-request-id"]

    def __repr__(self) -> str:
        return without_secrets(f"Request({self.operation} {self.path} {self.client_request_id})")


class Answer(msgspec.Struct, frozen=True):
    """What came back: status, headers (names in any letter case) and the whole body."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    def __repr__(self) -> str:
        return f"Answer({self.status}, {len(self.body)} bytes)"


class Receipt(msgspec.Struct, frozen=True, kw_only=True):
    """The answer of an operation that has no body.

    `e_tag` and `last_modified` are the resource's, where the service says them; `data_service_id` is the URL
    of what was acted on.
    """

    status: int
    request_id: str | None = None
    client_request_id: str | None = None
    e_tag: str | None = None
    last_modified: datetime | None = None
    data_service_id: str | None = None

    def __repr__(self) -> str:
        return repr_of(self)


def receipt_of(answer: Answer) -> Receipt:
    """The receipt of an answer."""
    head = answer.headers
    return Receipt(
        status=answer.status,
        request_id=header(head, "request-id"),
        client_request_id=header(head, "client-request-id"),
        e_tag=header(head, "ETag"),
        last_modified=http_date(head.get("Last-Modified")),
        data_service_id=header(head, "DataServiceId"),
    )


def header(headers: Mapping[str, str], name: str) -> str | None:
    """A header's value, `printable`; None where it is absent."""
    value = headers.get(name)
    return value if value is None else printable(value)


def printable(value: str) -> str:
    """A header's value, fit to be shown: what cannot be printed is replaced.

    aiohttp gives bytes that are no UTF-8 as halves of characters, which no terminal, log or JSON takes, and lets escape
    sequences through.
    """
    return value if value.isprintable() else "".join(each if each.isprintable() else "\ufffd" for each in value)


def http_date(text: str | None) -> datetime | None:
    """The time of an HTTP date, None where there is none or it cannot be read."""
    try:
        date = parsedate_to_datetime(text) if text else None
    except (ValueError, TypeError, OverflowError):
        return None
    # "-0000" gives a date without a zone, which means UTC all the same.
    return date.replace(tzinfo=UTC) if date and date.tzinfo is None else date


_ID = re.compile(r"[A-Za-z0-9_-]{1,64}")
_IDS = {
    # A job that a schedule has made is called after it: "nightly:job-1".
    "jobId": re.compile(_ID.pattern + r"(:job-[0-9]+)?"),
    "jobScheduleId": _ID,
    "poolId": _ID,
    "taskId": _ID,
}


def path_of(operation: Operation[Any], arguments: tuple[str, ...]) -> str:
    """The path of an operation with its parameters filled in and escaped."""
    parameters = operation.parameters
    if len(arguments) != len(parameters):
        raise TypeError(f"{operation.id} takes {', '.join(parameters) or 'no path parameter'}")
    path = operation.path
    for name, value in zip(parameters, arguments, strict=True):
        path = path.replace("{" + name + "}", _segment(name, value), 1)
    return path


def _segment(name: str, value: str) -> str:
    if not isinstance(value, str):
        raise ConfigurationError(f"{name}: a string is needed, not {type(value).__name__}")
    if not value or value in (".", ".."):
        raise ConfigurationError(f"{name}: {value!r} cannot be part of a path")
    if name in _IDS and not _IDS[name].fullmatch(value):
        raise ConfigurationError(f"{name}: 1 to 64 letters, digits, hyphens and underscores, not {value!r}")
    if name == "filePath" and {".", ".."} & set(value.split("/")):
        raise ConfigurationError(f"{name}: {value!r} would leave its directory")
    # A file's path is one part of this path, its slashes escaped, as the published clients send it.
    return escape(name, value, safe="")


def escape(name: str, text: str, *, safe: str) -> str:
    """A text as it stands in a URL; raises `ConfigurationError` that calls it `name`."""
    try:
        return quote(text, safe=safe)
    except UnicodeEncodeError:
        raise ConfigurationError(f"{name}: {text!r} holds half a character") from None
