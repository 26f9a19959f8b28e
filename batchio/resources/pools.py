"""Pools: the nodes that tasks run on."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Unpack

from ..models import CloudPool, PoolAddParameter
from ..service import operations as op
from ..service import options as o
from ..session.pages import Pages
from ..session.request import Receipt
from ..session.session import Session


class Pools:
    """Operations on pools; `client.pools`."""

    def __init__(self, session: Session) -> None:
        self._session = session

    async def create(self, pool: PoolAddParameter | Mapping[str, Any], **options: Unpack[o.CallOptions]) -> Receipt:
        """Create a pool; its nodes come up later.

        Raises `ResourceExistsError` where the id is taken. REST: Pools_CreatePool.
        """
        return await self._session.act(op.CREATE_POOL, (), options, pool)

    async def get(self, pool_id: str, **options: Unpack[o.ConditionalReadOptions]) -> CloudPool:
        """Read a pool. Raises `ResourceNotFoundError`. REST: Pools_GetPool."""
        return await self._session.fetch(op.GET_POOL, (pool_id,), options)

    def list(self, **options: Unpack[o.ListOptions]) -> Pages[CloudPool]:
        """All pools of the account, or those that `filter` lets through. REST: Pools_ListPools."""
        return self._session.pages(op.LIST_POOLS, (), options)

    async def delete(self, pool_id: str, **options: Unpack[o.ConditionalOptions]) -> Receipt:
        """Begin to delete a pool; it is `deleting` until it is gone, and tasks on its nodes are put back.

        Raises `ResourceNotFoundError`, `StateConflictError` (PoolBeingDeleted). REST: Pools_DeletePool.
        """
        return await self._session.act(op.DELETE_POOL, (pool_id,), options)
