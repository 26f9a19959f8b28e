"""The packer: requests of at most 100 tasks and so many bytes, and what a refused size teaches."""

from __future__ import annotations

from itertools import pairwise

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from batchio.bulk.packer import MAX_TASKS, Packer, SizeLimit, body_of, fits_alone, halve
from batchio.bulk.tasks import Narrowing, Tasks

_SIZES = st.lists(st.integers(min_value=20, max_value=900), max_size=350)


def _tasks(sizes: list[int], first: int = 0) -> Tasks:
    ids = [f"t{first + at}" for at in range(len(sizes))]
    bodies = [
        msgspec.json.encode({"id": name, "x": "y" * (size - 15 - len(name))})
        for name, size in zip(ids, sizes, strict=True)
    ]
    return Tasks(list(range(first, first + len(ids))), ids, ids.copy(), bodies)


@given(_SIZES, st.integers(min_value=1_000, max_value=20_000))
def test_everything_leaves_once_in_order_and_within_the_limits(sizes: list[int], most: int) -> None:
    packer = Packer(most)
    for start in range(0, len(sizes), 60):
        packer.add(_tasks(sizes[start : start + 60], start))
    left: list[int] = []
    while len(packer):
        group = packer.take()
        assert 1 <= len(group) <= MAX_TASKS
        assert len(body_of(group)) <= most
        left += group.ordinals
    assert left == list(range(len(sizes)))


@given(_SIZES.filter(lambda sizes: len(sizes) > 1), st.integers(min_value=1_000, max_value=20_000))
def test_no_request_could_have_taken_the_next_task(sizes: list[int], most: int) -> None:
    packer = Packer(most)
    packer.add(_tasks(sizes))
    groups: list[Tasks] = []
    while len(packer):
        groups.append(packer.take())
    for group, after in pairwise(groups):
        grown = len(body_of(group)) + 1 + len(after.bodies[0])
        assert len(group) == MAX_TASKS or grown > most


@given(_SIZES)
def test_a_body_is_the_collection_as_json(sizes: list[int]) -> None:
    tasks = _tasks(sizes)
    value = msgspec.json.decode(body_of(tasks))["value"]
    assert [task["id"] for task in value] == tasks.ids


def test_a_task_that_cannot_fit_still_leaves_alone() -> None:
    """The limit may have shrunk after the task was let in."""
    packer = Packer(10_000)
    packer.add(_tasks([900, 900, 900]))
    packer.size_limit.refuse(200)
    assert [len(packer.take()) for _ in range(3)] == [1, 1, 1]


def test_fits_alone_counts_the_frame() -> None:
    body = b'{"id":"a"}'
    exact = len(body_of(Tasks([0], ["a"], ["a"], [body])))
    assert fits_alone(len(body), exact)
    assert not fits_alone(len(body), exact - 1)


def test_what_is_sent_again_fills_the_last_request() -> None:
    packer = Packer(10_000)
    packer.add(_tasks([50], 5))
    packer.add_again(_tasks([50], 2))
    assert len(packer) == 2
    assert sorted(packer.take().ordinals) == [2, 5]
    assert not len(packer)


def test_what_is_sent_again_waits_for_its_request_but_not_long() -> None:
    packer = Packer(950_000)
    first, requests = 0, list[Tasks]()
    for _ in range(400):
        packer.add(_tasks([30] * MAX_TASKS, first))
        first += MAX_TASKS
        if not first % 1_000:
            packer.add_again(_tasks([30], 1_000_000 + first))
        requests.append(packer.take())
    short = [number for number, tasks in enumerate(requests) if len(tasks) < MAX_TASKS]
    assert 400 // 60 <= len(short) <= 400 // 50
    assert all(len(requests[number]) == MAX_TASKS for number in range(400) if number not in short)
    # Nothing is taken apart for it.
    assert [tasks.ordinals[0] for tasks in requests if len(tasks) == MAX_TASKS] == list(
        range(0, (400 - len(short)) * MAX_TASKS, MAX_TASKS)
    )


