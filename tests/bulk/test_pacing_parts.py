"""What the pacing is made of, each part alone: the window of the start, what is counted, and chance, to the request."""

from __future__ import annotations

import pytest

from batchio.bulk.chance import Chance
from batchio.bulk.slow_start import SlowStart
from batchio.bulk.tally import Failures, Tally


def test_a_round_trip_is_smoothed() -> None:
    start = SlowStart(100)
    assert start.round_trip is None
    start.learn(0.1)
    assert start.round_trip == 0.1
    start.learn(0.2)
    assert start.round_trip == pytest.approx(0.11)
    start.widen(0.0, 100)
    assert start.gap == pytest.approx(0.11 / 8.42)


def test_a_refused_request_keeps_its_place_for_a_while() -> None:
    start = SlowStart(100)
    start.learn(0.1)
    start.hold(0.3)
    start.widen(0.0, 100)
    assert start.round_trip == 0.1
    assert start.gap == pytest.approx(0.12 / 8.42)


def test_the_window_is_at_most_twice_what_is_in_use() -> None:
    start = SlowStart(100)
    start.learn(0.25)
    start.widen(0.0, 100)
    start.widen(0.125, 101)
    assert start.window == pytest.approx(8 + 2 * 0.42)
    # A round trip later: 2 have left in it, and the first window is the least.
    start.widen(0.25, 102)
    assert start.window == 8
    for _ in range(9):
        start.widen(0.25, 102)
    assert start.window == pytest.approx(8 + 9 * 0.42)
    start.widen(0.5, 107)
    assert start.window == 10
    start.restart()
    assert start.window == 8


def test_where_answers_come_at_once_the_window_is_looked_at_every_20_ms() -> None:
    start = SlowStart(100)
    start.learn(0.001)
    start.widen(0.0, 100)
    start.widen(0.019, 100)
    assert start.window > 8
    start.widen(0.02, 100)
    assert start.window == 8


def test_what_was_taken_is_what_was_sent_without_what_was_refused() -> None:
    tally = Tally()
    assert (tally.requests, tally.refused, tally.marked_at) == (0, 0, None)
    for number in range(10):
        tally.send(float(number))
    assert [tally.sent_until(moment) for moment in (-1.0, 0.0, 4.5, 9.0)] == [0, 1, 5, 10]
    tally.refuse(3.0, None)
    tally.mark(3.0)
    tally.refuse(3.0, None)
    assert tally.refused == 0
    tally.refuse(3.5, None)
    assert tally.refused == 1
    assert tally.taken_until(8.0) == 5 - 1
    tally.mark(None)
    tally.refuse(9.0, None)
    assert tally.refused == 0


def test_no_more_than_4096_departures_are_remembered() -> None:
    tally = Tally()
    for number in range(5_000):
        tally.send(float(number))
    assert tally.sent_until(-1.0) == 5_000 - 4_096


def test_the_rate_of_a_time() -> None:
    tally = Tally()
    assert tally.rate_until(1.0, None) == 1 / 0.005
    for at in (0.0, 0.5, 2.0):
        tally.send(at)
    assert tally.rate_until(2.0, None) == 1.0
    assert tally.rate_until(2.0, 1.75) == pytest.approx(2 / 1.75)
    assert tally.rate_until(9.0, 4.0) == 1 / 4.0


@pytest.mark.parametrize(
    ("lags", "horizon"), [([], 0.1), ([0.01], 0.075), ([0.04], 0.105), ([1e9], 0.5), ([0.0] * 20, 0.02)]
)
def test_a_horizon_is_five_times_what_a_quick_refusal_takes(lags: list[float], horizon: float) -> None:
    tally = Tally()
    for lag in lags:
        tally.refuse(0.0, lag)
    assert tally.horizon == pytest.approx(horizon)


@pytest.mark.parametrize(("answers", "failed", "flood"), [(49, 40, False), (50, 2, False), (50, 3, True)])
def test_a_flood_is_more_than_a_share_and_what_chance_adds(answers: int, failed: int, *, flood: bool) -> None:
    failures = Failures()
    for number in range(answers):
        failures.add(0.0, failed=number < failed)
    assert failures.is_flood is flood


@pytest.mark.parametrize(
    ("failed", "more", "flood"), [(6, 0.0, False), (7, 0.0, True), (8, 2.0, False), (9, 2.0, True)]
)
def test_a_flood_of_many(failed: int, more: float, *, flood: bool) -> None:
    failures = Failures(more=more)
    for number in range(200):
        failures.add(0.0, failed=number < failed)
    assert failures.is_flood is flood
    failures.clear()
    for _ in range(200):
        failures.add(0.0, failed=False)
    failures.add(0.0, failed=True)
    assert not failures.is_flood


@pytest.mark.parametrize(("now", "left"), [(1.0, 60), (1.01, 49)])
def test_what_failed_more_than_a_second_and_fifty_answers_ago_is_forgotten(now: float, left: int) -> None:
    for more, flood in ((left - 0.5, True), (left, False)):
        failures = Failures(share=0.0, deviations=0.0, least=1, more=more)
        for _ in range(60):
            failures.add(0.0, failed=True)
        failures.add(now, failed=False)
        assert failures.is_flood is flood


# Chance. All at once, so that the count alone decides, where nothing else is said.


def _surprise(chance: Chance, cut: int, *, requests: int = 20, refused: int = 1) -> bool:
    """So many requests, and then a surprise after another cut."""
    for number in range(requests):
        chance.add(0.0, refused=number < refused, below=True)
    return chance.surprise(0.0, cut_at=float(cut), rate=100.0)


