"""What one run over sockets is told."""

from __future__ import annotations

from dataclasses import dataclass

JOB = "pacing"


@dataclass(frozen=True, kw_only=True)
class Order:
    """Add so many tasks to the job at `url`."""

    url: str
    tasks: int
