"""Conditional headers.

Law: ETags are opaque and compared as a whole; times are compared in whole seconds, as the headers have them, and
only where no ETag is given for the same question (RFC 9110, 13.2.2).
"""

from __future__ import annotations

from . import ticks
from .calls import Call, change_headers
from .refusals import Refusal, bad_header
from .resources import e_tag


def check_conditions(call: Call, stamp: int) -> None:
    """Refuse the call where a condition does not hold for the resource whose last change has this stamp.

    An operation that takes no conditions does not look at them.
    """
    if call.operation is None or "if_match" not in call.operation.takes:
        return
    headers = call.headers
    match, none_match = headers.get("If-Match"), headers.get("If-None-Match")
    if match is not None and not _is_tag(match, stamp):
        raise _not_met(stamp)
    unmodified, modified = _time(call, "If-Unmodified-Since"), _time(call, "If-Modified-Since")
    if match is None and unmodified is not None and stamp // ticks.SECOND > unmodified:
        raise _not_met(stamp)
    same = none_match is not None and _is_tag(none_match, stamp)
    if same or (none_match is None and modified is not None and stamp // ticks.SECOND <= modified):
        raise _not_met(stamp, reading=call.method in ("GET", "HEAD"))


def check_dates(call: Call, changed: int) -> None:
    """Refuse the call where a date does not hold for a file that was changed then."""
    second = changed // ticks.SECOND
    if (unmodified := _time(call, "If-Unmodified-Since")) is not None and second > unmodified:
        raise _not_met(changed)
    if (modified := _time(call, "If-Modified-Since")) is not None and second <= modified:
        raise _not_met(changed, reading=True)


def _is_tag(given: str, stamp: int) -> bool:
    """Whether the tag is among those given; a weak one is like no other."""
    tags = [tag.strip() for tag in given.split(",")]
    return tags == ["*"] or any(tag.removeprefix('"').removesuffix('"') == e_tag(stamp) for tag in tags)


def _time(call: Call, name: str) -> int | None:
    text = call.headers.get(name)
    if text is None:
        return None
    try:
        return ticks.read_http_date(text) // ticks.SECOND
    except ValueError as error:
        raise bad_header(name, text, str(error)) from None


def _not_met(stamp: int, *, reading: bool = False) -> Refusal:
    return Refusal("ConditionNotMet", status=304 if reading else None, headers=change_headers(stamp))
