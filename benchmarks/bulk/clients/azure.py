"""azure-batch, asyncio: `create_tasks` with a shared key.

Law: the client as it is. Its shared key policy takes http as it takes https, so nothing is replaced; it signs each
request, as batchio does. It wants a list of its models, which is built before the clock starts and measured apart.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import timedelta
from typing import Any

from azure.batch.aio import BatchClient
from azure.batch.models import (
    BatchTaskConstraints,
    BatchTaskCreateOptions,
    EnvironmentSetting,
    ResourceFile,
)
from azure.core.credentials import AzureNamedKeyCredential

from benchmarks.account import ACCOUNT, KEY
from benchmarks.bulk import shapes

from . import Client, Order


def models(order: Order) -> Iterator[BatchTaskCreateOptions]:
    """The tasks as azure-batch's models, all of each new but its strings."""
    prepared = shapes.prepared(order.size)
    for number in range(order.tasks):
        yield BatchTaskCreateOptions(
            id=f"task-{number:08d}", command_line=shapes.command(order.size, number), **_extras(prepared, number)
        )


def _extras(prepared: list[dict[str, Any]], number: int) -> dict[str, Any]:
    extras = prepared[number % shapes.VARIANTS]
    if not extras:
        return {}
    return {
        "resource_files": [
            ResourceFile(http_url=file["httpUrl"], file_path=file["filePath"]) for file in extras["resourceFiles"]
        ],
        "environment_settings": [
            EnvironmentSetting(name=setting["name"], value=setting["value"])
            for setting in extras["environmentSettings"]
        ],
        "constraints": BatchTaskConstraints(
            max_wall_clock_time=timedelta(days=1), retention_time=timedelta(days=7), max_task_retry_count=3
        ),
    }


def _source(order: Order) -> list[BatchTaskCreateOptions]:
    return list(models(order))


async def _send(order: Order, source: Iterable[Any]) -> int:
    tasks = source if isinstance(source, list) else list(source)
    async with BatchClient(order.url, AzureNamedKeyCredential(ACCOUNT, KEY)) as client:
        # Raises when a task was not added, having looked at each result.
        result = await client.create_tasks(order.job, tasks, max_concurrency=order.in_flight or 10)
    return len(result.result_values or [])


CLIENTS = {"azure-batch": Client(source=_source, send=_send, whole=True)}