def _on_trial() -> Chance:
    """A share of 0.05, since second 0, when 100 requests left in a second."""
    chance = Chance()
    assert [_surprise(chance, cut) for cut in range(4)] == [False, False, False, True]
    assert chance.share == 0.05
    return chance


def _proven() -> Chance:
    """The same after 100 requests, of which 5 were refused."""
    chance = _on_trial()
    for number in range(100):
        chance.add(0.0, refused=number < 5, below=True)
    assert chance.share == 0.05
    return chance


@pytest.mark.parametrize("calmed", [1, 11])
def test_it_takes_four_surprises(calmed: int) -> None:
    chance = Chance()
    if calmed > 1:
        for cut in range(-3, 0):
            assert _surprise(chance, cut) is False
    for _ in range(calmed):
        chance.expect()
    assert [_surprise(chance, cut) for cut in range(4)] == [False, False, False, True]


def test_a_cut_that_is_no_other_surprises_nobody() -> None:
    chance = Chance()
    for _ in range(10):
        assert _surprise(chance, 1) is False


@pytest.mark.parametrize(("requests", "refused", "share"), [(30, 3, 0.1), (40, 4, 0.0), (5, 2, 0.4), (12, 5, 0.0)])
def test_one_in_thirty_at_a_tenth_is_seldom_and_four_in_ten_are_many(requests: int, refused: int, share: float) -> None:
    chance = Chance()
    for cut in range(4):
        _surprise(chance, cut, requests=requests, refused=refused)
    assert chance.share == pytest.approx(share)


def test_one_that_was_long_in_coming_does_not_count() -> None:
    chance = Chance()
    for cut in range(3):
        _surprise(chance, cut)
    assert _surprise(chance, 3, requests=200, refused=10) is False
    assert _surprise(chance, 4) is True
    chance = Chance()
    for cut in range(3):
        _surprise(chance, cut)
    _surprise(chance, 3, requests=200, refused=10)
    for _ in range(4):
        chance.expect()
    assert _surprise(chance, 4) is False


def test_explained_is_what_four_deviations_and_two_allow() -> None:
    chance = _on_trial()
    for number in range(14):
        assert chance.explains
        chance.add(0.0, refused=True, below=False)
        assert chance.explains is (number < 13)


def test_a_limit_that_shows_begins_the_count_anew() -> None:
    chance = _proven()
    chance.exceed(0.0)
    for _ in range(9):
        chance.add(0.0, refused=True, below=False)
    assert chance.explains
    chance.add(0.0, refused=True, below=False)
    assert not chance.explains


def test_proven_after_five_expected_ones() -> None:
    chance = _on_trial()
    for number in range(100):
        assert chance.share == 0.05
        chance.add(0.0, refused=number < 4, below=True)
    assert chance.share == 0.04


def test_proven_at_four_times_the_rate_and_no_less() -> None:
    chance = _on_trial()
    for number in range(200):
        assert chance.share == 0.05
        chance.add(0.5, refused=number < 8, below=True)
    assert chance.share == 0.04


def test_proven_with_a_quarter_more_and_no_more() -> None:
    chance = _on_trial()
    for number in range(160):
        assert chance.share == 0.05
        chance.add(0.0, refused=number < 10, below=True)
    assert chance.share == 0.0625


def test_the_share_follows_slowly_and_grows_by_a_quarter_at_most() -> None:
    chance = _proven()
    chance.add(0.0, refused=False, below=True)
    assert chance.share == pytest.approx(share := 0.05 * 0.999)
    chance.add(0.0, refused=True, below=True)
    assert chance.share == pytest.approx(share := share + (1 - share) * 0.001)
    chance.add(0.0, refused=True, below=False)
    assert chance.share == pytest.approx(share)
    for _ in range(100):
        chance.add(0.0, refused=True, below=True)
    assert chance.share == 0.0625


def test_chance_that_has_ended_explains_no_limit() -> None:
    chance = _proven()
    for _ in range(4_000):
        chance.add(0.0, refused=False, below=True)
    assert chance.share == 0.0
    chance.exceed(1.0)
    assert chance.rate_at(100.0) == 100.0
    assert chance.least_requests == 0.0
    assert not chance.explains


@pytest.mark.parametrize(("refused", "share"), [(1, 0.0), (2, 2 / 160), (8, 0.05), (20, 0.0625)])
def test_a_check_takes_eight_expected_ones_and_what_it_finds(refused: int, share: float) -> None:
    chance = _proven()
    chance.exceed(0.0)
    assert chance.least_requests == 160.0
    for number in range(160):
        assert chance.rate_at(100.0) == 70.0
        chance.add(0.0, refused=number < refused, below=True)
        chance.add(0.0, refused=True, below=False)
        chance.exceed(0.0)
    assert chance.share == pytest.approx(share)
    assert chance.rate_at(100.0) == pytest.approx(100.0 / (1 - share))


def test_checks_are_further_and_further_apart() -> None:
    chance, now = _proven(), 0.0
    for gap in (0.0, 1.0, 3.0, 9.0):
        chance.exceed(now + gap - 0.5)
        assert not chance.least_requests
        now += gap
        chance.exceed(now)
        assert chance.least_requests
        for number in range(160):
            chance.add(now, refused=number < 8, below=True)
        assert not chance.least_requests
