"""Tasks that really run: processes of this machine, driven by our own client."""

from __future__ import annotations

import contextlib
import os
import signal
import ssl
import sys
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio
import trustme
from aiohttp import web

from batchio import (
    BatchClient,
    ClientAuthenticationError,
    ConfigurationError,
    ResourceNotFoundError,
    StateConflictError,
)
from batchio.emulator import Emulator
from batchio.emulator.processes.real_files import DEEPEST
from batchio.emulator.processes.roots import RECORDS, Root

from .process_farm import TREE, Farm, alive, are_gone, script


@pytest_asyncio.fixture
async def farm(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Farm]:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    async with (
        Emulator(nodes="process", auth="loose") as emulator,
        BatchClient(emulator.endpoint, emulator.credential) as client,
    ):
        yield Farm(emulator, client)
    # Nothing is left of the nodes.
    assert os.listdir(tmp_path / f"batchio-nodes-{os.getuid()}") == ["lock"]  # noqa: PTH208 - names


@pytest_asyncio.fixture
async def files() -> AsyncIterator[str]:
    """A server of resource files; gives its URL."""

    async def answer(request: web.BaseRequest) -> web.StreamResponse:
        status = int(name) if (name := request.path[1:]).isdigit() else 200
        headers = {"Location": "file:///etc/hostname"} if status == 302 else {}
        return web.Response(status=status, headers=headers, body=f"content of {name}\n".encode())

    runner = web.ServerRunner(web.Server(answer))
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    yield f"http://127.0.0.1:{runner.addresses[0][1]}"
    await runner.cleanup()


async def test_a_task_runs(farm: Farm) -> None:
    await farm.pool()
    await farm.job()
    info = await farm.run(script("echo hello; echo bad >&2; mkdir -p sub; echo x > sub/a; exit 3"))
    assert (info.exit_code, info.result) == (3, "failure")
    assert info.failure_info is not None
    assert (info.failure_info.category, info.failure_info.code) == ("usererror", "FailureExitCode")
    assert info.start_time is not None
    assert info.end_time is not None
    assert info.start_time < info.end_time
    found = {file.name: file.is_directory async for file in farm.client.tasks.list_files("job", "t", recursive=True)}
    assert found == {"stdout.txt": False, "stderr.txt": False, "wd": True, "wd/sub": True, "wd/sub/a": False}
    top = [file.name async for file in farm.client.tasks.list_files("job", "t")]
    assert top == ["stderr.txt", "stdout.txt", "wd"]
    assert await farm.read() == "hello\n"
    assert await farm.read("stderr.txt") == "bad\n"
    assert await farm.read(start=1, end=4) == "ell"
    properties = await farm.client.tasks.get_file_properties("job", "t", "wd/sub/a")
    assert (properties.content_length, properties.is_directory) == (2, False)
    await farm.client.tasks.delete_file("job", "t", "wd", recursive=True)
    assert [file.name async for file in farm.client.tasks.list_files("job", "t", recursive=True)] == top[:2]
    node = await farm.node()
    every = {file.name async for file in farm.client.nodes.list_files("farm", node, recursive=True)}
    assert {"shared", "startup", "workitems/job/job-1/t/stdout.txt"} <= every
    async with farm.client.nodes.get_file("farm", node, "workitems/job/job-1/t/stdout.txt") as stream:
        assert await stream.read() == b"hello\n"


