"""An account with something of everything in it, and all that a client can read of it."""

from __future__ import annotations

import base64
from typing import Any

from batchio.emulator.changes import Changes
from batchio.emulator.store import Store

from .wire import Wire

CERTIFICATE = {
    "thumbprint": "0123456789abcdef0123456789abcdef01234567",
    "thumbprintAlgorithm": "sha1",
    "data": base64.b64encode(b"certificate").decode(),
    "certificateFormat": "pfx",
    "password": "secret",
}
_STATS = {"$expand": "stats"}
AUTO = {"autoPoolSpecification": {"poolLifetimeOption": "job", "pool": {"vmSize": "small", "targetDedicatedNodes": 1}}}


async def fill(wire: Wire) -> None:
    """Make something of everything, in many states."""
    application = {"id": "app", "displayName": "App", "versions": ["1"]}
    await _ok(wire, "PUT", "/_emulator/applications", [application])
    await _ok(wire, "POST", "/certificates", CERTIFICATE)
    await _pools(wire)
    await _jobs(wire)
    schedule = {"id": "daily", "schedule": {"recurrenceInterval": "PT1H"}}
    specification = {"poolInfo": {"poolId": "pool"}, "jobManagerTask": {"id": "manager", "commandLine": "sleep 5"}}
    await _ok(wire, "POST", "/jobschedules", {**schedule, "jobSpecification": specification})
    await _ok(wire, "POST", "/jobschedules", {**schedule, "id": "idle", "jobSpecification": specification})
    await _ok(wire, "POST", "/jobschedules/idle/disable")
    for _ in range(8):
        await later(wire, 0.5)
    node = (await wire.get("/pools/pool/nodes")).ids[0]
    user = {"name": "me", "password": "secret", "isAdmin": True}
    await _ok(wire, "POST", f"/pools/pool/nodes/{node}/users", user)
    await _ok(wire, "DELETE", f"/pools/pool/nodes/{node}/files/shared")
    await _ok(wire, "DELETE", "/jobs/render/tasks/echo/files/stdout.txt")
    await _ok(wire, "POST", "/jobs/render/tasks/waits-long/terminate")
    await _ok(wire, "DELETE", "/jobs/render/tasks/deleted")
    await _ok(wire, "PUT", "/jobs/render/tasks/later", {"constraints": {"maxTaskRetryCount": 7}})
    await _ok(wire, "POST", "/jobs/off/disable", {"disableTasks": "requeue"})


async def _pools(wire: Wire) -> None:
    start = {"commandLine": "sleep 0.2", "waitForSuccess": True}
    references = [{"thumbprint": CERTIFICATE["thumbprint"], "thumbprintAlgorithm": "sha1"}]
    await _ok(wire, "POST", "/pools", {"id": "empty", "vmSize": "small", "certificateReferences": references})
    pool = {"id": "pool", "vmSize": "small", "targetDedicatedNodes": 3, "taskSlotsPerNode": 2, "startTask": start}
    await _ok(wire, "POST", "/pools", pool)
    formula = "$TargetDedicatedNodes = max(1, min(3, max($ActiveTasks.GetSample(4))));"
    scaled = {"enableAutoScale": True, "autoScaleFormula": formula, "autoScaleEvaluationInterval": "PT5M"}
    await _ok(wire, "POST", "/pools", {"id": "scaled", "vmSize": "small", **scaled})
    await _ok(wire, "DELETE", f"/certificates(thumbprintAlgorithm=sha1,thumbprint={CERTIFICATE['thumbprint']})")


