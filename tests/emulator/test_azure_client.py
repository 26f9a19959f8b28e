"""A client that nobody here wrote: azure-batch 15, Microsoft's own, on asyncio and on threads."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from batchio.emulator import DEVELOPMENT_KEY, Emulator, FaultRule

from .threaded import Threaded

sync: Any = pytest.importorskip("azure.batch")
aio: Any = pytest.importorskip("azure.batch.aio")
models: Any = pytest.importorskip("azure.batch.models")
credentials: Any = pytest.importorskip("azure.core.credentials")
exceptions: Any = pytest.importorskip("azure.core.exceptions")
core: Any = pytest.importorskip("azure.core")

# Its ways with dates are its own business.
pytestmark = [
    pytest.mark.filterwarnings("ignore::DeprecationWarning"),
    pytest.mark.parametrize("kind", ["asyncio", "threads"]),
]


def client_of(emulator: Emulator, kind: str, **options: Any) -> Any:
    credential = credentials.AzureNamedKeyCredential("batchdev", DEVELOPMENT_KEY)
    if kind == "threads":
        return Threaded(sync.BatchClient(emulator.endpoint, credential, retry_total=0, **options))
    return aio.BatchClient(emulator.endpoint, credential, retry_total=0, **options)


def tasks(*ids: str) -> list[Any]:
    return [models.BatchTaskCreateOptions(id=id, command_line="true") for id in ids]


async def test_jobs_pools_and_tasks(kind: str) -> None:
    async with Emulator() as emulator, client_of(emulator, kind) as client:
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


async def test_errors(kind: str) -> None:
    async with Emulator() as emulator, client_of(emulator, kind) as client:
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


async def finished(emulator: Emulator, poller: Any, seconds: float = 6) -> None:
    """Let the time pass that it takes; the poller must see the end."""
    emulator.clock.advance(seconds)
    await poller.result()
    assert poller.done()
    # It takes an error for an end, too.
    assert poller.status().lower() == "succeeded"


AT_ONCE = {"polling_interval": 0}
# A body that may be left out must be given: without one it fails before it sends anything.


async def test_the_life_of_a_pool(kind: str) -> None:
    async with Emulator(nodes="simulate") as emulator, client_of(emulator, kind) as client:
        machine = models.VirtualMachineConfiguration(
            image_reference=models.BatchVmImageReference(publisher="canonical", offer="jammy", sku="22_04-lts"),
            node_agent_sku_id="batch.node.ubuntu 22.04",
        )
        create = models.BatchPoolCreateOptions(
            id="pool", vm_size="standard_a1", virtual_machine_configuration=machine, target_dedicated_nodes=1
        )
        await client.create_pool(create)
        assert await client.pool_exists("pool")
        # It takes the 404 for an error.
        with pytest.raises(exceptions.ResourceNotFoundError):
            await client.pool_exists("none")
        emulator.clock.advance(5)
        poller = await client.begin_resize_pool(
            "pool", models.BatchPoolResizeOptions(target_dedicated_nodes=3), **AT_ONCE
        )
        await finished(emulator, poller)
        assert (await client.get_pool("pool")).current_dedicated_nodes == 3
        nodes = [node async for node in client.list_nodes("pool")]
        assert {node.state for node in nodes} == {"idle"}
        await finished(
            emulator, await client.begin_reboot_node("pool", nodes[0].id, {"nodeRebootOption": "requeue"}, **AT_ONCE)
        )
        await finished(
            emulator, await client.begin_reimage_node("pool", nodes[0].id, {"nodeReimageOption": "requeue"}, **AT_ONCE)
        )
        await finished(
            emulator,
            await client.begin_deallocate_node("pool", nodes[0].id, {"nodeDeallocateOption": "requeue"}, **AT_ONCE),
        )
        assert (await client.get_node("pool", nodes[0].id)).state == "deallocated"
        await finished(emulator, await client.begin_start_node("pool", nodes[0].id, **AT_ONCE))
        remove = models.BatchNodeRemoveOptions(node_ids=[nodes[0].id])
        await finished(emulator, await client.begin_remove_nodes("pool", remove, **AT_ONCE))
        assert (await client.get_pool("pool")).current_dedicated_nodes == 2
        poller = await client.begin_resize_pool(
            "pool", models.BatchPoolResizeOptions(target_dedicated_nodes=9), **AT_ONCE
        )
        stopper = await client.begin_stop_pool_resize("pool", **AT_ONCE)
        await finished(emulator, poller)
        await finished(emulator, stopper)
        await client.update_pool("pool", models.BatchPoolUpdateOptions(metadata=[]))
        await client.replace_pool_properties(
            "pool", models.BatchPoolReplaceOptions(application_package_references=[], metadata=[])
        )
        scale = models.BatchPoolEnableAutoScaleOptions(auto_scale_formula="$TargetDedicatedNodes=1")
        await client.enable_pool_auto_scale("pool", scale)
        await client.disable_pool_auto_scale("pool")
        assert [counts.pool_id async for counts in client.list_pool_node_counts()] == ["pool"]
        assert [image.os_type async for image in client.list_supported_images()]
        await finished(emulator, await client.begin_delete_pool("pool", **AT_ONCE))
        assert [pool.id async for pool in client.list_pools()] == []


async def test_the_life_of_a_job_and_its_tasks(kind: str) -> None:
    async with Emulator(nodes="simulate") as emulator, client_of(emulator, kind) as client:
        pool = models.BatchPoolCreateOptions(id="pool", vm_size="standard_a1", target_dedicated_nodes=1)
        await client.create_pool(pool)
        info = models.BatchPoolInfo(pool_id="pool")
        await client.create_job(models.BatchJobCreateOptions(id="job", pool_info=info))
        line = "/bin/sh -c 'echo hello; sleep 5; exit 3'"
        await client.create_task("job", models.BatchTaskCreateOptions(id="t", command_line=line))
        emulator.clock.advance(5)
        assert (await client.get_task("job", "t")).state == "running"
        emulator.clock.advance(5)
        task = await client.get_task("job", "t")
        assert (task.state, task.execution_info.exit_code, task.execution_info.result) == ("completed", 3, "failure")
        content = b"".join([part async for part in await client.download_task_file("job", "t", "stdout.txt")])
        assert content == b"hello\n"
        properties = await client.get_task_file_properties("job", "t", "stdout.txt")
        assert properties.content_length == 6
        assert [file.name async for file in client.list_task_files("job", "t")] == ["stderr.txt", "stdout.txt", "wd"]
        await client.delete_task_file("job", "t", "stdout.txt")
        await client.reactivate_task("job", "t")
        await client.terminate_task("job", "t")
        task.constraints = models.BatchTaskConstraints(max_task_retry_count=2)
        await client.replace_task("job", "t", task)
        assert (await client.get_task("job", "t")).constraints.max_task_retry_count == 2
        assert [subtask async for subtask in client.list_subtasks("job", "t")] == []
        await client.update_job("job", models.BatchJobUpdateOptions(priority=5))
        job = await client.get_job("job")
        job.priority = 6
        await client.replace_job("job", job)
        assert (await client.get_job("job")).priority == 6
        disable = models.BatchJobDisableOptions(disable_tasks="requeue")
        await finished(emulator, await client.begin_disable_job("job", disable, **AT_ONCE))
        assert (await client.get_job("job")).state == "disabled"
        await finished(emulator, await client.begin_enable_job("job", **AT_ONCE))
        assert (await client.get_job("job")).state == "active"
        await finished(emulator, await client.begin_terminate_job("job", options={"terminateReason": "x"}, **AT_ONCE))
        assert (await client.get_job("job")).state == "completed"
        await client.delete_task("job", "t")
        await finished(emulator, await client.begin_delete_job("job", **AT_ONCE))
        assert [found async for found in client.list_jobs()] == []


async def test_the_life_of_a_job_schedule(kind: str) -> None:
    async with Emulator() as emulator, client_of(emulator, kind) as client:
        specification = models.BatchJobSpecification(pool_info=models.BatchPoolInfo(pool_id="pool"))
        schedule = models.BatchJobScheduleConfiguration(recurrence_interval="PT1H")
        for id in ("daily", "other"):
            create = models.BatchJobScheduleCreateOptions(id=id, schedule=schedule, job_specification=specification)
            await client.create_job_schedule(create)
        assert await client.job_schedule_exists("daily")
        emulator.clock.advance(1)
        assert [job.id async for job in client.list_jobs_from_schedule("daily")] == ["daily:job-1"]
        found = await client.get_job_schedule("daily")
        assert found.execution_info.recent_job.id == "daily:job-1"
        await client.replace_job_schedule("daily", found)
        await client.update_job_schedule("daily", models.BatchJobScheduleUpdateOptions(metadata=[]))
        await client.disable_job_schedule("daily")
        assert (await client.get_job_schedule("daily")).state == "disabled"
        await client.enable_job_schedule("daily")
        await finished(emulator, await client.begin_terminate_job_schedule("daily", **AT_ONCE))
        assert (await client.get_job_schedule("daily")).state == "completed"
        await finished(emulator, await client.begin_delete_job_schedule("daily", **AT_ONCE))
        assert [schedule.id async for schedule in client.list_job_schedules()] == ["other"]


async def test_nodes_and_applications(kind: str) -> None:
    async with Emulator(nodes="simulate") as emulator, client_of(emulator, kind) as client:
        await client.create_pool(models.BatchPoolCreateOptions(id="pool", vm_size="a", target_dedicated_nodes=1))
        emulator.clock.advance(5)
        [node] = [node async for node in client.list_nodes("pool")]
        await client.create_node_user("pool", node.id, models.BatchNodeUserCreateOptions(name="me", password="x"))
        await client.replace_node_user("pool", node.id, "me", models.BatchNodeUserReplaceOptions(password="y"))
        await client.delete_node_user("pool", node.id, "me")
        await client.disable_node_scheduling("pool", node.id, {"nodeDisableSchedulingOption": "requeue"})
        await client.enable_node_scheduling("pool", node.id)
        settings = await client.get_node_remote_login_settings("pool", node.id)
        assert settings.ipv6_remote_login_ip_address == "::1"
        assert [extension async for extension in client.list_node_extensions("pool", node.id)] == []
        assert "applications" in [file.name async for file in client.list_node_files("pool", node.id)]
        assert [application async for application in client.list_applications()] == []
        with pytest.raises(exceptions.ResourceNotFoundError, match="ApplicationNotFound"):
            await client.get_application("none")


async def test_ten_thousand_tasks(kind: str) -> None:
    # Watching every step of the loop takes longer than the tasks.
    asyncio.get_running_loop().set_debug(False)
    async with Emulator() as emulator, client_of(emulator, kind) as client:
        info = models.BatchPoolInfo(pool_id="pool")
        await client.create_job(models.BatchJobCreateOptions(id="job", pool_info=info))
        added = await client.create_tasks("job", tasks(*(f"t{n}" for n in range(10_000))), max_concurrency=4)
        assert len({result.task_id for result in added.result_values}) == 10_000
        listing = client.list_tasks("job", max_results=999, select=["id"])
        pages = [[task.id async for task in page] async for page in listing.by_page()]
        assert [len(page) for page in pages] == [999] * 10 + [10]
        assert len({id for page in pages for id in page}) == 10_000
        chosen = "startswith(id, 't99') and state eq 'active'"
        assert len([task async for task in client.list_tasks("job", filter=chosen)]) == 111
        assert (await client.get_job_task_counts("job")).task_counts.active == 10_000
        # What is there counts as added, what cannot be added is told.
        await client.create_tasks("job", tasks("t1", "new"))
        with pytest.raises(models.CreateTasksError) as caught:
            await client.create_tasks("job", [*tasks("fine"), *depending("t1")])
        assert [failed.error.code for failed in caught.value.failure_tasks] == ["TaskDependenciesNotSpecifiedOnJob"]


def depending(*ids: str) -> list[Any]:
    dependencies = models.BatchTaskDependencies(task_ids=list(ids))
    return [models.BatchTaskCreateOptions(id="late", command_line="true", depends_on=dependencies)]


async def test_conditions(kind: str) -> None:
    unchanged, changed = core.MatchConditions.IfNotModified, core.MatchConditions.IfModified
    async with Emulator() as emulator, client_of(emulator, kind) as client:
        info = models.BatchPoolInfo(pool_id="pool")
        await client.create_job(models.BatchJobCreateOptions(id="job", pool_info=info))
        first = await client.get_job("job")
        update = models.BatchJobUpdateOptions(priority=5)
        await client.update_job("job", update, etag=first.etag, match_condition=unchanged)
        with pytest.raises(exceptions.ResourceModifiedError, match="ConditionNotMet"):
            await client.update_job("job", update, etag=first.etag, match_condition=unchanged)
        second = await client.get_job("job", etag=first.etag, match_condition=changed)
        assert second.etag != first.etag
        # It calls what is not modified so, too.
        with pytest.raises(exceptions.ResourceModifiedError, match="Not Modified"):
            await client.get_job("job", etag=second.etag, match_condition=changed)
        with pytest.raises(exceptions.HttpResponseError) as caught:
            await client.get_job("job", if_modified_since=second.last_modified)
        assert caught.value.status_code == 304
        assert (await client.get_job("job", if_unmodified_since=second.last_modified)).priority == 5
        poller = await client.begin_delete_job("job", etag=second.etag, match_condition=unchanged, **AT_ONCE)
        await finished(emulator, poller)


async def test_what_an_error_tells(kind: str) -> None:
    async with Emulator() as emulator, client_of(emulator, kind) as client:
        with pytest.raises(exceptions.HttpResponseError) as caught:
            [job async for job in client.list_jobs(filter="colour eq 'red'")]
        assert (caught.value.status_code, caught.value.error.code) == (400, "InvalidQueryParameterValue")
        assert caught.value.error.message
        with pytest.raises(exceptions.ResourceNotFoundError) as caught:
            await client.get_task("none", "t")
        assert caught.value.error.code == "JobNotFound"
        emulator.faults.append(FaultRule(status=401, code="AuthenticationFailed"))
        with pytest.raises(exceptions.ClientAuthenticationError):
            await client.get_pool("pool")


async def test_over_https(kind: str) -> None:
    async with (
        Emulator(https=True) as emulator,
        client_of(emulator, kind, connection_verify=str(emulator.certificate)) as client,
    ):
        info = models.BatchPoolInfo(pool_id="pool")
        await client.create_job(models.BatchJobCreateOptions(id="job", pool_info=info))
        await client.create_tasks("job", tasks(*(f"t{n}" for n in range(250))))
        assert len([task async for task in client.list_tasks("job", max_results=100)]) == 250
