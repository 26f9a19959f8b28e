"""The rules of the pacing one by one, with their numbers: which of them is better is what `benchmarks pacing` says."""

from __future__ import annotations

from typing import Any

import pytest

from batchio.bulk.pacing import RatePacing


def _sought(*, rate: float = 100.0, lag: float = 0.01) -> tuple[RatePacing, float]:
    """A controller whose last request of 20, sent at a rate, was refused after `lag`; and when that was."""
    pacing = RatePacing()
    for number in range(20):
        pacing.sent(number / rate)
    sent_at = 19 / rate
    pacing.refused(sent_at + lag, sent_at, None)
    return pacing, sent_at + lag


def _measured(requests: int = 50, *, seconds: float = 1.0, lag: float = 0.01) -> tuple[RatePacing, float]:
    """The same, refused again after so many requests had been taken in `seconds`; and when that was."""
    pacing, now = _sought(lag=lag)
    start = now - lag
    for number in range(1, requests + 1):
        pacing.sent(start + seconds * number / requests)
    pacing.refused(start + seconds + lag, start + seconds, None)
    return pacing, start + seconds + lag


def test_the_first_ones_leave_five_milliseconds_apart() -> None:
    pacing = RatePacing()
    pacing.sent(10.0)
    assert pacing.next_at(10.0) == 10.0
    pacing.sent(10.0)
    assert pacing.next_at(10.0) == pytest.approx(10.005)
    pacing.sent(10.005)
    assert pacing.next_at(10.005) == pytest.approx(10.010)


def test_an_answer_widens_the_window_by_less_than_half_and_spreads_it() -> None:
    pacing = RatePacing()
    windows = list[int]()
    for number in range(12):
        pacing.sent(number * 0.01)
    for number in range(12):
        pacing.answered(0.2 + number * 0.01, number * 0.01)
        windows.append(pacing.window(0.3))
    assert windows == [8, 8, 9, 9, 10, 10, 10, 11, 11, 12, 12, 13]
    pacing.sent(1.0)
    pacing.sent(1.0)
    assert pacing.next_at(1.0) == pytest.approx(1.0 + 0.2 / (8 + 12 * 0.42))


def test_the_window_of_the_start_is_at_most_what_is_allowed() -> None:
    assert RatePacing(most=3).window(0.0) == 3
    pacing = RatePacing(most=10)
    for number in range(40):
        pacing.sent(number * 0.01)
        pacing.answered(0.1 + number * 0.01, number * 0.01)
    assert pacing.window(1.0) == 10


def test_the_first_refusal_leaves_a_third_and_a_pause() -> None:
    pacing, now = _sought()
    assert pacing.state == "seeking"
    assert pacing.rate(now) == pytest.approx(0.35 * 100.0)
    assert pacing.next_at(now) == pytest.approx(now + 2 * 0.01)
    assert pacing.window(now) == 4096


def test_a_pause_is_no_longer_than_a_horizon() -> None:
    # What a refusal takes is learned by halves when it falls and slowly when it rises.
    pacing, now = _sought(lag=1.0)
    assert pacing.next_at(now) == pytest.approx(now + 5 * (0.02 + 0.05 * 0.98))


def test_seeking_grows_by_a_third_a_horizon() -> None:
    pacing, now = _sought(rate=1_000.0)
    horizon = 5 * 0.015
    assert pacing.rate(now + horizon) == pytest.approx(1.3 * 350.0)
    assert pacing.rate(now + 2 * horizon) == pytest.approx(1.3**2 * 350.0)
    assert pacing.rate(now + 60 * horizon) == pytest.approx(1.3**40 * 350.0)


def test_seeking_waits_for_three_requests_before_it_grows() -> None:
    pacing, now = _sought(rate=20.0)
    assert pacing.rate(now + 3 / 7.0) == pytest.approx(1.3 * 7.0)


