"""How fast a run goes and what it waits for, by hand."""

from __future__ import annotations

from batchio.bulk.meter import Meter
from batchio.bulk.report import Lost


def test_the_rate_is_smoothed_over_two_seconds() -> None:
    meter = Meter(100.0)
    assert meter.rate == 0.0
    # The first look gives what there is; no time, no look.
    meter.tick(100.0, 7)
    assert meter.rate == 0.0
    meter.tick(100.5, 500)
    assert meter.rate == 1_000.0
    meter.tick(101.0, 600)
    assert meter.rate == 1_000.0 + (200.0 - 1_000.0) * 0.25
    meter.tick(105.0, 1_000)
    assert meter.rate == 100.0


def test_what_was_settled_before_is_no_rate_of_this_run() -> None:
    meter = Meter(0.0)
    meter.resume(1_000_000)
    meter.tick(0.5, 1_000_050)
    assert meter.rate == 100.0


def test_time_is_lost_to_what_the_run_waits_for() -> None:
    meter = Meter(10.0)
    assert meter.lost == {"input": 0.0, "service": 0.0, "consumer": 0.0}
    assert meter.waits_for is None
    meter.tick(11.0, 0)
    moments: list[tuple[float, Lost | None]] = [
        (12.0, "input"),
        (12.5, "service"),
        (13.0, "service"),
        (15.0, "consumer"),
        (16.0, None),
    ]
    for now, waits_for in moments:
        meter.waits_for = waits_for
        meter.tick(now, 0)
    assert meter.lost == {"input": 1.0, "service": 1.0, "consumer": 2.0}


def test_what_has_elapsed_stands_still_at_the_end() -> None:
    meter = Meter(10.0)
    assert meter.elapsed(12.0) == 2.0
    meter.end(13.0)
    assert meter.elapsed(99.0) == 3.0
