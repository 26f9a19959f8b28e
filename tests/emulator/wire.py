"""A client that knows the wire and nothing of batchio: its own string to sign, its own headers.

Law: nothing here is shared with the emulator or with batchio's client, so that no mistake is.
"""

from __future__ import annotations

import base64
import email.utils
import hashlib
import hmac
import io
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qsl, quote, urlsplit

import aiohttp
from yarl import URL

from batchio.emulator import DEVELOPMENT_KEY, Emulator

VERSION = "2024-07-01.20.0"
JSON = "application/json; odata=minimalmetadata"
SIGNED = (
    "content-encoding",
    "content-language",
    "content-length",
    "content-md5",
    "content-type",
    "date",
    "if-modified-since",
    "if-match",
    "if-none-match",
    "if-unmodified-since",
    "range",
)


def signature(key: str, account: str, method: str, url: str, headers: Mapping[str, str]) -> str:
    """The Authorization header, by the book."""
    parts = urlsplit(url)
    low = {name.lower(): value for name, value in headers.items()}
    text = f"{method}\n" + "".join(f"{low.get(name, '')}\n" for name in SIGNED)
    text += "".join(f"{name}:{value}\n" for name, value in sorted(low.items()) if name.startswith("ocp-"))
    text += f"/{account}{parts.path}"
    query: dict[str, str] = {}
    for name, value in parse_qsl(parts.query, keep_blank_values=True):
        query[name.lower()] = f"{query[name.lower()]},{value}" if name.lower() in query else value
    text += "".join(f"\n{name}:{value}" for name, value in sorted(query.items()))
    digest = hmac.new(base64.b64decode(key), text.encode(), hashlib.sha256).digest()
    return f"SharedKey {account}:{base64.b64encode(digest).decode()}"


@dataclass
class Reply:
    status: int
    headers: Mapping[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)

    @property
    def code(self) -> str:
        code: str = self.json["code"]
        return code

    @property
    def values(self) -> dict[str, str]:
        return {item["key"]: item["value"] for item in self.json.get("values", [])}

    @property
    def items(self) -> list[Any]:
        items: list[Any] = self.json["value"]
        return items

    @property
    def ids(self) -> list[str]:
        return [item["id"] for item in self.items]


class Wire:
    def __init__(self, emulator: Emulator, session: aiohttp.ClientSession) -> None:
        self.emulator = emulator
        self.session = session
        self.key = DEVELOPMENT_KEY
        self.account = "batchdev"

    async def call(
        self,
        method: str,
        path: str,
        body: object = None,
        *,
        query: Mapping[str, str] | None = None,
        headers: Mapping[str, str] | None = None,
        version: str | None = VERSION,
    ) -> Reply:
        pairs = {**({} if version is None else {"api-version": version}), **(query or {})}
        text = "&".join(f"{quote(name, safe='$-')}={quote(value, safe='')}" for name, value in pairs.items())
        return await self.send(method, f"{self.emulator.endpoint}{path}?{text}", body, headers or {})

    async def send(self, method: str, url: str, body: object = None, headers: Mapping[str, str] | None = None) -> Reply:
        data = body if isinstance(body, bytes) else None if body is None else json.dumps(body).encode()
        sent = {"ocp-date": email.utils.format_datetime(self.emulator.clock.now(), usegmt=True)}
        if data is not None:
            sent |= {"Content-Type": JSON, "Content-Length": str(len(data))}
        elif method not in ("GET", "HEAD"):
            sent["Content-Length"] = "0"
        sent |= headers or {}
        sent.setdefault("Authorization", signature(self.key, self.account, method, url, sent))
        return await self.raw(method, url, data, sent)

    async def raw(self, method: str, url: str, data: bytes | None, headers: Mapping[str, str]) -> Reply:
        async with self.session.request(
            method,
            URL(url, encoded=True),
            # aiohttp warns of large bodies that are not files.
            data=data if data is None or len(data) < 2**20 else io.BytesIO(data),
            headers=headers,
            skip_auto_headers=("Content-Type",),
            allow_redirects=False,
        ) as answer:
            return Reply(answer.status, answer.headers, await answer.read())

    async def get(self, path: str, **query: str) -> Reply:
        """A GET; `_filter` and the like stand for `$filter` and the like."""
        return await self.call("GET", path, query={name.replace("_", "$", 1): value for name, value in query.items()})

    async def job(self, id: str = "job", **properties: object) -> Reply:
        return await self.call("POST", "/jobs", {"id": id, "poolInfo": {"poolId": "pool"}, **properties})

    async def pool(self, id: str = "pool", **properties: object) -> Reply:
        return await self.call("POST", "/pools", {"id": id, "vmSize": "standard_a1", **properties})

    async def add(self, job: str, *ids: str, **properties: object) -> Reply:
        tasks = [{"id": id, "commandLine": "true", **properties} for id in ids]
        return await self.call("POST", f"/jobs/{job}/addtaskcollection", {"value": tasks})
