"""Operations on nodes and on the files of nodes and tasks."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from batchio import BatchClient, StateConflictError, models

from .wire import Reply, Wire

MACHINE = {
    "imageReference": {"publisher": "canonical", "offer": "jammy", "sku": "22_04-lts"},
    "nodeAgentSKUId": "batch.node.ubuntu 22.04",
    "extensions": [{"name": "Ext", "publisher": "p", "type": "t", "protectedSettings": {"key": "hunter2"}}],
}


async def farm(client: BatchClient, working: Wire, nodes: int = 1, **more: Any) -> str:
    """A pool with nodes; gives the path of the first one."""
    body = {"id": "pool", "vmSize": "a", "targetDedicatedNodes": nodes, "virtualMachineConfiguration": MACHINE, **more}
    await client.pools.create(body)
    working.emulator.clock.advance(5)
    [first, *_] = [node async for node in client.nodes.list("pool")]
    return str(first.id)


async def work(client: BatchClient, working: Wire, line: str = "sleep 60") -> None:
    await client.jobs.create({"id": "job", "poolInfo": {"poolId": "pool"}})
    await client.tasks.create("job", {"id": "t", "commandLine": line})
    working.emulator.clock.advance(1)


async def act(working: Wire, node: str, verb: str, body: object = None) -> Reply:
    return await working.call("POST", f"/pools/pool/nodes/{node}/{verb}", body)


async def state(client: BatchClient, node: str) -> str:
    return str((await client.nodes.get("pool", node)).state)


async def test_what_is_not_there(working: Wire, client: BatchClient) -> None:
    missing = await working.get("/pools/none/nodes")
    assert (missing.status, missing.code) == (404, "PoolNotFound")
    await client.pools.create({"id": "pool", "vmSize": "a"})
    assert (await working.get("/pools/pool/nodes")).items == []
    for path in ("", "/files", "/files/a", "/extensions", "/remoteloginsettings"):
        reply = await working.get(f"/pools/pool/nodes/none{path}")
        assert (reply.status, reply.code) == (404, "NodeNotFound")


async def test_reboot(client: BatchClient, working: Wire) -> None:
    node = await farm(client, working)
    await work(client, working)
    booted = (await client.nodes.get("pool", node)).last_boot_time
    await client.nodes.reboot("pool", node)
    assert await state(client, node) == "rebooting"
    task = await client.tasks.get("job", "t")
    assert task.execution_info is not None
    assert (task.state, task.execution_info.requeue_count) == ("active", 1)
    busy = await act(working, node, "reboot")
    assert (busy.status, busy.code) == (409, "NodeBeingRebooted")
    working.emulator.clock.advance(1.1)
    assert await state(client, node) == "starting"
    assert (await act(working, node, "reimage")).code == "NodeBeingStarted"
    working.emulator.clock.advance(2)
    found = await client.nodes.get("pool", node)
    assert found.state == "running"
    assert found.last_boot_time is not None
    assert booted is not None
    assert found.last_boot_time > booted


async def test_reimage_when_the_tasks_are_done(client: BatchClient, working: Wire) -> None:
    node = await farm(client, working)
    await work(client, working)
    await client.nodes.reimage("pool", node, {"nodeReimageOption": "taskcompletion"})
    assert await state(client, node) == "running"
    assert (await act(working, node, "reboot")).code == "OperationInvalidForCurrentState"
    working.emulator.clock.advance(60)
    assert await state(client, node) == "reimaging"
    assert (await client.tasks.get("job", "t")).state == "completed"
    working.emulator.clock.advance(5)
    assert await state(client, node) == "idle"


async def test_deallocate_and_start(client: BatchClient, working: Wire) -> None:
    node = await farm(client, working)
    await work(client, working)
    refused = await act(working, node, "start")
    assert (refused.status, refused.code) == (409, "OperationInvalidForCurrentState")
    await client.nodes.deallocate("pool", node, {"nodeDeallocateOption": "terminate"})
    assert await state(client, node) == "deallocating"
    assert (await client.tasks.get("job", "t")).state == "completed"
    working.emulator.clock.advance(2)
    assert await state(client, node) == "deallocated"
    assert (await act(working, node, "uploadbatchservicelogs", {"containerUrl": "u"})).status == 400
    assert (await working.get(f"/pools/pool/nodes/{node}/remoteloginsettings")).code == "OperationNotValidOnNode"
    await client.nodes.start("pool", node)
    assert await state(client, node) == "starting"
    working.emulator.clock.advance(2)
    assert await state(client, node) == "idle"


async def test_scheduling(client: BatchClient, working: Wire) -> None:
    node = await farm(client, working)
    with pytest.raises(StateConflictError, match="NodeAlreadyInTargetSchedulingState"):
        await client.nodes.enable_scheduling("pool", node)
    await work(client, working)
    await client.nodes.disable_scheduling("pool", node)
    assert (await client.tasks.get("job", "t")).state == "active"
    working.emulator.clock.advance(1)
    found = await client.nodes.get("pool", node)
    assert (found.state, found.scheduling_state) == ("offline", "disabled")
    again = await act(working, node, "disablescheduling", {})
    assert (again.status, again.code) == (409, "NodeAlreadyInTargetSchedulingState")
    await client.nodes.enable_scheduling("pool", node)
    working.emulator.clock.advance(1)
    assert await state(client, node) == "running"


async def test_users(client: BatchClient, working: Wire) -> None:
    node = await farm(client, working)
    await client.nodes.create_user("pool", node, models.ComputeNodeUser(name="Me", password="hunter2"))
    again = await act(working, node, "users", {"name": "ME", "password": "x"})
    assert (again.status, again.code) == (409, "NodeUserExists")
    await client.nodes.replace_user("pool", node, "me", {"sshPublicKey": "ssh-rsa AAAA"})
    bare = await working.call("PUT", f"/pools/pool/nodes/{node}/users/me", {})
    assert (bare.status, bare.values["PropertyName"]) == (400, "password")
    missing = await working.call("PUT", f"/pools/pool/nodes/{node}/users/you", {"password": "x"})
    assert (missing.status, missing.code) == (404, "NodeUserNotFound")
    long = await act(working, node, "users", {"name": "x" * 21, "password": "x"})
    assert long.values["PropertyName"] == "name"
    await client.nodes.delete_user("pool", node, "ME")
    gone = await working.call("DELETE", f"/pools/pool/nodes/{node}/users/me")
    assert (gone.status, gone.code) == (404, "NodeUserNotFound")


async def test_a_windows_node_takes_no_ssh_key(client: BatchClient, working: Wire) -> None:
    machine = {**MACHINE, "nodeAgentSKUId": "batch.node.windows amd64"}
    node = await farm(client, working, virtualMachineConfiguration=machine)
    reply = await act(working, node, "users", {"name": "me", "password": "x", "sshPublicKey": "k"})
    assert reply.values["PropertyName"] == "sshPublicKey"


async def test_login_extensions_and_logs(client: BatchClient, working: Wire) -> None:
    node = await farm(client, working)
    settings = await client.nodes.get_remote_login_settings("pool", node)
    assert (settings.remote_login_ip_address, settings.ipv6_remote_login_port) == ("127.0.0.1", None)
    [extension] = [found async for found in client.nodes.list_extensions("pool", node)]
    assert extension.vm_extension is not None
    assert extension.vm_extension.name == "Ext"
    got = await working.get(f"/pools/pool/nodes/{node}/extensions/ext")
    assert b"hunter" not in got.body
    assert got.json["provisioningState"] == "Succeeded"
    assert (await working.get(f"/pools/pool/nodes/{node}/extensions/none")).status == 404
    start = datetime(2024, 7, 1, 9, tzinfo=UTC)
    sent = models.UploadBatchServiceLogsConfiguration(container_url="https://x/y?sig=z", start_time=start)
    result = await client.nodes.upload_logs("pool", node, sent)
    assert result.number_of_files_uploaded == 4
    backwards = {"containerUrl": "u", "startTime": "2024-07-02T00:00:00Z", "endTime": "2024-07-01T00:00:00Z"}
    reply = await act(working, node, "uploadbatchservicelogs", backwards)
    assert reply.values["PropertyName"] == "endTime"


async def test_filters(client: BatchClient, working: Wire) -> None:
    await farm(client, working, nodes=2, startTask={"commandLine": "true"})
    await work(client, working)
    for text, number in {
        "state eq 'running'": 1,
        "state eq 'idle' and startTaskInfo/exitCode eq 0": 1,
        "startTaskInfo/result eq 'success'": 2,
        "lastBootTime gt datetime'2030-01-01T00:00:00Z'": 0,
    }.items():
        assert len((await working.get("/pools/pool/nodes", _filter=text)).items) == number, text
    assert (await working.get("/pools/pool/nodes", _filter="id eq 'a'")).status == 400


LINE = "sh -c 'echo hello; echo bad >&2; echo one > out.txt; echo two >> out.txt; echo x > sub/a'"


async def test_task_files(client: BatchClient, working: Wire) -> None:
    await farm(client, working)
    await work(client, working, LINE)
    working.emulator.clock.advance(1)
    top = {file.name: file.is_directory async for file in client.tasks.list_files("job", "t")}
    assert top == {"stdout.txt": False, "stderr.txt": False, "wd": True}
    every = [file.name async for file in client.tasks.list_files("job", "t", recursive=True)]
    assert every == ["stderr.txt", "stdout.txt", "wd", "wd/out.txt", "wd/sub/a"]
    some = [f.name async for f in client.tasks.list_files("job", "t", recursive=True, filter="startswith(name, 'wd/')")]
    assert some == ["wd/out.txt", "wd/sub/a"]
    async with client.tasks.get_file("job", "t", "wd/out.txt") as stream:
        assert await stream.read() == b"one\ntwo\n"
    async with client.tasks.get_file("job", "t", "stdout.txt", start=1, end=3) as stream:
        assert await stream.read() == b"el"
    properties = await client.tasks.get_file_properties("job", "t", "stdout.txt")
    assert (properties.content_length, properties.is_directory) == (6, False)
    await client.tasks.delete_file("job", "t", "stdout.txt")
    for method in ("GET", "DELETE"):
        gone = await working.call(method, "/jobs/job/tasks/t/files/stdout.txt")
        assert (gone.status, gone.code) == (404, "FileNotFound")
    full = await working.call("DELETE", "/jobs/job/tasks/t/files/wd")
    assert (full.status, full.code) == (409, "OperationInvalidForCurrentState")
    await client.tasks.delete_file("job", "t", "wd", recursive=True)
    assert [file.name async for file in client.tasks.list_files("job", "t", recursive=True)] == ["stderr.txt"]


async def test_ranges_and_dates(client: BatchClient, working: Wire) -> None:
    await farm(client, working)
    await work(client, working, "echo 0123456789")
    path = "/jobs/job/tasks/t/files/stdout.txt"
    for span, status, body in [
        ("bytes=0-3", 200, b"0123"),
        ("bytes=8-", 200, b"89\n"),
        ("bytes=8-99", 200, b"89\n"),
        ("bytes=11-12", 416, None),
        ("bytes=3-2", 416, None),
        ("3-4", 400, None),
    ]:
        reply = await working.call("GET", path, headers={"ocp-range": span})
        assert reply.status == status, span
        assert body is None or reply.body == body
    whole = await working.call("GET", path)
    assert whole.headers["Content-Type"] == "application/octet-stream"
    assert whole.headers["ocp-batch-file-url"].endswith(path)
    later = {"If-Modified-Since": whole.headers["Last-Modified"]}
    same = await working.call("GET", path, headers=later)
    assert (same.status, same.headers["ETag"]) == (304, whole.headers["ETag"])
    earlier = {"If-Unmodified-Since": "Mon, 01 Jul 2024 11:00:00 GMT"}
    assert (await working.call("GET", path, headers=earlier)).status == 412
    head = await working.call("HEAD", path)
    assert (head.status, head.headers["Content-Length"], head.body) == (200, "11", b"")
    assert head.headers["ocp-batch-file-isdirectory"] == "false"
    assert (await working.call("HEAD", "/jobs/job/tasks/t/files/wd")).headers["ocp-batch-file-isdirectory"] == "true"


async def test_files_that_cannot_be_reached(client: BatchClient, working: Wire) -> None:
    node = await farm(client, working)
    await client.jobs.create({"id": "job", "poolInfo": {"poolId": "pool"}})
    await client.tasks.create("job", {"id": "t", "commandLine": "true", "constraints": {"retentionTime": "PT1H"}})
    early = await working.get("/jobs/job/tasks/t/files")
    assert (early.status, early.code) == (409, "TaskFilesUnavailable")
    working.emulator.clock.advance(3)
    assert (await working.get("/jobs/job/tasks/t/files")).status == 200
    working.emulator.clock.advance(3700)
    late = await working.get("/jobs/job/tasks/t/files")
    assert (late.status, late.code) == (409, "TaskFilesCleanedup")
    await client.pools.remove_nodes("pool", {"nodeList": [node]})
    gone = await working.get("/jobs/job/tasks/t/files/stdout.txt")
    assert (gone.status, gone.code) == (409, "TaskFilesUnavailable")


async def test_node_files(client: BatchClient, working: Wire) -> None:
    node = await farm(client, working, startTask={"commandLine": "echo started"})
    await work(client, working, LINE)
    every = [file.name async for file in client.nodes.list_files("pool", node, recursive=True)]
    assert {"startup/stdout.txt", "workitems/job/job-1/t/wd/out.txt", "shared"} <= set(every)
    async with client.nodes.get_file("pool", node, "startup/stdout.txt") as stream:
        assert await stream.read() == b"started\n"
    task = await client.tasks.get("job", "t")
    assert task.node_info is not None
    assert task.node_info.task_root_directory in every
    properties = await client.nodes.get_file_properties("pool", node, "startup/stdout.txt")
    assert properties.content_length == 8
    await client.nodes.delete_file("pool", node, "startup", recursive=True)
    assert not [f async for f in client.nodes.list_files("pool", node, filter="startswith(name, 'startup')")]
    number = await working.call("GET", f"/pools/pool/nodes/{node}/files", query={"recursive": "true"})
    assert isinstance(number.items[-1]["properties"]["contentLength"], str)


async def test_without_nodes_there_are_no_files(wire: Wire) -> None:
    await wire.job()
    await wire.add("job", "t")
    reply = await wire.get("/jobs/job/tasks/t/files/stdout.txt")
    assert (reply.status, reply.code) == (409, "TaskFilesUnavailable")


async def test_tags_and_urls(client: BatchClient, working: Wire) -> None:
    node = await farm(client, working)
    path = f"/pools/pool/nodes/{node}"
    before = await working.get(path)
    changed = await act(working, node, "disablescheduling")
    assert changed.headers["ETag"] != before.headers["ETag"]
    after, again = await working.get(path), await working.get(path)
    assert after.headers["ETag"] == again.headers["ETag"]
    assert changed.headers["DataServiceId"].endswith(path)
    assert "Last-Modified" in changed.headers
    head = await working.call("HEAD", f"{path}/files/shared")
    assert head.headers["ETag"].startswith("0x")


async def test_a_user_with_a_strange_name(client: BatchClient, working: Wire) -> None:
    node = await farm(client, working)
    made = await act(working, node, "users", {"name": "a\nb ü", "password": "x"})
    assert made.status == 201
    assert made.headers["DataServiceId"].endswith("/users/a%0Ab%20%C3%BC")
    path = f"/pools/pool/nodes/{node}/users/a%0Ab%20%C3%BC"
    assert (await working.call("DELETE", path)).status == 200
