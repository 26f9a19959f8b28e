"""Tasks as JSON bytes that are no UTF-8 outside of their ids: the service refuses the whole request for one of them."""

from __future__ import annotations

import pytest

from batchio import BatchClient
from batchio.emulator import Emulator

BAD = {
    7: b'{"id":"task-7","commandLine":"\xff\xfe"}',
    50: b'{"id":"task-50","commandLine":"\xed\xa0\x80"}',
    99: b'{"id":"task-99","commandLine":"x","\xff":1}',
}


@pytest.mark.parametrize("at", [(7,), (7, 50), (7, 50, 99)])
async def test_each_task_gets_its_one_true_outcome(at: tuple[int, ...]) -> None:
    tasks = [BAD[n] if n in at else b'{"id":"task-%d","commandLine":"x"}' % n for n in range(100)]
    async with Emulator() as emulator, BatchClient(emulator.endpoint, emulator.credential) as client:
        await client.jobs.create({"id": "j", "poolInfo": {"poolId": "p"}})
        report = await client.tasks.submit("j", tasks, keep="all")
        added = {task.id async for task in client.tasks.list("j")}
    assert sorted(outcome.index for outcome in report.outcomes) == list(range(100))
    assert {outcome.index for outcome in report.outcomes if outcome.state == "rejected"} == set(at)
    assert report.errors == {"InvalidRequestBody": len(at)}
    assert added == {f"task-{number}" for number in range(100) if number not in at}
    assert report.added == len(added)
