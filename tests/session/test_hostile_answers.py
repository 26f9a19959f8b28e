"""A service that is broken or hostile: whatever it sends, both ways to carry a request say the same of it, the next
request is not touched by it, and nothing of it is quoted that may be secret.
"""

from __future__ import annotations

import asyncio
import contextlib
import gzip
import logging
import zlib

import aiohttp
import pytest
from yarl import URL

from batchio import (
    BatchClient,
    BatchioError,
    ConnectionLostError,
    DecodeError,
    RequestTimeoutError,
    ResourceNotFoundError,
    RetryPolicy,
)
from batchio.session import connections, transport
from batchio.session.transport import AiohttpTransport

from .driving import connect, said_by, shared_key
from .server import End, Reply, Server, answer

ONCE = RetryPolicy(attempts=1)
OK = b"HTTP/1.1 200 OK\r\n"
WHOLE = OK + b"Content-Length: 3\r\n\r\nabc"
LONG = b"abcdefg" * 20_000
PACKED, DEFLATED = gzip.compress(LONG), zlib.compress(LONG)


def sized(body: bytes, length: object, *lines: bytes) -> bytes:
    """An answer that says a length, true or not."""
    return b"\r\n".join([OK + b"Content-Length: " + str(length).encode(), *lines, b"", body])


def packed(body: bytes, how: bytes = b"gzip") -> bytes:
    """An answer that says that its body is packed."""
    return sized(body, len(body), b"Content-Encoding: " + how)


def chunked(body: bytes) -> bytes:
    """An answer in chunks, such as they are."""
    return OK + b"Transfer-Encoding: chunked\r\n\r\n" + body


def headed(*lines: bytes) -> bytes:
    """An answer with three bytes and these lines in its head."""
    return b"\r\n".join([OK + b"Content-Length: 3", *lines, b"", b"abc"])


