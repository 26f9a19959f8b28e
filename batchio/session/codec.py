"""Values to bytes and bytes to values.

Law: pure. Strict in what is sent (`check`), patient in what is received: unknown keys, a byte order mark,
numbers as strings and seven fraction digits are all readable.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, TypeVar, cast

import msgspec

from ..errors import DecodeError, EncodeError, HttpResponseError, error_class
from ..hiding import cause
from ..models import BatchError, Model, to_wire
from ..service.operations import Operation
from ..service.versions import DEFAULT, is_known
from .check import check_body
from .reading import as_dict
from .request import Answer, header, http_date
from .retry import parse_retry_after

T = TypeVar("T")

_BOM = b"\xef\xbb\xbf"
_LAST_MOMENT = re.compile(rb'("9999-12-31T23:59:59\.\d{6})\d+(?=(?:Z|[+-]\d\d:\d\d)?")')
_STRING = re.compile(rb'"(?:[^"\\]|\\.)*+("?)(\s*:)?')
_SHOWN = 200

_encoder = msgspec.json.Encoder(enc_hook=as_dict)
_decoders: dict[Any, msgspec.json.Decoder[Any]] = {}


def encode(operation: Operation[Any], body: Model | Mapping[str, Any] | None, version: str = DEFAULT) -> bytes | None:
    """The bytes of a body, checked in full; raises `EncodeError` and `VersionError`."""
    if body is None:
        if operation.body is not None and not operation.body_optional:
            raise EncodeError(f"{operation.id} needs a {operation.body.__name__} or a mapping in wire shape, not None")
        return None
    if operation.body is None:
        raise EncodeError(f"{operation.id} takes no body")
    wire = check_body(body, operation.body, method=operation.method, version=version)
    return _encoder.encode(wire)


def encode_free(body: Any) -> bytes | None:
    """The bytes of a body that no operation of ours describes; raises `EncodeError`."""
    if body is None:
        return None
    try:
        return _encoder.encode(to_wire(body) if isinstance(body, Model) else body)
    except (TypeError, ValueError, RecursionError) as error:
        raise EncodeError(f"the body cannot be written as JSON: {error}") from cause(error)


def decode_answer(operation: Operation[Any], body: bytes, version: str) -> Any:
    """What an operation gives, from an answer's body in the shape of an api-version; raises `DecodeError`."""
    early = operation.early
    if early is not None and is_known(early, version):
        return early.to_answer(decode(body, early.answer))
    return decode(body, cast("type[Model]", operation.answer))


def decode_page(operation: Operation[Any], body: bytes, kind: type[T]) -> T:
    """A page of a listing, from an answer's body; raises `DecodeError`."""
    for name in operation.respelled:
        body = re.sub(rb'(?i)"%b"(?=\s*:)' % name.encode(), b'"%b"' % name.encode(), body)
    return decode(body, kind)


def decode(answer: bytes, kind: type[T]) -> T:
    """The value in an answer's body; raises `DecodeError`."""
    decoder = _decoders.get(kind)
    if decoder is None:
        decoder = _decoders[kind] = msgspec.json.Decoder(kind, strict=False)
    try:
        value: T = decoder.decode(answer)
    except (msgspec.MsgspecError, UnicodeError, RecursionError):
        pass
    else:
        return value
    return _decode_slowly(answer, kind, decoder)


def _decode_slowly(answer: bytes, kind: type[T], decoder: msgspec.json.Decoder[Any]) -> T:
    """Once more, after what is legal on the wire and not in msgspec is cut to what is."""
    patient = _LAST_MOMENT.sub(rb"\1", answer.removeprefix(_BOM))
    try:
        value: T = decoder.decode(patient)
    except (msgspec.MsgspecError, UnicodeError, RecursionError) as error:
        # Where it is JSON at all, the error says the path; what it holds may be secret.
        shown = "" if isinstance(error, msgspec.ValidationError) else f"; it begins with {excerpt(_bare(answer))}"
        raise DecodeError(f"the answer is no {getattr(kind, '__name__', kind)}: {error}{shown}") from cause(error)
    return value


def error_of(operation: str, answer: Answer, *, now: float) -> HttpResponseError:
    """The error that an answer stands for, whatever its body holds. `now`: POSIX seconds."""
    body = error_body(answer.body)
    code = body.code if body else None
    message = _first_lines((body.message.value if body and body.message else None) or "")
    if answer.status < 300:
        message = "the API does not promise this status"
    elif body is None and answer.body:
        message = f"the answer is not the service's: {excerpt(answer.body)}"
    if code == "AuthenticationFailed":
        message += _clock_difference(answer, now)
    return error_class(answer.status, code)(
        message,
        status=answer.status,
        operation=operation,
        code=code,
        values={detail.key or "": detail.value or "" for detail in (body.values if body else None) or ()},
        request_id=header(answer.headers, "request-id"),
        client_request_id=header(answer.headers, "client-request-id"),
        retry_after=parse_retry_after(answer.headers.get("Retry-After"), now),
    )


def error_body(body: bytes) -> BatchError | None:
    """The service's error body, or None where something else answered (a proxy's page, nothing, half a body)."""
    try:
        found = decode(body, BatchError)
    except DecodeError:
        return None
    return found if found.code else None


def excerpt(body: bytes) -> str:
    """The start of a text that nobody promised, on one line."""
    text = " ".join(body[: 4 * _SHOWN].decode("utf-8", "replace").split())
    return repr(text if len(text) <= _SHOWN else text[:_SHOWN] + "...")


def _bare(body: bytes) -> bytes:
    """The start of a text with what its strings hold left out, where it looks like JSON."""
    start = body[: 4 * _SHOWN]
    return _STRING.sub(_without_text, start) if start.lstrip()[:1] in (b"{", b"[") else start


def _without_text(string: re.Match[bytes]) -> bytes:
    return string[0] if string[2] else b'"***' + string[1]


def _clock_difference(answer: Answer, now: float) -> str:
    date = http_date(answer.headers.get("Date"))
    minutes = round((now - date.timestamp()) / 60) if date else 0
    if not minutes:
        return ""
    return f" (this machine's clock is {abs(minutes)} min {'ahead of' if minutes > 0 else 'behind'} the service's)"


def _first_lines(message: str) -> str:
    # The service ends its messages with "RequestId:..." and "Time:..." lines; the error has the id by itself.
    return message.split("\nRequestId:", 1)[0].strip()
