"""What formulas read of pools, and what pools make of what formulas say."""

from __future__ import annotations

from typing import Any

from batchio.emulator.scale_life import MOST_RUNS

from .diary import Account


def values_of(account: Account, *names: str) -> list[float]:
    """The latest samples of some variables."""
    formula = "".join(f"$v{number} = {name};" for number, name in enumerate(names))
    reply = account.call("POST", "/pools/pool/evaluateautoscale", {"autoScaleFormula": formula})
    results = dict(part.split("=") for part in reply.json["results"].split(";"))
    return [float(results[f"$v{number}"].strip("[]")) for number in range(len(names))]


def latest(*names: str) -> list[str]:
    return [f"${name}.GetSample(1)" for name in names]


def scaled(formula: str = "$x = 1", **pool: Any) -> Account:
    account = Account(0)
    account.call("DELETE", "/pools/pool")
    account.wait(5)
    account.post("/pools", id="pool", vmSize="a", enableAutoScale=True, autoScaleFormula=formula, **pool)
    account.wait(60)
    return account


def test_formulas_tell_the_two_sorts_of_nodes_apart() -> None:
    account = scaled("$TargetDedicatedNodes = 1; $TargetLowPriorityNodes = 2", taskSlotsPerNode=4)
    names = ("$TargetDedicatedNodes", "$TargetLowPriorityNodes", "$CurrentDedicatedNodes", "$CurrentLowPriorityNodes")
    assert values_of(account, *names) == [1, 2, 1, 2]
    there = latest("SampleNodeCount", "UsableNodeCount", "PreemptedNodeCount", "TaskSlotsPerNode")
    assert values_of(account, *there) == [3, 3, 0, 4]


def test_formulas_count_tasks_by_their_state() -> None:
    account = scaled("$TargetDedicatedNodes = 1", taskSlotsPerNode=2)
    account.job(jobPreparationTask={"commandLine": "sleep 90"}, usesTaskDependencies=True)
    account.job(id="other")
    account.add("a", "b", "c", line="sh -c 'sleep 20; exit 1'")
    account.add("waits", "gone", dependsOn={"taskIds": ["a"]})
    account.call("DELETE", "/jobs/job/tasks/gone")
    account.add("d", job="other")
    account.job(id="off")
    account.add("e", "f", "g", job="off")
    account.post("/jobs/off/disable", disableTasks="wait")
    account.wait(60)
    names = latest("ActiveTasks", "RunningTasks", "PendingTasks", "SucceededTasks", "FailedTasks")
    assert values_of(account, *names) == [2, 2, 4, 0, 0]
    account.wait(60)
    assert values_of(account, *names) == [0, 2, 2, 0, 2]
    account.wait(60)
    assert values_of(account, *names) == [0, 0, 0, 1, 3]


def test_formulas_see_how_busy_nodes_are() -> None:
    account = scaled("$TargetDedicatedNodes = 2", taskSlotsPerNode=4)
    account.job()
    account.add("a", "b", "c", line="sleep 1h")
    account.wait(60)
    slots = 3 / 2
    names = latest("CPUPercent", "MemoryBytes", "NetworkInBytes", "DiskReadOps", "WallClockSeconds")
    assert values_of(account, *names) == [slots / 4, slots * 2**30, slots * 2**20, slots * 2**8, slots * 30]
    account.post(f"{account.node}/reboot", nodeRebootOption="terminate")
    account.store.hold("node", "rebooting")
    account.wait(30)
    usable, there = values_of(account, *latest("UsableNodeCount", "CurrentDedicatedNodes"))
    assert (usable, there) == (1, 2)


def test_a_formula_that_changes_nothing_begins_no_resize() -> None:
    account = scaled("$TargetDedicatedNodes = 1", autoScaleEvaluationInterval="PT5M")
    account.store.turn()
    tag = account.call("GET", "/pools/pool").json["eTag"]
    assert account.after(600, "allocation") == []
    assert account.call("GET", "/pools/pool").json["eTag"] == tag
    # After a resize that came to no good end the next run begins another.
    account.store.pool("pool").errors = ("AllocationTimedOut",)
    assert account.after(300, "allocation")[0][2] == "resizing"
    assert "resizeErrors" not in account.call("GET", "/pools/pool").json


def test_formulas_say_what_becomes_of_the_tasks() -> None:
    account = scaled("$TargetDedicatedNodes = 1")
    formula = "$TargetDedicatedNodes = 0; $NodeDeallocationOption = taskcompletion"
    account.store.turn()
    account.post("/pools/pool/enableautoscale", autoScaleFormula=formula)
    assert account.after(0, "allocation")[0] == (0, "allocation", "resizing", "taskcompletion")


def test_formulas_run_so_often_at_most_in_one_move_of_the_clock() -> None:
    account = scaled(autoScaleEvaluationInterval="PT5M")
    account.post("/pools", id="other", vmSize="a", enableAutoScale=True, autoScaleFormula="$x = 1")
    account.wait(1)
    account.store.turn()
    runs = account.after(300 * (MOST_RUNS // 2 + 10), "pool")
    first = runs[0][0]
    # Of the one pool, and of the other, which is asked every 15 minutes and could be so often.
    assert sum((when - first) % 300 == 0 for when, *_ in runs) == MOST_RUNS // 2 + 1
    assert sum((when - first) % 300 != 0 for when, *_ in runs) == (MOST_RUNS // 2 + 10) // 3
