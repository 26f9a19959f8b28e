"""Making, reading and changing pools.

Law: as in `jobs`; whether a pool's nodes come is the business of `pool_life`.
"""

from __future__ import annotations

from typing import Any

from msgspec import UNSET

from ..models import CloudPool, PoolAddParameter, PoolPatchParameter, PoolUpdatePropertiesParameter
from ..service import operations as ops
from . import filter_tables
from .bodies import check_whole, normal
from .calls import Answer, Call, Handler, answer_created
from .certificate_life import certificate_key
from .conditions import check_conditions
from .kinds import Kind, changed
from .network_rules import check_network
from .pool_life import make_pool
from .pool_views import pool_url, pool_view
from .refusals import Refusal, bad_property
from .resources import Pool
from .scale_life import check_formula
from .settings import check_least, check_metadata
from .states import DELETING
from .statistics import pool_statistics
from .strict import wire_fields

MAX_POOLS = 100
"""The account's quota of pools."""

_WITH_NODES = frozenset(
    {"startTask", "certificateReferences", "applicationPackageReferences", "metadata", "targetNodeCommunicationMode"}
)
"""What can be patched while a pool has nodes; the rest only while it has none."""

POOLS: Kind[Pool] = Kind(
    "pools",
    CloudPool,
    filter_tables.POOLS,
    find=lambda call: call.store.pool(call.params["poolId"]),
    shelf=lambda call: call.store.pools,
    viewer=lambda call: lambda pool: pool_view(call.base, pool),
    statistics=pool_statistics,
)


def create_pool(call: Call) -> Answer:
    """Pools_CreatePool."""
    sent = call.read(PoolAddParameter)
    check_pool(sent)
    if sent.auto_scale_formula is not UNSET:
        check_formula(sent.auto_scale_formula)
    store = call.store
    if store.pools.get(sent.id) is None and sum(pool.state != DELETING for pool in store.pools.all()) >= MAX_POOLS:
        raise Refusal("PoolQuotaReached", (("Quota", str(MAX_POOLS)),))
    spec = normal(sent)
    _check_certificates(call, spec)
    pool = make_pool(store, sent.id, spec)
    return answer_created(pool_url(call.base, pool), pool.changed)


def live_pool(call: Call) -> Pool:
    """The pool of a call that changes it. Raises `Refusal` where it is being deleted or a condition does not hold."""
    pool = call.store.pool(call.params["poolId"])
    check_conditions(call, pool.changed)
    if pool.state == DELETING:
        raise Refusal("PoolBeingDeleted")
    return pool


def update_pool(call: Call) -> Answer:
    """Pools_UpdatePool."""
    pool = live_pool(call)
    changes = normal(call.read_changes(PoolPatchParameter))
    sent = check_whole(PoolPatchParameter, call.version, changes)
    check_metadata(sent.metadata)
    check_network(getattr(sent, "network_configuration", UNSET), "networkConfiguration.")
    _check_start_task(sent)
    check_least("taskSlotsPerNode", getattr(sent, "task_slots_per_node", UNSET), 1)
    late = sorted(set(changes) - _WITH_NODES)
    if late and len(pool.nodes):
        reason = f"{', '.join(late)} can be changed only while the pool has no nodes"
        raise Refusal("OperationInvalidForCurrentState", (("Reason", reason),))
    _check_certificates(call, changes)
    pool.spec = {**pool.spec, **changes}
    return changed(call, 200, pool, pool_url(call.base, pool))


def replace_pool_properties(call: Call) -> Answer:
    """Pools_ReplacePoolProperties."""
    pool = live_pool(call)
    sent = call.read(PoolUpdatePropertiesParameter)
    check_metadata(sent.metadata)
    _check_start_task(sent)
    changes = normal(sent)
    _check_certificates(call, changes)
    replaced = wire_fields(PoolUpdatePropertiesParameter, call.version)
    pool.spec = {**{name: value for name, value in pool.spec.items() if name not in replaced}, **changes}
    return changed(call, 204, pool, pool_url(call.base, pool))


def _check_start_task(sent: Any, path: str = "") -> None:
    if sent.start_task is not UNSET:
        check_least(f"{path}startTask.maxTaskRetryCount", sent.start_task.max_task_retry_count, -1)


def _check_certificates(call: Call, spec: dict[str, Any]) -> None:
    for index, reference in enumerate(spec.get("certificateReferences", ())):
        key = certificate_key(reference.get("thumbprintAlgorithm", ""), reference.get("thumbprint", ""))
        if call.store.certificates.get(key) is None:
            name = f"certificateReferences[{index}]"
            raise bad_property(name, None, "The account has no such certificate", code="InvalidCertificateReferences")


def check_pool(sent: Any, path: str = "") -> None:
    """Refuse what no pool can have, but for its formula; `path` leads to the pool, with a dot behind it."""
    scaled = sent.enable_auto_scale is True
    if scaled and sent.auto_scale_formula is UNSET:
        reason = "autoScaleFormula is required where enableAutoScale is true"
        raise Refusal("MissingRequiredProperty", (("PropertyName", f"{path}autoScaleFormula"), ("Reason", reason)))
    for name, value in (
        ("autoScaleFormula", sent.auto_scale_formula),
        ("autoScaleEvaluationInterval", sent.auto_scale_evaluation_interval),
    ):
        if not scaled and value is not UNSET:
            raise bad_property(f"{path}{name}", None, "Only where enableAutoScale is true")
    for name, value in (
        ("targetDedicatedNodes", sent.target_dedicated_nodes),
        ("targetLowPriorityNodes", sent.target_low_priority_nodes),
    ):
        if scaled and value is not UNSET:
            raise bad_property(f"{path}{name}", str(value), "Not where enableAutoScale is true")
        check_least(f"{path}{name}", value, 0)
    check_least(f"{path}taskSlotsPerNode", getattr(sent, "task_slots_per_node", UNSET), 1)
    check_least(f"{path}maxTasksPerNode", getattr(sent, "max_tasks_per_node", UNSET), 1)
    check_metadata(sent.metadata, path)
    check_network(sent.network_configuration, f"{path}networkConfiguration.")
    _check_start_task(sent, path)


HANDLERS: dict[str, Handler] = {
    ops.CREATE_POOL.id: create_pool,
    ops.GET_POOL.id: POOLS.get,
    ops.LIST_POOLS.id: POOLS.list,
    ops.POOL_EXISTS.id: POOLS.exists,
    ops.DELETE_POOL.id: POOLS.delete,
    ops.UPDATE_POOL.id: update_pool,
    ops.REPLACE_POOL_PROPERTIES.id: replace_pool_properties,
}
