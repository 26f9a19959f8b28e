"""Nodes: the machines of a pool, their users, extensions and files."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any, Unpack, overload

from .. import models as m
from ..service import operations as op
from ..service import options as o
from ..session import questions, waiting
from ..session.files import FileInfo, FileStream
from ..session.pages import Pages
from ..session.request import Receipt
from ..session.session import Session

States = m.ComputeNodeState | str | Collection[m.ComputeNodeState | str]
"""A state of nodes, in any letter case, or several."""

READY = (m.ComputeNodeState.IDLE, m.ComputeNodeState.RUNNING)
"""A node that can run tasks: it may have got one before anybody has seen it idle."""


class Nodes:
    """Operations on compute nodes; `client.nodes`. Every one raises `ResourceNotFoundError` for what is not there."""

    def __init__(self, session: Session) -> None:
        self._session = session

    async def get(self, pool_id: str, node_id: str, **options: Unpack[o.SelectOptions]) -> m.ComputeNode:
        """Read a node. REST: Nodes_GetNode."""
        return await self._session.fetch(op.GET_NODE, (pool_id, node_id), options)

    def list(self, pool_id: str, **options: Unpack[o.FilterSelectListOptions]) -> Pages[m.ComputeNode]:
        """The nodes of a pool. REST: Nodes_ListNodes."""
        return self._session.pages(op.LIST_NODES, (pool_id,), options)

    @overload
    async def wait(
        self,
        pool_id: str,
        node_id: str,
        *,
        until: States = READY,
        **options: Unpack[waiting.WaitOptions[m.ComputeNode]],
    ) -> m.ComputeNode: ...
    @overload
    async def wait(
        self,
        pool_id: str,
        node_id: None = None,
        *,
        until: States = READY,
        **options: Unpack[waiting.WaitOptions[m.PoolNodeCounts]],
    ) -> m.PoolNodeCounts: ...
    async def wait(self, pool_id: str, node_id: str | None = None, *, until: States = READY, **options: Any) -> Any:
        """Wait until a node, or without `node_id` every node of a pool, is in one of the states.

        By default until it can run tasks: `idle` or `running`. Gives the node (id, state, the time of that, errors), or
        how many nodes are in which state; these numbers may lag behind, so that in the end one listing for one node
        in another state makes sure. A pool without nodes is there at once: after a resize, `pools.wait_steady` comes
        first. Nodes that are `unusable` or `starttaskfailed` are waited for, because a reboot may help; the callback
        sees them. Options: see `WaitOptions`. Raises `DeadlineError` after `deadline` seconds, `ResourceNotFoundError`
        where node or pool is not there, and what any call raises. REST: Nodes_GetNode, or Pools_ListPoolNodeCounts
        and Nodes_ListNodes.

        >>> await client.nodes.wait("farm", deadline=900)
        >>> node = await client.nodes.wait("farm", "tvm-1", until="offline", deadline=900)
        """
        if node_id is None:
            return await waiting.wait(self._session, questions.nodes_state(pool_id, until), options)
        return await waiting.wait(self._session, questions.node_state(pool_id, node_id, until), options)

    async def reboot(
        self,
        pool_id: str,
        node_id: str,
        parameters: m.NodeRebootParameter | Mapping[str, Any] | None = None,
        **options: Unpack[o.CallOptions],
    ) -> Receipt:
        """Begin to reboot a node that is idle or running; its tasks are put back unless `parameters` say else.

        Raises `StateConflictError` in another state. REST: Nodes_RebootNode.
        """
        return await self._session.act(op.REBOOT_NODE, (pool_id, node_id), options, parameters)

    async def reimage(
        self,
        pool_id: str,
        node_id: str,
        parameters: m.NodeReimageParameter | Mapping[str, Any] | None = None,
        **options: Unpack[o.CallOptions],
    ) -> Receipt:
        """Begin to install a node's operating system anew; all files on it are lost.

        Raises `StateConflictError` where it is neither idle nor running. REST: Nodes_ReimageNode.
        """
        return await self._session.act(op.REIMAGE_NODE, (pool_id, node_id), options, parameters)

    async def start(self, pool_id: str, node_id: str, **options: Unpack[o.CallOptions]) -> Receipt:
        """Begin to start a deallocated node; since api-version 2024-07-01.20.0.

        Raises `StateConflictError` in another state. REST: Nodes_StartNode.
        """
        return await self._session.act(op.START_NODE, (pool_id, node_id), options)

    async def deallocate(
        self,
        pool_id: str,
        node_id: str,
        parameters: m.NodeDeallocateParameter | Mapping[str, Any] | None = None,
        **options: Unpack[o.CallOptions],
    ) -> Receipt:
        """Begin to stop a node and free its machine; `start` brings it back. Since api-version 2024-07-01.20.0.

        Raises `StateConflictError` where it is neither idle nor running. REST: Nodes_DeallocateNode.
        """
        return await self._session.act(op.DEALLOCATE_NODE, (pool_id, node_id), options, parameters)

    async def disable_scheduling(
        self,
        pool_id: str,
        node_id: str,
        parameters: m.NodeDisableSchedulingParameter | Mapping[str, Any] | None = None,
        **options: Unpack[o.CallOptions],
    ) -> Receipt:
        """Keep new tasks away from a node; those that run are put back unless `parameters` say else.

        Raises `StateConflictError` where that is so already. REST: Nodes_DisableNodeScheduling.
        """
        return await self._session.act(op.DISABLE_NODE_SCHEDULING, (pool_id, node_id), options, parameters)

    async def enable_scheduling(self, pool_id: str, node_id: str, **options: Unpack[o.CallOptions]) -> Receipt:
        """Let tasks come to a node again.

        Raises `StateConflictError` where they do already. REST: Nodes_EnableNodeScheduling.
        """
        return await self._session.act(op.ENABLE_NODE_SCHEDULING, (pool_id, node_id), options)

    async def get_remote_login_settings(
        self, pool_id: str, node_id: str, **options: Unpack[o.CallOptions]
    ) -> m.ComputeNodeGetRemoteLoginSettingsResult:
        """Where to log in to a node, which takes a user on it. REST: Nodes_GetNodeRemoteLoginSettings."""
        return await self._session.fetch(op.GET_NODE_REMOTE_LOGIN_SETTINGS, (pool_id, node_id), options)

    async def upload_logs(
        self,
        pool_id: str,
        node_id: str,
        upload: m.UploadBatchServiceLogsConfiguration | Mapping[str, Any],
        **options: Unpack[o.CallOptions],
    ) -> m.UploadBatchServiceLogsResult:
        """Have the service's own logs of a node uploaded to a container in Azure Storage; they are for support.

        REST: Nodes_UploadNodeLogs.
        """
        return await self._session.fetch(op.UPLOAD_NODE_LOGS, (pool_id, node_id), options, upload)

    async def create_user(
        self,
        pool_id: str,
        node_id: str,
        user: m.ComputeNodeUser | Mapping[str, Any],
        **options: Unpack[o.CallOptions],
    ) -> Receipt:
        """Make an account on a node that is idle or running.

        Raises `ResourceExistsError` where the name is taken. REST: Nodes_CreateNodeUser.
        """
        return await self._session.act(op.CREATE_NODE_USER, (pool_id, node_id), options, user)

    async def replace_user(
        self,
        pool_id: str,
        node_id: str,
        user_name: str,
        user: m.NodeUpdateUserParameter | Mapping[str, Any],
        **options: Unpack[o.CallOptions],
    ) -> Receipt:
        """Change an account on a node to what is given; what is absent is taken away. REST: Nodes_ReplaceNodeUser."""
        return await self._session.act(op.REPLACE_NODE_USER, (pool_id, node_id, user_name), options, user)

    async def delete_user(
        self, pool_id: str, node_id: str, user_name: str, **options: Unpack[o.CallOptions]
    ) -> Receipt:
        """Delete an account on a node. REST: Nodes_DeleteNodeUser."""
        return await self._session.act(op.DELETE_NODE_USER, (pool_id, node_id, user_name), options)

    def list_extensions(
        self, pool_id: str, node_id: str, **options: Unpack[o.SelectListOptions]
    ) -> Pages[m.NodeVMExtension]:
        """The extensions of a node's machine; since api-version 2021-06-01.14.0. REST: Nodes_ListNodeExtensions."""
        return self._session.pages(op.LIST_NODE_EXTENSIONS, (pool_id, node_id), options)

    async def get_extension(
        self, pool_id: str, node_id: str, extension_name: str, **options: Unpack[o.SelectOptions]
    ) -> m.NodeVMExtension:
        """Read an extension of a node; since api-version 2021-06-01.14.0. REST: Nodes_GetNodeExtension."""
        return await self._session.fetch(op.GET_NODE_EXTENSION, (pool_id, node_id, extension_name), options)

    def list_files(self, pool_id: str, node_id: str, **options: Unpack[o.FileListOptions]) -> Pages[m.NodeFile]:
        """The files of a node: at its root alone, or with `recursive` all of them. REST: Nodes_ListNodeFiles."""
        return self._session.pages(op.LIST_NODE_FILES, (pool_id, node_id), options)

    def get_file(self, pool_id: str, node_id: str, file_path: str, **options: Unpack[o.FileOptions]) -> FileStream:
        """Read a file of a node, as a stream; see `FileStream`. `file_path` is below the node's root directory.

        REST: Nodes_GetNodeFile.
        """
        return self._session.stream(op.GET_NODE_FILE, (pool_id, node_id, file_path), options)

    async def get_file_properties(
        self, pool_id: str, node_id: str, file_path: str, **options: Unpack[o.FilePropertiesOptions]
    ) -> FileInfo:
        """Size, times and kind of a file of a node. REST: Nodes_GetNodeFileProperties."""
        return await self._session.look(op.GET_NODE_FILE_PROPERTIES, (pool_id, node_id, file_path), options)

    async def delete_file(
        self, pool_id: str, node_id: str, file_path: str, **options: Unpack[o.RecursiveOptions]
    ) -> Receipt:
        """Delete a file of a node; a directory that is not empty only with `recursive`. REST: Nodes_DeleteNodeFile."""
        return await self._session.act(op.DELETE_NODE_FILE, (pool_id, node_id, file_path), options)
