"""The size of pools: resizes, auto scale, and nodes that are removed.

Law: as in `jobs`. What a formula gives, and when, is the business of `scale_life`.
"""

from __future__ import annotations

from typing import Any

from msgspec import UNSET

from ..models import (
    AutoScaleRun,
    NodeRemoveParameter,
    PoolEnableAutoScaleParameter,
    PoolEvaluateAutoScaleParameter,
    PoolResizeParameter,
)
from ..service import operations as ops
from . import ticks
from .bodies import normal
from .calls import Answer, Call, Handler, change_headers
from .kinds import accepted, answer_one, changed
from .node_ends import REQUEUE, remove
from .pool_life import DEFAULT_TIMEOUT, resize, start_scaling, stop_scaling
from .pool_views import pool_url
from .pools import live_pool
from .refusals import Refusal, bad_property
from .resources import Pool
from .scale_life import check_formula, evaluate
from .settings import check_least
from .states import RESIZING, STEADY, STOPPING

_AGAIN_AFTER = 30 * ticks.SECOND
_TARGETS = (
    ("target_dedicated_nodes", "targetDedicatedNodes"),
    ("target_low_priority_nodes", "targetLowPriorityNodes"),
)


def resize_pool(call: Call) -> Answer:
    """Pools_ResizePool."""
    pool = live_pool(call)
    sent = call.read(PoolResizeParameter)
    given = {wire: value for name, wire in _TARGETS if (value := getattr(sent, name)) is not UNSET}
    if not given:
        raise bad_property("targetDedicatedNodes", None, "One of the two targets is required")
    for name, value in given.items():
        check_least(name, value, 0)
    _check_can_resize(pool)
    pool.spec = {**pool.spec, **given}
    return _resized(call, pool, sent)


def stop_pool_resize(call: Call) -> Answer:
    """Pools_StopPoolResize."""
    pool = live_pool(call)
    if pool.allocation.state != RESIZING:
        reason = "No resize is under way"
        raise Refusal("OperationInvalidForCurrentState", (("Reason", reason),))
    call.store.change(pool)
    call.store.move(pool.allocation, STOPPING, call.store.now())
    return accepted(202, pool, pool_url(call.base, pool))


def remove_nodes(call: Call) -> Answer:
    """Pools_RemoveNodes."""
    pool = live_pool(call)
    sent = call.read(NodeRemoveParameter)
    if not sent.node_list:
        raise bad_property("nodeList", "[]", "At least one node")
    _check_can_resize(pool)
    nodes = {node.key: node for node in (call.store.node(pool, id) for id in sent.node_list)}
    pool.spec = dict(pool.spec)
    for name, dedicated in (("targetDedicatedNodes", True), ("targetLowPriorityNodes", False)):
        going = sum(node.dedicated is dedicated for node in nodes.values())
        pool.spec[name] = max(pool.count(dedicated=dedicated) - going, 0)
    option = REQUEUE if sent.node_deallocation_option is UNSET else sent.node_deallocation_option.value
    for node in nodes.values():
        remove(call.store, node, option)
    return _resized(call, pool, sent)


def _check_can_resize(pool: Pool) -> None:
    if pool.scaling is not None:
        raise Refusal("OperationNotValidOnPool", (("Reason", "The pool scales by a formula"),))
    if pool.allocation.state != STEADY:
        raise Refusal("PoolBeingResized")


def _resized(call: Call, pool: Pool, sent: Any) -> Answer:
    # Each resize has a timeout of its own; the pool shows that of the latest.
    pool.spec["resizeTimeout"] = DEFAULT_TIMEOUT if sent.resize_timeout is UNSET else str(sent.resize_timeout)
    option = sent.node_deallocation_option
    call.store.change(pool)
    resize(call.store, pool, REQUEUE if option is UNSET else option.value)
    return accepted(202, pool, pool_url(call.base, pool))


def enable_auto_scale(call: Call) -> Answer:
    """Pools_EnablePoolAutoScale."""
    pool = live_pool(call)
    sent = call.read(PoolEnableAutoScaleParameter)
    if sent.auto_scale_formula is UNSET and "autoScaleFormula" not in pool.spec:
        reason = "autoScaleFormula is required where the pool has none"
        raise Refusal("MissingRequiredProperty", (("PropertyName", "autoScaleFormula"), ("Reason", reason)))
    if sent.auto_scale_formula is not UNSET:
        check_formula(sent.auto_scale_formula)
    now = call.store.now()
    if pool.scaling is not None and now - pool.scaling.enabled < _AGAIN_AFTER:
        raise Refusal("TooManyEnableAutoScaleRequests", headers={"Retry-After": "30"})
    if pool.allocation.state != STEADY:
        raise Refusal("PoolBeingResized")
    pool.spec = {**pool.spec, **normal(sent), "enableAutoScale": True}
    start_scaling(pool, now)
    call.store.note_samples(pool)
    return changed(call, 200, pool, pool_url(call.base, pool))


def disable_auto_scale(call: Call) -> Answer:
    """Pools_DisablePoolAutoScale."""
    pool = live_pool(call)
    pool.spec = {name: value for name, value in pool.spec.items() if not name.startswith("autoScale")}
    stop_scaling(pool)
    return changed(call, 200, pool, pool_url(call.base, pool))


def evaluate_auto_scale(call: Call) -> Answer:
    """Pools_EvaluatePoolAutoScale."""
    pool = live_pool(call)
    sent = call.read(PoolEvaluateAutoScaleParameter)
    if pool.scaling is None:
        raise Refusal("OperationNotValidOnPool", (("Reason", "The pool does not scale by a formula"),))
    run = evaluate(call.store, pool, pool.scaling, sent.auto_scale_formula)
    headers = {**change_headers(pool.changed), "DataServiceId": pool_url(call.base, pool)}
    return answer_one(call, "Microsoft.Azure.Batch.Protocol.Entities.AutoScaleRun", AutoScaleRun, run, headers=headers)


HANDLERS: dict[str, Handler] = {
    ops.DISABLE_POOL_AUTO_SCALE.id: disable_auto_scale,
    ops.EVALUATE_POOL_AUTO_SCALE.id: evaluate_auto_scale,
}

SIMULATED: dict[str, Handler] = {
    ops.RESIZE_POOL.id: resize_pool,
    ops.STOP_POOL_RESIZE.id: stop_pool_resize,
    ops.REMOVE_NODES.id: remove_nodes,
    ops.ENABLE_POOL_AUTO_SCALE.id: enable_auto_scale,
}
