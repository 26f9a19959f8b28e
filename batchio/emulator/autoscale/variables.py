"""The variables of the service.

Law: a name that the service gives a meaning stands here; every other name is the formula's own.
"""

from __future__ import annotations

from .values import INTERVALS

DEDICATED = "$TargetDedicatedNodes"
LOW_PRIORITY = "$TargetLowPriorityNodes"
DEALLOCATION = "$NodeDeallocationOption"

TARGETS = {DEDICATED: "$TargetDedicated", LOW_PRIORITY: "$TargetLowPriority"}
"""What a formula sets -> its alias. Where both are set, the full name counts."""

FULL_NAMES = {alias: name for name, alias in TARGETS.items()}

OPTIONS = frozenset({"requeue", "terminate", "taskcompletion", "retaineddata"})
"""The words for `$NodeDeallocationOption`; `requeue` where a formula says nothing."""

_MEASURED = (
    *("$CPUPercent", "$WallClockSeconds", "$MemoryBytes", "$DiskBytes", "$DiskReadBytes", "$DiskWriteBytes"),
    *("$DiskReadOps", "$DiskWriteOps", "$NetworkInBytes", "$NetworkOutBytes"),
    *("$ActiveTasks", "$RunningTasks", "$PendingTasks", "$SucceededTasks", "$FailedTasks"),
)
_COUNTED = (
    *("$SampleNodeCount", "$CurrentDedicatedNodes", "$CurrentLowPriorityNodes"),
    *("$PreemptedNodeCount", "$UsableNodeCount"),
)

METRICS: dict[str, float | None] = {
    **dict.fromkeys(_MEASURED, None),
    **dict.fromkeys(_COUNTED, 0.0),
    "$TaskSlotsPerNode": 1.0,
}
"""What a formula reads -> its value where the history has none; None: without a sample there is no value."""

METRIC_ALIASES = {"$CurrentDedicated": "$CurrentDedicatedNodes"}
"""Names of before, which published examples still have."""

CONSTANTS = frozenset(INTERVALS) | OPTIONS


def not_to_be_set(name: str) -> str | None:
    """What a name is that a formula cannot set; None where it can."""
    if METRIC_ALIASES.get(name, name) in METRICS:
        return "a read-only variable of the service"
    return "a constant" if name in CONSTANTS else None