async def test_the_environment(farm: Farm, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AZURE_BATCH_ACCESS_KEY", "hunter2")
    await farm.pool()
    common = [{"name": "A", "value": "job"}, {"name": "B", "value": "job"}]
    await farm.job(commonEnvironmentSettings=common, jobPreparationTask={"commandLine": "true"})
    own = [{"name": "A", "value": "task $HOME"}]
    await farm.run("env", environmentSettings=own, authenticationTokenSettings={"access": ["job"]})
    found = dict(line.split("=", 1) for line in (await farm.read()).splitlines())
    token = found.pop("AZ_BATCH_AUTHENTICATION_TOKEN")
    root = Path(found["AZ_BATCH_NODE_ROOT_DIR"])
    task, prepared = root / "workitems/job/job-1/t", root / "workitems/job/job-1/jobpreparation"
    assert found == {
        "PATH": os.environ["PATH"],
        "LANG": "C.UTF-8",
        "HOME": str(task / "wd"),
        "A": "task $HOME",
        "B": "job",
        "AZ_BATCH_ACCOUNT_NAME": "batchdev",
        "AZ_BATCH_ACCOUNT_URL": f"{farm.emulator.endpoint}/",
        "AZ_BATCH_POOL_ID": "farm",
        "AZ_BATCH_NODE_ID": await farm.node(),
        "AZ_BATCH_NODE_IS_DEDICATED": "true",
        "AZ_BATCH_NODE_ROOT_DIR": str(root),
        "AZ_BATCH_NODE_SHARED_DIR": str(root / "shared"),
        "AZ_BATCH_NODE_STARTUP_DIR": str(root / "startup"),
        "AZ_BATCH_JOB_ID": "job",
        "AZ_BATCH_JOB_PREP_DIR": str(prepared),
        "AZ_BATCH_JOB_PREP_WORKING_DIR": str(prepared / "wd"),
        "AZ_BATCH_TASK_ID": "t",
        "AZ_BATCH_TASK_DIR": str(task),
        "AZ_BATCH_TASK_WORKING_DIR": str(task / "wd"),
    }
    monkeypatch.setenv("AZ_BATCH_ACCOUNT_URL", found["AZ_BATCH_ACCOUNT_URL"])
    monkeypatch.setenv("AZ_BATCH_AUTHENTICATION_TOKEN", token)
    for name in ("ACCESS_KEY", "ENDPOINT", "ACCOUNT"):
        monkeypatch.delenv(f"AZURE_BATCH_{name}", raising=False)
    async with BatchClient.from_environment() as client:
        assert (await client.jobs.get("job")).id == "job"
        # It is good for the job of the task and nothing else.
        with pytest.raises(ClientAuthenticationError, match="InsufficientAccountPermissions"):
            await client.pools.get("farm")


async def test_limits_that_every_task_has(farm: Farm) -> None:
    await farm.pool()
    await farm.job()
    # Which files it finds open, too.
    await farm.run(
        script(
            "ulimit -c; ulimit -n; for fd in 0 1 2 3 4 5 6 7; do { true >&$fd; } 2>/dev/null && echo $fd; done; true"
        )
    )
    core, files, *others = (await farm.read()).split()
    assert core == "0"
    assert int(files) <= 4096
    # Standard input, output and error, and no way to the service.
    assert others == ["0", "1", "2"]


async def test_what_cannot_start(farm: Farm) -> None:
    lines = {
        "no-such-program-anywhere --help": "CommandProgramNotFound",
        "./not-there": "CommandProgramNotFound",
        "": "CommandProgramNotFound",
        "sh -c 'no end": "CommandLaunchFailed",
        "/": "CommandLaunchFailed",
    }
    await farm.pool()
    await farm.job(constraints={"maxTaskRetryCount": 3})
    for number, (line, code) in enumerate(lines.items()):
        info = await farm.run(line, str(number))
        assert info.failure_info is not None
        assert (info.exit_code, info.result, info.retry_count) == (None, "failure", 0)
        assert info.failure_info.code == code, line


async def test_a_command_line_that_is_too_long(farm: Farm) -> None:
    """Others are answered meanwhile: the time that it takes to split one grows with the square of its length."""
    await farm.pool()
    await farm.job()
    info = await farm.run(f"echo {'a' * 900_000}")
    assert info.failure_info is not None
    assert info.failure_info.code == "CommandLaunchFailed"
    assert info.failure_info.details is not None
    assert "131072 characters" in str(info.failure_info.details[0].value)
    assert (await farm.run(f"true {'a ' * 60_000}", "long")).exit_code == 0


async def test_failures_before_the_process_have_their_own_exit_condition(farm: Farm) -> None:
    await farm.pool()
    await farm.job(usesTaskDependencies=True)
    options = {"preProcessingError": {"dependencyAction": "satisfy"}, "default": {"dependencyAction": "block"}}
    await farm.add("no-such-program", "first", exitConditions=options)
    assert (await farm.run("true", dependsOn={"taskIds": ["first"]})).exit_code == 0


async def test_retries_keep_the_folder(farm: Farm) -> None:
    await farm.pool()
    await farm.job(constraints={"maxTaskRetryCount": 5})
    info = await farm.run(script("echo x >> tries; test $(wc -l < tries) -eq 3"))
    assert (info.exit_code, info.retry_count, info.result) == (0, 2, "success")


async def test_termination_kills_the_whole_group(farm: Farm) -> None:
    await farm.pool()
    await farm.job()
    await farm.add(TREE)
    await farm.is_state("running")
    pids = (await farm.lines(1))[0].split()
    assert all(alive(int(pid)) for pid in pids)
    await farm.client.tasks.terminate("job", "t")
    info = await farm.done()
    assert info.failure_info is not None
    assert (info.exit_code, info.failure_info.code) == (137, "TaskEnded")
    await are_gone(*pids)


async def test_who_ignores_the_first_signal_is_killed(farm: Farm) -> None:
    await farm.pool()
    await farm.job()
    await farm.add(script('trap "echo asked" TERM; echo $$; while :; do sleep 0.05; done'))
    await farm.is_state("running")
    [pid, *_] = await farm.lines(1)
    await farm.client.tasks.terminate("job", "t")
    assert (await farm.lines(2))[1] == "asked"
    await are_gone(pid)


async def test_what_a_task_leaves_behind_ends_with_it(farm: Farm) -> None:
    await farm.pool()
    await farm.job()
    info = await farm.run(script("sleep 1000 & echo $!"))
    assert info.exit_code == 0
    await are_gone((await farm.read()).strip())


async def test_a_limit_on_the_emulator_s_clock(farm: Farm) -> None:
    await farm.pool()
    await farm.job()
    await farm.add(TREE, constraints={"maxWallClockTime": "PT1H", "maxTaskRetryCount": 2})
    await farm.is_state("running")
    pids = (await farm.lines(1))[0].split()
    farm.emulator.clock.advance(3601)
    # Nobody has to ask for it to happen.
    await are_gone(*pids)


async def test_a_job_that_is_disabled_and_goes_on(farm: Farm) -> None:
    await farm.pool()
    await farm.job()
    await farm.add(script("echo $$ >> pids; echo there; test $(wc -l < pids) -eq 2 || sleep 1000"))
    # It is running a little before its process does anything.
    await farm.lines(1)
    await farm.client.jobs.disable("job", {"disableTasks": "requeue"})
    await farm.is_state("active")
    await farm.job_is("disabled")
    await farm.client.jobs.enable("job")
    info = await farm.done()
    # The folder is as the first run has left it, which was dead by then.
    assert (info.exit_code, info.requeue_count) == (0, 1)


@pytest.mark.parametrize("verb", ["job", "task", "pool", "reboot", "terminate"])
async def test_whatever_ends_a_task_kills_it(farm: Farm, verb: str) -> None:
    await farm.pool()
    await farm.job()
    await farm.add(TREE)
    await farm.is_state("running")
    pids = (await farm.lines(1))[0].split()
    acts: dict[str, Callable[[], Awaitable[Any]]] = {
        "job": lambda: farm.client.jobs.delete("job"),
        "task": lambda: farm.client.tasks.delete("job", "t"),
        "pool": lambda: farm.client.pools.delete("farm"),
        "terminate": lambda: farm.client.jobs.terminate("job"),
    }
    if verb == "reboot":
        await farm.client.nodes.reboot("farm", await farm.node(), {"nodeRebootOption": "terminate"})
    else:
        await acts[verb]()
    await are_gone(*pids)


async def test_preparation_release_and_start_tasks(farm: Farm, tmp_path: Path) -> None:
    released = tmp_path / "released"
    start = {"commandLine": script("echo tools > $AZ_BATCH_NODE_SHARED_DIR/tools"), "waitForSuccess": True}
    await farm.pool(startTask=start)
    await farm.job(
        jobPreparationTask={"commandLine": script("cat $AZ_BATCH_NODE_SHARED_DIR/tools > data")},
        jobReleaseTask={"commandLine": script(f"echo $AZ_BATCH_TASK_ID > {released}; exit 4")},
    )
    await farm.run(script("cat $AZ_BATCH_JOB_PREP_WORKING_DIR/data"))
    assert await farm.read() == "tools\n"
    [node] = [node async for node in farm.client.nodes.list("farm")]
    assert node.start_task_info is not None
    assert (node.start_task_info.state, node.start_task_info.exit_code) == ("completed", 0)
    await farm.client.jobs.terminate("job")
    await farm.job_is("completed")
    assert released.read_text() == "jobrelease\n"
    [status] = [s async for s in farm.client.jobs.list_preparation_and_release_task_status("job")]
    preparation, release = status.job_preparation_task_execution_info, status.job_release_task_execution_info
    assert preparation is not None
    assert release is not None
    assert (preparation.exit_code, preparation.result) == (0, "success")
    assert (release.exit_code, release.result) == (4, "failure")


async def test_special_tasks_that_fail(farm: Farm) -> None:
    bad = {"commandLine": script("echo x >> tries; exit 1"), "maxTaskRetryCount": 2, "waitForSuccess": True}
    body = {"id": "bad", "vmSize": "a", "targetDedicatedNodes": 1, "startTask": bad}
    await farm.client.pools.create(body)
    await farm.pool()

    async def failed() -> bool:
        nodes = [node async for node in farm.client.nodes.list("bad", filter="state eq 'starttaskfailed'")]
        return bool(nodes) and nodes[0].start_task_info is not None and nodes[0].start_task_info.retry_count == 2

    await farm.until(failed)
    await farm.job(jobPreparationTask={"commandLine": "no-such-program", "constraints": {"maxTaskRetryCount": 1}})
    await farm.add("true")

    async def shunned() -> bool:
        found = [s async for s in farm.client.jobs.list_preparation_and_release_task_status("job")]
        info = found[0].job_preparation_task_execution_info if found else None
        return info is not None and info.failure_info is not None

    await farm.until(shunned)
    await farm.is_state("active")


async def test_a_multi_instance_task_runs_on_its_first_node(farm: Farm) -> None:
    await farm.pool(nodes=2)
    await farm.job()
    settings = {"numberOfInstances": 2, "coordinationCommandLine": "true"}
    await farm.run(script("echo $AZ_BATCH_NODE_ID"), multiInstanceSettings=settings)
    task = (await farm.task())[0]
    assert task.node_info is not None
    assert await farm.read() == f"{task.node_info.node_id}\n"
    assert [subtask.id async for subtask in farm.client.tasks.list_subtasks("job", "t")] == [1]


@pytest.mark.slow
async def test_a_job_manager_adds_tasks(farm: Farm, tmp_path: Path) -> None:
    program = (
        "import asyncio\n"
        "from batchio import BatchClient\n"
        "async def main():\n"
        "    async with BatchClient.from_environment() as client:\n"
        "        await client.tasks.create('job', {'id': 't', 'commandLine': 'echo made'})\n"
        "asyncio.run(main())\n"
    )
    (tmp_path / "manager.py").write_text(program)
    await farm.pool(taskSlotsPerNode=2)
    await farm.job(
        jobManagerTask={
            "id": "manager",
            "commandLine": f"{sys.executable} manager.py",
            "killJobOnCompletion": False,
            "authenticationTokenSettings": {"access": ["job"]},
            "environmentSettings": [{"name": "PYTHONPATH", "value": str(Path(__file__).parents[2])}],
            "resourceFiles": [{"httpUrl": (tmp_path / "manager.py").as_uri(), "filePath": "manager.py"}],
        }
    )
    assert (await farm.done("manager")).exit_code == 0, await farm.read("stderr.txt", "manager")
    assert (await farm.done()).exit_code == 0
    assert await farm.read() == "made\n"


async def test_a_job_does_not_wait_for_a_preparation_that_hangs(farm: Farm) -> None:
    await farm.pool()
    await farm.job(jobPreparationTask={"commandLine": "sleep 1000"})
    await farm.add("true")
    await farm.is_state("preparing")
    await farm.client.jobs.terminate("job")
    await farm.job_is("completed")


async def test_resource_files(farm: Farm, files: str, tmp_path: Path) -> None:
    (tmp_path / "run me.sh").write_text("#!/bin/sh\necho ran; cat deep/down/a.txt\n")
    await farm.pool()
    await farm.job()
    resources = [
        {"httpUrl": f"{files}/a?sig=secret", "filePath": "deep/down/a.txt"},
        {"httpUrl": (tmp_path / "run me.sh").as_uri(), "filePath": "./run.sh", "fileMode": "0700"},
    ]
    info = await farm.run("./run.sh", resourceFiles=resources)
    assert info.exit_code == 0
    assert await farm.read() == "ran\ncontent of a\n"
    properties = await farm.client.tasks.get_file_properties("job", "t", "wd/run.sh")
    assert str(properties.file_mode).endswith("700")


async def test_resource_files_over_tls(farm: Farm, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    authority = trustme.CA()
    authority.cert_pem.write_to_path(tmp_path / "ca.pem")
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    authority.issue_cert("127.0.0.1").configure_cert(context)

    async def answer(_: web.BaseRequest) -> web.StreamResponse:
        return web.Response(text="secret")

    runner = web.ServerRunner(web.Server(answer))
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0, ssl_context=context).start()
    file = {"httpUrl": f"https://127.0.0.1:{runner.addresses[0][1]}/", "filePath": "a"}
    await farm.pool()
    await farm.job()
    refused = await farm.run("cat a", "refused", resourceFiles=[file])
    assert refused.failure_info is not None
    await farm.emulator.stop()
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "ca.pem"))
    await farm.emulator.start()
    async with BatchClient(farm.emulator.endpoint, farm.emulator.credential) as client:
        again = Farm(farm.emulator, client)
        await again.run("cat a", resourceFiles=[file])
        assert await again.read() == "secret"
    await runner.cleanup()


