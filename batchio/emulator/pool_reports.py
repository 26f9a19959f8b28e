"""What is said of all pools together: their nodes by state, what they used, which images they can have.

Law: as in `jobs`. The images are a short, fixed list.
"""

from __future__ import annotations

from typing import Any

from ..models import ImageInformation, PoolNodeCounts, PoolUsageMetrics
from ..service import operations as ops
from . import filter_tables, ticks
from .calls import Answer, Call, Handler
from .kinds import answer_items
from .pages import Listing
from .pool_views import counts_view
from .refusals import bad_query
from .resources import Pool

_COUNTS = Listing("poolnodecount", PoolNodeCounts, filter_tables.NODE_COUNTS)
_USAGE = Listing("usagemetrics", PoolUsageMetrics, filter_tables.USAGE)
_IMAGES = Listing("images", ImageInformation, filter_tables.IMAGES)

_INTERVAL = 30 * 60 * ticks.SECOND
_MOST_INTERVALS = 1000


def _image(publisher: str, offer: str, sku: str, agent: str, *, docker: bool = False) -> dict[str, Any]:
    image: dict[str, Any] = {
        "nodeAgentSKUId": agent,
        "imageReference": {"publisher": publisher, "offer": offer, "sku": sku, "version": "latest"},
        "osType": "windows" if "windows" in agent else "linux",
        "verificationType": "verified",
    }
    if docker:
        image["capabilities"] = ["DockerCompatible"]
    return image


IMAGES = (
    _image("canonical", "0001-com-ubuntu-server-jammy", "22_04-lts", "batch.node.ubuntu 22.04"),
    _image("canonical", "ubuntu-24_04-lts", "server", "batch.node.ubuntu 24.04"),
    _image("debian", "debian-12", "12", "batch.node.debian 12"),
    _image("almalinux", "almalinux-x86_64", "8-gen2", "batch.node.el 8"),
    _image("microsoft-dsvm", "ubuntu-hpc", "2204", "batch.node.ubuntu 22.04", docker=True),
    _image("microsoftwindowsserver", "windowsserver", "2022-datacenter", "batch.node.windows amd64"),
    _image("microsoftwindowsserver", "windowsserver", "2019-datacenter", "batch.node.windows amd64"),
)


def list_node_counts(call: Call) -> Answer:
    """Pools_ListPoolNodeCounts."""
    return answer_items(call, _COUNTS, ((pool.key, counts_view(pool)) for pool in call.store.pools.all()))


def list_supported_images(call: Call) -> Answer:
    """Pools_ListSupportedImages."""
    return answer_items(call, _IMAGES, ((f"{number:03}", image) for number, image in enumerate(IMAGES)))


def list_usage_metrics(call: Call) -> Answer:
    """Pools_ListPoolUsageMetrics: half hours; a node counts as one core, and only while it is there."""
    last = call.store.now() // _INTERVAL * _INTERVAL
    first, end = _time(call, "starttime"), _time(call, "endtime")
    end = last if end is None else min(end // _INTERVAL * _INTERVAL, last)
    first = end - _INTERVAL if first is None else first // _INTERVAL * _INTERVAL
    first = max(first, end - _MOST_INTERVALS * _INTERVAL)
    starts = range(first, end, _INTERVAL)
    return answer_items(
        call,
        _USAGE,
        (
            (f"{start:020}/{pool.key}", _usage(pool, start, hours))
            for start in starts
            for pool in call.store.pools.all()
            if (hours := _node_hours(pool, start))
        ),
    )


def _node_hours(pool: Pool, start: int) -> float:
    spans = (start + _INTERVAL - max(node.born, start) for node in pool.nodes.all())
    return sum(span for span in spans if span > 0) / (3600 * ticks.SECOND)


def _usage(pool: Pool, start: int, hours: float) -> dict[str, Any]:
    return {
        "poolId": pool.id,
        "startTime": ticks.time_text(start),
        "endTime": ticks.time_text(start + _INTERVAL),
        "vmSize": pool.spec["vmSize"],
        "totalCoreHours": hours,
    }


def _time(call: Call, name: str) -> int | None:
    text = call.query.get(name)
    if text is None:
        return None
    try:
        return ticks.read_time(text)
    except ValueError as error:
        raise bad_query(name, text, str(error)) from None


SIMULATED: dict[str, Handler] = {
    ops.LIST_POOL_NODE_COUNTS.id: list_node_counts,
    ops.LIST_SUPPORTED_IMAGES.id: list_supported_images,
    ops.LIST_POOL_USAGE_METRICS.id: list_usage_metrics,
}
