"""What every request for a task collection must look like.

Law: whatever is wrong in its shape is written down and fails the test that sent it; the service refuses the rest.
"""

from __future__ import annotations

import time
from collections.abc import Container, Iterable
from email.utils import parsedate_to_datetime
from typing import Any
from uuid import UUID

import msgspec

from .wire import Head, signature

MEGABYTE = 1_000_000
_STALE = 900.0
_CONTENT_TYPE = "application/json;odata=minimalmetadata"


def read_tasks(head: Head, body: bytes, violations: list[str]) -> list[dict[str, Any]]:
    """The tasks of a body; what breaks the documents goes to `violations`."""
    _headers(head, violations)
    try:
        shape = msgspec.json.decode(body)
        tasks: list[dict[str, Any]] = shape["value"]
        ids = [task["id"].lower() for task in tasks]
    except (msgspec.DecodeError, KeyError, TypeError, AttributeError) as error:
        violations.append(f"body is not {{'value': [tasks with an id]}}: {error!r}: {body[:200]!r}")
        return []
    if set(shape) != {"value"}:
        violations.append(f"body with {sorted(shape)}")
    if not 1 <= len(tasks) <= 100:
        violations.append(f"{len(tasks)} tasks in a request")
    if len(set(ids)) != len(ids):
        violations.append("the same id twice in a request")
    if len(body) >= MEGABYTE:
        violations.append(f"a body of {len(body)} bytes")
    return tasks


def unsigned(head: Head, account: str, keys: Iterable[str], tokens: Container[str], now: float) -> int | None:
    """401 or 403 for a request that is not signed as the service wants it."""
    scheme, _, value = head.headers.get("authorization", "").partition(" ")
    if scheme == "Bearer":
        return None if value in tokens else 401
    known = {f"{account}:{signature(head, account, key)}" for key in keys}
    age = now - parsedate_to_datetime(head.headers["ocp-date"]).timestamp()
    return None if scheme == "SharedKey" and value in known and abs(age) < _STALE else 403


def _headers(head: Head, violations: list[str]) -> None:
    headers = head.headers
    if headers.get("content-type", "").replace(" ", "") != _CONTENT_TYPE:
        violations.append(f"content-type {headers.get('content-type')!r}")
    if "content-length" not in headers:
        violations.append("no content-length")
    if headers.get("return-client-request-id") != "true":
        violations.append("no return-client-request-id")
    if dict(head.query).get("api-version") != "2024-07-01.20.0":
        violations.append(f"query {head.query!r}")
    try:
        UUID(headers["client-request-id"])
    except (KeyError, ValueError) as error:
        violations.append(f"client-request-id: {error!r}")
    try:
        age = time.time() - parsedate_to_datetime(headers["ocp-date"]).timestamp()
    except (KeyError, ValueError) as error:
        violations.append(f"ocp-date: {error!r}")
    else:
        if not -10 < age < 10:
            violations.append(f"an ocp-date of {age:.0f} s ago")