async def test_files_go_when_their_time_has_come(farm: Farm) -> None:
    await farm.pool()
    await farm.job()
    await farm.run("pwd", constraints={"retentionTime": "PT1M"})
    folder = Path((await farm.read()).strip())
    farm.emulator.clock.advance(61)
    with pytest.raises(StateConflictError, match="TaskFilesCleanedup"):
        await farm.read()
    assert not folder.exists()  # noqa: ASYNC240 - a look


BAD_FILES = [
    ("http://[", "a", "BlobDownloadMiscError", "servererror"),
    ("//host/a", "a", "BlobDownloadMiscError", "servererror"),
    ("URL/404", "a", "BlobNotFound", "usererror"),
    ("URL/403", "a", "BlobAccessDenied", "usererror"),
    ("URL/302", "a", "BlobDownloadMiscError", "servererror"),
    ("URL/500", "a", "BlobDownloadMiscError", "servererror"),
    ("http://127.0.0.1:1/a", "a", "BlobDownloadMiscError", "servererror"),
    ("ftp://127.0.0.1/a", "a", "BlobDownloadMiscError", "servererror"),
    ("file:///no/such/file", "a", "BlobNotFound", "usererror"),
    ("file:///dev/zero", "a", "BlobNotFound", "usererror"),
    ("URL/a", "../a", "ResourceFileCreateFailed", "usererror"),
    ("URL/a", "sub/../../a", "ResourceFileCreateFailed", "usererror"),
    ("URL/a", "OUTSIDE/a", "ResourceFileCreateFailed", "usererror"),
    ("URL/a", ".", "ResourceFileCreateFailed", "usererror"),
    ("URL/a", "nul\0", "ResourceFileCreateFailed", "usererror"),
]


