"""Refusals by chance: told from a limit, tolerated, and given up when they turn out to be one."""

from __future__ import annotations

import itertools
import random

import pytest

from batchio.bulk.chance import Chance
from batchio.bulk.pacing import STARTING, RatePacing

LATENCY = 0.1
_cuts = itertools.count()


def _tried(share: float = 0.05) -> Chance:
    """Chance on trial since second 1, at 100 requests a second."""
    chance = Chance()
    every = round(1 / share)
    for number in range(1, 200):
        now = number / 100
        if number % every == 0:
            chance.add(now, refused=True, below=True)
            if chance.surprise(now, cut_at=now - 0.001, rate=100.0):
                return chance
        else:
            chance.add(now, refused=False, below=True)
    raise AssertionError("never taken for chance")


def _refuted() -> Chance:
    """After a trial that turned out wrong."""
    chance = _tried()
    for _ in range(20):
        chance.add(3.0, refused=True, below=True)
    assert not chance.explains
    chance.exceed(3.0)
    assert not chance.share
    return chance


def _checked(share: float = 0.05) -> Chance:
    """Proven, and then a limit has shown: from second 3 on a lower rate is tried."""
    chance = _tried(share)
    every = round(1 / share)
    for number in range(1_000):
        chance.add(2.0 + number / 1_600, refused=number % every == 0, below=True)
    for _ in range(100):
        chance.add(3.0, refused=True, below=False)
    assert not chance.explains
    chance.exceed(3.0)
    return chance


def test_surprises_in_a_row_are_chance() -> None:
    chance = _tried(0.05)
    assert chance.share == pytest.approx(0.05, rel=0.3)
    assert chance.explains


def test_refusals_of_one_cut_are_one_surprise() -> None:
    chance = Chance()
    for number in range(100):
        chance.add(0.0, refused=number % 10 == 0, below=True)
        assert not chance.surprise(0.0, cut_at=1.0, rate=100.0)
    assert not chance.share


def test_who_refuses_nearly_everything_does_not_do_it_by_chance() -> None:
    chance = Chance()
    for number in range(100):
        chance.add(number, refused=True, below=True)
        assert not chance.surprise(number, cut_at=number - 0.5, rate=100.0)


def test_refusals_that_a_limit_explains_calm() -> None:
    chance = Chance()
    for number in range(1, 1_000):
        chance.add(number, refused=number % 20 == 0, below=True)
        if number % 20 == 0:
            assert not chance.surprise(number, cut_at=number - 0.5, rate=1.0)
            for _ in range(4):
                chance.expect()


def test_one_that_was_long_in_coming_is_no_chance() -> None:
    chance = _refuted()
    for gap in (5, 5, 5, 5, 5, 5, 200):
        for _ in range(gap):
            chance.add(4.0, refused=False, below=True)
        chance.add(4.0, refused=True, below=True)
        assert not chance.surprise(4.0, cut_at=4.0 + next(_cuts), rate=1.0)


def test_more_than_chance_ends_the_trial_and_the_next_takes_longer() -> None:
    chance = _refuted()
    surprises = 0
    for number in range(1, 1_000):
        chance.add(number, refused=number % 20 == 0, below=True)
        if number % 20 == 0:
            surprises += 1
            if chance.surprise(number, cut_at=number - 0.5, rate=1.0):
                break
    assert surprises == 7


def test_proven_at_four_times_the_rate_it_survives_a_limit() -> None:
    chance = _checked()
    assert chance.share == pytest.approx(0.05, rel=0.3)
    assert chance.explains


def test_a_lower_rate_is_tried_when_a_limit_shows() -> None:
    chance = _checked()
    assert chance.rate_at(100.0) == 70.0
    assert chance.least_requests == pytest.approx(8 / chance.share)


def test_who_is_refused_as_often_at_a_lower_rate_was_right() -> None:
    chance = _checked()
    for number in range(round(chance.least_requests) + 1):
        chance.add(3.1, refused=True, below=False)
        chance.add(3.1, refused=number % 20 == 0, below=True)
    assert chance.share == pytest.approx(0.05, rel=0.3)
    assert chance.rate_at(95.0) == pytest.approx(100.0, rel=0.02)
    assert not chance.least_requests


def test_who_is_not_refused_at_a_lower_rate_met_the_limit() -> None:
    chance = _checked()
    for _ in range(round(chance.least_requests) + 1):
        chance.add(3.1, refused=True, below=False)
        chance.add(3.1, refused=False, below=True)
    assert not chance.share
    assert chance.rate_at(100.0) == 100.0


def test_it_is_checked_now_and_then() -> None:
    chance = _checked()
    found = list[float]()
    for number in range(1, 40_000):
        now = 3.0 + number / 100
        chance.add(now, refused=number % 20 == 0, below=True)
        was_checking = chance.least_requests > 0
        chance.exceed(now)
        if chance.least_requests and not was_checking:
            found.append(now)
    gaps = [later - sooner for sooner, later in itertools.pairwise(found)]
    assert len(gaps) >= 3
    assert all(later > 2 * sooner for sooner, later in itertools.pairwise(gaps))


def test_not_proven_at_the_same_rate() -> None:
    chance = _tried()
    for number in range(1_000):
        chance.add(2.0 + number / 100, refused=number % 20 == 0, below=True)
    for _ in range(30):
        chance.add(12.0, refused=True, below=True)
    chance.exceed(12.0)
    assert not chance.share


def test_chance_that_ends_is_forgotten() -> None:
    chance = _tried()
    for number in range(1_000):
        chance.add(2.0 + number / 1_600, refused=number % 20 == 0, below=True)
    for number in range(10_000):
        chance.add(4.0 + number / 1_600, refused=False, below=True)
    assert not chance.share


@pytest.mark.parametrize("share", [0.02, 0.1])
@pytest.mark.parametrize("seed", [1, 2, 3])
def test_a_service_that_refuses_by_chance_does_not_slow_the_client_down(share: float, seed: int) -> None:
    """One request after the other: what is sent in two minutes must not fall behind what a patient loop would send."""
    dice, pacing, now = random.Random(seed), RatePacing(), 0.0  # noqa: S311 - to be repeatable
    sent = 0
    while now < 120.0:
        now = max(now, pacing.next_at(now))
        pacing.sent(now)
        sent += 1
        if dice.random() < share:
            pacing.refused(now + 0.02, now, None)
            now += 0.2
        else:
            pacing.answered(now + LATENCY, now)
            now += LATENCY
    ideal = 120.0 / (LATENCY * (1 - share) + 0.2 * share)
    assert sent > 0.4 * ideal


def test_the_start_begins_again() -> None:
    dice, pacing, now = random.Random(1), RatePacing(), 0.0  # noqa: S311 - to be repeatable
    while now < 60.0 and not (pacing.state == STARTING and now > 1.0):
        now = max(now, pacing.next_at(now))
        pacing.sent(now)
        if dice.random() < 0.05:
            pacing.refused(now + 0.01, now, None)
        else:
            pacing.answered(now + 0.01, now)
        now += 0.01
    assert pacing.state == STARTING
    assert pacing.window(now) == 8
