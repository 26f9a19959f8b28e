"""How the operating system of a pool's nodes is upgraded.

Law: `mode` decides; what stands beside it refines that mode alone.
"""

from __future__ import annotations

from datetime import timedelta
from typing import Annotated

from .base import Model, Rule, limit_durations
from .enums import UpgradeMode
from .rules import BatchPercent, Needed


class AutomaticOSUpgradePolicy(Model, kw_only=True):
    """How automatic upgrades of the operating system go."""

    disable_automatic_rollback: bool | None = None
    """Whether a failed upgrade is left as it is."""
    enable_automatic_os_upgrade: bool | None = None
    use_rolling_upgrade_policy: bool | None = None
    os_rolling_upgrade_deferral: bool | None = None
    """Whether upgrades wait while tasks run."""


class RollingUpgradePolicy(Model, kw_only=True):
    """How an upgrade goes from batch to batch of nodes."""

    enable_cross_zone_upgrade: bool | None = None
    """Whether one batch may span zones."""
    max_batch_instance_percent: BatchPercent | None = None
    """From 5 to 100 percent of the nodes at a time."""
    max_unhealthy_instance_percent: BatchPercent | None = None
    """From 5 to 100; above it the upgrade stops."""
    max_unhealthy_upgraded_instance_percent: Annotated[int, Rule(ge=0, le=100)] | None = None
    """From 0 to 100, of upgraded nodes; above it the upgrade stops."""
    pause_time_between_batches: timedelta | None = None
    """Between one batch and the next."""
    prioritize_unhealthy_instances: bool | None = None
    rollback_failed_instances_on_policy_breach: bool | None = None
    """Whether failed nodes go back to what they were."""

    def __post_init__(self) -> None:
        limit_durations(self, "pause_time_between_batches")


class UpgradePolicy(Model, kw_only=True):
    """Who starts upgrades of the nodes' operating system, and how they go."""

    mode: Needed[UpgradeMode] = None
    automatic_os_upgrade_policy: AutomaticOSUpgradePolicy | None = None
    rolling_upgrade_policy: RollingUpgradePolicy | None = None
