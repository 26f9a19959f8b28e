"""What mypy and pyright both refuse; a line that one of them lets through fails the build. Run by nobody.

An ignore that is not needed is an error to mypy (`strict`) and, for this directory, to pyright, which heeds none of
mypy's here (`executionEnvironments` in pyproject.toml).
"""

from __future__ import annotations

from datetime import datetime, timedelta

from azure.identity import DefaultAzureCredential

import batchio
from batchio import BatchClient, models, odata


async def options(client: BatchClient, now: datetime) -> None:
    await client.tasks.get("j", "t", nonsense=1)  # type: ignore[call-arg]  # pyright: ignore[reportCallIssue]  # no such option
    await client.tasks.get("j", "t", force=True)  # type: ignore[call-arg]  # pyright: ignore[reportCallIssue]  # an option of another operation
    await client.tasks.get("j", "t", recursive=True)  # type: ignore[call-arg]  # pyright: ignore[reportCallIssue]  # an option of another operation
    await client.jobs.get("j", page_size=5)  # type: ignore[call-arg]  # pyright: ignore[reportCallIssue]  # an option of listings
    await client.jobs.create({}, if_match="*")  # type: ignore[call-arg]  # pyright: ignore[reportCallIssue]  # an operation without conditions
    await client.pools.disable_auto_scale("p", if_match="*")  # type: ignore[call-arg]  # pyright: ignore[reportCallIssue]  # an operation without conditions
    await client.tasks.get_file_properties("j", "t", "f", if_match="*")  # type: ignore[call-arg]  # pyright: ignore[reportCallIssue]  # an operation with dates alone
    await client.tasks.get("j", "t", ifMatch="*")  # type: ignore[call-arg]  # pyright: ignore[reportCallIssue]  # the wire's name
    client.tasks.list_subtasks("j", "t", page_size=5)  # type: ignore[call-arg]  # pyright: ignore[reportCallIssue]  # the one listing whose pages have no size
    client.pools.list_node_counts(select="poolId")  # type: ignore[call-arg]  # pyright: ignore[reportCallIssue]  # a listing that cannot be narrowed
    client.tasks.list("j", maxresults=5)  # type: ignore[call-arg]  # pyright: ignore[reportCallIssue]  # the wire's name
    client.tasks.list("j", prefetch="no")  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]  # a text for a bool
    client.jobs.list(filter=True)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]  # what == gives for anything but a field
    client.jobs.list(limit="5")  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]  # a text for a number
    client.jobs.list(select=["id", 5])  # type: ignore[list-item]  # pyright: ignore[reportArgumentType]  # a number among names
    await client.jobs.get("j", timeout="5")  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]  # a text for seconds
    await client.jobs.get("j", timeout=timedelta(seconds=5))  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]  # a timedelta for seconds
    await client.jobs.get("j", if_modified_since="2024-07-01T00:00:00Z")  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]  # a text for a time
    await client.jobs.get("j", if_match=5)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]  # a number for a text
    client.tasks.get_file("j", "t", "f", ocp_range="bytes=0-9")  # type: ignore[call-arg]  # pyright: ignore[reportCallIssue]  # start and end instead
    client.pools.list_usage_metrics(start_time=now, end_time=5)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]  # a number for a time


async def arguments(client: BatchClient, job: models.CloudJob) -> None:
    await client.jobs.get()  # type: ignore[call-arg]  # pyright: ignore[reportCallIssue]  # without an id
    await client.jobs.get(5)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]  # a number for an id
    await client.jobs.get(job.id)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]  # an id that may be absent
    await client.jobs.create()  # type: ignore[call-arg]  # pyright: ignore[reportCallIssue]  # no body
    await client.jobs.create(job)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]  # a job as it was read is none to create
    await client.jobs.create(None)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]  # no body
    await client.jobs.replace("j", models.JobPatchParameter())  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]  # the body of a PATCH
    await client.jobs.update("j", job)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]  # the body of a PUT
    await client.jobs.disable("j")  # type: ignore[call-arg]  # pyright: ignore[reportCallIssue]  # no body
    await client.tasks.create("j", [{"id": "t"}])  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]  # a list for one task
    await client.tasks.create("j", '{"id": "t"}')  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]  # a text for a task
    await client.tasks.create_collection("j", [])  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]  # a list for a collection
    await client.pools.resize("p", 5)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]  # a number for a body
    await client.tasks.submit("j", models.TaskAddParameter(id="t", command_line="c"))  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]  # one task
    await client.tasks.submit("j", [5])  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]  # a number for a task
    await client.tasks.submit("j", [], attempts="5")  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]  # a text for a number
    await client.tasks.submit("j", [], keep="some")  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]  # none of the choices
    await client.tasks.submit("j", [], if_match="*")  # type: ignore[call-arg]  # pyright: ignore[reportCallIssue]  # an option of other operations


async def results(client: BatchClient) -> None:
    async for _ in client.jobs.get("j"):  # type: ignore[attr-defined]  # pyright: ignore[reportGeneralTypeIssues]  # a coroutine
        pass
    for _ in client.jobs.list():  # type: ignore[attr-defined]  # pyright: ignore[reportGeneralTypeIssues]  # a listing is asynchronous
        pass
    await client.jobs.list()  # type: ignore[misc]  # pyright: ignore[reportGeneralTypeIssues]  # a listing is iterated
    _ = client.jobs.get("j").priority  # type: ignore[attr-defined]  # pyright: ignore[reportAttributeAccessIssue]  # not awaited
    _ = (await client.jobs.get("j")).eTag  # type: ignore[attr-defined]  # pyright: ignore[reportAttributeAccessIssue]  # the wire's name
    _ = (await client.jobs.get("j")).constraints.max_task_retry_count  # type: ignore[union-attr]  # pyright: ignore[reportOptionalMemberAccess]  # may be absent
    _ = (await client.jobs.create({})).id  # type: ignore[attr-defined]  # pyright: ignore[reportAttributeAccessIssue]  # a receipt is no job
    with client.tasks.get_file("j", "t", "f"):  # type: ignore[attr-defined]  # pyright: ignore[reportGeneralTypeIssues]  # a stream is asynchronous
        pass
    with BatchClient("https://acme.batch.azure.com"):  # type: ignore[attr-defined]  # pyright: ignore[reportGeneralTypeIssues]  # a client is asynchronous
        pass
    async for outcome in client.tasks.submitting("j", []):
        _ = outcome.state  # type: ignore[attr-defined]  # pyright: ignore[reportAttributeAccessIssue]  # outcomes come in lists


