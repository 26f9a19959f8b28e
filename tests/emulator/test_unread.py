"""An answer that nobody takes is not kept for ever."""

from __future__ import annotations

import asyncio
import socket
from types import SimpleNamespace
from typing import Any, cast

import pytest

from batchio.emulator import connections
from batchio.emulator.connections import LocalConnection

from .wire import VERSION, Wire


class Watched(LocalConnection):
    """A connection that tells its end."""

    __slots__ = ()
    ended = asyncio.Event()

    def connection_lost(self, exc: BaseException | None) -> None:
        super().connection_lost(exc)
        self.ended.set()


async def test_who_takes_nothing_is_left(
    working: Wire, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    wire = working
    await wire.job()
    for number in range(10):
        added = await wire.add("job", *(f"{number}-{index}" for index in range(100)), commandLine="x" * 9000)
        assert added.status == 200
    asking = f"GET /jobs/job/tasks?api-version={VERSION} HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer x\r\n\r\n"
    monkeypatch.setattr(connections, "UNREAD", 0.01)
    monkeypatch.setattr(connections, "LocalConnection", Watched)
    with socket.socket() as reader:
        reader.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        reader.settimeout(0)
        loop = asyncio.get_running_loop()
        await loop.sock_connect(reader, ("127.0.0.1", int(wire.emulator.endpoint.rpartition(":")[2])))
        await loop.sock_sendall(reader, asking.encode())
        await asyncio.wait_for(Watched.ended.wait(), 20)
        assert (await wire.get("/jobs/job")).status == 200
    # Ours: asyncio may tell that the machine is slow.
    assert not [record for record in caplog.records if record.name != "asyncio"]


class Transport:
    """A transport of which so much is taken between one look and the next."""

    def __init__(self, *left: int) -> None:
        self.left = list(left)
        self.aborted = False

    def get_write_buffer_size(self) -> int:
        return self.left.pop(0)

    def abort(self) -> None:
        self.aborted = True


@pytest.mark.parametrize(("left", "aborted"), [((5, 4, 3), False), ((5, 4, 4), True)])
async def test_who_is_slow_is_waited_for(left: tuple[int, int, int], *, aborted: bool) -> None:
    connection = SimpleNamespace(transport=Transport(*left), watch_reader=lambda _: None)
    for before in (None, *left[:2]):
        LocalConnection.watch_reader(cast("Any", connection), before)
        connection._unread.cancel()
    assert connection.transport.aborted == aborted
