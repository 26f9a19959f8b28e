"""Nodes and tasks that are simulated, driven by our own client."""

from __future__ import annotations

from typing import Any

import pytest

from batchio import BatchClient, StateConflictError, models
from batchio.emulator import task_ends

from .wire import Wire


async def farm(client: BatchClient, wire: Wire, nodes: int = 1, **more: Any) -> None:
    await client.pools.create({"id": "farm", "vmSize": "standard_d2s_v3", "targetDedicatedNodes": nodes, **more})
    wire.emulator.clock.advance(5)


async def task(client: BatchClient, id: str = "t") -> models.CloudTask:
    return await client.tasks.get("job", id)


async def states(client: BatchClient) -> dict[str, str]:
    return {str(task.id): str(task.state) async for task in client.tasks.list("job")}


async def job(client: BatchClient, **more: Any) -> None:
    await client.jobs.create({"id": "job", "poolInfo": {"poolId": "farm"}, **more})


async def add(client: BatchClient, *ids: str, line: str = "sleep 10", **more: Any) -> None:
    for id in ids:
        await client.tasks.create("job", {"id": id, "commandLine": line, **more})


async def test_a_pool_gets_its_nodes(client: BatchClient, working: Wire) -> None:
    body = {"id": "farm", "vmSize": "a", "targetDedicatedNodes": 2, "targetLowPriorityNodes": 1}
    await client.pools.create(body)
    pool = await client.pools.get("farm")
    assert (pool.allocation_state, pool.current_dedicated_nodes) == ("resizing", 2)
    seen: list[set[str]] = []
    for _ in range(4):
        seen.append({str(node.state) async for node in client.nodes.list("farm")})
        working.emulator.clock.advance(0.6)
    assert seen == [{"creating"}, {"starting"}, {"idle"}, {"idle"}]
    pool = await client.pools.get("farm")
    assert (pool.allocation_state, pool.current_dedicated_nodes, pool.current_low_priority_nodes) == ("steady", 2, 1)
    counts = [counts async for counts in client.pools.list_node_counts(filter="poolId eq 'FARM'")]
    assert counts[0].dedicated is not None
    assert (counts[0].dedicated.idle, counts[0].dedicated.total) == (2, 2)
    assert counts[0].low_priority is not None
    assert counts[0].low_priority.idle == 1
    [first, *_] = [node async for node in client.nodes.list("farm")]
    node = await client.nodes.get("farm", str(first.id))
    assert (node.vm_size, node.is_dedicated, node.scheduling_state) == ("a", True, "enabled")


async def test_a_task_from_beginning_to_end(client: BatchClient, working: Wire) -> None:
    await farm(client, working)
    await job(client)
    await add(client, "t", line="/bin/sh -c 'echo hello; sleep 10; echo bad >&2; exit 3'")
    working.emulator.clock.advance(1)
    running = await task(client)
    assert (running.state, running.previous_state) == ("running", "active")
    assert running.node_info is not None
    assert running.node_info.pool_id == "farm"
    node = await client.nodes.get("farm", str(running.node_info.node_id))
    assert (node.state, node.running_tasks_count, node.running_task_slots_count) == ("running", 1, 1)
    working.emulator.clock.advance(10)
    done = await task(client)
    info = done.execution_info
    assert info is not None
    assert (done.state, info.exit_code, info.result) == ("completed", 3, "failure")
    assert info.failure_info is not None
    assert (info.failure_info.category, info.failure_info.code) == ("usererror", "FailureExitCode")
    assert info.start_time is not None
    assert info.end_time is not None
    assert (info.end_time - info.start_time).total_seconds() == 10
    counts = (await client.jobs.get_task_counts("job")).task_counts
    assert counts is not None
    assert (counts.completed, counts.succeeded, counts.failed) == (1, 0, 1)
    node = await client.nodes.get("farm", str(running.node_info.node_id))
    assert (node.state, node.total_tasks_run, node.total_tasks_succeeded) == ("idle", 1, 0)
    assert node.recent_tasks is not None
    assert node.recent_tasks[0].task_id == "t"
    failed = [t.id async for t in client.tasks.list("job", filter="executionInfo/result eq 'failure'")]
    assert failed == ["t"]


