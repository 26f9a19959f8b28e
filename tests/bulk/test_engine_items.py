"""The verdict's rows about single tasks: what the service says of each becomes one outcome."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest
from scripted import (
    Act,
    ItemError,
    ScriptedService,
    Told,
    connect,
    drive,
    drop,
    each,
    for_requests,
    item_error,
    make_ids,
    make_mappings,
    make_models,
    omit,
    recase,
    refuse,
    results,
    reverse,
    shuffle,
    strangers,
    twice,
    unreadable,
    when,
)
from scripted.truth import success

from batchio import BatchClient


def confirmed(told: Told) -> set[bool]:
    return {outcome.confirmed for outcome in told.outcomes.values()}


async def test_success_is_added(client: BatchClient, service: ScriptedService) -> None:
    told = await drive(client, service, make_models(10), exact=True)
    assert told.report.added == 10
    assert confirmed(told) == {True}
    assert {outcome.attempts for outcome in told.outcomes.values()} == {1}


async def test_task_exists_is_existed_where_somebody_else_added_it(
    client: BatchClient, service: ScriptedService
) -> None:
    service.truth.preload(["task-3", "TASK-150"])
    told = await drive(client, service, make_models(200), exact=True)
    assert told.states("existed") == [3, 150]
    assert told.report.added == 198


@pytest.mark.parametrize(
    "act",
    [
        *(drop(1.0), drop(1.0, reset=True), unreadable(), Act(status=500, code="InternalError")),
        unreadable(b'{"value":' + b"[" * 5_000),
    ],
)
async def test_task_exists_after_an_attempt_without_an_answer_is_ours(
    client: BatchClient, service: ScriptedService, act: Act
) -> None:
    service.fault = for_requests([1], act)
    told = await drive(client, service, make_models(100), details=True)
    assert told.report.added == 100
    assert confirmed(told) == {False}
    # The answer that had the ETags is lost.
    assert {outcome.e_tag for outcome in told.outcomes.values()} == {None}


@pytest.mark.parametrize("act", [refuse(503), refuse(429)])
async def test_task_exists_after_a_refusal_is_not_ours(client: BatchClient, service: ScriptedService, act: Act) -> None:
    service.truth.preload(["task-7"])
    service.fault = for_requests([1], act)
    told = await drive(client, service, make_models(100), exact=True)
    assert told.states("existed") == [7]
    assert confirmed(told) == {True}


async def test_task_exists_after_a_server_error_is_not_ours(client: BatchClient, service: ScriptedService) -> None:
    service.truth.preload(["task-7"])
    service.items = lambda folded, seen: ItemError() if (folded, seen) == ("task-7", 0) else None
    told = await drive(client, service, make_models(100), exact=True)
    assert told.states("existed") == [7]


async def test_a_client_error_is_rejected(client: BatchClient, service: ScriptedService) -> None:
    tasks = make_mappings(250)
    service.items = lambda folded, _: item_error("InvalidPropertyValue") if folded in {"task-0", "task-199"} else None
    told = await drive(client, service, tasks, exact=True)
    assert told.codes() == {0: "InvalidPropertyValue", 199: "InvalidPropertyValue"}
    assert told.states("rejected") == [0, 199]
    assert told.outcomes[199].body is not None
    assert b'"task-199"' in told.outcomes[199].body
    assert told.outcomes[1].body is None
    assert service.truth.tries["task-0"] == 1


async def test_a_server_error_is_sent_again(client: BatchClient, service: ScriptedService) -> None:
    bad = {f"task-{n}" for n in range(0, 300, 10)}
    service.items = lambda folded, seen: ItemError() if folded in bad and seen == 0 else None
    told = await drive(client, service, make_models(300), exact=True)
    assert told.report.added == 300
    assert {told.outcomes[n].attempts for n in range(0, 300, 10)} == {2}
    assert {told.outcomes[n].attempts for n in range(1, 300, 10)} == {1}
    assert told.report.retries >= 1


async def test_peers_01_one_task_that_stays_on_server_error(client: BatchClient, service: ScriptedService) -> None:
    service.items = lambda folded, _: ItemError(code="Stuck") if folded == "task-42" else None
    told = await drive(client, service, make_models(500), attempts=4, exact=True)
    assert told.states("gave_up") == [42]
    assert told.codes() == {42: "Stuck"}
    assert told.outcomes[42].attempts == 4
    assert service.truth.tries["task-42"] == 4
    assert len(service.history) <= 5 + 3


@pytest.mark.parametrize("count", [1, 10, 99, 100])
async def test_peers_05_results_that_are_missing(client: BatchClient, service: ScriptedService, count: int) -> None:
    service.fault = for_requests([1, 2], results(omit(count)))
    told = await drive(client, service, make_models(300))
    # They were added the first time and nobody said so.
    assert told.report.added == 300
    assert sum(not outcome.confirmed for outcome in told.outcomes.values()) == 2 * count


async def test_results_that_are_missing_of_tasks_that_were_not_looked_at(
    client: BatchClient, service: ScriptedService
) -> None:
    service.fault = for_requests([1, 2], Act(share=0.9))
    told = await drive(client, service, make_models(300))
    assert told.report.added == 300
    assert confirmed(told) == {True}


async def test_an_answer_without_any_result(client: BatchClient, service: ScriptedService) -> None:
    service.fault = for_requests([1], Act(text=b'{"value":[]}'))
    told = await drive(client, service, make_models(100))
    assert told.report.added == 100
    assert confirmed(told) == {False}


@pytest.mark.parametrize("edit", [reverse, shuffle(1), recase, twice, strangers], ids=lambda edit: edit.__name__)
async def test_results_in_another_shape(client: BatchClient, service: ScriptedService, edit: object) -> None:
    """Other order, other letter case, second results, results for tasks that nobody sent."""
    service.truth.preload(["task-5"])
    service.items = lambda folded, _: item_error() if folded in {"task-6", "task-250"} else None
    service.fault = lambda _: results(edit)  # type: ignore[arg-type]  # wrong on purpose
    told = await drive(client, service, make_models(300), details=True, exact=True)
    assert told.states("existed") == [5]
    assert told.states("rejected") == [6, 250]
    assert told.report.added == 297
    assert len(service.history) == 3
    assert {outcome.location for outcome in told.outcomes.values() if outcome.state == "added"} == {
        f"{service.endpoint}/jobs/tasks/task-{n}" for n in range(300) if n not in {5, 6, 250}
    }


async def test_peers_06_a_server_error_in_another_letter_case(client: BatchClient, service: ScriptedService) -> None:
    service.items = lambda folded, seen: ItemError() if folded in {"task-1", "task-2"} and seen < 2 else None
    service.fault = lambda _: results(recase)
    told = await drive(client, service, make_models(150), exact=True)
    assert told.report.added == 150
    assert told.outcomes[1].attempts == 3


@pytest.mark.parametrize("spelling", [str.upper, str.title], ids=["upper", "title"])
async def test_status_in_another_letter_case(client: BatchClient, service: ScriptedService, spelling: object) -> None:
    service.spelling = spelling  # type: ignore[assignment]  # wrong on purpose
    service.truth.preload(["task-1"])
    service.items = lambda folded, seen: ItemError() if folded == "task-2" and seen == 0 else None
    told = await drive(client, service, make_models(150))
    assert told.states("existed") == [1]
    assert told.report.added == 149
    assert told.outcomes[2].attempts == 2


async def test_a_status_that_nobody_knows(client: BatchClient, service: ScriptedService) -> None:
    """Strict in what is told: a word that is not success is not taken for success."""
    service.fault = for_requests([1], results(lambda items: [{**item, "status": "pondering"} for item in items]))
    told = await drive(client, service, make_models(50), attempts=3)
    assert told.report.added == 50
    assert confirmed(told) == {False}


async def test_servererror_after_a_lost_answer(client: BatchClient, service: ScriptedService) -> None:
    """Added without an answer, then servererror, then TaskExists: still ours."""
    service.fault = for_requests([1], drop(1.0))
    service.items = lambda _, seen: ItemError() if seen == 1 else None
    told = await drive(client, service, make_models(20))
    assert told.report.added == 20
    assert confirmed(told) == {False}


async def test_a_server_error_beside_a_success_leaves_it_open(service: ScriptedService, client: BatchClient) -> None:
    """The service has it, and said so; TaskExists then tells of nobody else's task."""
    service.fault = for_requests([1], results(lambda items: [*twice(items)[::-1]]))
    report = await client.tasks.submit(service.job, make_models(10), keep="all")
    assert (report.added, report.existed) == (10, 0)
    assert {outcome.confirmed for outcome in report.outcomes} == {False}


