"""What was used: by tasks, by their jobs and schedules, by pools.

Law: what is over is added up when it ends, so that nothing of it has to be kept; what goes on is counted when it is
asked for. A task keeps one core of each of its nodes busy; memory, disks and networks are not simulated and used by
nobody.
"""

from __future__ import annotations

import msgspec


class Usage(msgspec.Struct, eq=False, gc=False):
    """Of tasks, in ticks: `wall` and `cpu` of runs that are over, `wait` of the latest runs.

    `succeeded` and `failed` are tasks that are not there any more.
    """

    wall: int = 0
    cpu: int = 0
    wait: int = 0
    retries: int = 0
    succeeded: int = 0
    failed: int = 0

    def add(self, other: Usage) -> None:
        """Add what another one has."""
        for name in self.__struct_fields__:
            setattr(self, name, getattr(self, name) + getattr(other, name))


class PoolUsage(msgspec.Struct, eq=False, gc=False):
    """Of nodes, in ticks: `dedicated` and `nodes` those that are gone were there, `busy` their slots and others'."""

    dedicated: int = 0
    nodes: int = 0
    busy: int = 0
