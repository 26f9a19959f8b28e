"""The backlog: what waits, for what, and in which order it leaves."""

from __future__ import annotations

from batchio.bulk.backlog import Backlog
from batchio.bulk.intake import fold
from batchio.bulk.tasks import Tasks


def _tasks(*ids: str, first: int = 0) -> Tasks:
    names = list(ids)
    return Tasks(list(range(first, first + len(names))), names, fold(names), [b"{}"] * len(names))


def test_a_twin_waits_for_the_first_and_is_handed_over_with_it() -> None:
    backlog = Backlog(10_000)
    backlog.admit(_tasks("a", "B", "A"))
    backlog.admit(_tasks("b", "c", first=3))
    assert backlog.take().ids == ["a", "B", "c"]
    assert not backlog.is_empty
    waiting = dict(backlog.release(_tasks("a")))
    assert [twin.ordinals for twin in waiting["a"]] == [[2]]
    assert [twin.ordinals for _, twins in backlog.release(_tasks("B")) for twin in twins] == [[3]]
    assert backlog.is_empty


def test_the_next_twin_takes_the_place_of_one_that_did_not_come_through() -> None:
    backlog = Backlog(10_000)
    backlog.admit(_tasks("a", "a", "a"))
    assert backlog.take().ordinals == [0]
    ((key, twins),) = backlog.release(_tasks("a"))
    backlog.wait_again(key, twins)
    assert backlog.take().ordinals == [1]
    assert [twin.ordinals for _, twins in backlog.release(_tasks("a")) for twin in twins] == [[2]]


def test_a_key_is_free_again_after_its_task_is_settled() -> None:
    backlog = Backlog(10_000)
    backlog.admit(_tasks("a"))
    backlog.take()
    assert backlog.release(_tasks("a")) == []
    backlog.admit(_tasks("a", first=1))
    assert backlog.take().ordinals == [1]


def test_retries_leave_when_they_are_due_together_and_first() -> None:
    backlog = Backlog(10_000)
    backlog.admit(_tasks("x", first=9))
    backlog.retry(_tasks("a"), 5.0)
    backlog.retry(_tasks("b", first=1), 5.04)
    backlog.retry(_tasks("c", first=2), 6.0)
    backlog.wake_retries(4.9)
    assert backlog.next_retry == 5.0
    assert len(backlog.packer) == 1
    backlog.wake_retries(5.0)
    assert sorted(backlog.take().ordinals) == [0, 1, 9]
    assert backlog.next_retry == 6.0


def test_a_part_leaves_only_when_told_to_flush() -> None:
    backlog = Backlog(10_000)
    backlog.admit(_tasks("a"))
    assert not backlog.has_request(flush=False)
    assert backlog.has_request(flush=True)
    backlog.send_whole(_tasks("b", first=1))
    assert backlog.has_request(flush=False)
    assert backlog.take().ids == ["b"]


def test_drained_holds_everything_once() -> None:
    backlog = Backlog(10_000)
    backlog.admit(_tasks("a", "A", "b"))
    backlog.retry(_tasks("c", first=3), 1.0)
    backlog.send_whole(_tasks("d", first=4))
    assert sorted(backlog.drain().ordinals) == [0, 1, 2, 3, 4]
    assert backlog.is_empty
