"""Fixtures of the session's tests."""

from __future__ import annotations

import ssl
from collections.abc import AsyncIterator

import pytest
import trustme

from batchio import BatchClient
from batchio.session import connections, transport

from .driving import Clock, connect, stray_tasks
from .server import Server


@pytest.fixture
async def server() -> AsyncIterator[Server]:
    async with Server() as server:
        yield server


@pytest.fixture(params=["connections", "session"])
def way(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    """Both ways to carry a request."""
    if request.param == "session":
        monkeypatch.setattr(transport, "IS_KNOWN", False)
    return str(request.param)


@pytest.fixture
async def safe_server(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Server]:
    """A server over TLS, which every client trusts."""
    authority, served = trustme.CA(), ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("127.0.0.1", "localhost").configure_cert(served)
    trusting = ssl.create_default_context()
    authority.configure_trust(trusting)

    class Trusting(connections.Connector):
        def __init__(self) -> None:
            super().__init__()
            self._ssl = trusting

    monkeypatch.setattr(transport, "Connector", Trusting)
    async with Server(tls=served) as server:
        yield server


@pytest.fixture
async def client(server: Server) -> AsyncIterator[BatchClient]:
    async with connect(server) as client:
        yield client
    await server.is_left()
    assert not stray_tasks(server)


@pytest.fixture
def clock() -> Clock:
    return Clock()