def test_a_full_request_of_what_is_sent_again_goes_first() -> None:
    packer = Packer(950_000)
    packer.add(_tasks([30] * MAX_TASKS))
    packer.take()
    packer.add(_tasks([30] * MAX_TASKS))
    packer.add_again(_tasks([30] * MAX_TASKS, 1_000))
    assert packer.take().ordinals[0] == 1_000


def test_drained_is_all_of_it() -> None:
    packer = Packer(950_000)
    packer.add(_tasks([30] * 130))
    packer.add(_tasks([30] * 7, 130))
    packer.add_again(_tasks([30] * 5, 1_000))
    assert sorted(Tasks.joined_from(packer.drain()).ordinals) == [*range(137), *range(1_000, 1_005)]
    assert not len(packer)
    assert not packer.full


def test_halves_are_all_of_it_and_remember_the_search() -> None:
    tasks = _tasks([30] * 7)
    tasks.narrowing = Narrowing(7)
    first, second = halve(tasks)
    assert [*first.ordinals, *second.ordinals] == list(range(7))
    assert first.narrowing is second.narrowing is tasks.narrowing


def test_one_odd_refusal_is_forgotten() -> None:
    limit = SizeLimit(950_000)
    limit.refuse(8_000)
    assert limit.now == 4_000
    for _ in range(130):
        limit.accept(min(limit.now, 8_000))
    assert limit.now > 8_000


