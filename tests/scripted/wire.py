"""HTTP/1.1 and the service's JSON as bytes, in both directions, and the signature as the service computes it.

Law: nothing here knows the client; what it says of the wire stands in the service's documents.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
from collections.abc import Iterable, Mapping
from typing import NamedTuple
from urllib.parse import unquote, urlsplit

import msgspec

JSON_TYPE = "application/json;odata=minimalmetadata"
REASONS = {200: "OK", 400: "Bad Request", 401: "Unauthorized", 403: "Forbidden", 404: "Not Found", 409: "Conflict"}

_SIGNED = (
    "content-encoding",
    "content-language",
    "content-length",
    "content-md5",
    "content-type",
    "date",
    "if-modified-since",
    "if-match",
    "if-none-match",
    "if-unmodified-since",
    "range",
)


class Head(NamedTuple):
    """The head of a request; header names in lower case, query names and values decoded."""

    method: str
    path: str
    query: tuple[tuple[str, str], ...]
    headers: dict[str, str]


def parse_head(data: bytes) -> Head:
    """The head of a request from its bytes, without the empty line."""
    first, *lines = data.decode("ascii").split("\r\n")
    method, target, _ = first.split(" ", 2)
    parts = urlsplit(target)
    pairs = (item.partition("=") for item in parts.query.split("&") if item)
    query = tuple((unquote(name), unquote(value)) for name, _, value in pairs)
    headers: dict[str, str] = {}
    for line in lines:
        name, _, value = line.partition(":")
        headers[name.strip().lower()] = value.strip()
    return Head(method, parts.path, query, headers)


def string_to_sign(head: Head, account: str) -> str:
    """What SharedKey signs, from the request as it arrived (service.md, "Signing")."""
    headers = head.headers
    lines = [head.method]
    for name in _SIGNED:
        value = headers.get(name, "")
        if name == "content-length" and head.method in {"GET", "HEAD"}:
            value = ""
        elif name == "content-length":
            value = value or "0"
        elif name == "date" and "ocp-date" in headers:
            value = ""
        lines.append(value)
    lines += [f"{name}:{headers[name]}" for name in sorted(headers) if name.startswith("ocp-")]
    resource = f"/{account}{head.path}"
    resource += "".join(f"\n{name.lower()}:{value}" for name, value in sorted(head.query))
    return "\n".join([*lines, resource])


def signature(head: Head, account: str, key: str) -> str:
    """The base64 HMAC-SHA256 that the service expects."""
    digest = hmac.new(base64.b64decode(key), string_to_sign(head, account).encode(), hashlib.sha256).digest()
    return base64.b64encode(digest).decode()


def answer(
    status: int, body: bytes, headers: Mapping[str, str] | None = None, *, content_type: str = JSON_TYPE
) -> bytes:
    """A whole answer with a content length."""
    lines = _lines(status, {"Content-Type": content_type, "Content-Length": str(len(body)), **(headers or {})})
    return lines + body


def chunked_answer(body: bytes, headers: Mapping[str, str], *, size: int = 1_000) -> bytes:
    """A whole answer in chunks of `size` bytes."""
    lines = _lines(200, {"Content-Type": JSON_TYPE, "Transfer-Encoding": "chunked", **headers})
    parts = [body[start : start + size] for start in range(0, len(body), size)]
    return lines + b"".join(b"%x\r\n" % len(part) + part + b"\r\n" for part in parts) + b"0\r\n\r\n"


def half_answer(status: int, body: bytes, headers: Mapping[str, str] | None = None, *, chunked: bool) -> bytes:
    """An answer that promises more than it holds: its content length is right and half of the body is missing, or its
    last chunk never comes.
    """
    half = body[: len(body) // 2]
    if chunked:
        lines = _lines(status, {"Content-Type": JSON_TYPE, "Transfer-Encoding": "chunked", **(headers or {})})
        return lines + b"%x\r\n" % len(half) + half + b"\r\n"
    lines = _lines(status, {"Content-Type": JSON_TYPE, "Content-Length": str(len(body)), **(headers or {})})
    return lines + half


def _lines(status: int, headers: Mapping[str, str]) -> bytes:
    text = f"HTTP/1.1 {status} {REASONS.get(status, 'Status')}\r\n"
    text += "".join(f"{name}: {value}\r\n" for name, value in headers.items())
    return (text + "\r\n").encode("ascii")


def error_body(code: str, message: str, values: Iterable[tuple[str, str]] = ()) -> bytes:
    """The body of a refusal, in the shape that the service gives."""
    body: dict[str, object] = {
        "odata.metadata": "http://127.0.0.1/$metadata#Microsoft.Azure.Batch.Protocol.Entities.Container.errors/@Element",
        "code": code,
        "message": {"lang": "en-US", "value": f"{message}\nRequestId:8b1c\nTime:2024-07-01T00:00:00.0000000Z"},
    }
    if pairs := [{"key": key, "value": value} for key, value in values]:
        body["values"] = pairs
    return msgspec.json.encode(body)
