from __future__ import annotations

import asyncio
import logging

import pytest

from batchio.emulator import DEVELOPMENT_KEY, Emulator, arrivals, service
from batchio.service.operations import OPERATIONS

from .wire import VERSION, Wire


async def test_the_shape_of_an_error(wire: Wire, emulator: Emulator) -> None:
    reply = await wire.get("/jobs/none")
    assert reply.headers["Content-Type"] == "application/json;odata=minimalmetadata"
    error = reply.json
    assert error["odata.metadata"].startswith(f"{emulator.endpoint}/$metadata#")
    assert error["code"] == "JobNotFound"
    assert error["message"] == {
        "lang": "en-US",
        "value": "The specified job does not exist.\n"
        f"RequestId:{reply.headers['request-id']}\nTime:2024-07-01T12:00:00.1234560Z",
    }


@pytest.mark.parametrize(
    "path", ["/", "/nothing", "/jobs/", "/jobs//tasks", "/jobs/a/b/c", "/jobs/a/tasks/b/c", "//jobs"]
)
async def test_unknown_paths(wire: Wire, path: str) -> None:
    reply = await wire.get(path)
    assert (reply.status, reply.code) == (404, "ResourceNotFound")


@pytest.mark.parametrize(
    ("method", "path", "allowed"),
    [("PUT", "/jobs", "GET, POST"), ("HEAD", "/jobs", "GET, POST"), ("GET", "/jobs/a/addtaskcollection", "POST")],
)
async def test_wrong_methods(wire: Wire, method: str, path: str, allowed: str) -> None:
    reply = await wire.call(method, path)
    assert reply.status == 405
    assert allowed in reply.headers["Allow"]
    assert method == "HEAD" or reply.code == "UnsupportedHttpVerb"


async def test_paths_in_any_letter_case(wire: Wire) -> None:
    await wire.job()
    assert (await wire.call("POST", "/Jobs/job/AddTaskCollection", {"value": []})).status == 200


@pytest.mark.parametrize("operation", sorted(OPERATIONS))
async def test_what_is_not_there_yet_says_so(wire: Wire, monkeypatch: pytest.MonkeyPatch, operation: str) -> None:
    row = OPERATIONS[operation]
    monkeypatch.delitem(service.HANDLERS, operation, raising=False)
    reply = await wire.call(row.method, row.path.replace("{", "").replace("}", ""))
    assert reply.status == 501
    if row.method != "HEAD":
        assert (reply.code, reply.values["Operation"]) == ("NotImplemented", operation)


def test_handlers_are_of_the_table() -> None:
    assert set(service.HANDLERS) <= set(OPERATIONS)