def test_after_the_start_the_last_round_trip_counts() -> None:
    """A burst of long ago says nothing."""
    pacing = RatePacing()
    pacing.sent(0.0)
    pacing.answered(0.1, 0.0)
    for number in range(40):
        pacing.sent(0.2 + number / 400)
    for number in range(10):
        pacing.sent(0.9 + number / 100)
    pacing.refused(1.0, 0.99, None)
    assert pacing.rate(1.0) == pytest.approx(0.35 * 100.0)


def test_what_was_taken_between_two_refusals_is_kept() -> None:
    pacing, now = _measured()
    # 50 were sent after the first refused one, and one of them was refused.
    assert pacing.state == "steady"
    assert pacing.rate(now) == pytest.approx(0.99 * 49.0)
    # Trusted for one and a half times as long as it took to measure; at the end of that it is the rate itself.
    assert pacing.rate(now + 0.75) == pytest.approx(0.995 * 49.0)
    assert pacing.rate(now + 1.5 - 1e-9) == pytest.approx(49.0)


def test_what_took_long_to_measure_is_trusted_for_two_seconds_or_120_requests() -> None:
    pacing, now = _measured(1_000, seconds=4.0)
    trust = 2.0
    assert pacing.rate(now + trust / 2) == pytest.approx(0.995 * 999 / 4)
    pacing, now = _measured(100, seconds=5.0)
    trust = 120 / 19.8
    assert pacing.rate(now + trust / 2) == pytest.approx(0.995 * 19.8)


def test_then_an_excess_doubles_and_starts_higher_after_a_refusal_far_above() -> None:
    pacing, now = _sought()
    for number in range(1, 51):
        pacing.sent(now - 0.01 + number / 50)
    at = now + 0.99
    excess = 0.15 * (pacing.rate(at) / 49.0 - 1.0)
    assert excess > 0.1
    pacing.refused(at + 0.01, at, None)
    over = at + 0.01 + 1.5
    for doublings in (0, 1, 2, 20, 50):
        expected = 49.0 * (1.0 + excess * 2 ** min(doublings, 20))
        assert pacing.rate(over + doublings * 0.35) == pytest.approx(expected)


def test_requests_leave_a_gap_apart_and_may_make_up_for_a_late_timer() -> None:
    pacing, now = _measured()
    for _ in range(3):
        at = pacing.next_at(now)
        pacing.sent(at)
        assert pacing.next_at(at) == pytest.approx(at + 1 / pacing.rate(at))
    late = pacing.next_at(now) + 0.04
    pacing.sent(late)
    assert pacing.next_at(late) == pytest.approx(late - 0.04 + 1 / pacing.rate(late))


def test_a_refusal_soon_after_a_cut_changes_nothing_alone() -> None:
    pacing, now = _measured()
    rate = pacing.rate(now)
    at = pacing.next_at(now) + 0.001
    pacing.sent(at)
    pacing.refused(at + 0.01, at, None)
    assert pacing.state == "steady"
    assert pacing.rate(now) == rate


def test_what_left_before_the_cut_changes_nothing() -> None:
    pacing, now = _measured()
    rate = pacing.rate(now)
    for _ in range(10):
        pacing.refused(now, now - 0.011, 20.0)
    assert pacing.state == "steady"
    assert pacing.rate(now) == rate
    assert pacing.next_at(now) < now + 1.0


@pytest.mark.parametrize(("after", "share"), [(1.4, 0.9), (1.7, 1.0)])
def test_refused_while_it_is_trusted_others_have_come(after: float, share: float) -> None:
    pacing, now = _measured()
    sent_at, count = now, 0
    while (leaves := pacing.next_at(sent_at)) < now + after:
        sent_at, count = leaves, count + 1
        pacing.sent(sent_at)
    pacing.refused(sent_at + 0.01, sent_at, None)
    assert pacing.state == "steady"
    measured = (count - 1) / (sent_at - now + 0.01)
    assert pacing.rate(sent_at + 0.01) == pytest.approx(0.99 * share * measured)