@given(st.integers(min_value=2_000, max_value=900_000))
def test_a_lasting_limit_of_the_service_is_found_and_costs_few_refusals(real: int) -> None:
    limit = SizeLimit(950_000)
    refusals, sizes = 0, []
    for _ in range(500):
        size = limit.now
        if size > real:
            refusals += 1
            limit.refuse(size)
        else:
            sizes.append(size)
            limit.accept(size)
    assert refusals <= 30
    # Once found, requests are nearly as large as they may be.
    assert sorted(sizes)[len(sizes) // 2] >= 0.7 * real


def test_without_a_refusal_the_limit_stays() -> None:
    limit = SizeLimit(950_000)
    for size in (1_000, 949_000, 950_000):
        limit.accept(size)
    assert limit.now == 950_000


def test_full_is_what_nobody_can_add_to() -> None:
    packer = Packer(950_000)
    assert not packer.full
    packer.add(_tasks([30] * (MAX_TASKS - 1)))
    assert not packer.full
    packer.add_again(_tasks([30] * (MAX_TASKS - 1), 1_000))
    assert not packer.full
    packer.add_again(_tasks([30], 2_000))
    assert packer.full
    packer.take()
    assert not packer.full
    packer.add(_tasks([30], 3_000))
    assert packer.full
    packer.take()
    packer.add(_tasks([30], 4_000))
    packer.add(_tasks([30] * MAX_TASKS, 5_000))
    assert packer.full


def test_room_is_what_the_request_that_is_being_filled_can_take() -> None:
    packer = Packer(950_000)
    rooms = [packer.room]
    for count in (30, 69, 1, 10):
        packer.add(_tasks([30] * count))
        rooms.append(packer.room)
    assert rooms == [100, 70, 1, 100, 90]


def test_a_full_one_and_less_are_two_requests() -> None:
    packer = Packer(950_000)
    packer.add(_tasks([30] * 40))
    packer.add(_tasks([30] * 60, 40))
    packer.add(_tasks([30], 100))
    assert [len(packer.take()), len(packer.take()), len(packer)] == [100, 1, 0]


def test_fifty_full_ones_between_two_that_are_not() -> None:
    packer = Packer(950_000)
    packer.add_again(_tasks([30], 10**6))
    lengths = list[int]()
    for first in range(0, 12_000, MAX_TASKS):
        packer.add(_tasks([30] * MAX_TASKS, first))
        lengths.append(len(packer.take()))
        if lengths[-1] < MAX_TASKS:
            packer.add_again(_tasks([30], 10**6))
    assert [at for at, length in enumerate(lengths) if length < MAX_TASKS] == [0, 51, 102]


def test_a_short_request_may_go_before_a_full_one_only_now_and_then() -> None:
    """New ones that came as less than a request are joined with the next, unless that would take whole ones apart."""
    packer = Packer(950_000)
    packer.add(_tasks([30] * 10))
    packer.add(_tasks([30] * MAX_TASKS, 10))
    packer.add(_tasks([30] * MAX_TASKS, 110))
    assert [len(packer.take()) for _ in range(3)] == [10, 100, 100]
    packer.add(_tasks([30] * 10, 210))
    packer.add(_tasks([30] * MAX_TASKS, 220))
    assert [len(packer.take()) for _ in range(2)] == [100, 10]
    assert not len(packer)


def test_what_is_sent_again_fills_up_the_last_one_and_the_rest_follows() -> None:
    packer = Packer(950_000)
    packer.take()
    packer.add(_tasks([30] * 60))
    packer.add_again(_tasks([30] * 70, 1_000))
    first, second = packer.take(), packer.take()
    assert first.ordinals == [*range(60), *range(1_000, 1_040)]
    assert second.ordinals == list(range(1_040, 1_070))


def test_a_refused_size_is_forgotten_after_a_hundred_requests() -> None:
    limit = SizeLimit(1_000_000)
    limit.refuse(800_000)
    seen = list[int]()
    for _ in range(106):
        limit.accept(0)
        seen.append(limit.now)
    assert seen[:100] == [400_000] * 100
    assert seen[100:] == [500_001, 625_002, 781_253, 976_567, 1_000_000, 1_000_000]


@pytest.mark.parametrize("count", [2, 3])
def test_a_body_may_be_as_long_as_the_limit_and_no_longer(count: int) -> None:
    exact = len(body_of(_tasks([50, 60])))
    for limit, taken in ((exact, 2), (exact - 1, 1)):
        packer = Packer(limit)
        packer.add(_tasks([50, 60, 70][:count]))
        assert len(packer.take()) == taken


def test_a_full_request_may_be_as_long_as_the_limit_and_no_longer() -> None:
    exact = len(body_of(_tasks([50] * MAX_TASKS)))
    for limit, taken in ((exact + 1, 100), (exact, 100), (exact - 1, 99)):
        packer = Packer(limit)
        packer.add(_tasks([50] * MAX_TASKS))
        packer.add(_tasks([50] * MAX_TASKS, 100))
        assert len(packer.take()) == taken


def test_between_accepted_and_refused_the_limit_moves_by_halves() -> None:
    limit = SizeLimit(1_000_000)
    limit.refuse(800_000)
    limit.accept(400_000)
    assert limit.now == 600_000
    limit.accept(600_000)
    assert limit.now == 700_000
    limit.accept(700_000)
    # Within an eighth of what was refused it stays.
    assert limit.now == 700_000
    limit.accept(300_000)
    assert limit.now == 700_000
    # What went through once does so no more: begin below.
    limit.refuse(700_000)
    assert limit.now == 350_000
    limit.accept(300_000)
    limit.refuse(500_000)
    assert limit.now == 300_000
    limit.refuse(1)
    assert limit.now == 1


def test_what_goes_before_a_full_one_fits_as_well() -> None:
    packer = Packer(3_000)
    packer.add(_tasks([900] * 10))
    packer.add(_tasks([20] * MAX_TASKS, 10))
    groups = list[Tasks]()
    while len(packer):
        groups.append(packer.take())
    assert all(len(body_of(group)) <= 3_000 for group in groups)
    assert [ordinal for group in groups for ordinal in group.ordinals] == list(range(110))
