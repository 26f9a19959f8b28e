"""What a node is: image, disks, security, extensions.

Law: one configuration for all nodes of a pool.
"""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any

from .base import Model, Rule
from .containers import ContainerConfiguration
from .enums import (
    CachingType,
    DiffDiskPlacement,
    DiskEncryptionTarget,
    HostEndpointSettingsModeTypes,
    NodePlacementPolicyType,
    OSType,
    SecurityEncryptionTypes,
    SecurityTypes,
    StatusLevelTypes,
    StorageAccountType,
    VerificationType,
)
from .identities import BatchPoolIdentityReference
from .rules import (
    Needed,
    ReadOnly,
    Secret,
    Since2020_03,
    Since2021_06,
    Since2023_05,
    Since2023_11,
    Since2024_07,
    Since2025_06,
)


class ImageReference(Model, kw_only=True):
    """The image that nodes start from: of the Marketplace (publisher, offer, sku, version), or a gallery's by id."""

    publisher: str | None = None
    """Such as `canonical`."""
    offer: str | None = None
    """Such as `0001-com-ubuntu-server-jammy`."""
    sku: str | None = None
    """Such as `22_04-lts`."""
    version: str | None = None
    """`latest` if absent."""
    virtual_machine_image_id: str | None = None
    """ARM id of an image in a gallery, with or without a version. Excludes all other fields."""
    exact_version: ReadOnly[Since2021_06[str]] = None
    """What `latest` was when the node was made."""
    shared_gallery_image_id: Since2024_07[str] = None
    """Excludes all other fields."""
    community_gallery_image_id: Since2024_07[str] = None
    """Excludes all other fields."""


class ImageInformation(Model, kw_only=True):
    """An image that the service knows to work, with the node agent that fits it.

    Item of `Pools_ListSupportedImages`.
    """

    node_agent_sku_id: Needed[str] = None
    """For `VirtualMachineConfiguration.node_agent_sku_id`."""
    image_reference: Needed[ImageReference] = None
    os_type: Needed[OSType] = None
    capabilities: list[str] | None = None
    """Such as `DockerCompatible`; not every one is listed."""
    batch_support_end_of_life: datetime | None = None
    """When the service stops to take this image."""
    verification_type: Needed[VerificationType] = None
    """Whether the service has tested the image with this agent."""


class WindowsConfiguration(Model, kw_only=True):
    """Settings of Windows on the nodes."""

    enable_automatic_updates: bool | None = None
    """`True` if absent."""


class DiffDiskSettings(Model, kw_only=True):
    """Makes the operating system's disk ephemeral."""

    placement: DiffDiskPlacement | None = None


class DiskEncryptionSetParameters(Model, kw_only=True):
    """A disk encryption set of the customer's."""

    id: str | None = None
    """ARM id."""


class VMDiskSecurityProfile(Model, kw_only=True):
    """How a managed disk of a confidential virtual machine is encrypted."""

    security_encryption_type: SecurityEncryptionTypes | None = None
    disk_encryption_set: Since2025_06[DiskEncryptionSetParameters] = None
    """Seen here in answers, and at `ManagedDisk` in the API's description."""


class ManagedDisk(Model, kw_only=True):
    """The storage and security of a managed disk."""

    storage_account_type: StorageAccountType | None = None
    security_profile: Since2024_07[VMDiskSecurityProfile] = None
    disk_encryption_set: Since2025_06[DiskEncryptionSetParameters] = None


class DataDisk(Model, kw_only=True):
    """An empty disk that each node gets; it must be formatted before use and goes with its node."""

    lun: Needed[Annotated[int, Rule(ge=0, le=63)]] = None
    """Logical unit number, from 0 to 63, another one for each disk."""
    caching: CachingType | None = None
    """`readwrite` if absent."""
    disk_size_gb: Needed[int] = None
    """In gigabytes."""
    storage_account_type: StorageAccountType | None = None
    """`standard_lrs` if absent."""
    managed_disk: Since2025_06[ManagedDisk] = None


class OSDisk(Model, kw_only=True):
    """The disk of the operating system."""

    ephemeral_os_disk_settings: DiffDiskSettings | None = None
    caching: Since2023_11[CachingType] = None
    disk_size_gb: Since2023_11[int] = None
    """In gigabytes; that of the image if absent."""
    managed_disk: Since2023_11[ManagedDisk] = None
    write_accelerator_enabled: Since2023_11[bool] = None


class DiskCustomerManagedKey(Model, kw_only=True):
    """A key of the customer's, in Key Vault, that encrypts disks."""

    identity_reference: BatchPoolIdentityReference | None = None
    key_url: str | None = None
    """In Key Vault, with or without a version."""
    rotation_to_latest_key_version_enabled: bool | None = None
    """Whether nodes follow new versions of the key."""


class DiskEncryptionConfiguration(Model, kw_only=True):
    """Which disks of a node are encrypted."""

    targets: list[DiskEncryptionTarget] | None = None
    """On Linux `temporarydisk` only; on Windows both together."""
    customer_managed_key: Since2025_06[DiskCustomerManagedKey] = None


