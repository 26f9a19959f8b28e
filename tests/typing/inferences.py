"""What mypy and pyright infer for a user of batchio. Read by both, run by nobody (`tests/test_typing.py`)."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator, Mapping
from datetime import datetime, timedelta
from typing import Any, Literal, assert_type

import aiohttp
from azure.core.credentials import AzureNamedKeyCredential
from azure.core.credentials_async import AsyncTokenCredential
from azure.identity.aio import DefaultAzureCredential, ManagedIdentityCredential

import batchio
from batchio import BatchClient, errors, models, odata


async def applications(client: BatchClient) -> None:
    assert_type(client.applications.list(page_size=10, limit=5), batchio.Pages[models.ApplicationSummary])
    assert_type(await client.applications.get("blender"), models.ApplicationSummary)


async def certificates(client: BatchClient, certificate: models.Certificate) -> None:
    assert_type(await client.certificates.create(certificate), batchio.Receipt)
    assert_type(await client.certificates.get("sha1", "0123", select="state"), models.Certificate)
    assert_type(client.certificates.list(filter="state eq 'active'"), batchio.Pages[models.Certificate])
    assert_type(await client.certificates.delete("sha1", "0123"), batchio.Receipt)
    assert_type(await client.certificates.cancel_deletion("sha1", "0123"), batchio.Receipt)


async def jobs(client: BatchClient, job: models.JobAddParameter, changes: models.JobPatchParameter) -> None:
    assert_type(await client.jobs.create(job), batchio.Receipt)
    assert_type(await client.jobs.create({"id": "j", "poolInfo": {"poolId": "p"}}), batchio.Receipt)
    assert_type(await client.jobs.get("j", select=["id", "state"], expand="stats", if_match="*"), models.CloudJob)
    assert_type(client.jobs.list(filter=odata.field("state") == "active"), batchio.Pages[models.CloudJob])
    assert_type(client.jobs.list_from_schedule("s"), batchio.Pages[models.CloudJob])
    assert_type(await client.jobs.replace("j", models.CloudJob(priority=1), timeout=None), batchio.Receipt)
    assert_type(await client.jobs.update("j", changes, if_match='"1"'), batchio.Receipt)
    assert_type(await client.jobs.delete("j", force=True), batchio.Receipt)
    disabling = models.JobDisableParameter(disable_tasks=models.DisableJobOption.REQUEUE)
    assert_type(await client.jobs.disable("j", disabling), batchio.Receipt)
    assert_type(await client.jobs.enable("j"), batchio.Receipt)
    assert_type(await client.jobs.terminate("j"), batchio.Receipt)
    ending = models.JobTerminateParameter(terminate_reason="done")
    assert_type(await client.jobs.terminate("j", ending, force=False), batchio.Receipt)
    assert_type(await client.jobs.get_task_counts("j", timeout=5), models.TaskCountsResult)
    assert_type(
        client.jobs.list_preparation_and_release_task_status("j"),
        batchio.Pages[models.JobPreparationAndReleaseTaskExecutionInformation],
    )


async def job_schedules(
    client: BatchClient, schedule: models.JobScheduleAddParameter, changes: models.JobSchedulePatchParameter
) -> None:
    assert_type(await client.job_schedules.create(schedule), batchio.Receipt)
    assert_type(await client.job_schedules.get("s"), models.CloudJobSchedule)
    assert_type(client.job_schedules.list(), batchio.Pages[models.CloudJobSchedule])
    assert_type(await client.job_schedules.exists("s"), bool)
    assert_type(await client.job_schedules.replace("s", models.CloudJobSchedule()), batchio.Receipt)
    assert_type(await client.job_schedules.update("s", changes), batchio.Receipt)
    assert_type(await client.job_schedules.delete("s", force=True), batchio.Receipt)
    assert_type(await client.job_schedules.disable("s"), batchio.Receipt)
    assert_type(await client.job_schedules.enable("s"), batchio.Receipt)
    assert_type(await client.job_schedules.terminate("s"), batchio.Receipt)


async def pools(client: BatchClient, pool: models.PoolAddParameter, now: datetime) -> None:
    assert_type(await client.pools.create(pool), batchio.Receipt)
    assert_type(await client.pools.get("p"), models.CloudPool)
    assert_type(client.pools.list(), batchio.Pages[models.CloudPool])
    assert_type(await client.pools.exists("p", if_none_match='"1"'), bool)
    assert_type(await client.pools.update("p", models.PoolPatchParameter(metadata=[])), batchio.Receipt)
    properties = models.PoolUpdatePropertiesParameter(application_package_references=[], metadata=[])
    assert_type(await client.pools.replace_properties("p", properties), batchio.Receipt)
    assert_type(await client.pools.delete("p"), batchio.Receipt)
    assert_type(await client.pools.resize("p", models.PoolResizeParameter(target_dedicated_nodes=3)), batchio.Receipt)
    assert_type(await client.pools.stop_resize("p"), batchio.Receipt)
    scaling = models.PoolEnableAutoScaleParameter(auto_scale_formula="$TargetDedicatedNodes=1")
    assert_type(await client.pools.enable_auto_scale("p", scaling), batchio.Receipt)
    assert_type(await client.pools.disable_auto_scale("p"), batchio.Receipt)
    formula = models.PoolEvaluateAutoScaleParameter(auto_scale_formula="$TargetDedicatedNodes=1")
    assert_type(await client.pools.evaluate_auto_scale("p", formula), models.AutoScaleRun)
    assert_type(await client.pools.remove_nodes("p", models.NodeRemoveParameter(node_list=["n"])), batchio.Receipt)
    assert_type(client.pools.list_node_counts(), batchio.Pages[models.PoolNodeCounts])
    assert_type(client.pools.list_usage_metrics(start_time=now, end_time=now), batchio.Pages[models.PoolUsageMetrics])
    assert_type(client.pools.list_supported_images(prefetch=False), batchio.Pages[models.ImageInformation])


async def nodes(client: BatchClient, logs: models.UploadBatchServiceLogsConfiguration) -> None:
    assert_type(await client.nodes.get("p", "n"), models.ComputeNode)
    assert_type(client.nodes.list("p"), batchio.Pages[models.ComputeNode])
    assert_type(await client.nodes.reboot("p", "n"), batchio.Receipt)
    assert_type(await client.nodes.reimage("p", "n", models.NodeReimageParameter()), batchio.Receipt)
    assert_type(await client.nodes.start("p", "n"), batchio.Receipt)
    assert_type(await client.nodes.deallocate("p", "n"), batchio.Receipt)
    assert_type(await client.nodes.disable_scheduling("p", "n", None), batchio.Receipt)
    assert_type(await client.nodes.enable_scheduling("p", "n"), batchio.Receipt)
    assert_type(await client.nodes.get_remote_login_settings("p", "n"), models.ComputeNodeGetRemoteLoginSettingsResult)
    assert_type(await client.nodes.upload_logs("p", "n", logs), models.UploadBatchServiceLogsResult)
    assert_type(await client.nodes.create_user("p", "n", models.ComputeNodeUser(name="u")), batchio.Receipt)
    assert_type(
        await client.nodes.replace_user("p", "n", "u", models.NodeUpdateUserParameter(password="x")), batchio.Receipt
    )
    assert_type(await client.nodes.delete_user("p", "n", "u"), batchio.Receipt)
    assert_type(client.nodes.list_extensions("p", "n"), batchio.Pages[models.NodeVMExtension])
    assert_type(await client.nodes.get_extension("p", "n", "e"), models.NodeVMExtension)
    assert_type(client.nodes.list_files("p", "n", recursive=True), batchio.Pages[models.NodeFile])
    assert_type(client.nodes.get_file("p", "n", "startup/stdout.txt"), batchio.FileStream)
    assert_type(await client.nodes.get_file_properties("p", "n", "startup/stdout.txt"), batchio.FileInfo)
    assert_type(await client.nodes.delete_file("p", "n", "startup", recursive=True), batchio.Receipt)


async def tasks(client: BatchClient, task: models.TaskAddParameter, now: datetime) -> None:
    assert_type(await client.tasks.create("j", task), batchio.Receipt)
    assert_type(
        await client.tasks.create_collection("j", models.TaskAddCollectionParameter(value=[task])),
        models.TaskAddCollectionResult,
    )
    assert_type(await client.tasks.get("j", "t", if_modified_since=now), models.CloudTask)
    assert_type(client.tasks.list("j", select="id"), batchio.Pages[models.CloudTask])
    assert_type(await client.tasks.replace("j", "t", {"constraints": {}}), batchio.Receipt)
    assert_type(await client.tasks.terminate("j", "t"), batchio.Receipt)
    assert_type(await client.tasks.reactivate("j", "t"), batchio.Receipt)
    assert_type(await client.tasks.delete("j", "t"), batchio.Receipt)
    assert_type(client.tasks.list_subtasks("j", "t"), batchio.Pages[models.SubtaskInformation])
    assert_type(client.tasks.list_files("j", "t"), batchio.Pages[models.NodeFile])
    assert_type(client.tasks.get_file("j", "t", "stdout.txt", start=0, end=100), batchio.FileStream)
    assert_type(await client.tasks.get_file_properties("j", "t", "stdout.txt"), batchio.FileInfo)
    assert_type(await client.tasks.delete_file("j", "t", "wd", recursive=True), batchio.Receipt)


async def listings(client: BatchClient) -> None:
    async for task in client.tasks.list("j"):
        assert_type(task, models.CloudTask)
    async for node in client.nodes.list("p"):
        assert_type(node, models.ComputeNode)
    assert_type([job async for job in client.jobs.list()], list[models.CloudJob])
    async for page in client.pools.list().by_page("token"):
        assert_type(page, batchio.Page[models.CloudPool])
        assert_type(page.items, list[models.CloudPool])
        assert_type(page.continuation_token, str | None)
    assert_type(await anext(client.job_schedules.list().by_page()), batchio.Page[models.CloudJobSchedule])


async def files(client: BatchClient) -> None:
    async with client.tasks.get_file("j", "t", "stdout.txt") as file:
        assert_type(file, batchio.FileStream)
        async for piece in file:
            assert_type(piece, bytes)
        assert_type(await file.read(), bytes)
        assert_type(await file.download("out.txt"), int)
        assert_type(file.properties, batchio.FileInfo)
        assert_type(file.properties.content_length, int | None)
        assert_type(file.properties.last_modified, datetime | None)
        assert_type(file.properties.is_directory, bool | None)


async def submissions(
    client: BatchClient,
    tasks: AsyncIterator[models.TaskAddParameter],
    mixed: list[list[models.TaskAddParameter | Mapping[str, Any] | bytes]],
    lists: list[list[models.TaskAddParameter]],
) -> None:
    assert_type(await client.tasks.submit("j", tasks, keep="all", deadline=60.0), batchio.SubmissionReport)
    assert_type(await client.tasks.submit("j", mixed), batchio.SubmissionReport)
    await client.tasks.submit("j", lists)
    swept = batchio.sweep({"id": "{n}", "commandLine": "c"}, n=range(10))
    assert_type(swept[0], dict[str, Any])
    assert_type(swept[1::3], batchio.Sweep)
    assert_type(batchio.shard(swept, 1, 3), batchio.Shard[dict[str, Any]])
    assert_type(batchio.fill(swept[0], [{"n": "1"}]), Iterator[dict[str, Any]])
    await client.tasks.submit("j", swept)
    await client.tasks.submit("j", batchio.shard(mixed, 1, 3))
    await client.tasks.submit("j", batchio.shard(lists, 1, 3))
    assert_type(await client.tasks.submit("j", (b"{}" for _ in range(3))), batchio.SubmissionReport)
    assert_type(await client.tasks.submit("j", [{"id": "t", "commandLine": "c"}]), batchio.SubmissionReport)
    assert_type(client.tasks.submitting("j", tasks), batchio.Submission)
    async with client.tasks.submitting("j", tasks, progress=watch) as run:
        assert_type(run, batchio.Submission)
        async for outcomes in run:
            assert_type(outcomes, list[batchio.TaskOutcome])
            assert_type(outcomes[0].state, batchio.OutcomeState)
            assert_type(outcomes[0].task_id, str | None)
            assert_type(outcomes[0].error, models.BatchError | None)
            assert_type(outcomes[0].body, bytes | None)
        assert_type(run.progress, batchio.SubmissionProgress)
        assert_type(run.report.failures, tuple[batchio.TaskOutcome, ...])
        assert_type(run.report.errors, dict[str, int])
        assert_type(run.report.failed, int)


def watch(progress: batchio.SubmissionProgress) -> None:
    assert_type(progress.rate, float)
    assert_type(progress.outcomes, dict[str, int])
    assert_type(progress.lost, dict[Literal["input", "service", "consumer"], float])


def fields(job: models.CloudJob, pool: models.CloudPool, task: models.TaskAddParameter) -> None:
    assert_type(job.id, str | None)
    assert_type(job.e_tag, str | None)
    assert_type(job.state, models.JobState | None)
    assert_type(job.priority, int | None)
    assert_type(job.allow_task_preemption, bool | None)
    assert_type(job.creation_time, datetime | None)
    assert_type(job.constraints, models.JobConstraints | None)
    assert_type(job.metadata, list[models.MetadataItem] | None)
    assert_type(job.pool_info, models.PoolInformation | None)
    assert_type(job.stats, models.JobStatistics | None)
    if job.constraints and job.stats and job.state and job.metadata:
        assert_type(job.constraints.max_wall_clock_time, timedelta | None)
        assert_type(job.constraints.max_task_retry_count, int | None)
        assert_type(job.stats.read_iops, int | None)
        assert_type(job.stats.read_io_gib, float | None)
        takes_text(job.state.value)
        assert_type(job.metadata[0].name, str | None)
    assert_type(pool.resource_tags, dict[str, str] | None)
    assert_type(models.PoolSpecification().resource_tags, dict[str, str] | str | None)
    assert_type(models.VMExtension().settings, dict[str, Any] | None)
    assert_type(task.id, str)
    assert_type(task.command_line, str)
    assert_type(task.display_name, str | None)
    assert_type(models.TaskAddCollectionParameter(value=[task]).value, list[models.TaskAddParameter])
    disabling = models.JobDisableParameter(disable_tasks=models.DisableJobOption("wait"))
    assert_type(disabling.disable_tasks, models.DisableJobOption)
    takes_text(disabling.disable_tasks)
    assert_type(models.UNLIMITED, timedelta)


def functions(job: models.CloudJob, task: models.TaskAddParameter) -> None:
    assert_type(batchio.replace(job, priority=1), models.CloudJob)
    assert_type(batchio.replace(task, display_name=None), models.TaskAddParameter)
    assert_type(batchio.to_wire(job), dict[str, Any])
    assert_type(batchio.from_wire(models.CloudJob, {"id": "j"}), models.CloudJob)
    assert_type(odata.field("state"), odata.Field)
    assert_type(odata.field("state") == "active", odata.Filter)
    assert_type(odata.field("creationTime") >= datetime.now().astimezone(), odata.Filter)
    assert_type((odata.field("a") != 1) & ~odata.field("id").startswith("x") | (odata.field("b") < 2.5), odata.Filter)
    assert_type(str(odata.field("a") == timedelta(hours=1)), str)
    assert_type(odata.literal("it's"), str)
    assert_type(batchio.__version__, str)


async def clients(
    session: aiohttp.ClientSession, named: AzureNamedKeyCredential, tokens: AsyncTokenCredential, url: str
) -> None:
    assert_type(BatchClient(url), BatchClient)
    assert_type(BatchClient(url, batchio.SharedKeyCredential("acme", "a2V5")), BatchClient)
    assert_type(BatchClient(url, batchio.TaskTokenCredential("token"), timeout=None), BatchClient)
    assert_type(BatchClient(url, named, retry=batchio.RetryPolicy(attempts=1)), BatchClient)
    assert_type(BatchClient(url, tokens, session=session, api_version="2023-11-01.18.0"), BatchClient)
    assert_type(BatchClient(url, DefaultAzureCredential(), cloud="public", trust_env=False), BatchClient)
    assert_type(BatchClient(url, ManagedIdentityCredential(), allow_http=False, application_id="x"), BatchClient)
    async with BatchClient.from_environment(timeout=5.0) as client:
        assert_type(client, BatchClient)
        assert_type(client.endpoint, str)
        assert_type(client.stats, batchio.ClientStats)
        assert_type(client.api_version, str)
        answer = await client.request("GET", "/jobs", query={"maxresults": "1"})
        assert_type(answer, batchio.Answer)
        assert_type(answer.status, int)
        assert_type(answer.headers, Mapping[str, str])
        assert_type(answer.body, bytes)
        assert_type(await client.close(), None)
    receipt = batchio.Receipt(status=201)
    assert_type(receipt.request_id, str | None)
    assert_type(receipt.last_modified, datetime | None)


def failures(error: batchio.BatchioError) -> None:
    assert_type(error.retriable, bool)
    match error:
        case errors.EncodeError():
            assert_type(error.path, str)
        case errors.TransportError():
            assert_type(error.sent, bool)
        case errors.ResourceNotFoundError() | errors.ThrottledError():
            assert_type(error.operation, str)
            assert_type(error.status, int)
            assert_type(error.code, str | None)
            assert_type(error.message, str)
            assert_type(error.values, dict[str, str])
            assert_type(error.request_id, str | None)
            assert_type(error.client_request_id, str | None)
            assert_type(error.retry_after, float | None)
        case errors.SubmissionError():
            assert_type(error.report, batchio.SubmissionReport)
        case _:
            pass
    takes_value_error(errors.ConfigurationError("bad"))


def takes_text(text: str) -> None:
    assert_type(text, str)


def takes_value_error(error: ValueError) -> None:
    assert_type(error, ValueError)
