"""azure-batch 15, synchronous: `create_tasks` with as many threads as requests in flight, and a shared key.

Law: as for its asyncio client: nothing is replaced, and its list of models is built before the clock starts.
"""

from __future__ import annotations

from collections.abc import Iterable

from azure.batch import BatchClient
from azure.batch.models import BatchTaskCreateOptions
from azure.core.credentials import AzureNamedKeyCredential

from benchmarks.account import ACCOUNT, KEY

from . import Client, Order
from .azure import models


def _source(order: Order) -> list[BatchTaskCreateOptions]:
    return list(models(order))


async def _send(order: Order, source: Iterable[BatchTaskCreateOptions]) -> int:
    # It blocks the event loop, which has nothing else to do.
    with BatchClient(order.url, AzureNamedKeyCredential(ACCOUNT, KEY)) as client:
        result = client.create_tasks(order.job, list(source), max_concurrency=order.in_flight or 10)
    return len(result.result_values or [])


CLIENTS = {"azure-batch-sync": Client(source=_source, send=_send, whole=True)}
