"""The same id more than once in the input, with and without regard to letter case."""

from __future__ import annotations

from typing import Any

import pytest
from scripted import (
    ItemError,
    ScriptedService,
    drive,
    drop,
    for_requests,
    item_error,
    make_mappings,
    make_models,
    poisoned,
    refuse,
)

from batchio import BatchClient


def task(task_id: str, line: str = "run") -> dict[str, Any]:
    return {"id": task_id, "commandLine": line}


@pytest.mark.parametrize("others", [["same", "same"], ["SAME", "Same"]], ids=["same case", "other case"])
async def test_one_is_added_and_the_others_existed(
    client: BatchClient, service: ScriptedService, others: list[str]
) -> None:
    tasks = [*make_mappings(30), task("same"), *make_mappings(30, "b"), *map(task, others), *make_mappings(99, "c")]
    told = await drive(client, service, tasks, exact=True)
    assert told.states("existed") == [61, 62]
    assert told.outcomes[30].state == "added"
    for outcome in (told.outcomes[61], told.outcomes[62]):
        assert outcome.error is not None
        assert (outcome.error.code, outcome.attempts) == ("TaskExists", 0)
        assert outcome.error.message is not None
        assert outcome.error.message.value == "the id stands earlier in the input"
    assert service.truth.spelled["same"] == "same"
    assert service.truth.tries["same"] == 1


async def test_all_tasks_have_the_same_id(client: BatchClient, service: ScriptedService) -> None:
    told = await drive(client, service, [task("one")] * 1_000)
    assert (told.report.added, told.report.existed) == (1, 999)
    assert told.outcomes[0].state == "added"


async def test_the_first_was_there_before(client: BatchClient, service: ScriptedService) -> None:
    service.truth.preload(["same"])
    told = await drive(client, service, [task("same"), task("Same"), task("other")])
    assert told.states("existed") == [0, 1]


async def test_when_the_first_is_rejected_the_next_is_sent_itself(
    client: BatchClient, service: ScriptedService
) -> None:
    service.items = lambda folded, seen: item_error() if folded == "same" and seen < 2 else None
    tasks = [task("same", f"line {n}") for n in range(4)]
    told = await drive(client, service, tasks, exact=True)
    assert [str(told.outcomes[n].state) for n in range(4)] == ["rejected", "rejected", "added", "existed"]
    sent = [item["commandLine"] for record in service.history for item in record.tasks]
    assert sent == ["line 0", "line 1", "line 2"]


async def test_when_the_first_is_too_large_the_next_is_sent(client: BatchClient, service: ScriptedService) -> None:
    tasks = [task("same", "x" * 2_000), task("same"), task("SAME")]
    told = await drive(client, service, tasks, max_body=1_000)
    assert [str(told.outcomes[n].state) for n in range(3)] == ["rejected", "added", "existed"]


async def test_when_the_first_is_narrowed_out_the_next_is_sent(client: BatchClient, service: ScriptedService) -> None:
    """The service refuses the request for what the first one holds, not for its id."""
    tasks = [*make_mappings(20), task("same", "bad"), *make_mappings(20, "b"), task("same", "good")]
    script = poisoned(["same"])
    service.fault = lambda record: script(record) if any(t["commandLine"] == "bad" for t in record.tasks) else None
    told = await drive(client, service, tasks, exact=True)
    assert told.outcomes[20].state == "rejected"
    assert told.outcomes[41].state == "added"


async def test_when_the_first_gives_up_the_next_is_sent_itself(client: BatchClient, service: ScriptedService) -> None:
    service.items = lambda folded, seen: ItemError() if folded == "same" and seen < 2 else None
    told = await drive(client, service, [task("same"), task("SAME")], attempts=2, exact=True)
    assert [str(told.outcomes[n].state) for n in range(2)] == ["gave_up", "added"]


async def test_the_first_is_retried_while_the_next_waits(client: BatchClient, service: ScriptedService) -> None:
    service.items = lambda folded, seen: ItemError() if folded == "same" and seen < 2 else None
    told = await drive(client, service, [task("same"), *make_mappings(50), task("Same")], exact=True)
    assert told.outcomes[0].state == "added"
    assert told.outcomes[51].state == "existed"
    assert service.truth.tries["same"] == 3


@pytest.mark.parametrize("act", [drop(1.0), drop(0.0), refuse()], ids=["dropped after", "dropped before", "refused"])
async def test_the_first_has_no_answer(client: BatchClient, service: ScriptedService, act: Any) -> None:
    service.fault = for_requests([1], act)
    tasks = [*make_mappings(99), task("same"), *make_mappings(120, "b"), task("SAME")]
    told = await drive(client, service, tasks)
    assert told.outcomes[99].state == "added"
    assert told.outcomes[220].state == "existed"


async def test_duplicates_beyond_the_window(client: BatchClient, service: ScriptedService) -> None:
    """The engine keeps no set of all ids: the service says that the task exists, which is as good."""
    tasks = [*make_mappings(20_000), *make_mappings(150)]
    told = await drive(client, service, iter(tasks), ids=[item["id"] for item in tasks], max_requests=2)
    assert told.report.added == 20_000
    assert told.states("existed") == list(range(20_000, 20_150))


async def test_peers_16_a_request_full_of_duplicates(client: BatchClient, service: ScriptedService) -> None:
    tasks = [item for model in make_models(150) for item in (model, model)]
    told = await drive(client, service, tasks, exact=True)
    assert told.states("added") == list(range(0, 300, 2))
    assert told.states("existed") == list(range(1, 300, 2))
