"""Many submissions on one client at the same time: each accounts for its own tasks, also when the client goes."""

from __future__ import annotations

import asyncio

from scripted import (
    ScriptedService,
    chance,
    connect,
    drop,
    leaves_nothing,
    make_ids,
    make_models,
    refuse,
    settled,
)

from batchio import BatchClient, SubmissionError

RUNS, TASKS = 100, 10


async def test_all_of_them_end_well(client: BatchClient, service: ScriptedService) -> None:
    service.fault = chance(3, [(0.1, drop(1.0)), (0.1, refuse(retry_after="0"))], until=100)
    with leaves_nothing():
        reports = await asyncio.gather(
            *(client.tasks.submit(service.job, make_models(TASKS, f"run-{number}")) for number in range(RUNS))
        )
        await settled()
    assert [report.added for report in reports] == [TASKS] * RUNS
    expected = [task_id for number in range(RUNS) for task_id in make_ids(TASKS, f"run-{number}")]
    assert sorted(service.truth.adds) == sorted(expected)
    assert set(service.truth.adds.values()) == {1}
    assert not service.violations
    assert (client.stats.in_flight, client.stats.runs) == (0, 0)


async def test_a_client_that_is_closed_under_all_of_them(service: ScriptedService) -> None:
    service.latency = 0.02
    async with connect(service) as client:
        with leaves_nothing():
            runs = [
                asyncio.create_task(client.tasks.submit(service.job, make_models(TASKS, f"run-{number}"), keep="all"))
                for number in range(RUNS)
            ]
            await service.until(lambda: service.processed >= 10 * TASKS)
            await client.close()
            ends = await asyncio.gather(*runs, return_exceptions=True)
            await settled()
    for number, end in enumerate(ends):
        report = end.report if isinstance(end, SubmissionError) else end
        assert not isinstance(report, BaseException), repr(report)
        assert report.taken == report.added + report.unknown + report.not_sent
        for outcome in report.outcomes:
            assert outcome.task_id is not None
            assert outcome.task_id.startswith(f"run-{number}-")
            there = outcome.task_id in service.truth.adds
            assert there if outcome.state == "added" else outcome.state == "unknown" or not there
    assert any(isinstance(end, SubmissionError) for end in ends)
