"""What a formula gives.

Law: targets are numbers of nodes and the option is one of the service's words, or there is no result.
"""

from __future__ import annotations

from collections.abc import Mapping

import msgspec

from .failures import EVALUATION, FormulaError, Position
from .history import History
from .values import Value, text_of, type_name
from .variables import DEALLOCATION, DEDICATED, LOW_PRIORITY, OPTIONS

MOST_NODES = 2**31 - 1
"""The largest number of nodes that the wire has room for."""


class Evaluation(msgspec.Struct, frozen=True, kw_only=True):
    """What a pool is to be; `variables` are the formula's own with their values.

    `stopped` says that the formula called `stop()`: what it had set before counts.
    """

    target_dedicated_nodes: int
    target_low_priority_nodes: int
    node_deallocation_option: str = "requeue"
    variables: Mapping[str, Value] = {}
    stopped: bool = False

    @property
    def results(self) -> str:
        """All variables as `AutoScaleRun.results` has them, the service's first, then the formula's by name."""
        service = {
            DEDICATED: str(self.target_dedicated_nodes),
            LOW_PRIORITY: str(self.target_low_priority_nodes),
            DEALLOCATION: self.node_deallocation_option,
        }
        own = {name: text_of(self.variables[name]) for name in sorted(self.variables)}
        return ";".join(f"{name}={text}" for name, text in {**service, **own}.items())


def unchanged(history: History) -> Evaluation:
    """The pool as it is: what a run that failed, or a formula that sets nothing, leaves."""
    return Evaluation(
        target_dedicated_nodes=int(history.present(DEDICATED) or 0),
        target_low_priority_nodes=int(history.present(LOW_PRIORITY) or 0),
    )


def node_count(name: str, value: Value, at: Position) -> int:
    """The number of nodes of a target; a fraction is cut off, as the service does. Raises `FormulaError`."""
    if not isinstance(value, float):
        raise FormulaError(EVALUATION, f"{name} expected a double, found a {type_name(value)}", at)
    if not 0 <= value <= MOST_NODES:
        message = f"{name} expected a number of nodes from 0 to {MOST_NODES}, found {text_of(value)}"
        raise FormulaError(EVALUATION, message, at)
    return int(value)


def option(value: Value, at: Position) -> str:
    """The word for `$NodeDeallocationOption`. Raises `FormulaError`."""
    if isinstance(value, str) and value in OPTIONS:
        return value
    found = f"{value!a}" if isinstance(value, str) else f"a {type_name(value)}"
    raise FormulaError(EVALUATION, f"{DEALLOCATION} expected {', '.join(sorted(OPTIONS))}, found {found}", at)
