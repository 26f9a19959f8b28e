"""A run as the service tells of it.

Law: what the service answers with status 400 is raised; every other mistake is part of the run, which then leaves
the pool as it is.
"""

from __future__ import annotations

from datetime import datetime
from random import Random

from ...models import AutoScaleRun, AutoScaleRunError, NameValuePair
from .evaluator import evaluate
from .failures import FormulaError
from .history import History
from .results import Evaluation, unchanged
from .tree import Formula


def run(
    formula: str | Formula, *, history: History, now: datetime, rng: Random
) -> tuple[AutoScaleRun, Evaluation | None]:
    """The run, and what it gave; None where it failed.

    Raises `FormulaError` for a formula that is refused: the answer is status 400 with its code and values.
    """
    try:
        evaluation = evaluate(formula, history=history, now=now, rng=rng)
    except FormulaError as error:
        if error.refused:
            raise
        return failed(error, history=history, now=now), None
    return AutoScaleRun(timestamp=now, results=evaluation.results), evaluation


def failed(error: FormulaError, *, history: History, now: datetime) -> AutoScaleRun:
    """The run of a formula that has no result."""
    values = [NameValuePair(name=name, value=value) for name, value in error.values]
    told = AutoScaleRunError(code=error.code, message=error.summary, values=values)
    return AutoScaleRun(timestamp=now, results=unchanged(history).results, error=told)