@pytest.mark.parametrize(
    ("line", "environment", "seconds", "code"),
    [
        ("anything at all", {}, 1, 0),
        ("sleep 5", {}, 5, 0),
        ("cmd /c timeout /t 3 && exit 4", {}, 3, 4),
        ("bash -c 'false || exit 7; sleep 9'", {}, 0.01, 7),
        ("sh -c 'true && sleep 1m'", {}, 60, 0),
        ("sleep 5", {"BATCHIO_SECONDS": "2", "BATCHIO_EXIT_CODE": "9"}, 2, 9),
        ("sh -c 'no end", {}, 1, 0),
        ("x" * 5000, {}, 1, 0),
    ],
)
async def test_what_command_lines_do(
    client: BatchClient, working: Wire, line: str, environment: dict[str, str], seconds: float, code: int
) -> None:
    await farm(client, working)
    common = [{"name": name, "value": value} for name, value in environment.items()]
    await job(client, commonEnvironmentSettings=common)
    await add(client, "t", line=line)
    working.emulator.clock.advance(100)
    info = (await task(client)).execution_info
    assert info is not None
    assert info.start_time is not None
    assert info.end_time is not None
    assert ((info.end_time - info.start_time).total_seconds(), info.exit_code) == (seconds, code)


async def test_retries(client: BatchClient, working: Wire) -> None:
    await farm(client, working)
    await job(client, constraints={"maxTaskRetryCount": 1})
    settings = [{"name": "BATCHIO_EXIT_CODE", "value": "1,1,0"}]
    await add(client, "twice", "once", environmentSettings=settings)
    await add(client, "often", environmentSettings=settings, constraints={"maxTaskRetryCount": -1})
    working.emulator.clock.advance(100)
    ends = {}
    for id in ("twice", "often"):
        info = (await task(client, id)).execution_info
        assert info is not None
        ends[id] = (info.retry_count, info.exit_code, info.result)
    assert ends == {"twice": (1, 1, "failure"), "often": (2, 0, "success")}


@pytest.mark.parametrize("most", [-1, 2**31 - 1])
async def test_retries_without_limit_have_one(
    client: BatchClient, working: Wire, monkeypatch: pytest.MonkeyPatch, most: int
) -> None:
    monkeypatch.setattr(task_ends, "MOST_RETRIES", 20)
    await farm(client, working)
    await job(client)
    await add(client, "t", line="false", constraints={"maxTaskRetryCount": most})
    working.emulator.clock.advance(3600)
    info = (await task(client)).execution_info
    assert info is not None
    assert (info.retry_count, info.result) == (20, "failure")


async def test_a_task_that_takes_too_long(client: BatchClient, working: Wire) -> None:
    await farm(client, working)
    await job(client)
    await add(client, "t", constraints={"maxWallClockTime": "PT2S", "maxTaskRetryCount": 3})
    working.emulator.clock.advance(3)
    info = (await task(client)).execution_info
    assert info is not None
    assert info.failure_info is not None
    assert (info.exit_code, info.failure_info.code, info.retry_count) == (137, "TaskEnded", 0)


async def test_slots_priorities_and_parallel_tasks(client: BatchClient, working: Wire) -> None:
    await farm(client, working, taskSlotsPerNode=3)
    await job(client, maxParallelTasks=2)
    await client.jobs.create({"id": "first", "poolInfo": {"poolId": "farm"}, "priority": 100})
    await add(client, "a", "b", "c")
    await client.tasks.create("first", {"id": "wide", "commandLine": "sleep 10", "requiredSlots": 2})
    working.emulator.clock.advance(1)
    assert await states(client) == {"a": "running", "b": "active", "c": "active"}
    await client.tasks.terminate("first", "wide")
    working.emulator.clock.advance(1)
    # Three slots are free, but two tasks at a time are the most.
    assert await states(client) == {"a": "running", "b": "running", "c": "active"}


async def test_dependencies(client: BatchClient, working: Wire) -> None:
    await farm(client, working, nodes=3)
    await job(client, usesTaskDependencies=True)
    await add(client, "last", dependsOn={"taskIds": ["2", "sum"]})
    await add(client, "sum", dependsOn={"taskIdRanges": [{"start": 1, "end": 3}]})
    await add(client, "never", dependsOn={"taskIds": ["bad"]})
    await add(client, "bad", line="false")
    await add(client, "1", "2", "3")
    working.emulator.clock.advance(8)
    assert (await states(client))["sum"] == "active"
    working.emulator.clock.advance(5)
    assert (await states(client))["sum"] == "running"
    assert (await states(client))["last"] == "active"
    working.emulator.clock.advance(30)
    found = await states(client)
    assert (found["last"], found["sum"], found["never"]) == ("completed", "completed", "active")


