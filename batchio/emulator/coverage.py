"""Which operations are there, as a table for people.

Law: worked out from the handlers; the README holds exactly what this gives.
"""

from __future__ import annotations

from ..service.operations import OPERATIONS
from .service import REAL, REAL_WITH_PROCESSES, SIMULATED

COLUMNS = ("real", "real with `--nodes process`", "simulated", "left out")


def state_of(operation: str) -> str:
    """What an operation is here, as one of `COLUMNS`."""
    real, real_with_processes, simulated, left_out = COLUMNS
    if operation in REAL:
        return real
    if operation in REAL_WITH_PROCESSES:
        return real_with_processes
    return simulated if operation in SIMULATED else left_out


def table() -> str:
    """The table in Markdown: a row for each group of operations."""
    groups: dict[str, dict[str, list[str]]] = {}
    for operation in OPERATIONS:
        group, _, name = operation.partition("_")
        groups.setdefault(group, {column: [] for column in COLUMNS})[state_of(operation)].append(name)
    lines = [f"| | {' | '.join(COLUMNS)} |", "|---" * (len(COLUMNS) + 1) + "|"]
    for group, names in groups.items():
        cells = (" ".join(names[column]) for column in COLUMNS)
        lines.append(f"| {group} | {' | '.join(cells)} |")
    return "\n".join(lines)
