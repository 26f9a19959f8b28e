"""A client that nobody here wrote: azure-batch, Microsoft's own."""

from __future__ import annotations

from typing import Any

import pytest

from batchio.emulator import DEVELOPMENT_KEY, Emulator, FaultRule

aio = pytest.importorskip("azure.batch.aio")
models: Any = pytest.importorskip("azure.batch.models")
credentials: Any = pytest.importorskip("azure.core.credentials")
exceptions: Any = pytest.importorskip("azure.core.exceptions")

# Its ways with dates are its own business.
pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning")


def client_of(emulator: Emulator) -> Any:
    credential = credentials.AzureNamedKeyCredential("batchdev", DEVELOPMENT_KEY)
    return aio.BatchClient(emulator.endpoint, credential, retry_total=0)


def tasks(*ids: str) -> list[Any]:
    return [models.BatchTaskCreateOptions(id=id, command_line="true") for id in ids]


async def test_jobs_pools_and_tasks() -> None:
    async with Emulator() as emulator, client_of(emulator) as client:
        await client.create_pool(models.BatchPoolCreateOptions(id="pool", vm_size="standard_a1"))
        assert (await client.get_pool("pool")).allocation_state == "steady"
        info = models.BatchPoolInfo(pool_id="pool")
        await client.create_job(models.BatchJobCreateOptions(id="job", pool_info=info))
        job = await client.get_job("job")
        assert (job.id, job.state, job.pool_info.pool_id) == ("job", "active", "pool")
        await client.create_task("job", tasks("single")[0])
        group = models.BatchTaskGroup(task_values=tasks("a", "A"))
        added = await client.create_task_collection("job", group)
        assert [result.status for result in added.result_values] == ["success", "clienterror"]
        await client.create_tasks("job", tasks(*(f"t{n}" for n in range(250))))
        listed = [task.id async for task in client.list_tasks("job", max_results=100)]
        assert listed[:2] == ["single", "a"]
        assert len(listed) == 252
        assert [task.id async for task in client.list_tasks("job", filter="id eq 'T7'", select=["id"])] == ["t7"]
        assert (await client.get_job_task_counts("job")).task_counts.active == 252
        poller = await client.begin_delete_job("job", polling_interval=0)
        emulator.clock.advance(1)
        await poller.result()
        assert [job.id async for job in client.list_jobs()] == []


async def test_errors() -> None:
    async with Emulator() as emulator, client_of(emulator) as client:
        with pytest.raises(exceptions.ResourceNotFoundError, match="JobNotFound"):
            await client.get_job("none")
        info = models.BatchPoolInfo(pool_id="pool")
        await client.create_job(models.BatchJobCreateOptions(id="job", pool_info=info))
        with pytest.raises(exceptions.ResourceExistsError, match="JobExists"):
            await client.create_job(models.BatchJobCreateOptions(id="job", pool_info=info))
        with pytest.raises(exceptions.HttpResponseError, match="InvalidPropertyValue"):
            await client.create_task("job", tasks("a b")[0])
        emulator.faults.append(FaultRule(status=503, code="ServerBusy"))
        with pytest.raises(exceptions.HttpResponseError, match="ServerBusy"):
            await client.get_job("job")
