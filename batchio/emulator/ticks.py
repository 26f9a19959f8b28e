"""Times as the service counts them: ticks of 100 ns since the year 1.

Law: inside the emulator a time or a duration is a whole number of ticks; text is read and written here alone,
with all seven fraction digits of the wire.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from functools import lru_cache

SECOND = 10_000_000
"""Ticks in a second."""

UNIX_EPOCH = 621_355_968_000_000_000
"""1970-01-01 in ticks."""

LONGEST = 2**63 - 1
"""The longest duration, `P10675199DT2H48M5.4775807S`."""

_YEAR_ONE = datetime(1, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)
_TIME = re.compile(
    r"(\d{4})-(\d\d)-(\d\d)(?:[Tt](\d\d):(\d\d)(?::(\d\d)(?:\.(\d{1,20}))?)?([Zz]|[+-]\d\d:\d\d)?)?", re.ASCII
)
_DURATION = re.compile(
    r"(-?)P(?=\d|T\d)(?:(\d{1,9})D)?(?:T(?=\d)(?:(\d{1,9})H)?(?:(\d{1,9})M)?(?:(\d{1,12})(?:\.(\d{1,20}))?S)?)?",
    re.ASCII,
)
_HTTP_DATE = re.compile(r"[A-Za-z]{3}, (\d\d) ([A-Za-z]{3}) (\d{4}) (\d\d):(\d\d):(\d\d) GMT", re.ASCII)
_WEEKDAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")


def from_datetime(moment: datetime) -> int:
    """The ticks of an aware datetime."""
    return (moment - _YEAR_ONE) // _MICROSECOND * 10


def to_datetime(ticks: int) -> datetime:
    """The datetime of a time in ticks, cut to microseconds."""
    return _YEAR_ONE + timedelta(microseconds=ticks // 10)


def time_text(ticks: int) -> str:
    """A time as the wire has it.

    >>> time_text(from_datetime(datetime(2016, 11, 19, 0, 5, 27, tzinfo=UTC)) + 5391608)
    '2016-11-19T00:05:27.5391608Z'
    """
    second, fraction = divmod(ticks, SECOND)
    return f"{second_text(second)}.{fraction:07d}Z"


@lru_cache(4096)
def second_text(second: int) -> str:
    """A time in whole seconds, without fraction and zone."""
    return to_datetime(second * SECOND).strftime("%Y-%m-%dT%H:%M:%S").zfill(19)


@lru_cache(1024)
def http_date(second: int) -> str:
    """A time in whole seconds as headers have it (RFC 1123, English whatever the locale is)."""
    moment = to_datetime(second * SECOND)
    weekday, month = _WEEKDAYS[moment.weekday()], _MONTHS[moment.month - 1]
    return f"{weekday}, {moment.day:02d} {month} {moment.year:04d} {moment:%H:%M:%S} GMT"


@lru_cache(256)
def read_http_date(text: str) -> int:
    """The ticks of a header's time (RFC 1123). Raises `ValueError`."""
    found = _HTTP_DATE.fullmatch(text)
    if found is None or found[2].title() not in _MONTHS:
        raise ValueError("not a time such as Fri, 17 Feb 2017 00:00:00 GMT")
    day, year, hour, minute, second = (int(found[group]) for group in (1, 3, 4, 5, 6))
    month = _MONTHS.index(found[2].title()) + 1
    return from_datetime(datetime(year, month, day, hour, minute, second, tzinfo=UTC))


def duration_text(length: int) -> str:
    """A duration as the wire has it.

    >>> duration_text(93_784 * SECOND + 5_000_000)
    'P1DT2H3M4.5S'
    """
    seconds, fraction = divmod(length, SECOND)
    minutes, second = divmod(seconds, 60)
    hours, minute = divmod(minutes, 60)
    day, hour = divmod(hours, 24)
    rest = f"{second}.{fraction:07d}".rstrip("0").rstrip(".")
    parts = [f"{number}{unit}" for number, unit in ((hour, "H"), (minute, "M"), (rest, "S")) if number not in (0, "0")]
    days = f"{day}D" if day else ""
    return f"P{days}T{''.join(parts)}" if parts else f"P{days}" if days else "PT0S"


def _fraction(digits: str | None) -> int:
    return int((digits or "0")[:7].ljust(7, "0"))


def read_time(text: str) -> int:
    """The ticks of an ISO 8601 time; one without a zone is UTC. Raises `ValueError`."""
    found = _TIME.fullmatch(text)
    if found is None:
        raise ValueError("not a time such as 2016-11-19T00:05:25.1234567Z")
    year, month, day, hour, minute, second = (int(group or 0) for group in found.groups()[:6])
    # Through the ISO parser for its zone; the fraction has a digit more than a datetime can hold.
    zone = (found[8] or "Z").upper().replace("Z", "+00:00")
    whole = f"{year:04d}-{month:02d}-{day:02d}T{hour:02d}:{minute:02d}:{second:02d}{zone}"
    ticks = from_datetime(datetime.fromisoformat(whole)) + _fraction(found[7])
    if ticks < 0:
        raise ValueError("before the year 1")
    return ticks


def read_duration(text: str) -> int:
    """The ticks of an ISO 8601 duration in days, hours, minutes and seconds. Raises `ValueError`."""
    found = _DURATION.fullmatch(text)
    if found is None:
        raise ValueError("not a duration such as P1DT2H3M4.5S")
    days, hours, minutes, seconds = (int(group or 0) for group in found.groups()[1:5])
    ticks = (((days * 24 + hours) * 60 + minutes) * 60 + seconds) * SECOND + _fraction(found[6])
    if ticks > LONGEST:
        raise ValueError("longer than P10675199DT2H48M5.4775807S")
    return -ticks if found[1] else ticks
