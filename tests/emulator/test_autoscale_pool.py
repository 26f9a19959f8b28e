from __future__ import annotations

from datetime import UTC, datetime, timedelta

import msgspec
import pytest

from batchio.emulator.autoscale import SAMPLE_PERIOD, Evaluation, FormulaError, History, evaluate, parse, run, unchanged
from batchio.emulator.autoscale.variables import METRICS
from batchio.models import AutoScaleRun

from .dice import dice

NOW = datetime(2016, 10, 13, 19, 18, 47, 805_000, tzinfo=UTC)
"""A Thursday, after hours."""


def history_of(*values: float, name: str = "$PendingTasks", age: int = 0) -> History:
    """Samples of one variable, the last one `age` periods ago."""
    history = History()
    for number, value in enumerate(values):
        history.add(NOW - (len(values) - 1 - number + age) * SAMPLE_PERIOD, {name: value})
    return history


def results_of(formula: str, history: History | None = None, *, now: datetime = NOW) -> Evaluation:
    return evaluate(formula, history=history or History(), now=now, rng=dice())


def value_of(expression: str, history: History) -> object:
    return results_of(f"x = {expression}", history).variables["x"]


def failure(formula: str, history: History | None = None) -> FormulaError:
    with pytest.raises(FormulaError) as raised:
        results_of(formula, history)
    return raised.value


# Samples.


@pytest.mark.parametrize(
    ("asked", "samples"),
    [
        ("0", ()),
        ("1", (20,)),
        ("2.9", (19, 20)),
        ("1000", tuple(range(1, 21))),
        ("TimeInterval_Minute", (19, 20)),
        ("TimeInterval_Minute * 10", tuple(range(1, 21))),
        ("TimeInterval_Zero", ()),
        ("-TimeInterval_Hour", ()),
        ("time() + -1 * TimeInterval_Minute", (19, 20)),
        ("1 * TimeInterval_Minute, 3 * TimeInterval_Minute", (15, 16, 17, 18)),
        ("3 * TimeInterval_Minute, 1 * TimeInterval_Minute", (15, 16, 17, 18)),
        ("time() + -3 * TimeInterval_Minute, TimeInterval_Minute", (15, 16, 17, 18)),
        ("TimeInterval_Minute, 100", (19, 20)),
        ("0 * TimeInterval_Second, TimeInterval_Minute, 100", (19, 20)),
    ],
)
def test_get_sample(asked: str, samples: tuple[float, ...]) -> None:
    assert value_of(f"$PendingTasks.GetSample({asked})", history_of(*range(1, 21))) == samples


def test_the_percentage_of_samples_that_are_there() -> None:
    late = history_of(*range(18), age=2)  # the last minute is missing
    assert value_of("$PendingTasks.GetSamplePercent(TimeInterval_Minute * 10)", late) == 90
    assert value_of("$PendingTasks.GetSamplePercent(TimeInterval_Minute, TimeInterval_Minute * 10)", late) == 100
    assert value_of("$PendingTasks.GetSamplePercent(TimeInterval_Minute)", late) == 0
    assert value_of("$PendingTasks.GetSamplePercent(TimeInterval_Zero)", late) == 0
    assert value_of("len($PendingTasks.GetSample(TimeInterval_Minute * 10, 80))", late) == 18
    error = failure("$x =\n min($PendingTasks.GetSample(TimeInterval_Minute * 10, 95));", late)
    assert error.code == "InsufficientSampleData"
    assert str(error) == "Line 2, Col 6: Insufficient data from data set: $PendingTasks wanted 95%, received 90%"


def test_more_samples_than_were_due_are_a_hundred_percent() -> None:
    history = History()
    for second in range(10):
        history.add(NOW - timedelta(seconds=9 - second), {"$CPUPercent": 1})
    assert value_of("$CPUPercent.GetSamplePercent(30 * TimeInterval_Second)", history) == 100


def test_other_methods() -> None:
    history = history_of(1, 2, 3)
    history.add(NOW + timedelta(seconds=30), {"$PendingTasks": 9, "$CPUPercent": 1})  # not yet
    assert value_of("$PendingTasks.Count()", history) == 3
    assert value_of("$CPUPercent.Count()", history) == 0
    assert value_of("$PendingTasks.GetSample(1)", history) == (3,)
    assert value_of("$PendingTasks.GetSamplePeriod() == 30 * TimeInterval_Second", history) == 1
    assert value_of("$PendingTasks.HistoryBeginTime() == time() + -TimeInterval_Minute", history) == 1
    assert value_of("$PendingTasks.HistoryBeginTime().hour", history) == 19
    assert failure("$CPUPercent.HistoryBeginTime()", history).code == "InsufficientSampleData"