async def test_resource_files_that_fail(farm: Farm, files: str, tmp_path: Path) -> None:
    outside = tmp_path / "outside"
    outside.mkdir()
    await farm.pool(taskSlotsPerNode=4)
    await farm.job()
    for number, (url, path, _, _) in enumerate(BAD_FILES):
        file = {"httpUrl": url.replace("URL", files), "filePath": path.replace("OUTSIDE", str(outside))}
        await farm.add("true", str(number), resourceFiles=[file])
    for number, (*case, code, category) in enumerate(BAD_FILES):
        info = await farm.done(str(number))
        assert info.failure_info is not None
        found = (info.exit_code, info.failure_info.code, info.failure_info.category)
        assert found == (None, code, category), case
    info = await farm.run("true", resourceFiles=[{"autoStorageContainerName": "x"}])
    assert info.failure_info is not None
    assert info.failure_info.code == "BlobDownloadMiscError"
    assert not os.listdir(outside)  # noqa: PTH208 - names


@pytest.mark.parametrize("kind", ["folder", "file", "hard", "task"])
async def test_links_do_not_lead_out(farm: Farm, files: str, tmp_path: Path, kind: str) -> None:
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "file").write_text("mine")
    await farm.pool()
    await farm.job()
    plant = {
        "folder": f"mkdir -p $V/wd; ln -s {outside} $V/wd/link",
        "file": f"mkdir -p $V/wd/link; ln -s {outside}/file $V/wd/link/file",
        "hard": f"mkdir -p $V/wd/link; ln {outside}/file $V/wd/link/file",
        "task": f"ln -s {outside} $V",
    }[kind]
    await farm.run(script(f"V=$AZ_BATCH_NODE_ROOT_DIR/workitems/job/job-1/victim; {plant}"), "planter")
    info = await farm.run("true", "victim", resourceFiles=[{"httpUrl": f"{files}/a", "filePath": "link/file"}])
    assert (outside / "file").read_text() == "mine"
    assert os.listdir(outside) == ["file"]  # noqa: PTH208 - names
    # A hard link is no way out: its name gets another file.
    assert (info.failure_info is None) is (kind == "hard")


