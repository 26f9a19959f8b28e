"""Times as a formula has them.

Law: `time("...")` reads W3C-DTF and RFC 1123, which the service documents, and nothing else.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import datetime

from .. import ticks
from .failures import MistakeError
from .values import Timestamp, timestamp

_W3C = re.compile(
    r"(\d{4})(?:-(\d\d)(?:-(\d\d)(?:T(\d\d:\d\d)(?::(\d\d(?:\.\d{1,7})?))?(Z|[+-]\d\d:\d\d))?)?)?", re.ASCII
)

MEMBERS: dict[str, Callable[[datetime], int]] = {
    "year": lambda moment: moment.year,
    "month": lambda moment: moment.month,
    "day": lambda moment: moment.day,
    "weekday": lambda moment: moment.isoweekday() % 7,
    "hour": lambda moment: moment.hour,
    "minute": lambda moment: moment.minute,
    "second": lambda moment: moment.second,
}
"""The parts of a timestamp; a week begins with Sunday, which is 0."""


def read_timestamp(text: str) -> Timestamp:
    """The time of a text. Raises `MistakeError`."""
    try:
        if found := _W3C.fullmatch(text):
            year, month, day, minutes, seconds, zone = found.groups()
            whole = f"{year}-{month or '01'}-{day or '01'}T{minutes or '00:00'}:{seconds or '00'}{zone or 'Z'}"
            return timestamp(ticks.read_time(whole))
        return Timestamp(ticks.read_http_date(text))
    except (ValueError, OverflowError):
        known = "2024-07-01T12:00:00Z (W3C-DTF) or Mon, 01 Jul 2024 12:00:00 GMT (RFC 1123)"
        raise MistakeError(f"time expected a text such as {known}, found {text!a}") from None


def member(time: Timestamp, name: str) -> float:
    """A part of a time."""
    return float(MEMBERS[name](ticks.to_datetime(time.ticks)))
