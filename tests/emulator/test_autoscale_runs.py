"""Pools that follow their formulas, on a clock that only the test moves."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pytest

from batchio.emulator import scale_life
from batchio.emulator.autoscale import run
from batchio.emulator.autoscale.variables import METRIC_ALIASES, METRICS
from batchio.emulator.scale_life import OF_A_SLOT

from .wire import Reply, Wire

KEPT = "$TargetDedicatedNodes={};$TargetLowPriorityNodes={};$NodeDeallocationOption=requeue"
BY_TASKS = """
    $percent = $PendingTasks.GetSamplePercent(TimeInterval_Minute * 5);
    $TargetDedicatedNodes = $percent < 70 ? 1 : max($PendingTasks.GetSample(TimeInterval_Minute * 5));
"""


async def act(wire: Wire, verb: str, body: object = None) -> Reply:
    return await wire.call("POST", f"/pools/pool/{verb}", body)


async def enable(wire: Wire, formula: str, interval: str | None = None) -> Reply:
    more = {} if interval is None else {"autoScaleEvaluationInterval": interval}
    return await act(wire, "enableautoscale", {"autoScaleFormula": formula, **more})


async def pool(wire: Wire) -> dict[str, Any]:
    found: dict[str, Any] = (await wire.get("/pools/pool")).json
    return found


async def evaluated(wire: Wire, formula: str) -> dict[str, Any]:
    reply = await act(wire, "evaluateautoscale", {"autoScaleFormula": formula})
    assert reply.status == 200
    assert reply.headers["DataServiceId"].endswith("/pools/pool")
    assert reply.headers["ETag"] == (await wire.get("/pools/pool")).headers["ETag"]
    run: dict[str, Any] = reply.json
    return run


async def scaled(wire: Wire, formula: str = "$x = 1;", interval: str = "PT5M") -> None:
    """A pool that scales by a formula, long enough for its first nodes to have come."""
    await wire.pool(enableAutoScale=True, autoScaleFormula=formula, autoScaleEvaluationInterval=interval)
    wire.emulator.clock.advance(5)


async def test_enabled_and_at_work_at_once(working: Wire) -> None:
    await working.pool(targetDedicatedNodes=1)
    working.emulator.clock.advance(5)
    before = (await pool(working))["eTag"]
    assert (await enable(working, "$TargetDedicatedNodes = $TargetDedicatedNodes + 2")).status == 200
    found = await pool(working)
    assert (found["targetDedicatedNodes"], found["allocationState"]) == (3, "resizing")
    assert found["autoScaleRun"] == {"timestamp": found["allocationStateTransitionTime"], "results": KEPT.format(3, 0)}
    assert found["eTag"] != before
    working.emulator.clock.advance(5)
    assert (await pool(working))["currentDedicatedNodes"] == 3


async def test_again_at_every_interval(working: Wire) -> None:
    await scaled(working, "$TargetDedicatedNodes = $CurrentDedicatedNodes + 1", "PT6M")
    sizes: list[int] = []
    for _ in range(3):
        sizes.append((await pool(working))["currentDedicatedNodes"])
        working.emulator.clock.advance(360)
    assert sizes == [1, 2, 3]
    working.emulator.clock.advance(3600)
    assert (await pool(working))["currentDedicatedNodes"] == 14


async def test_an_etag_is_of_the_targets(working: Wire) -> None:
    await scaled(working, "$TargetDedicatedNodes = 1")
    first = await pool(working)
    working.emulator.clock.advance(300)
    second = await pool(working)
    assert first["eTag"] == second["eTag"]
    assert first["autoScaleRun"]["timestamp"] < second["autoScaleRun"]["timestamp"]
    assert second["allocationState"] == "steady"


async def test_samples_of_tasks(working: Wire) -> None:
    await scaled(working, BY_TASKS)
    await working.job()
    await working.add("job", *"abcd", environmentSettings=[{"name": "BATCHIO_SECONDS", "value": "900"}])
    working.emulator.clock.advance(60)
    assert (await pool(working))["currentDedicatedNodes"] == 1
    working.emulator.clock.advance(250)
    assert (await pool(working))["currentDedicatedNodes"] == 4
    run = await evaluated(working, "a = $ActiveTasks.GetSample(2); r = $RunningTasks.GetSample(2); c = $CPUPercent")
    assert run["results"] == f"{KEPT.format(4, 0)};a=[3,3];c=1;r=[1,1]"
    working.emulator.clock.advance(1200)
    run = await evaluated(working, "ok = $SucceededTasks; bad = $FailedTasks; p = $PendingTasks; c = $CPUPercent")
    assert run["results"] == f"{KEPT.format(0, 0)};bad=0;c=0;ok=4;p=0"


async def test_every_variable_can_be_read(working: Wire) -> None:
    await scaled(working, "$TargetDedicatedNodes = 2; $NodeDeallocationOption = taskcompletion")
    await working.job()
    await working.add("job", "t", environmentSettings=[{"name": "BATCHIO_SECONDS", "value": "900"}])
    working.emulator.clock.advance(360)
    names = {name: f"v{number}" for number, name in enumerate([*METRICS, *METRIC_ALIASES])}
    asked = "".join(f"{own} = {name}; s{own} = {name}.GetSample(1);" for name, own in names.items())
    run = await evaluated(working, asked)
    assert "error" not in run
    found = dict(pair.split("=") for pair in run["results"].split(";"))
    half = {name: f"{amount / 2:g}" for name, amount in OF_A_SLOT.items() if amount < 1000}
    counts = {"$SampleNodeCount": "2", "$CurrentDedicatedNodes": "2", "$PreemptedNodeCount": "0", "$RunningTasks": "1"}
    for name, value in {**half, **counts, "$CPUPercent": "0.5", "$CurrentDedicated": "2"}.items():
        assert (found[names[name]], found[f"s{names[name]}"]) == (value, f"[{value}]"), name
    assert float(found[names["$MemoryBytes"]]) == 2**29


async def test_samples_come_every_half_minute(working: Wire) -> None:
    await scaled(working)
    working.emulator.clock.advance(600)
    run = await evaluated(
        working, "n = $PendingTasks.Count(); p = $PendingTasks.GetSamplePercent(600 * TimeInterval_Second)"
    )
    assert run["results"].endswith(";n=20;p=100")
    working.emulator.clock.advance(7 * 86400)
    run = await evaluated(working, "n = $PendingTasks.Count(); a = time() - $PendingTasks.HistoryBeginTime()")
    assert run["results"].endswith(";a=05:59:35.1234560;n=720")


async def test_active_tasks_wait_for_nothing(working: Wire) -> None:
    await scaled(working, "$TargetDedicatedNodes = 0")
    await working.job(usesTaskDependencies=True)
    await working.add("job", "first")
    await working.add("job", "second", dependsOn={"taskIds": ["first"]})
    working.emulator.clock.advance(60)
    assert (await evaluated(working, "a = $ActiveTasks"))["results"].endswith(";a=1")
    await working.call("POST", "/jobs/job/disable", {"disableTasks": "wait"})
    working.emulator.clock.advance(60)
    assert (await evaluated(working, "a = $ActiveTasks"))["results"].endswith(";a=0")


@pytest.mark.parametrize("word", ["requeue", "terminate", "taskcompletion"])
async def test_what_becomes_of_the_tasks(working: Wire, word: str) -> None:
    formula = f"$TargetDedicatedNodes = $PendingTasks.Count() > 9 ? 0 : 1; $NodeDeallocationOption = {word};"
    await scaled(working, formula)
    await working.job()
    await working.add("job", "t", environmentSettings=[{"name": "BATCHIO_SECONDS", "value": "400"}])
    working.emulator.clock.advance(320)
    task = (await working.get("/jobs/job/tasks/t")).json
    states = {"requeue": "active", "terminate": "completed", "taskcompletion": "running"}
    assert task["state"] == states[word]
    assert (await pool(working))["targetDedicatedNodes"] == 0
    working.emulator.clock.advance(100)
    assert (await pool(working))["currentDedicatedNodes"] == 0


async def test_a_run_that_fails_leaves_the_pool(working: Wire) -> None:
    await scaled(working, "$TargetDedicatedNodes = 2; $TargetDedicatedNodes = $MemoryBytes.GetSample(1, 2);")
    found = await pool(working)
    assert found["targetDedicatedNodes"] == 0
    assert found["autoScaleRun"]["results"] == KEPT.format(0, 0)
    assert found["autoScaleRun"]["error"]["code"] == "AutoScalingFormulaEvaluationError"
    error = (await evaluated(working, "x = $DiskBytes"))["error"]
    assert error["code"] == "InsufficientSampleData"
    detail = "Line 1, Col 5: Insufficient data from data set: $DiskBytes has no samples"
    assert error["values"] == [{"name": "Message", "value": detail}]


@pytest.mark.parametrize(
    ("formula", "code", "detail"),
    [
        ("$TargetDedicatedNodes = ;", "AutoScalingFormulaSyntaxError", "Line 1, Col 25: "),
        ("$TargetDedicatedNodes = 1 +\n nothing(", "AutoScalingFormulaSyntaxError", "Line 2, Col "),
    ],
)
async def test_a_formula_that_cannot_be_read(wire: Wire, formula: str, code: str, detail: str) -> None:
    await wire.pool()
    made = await wire.pool("other", enableAutoScale=True, autoScaleFormula=formula)
    enabled = await enable(wire, formula)
    assert not (await pool(wire))["enableAutoScale"]
    assert (await enable(wire, "x = 1")).status == 200
    asked = await act(wire, "evaluateautoscale", {"autoScaleFormula": formula})
    for reply in (made, enabled, asked):
        assert (reply.status, reply.code) == (400, code)
        assert reply.values["Message"].startswith(detail)
    assert (await wire.get("/pools")).ids == ["pool"]


async def test_a_formula_that_is_too_long(wire: Wire) -> None:
    await wire.pool()
    reply = await enable(wire, "x = 1;" + " " * 8192)
    assert (reply.status, reply.values["PropertyName"]) == (400, "autoScaleFormula")


async def test_disabled(working: Wire) -> None:
    await scaled(working, "$TargetDedicatedNodes = 2")
    assert (await act(working, "disableautoscale")).status == 200
    found = await pool(working)
    assert (found["enableAutoScale"], found["targetDedicatedNodes"], found["currentDedicatedNodes"]) == (False, 2, 2)
    assert "autoScaleRun" not in found
    assert (await act(working, "resize", {"targetDedicatedNodes": 1})).status == 202
    working.emulator.clock.advance(3600)
    assert (await pool(working))["currentDedicatedNodes"] == 1
    reply = await act(working, "evaluateautoscale", {"autoScaleFormula": "x = 1"})
    assert (reply.status, reply.code) == (409, "OperationNotValidOnPool")


async def test_a_new_formula_and_a_new_interval(working: Wire) -> None:
    await scaled(working, "$TargetDedicatedNodes = 1", "PT168H")
    working.emulator.clock.advance(60)
    assert (await enable(working, "$TargetDedicatedNodes = 2")).status == 200
    working.emulator.clock.advance(60)
    assert (await pool(working))["currentDedicatedNodes"] == 2
    assert (await act(working, "enableautoscale", {"autoScaleEvaluationInterval": "PT5M"})).status == 200
    working.emulator.clock.advance(301)
    last = (await pool(working))["autoScaleRun"]["timestamp"]
    assert last == "2024-07-01T12:07:05.1234560Z"


async def test_evaluating_changes_nothing(working: Wire) -> None:
    await scaled(working, "$TargetDedicatedNodes = 1")
    before = await pool(working)
    run = await evaluated(working, "$TargetDedicatedNodes = 5; $r = rand();")
    assert run["timestamp"] == "2024-07-01T12:00:05.1234560Z"
    assert run["results"].startswith(KEPT.format(5, 0))
    # On a clock that stands still the dice fall the same.
    assert await evaluated(working, "$TargetDedicatedNodes = 5; $r = rand();") == run
    assert await pool(working) == before


async def test_with_no_nodes_targets_follow(wire: Wire) -> None:
    await wire.pool(enableAutoScale=True, autoScaleFormula="$TargetLowPriorityNodes = max($PendingTasks.GetSample(1))")
    await wire.job()
    await wire.add("job", "a", "b")
    wire.emulator.clock.advance(1000)
    found = await pool(wire)
    assert (found["targetLowPriorityNodes"], found["currentLowPriorityNodes"]) == (2, 0)


async def test_an_auto_pool_with_a_formula(working: Wire) -> None:
    for id, formula in (("good", "$TargetDedicatedNodes = 2"), ("bad", "=")):
        auto = {
            "poolLifetimeOption": "job",
            "autoPoolIdPrefix": id,
            "pool": {"vmSize": "a", "enableAutoScale": True, "autoScaleFormula": formula},
        }
        assert (await working.job(id, poolInfo={"autoPoolSpecification": auto})).status == 201
    working.emulator.clock.advance(10)
    good, bad = (await working.get("/pools")).items
    assert good["currentDedicatedNodes"] == 2
    assert bad["autoScaleRun"]["error"]["code"] == "AutoScalingFormulaSyntaxError"


async def test_years_at_once_come_to_an_end(working: Wire, monkeypatch: pytest.MonkeyPatch) -> None:
    """Ten years are a million runs of a formula."""
    monkeypatch.setattr(scale_life, "MOST_RUNS", 20)
    runs = 0

    def counted(*told: Any, **more: Any) -> Any:
        nonlocal runs
        runs += 1
        return run(*told, **more)

    monkeypatch.setattr("batchio.emulator.scale_life.run", counted)
    await scaled(working)
    await working.pool("other", enableAutoScale=True, autoScaleFormula="$x = 1", autoScaleEvaluationInterval="PT5M")
    working.emulator.clock.advance(1)
    assert (await pool(working))["autoScaleRun"]
    runs = 0
    working.emulator.clock.advance(10 * 365 * 24 * 3600)
    last = datetime.fromisoformat((await pool(working))["autoScaleRun"]["timestamp"])
    assert runs == 2 * (1 + 10)
    assert working.emulator.clock.now() - last < timedelta(minutes=5)