async def test_reading_does_not_leave_the_folder(farm: Farm, tmp_path: Path) -> None:
    (tmp_path / "secret").write_text("secret")
    await farm.pool()
    await farm.job()
    links = f"ln -s a here; ln -s {tmp_path} out; ln -s {tmp_path}/secret s; ln -s loop loop"
    await farm.run(script(f"echo in > a; {links}; mkfifo p"))
    names = {file.name async for file in farm.client.tasks.list_files("job", "t", recursive=True)}
    assert names == {"stdout.txt", "stderr.txt", "wd", "wd/a", "wd/here", "wd/p"}
    assert await farm.read("wd/here") == "in\n"
    for path in ("wd/p", "wd/loop", "wd/s", "wd/out/secret", "../t/stdout.txt", "wd/../stdout.txt", "..", "%00"):
        assert await farm.status(path) == 404, path
    await farm.client.tasks.delete_file("job", "t", "wd", recursive=True)
    assert (tmp_path / "secret").read_text() == "secret"


async def test_output_that_grows(farm: Farm) -> None:
    await farm.pool()
    await farm.job()
    size = 3_000_000
    code = f"import sys; sys.stdout.write(chr(65) * {size}); sys.stdout.flush(); import time; time.sleep(1000)"
    await farm.add(f'{sys.executable} -c "{code}"')
    await farm.is_state("running")

    async def there() -> bool:
        with contextlib.suppress(ResourceNotFoundError):
            return (await farm.client.tasks.get_file_properties("job", "t", "stdout.txt")).content_length == size
        return False

    await farm.until(there)
    assert await farm.read() == "A" * size
    assert await farm.read(start=size - 2) == "AA"
    assert (await farm.task())[0].state == "running"


