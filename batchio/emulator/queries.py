"""The query of a request.

Law: names are read in any letter case; a name or value that the operation does not take is refused, never ignored.
"""

from __future__ import annotations

from functools import cache, lru_cache
from typing import Any
from urllib.parse import parse_qsl

import msgspec

from ..models.base import Model, field_rules
from ..service.operations import Operation
from ..service.options import MAX_PAGE_SIZE, WIRE
from ..service.versions import VERSIONS, is_known, versions_of
from .calls import Call
from .refusals import Refusal, bad_query

VERSION = "api-version"
SKIP_TOKEN = "$skiptoken"  # noqa: S105  # a place in a listing, no secret
_EXPANDABLE = frozenset({"stats"})
_INT32_MOST = 2**31 - 1


_LONG = 2000


def query_pairs(query_string: str) -> tuple[tuple[str, str], ...]:
    """Names in lower case and decoded values, in the order of the request."""
    # A long one takes thirty times its length, and hardly comes again.
    return _kept_pairs(query_string) if len(query_string) < _LONG else _pairs(query_string)


def _pairs(query_string: str) -> tuple[tuple[str, str], ...]:
    return tuple((name.lower(), value) for name, value in parse_qsl(query_string, keep_blank_values=True))


_kept_pairs = lru_cache(1024)(_pairs)


@cache
def _names(options: frozenset[str], version: str, *, listing: bool) -> frozenset[str]:
    """The query names that an operation takes in a version, in lower case."""
    wires = (WIRE[name] for name in options if name in WIRE and is_known(WIRE[name], version))
    names = {wire.name.lower() for wire in wires if not wire.header} | {VERSION}
    return frozenset(names | {SKIP_TOKEN} if listing else names)


def check_query(operation: Operation[Any], query_string: str) -> None:
    """Refuse a query that the operation does not take."""
    pairs = query_pairs(query_string)
    query = dict(pairs)
    check_version(query)
    if not is_known(operation, query[VERSION]):
        reason = f"{operation.id} is not in api-version {query[VERSION]}; {versions_of(operation)} have it"
        raise bad_query(VERSION, query[VERSION], reason, code="UnsupportedRequestVersion")
    if query_string != f"{VERSION}={query[VERSION]}":
        _check_names(operation, pairs)
        _check_timeout(query)


def check_version(query: dict[str, str]) -> None:
    """Refuse a missing or unknown api-version."""
    version = query.get(VERSION)
    if version is None:
        reason = (("QueryParameterName", VERSION), ("Reason", f"api-version is required, e.g. {VERSIONS[-1]}"))
        raise Refusal("MissingRequiredQueryParameter", reason)
    if version not in VERSIONS:
        known = f"Unknown version. Known are {', '.join(VERSIONS)}"
        raise bad_query(VERSION, version, known, code="UnsupportedRequestVersion")


def _check_names(operation: Operation[Any], pairs: tuple[tuple[str, str], ...]) -> None:
    taken = _names(operation.takes, dict(pairs)[VERSION], listing=operation.items is not None)
    seen: set[str] = set()
    for name, value in pairs:
        if name not in taken:
            raise bad_query(name, value, f"{operation.id} does not take it", code="UnsupportedQueryParameter")
        if name in seen:
            raise bad_query(name, value, "Given more than once")
        seen.add(name)


def _check_timeout(query: dict[str, str]) -> None:
    text = query.get("timeout")
    if text is not None:
        _whole_number("timeOut", text, 1, _INT32_MOST)


def _whole_number(name: str, text: str, least: int, most: int) -> int:
    if not (text.isascii() and text.removeprefix("-").isdigit()) or len(text) > 18:
        raise bad_query(name, text, "Not a whole number")
    number = int(text)
    if not least <= number <= most:
        reason = f"Between {least} and {most}"
        raise bad_query(name, text, reason, code="OutOfRangeQueryParameterValue")
    return number


def page_size(call: Call) -> int:
    """`maxresults`, 1 to 1000."""
    text = call.query.get("maxresults")
    return MAX_PAGE_SIZE if text is None else _whole_number("maxresults", text, 1, MAX_PAGE_SIZE)


@cache
def wire_names(model: type[Model], version: str) -> frozenset[str]:
    """The properties that a model has in a version, by their wire names."""
    rules = field_rules(model)
    fields = msgspec.structs.fields(model)
    return frozenset(field.encode_name for field in fields if is_known(rules[field.name], version))


def selected(call: Call, model: type[Model]) -> tuple[str, ...] | None:
    """The properties that `$select` asks for; None for all. Raises `Refusal` for one that the model has not."""
    expanded = ("stats",) if expands(call) else ()
    text = call.query.get("$select")
    if text is None or text.strip() == "*":
        return None
    names = tuple(dict.fromkeys(name.strip() for name in text.split(",")))
    for name in names:
        if name not in wire_names(model, call.version):
            raise bad_query("$select", text, f"{model.__name__} has no property {name!r}")
    return names + expanded


def expands(call: Call) -> bool:
    """Whether `$expand=stats` is asked for. Raises `Refusal` for anything else."""
    text = call.query.get("$expand")
    for name in () if text is None else text.split(","):
        if name.strip() not in _EXPANDABLE:
            raise bad_query("$expand", text or "", f"{name.strip()!r} cannot be expanded")
    return text is not None
