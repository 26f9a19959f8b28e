"""The client against the emulator, which makes its string to sign by itself and checks what is sent in full."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta

import pytest

from batchio import (
    BatchClient,
    ClientAuthenticationError,
    HttpResponseError,
    ResourceExistsError,
    ResourceModifiedError,
    ResourceNotFoundError,
    ResourceNotModifiedError,
    SharedKeyCredential,
    WaitError,
    models,
)
from batchio.emulator import Clock, Emulator

from .driving import AT_ONCE, KEY


@pytest.fixture
async def emulator() -> AsyncIterator[Emulator]:
    async with Emulator() as emulator:
        yield emulator


@pytest.fixture
async def client(emulator: Emulator) -> AsyncIterator[BatchClient]:
    async with BatchClient(emulator.endpoint, emulator.credential, retry=AT_ONCE) as client:
        yield client


async def test_a_job_and_its_tasks_from_beginning_to_end(client: BatchClient) -> None:
    pool = models.PoolInformation(pool_id="p")
    receipt = await client.jobs.create(models.JobAddParameter(id="Render-1", pool_info=pool))
    assert receipt.status == 201
    assert receipt.e_tag
    with pytest.raises(ResourceExistsError):
        await client.jobs.create({"id": "render-1", "poolInfo": {"poolId": "p"}})
    job = await client.jobs.get("render-1", select=["id", "eTag"])
    assert (job.id, job.state) == ("Render-1", None)
    assert job.e_tag
    with pytest.raises(ResourceNotModifiedError):
        await client.jobs.get("render-1", if_none_match=job.e_tag)
    with pytest.raises(ResourceModifiedError):
        await client.jobs.delete("render-1", if_match='"0x0"')

    await client.tasks.create("render-1", {"id": "one", "commandLine": "echo ü"})
    tasks = [models.TaskAddParameter(id=f"t-{number}", command_line="echo") for number in range(9)]
    added = await client.tasks.create_collection("render-1", models.TaskAddCollectionParameter(value=tasks))
    assert [result.status for result in added.value or []] == [models.TaskAddStatus.SUCCESS] * 9
    pages = [page async for page in client.tasks.list("render-1", page_size=4, select="id").by_page()]
    assert [len(page.items) for page in pages] == [4, 4, 2]
    rest = [
        task.id
        async for page in client.tasks.list("render-1").by_page(pages[0].continuation_token)
        for task in page.items
    ]
    assert len(rest) == 6
    found = [task.id async for task in client.tasks.list("render-1", filter="startswith(id, 't-')", limit=5)]
    assert len(found) == 5
    assert (await client.tasks.get("render-1", "ONE")).command_line == "echo ü"
    counts = await client.jobs.get_task_counts("render-1")
    assert counts.task_counts is not None
    assert counts.task_counts.active == 10
    await client.tasks.delete("render-1", "one")
    with pytest.raises(ResourceNotFoundError, match="Tasks_GetTask: 404 TaskNotFound"):
        await client.tasks.get("render-1", "one")
    assert (await client.jobs.delete("render-1", force=True)).status == 202


async def test_a_pool_from_beginning_to_end(client: BatchClient) -> None:
    await client.pools.create(models.PoolAddParameter(id="p", vm_size="standard_d2s_v3", target_dedicated_nodes=0))
    assert (await client.pools.get("p")).vm_size == "standard_d2s_v3"
    assert [pool.id async for pool in client.pools.list()] == ["p"]
    assert (await client.pools.delete("p")).status == 202


async def test_waiting_for_the_tasks_of_a_job(client: BatchClient) -> None:
    await client.jobs.create({"id": "j", "poolInfo": {"poolId": "p"}})
    await client.tasks.wait("j", deadline=60)  # there is nothing to wait for
    for number in range(3):
        await client.tasks.create("j", {"id": f"t-{number}", "commandLine": "echo"})
    left: list[int | None] = []

    async def take_one_away(result: models.TaskCountsResult) -> None:
        assert result.task_counts is not None
        left.append(result.task_counts.active)
        if result.task_counts.active:
            await client.tasks.delete("j", f"t-{result.task_counts.active - 1}")

    await client.tasks.wait("j", interval=0.001, deadline=60, callback=take_one_away)
    assert left == [3, 2, 1, 0]


async def test_waiting_for_a_job_to_complete_and_to_go(emulator: Emulator, client: BatchClient) -> None:
    await client.jobs.create({"id": "j", "poolInfo": {"poolId": "p"}})
    assert (await client.jobs.wait("J", until=["Active", "completed"])).id == "j"
    await client.jobs.create({"id": "k", "poolInfo": {"poolId": "p"}, "onAllTasksComplete": "terminatejob"})
    job = await client.jobs.wait("k", interval=0.001, deadline=60)
    assert (job.state, job.pool_info) == (models.JobState.COMPLETED, None)
    with pytest.raises(WaitError, match="job k is completed and will not be active any more"):
        await client.jobs.wait("k", until="active", deadline=60)
    await client.jobs.delete("k")
    states: list[str | None] = []

    def a_second_later(job: models.CloudJob | None) -> None:
        states.append(job.state if job else None)
        emulator.clock.advance(1)

    await client.jobs.wait_deleted("k", interval=0.001, deadline=60, callback=a_second_later)
    assert states == ["deleting", None]
    with pytest.raises(ResourceNotFoundError):
        await client.jobs.wait("k", deadline=60)


async def test_waiting_for_a_pool(client: BatchClient) -> None:
    await client.pools.create(models.PoolAddParameter(id="p", vm_size="standard_d2s_v3", target_dedicated_nodes=0))
    pool = await client.pools.wait_steady("p", deadline=60)
    assert (pool.id, pool.allocation_state, pool.vm_size) == ("p", models.AllocationState.STEADY, None)
    assert pool.target_dedicated_nodes == 0
    await client.pools.delete("p")
    with pytest.raises(WaitError, match="pool p is being deleted"):
        await client.pools.wait_steady("p", deadline=60)


async def test_a_wrong_key(emulator: Emulator) -> None:
    wrong = SharedKeyCredential(emulator.credential.account, KEY)
    async with BatchClient(emulator.endpoint, wrong) as client:
        with pytest.raises(ClientAuthenticationError) as caught:
            await client.jobs.get("j")
    assert KEY not in str(caught.value)


async def test_requests_without_a_method_of_their_own_are_signed_too(client: BatchClient) -> None:
    await client.request("POST", "/jobs", json={"id": "j", "poolInfo": {"poolId": "p"}})
    found = await client.request("GET", "/jobs/j", query={"$select": "id, state", "timeOut": "30"})
    assert b'"active"' in found.body
    for method, path in (("POST", "/pools/p/stopresize"), ("DELETE", "/pools/p"), ("HEAD", "/pools/p")):
        with pytest.raises(HttpResponseError) as caught:
            await client.request(method, path)
        assert caught.value.status not in (401, 403)


async def test_a_clock_that_is_off() -> None:
    clock = Clock(datetime.now(UTC) - timedelta(hours=1))
    async with Emulator(clock=clock) as emulator, BatchClient(emulator.endpoint, emulator.credential) as client:
        with pytest.raises(ClientAuthenticationError, match="this machine's clock is 60 min ahead of the service's"):
            await client.jobs.get("j")
