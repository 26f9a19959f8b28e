"""Options of a call, split into what travels in the query, what travels in headers, and what stays here.

Law: pure. An option that the operation does not have is a `TypeError`, as a wrong keyword is anywhere else.
"""

from __future__ import annotations

import re
import uuid
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from email.utils import format_datetime
from typing import Any

import msgspec

from ..errors import ConfigurationError, VersionError
from ..odata import Filter
from ..service.operations import Operation
from ..service.options import MAX_PAGE_SIZE, RANGE, WIRE
from ..service.versions import DEFAULT, is_known, versions_of


class SplitOptions(msgspec.Struct, frozen=True):
    """The options of one call; `own` are those that do not travel by themselves (`timeout`, `limit`, `start` ...)."""

    query: dict[str, str]
    headers: dict[str, str]
    own: dict[str, Any]


def split_options(operation: Operation[Any], options: Mapping[str, Any], version: str = DEFAULT) -> SplitOptions:
    """Check and split.

    Raises `TypeError` for an unknown option, `ConfigurationError` for a bad value, `VersionError` for an option that
    the api-version does not have.
    """
    taken = operation.takes
    split = SplitOptions({}, {}, {})
    for name, value in options.items():
        if name not in taken:
            raise TypeError(f"{operation.id} has no option {name!r}; it takes {', '.join(sorted(taken))}")
        if name in _OWN:
            split.own[name] = _OWN[name](name, value)
        elif value is not None:
            wire = WIRE[name]
            if not is_known(wire, version):
                raise VersionError.of(f"{operation.id}, {name}", version, versions_of(wire))
            target = split.headers if wire.header else split.query
            target[wire.name.lower() if wire.header else wire.name] = _TEXT[name](name, value)
    start, end = split.own.get("start"), split.own.get("end")
    if start is not None or end is not None:
        split.headers[RANGE.name] = range_text(start or 0, end)
    return split


def range_text(start: int, end: int | None) -> str:
    """The bytes from `start` up to `end`, which is not among them, as a header says it."""
    if end is not None and end <= start:
        raise ConfigurationError(f"end: above start ({start}), not {end}")
    return f"bytes={start}-{'' if end is None else end - 1}"


def check_timeout(name: str, value: Any) -> float | None:
    """Seconds above 0, or None for no limit; raises `ConfigurationError`."""
    if value is not None and (isinstance(value, bool) or not isinstance(value, int | float) or not value > 0):
        raise ConfigurationError(f"{name}: seconds above 0 or None, not {value!r}")
    return value


def check_free(query: Mapping[str, str], headers: Mapping[str, str]) -> dict[str, str]:
    """Check what a caller of `BatchClient.request` brings; the headers come back with lower-case names."""
    for kind, pairs, ours in (("query", query, _OUR_QUERIES), ("headers", headers, _OUR_HEADERS)):
        for name, value in pairs.items():
            if not isinstance(name, str) or not (_TOKEN.fullmatch(name) if kind == "headers" else name):
                raise ConfigurationError(f"{kind}: {name!r} is no name")
            if name.lower() in ours:
                raise ConfigurationError(f"{kind}: {name} is made by the client itself")
            if not isinstance(value, str) or not value.isprintable():
                raise ConfigurationError(f"{kind}: a printable string is needed for {name}")
    return {name.lower(): value for name, value in headers.items()}


def _limit(name: str, value: Any) -> int | None:
    if value is not None and (isinstance(value, bool) or not isinstance(value, int) or value < 0):
        raise ConfigurationError(f"{name}: a number of items or None, not {value!r}")
    return value


def _prefetch(name: str, value: Any) -> bool:
    return value is None or _flag(name, value) == "true"


def _position(name: str, value: Any) -> int | None:
    if value is not None and (isinstance(value, bool) or not isinstance(value, int) or value < 0):
        raise ConfigurationError(f"{name}: a number of bytes, not {value!r}")
    return value


def _count(name: str, value: Any) -> str:
    if isinstance(value, bool) or not isinstance(value, int) or value < 1:
        raise ConfigurationError(f"{name}: a whole number above 0, not {value!r}")
    return str(value)


def _page_size(name: str, value: Any) -> str:
    text = _count(name, value)
    if value > MAX_PAGE_SIZE:
        raise ConfigurationError(f"{name}: at most {MAX_PAGE_SIZE}, not {value}")
    return text


def _flag(name: str, value: Any) -> str:
    if not isinstance(value, bool):
        raise ConfigurationError(f"{name}: True or False, not {value!r}")
    return "true" if value else "false"


def _text(name: str, value: Any) -> str:
    if not isinstance(value, str) or not value or not value.isprintable():
        raise ConfigurationError(f"{name}: a printable string, not {value!r}")
    return value


def _filter(name: str, value: Any) -> str:
    return _text(name, str(value) if isinstance(value, Filter) else value)


def _names(name: str, value: Any) -> str:
    if isinstance(value, Sequence) and not isinstance(value, str):
        value = ",".join(_text(name, each) for each in value)
    return _text(name, value)


def _guid(name: str, value: Any) -> str:
    try:
        return str(uuid.UUID(str(value)))
    except ValueError:
        raise ConfigurationError(f"{name}: a GUID, not {value!r}") from None


def _date(name: str, value: Any) -> str:
    if not isinstance(value, datetime) or value.tzinfo is None:
        raise ConfigurationError(f"{name}: a datetime with a zone, not {value!r}")
    try:
        return format_datetime(value.astimezone(UTC), usegmt=True)
    except OverflowError:
        raise ConfigurationError(f"{name}: {value!r} is no time in UTC") from None


def _moment(name: str, value: Any) -> str:
    _date(name, value)
    return f"{value.astimezone(UTC).replace(tzinfo=None).isoformat()}Z"


_TOKEN = re.compile(r"[A-Za-z0-9!#$%&'*+.^_`|~-]+")
_OUR_QUERIES = frozenset({"api-version"})
_OUR_HEADERS = frozenset({"authorization", "content-length", "date", "host", "ocp-date", "transfer-encoding"})
_OWN: dict[str, Callable[[str, Any], Any]] = {
    "timeout": check_timeout,
    "limit": _limit,
    "prefetch": _prefetch,
    "start": _position,
    "end": _position,
}
_TEXT: dict[str, Callable[[str, Any], str]] = {
    "server_timeout": _count,
    "filter": _filter,
    "select": _names,
    "expand": _names,
    "page_size": _page_size,
    "start_time": _moment,
    "end_time": _moment,
    "recursive": _flag,
    "force": _flag,
    "client_request_id": _guid,
    "if_match": _text,
    "if_none_match": _text,
    "if_modified_since": _date,
    "if_unmodified_since": _date,
}
