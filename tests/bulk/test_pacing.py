"""Pacing and gate: how many requests may be in flight, and whose turn it is."""

from __future__ import annotations

import asyncio

import pytest
from hypothesis import given
from hypothesis import strategies as st

from batchio.bulk.gate import Gate
from batchio.bulk.pacing import WindowPacing


def test_the_start_doubles_every_round_trip() -> None:
    pacing = WindowPacing()
    windows = []
    for trip in range(5):
        window = pacing.window(float(trip))
        windows.append(window)
        for _ in range(window):
            pacing.sent(float(trip))
            pacing.answered(trip + 1.0, float(trip))
    assert windows == [8, 16, 32, 64, 128]
    assert pacing.state == "starting"


def test_one_cut_a_round_trip_and_then_one_more_request_a_round_trip() -> None:
    pacing = WindowPacing(start=100.0)
    for _ in range(60):
        pacing.refused(1.0, 0.0, None)
    assert pacing.window(1.0) == 70
    assert pacing.state == "steady"
    pacing.refused(1.5, 0.9, None)  # sent before the cut: says nothing new
    assert pacing.window(1.5) == 70
    for _ in range(71):
        pacing.answered(2.0, 1.5)
    assert pacing.window(2.0) == 71
    pacing.refused(3.0, 2.5, None)
    assert pacing.window(3.0) == 49


def test_noise_is_tolerated_and_a_flood_of_it_is_not() -> None:
    pacing = WindowPacing(start=100.0)
    for number in range(1_000):
        now = number / 100
        if number % 100 == 99:
            pacing.noise(now, now - 0.01)
        else:
            pacing.answered(now, now - 0.01)
    assert pacing.state == "starting"
    for number in range(30):
        pacing.noise(10.0 + number / 100, 10.0 + number / 100 - 0.005)
    assert pacing.state == "steady"


@given(st.lists(st.tuples(st.sampled_from("arn"), st.floats(0, 1)), max_size=300))
def test_the_window_is_always_at_least_one_and_bounded(events: list[tuple[str, float]]) -> None:
    pacing, now = WindowPacing(most=500), 0.0
    for kind, step in events:
        sent_at, now = now, now + step
        pacing.sent(sent_at)
        if kind == "a":
            pacing.answered(now, sent_at)
        elif kind == "r":
            pacing.refused(now, sent_at, None)
        else:
            pacing.noise(now, sent_at)
        assert 1 <= pacing.window(now) <= 500


class _Fixed(WindowPacing):
    """A window that stands still, and a moment before which nothing may leave."""

    def __init__(self, size: int) -> None:
        super().__init__()
        self.size, self.at = size, 0.0

    def window(self, now: float) -> int:  # noqa: ARG002 - the protocol's
        return self.size

    def next_at(self, now: float) -> float:  # noqa: ARG002 - the protocol's
        return self.at


async def _turns(count: int) -> None:
    for _ in range(count):
        await asyncio.sleep(0)


async def test_first_come_first_served() -> None:
    gate, order = Gate(_Fixed(1)), list[int]()

    async def take(number: int) -> None:
        await gate.enter()
        order.append(number)

    await gate.enter()
    waiting = [asyncio.create_task(take(number)) for number in range(5)]
    await _turns(3)
    assert order == []
    for count in range(1, 6):
        gate.leave()
        await _turns(3)
        assert order == list(range(count))
    await asyncio.gather(*waiting)
    assert gate.in_flight == 1


@pytest.mark.parametrize("woken", [False, True], ids=["waiting", "just let in"])
async def test_who_is_cancelled_takes_no_place(woken: bool) -> None:  # noqa: FBT001 - a parameter of the test
    gate = Gate(_Fixed(1))
    await gate.enter()
    first = asyncio.create_task(gate.enter())
    second = asyncio.create_task(gate.enter())
    await _turns(2)
    if woken:
        gate.leave()
    first.cancel()
    await asyncio.wait([first])
    assert first.cancelled()
    if not woken:
        gate.leave()
    await second
    assert gate.in_flight == 1


async def test_a_wider_window_lets_several_in_at_once() -> None:
    pacing = _Fixed(1)
    gate = Gate(pacing)
    await gate.enter()
    waiting = [asyncio.create_task(gate.enter()) for _ in range(3)]
    await _turns(2)
    pacing.size = 4
    gate.leave()
    await asyncio.gather(*waiting)
    assert gate.in_flight == 3


async def test_nothing_leaves_before_its_time() -> None:
    pacing = _Fixed(8)
    now = 100.0
    gate = Gate(pacing, clock=lambda: now)
    pacing.at = 100.02
    waiting = asyncio.create_task(gate.enter())
    await _turns(3)
    assert not waiting.done()
    now = 100.03
    await asyncio.wait_for(waiting, 5)
    assert gate.in_flight == 1
    gate.close()