class NodePlacementConfiguration(Model, kw_only=True):
    """Whether the nodes of a pool are spread over zones."""

    policy: NodePlacementPolicyType | None = None
    """`regional` if absent."""


class UefiSettings(Model, kw_only=True):
    """Secure boot and the virtual TPM."""

    secure_boot_enabled: bool | None = None
    v_tpm_enabled: bool | None = None


class HostEndpointSettings(Model, kw_only=True):
    """How far the proxy agent guards one endpoint of the host."""

    in_vm_access_control_profile_reference_id: str | None = None
    mode: HostEndpointSettingsModeTypes | None = None


class ProxyAgentSettings(Model, kw_only=True):
    """Guards the endpoints by which a node talks to its host."""

    enabled: bool | None = None
    imds: HostEndpointSettings | None = None
    wire_server: HostEndpointSettings | None = None


class SecurityProfile(Model, kw_only=True):
    """The security of a pool's virtual machines."""

    encryption_at_host: bool | None = None
    """Whether all disks of the machine are encrypted on the host."""
    security_type: SecurityTypes | None = None
    uefi_settings: UefiSettings | None = None
    proxy_agent_settings: Since2025_06[ProxyAgentSettings] = None


class ServiceArtifactReference(Model, kw_only=True):
    """Pins image versions together, so that all nodes of a pool get the same ones."""

    id: Needed[str] = None
    """ARM id."""


class VMExtension(Model, kw_only=True):
    """An extension of the virtual machines."""

    name: Needed[str] = None
    publisher: Needed[str] = None
    type: Needed[str] = None
    """Such as `CustomScript`."""
    type_handler_version: str | None = None
    """Version of the script handler."""
    auto_upgrade_minor_version: bool | None = None
    """Whether a newer minor version is taken when the extension is deployed."""
    enable_automatic_upgrade: Since2023_05[bool] = None
    """Whether the platform upgrades the extension by itself."""
    settings: dict[str, Any] | None = None
    """Any JSON object; not secret."""
    protected_settings: Secret[dict[str, Any]] = None
    """Any JSON object; encrypted by the platform, never returned, hidden in `repr`."""
    provision_after_extensions: list[str] | None = None
    """Names of extensions that come first."""


class InstanceViewStatus(Model, kw_only=True):
    """One status in the instance view of an extension."""

    code: str | None = None
    """Does not change over time; made for programs."""
    display_status: str | None = None
    level: StatusLevelTypes | None = None
    message: str | None = None
    time: datetime | None = None


class VMExtensionInstanceView(Model, kw_only=True):
    """What an extension says of itself on one node."""

    name: str | None = None
    statuses: list[InstanceViewStatus] | None = None
    sub_statuses: list[InstanceViewStatus] | None = None


class NodeVMExtension(Model, kw_only=True):
    """An extension on one node. Answer of `Nodes_GetNodeExtension`; item of `Nodes_ListNodeExtensions`."""

    provisioning_state: str | None = None
    vm_extension: VMExtension | None = None
    instance_view: VMExtensionInstanceView | None = None


class VirtualMachineConfiguration(Model, kw_only=True):
    """What the virtual machines of a pool are.

    >>> image = ImageReference(publisher="canonical", offer="0001-com-ubuntu-server-jammy", sku="22_04-lts")
    >>> machine = VirtualMachineConfiguration(image_reference=image, node_agent_sku_id="batch.node.ubuntu 22.04")
    >>> machine.image_reference.offer
    '0001-com-ubuntu-server-jammy'
    """

    image_reference: Needed[ImageReference] = None
    node_agent_sku_id: Needed[str] = None
    """The node agent that fits the image; `Pools_ListSupportedImages` has the pairs."""
    windows_configuration: WindowsConfiguration | None = None
    """Not with a Linux image."""
    data_disks: list[DataDisk] | None = None
    """Empty disks, one set for each node. Cannot be changed."""
    license_type: str | None = None
    """`Windows_Server` or `Windows_Client`, if you have licenses of your own; no discount if absent."""
    container_configuration: ContainerConfiguration | None = None
    """If given, all tasks of the pool need container settings."""
    disk_encryption_configuration: Since2020_03[DiskEncryptionConfiguration] = None
    node_placement_configuration: Since2021_06[NodePlacementConfiguration] = None
    extensions: Since2021_06[list[VMExtension]] = None
    os_disk: Since2021_06[OSDisk] = None
    security_profile: Since2023_11[SecurityProfile] = None
    service_artifact_reference: Since2023_11[ServiceArtifactReference] = None


class CloudServiceConfiguration(Model, kw_only=True):
    """What the nodes of a pool on Azure Cloud Services are, in api-versions that still have such pools."""

    os_family: Needed[str] = None
    """The family of guest systems, all of Windows Server: `2` (2008 R2) to `6` (2019)."""
    os_version: str | None = None
    """The guest system's version; `*`, the latest of the family, if absent."""


class VirtualMachineInfo(Model, kw_only=True):
    """The virtual machine under a node."""

    image_reference: ImageReference | None = None
    scale_set_vm_resource_id: Since2023_11[str] = None
    """Only in accounts whose pools are allocated in the user's subscription."""
