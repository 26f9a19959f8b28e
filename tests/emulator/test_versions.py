"""What depends on the api-version: operations, options, properties in answers, numbers."""

from __future__ import annotations

import pytest

from batchio import models
from batchio.emulator.shapes import shape
from batchio.service.operations import OPERATIONS
from batchio.service.versions import VERSIONS, is_known

from .wire import Wire

OLD = "2019-08-01.10.0"
NEW = "2025-06-01"


@pytest.mark.parametrize("version", [OLD, NEW])
async def test_an_operation_that_a_version_lacks_is_refused(wire: Wire, version: str) -> None:
    for row in OPERATIONS.values():
        reply = await wire.call(row.method, row.path.replace("{", "").replace("}", ""), version=version)
        refused = reply.status == 400 and row.method != "HEAD" and reply.code == "UnsupportedRequestVersion"
        assert refused is not is_known(row, version), row.id
    reply = await wire.get("/certificates", **{"api-version": NEW})
    assert "2024-07-01.20.0" in reply.values["Reason"]


async def test_task_counts(wire: Wire) -> None:
    await wire.job()
    await wire.add("job", "a")
    flat = {"active": 1, "running": 0, "completed": 0, "succeeded": 0, "failed": 0}
    old = (await wire.call("GET", "/jobs/job/taskcounts", version="2020-03-01.11.0")).json
    assert {name: old[name] for name in flat} == flat
    assert "taskCounts" not in old
    new = (await wire.call("GET", "/jobs/job/taskcounts", version="2020-09-01.12.0")).json
    assert new["taskCounts"] == flat


async def test_properties_that_a_version_lacks_are_not_shown(wire: Wire) -> None:
    await wire.job()
    await wire.add("job", "a", requiredSlots=2)
    await wire.pool(taskSlotsPerNode=3, resourceTags={"a": "b"})
    assert "maxParallelTasks" in (await wire.get("/jobs/job")).json
    assert "maxParallelTasks" not in (await wire.call("GET", "/jobs/job", version=OLD)).json
    assert "maxParallelTasks" not in (await wire.call("GET", "/jobs", version=OLD)).items[0]
    assert (await wire.get("/jobs/job/tasks")).items[0]["requiredSlots"] == 2
    assert "requiredSlots" not in (await wire.call("GET", "/jobs/job/tasks", version=OLD)).items[0]
    pools = {v: (await wire.call("GET", "/pools/pool", version=v)).json for v in (OLD, VERSIONS[-2], NEW)}
    assert (pools[OLD]["maxTasksPerNode"], pools[NEW]["taskSlotsPerNode"]) == (3, 3)
    assert "taskSlotsPerNode" not in pools[OLD]
    assert "maxTasksPerNode" not in pools[NEW]
    assert ["resourceTags" in pool for pool in pools.values()] == [False, True, False]


async def test_select_knows_the_version(wire: Wire) -> None:
    await wire.job()
    reply = await wire.call("GET", "/jobs/job", query={"$select": "id,maxParallelTasks"}, version=OLD)
    assert reply.code == "InvalidQueryParameterValue"


async def test_old_versions_can_make_things(wire: Wire) -> None:
    job = {"id": "job", "poolInfo": {"poolId": "p"}}
    assert (await wire.call("POST", "/jobs", job, version=OLD)).status == 201
    task = {"id": "a", "commandLine": "true"}
    assert (await wire.call("POST", "/jobs/job/tasks", task, version=OLD)).status == 201
    added = await wire.call("POST", "/jobs/job/addtaskcollection", {"value": [{**task, "id": "b"}]}, version=OLD)
    assert added.items[0]["status"] == "success"
    pool = {"id": "p", "vmSize": "a", "maxTasksPerNode": 4}
    assert (await wire.call("POST", "/pools", pool, version=OLD)).status == 201
    assert (await wire.call("PATCH", "/jobs/job", {"priority": 1}, version=OLD)).status == 200
    assert (await wire.call("PATCH", "/pools/p", {"metadata": []}, version=OLD)).status == 200
    assert (await wire.call("GET", "/pools/p")).json["taskSlotsPerNode"] == 4


def test_int64_is_text_or_a_number() -> None:
    view = {"name": "x", "properties": {"contentLength": "17", "lastModified": "now"}}
    for version in VERSIONS:
        fit = shape(models.NodeFile, version)
        shown = view if fit is None else fit(view)
        assert shown["properties"] == {
            "contentLength": 17 if version < "2024-07-01.20.0" else "17",
            "lastModified": "now",
        }
    assert view["properties"] == {"contentLength": "17", "lastModified": "now"}


def test_tasks_of_the_default_version_are_shown_as_they_are() -> None:
    assert shape(models.CloudTask, "2024-07-01.20.0") is None
