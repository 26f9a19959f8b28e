"""batchio with a shared key, so that each request is signed.

Law: the client as it is, with its defaults.
"""

from __future__ import annotations

from batchio import BatchClient, SharedKeyCredential
from benchmarks.account import ACCOUNT, KEY

from . import Order


def _client(order: Order) -> BatchClient:
    return BatchClient(order.url, SharedKeyCredential(ACCOUNT, KEY), allow_http=True)


async def list_tasks(order: Order) -> int:
    """Every task by iteration."""
    count = 0
    async with _client(order) as client:
        async for task in client.tasks.list(order.job):
            if task.id and task.state:
                count += 1
    return count


async def list_pages(order: Order) -> int:
    """Every task, page by page."""
    count = 0
    async with _client(order) as client:
        async for page in client.tasks.list(order.job).by_page():
            for task in page.items:
                if task.id and task.state:
                    count += 1
    return count


async def call(order: Order) -> int:
    """Get a job."""
    count = 0
    async with _client(order) as client:
        for _ in range(order.count):
            job = await client.jobs.get(order.job)
            if job.id and job.state:
                count += 1
    return count
