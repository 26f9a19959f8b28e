"""How the tests of the session drive it."""

from __future__ import annotations

import asyncio
import base64
import hashlib
import hmac
import logging
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager
from random import Random
from typing import Any

import pytest

from batchio import BatchClient, RetryPolicy, SharedKeyCredential
from batchio.session.authorizer import authorizer_for
from batchio.session.endpoint import parse_endpoint
from batchio.session.request import Request
from batchio.session.session import Session
from batchio.session.transport import AiohttpTransport, Transport

from .server import PATIENCE, Heard, Server

ACCOUNT = "acme"
KEY = base64.b64encode(b"the key of all tests").decode()
AT_ONCE = RetryPolicy(attempts=4, base=0.0, cap=0.0, deadline=60.0)
"""Four tries, with no time between them."""
READ = Request(
    operation="Jobs_GetJob",
    method="GET",
    path="/jobs/j",
    url="https://acme.example/jobs/j",
    query={},
    resource="/jobs/j",
    headers={"client-request-id": "c-1"},
    body=None,
    timeout=None,
)
"""A request that reads a job."""


class Clock:
    """A clock that stands until it is moved."""

    def __init__(self, now: float = 1_700_000_000.0) -> None:
        self.now = now

    def __call__(self) -> float:
        return self.now


def shared_key() -> SharedKeyCredential:
    """What signs with `KEY`."""
    return SharedKeyCredential(ACCOUNT, KEY)


def connect(server: Server, credential: Any = None, **settings: Any) -> BatchClient:
    """A client of the scripted server, signing with `KEY` unless another credential is given."""
    settings.setdefault("retry", AT_ONCE)
    settings.setdefault("timeout", 10.0)
    settings.setdefault("trust_env", False)
    return BatchClient(server.endpoint, credential or shared_key(), **settings)


@asynccontextmanager
async def opened(
    server: Server, credential: Any = None, *, clock: Clock | None = None, transport: Transport | None = None
) -> AsyncGenerator[Session]:
    """A session with a clock of the test's own, and a transport of its own where it brings one."""
    endpoint = parse_endpoint(server.endpoint)
    session = Session(
        endpoint,
        "2024-07-01.20.0",
        authorizer_for(credential or shared_key(), endpoint, None),
        transport or AiohttpTransport(None, trust_env=False, endpoint=endpoint.url),
        retry=AT_ONCE,
        timeout=10.0,
        user_agent="batchio/test",
        wall=clock or Clock(),
        rng=Random(1),  # noqa: S311 - jitter, not cryptography
    )
    try:
        yield session
    finally:
        await session.close()


def signature_of(heard: Heard, account: str = ACCOUNT, key: str = KEY) -> str:
    """The Authorization header that a request as it was heard ought to have.

    Worked out from what came over the socket and from `service.md`, "Signing", with none of the client's code.
    """
    head = heard.headers
    length = "" if heard.method in ("GET", "HEAD") else str(len(heard.body))
    text = f"{heard.method}\n"
    text += f"{head.get('content-encoding', '')}\n{head.get('content-language', '')}\n{length}\n"
    text += f"{head.get('content-md5', '')}\n{head.get('content-type', '')}\n\n"
    text += f"{head.get('if-modified-since', '')}\n{head.get('if-match', '')}\n{head.get('if-none-match', '')}\n"
    text += f"{head.get('if-unmodified-since', '')}\n{head.get('range', '')}\n"
    text += "".join(f"{name}:{head[name]}\n" for name in sorted(head) if name.startswith("ocp-"))
    text += f"/{account}{heard.path}"
    text += "".join(f"\n{name.lower()}:{value}" for name, value in sorted(heard.query.items(), key=_by_lower_name))
    digest = hmac.new(base64.b64decode(key), text.encode(), hashlib.sha256).digest()
    return f"SharedKey {account}:{base64.b64encode(digest).decode()}"


def _by_lower_name(pair: tuple[str, str]) -> str:
    return pair[0].lower()


def said_by(caplog: pytest.LogCaptureFixture) -> list[logging.LogRecord]:
    """What batchio has logged; asyncio logs, too, on a busy machine."""
    return [record for record in caplog.records if record.name == "batchio"]


async def until(is_so: Callable[[], object]) -> None:
    """Let the loop go round until something is so."""
    async with asyncio.timeout(PATIENCE):
        while not is_so():  # noqa: ASYNC110 - what it waits for has no event
            await asyncio.sleep(0)


def stray_tasks(*servers: Server) -> set[asyncio.Task[Any]]:
    """The tasks that are neither the test's own nor a server's."""
    tasks = {task for task in asyncio.all_tasks() if task is not asyncio.current_task()}
    return tasks - {task for server in servers for task in server.tasks}