@pytest.mark.parametrize(
    "part", [None, {"status": "success"}, {"taskId": "task-3"}, {"status": 7, "taskId": "task-3"}, [], "success"]
)
@pytest.mark.parametrize("details", [False, True])
async def test_one_result_that_cannot_be_read(
    client: BatchClient, service: ScriptedService, *, part: object, details: bool
) -> None:
    """However often it comes, it leaves open its own task alone."""

    def edit(items: list[Any]) -> list[Any]:
        return [part if item["taskId"] == "task-3" else item for item in items]

    service.fault = lambda record: unreadable(
        msgspec.json.encode({"value": edit([success(task_id, "http://x") for task_id in record.ids])})
    )
    report = await client.tasks.submit(service.job, make_models(100), attempts=2, details=details, keep="all")
    assert (report.added, report.unknown) == (99, 1)
    assert [outcome.index for outcome in report.outcomes if outcome.state == "unknown"] == [3]
    assert len(service.history) == 2


async def test_an_answer_in_pieces(client: BatchClient, service: ScriptedService) -> None:
    service.fault = lambda _: Act(pieces=20)
    told = await drive(client, service, make_models(300), exact=True)
    assert told.report.added == 300


async def test_an_answer_in_chunks(client: BatchClient, service: ScriptedService) -> None:
    service.fault = lambda _: Act(chunked=True)
    told = await drive(client, service, make_models(300), exact=True)
    assert told.report.added == 300


async def test_an_answer_of_megabytes(client: BatchClient, service: ScriptedService) -> None:
    service.items = lambda _, __: item_error(message="x" * 20_000)
    told = await drive(client, service, make_models(200), exact=True)
    assert told.report.rejected == 200


async def test_an_answer_with_a_byte_order_mark(service: ScriptedService) -> None:
    body = b'\xef\xbb\xbf{"value":[{"status":"success","taskId":"task-0","eTag":null,"unknown":1}]}'
    service.fault = each(when(lambda _: True, Act(text=body)))
    async with connect(service) as patient:
        report = await patient.tasks.submit(service.job, make_models(1))
    assert (report.added, report.requests) == (1, 1)
    assert list(service.truth.adds) == make_ids(1)
