"""Pools: made, patched, resized, scaled and counted.

Law: a pool is resized or scaled by its formula, never both at once.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Annotated

import msgspec

from .applications import ApplicationPackageReference, PackageReferences
from .base import Model, Rule, limit_durations
from .certificates import CertificateReference
from .containers import TaskContainerSettings
from .enums import (
    AllocationState,
    ComputeNodeDeallocationOption,
    ComputeNodeFillType,
    JobDefaultOrder,
    NodeCommunicationMode,
    PoolLifetimeOption,
    PoolState,
)
from .identities import BatchPoolIdentity
from .mounts import MountConfiguration
from .networks import NetworkConfiguration
from .pairs import EnvironmentSetting, MetadataItem, NameValuePair
from .rules import (
    AutoScaleFormula,
    DisplayName,
    EvaluationInterval,
    Needed,
    ReadOnly,
    ResizeTimeout,
    ResourceId,
    Since2020_09,
    Since2021_06,
    Since2022_10,
    Since2023_11,
    Since2024_02,
    Since2024_07,
    Since2025_06,
    TaskSlots,
    Until2020_03,
    Until2024_02,
    Until2024_07,
)
from .statistics import PoolStatistics
from .task_settings import ResourceFile
from .upgrades import UpgradePolicy
from .users import UserAccount, UserIdentity
from .virtual_machines import CloudServiceConfiguration, VirtualMachineConfiguration


def no_references() -> list[CertificateReference]:
    """An empty list that is sent: msgspec leaves out what `list` itself makes."""
    return []


class TaskSchedulingPolicy(Model, kw_only=True):
    """How tasks are laid out over the nodes of a pool."""

    node_fill_type: Needed[ComputeNodeFillType] = None
    """`spread` unless said otherwise."""
    job_default_order: Since2025_06[JobDefaultOrder] = None
    """Order among jobs of the same priority; `none` if absent."""


class StartTask(Model, kw_only=True):
    """A task that runs on each node as it joins the pool, and again after a reboot or reimage.

    It may be run again at any time, so it should be idempotent, and should leave no process running in its directory.
    """

    command_line: Needed[str] = None
    """Runs under no shell: variables are not expanded and there are no pipes, unless it starts one (`/bin/sh -c '...'`,
    `cmd /c ...`). Paths are relative to the task's working directory.
    """
    container_settings: TaskContainerSettings | None = None
    resource_files: list[ResourceFile] | None = None
    """Downloaded to the task's working directory. A list that is too long is refused (`RequestEntityTooLarge`): use
    packages or archives.
    """
    environment_settings: list[EnvironmentSetting] | None = None
    user_identity: UserIdentity | None = None
    """If absent, the task runs under a non-administrative account of its own."""
    max_task_retry_count: int | None = None
    """-1 is without limit, 0 (the default) no retry. Only exit codes other than 0 count; what the service itself
    restarts, after a node was lost, comes on top.
    """
    wait_for_success: bool | None = None
    """Whether no task runs on the node before this one has succeeded; `True` if absent. If it then fails for good, the
    node gets no tasks (`starttaskfailed`).
    """


class AutoScaleRunError(Model, kw_only=True):
    """Why an evaluation of the formula failed."""

    code: str | None = None
    """Does not change over time; made for programs."""
    message: str | None = None
    """Made for people."""
    values: list[NameValuePair] | None = None


class AutoScaleRun(Model, kw_only=True):
    """What an evaluation of the formula gave. Answer of `Pools_EvaluatePoolAutoScale`."""

    timestamp: Needed[datetime] = None
    results: str | None = None
    """The variables of the formula with their values, as `$name=value;`."""
    error: AutoScaleRunError | None = None


class ResizeError(Model, kw_only=True):
    """Why a pool did not reach its size."""

    code: str | None = None
    """Does not change over time; made for programs."""
    message: str | None = None
    """Made for people."""
    values: list[NameValuePair] | None = None


class CloudPool(Model, kw_only=True):
    """A pool as the service has it. Answer of `Pools_GetPool`; item of `Pools_ListPools`."""

    id: ReadOnly[ResourceId] = None
    display_name: ReadOnly[DisplayName] = None
    url: ReadOnly[str] = None
    e_tag: ReadOnly[str] = None
    """An opaque mark of this state; pass it as `if_match` to act on this state only."""
    last_modified: ReadOnly[datetime] = None
    """Of the pool itself: number and state of nodes do not count."""
    creation_time: ReadOnly[datetime] = None
    state: ReadOnly[PoolState] = None
    state_transition_time: ReadOnly[datetime] = None
    allocation_state: ReadOnly[AllocationState] = None
    allocation_state_transition_time: ReadOnly[datetime] = None
    vm_size: ReadOnly[str] = None
    cloud_service_configuration: ReadOnly[Until2024_02[CloudServiceConfiguration]] = None
    virtual_machine_configuration: ReadOnly[VirtualMachineConfiguration] = None
    resize_timeout: ReadOnly[timedelta] = None
    """Of the latest resize."""
    resize_errors: ReadOnly[list[ResizeError]] = None
    """Of the latest resize; present while the pool is `steady` only."""
    resource_tags: ReadOnly[Since2023_11[Until2024_07[dict[str, str]]]] = None
    """Tags on the Azure resources of the pool."""
    current_dedicated_nodes: ReadOnly[int] = None
    current_low_priority_nodes: ReadOnly[int] = None
    target_dedicated_nodes: ReadOnly[int] = None
    target_low_priority_nodes: ReadOnly[int] = None
    enable_auto_scale: ReadOnly[bool] = None
    auto_scale_formula: ReadOnly[str] = None
    auto_scale_evaluation_interval: ReadOnly[timedelta] = None
    auto_scale_run: ReadOnly[AutoScaleRun] = None
    """The latest evaluation of the formula."""
    enable_inter_node_communication: ReadOnly[bool] = None
    network_configuration: ReadOnly[NetworkConfiguration] = None
    start_task: StartTask | None = None
    certificate_references: ReadOnly[Until2024_07[list[CertificateReference]]] = None
    application_licenses: ReadOnly[Until2024_02[list[str]]] = None
    """Licenses that the service makes available on the nodes."""
    application_package_references: ReadOnly[PackageReferences] = None
    max_tasks_per_node: ReadOnly[Until2020_03[TaskSlots]] = None
    """`task_slots_per_node` in later versions."""
    task_slots_per_node: ReadOnly[Since2020_09[TaskSlots]] = None
    task_scheduling_policy: ReadOnly[TaskSchedulingPolicy] = None
    user_accounts: ReadOnly[list[UserAccount]] = None
    metadata: ReadOnly[list[MetadataItem]] = None
    stats: ReadOnly[PoolStatistics] = None
    """`None` unless asked for with `$expand=stats`."""
    mount_configuration: ReadOnly[list[MountConfiguration]] = None
    identity: ReadOnly[Since2021_06[BatchPoolIdentity]] = None
    target_node_communication_mode: Since2022_10[Until2024_07[NodeCommunicationMode]] = None
    """What was asked for."""
    current_node_communication_mode: ReadOnly[Since2022_10[Until2024_07[NodeCommunicationMode]]] = None
    """What is in use."""
    upgrade_policy: Since2024_02[UpgradePolicy] = None

    def __post_init__(self) -> None:
        limit_durations(self, "resize_timeout", "auto_scale_evaluation_interval")


class PoolAddParameter(Model, kw_only=True):
    """A pool to make.

    Body of `Pools_CreatePool`.

    >>> PoolAddParameter(id="render", vm_size="standard_d2s_v3", target_dedicated_nodes=2).id
    'render'
    """

    id: ResourceId
    """1 to 64 letters, digits, hyphens and underscores. The letter case is kept, and ignored in comparisons."""
    display_name: DisplayName | None = None
    """Up to 1024 characters; need not be unique."""
    vm_size: str
    """The same for all nodes, such as `standard_d2s_v3`."""
    cloud_service_configuration: Until2024_02[CloudServiceConfiguration] = None
    virtual_machine_configuration: VirtualMachineConfiguration | None = None
    resize_timeout: ResizeTimeout | None = None
    """How long nodes may take to come or go, at least 5 minutes; 15 minutes if absent. Has no effect on a pool that
    scales by a formula.
    """
    resource_tags: Since2023_11[Until2024_07[dict[str, str]]] = None
    """Tags on the Azure resources of the pool."""
    target_dedicated_nodes: int | None = None
    """Nodes that stay. Without a formula this or the other target is needed."""
    target_low_priority_nodes: int | None = None
    """Spot nodes, which can be taken away at any time. Without a formula this or the other target is needed."""
    enable_auto_scale: bool | None = None
    """Whether the formula decides the size; `False` if absent. If it does, a formula is needed and targets are
    forbidden.
    """
    auto_scale_formula: AutoScaleFormula | None = None
    """Needed with `enable_auto_scale`, forbidden without. At most 8192 characters; checked before the pool is made."""
    auto_scale_evaluation_interval: EvaluationInterval | None = None
    """From 5 minutes to 168 hours; 15 minutes if absent."""
    enable_inter_node_communication: bool | None = None
    """Whether nodes talk to each other directly, which limits how large the pool can get; `False` if absent."""
    network_configuration: NetworkConfiguration | None = None
    start_task: StartTask | None = None
    """Runs on each node as it joins the pool."""
    certificate_references: Until2024_07[list[CertificateReference]] = None
    application_licenses: Until2024_02[list[str]] = None
    """Licenses that the service makes available on the nodes."""
    application_package_references: PackageReferences | None = None
    """At most 10."""
    max_tasks_per_node: Until2020_03[TaskSlots] = None
    """`task_slots_per_node` in later versions."""
    task_slots_per_node: Since2020_09[TaskSlots] = None
    """Tasks (slots) at a time on one node: 1 if absent, at most the smaller of 256 and 4 times the cores."""
    task_scheduling_policy: TaskSchedulingPolicy | None = None
    """`spread` if absent."""
    user_accounts: list[UserAccount] | None = None
    """Made on every node."""
    metadata: list[MetadataItem] | None = None
    mount_configuration: list[MountConfiguration] | None = None
    """File systems that every node mounts."""
    target_node_communication_mode: Since2022_10[Until2024_07[NodeCommunicationMode]] = None
    """If absent: `default`, and the service chooses."""
    upgrade_policy: Since2024_02[UpgradePolicy] = None

    def __post_init__(self) -> None:
        limit_durations(self, "resize_timeout", "auto_scale_evaluation_interval")


class PoolPatchParameter(Model, kw_only=True):
    """Changes to a pool: what is absent stays as it is.

    Body of `Pools_UpdatePool`.

    >>> PoolPatchParameter(metadata=[]).metadata
    []
    """

    display_name: Since2024_07[DisplayName] = None
    """Up to 1024 characters; need not be unique."""
    vm_size: Since2024_07[str] = None
    """Only while the pool has no nodes, like most fields that came with it."""
    enable_inter_node_communication: Since2024_07[bool] = None
    start_task: StartTask | None = None
    """Takes the place of the one there is."""
    certificate_references: Until2024_07[list[CertificateReference]] = None
    """Reaches nodes that join later, and the others when they are rebooted."""
    application_package_references: list[ApplicationPackageReference] | None = None
    """An empty list takes all away. Reaches nodes that join later, and the others when they are rebooted."""
    metadata: list[MetadataItem] | None = None
    """An empty list takes all away."""
    virtual_machine_configuration: Since2024_07[VirtualMachineConfiguration] = None
    target_node_communication_mode: Since2022_10[Until2024_07[NodeCommunicationMode]] = None
    task_slots_per_node: Since2024_07[TaskSlots] = None
    """At most the smaller of 256 and 4 times the cores; only while the pool has no nodes."""
    task_scheduling_policy: Since2024_07[TaskSchedulingPolicy] = None
    network_configuration: Since2024_07[NetworkConfiguration] = None
    resource_tags: Since2024_07[Until2024_07[dict[str, str]]] = None
    """Tags on the Azure resources of the pool."""
    user_accounts: Since2024_07[list[UserAccount]] = None
    """Made on every node."""
    mount_configuration: Since2024_07[list[MountConfiguration]] = None
    """File systems that every node mounts."""
    upgrade_policy: Since2024_07[UpgradePolicy] = None


class PoolUpdatePropertiesParameter(Model, kw_only=True):
    """New properties of a pool, all of them: what is absent or empty is taken away.

    Changed references reach the nodes that join later, and the others when they are rebooted or reimaged.

    Body of `Pools_ReplacePoolProperties`.

    >>> PoolUpdatePropertiesParameter(application_package_references=[], metadata=[]).certificate_references
    []
    """

    start_task: StartTask | None = None
    """Taken away if absent."""
    certificate_references: Annotated[list[CertificateReference], Rule(required=True, until="2024-07-01.20.0")] = (
        msgspec.field(default_factory=no_references)
    )
    """Required by the service, so that an empty list, which takes all away, is sent where nothing is given."""
    application_package_references: PackageReferences
    """An empty list takes all away. At most 10."""
    metadata: list[MetadataItem]
    """An empty list takes all away."""
    target_node_communication_mode: Since2022_10[Until2024_07[NodeCommunicationMode]] = None
    """Set to `default` if absent."""


class PoolSpecification(Model, kw_only=True):
    """A pool that is made for a job or a schedule."""

    display_name: DisplayName | None = None
    """Up to 1024 characters; need not be unique."""
    vm_size: Needed[str] = None
    """The same for all nodes, such as `standard_d2s_v3`."""
    cloud_service_configuration: Until2024_02[CloudServiceConfiguration] = None
    virtual_machine_configuration: VirtualMachineConfiguration | None = None
    max_tasks_per_node: Until2020_03[TaskSlots] = None
    """`task_slots_per_node` in later versions."""
    task_slots_per_node: Since2020_09[TaskSlots] = None
    """Tasks (slots) at a time on one node: 1 if absent, at most the smaller of 256 and 4 times the cores."""
    task_scheduling_policy: TaskSchedulingPolicy | None = None
    """`spread` if absent."""
    resize_timeout: ResizeTimeout | None = None
    """How long nodes may take to come or go, at least 5 minutes; 15 minutes if absent. Has no effect on a pool that
    scales by a formula.
    """
    resource_tags: Since2023_11[Until2024_07[dict[str, str] | str]] = None
    """Tags on the Azure resources of the pool. Documents of 2024-07-01.20.0 call it a string, which can be read too;
    send a mapping.
    """
    target_dedicated_nodes: int | None = None
    """Nodes that stay; forbidden when a formula decides."""
    target_low_priority_nodes: int | None = None
    """Spot nodes, which can be taken away at any time; forbidden when a formula decides."""
    enable_auto_scale: bool | None = None
    """Whether the formula decides the size; `False` if absent. If it does, a formula is needed and targets are
    forbidden.
    """
    auto_scale_formula: AutoScaleFormula | None = None
    """Needed with `enable_auto_scale`, forbidden without. At most 8192 characters; checked before the pool is made."""
    auto_scale_evaluation_interval: EvaluationInterval | None = None
    """From 5 minutes to 168 hours; 15 minutes if absent."""
    enable_inter_node_communication: bool | None = None
    """Whether nodes talk to each other directly, which limits how large the pool can get; `False` if absent."""
    network_configuration: NetworkConfiguration | None = None
    start_task: StartTask | None = None
    """Runs on each node as it joins the pool."""
    certificate_references: Until2024_07[list[CertificateReference]] = None
    application_licenses: Until2024_02[list[str]] = None
    """Licenses that the service makes available on the nodes."""
    application_package_references: PackageReferences | None = None
    """At most 10."""
    user_accounts: list[UserAccount] | None = None
    """Made on every node."""
    metadata: list[MetadataItem] | None = None
    mount_configuration: list[MountConfiguration] | None = None
    """File systems that every node mounts."""
    target_node_communication_mode: Since2022_10[Until2024_07[NodeCommunicationMode]] = None
    """If absent: `default`, and the service chooses."""
    upgrade_policy: Since2024_02[UpgradePolicy] = None

    def __post_init__(self) -> None:
        limit_durations(self, "resize_timeout", "auto_scale_evaluation_interval")


class AutoPoolSpecification(Model, kw_only=True):
    """Has the service make a pool for a job or a schedule, and delete it afterwards."""

    auto_pool_id_prefix: Annotated[str, Rule(max_length=20)] | None = None
    """Put before the id that the service makes; up to 20 characters."""
    pool_lifetime_option: Needed[PoolLifetimeOption] = None
    """Whether the pool lives with the job or with the schedule (of schedules only)."""
    keep_alive: bool | None = None
    """Whether the pool stays when its life is over; you delete it then."""
    pool: PoolSpecification | None = None


class PoolInformation(Model, kw_only=True):
    """Where a job runs: exactly one of `pool_id` and `auto_pool_specification`.

    >>> PoolInformation(pool_id="render").pool_id
    'render'
    """

    pool_id: str | None = None
    """Not checked: if there is no such pool, the tasks wait for it. Excludes `auto_pool_specification`."""
    auto_pool_specification: AutoPoolSpecification | None = None
    """Made when the job is submitted; a failure ends the job with a scheduling error. Excludes `pool_id`."""


class PoolResizeParameter(Model, kw_only=True):
    """A new size of a pool; at least one of the two targets is needed. Body of `Pools_ResizePool`."""

    target_dedicated_nodes: int | None = None
    target_low_priority_nodes: int | None = None
    resize_timeout: ResizeTimeout | None = None
    """How long nodes may take to come or go, at least 5 minutes; 15 minutes if absent. Has no effect on a pool that
    scales by a formula.
    """
    node_deallocation_option: ComputeNodeDeallocationOption | None = None
    """What becomes of the tasks that run there; `requeue` if absent."""

    def __post_init__(self) -> None:
        limit_durations(self, "resize_timeout")


class PoolEnableAutoScaleParameter(Model, kw_only=True):
    """Turns on scaling by a formula, or changes how it goes. Body of `Pools_EnablePoolAutoScale`."""

    auto_scale_formula: AutoScaleFormula | None = None
    """Needed unless the pool has one already. At most 8192 characters; checked before it is taken."""
    auto_scale_evaluation_interval: EvaluationInterval | None = None
    """From 5 minutes to 168 hours; 15 minutes if absent."""

    def __post_init__(self) -> None:
        limit_durations(self, "auto_scale_evaluation_interval")


class PoolEvaluateAutoScaleParameter(Model, kw_only=True):
    """A formula to try; the pool, which must scale by a formula, stays as it is.

    Body of `Pools_EvaluatePoolAutoScale`.
    """

    auto_scale_formula: AutoScaleFormula
    """At most 8192 characters. Only its effect is computed."""


class NodeRemoveParameter(Model, kw_only=True):
    """Nodes to take out of a pool, up to 100 at a time. Body of `Pools_RemoveNodes`."""

    node_list: Annotated[list[str], Rule(max_items=100)]
    """Ids, at most 100."""
    resize_timeout: ResizeTimeout | None = None
    """How long nodes may take to come or go, at least 5 minutes; 15 minutes if absent. Has no effect on a pool that
    scales by a formula.
    """
    node_deallocation_option: ComputeNodeDeallocationOption | None = None
    """What becomes of the tasks that run there; `requeue` if absent."""

    def __post_init__(self) -> None:
        limit_durations(self, "resize_timeout")


class NodeCounts(Model, kw_only=True):
    """Nodes by state."""

    creating: Needed[int] = None
    idle: Needed[int] = None
    offline: Needed[int] = None
    preempted: Needed[int] = None
    rebooting: Needed[int] = None
    reimaging: Needed[int] = None
    running: Needed[int] = None
    starting: Needed[int] = None
    start_task_failed: Needed[int] = None
    leaving_pool: Needed[int] = None
    unknown: Needed[int] = None
    unusable: Needed[int] = None
    waiting_for_start_task: Needed[int] = None
    deallocated: Needed[Since2024_07[int]] = None
    deallocating: Needed[Since2024_07[int]] = None
    total: Needed[int] = None
    upgrading_os: Needed[Since2024_02[int]] = None


class PoolNodeCounts(Model, kw_only=True):
    """The nodes of one pool by state. The numbers may lag behind; a list query is exact.

    Item of `Pools_ListPoolNodeCounts`.
    """

    pool_id: Needed[str] = None
    dedicated: NodeCounts | None = None
    low_priority: NodeCounts | None = None


class PoolUsageMetrics(Model, kw_only=True):
    """What a pool used in one interval of aggregation. Item of `Pools_ListPoolUsageMetrics`."""

    pool_id: Needed[str] = None
    start_time: Needed[datetime] = None
    end_time: Needed[datetime] = None
    vm_size: Needed[str] = None
    total_core_hours: Needed[float] = None
    """Over all nodes."""