@pytest.mark.parametrize(
    ("method", "message"),
    [
        ("GetSample(-1)", "GetSample takes a number of samples from 0 on, not -1"),
        ("GetSample(1, 2)", "GetSample takes nothing after a number of samples"),
        ("GetSample([1])", "GetSample takes a timestamp or a timeinterval, not a doubleVec"),
        ("GetSample(time(), 1, 2)", "GetSample takes a timestamp or a timeinterval, not a double"),
        ("GetSample(time(), time(), time())", "GetSample takes a double as its third argument, not a timestamp"),
        ("GetSamplePercent(1)", "GetSamplePercent takes a timestamp or a timeinterval, not a double"),
        ("GetSamplePercent(time(), requeue)", "GetSamplePercent takes a timestamp or a timeinterval, not a string"),
    ],
)
def test_what_methods_refuse(method: str, message: str) -> None:
    error = failure(f"x = $PendingTasks.{method}", history_of(1))
    assert (error.code, str(error)) == ("AutoScalingFormulaEvaluationError", f"Line 1, Col 5: {message}")


@pytest.mark.parametrize("name", METRICS)
def test_a_variable_reads_as_its_last_sample(name: str) -> None:
    history = history_of(4, 5, name=name)
    assert value_of(f"{name} * 2", history) == 10
    history.hold({name: 8})
    assert value_of(f"{name} * 2", history) == 16
    assert value_of(f"{name}.GetSample(1)", history) == (5,)


def test_a_variable_without_samples() -> None:
    assert results_of("x = $CurrentDedicatedNodes + $CurrentDedicated + $TaskSlotsPerNode").variables == {"x": 1}
    error = failure("x = $PendingTasks")
    assert error.code == "InsufficientSampleData"
    assert str(error) == "Line 1, Col 5: Insufficient data from data set: $PendingTasks has no samples"


def test_a_history_has_a_bound_and_an_order() -> None:
    history = History(most=3)
    for number in range(5):
        history.add(NOW + timedelta(seconds=30 * number), {"$ActiveTasks": number})
    assert history.kept == 3
    assert results_of("x = $ActiveTasks.GetSample(9)", history, now=NOW + timedelta(hours=1)).variables["x"] == (
        2,
        3,
        4,
    )
    with pytest.raises(ValueError, match="later than the one before"):
        history.add(NOW, {})
    with pytest.raises(ValueError, match="needs a time zone"):
        history.add(datetime(2030, 1, 1), {})  # noqa: DTZ001  # what is refused
    with pytest.raises(ValueError, match=r"\$Tasks is no variable"):
        history.add(NOW + timedelta(days=1), {"$Tasks": 1})
    with pytest.raises(ValueError, match="no finite number"):
        history.hold({"$ActiveTasks": float("nan")})
    with pytest.raises(ValueError, match=r"\$TargetDedicatedNodes is no variable"):
        history.add(NOW + timedelta(days=1), {"$TargetDedicatedNodes": 1})
    with pytest.raises(ValueError, match="at least one"):
        History(most=0)
    with pytest.raises(ValueError, match="needs a time zone"):
        results_of("1", now=datetime(2030, 1, 1))  # noqa: DTZ001  # what is refused


# Targets.


def test_what_is_not_set_stays() -> None:
    history = History()
    history.hold({"$TargetDedicatedNodes": 2, "$TargetLowPriorityNodes": 5})
    evaluation = results_of("x = 1", history)
    assert evaluation.results == "$TargetDedicatedNodes=2;$TargetLowPriorityNodes=5;$NodeDeallocationOption=requeue;x=1"
    assert msgspec.structs.replace(evaluation, variables={}) == unchanged(history)
    assert results_of("$TargetDedicatedNodes = $TargetDedicatedNodes * 2", history).target_dedicated_nodes == 4


def test_aliases() -> None:
    evaluation = results_of(
        "$TargetDedicatedNodes = 3; $TargetDedicated = 4; $TargetLowPriority = 5; x = $TargetDedicated"
    )
    assert (evaluation.target_dedicated_nodes, evaluation.target_low_priority_nodes) == (3, 5)
    assert evaluation.variables == {"x": 4}
    assert results_of("$TargetDedicated = 4; x = $TargetDedicatedNodes").variables == {"x": 4}