async def test_files_go_with_their_task(farm: Farm) -> None:
    await farm.pool()
    await farm.job()
    await farm.run("pwd")
    folder = Path((await farm.read()).strip())
    await farm.client.tasks.delete("job", "t")
    assert not folder.exists()  # noqa: ASYNC240 - a look
    await farm.run("ls", "t")
    assert await farm.read() == ""
    await farm.client.jobs.delete("job")

    async def gone() -> bool:
        return not [job async for job in farm.client.jobs.list()]

    await farm.until(gone)
    assert not folder.exists()  # noqa: ASYNC240 - as above


async def test_a_reset_ends_everything(farm: Farm) -> None:
    await farm.pool()
    await farm.job()
    await farm.add(TREE)
    await farm.is_state("running")
    pids = (await farm.lines(1))[0].split()
    farm.emulator.reset()
    await are_gone(*pids)


async def test_a_lost_foreman_is_replaced(farm: Farm) -> None:
    await farm.pool()
    await farm.job()
    await farm.add(script("echo $PPID $$; sleep 1000 & echo $!; wait"))
    await farm.is_state("running")
    foreman, *pids = " ".join(await farm.lines(2)).split()
    os.kill(int(foreman), signal.SIGKILL)
    info = await farm.done()
    assert info.exit_code == 137
    await are_gone(*pids)
    assert (await farm.run("true", "after")).exit_code == 0


