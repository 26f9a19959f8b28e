"""File systems that every node of a pool mounts.

Law: one of the four kinds in each mount; keys and passwords are hidden in `repr`.
"""

from __future__ import annotations

from .base import Model
from .identities import ComputeNodeIdentityReference
from .rules import Needed, Secret, Since2021_06


class AzureBlobFileSystemConfiguration(Model, kw_only=True):
    """A blob container that is mounted by Blobfuse.

    Exactly one of `account_key`, `sas_key` and `identity_reference` gives access.
    """

    account_name: Needed[str] = None
    container_name: Needed[str] = None
    account_key: Secret[str] = None
    """One of three ways to get access."""
    sas_key: Secret[str] = None
    """One of three ways to get access."""
    blobfuse_options: str | None = None
    """Further options of the mount command."""
    relative_mount_path: Needed[str] = None
    """Below the directory in `AZ_BATCH_NODE_MOUNTS_DIR`."""
    identity_reference: Since2021_06[ComputeNodeIdentityReference] = None
    """One of three ways to get access."""


class AzureFileShareConfiguration(Model, kw_only=True):
    """A share of Azure Files that is mounted."""

    account_name: Needed[str] = None
    account_key: Needed[Secret[str]] = None
    azure_file_url: Needed[str] = None
    """`https://{account}.file.core.windows.net/`."""
    relative_mount_path: Needed[str] = None
    """Below the directory in `AZ_BATCH_NODE_MOUNTS_DIR`."""
    mount_options: str | None = None
    """Further options of the mount command (`mount` on Linux, `net use` on Windows)."""


class CIFSMountConfiguration(Model, kw_only=True):
    """A CIFS (SMB) file system that is mounted."""

    username: Needed[str] = None
    source: Needed[str] = None
    """URI of the file system."""
    relative_mount_path: Needed[str] = None
    """Below the directory in `AZ_BATCH_NODE_MOUNTS_DIR`."""
    mount_options: str | None = None
    """Further options of the mount command (`mount` on Linux, `net use` on Windows)."""
    password: Needed[Secret[str]] = None


class NFSMountConfiguration(Model, kw_only=True):
    """An NFS file system that is mounted."""

    source: Needed[str] = None
    """URI of the file system."""
    relative_mount_path: Needed[str] = None
    """Below the directory in `AZ_BATCH_NODE_MOUNTS_DIR`."""
    mount_options: str | None = None
    """Further options of the mount command (`mount` on Linux, `net use` on Windows)."""


class MountConfiguration(Model, kw_only=True):
    """A file system that every node mounts: exactly one of the four kinds."""

    azure_blob_file_system_configuration: AzureBlobFileSystemConfiguration | None = None
    nfs_mount_configuration: NFSMountConfiguration | None = None
    cifs_mount_configuration: CIFSMountConfiguration | None = None
    azure_file_share_configuration: AzureFileShareConfiguration | None = None