def test_refused_far_above_what_was_taken_the_service_has_changed() -> None:
    pacing, now = _measured()
    over = now + 1.5 + 7 * 0.35
    assert pacing.rate(over) > 1.5 * 49.0
    for number in range(1, 21):
        pacing.sent(now + (over - now) * number / 20)
    before = pacing.rate(over)
    pacing.refused(over + 0.01, over, None)
    assert pacing.state == "seeking"
    assert pacing.rate(over + 0.01) == pytest.approx(0.35 * before)


def _waiting(retry_after: float | None = None) -> tuple[RatePacing, float]:
    """A controller of which four were refused in a row, and when that was."""
    pacing, now = _measured()
    pacing.answered(now + 0.05, now - 0.02)
    for _ in range(4):
        assert pacing.state != "waiting"
        at = max(now + 0.1, pacing.next_at(now) + 0.01)
        pacing.sent(at)
        now = at + 0.01
        pacing.refused(at + 0.01, at, retry_after)
    assert pacing.state == "waiting"
    return pacing, now


@pytest.mark.parametrize(("told", "waits"), [(None, 0.5), (0.1, 0.5), (7.0, 7.0), (1e9, 300.0)])
def test_when_all_is_refused_it_waits_as_long_as_it_is_told(told: float | None, waits: float) -> None:
    pacing, now = _waiting(told)
    assert pacing.next_at(now) == pytest.approx(now + waits)


def test_probes_are_further_and_further_apart() -> None:
    pacing, now = _waiting()
    at = pacing.next_at(now)
    gaps = list[float]()
    for _ in range(6):
        pacing.sent(at)
        pacing.refused(at + 0.01, at, None)
        gaps.append(pacing.next_at(at) - at)
        at = pacing.next_at(at)
    assert gaps == pytest.approx([0.5, 0.75, 1.125, 1.6875, 2.0, 2.0])


@pytest.mark.parametrize(("told", "waits"), [(10.0, 10.01), (1e9, 300.01)])
def test_a_probe_that_is_told_to_wait_is_heard(told: float, waits: float) -> None:
    pacing, now = _waiting()
    at = pacing.next_at(now)
    pacing.sent(at)
    pacing.refused(at + 0.01, at, told)
    assert pacing.next_at(at) == pytest.approx(at + waits)


def test_the_first_probe_that_is_taken_brings_the_rate_back() -> None:
    pacing, now = _waiting()
    at = pacing.next_at(now)
    pacing.sent(at)
    pacing.answered(at + 0.1, at)
    assert pacing.state == "steady"
    assert pacing.next_at(at) == pytest.approx(at + 0.1)
    # Nothing is trusted: it may grow at once.
    assert pacing.rate(at + 0.1) == pytest.approx(1.01 * 0.95 * 49.0)
    assert pacing.rate(at + 0.1 + 0.35) == pytest.approx(1.02 * 0.95 * 49.0)


def test_an_answer_to_what_left_before_the_waiting_ends_it_not() -> None:
    pacing, now = _waiting()
    pacing.answered(now + 0.1, now - 0.2)
    assert pacing.state == "waiting"


@pytest.mark.parametrize(("silence", "state"), [(4.9, "steady"), (5.1, "seeking")])
def test_after_five_seconds_of_silence_what_was_measured_is_old(silence: float, state: str) -> None:
    """The next refusal measures nothing, and is looked at as the first one is."""
    pacing, now = _measured()
    sent_at = now - 0.01 + silence
    for _ in range(3):
        pacing.sent(sent_at)
    pacing.refused(sent_at + 0.01, sent_at, None)
    assert pacing.state == state


def test_the_rate_does_not_grow_while_it_is_not_used() -> None:
    pacing, now = _measured()
    before = pacing.rate(now + 0.5)
    pacing.sent(now + 0.5)
    pacing.sent(now + 4.5)
    assert pacing.rate(now + 4.5) == pytest.approx(before, rel=0.01)


