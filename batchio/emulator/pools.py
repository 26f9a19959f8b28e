"""The operations on pools.

Law: as in `jobs`; without nodes a pool is steady from the start and has none.
"""

from __future__ import annotations

from typing import Any

from msgspec import UNSET

from ..models import CloudPool, PoolAddParameter
from ..service import operations as ops
from . import filter_tables
from .bodies import normal
from .calls import Answer, Call, Handler, answer_created, answer_json, change_headers
from .conditions import check_conditions
from .pages import Listing, pick
from .queries import selected
from .refusals import Refusal, bad_property
from .resources import DELETING, Pool
from .settings import check_least, check_metadata
from .views import pool_url, pool_view

MAX_POOLS = 100
"""The account's quota of pools."""

_POOLS = Listing("pools", CloudPool, filter_tables.POOLS)


def create_pool(call: Call) -> Answer:
    """Pools_CreatePool."""
    sent = call.read(PoolAddParameter)
    _check(sent)
    store = call.store
    if store.pools.get(sent.id) is None and sum(pool.state != DELETING for pool in store.pools.all()) >= MAX_POOLS:
        raise Refusal("PoolQuotaReached", (("Quota", str(MAX_POOLS)),))
    stamp = store.stamps()
    pool = Pool(id=sent.id, spec=normal(sent), born=stamp, changed=stamp, since=stamp, allocation_since=stamp)
    store.add(store.pools, pool)
    return answer_created(pool_url(call.base, pool), stamp)


def get_pool(call: Call) -> Answer:
    """Pools_GetPool."""
    pool = call.store.pool(call.params["poolId"])
    names = selected(call, CloudPool)
    check_conditions(call, pool.changed)
    shown = pick(pool_view(call.base, pool), names)
    return answer_json(call, "pools/@Element", shown, change_headers(pool.changed))


def list_pools(call: Call) -> Answer:
    """Pools_ListPools."""
    return _POOLS.answer(call, call.store.pools, lambda pool: pool_view(call.base, pool))


def delete_pool(call: Call) -> Answer:
    """Pools_DeletePool."""
    pool = call.store.pool(call.params["poolId"])
    check_conditions(call, pool.changed)
    call.store.start_deleting(pool)
    return Answer(202)


def _check(sent: Any) -> None:
    scaled = sent.enable_auto_scale is True
    if scaled and sent.auto_scale_formula is UNSET:
        reason = "autoScaleFormula is required where enableAutoScale is true"
        raise Refusal("MissingRequiredProperty", (("PropertyName", "autoScaleFormula"), ("Reason", reason)))
    for name, value in (("autoScaleFormula", sent.auto_scale_formula),):
        if not scaled and value is not UNSET:
            raise bad_property(name, None, "Only where enableAutoScale is true")
    for name, value in (
        ("targetDedicatedNodes", sent.target_dedicated_nodes),
        ("targetLowPriorityNodes", sent.target_low_priority_nodes),
    ):
        if scaled and value is not UNSET:
            raise bad_property(name, str(value), "Not where enableAutoScale is true")
        check_least(name, value, 0)
    check_least("taskSlotsPerNode", sent.task_slots_per_node, 1)
    check_metadata(sent.metadata)


HANDLERS: dict[str, Handler] = {
    ops.CREATE_POOL.id: create_pool,
    ops.GET_POOL.id: get_pool,
    ops.LIST_POOLS.id: list_pools,
    ops.DELETE_POOL.id: delete_pool,
}
