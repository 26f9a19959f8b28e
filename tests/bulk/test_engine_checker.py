"""The checker itself: it says no to every way of telling a task wrong."""

from __future__ import annotations

from collections.abc import Callable

import msgspec
import pytest
from scripted import ScriptedService, Told, by_index, check, drop, for_requests, hang, item_error, make_ids, make_models

from batchio import BatchClient, OutcomeState, TaskOutcome

COUNT = 250
EXISTED, REJECTED, UNCONFIRMED, PLAIN = 3, 4, 150, 249


@pytest.fixture
async def told(client: BatchClient, service: ScriptedService) -> Told:
    """A run with one task of each kind; its second request had no answer."""
    service.truth.preload([f"task-{EXISTED}"])
    service.items = lambda folded, _: item_error() if folded == f"task-{REJECTED}" else None
    service.fault = for_requests([2], drop(1.0))
    report = await client.tasks.submit(service.job, make_models(COUNT), keep="all", max_requests=1)
    outcomes = {outcome.index: outcome for outcome in report.outcomes}
    assert not outcomes[UNCONFIRMED].confirmed
    return Told(outcomes=outcomes, report=report)


def tell(told: Told, index: int, state: OutcomeState, *, confirmed: bool = True) -> None:
    """Another state for one task, with counts that fit."""
    before: TaskOutcome = told.outcomes[index]
    told.outcomes[index] = msgspec.structs.replace(before, state=state, confirmed=confirmed)
    counts = {str(before.state): getattr(told.report, before.state) - 1}
    report = msgspec.structs.replace(told.report, **counts)
    counts = {str(state): getattr(report, state) + 1}
    told.report = msgspec.structs.replace(report, **counts, failures=())


def forget(told: Told) -> None:
    del told.outcomes[PLAIN]


def miscount(told: Told) -> None:
    told.report = msgspec.structs.replace(told.report, added=told.report.added + 1, taken=COUNT)


def rename(told: Told) -> None:
    told.outcomes[PLAIN] = msgspec.structs.replace(told.outcomes[PLAIN], task_id="task-1")


def too_early(told: Told) -> None:
    told.times[PLAIN] = 0.0


WRONG: dict[str, tuple[Callable[[Told], None], str]] = {
    "an outcome is missing": (forget, "taken, no outcome"),
    "the counts are wrong": (miscount, "report"),
    "another task's id": (rename, "should be of"),
    "told before it was sent": (too_early, "nobody said so"),
    "added and told as existed": (lambda told: tell(told, PLAIN, OutcomeState.EXISTED), "told:"),
    "added and told as not sent": (lambda told: tell(told, PLAIN, OutcomeState.NOT_SENT), "told:"),
    "added and told as given up": (lambda told: tell(told, PLAIN, OutcomeState.GAVE_UP), "told:"),
    "settled and told as unknown": (lambda told: tell(told, PLAIN, OutcomeState.UNKNOWN), "nothing is open"),
    "rejected and told as added": (lambda told: tell(told, REJECTED, OutcomeState.ADDED), "is not there"),
    "rejected and told as existed": (lambda told: tell(told, REJECTED, OutcomeState.EXISTED), "is not there"),
    "another's and told as added": (lambda told: tell(told, EXISTED, OutcomeState.ADDED), "another's"),
    "another's and told as added by inference": (
        lambda told: tell(told, EXISTED, OutcomeState.ADDED, confirmed=False),
        "no attempt was open",
    ),
    "open and told as not sent": (lambda told: tell(told, UNCONFIRMED, OutcomeState.NOT_SENT), "told:"),
    "inferred and told as certain": (lambda told: tell(told, UNCONFIRMED, OutcomeState.ADDED), "nobody said so"),
}


@pytest.mark.parametrize(("spoil", "words"), WRONG.values(), ids=WRONG)
async def test_the_checker_sees_it(
    told: Told, service: ScriptedService, spoil: Callable[[Told], None], words: str
) -> None:
    check(told, service, make_ids(COUNT))
    spoil(told)
    with pytest.raises(AssertionError, match=words):
        check(told, service, make_ids(COUNT))


async def test_the_checker_counts_what_is_in_flight(told: Told, service: ScriptedService) -> None:
    for record in service.history[:3]:
        record.at, record.ended = 1.0, 2.0
    check(told, service, make_ids(COUNT), max_requests=3)
    with pytest.raises(AssertionError, match="in flight"):
        check(told, service, make_ids(COUNT), max_requests=2)


async def test_the_checker_reads_what_the_service_saw(told: Told, service: ScriptedService) -> None:
    service.violations.append("no client-request-id")
    with pytest.raises(AssertionError, match="client-request-id"):
        check(told, service, make_ids(COUNT))


async def test_what_is_on_its_way_at_the_end_is_unknown(client: BatchClient, service: ScriptedService) -> None:
    service.fault = for_requests([2], hang(0.0))
    async with client.tasks.submitting(service.job, make_models(COUNT), keep="all", max_requests=1) as run:
        async for _ in run:
            if run.progress.done >= 100:
                await service.until(lambda: len(service.history) == 2)
                break
    told = Told(outcomes=by_index(run.report.outcomes), report=run.report)
    await service.until(lambda: service.history[1].gone)
    on_its_way = told.states("unknown")
    assert len(on_its_way) == 100
    check(told, service, make_ids(COUNT), complete=False, interrupted=True)
    tell(told, on_its_way[0], OutcomeState.NOT_SENT)
    with pytest.raises(AssertionError, match="an attempt had no answer"):
        check(told, service, make_ids(COUNT), complete=False, interrupted=True)
