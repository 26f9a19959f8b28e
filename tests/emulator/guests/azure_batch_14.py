"""What azure-batch 14.2, the last of its kind, does with the emulator; any fault ends it with a traceback.

`azure_batch_14.py ENDPOINT ACCOUNT KEY`, run by a Python that has it.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from importlib import import_module
from typing import Any

batch: Any = import_module("azure.batch")
auth: Any = import_module("azure.batch.batch_auth")
m: Any = import_module("azure.batch.models")


def refused(code: str, call: Callable[..., Any], *arguments: Any, **named: Any) -> None:
    """The call must end with the service's error of this code."""
    error = raised(m.BatchErrorException, call, *arguments, **named)
    assert error.error.code == code, f"{error.error.code}, not {code}: {error}"
    assert error.error.message.value


def raised(kind: type[Exception], call: Callable[..., Any], *arguments: Any, **named: Any) -> Any:
    """What the call must raise."""
    try:
        call(*arguments, **named)
    except kind as error:
        return error
    raise AssertionError(f"no {kind.__name__} was raised")


def until(look: Callable[[], Any], wanted: Any) -> None:
    for _ in range(500):
        if look() == wanted:
            return
        time.sleep(0.02)
    raise AssertionError(f"never {wanted}")


def status_of(call: Callable[..., Any], *arguments: Any) -> int:
    try:
        call(*arguments)
    except m.BatchErrorException as error:
        return int(error.response.status_code)
    return 200


def pools(client: Any) -> None:
    images = list(client.account.list_supported_images(m.AccountListSupportedImagesOptions(filter="osType eq 'linux'")))
    assert images
    machine = m.VirtualMachineConfiguration(
        image_reference=images[0].image_reference, node_agent_sku_id=images[0].node_agent_sku_id
    )
    client.pool.add(
        m.PoolAddParameter(
            id="pool",
            vm_size="standard_d2s_v3",
            virtual_machine_configuration=machine,
            target_dedicated_nodes=2,
            task_slots_per_node=2,
        )
    )
    assert client.pool.exists("pool")
    assert not client.pool.exists("none")
    until(lambda: [node.state for node in client.compute_node.list("pool")], ["idle", "idle"])
    node = next(iter(client.compute_node.list("pool"))).id
    client.compute_node.disable_scheduling("pool", node, "requeue")
    client.compute_node.enable_scheduling("pool", node)
    client.compute_node.add_user("pool", node, m.ComputeNodeUser(name="me", password="secret"))
    client.compute_node.update_user("pool", node, "me", m.NodeUpdateUserParameter(password="other"))
    client.compute_node.delete_user("pool", node, "me")
    client.compute_node.reboot("pool", node)
    until(lambda: client.compute_node.get("pool", node).state, "idle")
    client.compute_node.reimage("pool", node, "requeue")
    until(lambda: client.compute_node.get("pool", node).state, "idle")
    client.pool.resize("pool", m.PoolResizeParameter(target_dedicated_nodes=3))
    until(lambda: client.pool.get("pool").allocation_state, "steady")
    before = client.pool.get("pool")
    assert before.current_dedicated_nodes == 3
    client.pool.patch("pool", m.PoolPatchParameter(metadata=[m.MetadataItem(name="a", value="b")]))
    assert client.pool.get("pool").metadata[0].value == "b"
    refused(
        "ConditionNotMet",
        *(client.pool.patch, "pool", m.PoolPatchParameter(metadata=[]), m.PoolPatchOptions(if_match=before.e_tag)),
    )
    client.pool.update_properties(
        "pool",
        m.PoolUpdatePropertiesParameter(certificate_references=[], application_package_references=[], metadata=[]),
    )
    client.pool.enable_auto_scale("pool", auto_scale_formula="$TargetDedicatedNodes = 3")
    client.pool.disable_auto_scale("pool")
    until(lambda: client.pool.get("pool").allocation_state, "steady")
    [counts] = client.account.list_pool_node_counts()
    assert counts.dedicated.total == 3
    assert list(client.pool.list_usage_metrics()) is not None


def jobs(client: Any) -> None:
    info = m.PoolInformation(pool_id="pool")
    client.job.add(m.JobAddParameter(id="job", pool_info=info, metadata=[m.MetadataItem(name="who", value="14.2")]))
    refused("JobExists", client.job.add, m.JobAddParameter(id="JOB", pool_info=info))
    refused("JobNotFound", client.job.get, "none")
    refused("InvalidQueryParameterValue", lambda: list(client.job.list(m.JobListOptions(filter="colour eq 'red'"))))
    job = client.job.get("job")
    assert job.state == "active"
    assert job.creation_time.tzinfo is not None
    client.job.patch("job", m.JobPatchParameter(priority=7))
    refused(
        "ConditionNotMet",
        client.job.patch,
        "job",
        m.JobPatchParameter(priority=8),
        m.JobPatchOptions(if_match=job.e_tag),
    )
    # It rounds a duration without end up, and the service refuses what is longer than its longest.
    update = m.JobUpdateParameter(pool_info=job.pool_info, priority=9, constraints=job.constraints)
    refused("InvalidConstraintValue", client.job.update, "job", update)
    update.constraints.max_wall_clock_time = None
    client.job.update("job", update)
    assert client.job.get("job").priority == 9