ODD: dict[str, tuple[bytes, End]] = {
    "longer than it says": (sized(b"abcdefg", 3), End.KEEP),
    "shorter than it says": (sized(b"abc", 30), End.CLOSE),
    "shorter, and silent": (sized(b"abc", 30), End.KEEP),
    "a length that overflows": (sized(b"abc", 2**64), End.KEEP),
    "a length that almost does": (sized(b"abc", 2**63), End.KEEP),
    "a length below nothing": (sized(b"abc", -3), End.KEEP),
    "a length with a sign": (sized(b"abc", "+3"), End.KEEP),
    "a length in hexadecimals": (sized(b"abc", "0x3"), End.KEEP),
    "no length in its place": (sized(b"abc", ""), End.KEEP),
    "a list of lengths": (sized(b"abc", "3, 3"), End.KEEP),
    "two lengths": (sized(b"abc", 3, b"Content-Length: 4"), End.KEEP),
    "the same length twice": (sized(b"abc", 3, b"Content-Length: 3"), End.KEEP),
    "a length and chunks": (sized(b"3\r\nabc\r\n0\r\n\r\n", 3, b"Transfer-Encoding: chunked"), End.KEEP),
    "chunks by another name": (OK + b"Transfer-Encoding: xchunked\r\n\r\nabc", End.CLOSE),
    "chunks that are not the last": (OK + b"Transfer-Encoding: chunked, gzip\r\n\r\nabc", End.CLOSE),
    "a chunk without a number": (chunked(b"g\r\nabc\r\n0\r\n\r\n"), End.KEEP),
    "a chunk that is too short": (chunked(b"5\r\nabc\r\n0\r\n\r\n"), End.CLOSE),
    "a chunk that is too long": (chunked(b"2\r\nabc\r\n0\r\n\r\n"), End.KEEP),
    "a chunk beyond all numbers": (chunked(b"f" * 17 + b"\r\nabc"), End.KEEP),
    "a chunk with much to say": (chunked(b"3;" + b"a" * 200_000 + b"\r\nabc\r\n0\r\n\r\n"), End.KEEP),
    "chunks without an end": (chunked(b"3\r\nabc\r\n"), End.CLOSE),
    "chunks that are cut in the end": (chunked(b"3\r\nabc\r\n0\r\n"), End.CLOSE),
    "lines behind the chunks": (chunked(b"3\r\nabc\r\n0\r\nX-Line: 1\r\n\r\n"), End.KEEP),
    "thousands of them": (chunked(b"3\r\nabc\r\n0\r\n" + b"X-Line: 1\r\n" * 5000 + b"\r\n"), End.KEEP),
    "packed, half of it": (packed(PACKED[: len(PACKED) // 2]), End.KEEP),
    "packed, with a wrong sum": (packed(PACKED[:-8] + bytes(8)), End.KEEP),
    "packed, and more behind it": (packed(PACKED + b"abc"), End.KEEP),
    "packed twice over": (packed(PACKED + PACKED), End.KEEP),
    "packed, and it is not": (packed(b"abcdefg"), End.KEEP),
    "packed, and empty": (packed(b""), End.KEEP),
    "deflated": (packed(DEFLATED, b"deflate"), End.KEEP),
    "deflated without its head": (packed(DEFLATED[2:-4], b"deflate"), End.KEEP),
    "deflated, half of it": (packed(DEFLATED[:20], b"deflate"), End.KEEP),
    "packed in a way that was not asked for": (packed(b"abcdefg", b"br"), End.KEEP),
    "packed in a way that nobody knows": (packed(b"abcdefg", b"snappy"), End.KEEP),
    "a hundred times 100": (b"HTTP/1.1 100 Continue\r\n\r\n" * 100 + WHOLE, End.KEEP),
    "hints before it": (b"HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n" + WHOLE, End.KEEP),
    "100 with a length": (b"HTTP/1.1 100 Continue\r\nContent-Length: 3\r\n\r\n" + WHOLE, End.KEEP),
    "100 and no more": (b"HTTP/1.1 100 Continue\r\n\r\n", End.CLOSE),
    "100 and silence": (b"HTTP/1.1 100 Continue\r\n\r\n", End.KEEP),
    "another protocol": (b"HTTP/1.1 101 S\r\nUpgrade: websocket\r\nConnection: upgrade\r\n\r\nxxxx", End.KEEP),
    "204 with a body": (b"HTTP/1.1 204 No Content\r\nContent-Length: 3\r\n\r\nabc", End.KEEP),
    "204 in chunks": (b"HTTP/1.1 204 No Content\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n", End.KEEP),
    "304 with a length": (b"HTTP/1.1 304 Not Modified\r\nContent-Length: 300\r\n\r\n", End.KEEP),
    "204, packed": (b"HTTP/1.1 204 No Content\r\nContent-Encoding: gzip\r\n\r\n", End.KEEP),
    "HTTP/1.0 that stays": (b"HTTP/1.0 200 OK\r\nConnection: keep-alive\r\n" + WHOLE[len(OK) :], End.KEEP),
    "HTTP/1.0 that does not say so": (b"HTTP/1.0 200 OK\r\n" + WHOLE[len(OK) :], End.KEEP),
    "HTTP/9.9": (b"HTTP/9.9 200 OK\r\n" + WHOLE[len(OK) :], End.KEEP),
    "names in any letter case": (b"HTTP/1.1 200 OK\r\ncONTENT-lENGTH: 3\r\nconnection: CLOSE\r\n\r\nabc", End.KEEP),
    "lines that end too soon": (WHOLE.replace(b"\r\n", b"\n"), End.KEEP),
    "a line that is folded": (headed(b"X-Line: a", b" b"), End.KEEP),
    "a line without a colon": (headed(b"X-Line"), End.KEEP),
    "a line without a name": (headed(b": x"), End.KEEP),
    "a NUL in a line": (headed(b"X-Line: a\0b"), End.KEEP),
    "no UTF-8 in a line": (headed(b"X-Line: \xff\xfe"), End.KEEP),
    "a line of a megabyte": (headed(b"X-Line: " + b"a" * 1_000_000), End.KEEP),
    "a name of a megabyte": (headed(b"a" * 1_000_000 + b": x"), End.KEEP),
    "a reason of a megabyte": (b"HTTP/1.1 200 " + b"a" * 1_000_000 + b"\r\n\r\n", End.KEEP),
    "10,000 lines": (headed(*(b"X-%d: x" % number for number in range(10_000))), End.KEEP),
    "empty lines before it": (b"\r\n" * 10 + WHOLE, End.KEEP),
    "an empty line behind it": (WHOLE + b"\r\n", End.KEEP),
    "half an answer behind it": (WHOLE + b"HTTP/1.1 2", End.KEEP),
    "a status of four digits": (b"HTTP/1.1 2000 OK\r\n\r\n", End.KEEP),
    "a status that is none": (b"HTTP/1.1 099 OK\r\nContent-Length: 3\r\n\r\nabc", End.KEEP),
    "half a head": (b"HTTP/1.1 200 OK\r\nConte", End.CLOSE),
    "half a head, and a reset": (b"HTTP/1.1 200 OK\r\nConte", End.RESET),
    "half a body, and a reset": (sized(b"abc", 30), End.RESET),
}


async def told(server: Server, reply: Reply) -> list[object]:
    """What a transport makes of an answer and of the next one, and how many connections that takes."""
    before = server.connections
    server.say(reply, answer(200, b"next"))
    carrier = AiohttpTransport(None, trust_env=False, endpoint=server.endpoint)
    found = list[object]()
    for timeout in (0.3, 10.0):
        try:
            one = await carrier.send("GET", URL(f"{server.endpoint}/x"), {}, None, timeout)
            found.append((one.status, bytes(one.body)))
        except BatchioError as error:
            found.append((type(error), str(error), getattr(error, "before_answer", None)))
    await carrier.close()
    await server.is_left()
    return [*found, server.connections - before]


@pytest.mark.parametrize("name", ODD)
async def test_both_ways_say_the_same(server: Server, monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    reply = Reply(*ODD[name])
    ours = await told(server, reply)
    assert ours[1] == (200, b"next")
    monkeypatch.setattr(transport, "IS_KNOWN", False)
    assert await told(server, reply) == ours


SECRET = b"c2VjcmV0LW9mLWEtdGFzaw"


@pytest.mark.parametrize(
    "data",
    [
        sized(b'"' + SECRET + b'"', 1),
        sized(b"", 0, SECRET),
        sized(b"", 0, b"X-" + SECRET * 1000 + b": x"),
        OK + b"Set-Cookie: " + SECRET + b"\r\nConte",
        b"HTTP/1.1 200 " + SECRET * 1000,
        SECRET,
    ],
)
@pytest.mark.usefixtures("way")
async def test_what_came_instead_of_an_answer_is_not_quoted(server: Server, data: bytes) -> None:
    """Nor is the URL, which may hold a secret, too."""
    server.say(Reply(data, End.CLOSE))
    async with connect(server, retry=ONCE) as client:
        with pytest.raises(ConnectionLostError) as caught:
            await client.request("GET", "/x", query={"token": SECRET.decode()})
    text = str(caught.value)
    assert SECRET.decode() not in text
    assert "/x" not in text
    assert "400" not in text
    assert len(text) < 250
    assert not caught.value.before_answer


@pytest.mark.usefixtures("way")
@pytest.mark.parametrize("is_packed", [False, True])
async def test_an_answer_has_a_limit(server: Server, monkeypatch: pytest.MonkeyPatch, *, is_packed: bool) -> None:
    assert connections.MAX_ANSWER == 256 * 2**20
    monkeypatch.setattr(connections, "MAX_ANSWER", 1_000_000)
    much = bytes(20_000_000)
    server.say(answer(200, gzip.compress(much), Content_Encoding="gzip") if is_packed else answer(200, much))
    async with connect(server) as client:
        with pytest.raises(DecodeError, match=r"^the answer has more than 1,000,000 bytes$"):
            await client.jobs.get("j")
        for size in (999_991, 999_992):
            server.say(answer(200, b'{"id":"' + b"x" * size + b'"}'))
        assert len((await client.jobs.get("j")).id or "") == 999_991
        with pytest.raises(DecodeError):
            await client.jobs.get("j")
    assert len(server.heard) == 3  # it is not asked for again
    await server.is_left()


async def test_a_session_that_was_handed_in_has_it_too(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:

    monkeypatch.setattr(connections, "MAX_ANSWER", 1_000_000)
    server.say(answer(200, bytes(2_000_000)))
    async with aiohttp.ClientSession() as session, connect(server, session=session) as client:
        with pytest.raises(DecodeError, match=r"^the answer has more than 1,000,000 bytes$"):
            await client.jobs.get("j")


async def test_a_session_that_does_not_unpack(server: Server) -> None:
    """It was made for something else, and carries ours, too."""
    server.say(answer(200, gzip.compress(b'{"id": "j"}'), Content_Encoding="gzip"))
    async with aiohttp.ClientSession(auto_decompress=False) as session, connect(server, session=session) as client:
        assert (await client.jobs.get("j")).id == "j"


@pytest.mark.usefixtures("way")
async def test_a_refusal_of_a_file_that_comes_byte_by_byte() -> None:
    """Each byte is in time, and all of them are not."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 404 Not Found\r\n\r\n")
        with contextlib.suppress(ConnectionError):
            while True:
                writer.write(b" ")
                await writer.drain()
                await asyncio.sleep(0.01)
        writer.close()
        is_left.set()

    is_left = asyncio.Event()
    slow = await asyncio.start_server(serve, "127.0.0.1", 0)
    endpoint = f"http://127.0.0.1:{slow.sockets[0].getsockname()[1]}"
    async with BatchClient(endpoint, shared_key(), retry=ONCE, timeout=0.1) as client, asyncio.timeout(10.0):
        with pytest.raises(RequestTimeoutError, match=r"^no answer within 0\.1 s$"):
            async with client.tasks.get_file("j", "t", "out"):
                raise AssertionError
    await is_left.wait()
    slow.close()


NOISE = b"\xff\x1b[31mred\xe9"


@pytest.mark.usefixtures("way")
async def test_headers_that_cannot_be_printed(
    server: Server, client: BatchClient, caplog: pytest.LogCaptureFixture
) -> None:
    """Whatever shows them gets texts that can be written down, without escape sequences."""
    lines = [b"request-id: ", b"client-request-id: ", b"ETag: ", b"DataServiceId: ", b"ocp-batch-file-url: "]
    head = b"".join(line + NOISE + b"\r\n" for line in lines) + b"Content-Length: 0\r\n\r\n"
    caplog.set_level(logging.DEBUG, "batchio")
    server.say(*(Reply(first + head) for first in (b"HTTP/1.1 404 No\r\n", OK, OK)))
    with pytest.raises(ResourceNotFoundError) as caught:
        await client.jobs.get("j")
    receipt = await client.jobs.enable("j")
    info = await client.tasks.get_file_properties("j", "t", "out")
    shown = [str(caught.value), caught.value.client_request_id, receipt.e_tag, receipt.data_service_id, info.url]
    shown += [record.getMessage() for record in said_by(caplog)]
    for text in shown:
        assert text is not None
        assert "[31mred" in text
        assert text.isprintable()
        text.encode()
