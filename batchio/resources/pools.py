"""Pools: the nodes that tasks run on."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Unpack

from .. import models as m
from ..service import operations as op
from ..service import options as o
from ..session import questions, waiting
from ..session.pages import Pages
from ..session.request import Receipt
from ..session.session import Session


class Pools:
    """Operations on pools; `client.pools`."""

    def __init__(self, session: Session) -> None:
        self._session = session

    async def create(self, pool: m.PoolAddParameter | Mapping[str, Any], **options: Unpack[o.CallOptions]) -> Receipt:
        """Create a pool; its nodes come up later.

        Raises `ResourceExistsError` where the id is taken. REST: Pools_CreatePool.
        """
        return await self._session.act(op.CREATE_POOL, (), options, pool)

    async def get(self, pool_id: str, **options: Unpack[o.ConditionalReadOptions]) -> m.CloudPool:
        """Read a pool. Raises `ResourceNotFoundError`. REST: Pools_GetPool."""
        return await self._session.fetch(op.GET_POOL, (pool_id,), options)

    def list(self, **options: Unpack[o.ListOptions]) -> Pages[m.CloudPool]:
        """All pools of the account, or those that `filter` lets through. REST: Pools_ListPools."""
        return self._session.pages(op.LIST_POOLS, (), options)

    async def exists(self, pool_id: str, **options: Unpack[o.ConditionalOptions]) -> bool:
        """Whether there is such a pool. REST: Pools_PoolExists."""
        return await self._session.ask(op.POOL_EXISTS, (pool_id,), options)

    async def update(
        self, pool_id: str, changes: m.PoolPatchParameter | Mapping[str, Any], **options: Unpack[o.ConditionalOptions]
    ) -> Receipt:
        """Change a pool in what is given; the rest stays as it is.

        Raises `ResourceNotFoundError`, `ResourceModifiedError` where `if_match` does not hold.
        REST: Pools_UpdatePool.
        """
        return await self._session.act(op.UPDATE_POOL, (pool_id,), options, changes)

    async def replace_properties(
        self,
        pool_id: str,
        properties: m.PoolUpdatePropertiesParameter | Mapping[str, Any],
        **options: Unpack[o.CallOptions],
    ) -> Receipt:
        """Set start task, packages, metadata and certificates of a pool; what is absent or empty is taken away.

        Certificate references, which the service insists on, are an empty list where nothing is given. Raises
        `ResourceNotFoundError`. REST: Pools_ReplacePoolProperties.
        """
        if isinstance(properties, Mapping) and properties.get("certificateReferences") is None:
            properties = {**properties, "certificateReferences": []}
        return await self._session.act(op.REPLACE_POOL_PROPERTIES, (pool_id,), options, properties)

    async def delete(self, pool_id: str, **options: Unpack[o.ConditionalOptions]) -> Receipt:
        """Begin to delete a pool; it is `deleting` until it is gone, and tasks on its nodes are put back.

        Raises `ResourceNotFoundError`, `StateConflictError` (PoolBeingDeleted). REST: Pools_DeletePool.
        """
        return await self._session.act(op.DELETE_POOL, (pool_id,), options)

    async def resize(
        self, pool_id: str, size: m.PoolResizeParameter | Mapping[str, Any], **options: Unpack[o.ConditionalOptions]
    ) -> Receipt:
        """Begin to change the number of nodes; the pool is `resizing` until it is `steady`.

        Raises `StateConflictError` where it is being resized already, scales by itself or is being deleted,
        `ResourceNotFoundError`. REST: Pools_ResizePool.
        """
        return await self._session.act(op.RESIZE_POOL, (pool_id,), options, size)

    async def wait_steady(self, pool_id: str, **options: Unpack[waiting.WaitOptions[m.CloudPool]]) -> m.CloudPool:
        """Wait until no nodes of a pool come or go any more: its allocation state is `steady`.

        So it is after a resize that failed, too: look at the `resize_errors` of what this gives, which are beside the
        id and the states the numbers of nodes. Nodes that have come may still be starting: see `nodes.wait`. Options:
        see `WaitOptions`. Raises `DeadlineError` after `deadline` seconds, `WaitError` where the pool is being
        deleted, `ResourceNotFoundError`, and what any call raises. REST: Pools_GetPool.

        >>> pool = await client.pools.wait_steady("farm", deadline=900)
        >>> print(pool.current_dedicated_nodes, pool.resize_errors)
        """
        return await waiting.wait(self._session, questions.pool_steady(pool_id), options)

    async def wait_deleted(self, pool_id: str, **options: Unpack[waiting.WaitOptions[bool]]) -> None:
        """Wait until a pool is gone, as `delete` began it; one that is not there is.

        The callback gets whether it is still there. Raises `DeadlineError`, and what any call raises.
        REST: Pools_PoolExists.

        >>> await client.pools.delete("farm")
        >>> await client.pools.wait_deleted("farm", deadline=1800)
        """
        await waiting.wait(self._session, questions.deleted("pool", op.POOL_EXISTS, pool_id), options)

    async def stop_resize(self, pool_id: str, **options: Unpack[o.ConditionalOptions]) -> Receipt:
        """Begin to stop a resize; the nodes that have come or gone by then stay so.

        Raises `ResourceNotFoundError`, `StateConflictError` where none is going on. REST: Pools_StopPoolResize.
        """
        return await self._session.act(op.STOP_POOL_RESIZE, (pool_id,), options)

    async def enable_auto_scale(
        self,
        pool_id: str,
        parameters: m.PoolEnableAutoScaleParameter | Mapping[str, Any],
        **options: Unpack[o.ConditionalOptions],
    ) -> Receipt:
        """Have a formula decide the number of nodes, or change formula or interval.

        One call within 30 seconds is allowed. Raises `ResourceNotFoundError`, `StateConflictError` where the pool
        is being resized, `BadRequestError` for a bad formula. REST: Pools_EnablePoolAutoScale.
        """
        return await self._session.act(op.ENABLE_POOL_AUTO_SCALE, (pool_id,), options, parameters)

    async def disable_auto_scale(self, pool_id: str, **options: Unpack[o.CallOptions]) -> Receipt:
        """Let the number of nodes stay as it is. Raises `ResourceNotFoundError`. REST: Pools_DisablePoolAutoScale."""
        return await self._session.act(op.DISABLE_POOL_AUTO_SCALE, (pool_id,), options)

    async def evaluate_auto_scale(
        self,
        pool_id: str,
        formula: m.PoolEvaluateAutoScaleParameter | Mapping[str, Any],
        **options: Unpack[o.CallOptions],
    ) -> m.AutoScaleRun:
        """What a formula would give for a pool, which must scale by itself; nothing is changed.

        An error in the formula stands in the answer's `error`. Raises `ResourceNotFoundError`,
        `StateConflictError`. REST: Pools_EvaluatePoolAutoScale.
        """
        return await self._session.fetch(op.EVALUATE_POOL_AUTO_SCALE, (pool_id,), options, formula)

    async def remove_nodes(
        self, pool_id: str, nodes: m.NodeRemoveParameter | Mapping[str, Any], **options: Unpack[o.ConditionalOptions]
    ) -> Receipt:
        """Begin to take up to 100 nodes out of a pool.

        Raises `ResourceNotFoundError`, `StateConflictError` where the pool is not steady. REST: Pools_RemoveNodes.
        """
        return await self._session.act(op.REMOVE_NODES, (pool_id,), options, nodes)

    def list_node_counts(self, **options: Unpack[o.FilterListOptions]) -> Pages[m.PoolNodeCounts]:
        """How many nodes are in which state, for each pool; the numbers may lag a little.

        REST: Pools_ListPoolNodeCounts.
        """
        return self._session.pages(op.LIST_POOL_NODE_COUNTS, (), options)

    def list_usage_metrics(self, **options: Unpack[o.UsageListOptions]) -> Pages[m.PoolUsageMetrics]:
        """Core hours of each pool in each interval from `start_time` to `end_time`; without them, in the last one.

        REST: Pools_ListPoolUsageMetrics.
        """
        return self._session.pages(op.LIST_POOL_USAGE_METRICS, (), options)

    def list_supported_images(self, **options: Unpack[o.FilterListOptions]) -> Pages[m.ImageInformation]:
        """The virtual machine images that nodes can run, each with its node agent. REST: Pools_ListSupportedImages."""
        return self._session.pages(op.LIST_SUPPORTED_IMAGES, (), options)
