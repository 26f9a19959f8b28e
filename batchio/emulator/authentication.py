"""Who may come in.

Law: a signature is checked against a string to sign that is made here, from the request alone, and never by the
code of the client. What is refused says what was expected; it never says the key.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
from collections.abc import Mapping
from typing import Any, cast

import msgspec

from ..credentials import SharedKeyCredential, decode_key
from . import ticks
from .clock import Clock
from .queries import query_pairs
from .refusals import Refusal

AUDIENCE = "https://batch.core.windows.net/"
JOB_CLAIM = "batchio.job"
"""The claim of a token that was made for a task: the id of the job to which it is bound."""
MAX_SKEW = 15 * 60 * ticks.SECOND
"""How far a request's date may be off."""

_SIGNED_HEADERS = (
    "Content-Encoding",
    "Content-Language",
    "Content-Length",
    "Content-MD5",
    "Content-Type",
    "Date",
    "If-Modified-Since",
    "If-Match",
    "If-None-Match",
    "If-Unmodified-Since",
    "Range",
)
_CHALLENGE = {"WWW-Authenticate": f'Bearer realm="batchio emulator", resource_id="{AUDIENCE}", SharedKey'}
_claims = msgspec.json.Decoder(dict[str, Any])


def string_to_sign(account: str, method: str, path: str, query_string: str, headers: Mapping[str, str]) -> str:
    """What the signature of a request covers: `service.md`, "Signing"."""
    lines = [method, *(_signed_value(name, method, headers) for name in _SIGNED_HEADERS)]
    # Of a header that comes twice the first one counts, here as everywhere.
    ocp = {name.lower(): headers[name] for name in headers if name[:4].lower() == "ocp-"}
    lines += [f"{name}:{ocp[name]}" for name in sorted(ocp)]
    lines.append(f"/{account}{path}")
    query: dict[str, str] = {}
    for name, value in query_pairs(query_string):
        query[name] = f"{query[name]},{value}" if name in query else value
    lines += [f"{name}:{query[name]}" for name in sorted(query)]
    return "\n".join(lines)


def _signed_value(name: str, method: str, headers: Mapping[str, str]) -> str:
    if name == "Content-Length":
        if method in ("GET", "HEAD"):
            return ""
        return headers.get(name, "" if "Transfer-Encoding" in headers else "0")
    if name == "Date" and "ocp-date" in headers:
        return ""
    return headers.get(name, "")


def _has_no_length(headers: Mapping[str, str]) -> bool:
    return "Content-Length" not in headers and "Transfer-Encoding" not in headers


def _unmeasured(text: str) -> str:
    """The same with an empty length: who sends none with a DELETE, as Node does, may sign it so."""
    lines = text.split("\n")
    lines[3] = ""
    return "\n".join(lines)