@pytest.mark.parametrize(("refused", "left"), [([4], 1.0), ([4, 3], 0.5), ([1, 2], 0.25)])
def test_a_quarter_refused_before_it_can_be_measured_is_a_sudden_fall(refused: list[int], left: float) -> None:
    """The rate falls to what was taken, to half at most and to a quarter at least."""
    pacing, now = _measured()
    pacing.answered(now, now - 0.01)
    rate = pacing.rate(now)
    for number in range(1, 5):
        pacing.sent(now + number / 100)
    for number in refused:
        pacing.refused(now + 0.05, now + number / 100, None)
    assert pacing.state == ("steady" if left == 1.0 else "seeking")
    assert pacing.rate(now + 0.05) == pytest.approx(left * rate, rel=0.01)


@pytest.mark.parametrize(("sent", "state"), [(5, "seeking"), (6, "steady")])
def test_five_taken_are_a_rate(sent: int, state: str) -> None:
    pacing, now = _measured(sent)
    assert pacing.state == state
    if state == "steady":
        assert pacing.rate(now) == pytest.approx(0.99 * 5)


def test_a_rate_is_never_less_than_one_in_two_seconds() -> None:
    pacing = RatePacing()
    pacing.sent(0.0)
    pacing.sent(20.0)
    pacing.refused(20.01, 20.0, None)
    assert pacing.rate(20.01) == 0.5


@pytest.mark.parametrize(("told", "place"), [(None, 0.2), (1.1, 1.1)])
def test_refused_by_chance_its_place_is_taken_until_it_leaves_again(told: float | None, place: float) -> None:
    pacing: Any = RatePacing()
    pacing._chance.share, pacing._chance._recent.share = 0.05, 0.06
    for number in range(3):
        pacing.sent(number * 0.1)
    pacing.answered(0.1, 0.0)
    pacing.refused(0.2, 0.1, told)
    assert pacing.state == "starting"
    pacing.answered(0.3, 0.2)
    pacing.sent(1.0)
    pacing.sent(1.0)
    taken = 0.1 + 0.9 * 0.1 * (place - 0.1)
    assert pacing.next_at(1.0) == pytest.approx(1.0 + taken / 8)


@pytest.mark.parametrize("proven", [False, True])
def test_more_refusals_than_chance_explains_are_a_limit(*, proven: bool) -> None:
    pacing: Any = RatePacing()
    chance = pacing._chance
    chance.share, chance._recent.share, chance._most_share, chance._proven = 0.05, 0.0625, 0.0625, proven
    for number in range(20):
        pacing.sent(number / 100)
    for number in range(20):
        pacing.refused(0.2 + number / 100, number / 100, None)
    assert pacing.state == "seeking"
    assert bool(chance.share) is proven
    assert (chance.least_requests > 0) is proven


@pytest.mark.parametrize(("after", "counts"), [(0.1, 1), (3.0, 0)])
def test_what_is_taken_below_the_limit_counts_in_a_check(after: float, counts: int) -> None:
    measured, now = _measured()
    pacing: Any = measured
    chance = pacing._chance
    chance.share, chance._recent.share, chance._proven, chance._is_checking = 0.05, 0.06, True, True
    before = chance._requests
    pacing.answered(now + after + 0.1, now + after)
    assert chance._requests - before == counts


def test_the_first_rate_is_known_however_short_it_was_measured() -> None:
    pacing, now = _measured(20, seconds=0.15)
    pacing.answered(now + 0.05, now - 0.02)
    at = now
    while pacing.state != "waiting":
        at = max(at + 0.1, pacing.next_at(at) + 0.01)
        pacing.sent(at)
        pacing.refused(at + 0.01, at, None)
    at = pacing.next_at(at)
    pacing.sent(at)
    pacing.answered(at + 0.1, at)
    assert pacing.state == "steady"
    assert pacing.rate(at + 0.1) == pytest.approx(1.01 * 0.95 * 19 / 0.15)
