"""When a formula scales a pool, and what it can read.

Law: a formula runs as soon as it is enabled and then at every interval; a run that fails leaves the pool as it is.
What nothing here has (memory, disks, networks) is simulated: each task slot that is taken uses the same of it. No
node is ever preempted.
"""

from __future__ import annotations

from random import Random
from typing import TYPE_CHECKING, Any

from ..models import AutoScaleRun
from ..models.base import to_wire
from . import ticks
from .autoscale import Evaluation, FormulaError, History, failed, parse, run
from .autoscale.history import SAMPLE_PERIOD
from .pool_life import resize
from .recurring import run_after
from .refusals import Refusal
from .resources import Job, Pool
from .scaling import Scaling
from .states import ACTIVE, COMPLETED, IDLE, PREPARING, RUNNING

if TYPE_CHECKING:
    from .store import Store

DEFAULT_INTERVAL = "PT15M"

MOST_RUNS = 1000
"""How many formulas run in one move of the clock, and each of them a last time."""

OF_A_SLOT: dict[str, float] = {
    "$WallClockSeconds": SAMPLE_PERIOD.total_seconds(),
    **dict.fromkeys(("$MemoryBytes", "$DiskBytes"), 2**30),
    **dict.fromkeys(("$DiskReadBytes", "$DiskWriteBytes", "$NetworkInBytes", "$NetworkOutBytes"), 2**20),
    **dict.fromkeys(("$DiskReadOps", "$DiskWriteOps"), 2**8),
}
"""What a task slot that is taken uses in the time of a sample. The variables are averages over the nodes."""


def check_formula(formula: str) -> None:
    """Refuse a formula that cannot be read."""
    try:
        parse(formula)
    except FormulaError as error:
        raise _refusal(error) from None


def _refusal(error: FormulaError) -> Refusal:
    return Refusal(error.code, error.values)


def evaluate(store: Store, pool: Pool, scaling: Scaling, formula: str) -> dict[str, Any]:
    """What a formula would give now, as `AutoScaleRun` in wire shape. Raises `Refusal`."""
    try:
        told, _ = _run(pool, scaling.history, formula, store.now())
    except FormulaError as error:
        raise _refusal(error) from None
    return _wire(told, store.now())


def _run(pool: Pool, history: History, formula: str, now: int) -> tuple[AutoScaleRun, Evaluation | None]:
    _hold_present(pool, history)
    # By the time, so that a run on a clock that stands still can be repeated.
    rng = Random(now)  # noqa: S311  # rand() of a formula, no secret
    return run(formula, history=history, now=ticks.to_datetime(now), rng=rng)


def _hold_present(pool: Pool, history: History) -> None:
    targets = {
        "$TargetDedicatedNodes": pool.target(dedicated=True),
        "$TargetLowPriorityNodes": pool.target(dedicated=False),
    }
    history.hold({**_node_values(pool), **targets})


def _wire(told: AutoScaleRun, now: int) -> dict[str, Any]:
    return {**to_wire(told), "timestamp": ticks.time_text(now)}


def run_is_due(store: Store, pool: Pool, when: int, _why: str | None) -> None:
    """Run the pool's formula, and have the pool follow it."""
    scaling, evaluation = pool.scaling, None
    if scaling is None:
        return
    interval = ticks.read_duration(pool.spec.get("autoScaleEvaluationInterval", DEFAULT_INTERVAL))
    scaling.next_run = run_after(when, interval, store.clock.ticks(), MOST_RUNS // len(store.pools))
    try:
        told, evaluation = _run(pool, scaling.history, pool.spec["autoScaleFormula"], when)
    except FormulaError as error:
        # Of an auto pool, whose formula nobody has read before.
        told = failed(error, history=scaling.history, now=ticks.to_datetime(when))
    scaling.run = _wire(told, when)
    if evaluation is not None:
        _follow(store, pool, evaluation)
    store.enter(pool)


def _follow(store: Store, pool: Pool, evaluation: Evaluation) -> None:
    targets = (evaluation.target_dedicated_nodes, evaluation.target_low_priority_nodes)
    if targets != (pool.target(dedicated=True), pool.target(dedicated=False)):
        names = ("targetDedicatedNodes", "targetLowPriorityNodes")
        pool.spec = {**pool.spec, **dict(zip(names, targets, strict=True))}
        pool.changed = store.stamps()
    elif not pool.errors:
        return
    resize(store, pool, evaluation.node_deallocation_option)


def take_samples(pool: Pool, first: int, times: int) -> bool:
    """So many samples of a pool, all of what is now; gives whether a formula scales it, for which they are."""
    if pool.scaling is None:
        return False
    pool.scaling.history.add(ticks.to_datetime(first), {**_node_values(pool), **_task_values(pool)}, times=times)
    return True


def _node_values(pool: Pool) -> dict[str, float]:
    usable = [node for node in pool.nodes.all() if node.state in (IDLE, RUNNING)]
    values: dict[str, float] = {
        "$CurrentDedicatedNodes": pool.count(dedicated=True),
        "$CurrentLowPriorityNodes": pool.count(dedicated=False),
        "$PreemptedNodeCount": 0,
        "$UsableNodeCount": len(usable),
        "$SampleNodeCount": len(usable),
        "$TaskSlotsPerNode": pool.slots,
    }
    if usable:
        # A task slot that is taken is a part of the node that is busy.
        taken = sum(node.used for node in usable) / len(usable)
        values["$CPUPercent"] = taken / pool.slots
        values |= {name: taken * amount for name, amount in OF_A_SLOT.items()}
    return values


def _task_values(pool: Pool) -> dict[str, float]:
    jobs = list(pool.jobs.values())
    active = sum(_ready(job) for job in jobs if job.state == ACTIVE)
    running = sum(job.tasks_in[RUNNING] + job.tasks_in[PREPARING] for job in jobs)
    failures = sum(job.failed for job in jobs)
    return {
        "$ActiveTasks": active,
        "$RunningTasks": running,
        "$PendingTasks": active + running,
        "$SucceededTasks": sum(job.tasks_in[COMPLETED] for job in jobs) - failures,
        "$FailedTasks": failures,
    }


def _ready(job: Job) -> int:
    """Active tasks that wait for no other one."""
    waiting = (task for tasks in job.waiting.values() for task, _ in tasks)
    return job.tasks_in[ACTIVE] - sum(task.state == ACTIVE and not task.gone for task in waiting)