async def test_a_failure_inside_is_told_without_its_inside(
    wire: Wire, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def fail(_: object) -> None:
        raise ZeroDivisionError(f"inside {DEVELOPMENT_KEY}")

    monkeypatch.setitem(service.HANDLERS, "Jobs_ListJobs", fail)
    with caplog.at_level(logging.ERROR, "batchio.emulator"):
        reply = await wire.get("/jobs")
    assert (reply.status, reply.code) == (500, "InternalError")
    assert b"inside" not in reply.body
    assert reply.headers["request-id"] in caplog.text
    assert "ZeroDivisionError" in caplog.text
    assert (await wire.get("/pools")).status == 200


async def exchange(emulator: Emulator, sent: bytes) -> bytes:
    reader, writer = await asyncio.open_connection("127.0.0.1", int(emulator.endpoint.rpartition(":")[2]))
    try:
        writer.write(sent)
        return await asyncio.wait_for(reader.read(), 5)
    finally:
        writer.close()
        await writer.wait_closed()


START = f"POST /jobs?api-version={VERSION} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer x\r\n".encode()
KIND = b"Content-Type: application/json; odata=minimalmetadata\r\n"


@pytest.mark.parametrize(
    ("sent", "status", "code"),
    [
        (b"garbage\r\n\r\n", 400, "InvalidHttpVerb"),
        (b"BREW /jobs HTTP/1.1\r\nHost: x\r\n\r\n", 400, "InvalidHttpVerb"),
        (b"GET /jobs/\xff HTTP/1.1\r\nHost: x\r\n\r\n", 400, "RequestUrlFailedToParse"),
        (b"GET /" + b"a" * 70_000 + b" HTTP/1.1\r\nHost: x\r\n\r\n", 400, "RequestUrlFailedToParse"),
        (
            b"GET /jobs HTTP/1.1\r\nHost: x\r\nConnection: close\r\nAuthorization: Bearer \xff\r\n\r\n",
            401,
            "AuthenticationFailed",
        ),
        (
            b"GET /jobs HTTP/1.1\r\nHost: x\r\nConnection: close\r\nAuthorization: SharedKey batchdev:\xff\r\n\r\n",
            403,
            "AuthenticationFailed",
        ),
        (b"OPTIONS * HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n", 401, "AuthenticationFailed"),
        (START + b"Transfer-Encoding: chunked\r\n\r\nzz\r\n", 400, "RequestUrlFailedToParse"),
    ],
)
async def test_bytes_that_are_no_request(
    emulator: Emulator, sent: bytes, status: int, code: str, caplog: pytest.LogCaptureFixture
) -> None:
    answer = await exchange(emulator, sent)
    head, _, body = answer.partition(b"\r\n\r\n")
    assert f" {status} ".encode() in head.partition(b"\r\n")[0]
    assert f'"code":"{code}"'.encode() in body
    assert b"Traceback" not in answer
    assert not caplog.records


@pytest.mark.parametrize("rest", [b"Content-Length: 50\r\n\r\n{", b"Transfer-Encoding: chunked\r\n\r\n5\r\nabc"])
async def test_a_body_that_breaks_off_disturbs_nobody(
    wire: Wire, emulator: Emulator, rest: bytes, caplog: pytest.LogCaptureFixture
) -> None:
    _, writer = await asyncio.open_connection("127.0.0.1", int(emulator.endpoint.rpartition(":")[2]))
    writer.write(START + KIND + rest)
    await writer.drain()
    writer.close()
    await writer.wait_closed()
    assert (await wire.get("/jobs")).items == []
    assert not caplog.records


async def test_a_body_that_does_not_come(monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture) -> None:
    monkeypatch.setattr(arrivals, "BODY_TIMEOUT", 0.05)
    async with Emulator(auth="loose") as emulator:
        reader, writer = await asyncio.open_connection("127.0.0.1", int(emulator.endpoint.rpartition(":")[2]))
        writer.write(START + KIND + b"Transfer-Encoding: chunked\r\n\r\n1\r\n{\r\n")
        answer = await asyncio.wait_for(reader.readuntil(b"}"), 5)
        assert answer.startswith(b"HTTP/1.1 408 ")
        writer.close()
        await writer.wait_closed()
    assert not caplog.records


async def test_expect_100_continue() -> None:
    async with Emulator(auth="loose") as emulator:
        body = b'{"id":"a","poolInfo":{"poolId":"p"}}'
        head = START + KIND + b"Expect: 100-continue\r\nConnection: close\r\n"
        answer = await exchange(emulator, head + f"Content-Length: {len(body)}\r\n\r\n".encode() + body)
        assert answer.startswith(b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 201 Created\r\n")


async def test_nobody_is_asked_to_send_what_is_refused_anyhow() -> None:
    async with Emulator(auth="loose") as emulator:
        head = START + KIND + b"Expect: 100-continue\r\n"
        reader, writer = await asyncio.open_connection("127.0.0.1", int(emulator.endpoint.rpartition(":")[2]))
        writer.write(head + b"Content-Length: 99999999\r\n\r\n")
        assert (await asyncio.wait_for(reader.readline(), 5)).startswith(b"HTTP/1.1 413 ")
        writer.close()
        await writer.wait_closed()
        head = head.replace(b"HTTP/1.1", b"HTTP/1.0")
        assert (await exchange(emulator, head + b"Content-Length: 1\r\n\r\n{")).startswith(b"HTTP/1.0 400 ")


@pytest.mark.parametrize("host", ['evil" host', "a" * 300, "x\\y", ""])
async def test_a_strange_host_does_not_get_into_links(host: str) -> None:
    async with Emulator(auth="loose") as emulator:
        sent = f"GET /jobs?api-version={VERSION} HTTP/1.1\r\nHost: {host}\r\n"
        sent += "Connection: close\r\nAuthorization: Bearer x\r\n\r\n"
        answer = await exchange(emulator, sent.encode())
        assert b"200 OK" in answer
        assert f'"{emulator.endpoint}/$metadata'.encode() in answer
