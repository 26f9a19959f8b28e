"""batchio: `submit` and `submitting`, with a shared key, so that each request is signed, unless a client's row says
that it is not.

Law: the client as it is, with its defaults; only the requests in flight are set where all clients have the same.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import Any

from batchio import BatchClient, SharedKeyCredential, TaskTokenCredential
from batchio.credentials import Credential
from batchio.models import EnvironmentSetting, ResourceFile, TaskAddParameter, TaskConstraints
from benchmarks.account import ACCOUNT, KEY
from benchmarks.bulk import shapes

from . import Client, Order

SHARED_KEY = SharedKeyCredential(ACCOUNT, KEY)


def models(order: Order) -> Iterator[TaskAddParameter]:
    """The tasks as batchio's models, all of each new but its strings."""
    prepared = shapes.prepared(order.size)
    for number in range(order.tasks):
        yield TaskAddParameter(
            id=f"task-{number:08d}",
            command_line=shapes.command(order.size, number),
            **_extras(prepared[number % shapes.VARIANTS]),
        )


def _extras(extras: dict[str, Any]) -> dict[str, Any]:
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
        "constraints": TaskConstraints(
            max_wall_clock_time=timedelta(days=1), retention_time=timedelta(days=7), max_task_retry_count=3
        ),
    }


def _models(order: Order) -> Iterator[TaskAddParameter]:
    parts = [_extras(each) for each in shapes.prepared(order.size)]
    size = order.size
    for number in range(order.tasks):
        yield TaskAddParameter(
            id=f"task-{number:08d}", command_line=shapes.command(size, number), **parts[number % shapes.VARIANTS]
        )


def mappings(order: Order) -> Iterator[dict[str, Any]]:
    return shapes.tasks(order.size, order.tasks)


def _lines(order: Order) -> Iterator[bytes]:
    with Path(order.file or "").open("rb") as lines:
        for line in lines:
            yield line[:-1]


def connect(order: Order, credential: Credential = SHARED_KEY) -> BatchClient:
    return BatchClient(order.url, credential, allow_http=True)


def options(order: Order) -> dict[str, Any]:
    wanted = {"max_requests": order.in_flight, "journal": order.journal}
    return {name: value for name, value in wanted.items() if value is not None}


async def _submit(order: Order, source: Iterable[Any], credential: Credential = SHARED_KEY) -> int:
    async with connect(order, credential) as client:
        report = await client.tasks.submit(order.job, source, **options(order))
    return report.added


async def _outcomes(order: Order, source: Iterable[Any]) -> int:
    added = 0
    async with connect(order) as client, client.tasks.submitting(order.job, source, **options(order)) as run:
        async for outcomes in run:
            added += sum(1 for outcome in outcomes if outcome.state == "added")
    return added


CLIENTS = {
    "batchio": Client(source=_models, send=_submit),
    "batchio-mappings": Client(source=mappings, send=_submit),
    "batchio-outcomes": Client(source=mappings, send=_outcomes),
    "batchio-lines": Client(source=_lines, send=_submit),
    "batchio-token": Client(source=mappings, send=partial(_submit, credential=TaskTokenCredential("a-fixed-token"))),
}