class Doorkeeper:
    """Checks the Authorization header of requests. `strict`: bearer tokens need the right audience and must live."""

    def __init__(self, credential: SharedKeyCredential, clock: Clock, *, strict: bool) -> None:
        self._account = credential.account
        self._clock = clock
        self._strict = strict
        # Copying a keyed MAC is a third of making one.
        self._mac = hmac.new(decode_key(credential.account, credential.key), digestmod=hashlib.sha256)

    def check(
        self, method: str, path: str, query_string: str, headers: Mapping[str, str], job: str | None = None
    ) -> None:
        """Raise `Refusal` where the request, which is for this job if for one, may not come in."""
        authorization = headers.get("Authorization")
        if authorization is None:
            raise Refusal("AuthenticationFailed", _detail("No Authorization header"), status=401, headers=_CHALLENGE)
        scheme, _, credentials = authorization.partition(" ")
        if scheme.lower() == "sharedkey":
            self._check_signature(credentials.strip(), method, path, query_string, headers)
        elif scheme.lower() == "bearer":
            self._check_token(credentials.strip(), job)
        else:
            raise Refusal("InvalidAuthenticationInfo", _detail("Authorization is SharedKey or Bearer"))

    def _check_signature(
        self, credentials: str, method: str, path: str, query_string: str, headers: Mapping[str, str]
    ) -> None:
        account, colon, signature = credentials.partition(":")
        if not colon or not account or not signature:
            raise Refusal("InvalidAuthenticationInfo", _detail("Expected SharedKey account:signature"))
        if account != self._account:
            raise Refusal("AuthenticationFailed", _detail(f"There is no account {account[:64]!r} here"))
        self._check_date(headers)
        text = string_to_sign(account, method, path, query_string, headers)
        texts = [text, _unmeasured(text)] if _has_no_length(headers) else [text]
        if not any(self._signs(signed, signature) for signed in texts):
            raise Refusal(
                "AuthenticationFailed",
                _detail(
                    "The signature in the request is not the one of this account's key. "
                    f"Server used following string to sign: '{_readable(text)}'."
                ),
            )

    def _signs(self, text: str, signature: str) -> bool:
        mac = self._mac.copy()
        # Header bytes that are no UTF-8 come as lone surrogates.
        mac.update(text.encode(errors="surrogateescape"))
        return hmac.compare_digest(base64.b64encode(mac.digest()), signature.encode(errors="replace"))

    def _check_date(self, headers: Mapping[str, str]) -> None:
        name = "ocp-date" if "ocp-date" in headers else "Date"
        date = headers.get(name)
        if date is None:
            raise Refusal("AuthenticationFailed", _detail("A signed request needs ocp-date or Date"))
        try:
            sent = ticks.read_http_date(date)
        except ValueError as error:
            raise Refusal("AuthenticationFailed", _detail(f"{name} is {error}")) from None
        skew = self._clock.skew_of(sent)
        if abs(skew) > MAX_SKEW:
            now = ticks.http_date(self._clock.ticks() // ticks.SECOND)
            off = f"{abs(skew) / ticks.SECOND:.0f} seconds {'ahead of' if skew > 0 else 'behind'} the service's clock"
            reason = f"The {name} of the request, {_readable(date)!r}, is {off}, {now!r}; 15 minutes are allowed"
            raise Refusal("AuthenticationFailed", _detail(reason))

    def _check_token(self, token: str, job: str | None) -> None:
        claims = _read_claims(token)
        reason = "The token is empty" if not token else self._token_fault(claims) if self._strict else None
        if reason is not None:
            headers = {"WWW-Authenticate": 'Bearer realm="batchio emulator", error="invalid_token"'}
            raise Refusal("AuthenticationFailed", _detail(reason), status=401, headers=headers)
        own = None if claims is None else claims.get(JOB_CLAIM)
        if isinstance(own, str) and (job is None or job.lower() != own.lower()):
            detail = _detail(f"The token of a task of job {own!r} is good for operations on this job only")
            raise Refusal("InsufficientAccountPermissions", detail)

    def _token_fault(self, claims: dict[str, Any] | None) -> str | None:
        if claims is None:
            return "The token is not a JWT"
        audience = claims.get("aud")
        audiences = cast("list[object]", audience) if isinstance(audience, list) else [audience]
        if AUDIENCE not in audiences:
            return f"The token's audience is not {AUDIENCE}"
        now = (self._clock.ticks() - ticks.UNIX_EPOCH) / ticks.SECOND
        expires, begins = claims.get("exp"), claims.get("nbf", 0)
        if not isinstance(expires, (int, float)) or expires <= now:
            return "The token has expired or does not say when it does (exp)"
        if not isinstance(begins, (int, float)) or begins > now:
            return "The token is not valid yet (nbf)"
        return None


def _read_claims(token: str) -> dict[str, Any] | None:
    parts = token.split(".")
    if len(parts) != 3:
        return None
    try:
        padded = parts[1] + "=" * (-len(parts[1]) % 4)
        return _claims.decode(base64.urlsafe_b64decode(padded.encode()))
    except (binascii.Error, ValueError, RecursionError):
        return None


def _readable(text: str) -> str:
    return text.encode(errors="surrogateescape").decode(errors="replace")


def _detail(text: str) -> tuple[tuple[str, str], ...]:
    return (("AuthenticationErrorDetail", text),)
