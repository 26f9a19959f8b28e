from __future__ import annotations

import ast
import asyncio
import json
import pathlib
import socket
import threading
import warnings
from typing import Any

import aiohttp
import pytest

import batchio.emulator
from batchio.emulator import Clock, Emulator, FaultRule, request_log
from batchio.errors import ConfigurationError

from .wire import VERSION, Wire

PACKAGE = pathlib.Path(batchio.emulator.__file__).parent


def others() -> set[asyncio.Task[Any]]:
    return asyncio.all_tasks() - {asyncio.current_task()}


async def test_nothing_is_left_behind() -> None:
    tasks, threads = others(), threading.active_count()
    async with Emulator() as emulator, aiohttp.ClientSession() as session:
        address = ("127.0.0.1", int(emulator.endpoint.rpartition(":")[2]))
        assert (await Wire(emulator, session).get("/jobs")).status == 200
    assert others() == tasks
    assert threading.active_count() == threads
    with socket.socket() as probe:
        assert probe.connect_ex(address) != 0


async def test_stopping_with_requests_under_way() -> None:
    tasks = others()
    emulator = Emulator(latency=60)
    await emulator.start()
    async with aiohttp.ClientSession() as session:
        wire = Wire(emulator, session)
        calls = [asyncio.create_task(wire.get("/jobs")) for _ in range(5)]
        # One that has sent a part of its body and keeps the rest.
        reader, writer = await asyncio.open_connection("127.0.0.1", int(emulator.endpoint.rpartition(":")[2]))
        writer.write(b"POST /jobs HTTP/1.1\r\nHost: x\r\nContent-Length: 10\r\n\r\n{")
        # There is no event for "six requests have come", and nothing public that counts them.
        while len(emulator._front.flying) < 6:  # noqa: ASYNC110 - no event tells it  # pyright: ignore[reportPrivateUsage]  # the test looks inside
            await asyncio.sleep(0)
        await emulator.stop()
        ends = await asyncio.gather(*calls, return_exceptions=True)
        assert all(isinstance(end, aiohttp.ClientError) for end in ends)
        assert await reader.read() == b""
        writer.close()
        await writer.wait_closed()
    assert others() == tasks


async def test_start_and_stop_by_hand() -> None:
    emulator = Emulator()
    with pytest.raises(ConfigurationError, match="does not run"):
        _ = emulator.endpoint
    await emulator.stop()
    await emulator.start()
    with pytest.raises(ConfigurationError, match="runs already"):
        await emulator.start()
    async with aiohttp.ClientSession() as session:
        await Wire(emulator, session).job()
        await emulator.stop()
        await emulator.start()
        # State stays.
        assert (await Wire(emulator, session).get("/jobs")).ids == ["job"]
    await emulator.stop()
    assert repr(emulator) == "Emulator('stopped', account='batchdev')"


async def test_an_address_that_is_taken() -> None:
    async with Emulator() as first:
        port = int(first.endpoint.rpartition(":")[2])
        with pytest.raises(ConfigurationError, match=f"cannot listen on 127.0.0.1:{port}"):
            await Emulator(port=port).start()
    async with Emulator(port=port) as second:
        assert second.endpoint == first_endpoint(port)


def first_endpoint(port: int) -> str:
    return f"http://127.0.0.1:{port}"


@pytest.mark.parametrize(("host", "named"), [("localhost", "localhost"), ("::1", "[::1]")])
async def test_other_names_of_the_loopback(host: str, named: str) -> None:
    async with Emulator(host=host) as emulator, aiohttp.ClientSession() as session:
        assert emulator.endpoint.startswith(f"http://{named}:")
        made = await Wire(emulator, session).job()
        assert made.headers["Location"] == f"{emulator.endpoint}/jobs/job"


def test_beyond_the_loopback_warns() -> None:
    with pytest.warns(UserWarning, match="beyond this machine's loopback"):
        Emulator(host="0.0.0.0")  # noqa: S104  # that it warns is the point
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        Emulator(host="127.0.0.9")


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"nodes": "cloud"}, 'nodes: "none"'),
        ({"db": 1}, "db: the path of a file, not 1"),
        ({"auth": "lax"}, "auth"),
        ({"latency": -1}, "latency"),
        ({"latency": "1"}, "latency"),
        ({"latency": float("nan")}, "latency"),
        ({"port": 70000}, "port"),
        *(({"host": host}, "^host: ") for host in ("a" * 64, "a..b", ".", "127.0.0.1\0", "\ud800", "two\nlines")),
        ({"key": "no base64!"}, "key of account 'batchdev' is not base64"),
        *(({"account": account}, "the account name") for account in ("", "two parts", "a:b")),
        ({"faults": ["503"]}, "FaultRule"),
    ],
)
def test_options_that_cannot_be(options: dict[str, Any], said: str) -> None:
    with pytest.raises(ConfigurationError, match=said):
        Emulator(**options)