async def test_after_a_stop_what_ran_is_queued_again(farm: Farm) -> None:
    await farm.pool()
    await farm.job(jobPreparationTask={"commandLine": "true"})
    await farm.add(TREE)
    await farm.is_state("running")
    pids = (await farm.lines(1))[0].split()
    await farm.emulator.stop()
    assert not any(alive(int(pid)) for pid in pids)
    await farm.emulator.start()
    async with BatchClient(farm.emulator.endpoint, farm.emulator.credential) as client:
        again = Farm(farm.emulator, client)
        await again.is_state("running")
        assert (await again.task())[1].requeue_count == 1
        assert (await again.lines(1))[0].split() != pids


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux gives orphans to the foreman")
@pytest.mark.parametrize("how", ["ends", "is ended", "hides"])
async def test_who_leaves_the_group_ends_too(farm: Farm, how: str) -> None:
    code = "import os, sys, time; os.fork() and sys.exit(); os.setsid(); os.fork() and sys.exit(); "
    code += "open(sys.argv[1], chr(119)).write(str(os.getpid())); time.sleep(1000)"
    hidden = "env -i " if how == "hides" else ""
    daemon = f'{hidden}{sys.executable} -c "{code}" number; until [ -s number ]; do sleep 0.01; done; cat number; echo'
    await farm.pool()
    await farm.job()
    await farm.add(script(f"{daemon}; trap true TERM; {'sleep 1000' if how == 'is ended' else 'true'}"))
    pid = int((await farm.lines(1))[0])
    if how == "is ended":
        assert alive(pid)
        await farm.client.tasks.terminate("job", "t")
        await farm.done()
        await are_gone(str(pid))
        return
    await farm.done()
    assert alive(pid) is (how == "hides")
    await farm.emulator.stop()
    assert not alive(pid)


async def test_the_service_s_variables_are_its_own(farm: Farm) -> None:
    await farm.pool()
    taken = [{"name": name, "value": "mine"} for name in ("AZ_BATCH_NODE_ROOT_DIR", "AZ_BATCH_TASK_DIR", "HOME")]
    free = {"name": "AZ_BATCH_MINE", "value": "mine"}
    await farm.job(commonEnvironmentSettings=[*taken, free])
    await farm.run("env", environmentSettings=taken)
    found = [line.partition("=")[0] for line in (await farm.read()).splitlines() if line.endswith("=mine")]
    assert sorted(found) == ["AZ_BATCH_MINE", "HOME"]