async def test_exit_conditions(client: BatchClient, working: Wire) -> None:
    await farm(client, working)
    await job(client, usesTaskDependencies=True, onTaskFailure="performexitoptionsjobaction")
    fine = {"exitCodes": [{"code": 2, "exitOptions": {"dependencyAction": "satisfy", "jobAction": "none"}}]}
    await add(client, "a", line="exit 2", exitConditions=fine)
    await add(client, "b", dependsOn={"taskIds": ["a"]}, line="exit 4")
    working.emulator.clock.advance(5)
    assert await states(client) == {"a": "completed", "b": "completed"}
    found = await client.jobs.get("job")
    assert found.execution_info is not None
    assert (found.state, found.execution_info.terminate_reason) == ("completed", "TaskFailed")


async def test_a_failure_that_disables_the_job(client: BatchClient, working: Wire) -> None:
    await farm(client, working, nodes=2)
    await job(client, onTaskFailure="performexitoptionsjobaction")
    ranges = [{"start": 1, "end": 9, "exitOptions": {"jobAction": "disable"}}]
    await add(client, "a", line="sh -c 'sleep 1; exit 5'", exitConditions={"exitCodeRanges": ranges})
    await add(client, "b")
    working.emulator.clock.advance(3)
    assert (await client.jobs.get("job")).state == "disabled"
    b = await task(client, "b")
    assert b.execution_info is not None
    assert (b.state, b.execution_info.requeue_count) == ("active", 1)


async def test_preparation_and_release_tasks(client: BatchClient, working: Wire) -> None:
    await farm(client, working)
    await job(
        client,
        jobPreparationTask={"commandLine": "sleep 5"},
        jobReleaseTask={"commandLine": "sh -c 'sleep 4; exit 1'"},
    )
    await add(client, "t")
    working.emulator.clock.advance(2)
    assert (await task(client)).state == "preparing"
    working.emulator.clock.advance(4)
    assert (await task(client)).state == "running"
    await client.jobs.terminate("job")
    working.emulator.clock.advance(2)
    assert (await client.jobs.get("job")).state == "terminating"
    released = "jobReleaseTaskExecutionInfo/state eq 'running'"
    assert [s async for s in client.jobs.list_preparation_and_release_task_status("job", filter=released)]
    working.emulator.clock.advance(4)
    assert (await client.jobs.get("job")).state == "completed"
    [status] = [s async for s in client.jobs.list_preparation_and_release_task_status("job")]
    preparation, release = status.job_preparation_task_execution_info, status.job_release_task_execution_info
    assert preparation is not None
    assert release is not None
    assert (preparation.exit_code, preparation.result) == (0, "success")
    assert (release.exit_code, release.state) == (1, "completed")


async def test_a_preparation_task_that_fails(client: BatchClient, working: Wire) -> None:
    await farm(client, working)
    await job(client, jobPreparationTask={"commandLine": "sh -c 'sleep 1; exit 1'"})
    await add(client, "t")
    working.emulator.clock.advance(60)
    assert (await task(client)).state == "active"


async def test_start_tasks(client: BatchClient, working: Wire) -> None:
    body = {"id": "farm", "vmSize": "a", "targetDedicatedNodes": 1, "startTask": {"commandLine": "sleep 10"}}
    await client.pools.create(body)
    working.emulator.clock.advance(2)
    [node] = [node async for node in client.nodes.list("farm", filter="state eq 'waitingforstarttask'")]
    assert node.start_task_info is not None
    assert node.start_task_info.state == "running"
    working.emulator.clock.advance(10)
    [node] = [node async for node in client.nodes.list("farm")]
    assert node.start_task_info is not None
    assert (node.state, node.start_task_info.exit_code) == ("idle", 0)
    await client.pools.create({**body, "id": "bad", "startTask": {"commandLine": "exit 1", "maxTaskRetryCount": 2}})
    working.emulator.clock.advance(10)
    [node] = [node async for node in client.nodes.list("bad")]
    assert node.start_task_info is not None
    assert (node.state, node.start_task_info.retry_count) == ("starttaskfailed", 2)


