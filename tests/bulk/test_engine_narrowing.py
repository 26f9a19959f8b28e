"""A refusal that is about one task in the request: it is found, and the others are added."""

from __future__ import annotations

import pytest
from scripted import ScriptedService, drive, each, for_requests, judge_feed, make_models, poisoned, refuse

from batchio import BatchClient, SubmissionError

CODES = [
    (400, "InvalidRequestBody"),
    (400, "InvalidPropertyValue"),
    (400, "MissingRequiredProperty"),
    (400, "OutOfRangeInput"),
    (400, "InvalidInput"),
    (409, "TaskIdSameAsJobPreparationTask"),
    (409, "TaskIdSameAsJobReleaseTask"),
]


@pytest.mark.parametrize(("status", "code"), CODES)
async def test_one_bad_task_stands_alone(client: BatchClient, service: ScriptedService, status: int, code: str) -> None:
    service.fault = poisoned(["task-137"], code, status)
    told = await drive(client, service, make_models(300), exact=True)
    assert told.states("rejected") == [137]
    assert told.codes() == {137: code}
    assert told.report.added == 299
    # By halves: at most two requests a level.
    assert len(service.history) <= 3 + 2 * 7


@pytest.mark.parametrize("bad", [["task-0"], ["task-99"], ["task-100", "task-101"], ["task-1", "task-98", "task-250"]])
async def test_several_bad_tasks(client: BatchClient, service: ScriptedService, bad: list[str]) -> None:
    service.fault = poisoned(bad)
    told = await drive(client, service, make_models(300), exact=True)
    assert [told.outcomes[index].task_id for index in told.states("rejected")] == bad
    assert told.report.added == 300 - len(bad)
    assert len(service.history) <= 3 + 2 * 7 * len(bad)


@pytest.mark.parametrize("good", [1, 10, 19])
async def test_one_good_task_among_them_and_the_run_goes_on(
    client: BatchClient, service: ScriptedService, good: int
) -> None:
    service.fault = poisoned([f"task-{number}" for number in range(good, 20)])
    told = await drive(client, service, make_models(20), exact=True)
    assert told.states("added") == list(range(good))
    assert told.states("rejected") == list(range(good, 20))


async def test_other_requests_stay_whole(client: BatchClient, service: ScriptedService) -> None:
    service.fault = poisoned(["task-50"])
    told = await drive(client, service, make_models(5_000), exact=True)
    assert told.report.added == 4_999
    assert len(service.history) <= 50 + 2 * 7


async def test_a_lonely_bad_task(client: BatchClient, service: ScriptedService) -> None:
    """One task alone in its request: whether the run stops or goes on, it is rejected or not sent, never lost."""
    service.fault = poisoned(["task-0"])
    report = None
    try:
        report = await client.tasks.submit(service.job, make_models(1))
    except SubmissionError as error:
        report = error.report
    assert (report.taken, report.rejected) == (1, 1)
    assert report.errors == {"InvalidRequestBody": 1}


async def test_a_whole_bad_request_stops_the_run(client: BatchClient, service: ScriptedService) -> None:
    """The fault is not in a task: halving for ever would cost two requests a task."""
    service.fault = poisoned([f"task-{n}" for n in range(3_000)])
    told = await drive(client, service, make_models(3_000), max_requests=1, fails=SubmissionError)
    assert told.report.added == 0
    assert told.report.rejected <= 200
    assert len(service.history) <= 2 * 200
    assert "InvalidRequestBody" in str(told.error)


async def test_refusals_while_narrowing(client: BatchClient, service: ScriptedService) -> None:
    service.fault = each(for_requests([3, 5, 6], refuse()), poisoned(["task-10", "task-60"]))
    told = await drive(client, service, make_models(100), exact=True)
    assert told.states("rejected") == [10, 60]
    assert told.report.added == 98


@pytest.mark.parametrize("bad", [2, 99])
async def test_a_short_request_that_is_all_bad_ends_no_run(
    client: BatchClient, service: ScriptedService, bad: int
) -> None:
    """Where the bad tasks stand must not decide whether there is a report: another request was taken."""
    service.fault = poisoned([f"task-{number}" for number in range(100, 100 + bad)])
    told = await drive(client, service, make_models(100 + bad), max_requests=1, exact=True)
    assert told.states("rejected") == list(range(100, 100 + bad))
    assert told.report.added == 100


@pytest.mark.parametrize("bad", [2, 100])
async def test_bad_tasks_of_one_caller_do_not_end_a_feed(
    client: BatchClient, service: ScriptedService, bad: int
) -> None:
    service.fault = poisoned([f"bad-{number}" for number in range(bad)])
    async with client.tasks.feed(service.job) as feed:
        outcomes = await feed.add_all(make_models(bad, "bad"))
        outcomes += await feed.add_all(make_models(3))
    assert [str(outcome.state) for outcome in outcomes] == ["rejected"] * bad + ["added"] * 3
    judge_feed(service, feed, outcomes, exact=True)