def tasks(client: Any) -> None:
    wanted = [m.TaskAddParameter(id=f"t{n}", command_line=f"/bin/sh -c 'exit {n % 2}'") for n in range(10_000)]
    added = client.task.add_collection("job", wanted, threads=4).value
    assert {result.status for result in added} == {"success"}
    assert len({result.task_id for result in added}) == 10_000
    # What is there counts as added.
    again = client.task.add_collection("job", [wanted[0], m.TaskAddParameter(id="new", command_line="sleep 3000")])
    assert {result.task_id: result.error and result.error.code for result in again.value} == {
        "t0": "TaskExists",
        "new": None,
    }
    error = raised(m.CreateTasksErrorException, client.task.add_collection, "none", wanted[:1])
    assert [inner.error.code for inner in error.errors] == ["JobNotFound"]
    late = m.TaskAddParameter(id="late", command_line="x", depends_on=m.TaskDependencies(task_ids=["t0"]))
    error = raised(m.CreateTasksErrorException, client.task.add_collection, "job", [late])
    [failed] = error.failure_tasks
    assert (failed.status, failed.error.code) == ("clienterror", "TaskDependenciesNotSpecifiedOnJob")
    refused("InvalidPropertyValue", client.task.add, "job", m.TaskAddParameter(id="a b", command_line="true"))
    options = m.TaskListOptions(select="id,state", max_results=999)
    listed = client.task.list("job", options)
    page = listed.advance_page()
    assert len(page) == 999
    ids = {task.id for task in page}
    for task in listed:
        ids.add(task.id)
    assert len(ids) >= 10_001
    some = m.TaskListOptions(filter="startswith(id, 't99') and state ne 'preparing'")
    assert len(list(client.task.list("job", some))) == 111
    counts = client.job.get_task_counts("job").task_counts
    assert counts.active + counts.running + counts.completed == len(ids)
    client.task.update("job", "new", m.TaskConstraints(max_task_retry_count=2))
    assert client.task.get("job", "new").constraints.max_task_retry_count == 2
    client.task.terminate("job", "new")
    assert client.task.get("job", "new").state == "completed"
    client.task.reactivate("job", "new")
    client.task.delete("job", "new")
    refused("TaskNotFound", client.task.get, "job", "new")


def files(client: Any) -> None:
    client.job.add(m.JobAddParameter(id="files", priority=1000, pool_info=m.PoolInformation(pool_id="pool")))
    line = "/bin/sh -c 'echo hello; sleep 0.1; exit 3'"
    client.task.add("files", m.TaskAddParameter(id="t", command_line=line))
    until(lambda: client.task.get("files", "t").state, "completed")
    info = client.task.get("files", "t").execution_info
    assert (info.exit_code, info.result, info.failure_info.category) == (3, "failure", "usererror")
    names = [file.name for file in client.file.list_from_task("files", "t", recursive=True)]
    assert "stdout.txt" in names, names
    assert b"".join(client.file.get_from_task("files", "t", "stdout.txt")) == b"hello\n"
    part = m.FileGetFromTaskOptions(ocp_range="bytes=1-3")
    assert b"".join(client.file.get_from_task("files", "t", "stdout.txt", part)) == b"ell"
    found = client.file.get_properties_from_task("files", "t", "stdout.txt", raw=True)
    assert found.headers["Content-Length"] in (6, "6")
    assert found.headers["ocp-batch-file-isdirectory"] in (False, "false")
    client.file.delete_from_task("files", "t", "stdout.txt")
    assert status_of(client.file.get_from_task, "files", "t", "stdout.txt") == 404
    node = next(iter(client.compute_node.list("pool"))).id
    assert list(client.file.list_from_compute_node("pool", node))


def schedules(client: Any) -> None:
    specification = m.JobSpecification(pool_info=m.PoolInformation(pool_id="none"))
    schedule = m.Schedule(recurrence_interval="PT1H")
    client.job_schedule.add(m.JobScheduleAddParameter(id="daily", schedule=schedule, job_specification=specification))
    assert client.job_schedule.exists("daily")
    assert not client.job_schedule.exists("none")
    until(lambda: len(list(client.job.list_from_job_schedule("daily"))), 1)
    client.job_schedule.patch("daily", m.JobSchedulePatchParameter(metadata=[]))
    client.job_schedule.disable("daily")
    assert client.job_schedule.get("daily").state == "disabled"
    client.job_schedule.enable("daily")
    client.job_schedule.terminate("daily")
    until(lambda: client.job_schedule.get("daily").state, "completed")
    client.job_schedule.delete("daily")
    until(lambda: status_of(client.job_schedule.get, "daily"), 404)


def ends(client: Any) -> None:
    client.job.disable("job", "terminate")
    until(lambda: client.job.get("job").state, "disabled")
    client.job.enable("job")
    until(lambda: client.job.get("job").state, "active")
    client.job.terminate("job", terminate_reason="enough")
    until(lambda: client.job.get("job").state, "completed")
    assert client.job.get("job").execution_info.terminate_reason == "enough"
    client.job.delete("job")
    until(lambda: status_of(client.job.get, "job"), 404)
    client.job.delete("files")
    client.pool.delete("pool")
    until(lambda: status_of(client.pool.get, "pool"), 404)
    assert list(client.pool.list()) == []


def main(endpoint: str, account: str, key: str) -> None:
    client = batch.BatchServiceClient(auth.SharedKeyCredentials(account, key), batch_url=endpoint)
    client.config.retry_policy.retries = 0
    for part in (pools, jobs, files, tasks, schedules, ends):
        part(client)
        print(part.__name__, flush=True)  # noqa: T201 - how far it came


if __name__ == "__main__":
    main(*sys.argv[1:])
