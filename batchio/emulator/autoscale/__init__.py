"""Autoscale formulas: the language in which a pool says how many nodes it wants.

Law: a formula is evaluated from values alone (the history of the pool, the time, a source of random numbers), in
time, depth and memory that have a bound; it gives an `Evaluation` or a `FormulaError` with the place.

    history = History()                                                          # one for each pool
    history.hold({"$TargetDedicatedNodes": 2, "$CurrentDedicatedNodes": 2})      # whenever they change
    history.add(now, {"$PendingTasks": 7})                                       # every 30 seconds
    evaluate("$TargetDedicatedNodes = max($PendingTasks.GetSample(1));", history=history, now=now, rng=Random())

Source: "Create a formula to automatically scale compute nodes in a Batch pool" of the product's documentation.
"""

from __future__ import annotations

from .evaluator import MAX_STEPS, evaluate
from .failures import FormulaError, Position
from .history import SAMPLE_PERIOD, History
from .parser import MAX_DEPTH, MAX_STATEMENTS, parse
from .results import Evaluation, unchanged
from .runs import failed, run
from .values import MAX_VECTOR

__all__ = [
    "MAX_DEPTH",
    "MAX_STATEMENTS",
    "MAX_STEPS",
    "MAX_VECTOR",
    "SAMPLE_PERIOD",
    "Evaluation",
    "FormulaError",
    "History",
    "Position",
    "evaluate",
    "failed",
    "parse",
    "run",
    "unchanged",
]
