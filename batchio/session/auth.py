"""SharedKey: what is signed, and the signature.

Law: functions of values; the clock is passed in. Source: the REST documentation, "Authenticate via Shared Key".
"""

from __future__ import annotations

import base64
import hashlib
import hmac
from collections.abc import Mapping
from email.utils import formatdate

_SIGNED_HEADERS = (
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


def canonical_resource(path: str, query: Mapping[str, str]) -> str:
    """The signed form of path (escaped, as in the URL) and query (decoded); the account's name goes before it."""
    pairs = sorted((name.lower(), value) for name, value in query.items())
    return "\n".join([path, *(f"{name}:{value}" for name, value in pairs)])


def string_to_sign(method: str, account: str, resource: str, headers: Mapping[str, str], length: int) -> str:
    """What SharedKey signs.

    `resource` as `canonical_resource` gives it, `headers` with lower-case names, `length` of the body in bytes:
    the line is empty for GET and HEAD and `0` for another verb without a body. The date's line is empty where
    ocp-date says it.
    """
    own = {"content-length": "" if method in ("GET", "HEAD") else str(length)}
    if "ocp-date" in headers:
        own["date"] = ""
    lines = [method, *(own.get(name, headers.get(name, "")) for name in _SIGNED_HEADERS)]
    lines += [f"{name}:{headers[name]}" for name in sorted(headers) if name.startswith("ocp-")]
    lines.append(f"/{account}{resource}")
    return "\n".join(lines)


class Signer:
    """Signs with one key; the key schedule of the HMAC is worked out once and copied for each request."""

    __slots__ = ("_account", "_keyed")

    def __init__(self, account: str, secret: bytes) -> None:
        self._account = account
        self._keyed = hmac.new(secret, digestmod=hashlib.sha256)

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self._account!r})"

    def sign(self, method: str, resource: str, headers: Mapping[str, str], length: int) -> str:
        """The value of the Authorization header; arguments as in `string_to_sign`."""
        mac = self._keyed.copy()
        mac.update(string_to_sign(method, self._account, resource, headers, length).encode())
        return f"SharedKey {self._account}:{base64.b64encode(mac.digest()).decode()}"


class HttpDate:
    """The RFC 1123 date of a moment, worked out once a second."""

    __slots__ = ("_second", "_text")

    def __init__(self) -> None:
        self._second = -1
        self._text = ""

    def at(self, now: float) -> str:
        """`now`: POSIX seconds."""
        second = int(now)
        if second != self._second:
            self._second, self._text = second, formatdate(second, usegmt=True)
        return self._text
