"""azure-batch 14: `task.add_collection` with as many threads as requests in flight, and a shared key.

Law: the client as it is. It cannot live beside version 15, so it runs in an environment that has nothing but it, where
it is imported by name: the types that are installed here are another version's. Its list of models is built before the
clock starts.
"""

from __future__ import annotations

import importlib
from collections.abc import Iterable
from datetime import timedelta
from typing import Any

from benchmarks.account import ACCOUNT, KEY
from benchmarks.bulk import shapes

from . import Client, Order

_batch: Any = importlib.import_module("azure.batch")
_auth: Any = importlib.import_module("azure.batch.batch_auth")
_models: Any = importlib.import_module("azure.batch.models")


def _source(order: Order) -> list[Any]:
    prepared = shapes.prepared(order.size)
    return [
        _models.TaskAddParameter(
            id=f"task-{number:08d}",
            command_line=shapes.command(order.size, number),
            **_extras(prepared[number % shapes.VARIANTS]),
        )
        for number in range(order.tasks)
    ]


def _extras(extras: dict[str, Any]) -> dict[str, Any]:
    if not extras:
        return {}
    return {
        "resource_files": [
            _models.ResourceFile(http_url=file["httpUrl"], file_path=file["filePath"])
            for file in extras["resourceFiles"]
        ],
        "environment_settings": [
            _models.EnvironmentSetting(name=setting["name"], value=setting["value"])
            for setting in extras["environmentSettings"]
        ],
        "constraints": _models.TaskConstraints(
            max_wall_clock_time=timedelta(days=1), retention_time=timedelta(days=7), max_task_retry_count=3
        ),
    }


async def _send(order: Order, source: Iterable[Any]) -> int:
    # It blocks the event loop, which has nothing else to do.
    client = _batch.BatchServiceClient(_auth.SharedKeyCredentials(ACCOUNT, KEY), batch_url=order.url)
    # Raises when a task was not added, having looked at each result.
    result = client.task.add_collection(order.job, list(source), threads=order.in_flight or 10)
    return len(result.value)


CLIENTS = {"azure-batch-14": Client(source=_source, send=_send, whole=True)}