async def _jobs(wire: Wire) -> None:
    job: dict[str, Any] = {"id": "render", "poolInfo": {"poolId": "pool"}, "usesTaskDependencies": True, "priority": 5}
    ends = {"jobPreparationTask": {"commandLine": "true"}, "jobReleaseTask": {"commandLine": "true"}}
    await _ok(wire, "POST", "/jobs", {**job, **ends})
    wide = {"numberOfInstances": 2, "coordinationCommandLine": "true"}
    tasks: list[dict[str, Any]] = [
        {"id": "echo", "commandLine": "echo hello"},
        {"id": "fails", "commandLine": "exit 3", "constraints": {"maxTaskRetryCount": 1}},
        {"id": "after", "commandLine": "sleep 40", "dependsOn": {"taskIds": ["echo", "long"]}},
        {"id": "long", "commandLine": "sleep 90"},
        {"id": "Wide", "commandLine": "sleep 20", "multiInstanceSettings": wide},
        {"id": "deleted", "commandLine": "true"},
        {"id": "waits-long", "commandLine": "sleep 600"},
        {"id": "later", "commandLine": "sleep 600", "requiredSlots": 2},
        *({"id": f"more{number}", "commandLine": f"sleep {number}"} for number in range(10, 30)),
    ]
    await _ok(wire, "POST", "/jobs/render/addtaskcollection", {"value": tasks})
    await _ok(wire, "POST", "/jobs", {"id": "auto", "poolInfo": AUTO, "onAllTasksComplete": "terminatejob"})
    await _ok(wire, "POST", "/jobs/auto/tasks", {"id": "one", "commandLine": "sleep 60"})
    await _ok(wire, "POST", "/jobs", {"id": "grows", "poolInfo": {"poolId": "scaled"}})
    for number in range(4):
        await _ok(wire, "POST", "/jobs/grows/tasks", {"id": f"{number}", "commandLine": "sleep 200"})
    for name in ("off", "over", "going"):
        await _ok(wire, "POST", "/jobs", {"id": name, "poolInfo": {"poolId": "pool"}, "priority": 10})
        await _ok(wire, "POST", f"/jobs/{name}/tasks", {"id": "one", "commandLine": "sleep 100"})
    await _ok(wire, "POST", "/jobs/over/terminate")
    await _ok(wire, "DELETE", "/jobs/going")


async def _ok(wire: Wire, method: str, path: str, body: object = None) -> None:
    reply = await wire.call(method, path, body)
    assert reply.status < 300, (path, reply.body)


async def later(wire: Wire, seconds: float) -> None:
    """Move the clock and let happen what is due."""
    wire.emulator.clock.advance(seconds)
    await wire.get("/jobs")


async def seen(wire: Wire) -> dict[str, Any]:
    """All that a client can read, by path."""
    found: dict[str, Any] = {}

    async def read(path: str, **query: str) -> Any:
        reply = await wire.get(path, **query)
        # A refusal has an id of its own, and the emulator another port.
        said = reply.body.decode().replace(wire.emulator.endpoint, "") if reply.status == 200 else reply.code
        found[path] = (reply.status, said)
        return reply

    for path in ("/certificates", "/applications", "/nodecounts", "/_emulator/holds"):
        await read(path)
    await read("/jobschedules", **_STATS)
    for schedule in ("daily", "idle"):
        await read(f"/jobschedules/{schedule}/jobs")
    for pool in (await read("/pools", **_STATS)).ids:
        for node in (await read(f"/pools/{pool}/nodes")).ids:
            await read(f"/pools/{pool}/nodes/{node}/files")
    for job in (await read("/jobs", **_STATS)).ids:
        for name in ("taskcounts", "jobpreparationandreleasetaskstatus"):
            await read(f"/jobs/{job}/{name}")
        for task in (await read(f"/jobs/{job}/tasks", **_STATS)).ids:
            await read(f"/jobs/{job}/tasks/{task}/files")
            await read(f"/jobs/{job}/tasks/{task}/subtasksinfo")
    return found


def records(store: Store) -> dict[tuple[int, int], bytes]:
    """The record of everything but the account's own, made from what is in memory alone."""
    changes = Changes()
    for shelf in (store.certificates, store.schedules, store.pools, store.jobs):
        for thing in shelf.all():
            changes.note(store, thing)
    for pool in store.pools.all():
        if pool.scaling is not None:
            changes.sampled[pool.born] = pool
        for node in pool.nodes.all():
            changes.note(store, node)
    for job in store.jobs.all():
        for status in job.statuses.all():
            changes.note(store, status, job)
        changes.tasks |= {task.born: (job, task) for task in job.tasks.all()}
    put = changes.write(store.account()).put
    return {(put[at], put[at + 1]): put[at + 3] for at in range(4, len(put), 4)}