async def test_multi_instance_tasks(client: BatchClient, working: Wire) -> None:
    await farm(client, working, nodes=2)
    await job(client)
    settings = {"numberOfInstances": 3, "coordinationCommandLine": "true"}
    await add(client, "t", multiInstanceSettings=settings)
    working.emulator.clock.advance(2)
    assert (await task(client)).state == "active"
    await client.pools.resize("farm", {"targetDedicatedNodes": 3})
    working.emulator.clock.advance(4)
    assert (await task(client)).state == "running"
    subtasks = [subtask async for subtask in client.tasks.list_subtasks("job", "t")]
    assert [(subtask.id, subtask.state) for subtask in subtasks] == [(1, "running"), (2, "running")]


async def test_a_job_manager(client: BatchClient, working: Wire) -> None:
    await farm(client, working)
    await job(client, jobManagerTask={"id": "boss", "commandLine": "sleep 3"})
    working.emulator.clock.advance(1)
    assert await states(client) == {"boss": "running"}
    working.emulator.clock.advance(5)
    found = await client.jobs.get("job")
    assert found.execution_info is not None
    assert (found.state, found.execution_info.terminate_reason) == ("completed", "JMComplete")


async def test_the_end_of_a_manager_ends_the_others_once(client: BatchClient, working: Wire) -> None:
    await farm(client, working, taskSlotsPerNode=2)
    await job(client, jobManagerTask={"id": "boss", "commandLine": "sleep 100"})
    await add(client, "t", line="sleep 100")
    working.emulator.clock.advance(1)
    [node] = [node async for node in client.nodes.list("farm")]
    await client.nodes.reboot("farm", str(node.id), {"nodeRebootOption": "terminate"})
    assert await states(client) == {"boss": "completed", "t": "completed"}
    counts = (await client.jobs.get_task_counts("job")).task_counts
    assert counts is not None
    assert (counts.completed, counts.failed) == (2, 2)


async def test_terminate_and_reactivate(client: BatchClient, working: Wire) -> None:
    await farm(client, working)
    await job(client)
    await add(client, "t", "other")
    working.emulator.clock.advance(1)
    with pytest.raises(StateConflictError, match="TaskNotCompleted"):
        await client.tasks.reactivate("job", "t")
    await client.tasks.terminate("job", "t")
    await client.tasks.terminate("job", "other")
    ended = await task(client)
    assert ended.execution_info is not None
    assert (ended.state, ended.execution_info.exit_code) == ("completed", 137)
    with pytest.raises(StateConflictError, match="TaskCompleted"):
        await client.tasks.terminate("job", "t")
    await client.tasks.reactivate("job", "t")
    assert (await task(client)).state == "active"
    working.emulator.clock.advance(20)
    with pytest.raises(StateConflictError, match="TaskSucceeded"):
        await client.tasks.reactivate("job", "t")
    counts = (await client.jobs.get_task_counts("job")).task_counts
    assert counts is not None
    assert (counts.succeeded, counts.failed) == (1, 1)


async def test_an_auto_pool(client: BatchClient, working: Wire) -> None:
    auto = {
        "autoPoolIdPrefix": "mine-",
        "poolLifetimeOption": "job",
        "pool": {"vmSize": "a", "targetDedicatedNodes": 1},
    }
    await client.jobs.create({"id": "job", "poolInfo": {"autoPoolSpecification": auto}})
    await add(client, "t")
    working.emulator.clock.advance(20)
    assert (await task(client)).state == "completed"
    found = await client.jobs.get("job")
    assert found.execution_info is not None
    assert str(found.execution_info.pool_id).startswith("MINE-")
    assert len([pool async for pool in client.pools.list()]) == 1
    await client.jobs.terminate("job")
    working.emulator.clock.advance(5)
    assert [pool async for pool in client.pools.list()] == []


async def test_a_thousand_tasks(client: BatchClient, working: Wire) -> None:
    await farm(client, working, nodes=10, taskSlotsPerNode=4)
    await job(client, onAllTasksComplete="noaction")
    tasks = [{"id": str(number), "commandLine": "sleep 1"} for number in range(1000)]
    await client.tasks.submit("job", tasks)
    await client.jobs.update("job", {"onAllTasksComplete": "terminatejob"})
    working.emulator.clock.advance(60)
    counts = (await client.jobs.get_task_counts("job")).task_counts
    assert counts is not None
    assert (counts.active, counts.running, counts.succeeded) == (0, 0, 1000)
    found = await client.jobs.get("job")
    assert found.execution_info is not None
    assert (found.state, found.execution_info.terminate_reason) == ("completed", "AllTasksComplete")
