"""Compute nodes: their state, their users, and what can be asked of them.

Law: nodes come and go with the pool; nothing here makes one.
"""

from __future__ import annotations

from datetime import datetime

from .base import Model
from .certificates import CertificateReference
from .enums import (
    ComputeNodeDeallocateOption,
    ComputeNodeRebootOption,
    ComputeNodeReimageOption,
    ComputeNodeState,
    DisableComputeNodeSchedulingOption,
    SchedulingState,
)
from .executions import StartTaskInformation, TaskInformation
from .identities import ComputeNodeIdentityReference
from .networks import ComputeNodeEndpointConfiguration
from .pairs import NameValuePair
from .pools import StartTask
from .rules import Needed, Secret, Since2020_09, Since2021_06, Since2025_06, Until2024_07
from .virtual_machines import VirtualMachineInfo


class NodeAgentInformation(Model, kw_only=True):
    """The node agent, which is the service's program on a node."""

    version: Needed[str] = None
    last_update_time: Needed[datetime] = None
    """When this version was installed."""


class ComputeNodeError(Model, kw_only=True):
    """What is wrong with a node."""

    code: str | None = None
    """Does not change over time; made for programs."""
    message: str | None = None
    """Made for people."""
    error_details: list[NameValuePair] | None = None


class ComputeNode(Model, kw_only=True):
    """A compute node as the service has it. Answer of `Nodes_GetNode`; item of `Nodes_ListNodes`."""

    id: str | None = None
    """May be given again to another node, once this one has gone."""
    url: str | None = None
    state: ComputeNodeState | None = None
    scheduling_state: SchedulingState | None = None
    state_transition_time: datetime | None = None
    last_boot_time: datetime | None = None
    """May be absent when the node is unusable."""
    allocation_time: datetime | None = None
    """Never changes afterwards."""
    ip_address: str | None = None
    """By which the nodes reach each other."""
    affinity_id: str | None = None
    """Pass it to have a task start on this node."""
    vm_size: str | None = None
    total_tasks_run: int | None = None
    """Preparation, release and start tasks do not count; neither do they below."""
    running_tasks_count: int | None = None
    running_task_slots_count: Since2020_09[int] = None
    total_tasks_succeeded: int | None = None
    recent_tasks: list[TaskInformation] | None = None
    """Absent until a task has run here."""
    start_task: StartTask | None = None
    start_task_info: StartTaskInformation | None = None
    certificate_references: Until2024_07[list[CertificateReference]] = None
    errors: list[ComputeNodeError] | None = None
    is_dedicated: bool | None = None
    """`False` for a spot node."""
    endpoint_configuration: ComputeNodeEndpointConfiguration | None = None
    node_agent_info: NodeAgentInformation | None = None
    virtual_machine_info: Since2021_06[VirtualMachineInfo] = None
    ipv6_address: Since2025_06[str] = None


class ComputeNodeUser(Model, kw_only=True):
    """An account to make on one node, for logging in. Body of `Nodes_CreateNodeUser`."""

    name: str
    is_admin: bool | None = None
    """`False` if absent."""
    expiry_time: datetime | None = None
    """A day from now if absent. Rounded to the minute on Linux."""
    password: Secret[str] = None
    """Needed on Windows; on Linux this or `ssh_public_key`."""
    ssh_public_key: str | None = None
    """In OpenSSH form (base64), for Linux only."""


class NodeUpdateUserParameter(Model, kw_only=True):
    """New properties of an account on a node, all of them: what is absent is taken away or set to its default.

    Body of `Nodes_ReplaceNodeUser`.
    """

    password: Secret[str] = None
    """Taken away if absent. Needed on Windows."""
    expiry_time: datetime | None = None
    """A day from now if absent."""
    ssh_public_key: str | None = None
    """In OpenSSH form, for Linux only. Taken away if absent."""


class NodeRebootParameter(Model, kw_only=True):
    """Reboots a node that is idle or running. Body of `Nodes_RebootNode`."""

    node_reboot_option: ComputeNodeRebootOption | None = None
    """What becomes of the tasks that run; `requeue` if absent."""


class NodeReimageParameter(Model, kw_only=True):
    """Installs the operating system of a node anew. Body of `Nodes_ReimageNode`."""

    node_reimage_option: ComputeNodeReimageOption | None = None
    """What becomes of the tasks that run; `requeue` if absent."""


class NodeDeallocateParameter(Model, kw_only=True):
    """Stops a node that is idle or running and frees its machine; it can be started again.

    Body of `Nodes_DeallocateNode`.
    """

    node_deallocate_option: ComputeNodeDeallocateOption | None = None
    """What becomes of the tasks that run; `requeue` if absent."""


class NodeDisableSchedulingParameter(Model, kw_only=True):
    """Keeps new tasks away from a node. Body of `Nodes_DisableNodeScheduling`."""

    node_disable_scheduling_option: DisableComputeNodeSchedulingOption | None = None
    """What becomes of the tasks that run; `requeue` if absent."""


class ComputeNodeGetRemoteLoginSettingsResult(Model, kw_only=True):
    """Where to log in to a node; it takes an account on it. Answer of `Nodes_GetNodeRemoteLoginSettings`."""

    remote_login_ip_address: Needed[str] = None
    remote_login_port: Needed[int] = None
    ipv6_remote_login_ip_address: Since2025_06[str] = None
    ipv6_remote_login_port: Since2025_06[int] = None


class UploadBatchServiceLogsConfiguration(Model, kw_only=True):
    """Which of the service's own logs of a node to upload, and where to; they are for support.

    Body of `Nodes_UploadNodeLogs`.
    """

    container_url: str
    """With a SAS that allows writing, unless `identity_reference` does."""
    start_time: datetime
    """Logs from here on, as a rule with some before."""
    end_time: datetime | None = None
    """All up to now if absent."""
    identity_reference: Since2021_06[ComputeNodeIdentityReference] = None


class UploadBatchServiceLogsResult(Model, kw_only=True):
    """What an upload of logs will bring. Answer of `Nodes_UploadNodeLogs`."""

    virtual_directory_name: Needed[str] = None
    """In the container."""
    number_of_files_uploaded: Needed[int] = None
