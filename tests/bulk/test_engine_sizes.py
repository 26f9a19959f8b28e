"""Sizes: what is too large is rejected alone, requests are filled, and 413 stays a local matter."""

from __future__ import annotations

from scripted import ScriptedService, drive, fail, for_requests, make_ids, make_mappings, make_models, too_large

from batchio import BatchClient


async def test_peers_04_a_task_that_is_too_large_is_rejected_at_once(
    client: BatchClient, service: ScriptedService
) -> None:
    tasks = make_mappings(10_000)
    tasks[4_321]["commandLine"] = "x" * 1_200_000
    told = await drive(client, service, tasks, exact=True)
    assert told.states("rejected") == [4_321]
    assert told.report.added == 9_999
    assert "task-4321" not in service.truth.tries
    assert len(service.history) <= 102


async def test_only_tasks_that_are_too_large(client: BatchClient, service: ScriptedService) -> None:
    told = await drive(client, service, make_mappings(7, padding=2_000), max_body=1_500)
    assert told.report.rejected == 7
    assert service.history == []


async def test_a_task_that_just_fits(client: BatchClient, service: ScriptedService) -> None:
    """The limit counts the whole body, its frame included."""
    tasks = [make_mappings(1, f"size-{size}", padding=size)[0] for size in range(880, 1_000)]
    told = await drive(client, service, tasks, max_body=1_000, exact=True)
    assert 0 < told.report.rejected < 120
    assert max(record.size for record in service.history) == 1_000


async def test_bodies_are_filled_and_stay_below_the_limit(client: BatchClient, service: ScriptedService) -> None:
    told = await drive(client, service, make_mappings(300, padding=20_000), max_body=300_000, exact=True)
    assert told.report.added == 300
    # 14 tasks of 20 KB fit into 300 KB.
    assert len(service.history) <= 300 / 14 + 2


async def test_large_tasks_with_the_default_limit(client: BatchClient, service: ScriptedService) -> None:
    told = await drive(client, service, make_mappings(150, padding=60_000), exact=True)
    assert told.report.added == 150
    assert len(service.history) <= 11


async def test_bytes_in_flight_are_bounded(client: BatchClient, service: ScriptedService) -> None:
    service.latency = 0.02
    told = await drive(
        client, service, make_mappings(400, padding=10_000), max_body=100_000, max_pending_bytes=300_000, exact=True
    )
    assert told.report.added == 400
    assert service.most_in_flight <= 4


async def test_bytes_in_flight_below_a_single_task(client: BatchClient, service: ScriptedService) -> None:
    """A bound that nothing fits must not stop the run for ever: one request at a time, one task each."""
    told = await drive(client, service, make_mappings(20, padding=20_000), max_pending_bytes=10_000, exact=True)
    assert told.report.added == 20


async def test_413_before_the_body_is_read(client: BatchClient, service: ScriptedService) -> None:
    """The service answers the head and closes while the body is on its way."""
    service.early_limit = 500_000
    told = await drive(client, service, make_mappings(300, padding=9_000))
    assert told.report.added == 300
    assert service.early_refusals > 0


async def test_413_halves_this_request_only(client: BatchClient, service: ScriptedService) -> None:
    tasks = [*make_mappings(100, "large", padding=8_000), *make_mappings(5_000)]
    service.fault = too_large(500_000)
    told = await drive(client, service, tasks, exact=True)
    assert told.report.added == 5_100
    sizes = [len(record.ids) for record in service.history if record.ids[0].startswith("task-")]
    assert sizes.count(100) >= 49
    assert len(service.history) <= 51 + 4


async def test_413_recovers(client: BatchClient, service: ScriptedService) -> None:
    """One refusal for size does not make requests small for the rest of the run."""
    service.fault = for_requests([3], fail(413, "RequestBodyTooLarge"))
    told = await drive(client, service, iter(make_models(20_000)), ids=make_ids(20_000), exact=True)
    assert told.report.added == 20_000
    assert len(service.history) <= 200 * 1.3
    assert len(service.history[-2].ids) > 60


async def test_a_lasting_lower_limit_is_learned(client: BatchClient, service: ScriptedService) -> None:
    """A service that takes less than half: most requests fit at once."""
    service.fault = too_large(2_000)
    told = await drive(client, service, make_models(5_000), exact=True)
    assert told.report.added == 5_000
    refused = sum(record.status == 413 for record in service.history)
    assert refused < 0.5 * len(service.history)


async def test_413_for_a_single_task(client: BatchClient, service: ScriptedService) -> None:
    tasks = make_mappings(1_000)
    tasks[333]["commandLine"] = "x" * 40_000
    service.fault = too_large(20_000)
    told = await drive(client, service, tasks, exact=True)
    assert told.states("rejected") == [333]
    assert told.codes() == {333: "RequestBodyTooLarge"}
    assert told.report.added == 999
    assert service.truth.tries.get("task-333") is None
