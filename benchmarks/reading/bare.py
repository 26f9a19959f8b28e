"""Bare aiohttp and msgspec: what no client on them can go below without new ideas.

Law: one plain decoder with batchio's own struct, so that the difference is what batchio does beside it; no retry, no
settings of aiohttp, and no signature but in `call_signed`.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import uuid
from email.utils import formatdate
from typing import Generic, TypeVar

import aiohttp
import msgspec

from batchio.models import CloudJob, CloudTask
from benchmarks.account import ACCOUNT, KEY

from . import VERSION, Order

T = TypeVar("T")

_HEADERS = {
    "accept": "application/json",
    "client-request-id": "00000000-0000-4000-a000-000000000000",
    "ocp-date": "Tue, 06 Sep 2016 07:02:44 GMT",
    "return-client-request-id": "true",
    "user-agent": "bare",
}
_KEYED = hmac.new(base64.b64decode(KEY), digestmod=hashlib.sha256)


class _Page(msgspec.Struct, Generic[T]):
    value: list[T]
    next_link: str | None = msgspec.field(default=None, name="odata.nextLink")


_decode_page = msgspec.json.Decoder(_Page[CloudTask]).decode
_decode_job = msgspec.json.Decoder(CloudJob).decode


async def list_tasks(order: Order) -> int:
    """Read a page, look at its tasks, follow its link."""
    count = 0
    link: str | None = f"{order.url}/jobs/{order.job}/tasks?api-version={VERSION}"
    async with aiohttp.ClientSession() as session:
        while link:
            async with session.get(link, headers=_HEADERS) as answer:
                page = _decode_page(await answer.read())
            for task in page.value:
                if task.id and task.state:
                    count += 1
            link = page.next_link
    return count


async def call(order: Order) -> int:
    """Get a job, with the headers that batchio sends, but always the same ones and no signature."""
    count = 0
    url = f"{order.url}/jobs/{order.job}?api-version={VERSION}"
    async with aiohttp.ClientSession() as session:
        for _ in range(order.count):
            async with session.get(url, headers=_HEADERS) as answer:
                job = _decode_job(await answer.read())
            if job.id and job.state:
                count += 1
    return count


async def call_signed(order: Order) -> int:
    """Get a job, with an id, a date and a signature of each call's own."""
    count = 0
    path = f"/jobs/{order.job}"
    url = f"{order.url}{path}?api-version={VERSION}"
    async with aiohttp.ClientSession() as session:
        for _ in range(order.count):
            headers = {**_HEADERS, "client-request-id": str(uuid.uuid4()), "ocp-date": formatdate(usegmt=True)}
            resource = f"/{ACCOUNT}{path}\napi-version:{VERSION}"
            mac = _KEYED.copy()
            mac.update(f"GET\n\n\n\n\n\n\n\n\n\n\n\nocp-date:{headers['ocp-date']}\n{resource}".encode())
            headers["authorization"] = f"SharedKey {ACCOUNT}:{base64.b64encode(mac.digest()).decode()}"
            async with session.get(url, headers=headers) as answer:
                job = _decode_job(await answer.read())
            if job.id and job.state:
                count += 1
    return count