def fields() -> None:
    models.TaskAddParameter(id="t")  # type: ignore[call-arg]  # pyright: ignore[reportCallIssue]  # no command line
    models.TaskAddParameter("t", "c")  # type: ignore[call-arg]  # pyright: ignore[reportCallIssue]  # by position
    models.TaskAddParameter(id="t", command_line="c", commandLine="c")  # type: ignore[call-arg]  # pyright: ignore[reportCallIssue]  # the wire's name
    models.TaskAddParameter(id="t", command_line=5)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]  # a number for a text
    models.TaskAddParameter(id="t", command_line="c", constraints={})  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]  # a mapping in place of a model
    models.TaskAddCollectionParameter()  # type: ignore[call-arg]  # pyright: ignore[reportCallIssue]  # no tasks
    models.JobAddParameter(id="j")  # type: ignore[call-arg]  # pyright: ignore[reportCallIssue]  # no pool
    models.JobAddParameter(pool_info=models.PoolInformation())  # type: ignore[call-arg]  # pyright: ignore[reportCallIssue]  # without an id
    models.JobAddParameter(id="j", pool_info=None)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]  # no pool
    models.JobDisableParameter()  # type: ignore[call-arg]  # pyright: ignore[reportCallIssue]  # nothing said of the tasks
    models.JobScheduleAddParameter(id="s", schedule=models.Schedule())  # type: ignore[call-arg]  # pyright: ignore[reportCallIssue]  # no jobs
    models.JobConstraints(max_wall_clock_time=60)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]  # a number for a timedelta
    models.JobConstraints(max_wall_clock_time="PT1M")  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]  # a text for a timedelta
    models.Schedule(do_not_run_until="2024-07-01T00:00:00Z")  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]  # a text for a time
    models.PoolAddParameter(id="p")  # type: ignore[call-arg]  # pyright: ignore[reportCallIssue]  # no size
    models.PoolPatchParameter(target_dedicated_nodes=3)  # type: ignore[call-arg]  # pyright: ignore[reportCallIssue]  # not a matter of a PATCH
    models.PoolEvaluateAutoScaleParameter()  # type: ignore[call-arg]  # pyright: ignore[reportCallIssue]  # no formula
    models.NodeRemoveParameter(node_list="n")  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]  # one id for a list
    models.JobDisableParameter(disable_tasks="requeue")  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]  # a text for a member of an enum


def values(job: models.CloudJob, task: models.TaskAddParameter, report: batchio.SubmissionReport) -> None:
    job.priority = 5  # type: ignore[misc]  # pyright: ignore[reportAttributeAccessIssue]  # frozen
    task.id = "u"  # type: ignore[misc]  # pyright: ignore[reportAttributeAccessIssue]  # frozen
    _ = task.commandLine  # type: ignore[attr-defined]  # pyright: ignore[reportAttributeAccessIssue]  # the wire's name
    report.added = 5  # type: ignore[misc]  # pyright: ignore[reportAttributeAccessIssue]  # frozen
    batchio.replace()  # type: ignore[call-arg]  # pyright: ignore[reportCallIssue]  # no model
    batchio.replace("job", priority=5)  # type: ignore[type-var]  # pyright: ignore[reportArgumentType]  # a text for a model
    batchio.to_wire({"id": "t"})  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]  # a mapping for a model
    odata.field(5)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]  # a number for a name
    _ = odata.field("exitCode") < [1]  # type: ignore[operator]  # pyright: ignore[reportOperatorIssue]  # a list cannot be compared with
    _ = (odata.field("a") == 1) & "b eq 2"  # type: ignore[operator]  # pyright: ignore[reportOperatorIssue]  # a text for a filter
    batchio.RetryPolicy(5)  # type: ignore[call-arg]  # pyright: ignore[reportCallIssue]  # by position
    batchio.RetryPolicy(attempts="5")  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]  # a text for a number
    batchio.EncodeError("no", "path")  # type: ignore[call-arg]  # pyright: ignore[reportCallIssue]  # by position


def clients(url: str) -> None:
    BatchClient()  # type: ignore[call-arg]  # pyright: ignore[reportCallIssue]  # no endpoint
    BatchClient(url, "key")  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]  # a text for a credential
    BatchClient(url, DefaultAzureCredential())  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]  # a synchronous credential
    BatchClient(url, None, "2023-11-01.18.0")  # type: ignore[call-arg]  # pyright: ignore[reportCallIssue]  # by position
    BatchClient(url, api_version=2023)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]  # a number for a version
    BatchClient(url, retry=5)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]  # a number for a policy
    BatchClient(url, nonsense=1)  # type: ignore[call-arg]  # pyright: ignore[reportCallIssue]  # no such setting
    batchio.SharedKeyCredential("acme")  # type: ignore[call-arg]  # pyright: ignore[reportCallIssue]  # no key
    batchio.SharedKeyCredential("acme", b"a2V5")  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]  # bytes for a text