@pytest.mark.parametrize(("value", "nodes"), [("3.8", 3), ("0.2", 0), ("-0.5 * 0", 0), ("2147483647", 2147483647)])
def test_a_fraction_of_a_node_is_cut_off(value: str, nodes: int) -> None:
    assert results_of(f"$TargetDedicatedNodes = {value}").target_dedicated_nodes == nodes


@pytest.mark.parametrize("word", ["requeue", "terminate", "taskcompletion", "retaineddata"])
def test_options(word: str) -> None:
    assert results_of(f"x = {word}; $NodeDeallocationOption = x").node_deallocation_option == word
    assert results_of(f"$NodeDeallocationOption = {word}; x = $NodeDeallocationOption").variables["x"] == word


# The kinds of formula that the documentation shows, each in our own words.


def test_by_the_time_of_day() -> None:
    formula = parse("""
        $moment = time();
        $working = $moment.hour >= 8 && $moment.hour < 18;
        $weekday = $moment.weekday >= 1 && $moment.weekday <= 5;
        $both = $working && $weekday;
        $TargetDedicatedNodes = $both ? 20:10;
    """)
    evaluation = evaluate(formula, history=History(), now=NOW, rng=dice())
    assert evaluation.results == (
        "$TargetDedicatedNodes=10;$TargetLowPriorityNodes=0;$NodeDeallocationOption=requeue;"
        "$both=0;$moment=2016-10-13T19:18:47.805Z;$weekday=1;$working=0"
    )
    noon = evaluate(formula, history=History(), now=NOW - timedelta(hours=7), rng=dice())
    assert noon.target_dedicated_nodes == 20
    saturday = evaluate(formula, history=History(), now=NOW + timedelta(days=2, hours=-7), rng=dice())
    assert saturday.target_dedicated_nodes == 10


@pytest.mark.parametrize(
    ("history", "nodes"),
    [(History(), 1), (history_of(9, 9), 1), (history_of(1, 2, 3, 4, 5, 6), 3), (history_of(*[90] * 6), 25)],
)
def test_by_pending_tasks(history: History, nodes: int) -> None:
    formula = """
        first = 1; most = 25;
        percent = $PendingTasks.GetSamplePercent(180 * TimeInterval_Second);
        wanted = percent < 70 ? first : avg($PendingTasks.GetSample(180 * TimeInterval_Second));
        $TargetDedicatedNodes=min(most, wanted);
        $NodeDeallocationOption = taskcompletion;
    """
    evaluation = results_of(formula, history)
    assert (evaluation.target_dedicated_nodes, evaluation.node_deallocation_option) == (nodes, "taskcompletion")


def test_by_preempted_nodes() -> None:
    formula = """
        most = 25;
        $TargetDedicatedNodes = min(most, $PreemptedNodeCount.GetSample(180 * TimeInterval_Second));
        $TargetLowPriorityNodes = min(most , most - $TargetDedicatedNodes);
    """
    evaluation = results_of(formula, history_of(4, 4, 4, name="$PreemptedNodeCount"))
    assert (evaluation.target_dedicated_nodes, evaluation.target_low_priority_nodes) == (4, 21)


@pytest.mark.parametrize(("tasks", "nodes"), [([0] * 30, 4), ([6] * 29 + [12], 12), ([3], 3), ([99] * 30, 20), ([], 4)])
def test_by_tasks_with_comments(tasks: list[float], nodes: int) -> None:
    formula = """
        // How much of a quarter of an hour is there?
        $percent = $PendingTasks.GetSamplePercent(TimeInterval_Minute * 15);
        $tasks = $percent < 70 ? max(0,$PendingTasks.GetSample(1)) : max( $PendingTasks.GetSample(1),
            avg($PendingTasks.GetSample(TimeInterval_Minute * 15)));
        $wanted = $tasks > 0? $tasks:max(0, $TargetDedicatedNodes/2); // half of them
        $TargetDedicatedNodes = max(0, min($wanted, 20));
    """
    history = history_of(*tasks)
    history.hold({"$TargetDedicatedNodes": 8})
    assert results_of(formula, history).target_dedicated_nodes == nodes


