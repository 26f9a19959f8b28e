from __future__ import annotations

import email.utils
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from batchio.emulator import Clock, ticks
from batchio.errors import ConfigurationError

LAST = ticks.from_datetime(datetime(9999, 12, 31, 23, 59, 59, 999999, tzinfo=UTC)) + 9


@given(st.integers(0, LAST))
def test_times_survive_the_wire(moment: int) -> None:
    assert ticks.read_time(ticks.time_text(moment)) == moment
    assert ticks.from_datetime(ticks.to_datetime(moment)) == moment // 10 * 10


@given(st.datetimes(min_value=datetime(1900, 1, 1), max_value=datetime(9999, 12, 31)))  # noqa: DTZ001  # Hypothesis takes naive bounds
def test_http_dates(moment: datetime) -> None:
    whole = moment.replace(microsecond=0, tzinfo=UTC)
    text = ticks.http_date(ticks.from_datetime(whole) // ticks.SECOND)
    assert text == email.utils.format_datetime(whole, usegmt=True)
    assert ticks.to_datetime(ticks.read_http_date(text)) == whole


@pytest.mark.parametrize(
    ("text", "length"),
    [
        ("PT0S", 0),
        ("P1D", 864_000_000_000),
        ("PT1.5S", 15_000_000),
        ("-PT1M", -600_000_000),
        ("P1DT2H3M4.1234567S", 937_841_234_567),
        ("P10675199DT2H48M5.4775807S", ticks.LONGEST),
    ],
)
def test_durations(text: str, length: int) -> None:
    assert ticks.read_duration(text) == length


@pytest.mark.parametrize(
    "text", ["", "P", "PT", "1H", "P1H", "PT1D", "P1DT", "P10675199DT2H48M5.4775808S", "P1Y", "PT1S\n"]
)
def test_no_durations(text: str) -> None:
    with pytest.raises(ValueError, match=r"."):
        ticks.read_duration(text)


@pytest.mark.parametrize(
    "text", ["", "2024", "2024-13-01T00:00:00Z", "2024-07-01T25:00:00Z", "2024-07-01T00:00:00+99:00"]
)
def test_no_times(text: str) -> None:
    with pytest.raises(ValueError, match=r"."):
        ticks.read_time(text)


def test_zones() -> None:
    assert ticks.read_time("2024-07-01T02:00:00+02:00") == ticks.read_time("2024-07-01T00:00Z")


def test_frozen_clock() -> None:
    clock = Clock(datetime(2024, 7, 1, tzinfo=UTC), frozen=True)
    assert clock.now() == clock.now() == datetime(2024, 7, 1, tzinfo=UTC)
    assert clock.advance(timedelta(days=1)) == datetime(2024, 7, 2, tzinfo=UTC)


def test_running_clock() -> None:
    clock = Clock()
    assert abs(clock.now() - datetime.now(UTC)) < timedelta(seconds=5)
    clock.advance(3600)
    assert clock.now() - datetime.now(UTC) > timedelta(minutes=59)


@pytest.mark.parametrize("by", [-1, timedelta(seconds=-1), float("nan"), float("inf"), 1e12, "soon"])
def test_clock_goes_ahead_only(by: float) -> None:
    with pytest.raises(ConfigurationError, match="clock"):
        Clock().advance(by)