async def test_the_log_of_requests(wire: Wire, emulator: Emulator) -> None:
    guid = "9c4d50ee-2d56-4cd3-8152-34347dc9f2b0"
    await wire.job()
    added = await wire.add("job", "a", "b")
    await wire.call("GET", "/nothing", headers={"client-request-id": guid})
    first, second, third = emulator.requests
    assert (first.number, first.method, first.path, first.operation) == (1, "POST", "/jobs", "Jobs_CreateJob")
    assert (first.status, first.code, first.query) == (201, None, f"api-version={VERSION}")
    assert (second.tasks, second.request_id) == (2, added.headers["request-id"])
    assert second.size > 50
    assert (third.operation, third.status, third.code) == (None, 404, "ResourceNotFound")
    assert third.client_request_id == guid
    assert third.time == emulator.clock.now()


async def test_the_log_is_bounded(emulator: Emulator) -> None:
    assert emulator.requests.maxlen == 10_000


async def test_the_log_takes_any_request_and_little_of_each(emulator: Emulator) -> None:
    """A client's bytes need not be text, and there may be very many of them."""
    host, port = "127.0.0.1", int(emulator.endpoint.rpartition(":")[2])
    reader, writer = await asyncio.open_connection(host, port)
    longest = request_log.LONGEST_TEXT
    for start, header in (
        (b"GET /jobs/" + b"a" * 60_000, b"x"),
        (b"GET /jobs?$filter=" + b"b" * 60_000, b"\xff\xfe"),
        (b"GET /jobs?c=%FF", b"c" * 60_000),
    ):
        request = b"%s HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer x\r\nclient-request-id: %s\r\n\r\n"
        writer.write(request % (start, header))
        assert b" 401 " in await reader.readuntil(b"\r\n\r\n")
        await reader.readuntil(b"}]}")
    writer.write(b"GET /_emulator/requests HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
    head, _, body = (await reader.read()).partition(b"\r\n\r\n")
    writer.close()
    await writer.wait_closed()
    assert head.startswith(b"HTTP/1.1 200 ")
    first, second, third = json.loads(body)
    assert first["path"] == "/jobs/" + "a" * (longest - 6) + "..."
    assert second["query"] == "$filter=" + "b" * (longest - 8) + "..."
    assert second["client_request_id"] == "??"
    assert third["client_request_id"] == "c" * longest + "..."


async def test_reset() -> None:
    busy = FaultRule(operation="Jobs_GetJob", status=503, count=1)
    async with Emulator(faults=[busy]) as emulator, aiohttp.ClientSession() as session:
        wire = Wire(emulator, session)
        await wire.job()
        assert (await wire.get("/jobs/job")).status == 503
        emulator.faults.append(FaultRule(status=500))
        emulator.reset()
        assert list(emulator.faults) == [busy]
        assert not emulator.requests
        assert (await wire.get("/jobs")).items == []
        # The rule is as new.
        assert (await wire.get("/jobs/job")).status == 503


async def test_a_clock_that_runs() -> None:
    async with Emulator() as emulator, aiohttp.ClientSession() as session:
        wire = Wire(emulator, session)
        await wire.job()
        await wire.call("DELETE", "/jobs/job")
        emulator.clock.advance(1)
        assert (await wire.get("/jobs/job")).status == 404


async def test_two_emulators_share_nothing(wire: Wire) -> None:
    async with Emulator(clock=Clock()) as other, aiohttp.ClientSession() as session:
        await wire.job()
        assert (await Wire(other, session).get("/jobs")).items == []


def imports_of(file: pathlib.Path) -> set[str]:
    found: set[str] = set()
    for node in ast.walk(ast.parse(file.read_text())):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names if alias.name.startswith("batchio")}
        if isinstance(node, ast.ImportFrom) and (node.level == 2 or (node.module or "").startswith("batchio")):
            found |= {node.module.partition(".")[0]} if node.module else {alias.name for alias in node.names}
    return found


def test_the_law_of_imports() -> None:
    seen = {name for file in PACKAGE.glob("*.py") for name in imports_of(file)}
    assert seen == {"credentials", "errors", "hiding", "models", "service"}


def test_no_file_is_two() -> None:
    long = {file.name for file in PACKAGE.glob("*.py") if len(file.read_text().splitlines()) > 300}
    assert not long
