"""azure-batch, asyncio, with a shared key, so that each request is signed.

Law: the client as it is. Its shared key policy takes http as it takes https, so nothing is replaced.
"""

from __future__ import annotations

from azure.batch.aio import BatchClient
from azure.core.credentials import AzureNamedKeyCredential

from benchmarks.account import ACCOUNT, KEY

from . import Order


def _client(order: Order) -> BatchClient:
    return BatchClient(order.url, AzureNamedKeyCredential(ACCOUNT, KEY))


async def list_tasks(order: Order) -> int:
    """Every task by iteration."""
    count = 0
    async with _client(order) as client:
        async for task in client.list_tasks(order.job):
            if task.id and task.state:
                count += 1
    return count


async def call(order: Order) -> int:
    """Get a job."""
    count = 0
    async with _client(order) as client:
        for _ in range(order.count):
            job = await client.get_job(order.job)
            if job.id and job.state:
                count += 1
    return count