async def test_what_goes_takes_nothing_outside_with_it(farm: Farm, tmp_path: Path) -> None:
    outside = tmp_path / "outside"
    (outside / "kept").mkdir(parents=True)
    (outside / "kept").chmod(0o755)
    (outside / "kept" / "file").write_text("mine")
    await farm.pool()
    await farm.job()
    # A task's own folder is a link; then the one above it is, too.
    await farm.run(script(f"T=$AZ_BATCH_TASK_DIR; mv $T $T.away; ln -s {outside} $T"))
    assert [file.name async for file in farm.client.tasks.list_files("job", "t", recursive=True)] == []
    await farm.client.tasks.delete("job", "t")
    await farm.run(script(f"cd $AZ_BATCH_TASK_DIR/../..; mv job-1 away; ln -s {outside} job-1"), "kept")
    for path in ("file", "stdout.txt"):
        with pytest.raises(ResourceNotFoundError):
            await farm.client.tasks.delete_file("job", "kept", path)
    assert [file.name async for file in farm.client.tasks.list_files("job", "kept", recursive=True)] == []
    await farm.client.tasks.delete("job", "kept")
    await farm.emulator.stop()
    assert (outside / "kept" / "file").read_text() == "mine"
    assert (outside / "kept").stat().st_mode & 0o777 == 0o755


async def test_names_that_are_none_and_trees_that_are_deep(farm: Farm) -> None:
    await farm.pool()
    await farm.job()
    code = f"import os; open(bytes([255]), chr(119)); [os.mkdir(chr(100)) or os.chdir(chr(100)) for _ in range({1200})]"
    assert (await farm.run(f'{sys.executable} -c "{code}"')).exit_code == 0
    names = [file.name async for file in farm.client.tasks.list_files("job", "t", recursive=True)]
    assert len(names) == 3 + DEEPEST
    await farm.client.tasks.delete_file("job", "t", "wd/d", recursive=True)
    assert [file.name async for file in farm.client.tasks.list_files("job", "t", recursive=True)] == [
        *("stderr.txt", "stdout.txt", "wd")
    ]
    assert (await farm.run(f'{sys.executable} -c "{code}"', "again")).exit_code == 0


async def test_a_node_boots_whatever_its_tasks_have_left(farm: Farm) -> None:
    await farm.pool()
    await farm.job()
    await farm.run(
        script("cd $AZ_BATCH_NODE_ROOT_DIR; rmdir shared; touch shared; rmdir applications; ln -s x applications")
    )
    await farm.client.nodes.reboot("farm", await farm.node())
    await farm.nodes_are("idle")
    assert (await farm.run("true", "after")).exit_code == 0


def test_a_root_beside_a_database_has_one_user(tmp_path: Path) -> None:
    db = str(tmp_path / "state.db")
    root = Root.claim(db)
    (root.nodes / "kept").mkdir()
    with pytest.raises(ConfigurationError, match="another service"):
        Root.claim(db)
    root.close()
    again = Root.claim(db)
    assert (again.nodes / "kept").is_dir()
    again.close()


def test_roots_of_services_that_live_are_let_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    first = Root.claim()
    second = Root.claim()
    assert first.nodes.is_dir()
    second.close()
    assert not second.path.exists()
    assert first.nodes.is_dir()
    # What its owner may not enter is removed, too.
    (first.nodes / "closed" / "below").mkdir(parents=True)
    (first.nodes / "closed").chmod(0)
    first.close()
    assert not first.path.exists()


def test_what_tasks_have_done_to_a_root_does_not_keep_the_next_from_starting(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    dead = Root.claim().path.parent / "dead"
    (dead / "lock").mkdir(parents=True)
    Root.claim().close()
    assert dead.is_dir()
    (dead / "lock").rmdir()
    (dead / RECORDS / "12").mkdir(parents=True)
    (dead / RECORDS / "\u00b2").write_text("x")
    (dead / RECORDS / "34").write_bytes(b"\xff")
    Root.claim().close()
    assert not dead.exists()


def test_a_root_that_belongs_to_somebody_else(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    (tmp_path / f"batchio-nodes-{os.getuid()}").symlink_to(tmp_path)
    with pytest.raises(ConfigurationError, match="somebody else"):
        Root.claim()


def test_it_warns_beyond_loopback() -> None:
    with pytest.warns(UserWarning, match="whoever reaches it can run any command here"):
        Emulator(nodes="process", host="0.0.0.0")  # noqa: S104 - that it warns is the point