def test_by_parallel_tasks() -> None:
    history = history_of(10, name="$ActiveTasks")
    history.hold({"$TargetDedicatedNodes": 1, "$TaskSlotsPerNode": 4})
    formula = """
        $slots = $TargetDedicatedNodes * $TaskSlotsPerNode;
        $more = (($ActiveTasks - $slots) + 3) / 4;
        $TargetDedicatedNodes = max(0,min($TargetDedicatedNodes + $more,9));
    """
    evaluation = results_of(formula, history)
    assert evaluation.target_dedicated_nodes == 3
    assert evaluation.variables == {"$slots": 4, "$more": 2.25}


@pytest.mark.parametrize(("cpu", "nodes"), [(0.9, 11), (0.5, 10), (0.1, 9)])
def test_by_load(cpu: float, nodes: int) -> None:
    history = history_of(*[cpu] * 120, name="$CPUPercent")
    history.hold({"$CurrentDedicatedNodes": 10})
    formula = """
        $all = (min($CPUPercent.GetSample(TimeInterval_Minute * 10)) > 0.7) ?
            ($CurrentDedicatedNodes * 1.1) : $CurrentDedicatedNodes;
        $all = (avg($CPUPercent.GetSample(TimeInterval_Minute * 60)) < 0.2) ?
            ($CurrentDedicatedNodes * 0.9) : $all;
        $TargetDedicatedNodes = min(400, $all)
    """
    assert results_of(formula, history).target_dedicated_nodes == nodes


@pytest.mark.parametrize(
    ("born", "busy", "nodes"),
    [("19:15:00", 0, 4), ("18:00:00", 0, 0), ("18:00:00", 1, 7)],
)
def test_by_the_age_of_the_pool(born: str, busy: int, nodes: int) -> None:
    history = History()
    for number in range(120):
        at = NOW - (119 - number) * SAMPLE_PERIOD
        history.add(at, {"$RunningTasks": busy, "$ActiveTasks": 0})
    history.hold({"$TargetDedicatedNodes": 7})
    formula = f"""
        age = time() - time("Thu, 13 Oct 2016 {born} GMT");
        span = TimeInterval_Minute * 60; ratio = 50;
        $TargetDedicatedNodes = (age > TimeInterval_Minute * 10 ?
            (max($RunningTasks.GetSample(span, ratio), $ActiveTasks.GetSample(span, ratio)) == 0
             ? 0 : $TargetDedicatedNodes) : 4);
    """
    assert results_of(formula, history).target_dedicated_nodes == nodes


# A run, as the service tells of it.


def test_a_run() -> None:
    told, evaluation = run("$TargetDedicatedNodes=3", history=History(), now=NOW, rng=dice())
    results = "$TargetDedicatedNodes=3;$TargetLowPriorityNodes=0;$NodeDeallocationOption=requeue"
    assert told == AutoScaleRun(timestamp=NOW, results=results)
    assert evaluation is not None
    assert evaluation.results == results


@pytest.mark.parametrize(
    ("formula", "code", "message", "detail"),
    [
        (
            "$TargetDedicatedNodes = 3; $nothing",
            "AutoScalingFormulaEvaluationError",
            "Autoscale evaluation failed",
            "Line 1, Col 28: Expected a variable that has a value, found '$nothing'",
        ),
        (
            "$TargetDedicated = max($RunningTasks.GetSample(TimeInterval_Minute, 100));",
            "InsufficientSampleData",
            "Autoscale evaluation failed due to insufficient sample data",
            "Line 1, Col 24: Insufficient data from data set: $RunningTasks wanted 100%, received 0%",
        ),
    ],
)
def test_a_run_that_fails_leaves_the_pool(formula: str, code: str, message: str, detail: str) -> None:
    history = History()
    history.hold({"$TargetDedicatedNodes": 2})
    told, evaluation = run(formula, history=history, now=NOW, rng=dice())
    assert evaluation is None
    assert told.results == "$TargetDedicatedNodes=2;$TargetLowPriorityNodes=0;$NodeDeallocationOption=requeue"
    assert told.error is not None
    assert (told.error.code, told.error.message) == (code, message)
    assert [(value.name, value.value) for value in told.error.values or ()] == [("Message", detail)]


def test_a_run_of_what_cannot_be_read_is_refused() -> None:
    with pytest.raises(FormulaError) as raised:
        run("$TargetDedicatedNodes = ;", history=History(), now=NOW, rng=dice())
    assert raised.value.refused
    assert raised.value.summary == "The autoscale formula has a syntax error"
