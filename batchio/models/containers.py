"""Containers: the engine on the nodes, registries, and what a task runs in.

Law: a pool with a container configuration runs container tasks, and only such a pool does.
"""

from __future__ import annotations

from .base import Model
from .enums import ContainerHostDataPath, ContainerType, ContainerWorkingDirectory
from .identities import ComputeNodeIdentityReference
from .rules import Needed, Secret, Since2021_06, Since2024_07


class ContainerRegistry(Model, kw_only=True):
    """A registry of container images and how to log in: by name and password, or by an identity."""

    username: str | None = None
    password: Secret[str] = None
    registry_server: str | None = None
    """`docker.io` if absent."""
    identity_reference: Since2021_06[ComputeNodeIdentityReference] = None
    """In place of name and password."""


class ContainerConfiguration(Model, kw_only=True):
    """Makes the nodes of a pool able to run containers."""

    type: Needed[ContainerType] = None
    container_image_names: list[str] | None = None
    """Pulled onto every node, named as for `docker pull`."""
    container_registries: list[ContainerRegistry] | None = None
    """Those that need a login."""


class ContainerHostBatchBindMountEntry(Model, kw_only=True):
    """A directory of the node that a task's container sees."""

    source: ContainerHostDataPath | None = None
    is_read_only: bool | None = None
    """`False` if absent. Writing also takes the rights on the node."""


class TaskContainerSettings(Model, kw_only=True):
    """The container in which a task runs.

    Tasks need this on a pool with a container configuration, and must not have it on any other. Directories below
    `AZ_BATCH_NODE_ROOT_DIR` and the task's environment variables are visible inside; what is written elsewhere in the
    container may be out of reach of the file operations.
    """

    container_run_options: str | None = None
    """Further options of `docker create`."""
    image_name: Needed[str] = None
    """As for `docker pull`; the tag is `:latest` if absent."""
    registry: ContainerRegistry | None = None
    """Not needed when the pool names it."""
    working_directory: ContainerWorkingDirectory | None = None
    """`taskWorkingDirectory` if absent, which holds the resource files."""
    container_host_batch_bind_mounts: Since2024_07[list[ContainerHostBatchBindMountEntry]] = None
    """If absent, all of the node's Batch directories (on Windows the whole temporary disk). An empty list mounts
    nothing.
    """


class TaskContainerExecutionInformation(Model, kw_only=True):
    """The container in which a task ran or runs."""

    container_id: str | None = None
    state: str | None = None
    """As `docker inspect` says it."""
    error: str | None = None
    """As `docker inspect` says it."""
