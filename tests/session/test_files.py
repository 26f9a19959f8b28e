"""Files: how they are asked for, and that their bytes come once, in order, and from one and the same file."""

from __future__ import annotations

import asyncio
import os
import re
import tracemalloc
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from batchio import (
    Answer,
    BatchClient,
    ConfigurationError,
    ConnectionLostError,
    DecodeError,
    FileInfo,
    FileStream,
    HttpResponseError,
    RequestTimeoutError,
    ResourceModifiedError,
    ResourceNotFoundError,
    ResourceNotModifiedError,
    StateConflictError,
)
from batchio.session.files import file_info

from .driving import AT_ONCE, connect, shared_key, signature_of, stray_tasks
from .server import DROP, End, Heard, Reply, Server, answer, refusal

THEN = "Fri, 17 Feb 2017 00:00:00 GMT"
LATER = "Fri, 17 Feb 2017 00:00:01 GMT"
CONTENT = bytes(range(256)) * 1000  # 256,000 bytes: some pieces of 64 KiB
HEAD = {"Last_Modified": THEN, "Content_Type": "application/octet-stream"}


def file_of(client: BatchClient, **options: Any) -> FileStream:
    """The file that most tests read."""
    return client.tasks.get_file("j", "t", "wd/out.bin", **options)


def range_of(heard: Heard) -> tuple[int, int | None]:
    """Start and end of the slice that a request asks for."""
    found = re.fullmatch(r"bytes=(\d+)-(\d*)", heard.headers.get("ocp-range", "bytes=0-"))
    assert found
    return int(found[1]), int(found[2]) + 1 if found[2] else None


@dataclass
class Remote:
    """A file of the service; each answer ends after the next number of `breaks`, whatever it ought to bring."""

    content: bytes = CONTENT
    breaks: list[int] = field(default_factory=list[int])
    changed: str = THEN
    heeds_ranges: bool = True
    partial: bool = False

    def __call__(self, heard: Heard) -> Reply:
        start, end = range_of(heard) if self.heeds_ranges else (0, None)
        if heard.headers.get("if-unmodified-since", self.changed) != self.changed:
            return refusal(412, "ConditionNotMet")
        content = self.content[start:end]
        more = (
            {"Content_Range": f"bytes {start}-{start + len(content) - 1}/{len(self.content)}"} if self.partial else {}
        )
        reply = answer(206 if self.partial else 200, content, **HEAD | {"Last_Modified": self.changed} | more)
        if self.breaks:
            return reply.cut(len(reply.data) - len(content) + self.breaks.pop(0))
        return reply


# What is asked for.


@pytest.mark.parametrize(
    ("path", "escaped"),
    [
        ("stdout.txt", "stdout.txt"),
        ("wd/a/b.txt", "wd%2Fa%2Fb.txt"),
        ("wd/a b.txt", "wd%2Fa%20b.txt"),
        ("100%.txt", "100%25.txt"),
        ("a%20b", "a%2520b"),
        ("a#b?c=d&e", "a%23b%3Fc%3Dd%26e"),
        ("wd/ü/日本.txt", "wd%2F%C3%BC%2F%E6%97%A5%E6%9C%AC.txt"),
        ("wd\\out.txt", "wd%5Cout.txt"),
        ("a+b(c);d:e@f,g", "a%2Bb%28c%29%3Bd%3Ae%40f%2Cg"),
        ("wd/..a/.b", "wd%2F..a%2F.b"),
    ],
)
async def test_a_path_is_one_part_of_the_address(server: Server, client: BatchClient, path: str, escaped: str) -> None:
    server.otherwise = answer(200)
    async with client.tasks.get_file("j", "t", path):
        pass
    await client.nodes.get_file_properties("p", "n", path)
    await client.nodes.delete_file("p", "n", path)
    for heard in server.heard:
        assert heard.path.partition("/files/")[2] == escaped
        assert heard.headers["authorization"] == signature_of(heard)


@pytest.mark.parametrize("path", ["", ".", "..", "a/../b", "../../tasks", "a/.", 5, None, "\udc80"])
async def test_a_path_that_is_none(server: Server, client: BatchClient, path: Any) -> None:
    with pytest.raises(ConfigurationError, match=r"^filePath: "):
        client.tasks.get_file("j", "t", path)
    assert not server.heard


async def test_nothing_is_sent_before_it_is_entered(server: Server, client: BatchClient) -> None:
    file_of(client)
    assert not server.heard


async def test_what_is_sent(server: Server, client: BatchClient) -> None:
    server.say(answer(206, b"34", Content_Range="bytes 3-4/10"))
    date = datetime(2017, 2, 17, tzinfo=UTC)
    async with file_of(client, start=3, end=5, if_unmodified_since=date) as file:
        assert await file.read() == b"34"
    (heard,) = server.heard
    assert (heard.method, heard.headers["ocp-range"]) == ("GET", "bytes=3-4")
    assert "range" not in heard.headers
    assert heard.headers["if-unmodified-since"] == THEN
    assert heard.headers["accept"] == "application/octet-stream"
    assert heard.headers["accept-encoding"] == "identity"
    assert heard.headers["authorization"] == signature_of(heard)


# What comes back.

HEADERS = {
    "Last_Modified": LATER,
    "ocp_creation_time": THEN,
    "ocp_batch_file_isdirectory": "False",
    "ocp_batch_file_mode": "0o100664",
    "ocp_batch_file_url": "https://acme.batch.azure.com/jobs/j/tasks/t/files/a%20b",
    "Content_Type": "text/plain",
    "ETag": '"1"',
}
INFO = FileInfo(
    content_length=3,
    content_type="text/plain",
    creation_time=datetime(2017, 2, 17, tzinfo=UTC),
    last_modified=datetime(2017, 2, 17, 0, 0, 1, tzinfo=UTC),
    file_mode="0o100664",
    is_directory=False,
    url="https://acme.batch.azure.com/jobs/j/tasks/t/files/a%20b",
    e_tag='"1"',
    request_id="request-1",
)


async def test_properties(server: Server, client: BatchClient) -> None:
    whole = answer(200, b"abc", **HEADERS)
    server.say(whole, whole.cut(len(whole.data) - 3), answer(200, ocp_batch_file_isdirectory="true", Last_Modified="x"))
    async with file_of(client) as file:
        assert file.properties == INFO
        assert await file.read() == b"abc"
    assert await client.tasks.get_file_properties("j", "t", "a b") == INFO
    assert [heard.method for heard in server.heard] == ["GET", "HEAD"]
    found = await client.nodes.get_file_properties("p", "n", "wd")
    assert found == FileInfo(content_length=0, is_directory=True, request_id="request-1")


@pytest.mark.parametrize(("text", "is_directory"), [("true", True), ("True", True), ("false", False), (None, None)])
def test_what_headers_say_of_a_file(text: str | None, *, is_directory: bool | None) -> None:
    headers = {
        "Content-Length": "7",
        "Content-Type": "text/plain",
        "ocp-creation-time": "Tue, 14 Nov 2023 22:13:20 GMT",
        "Last-Modified": "Tue, 14 Nov 2023 22:13:21 GMT",
        "ocp-batch-file-mode": "0o100644",
        "ocp-batch-file-url": "https://acme.example/x",
        "ETag": '"1"',
        "request-id": "r-1",
    }
    told = {} if text is None else {"ocp-batch-file-isdirectory": text}
    assert file_info(Answer(200, headers | told, b"")) == FileInfo(
        content_length=7,
        content_type="text/plain",
        creation_time=datetime(2023, 11, 14, 22, 13, 20, tzinfo=UTC),
        last_modified=datetime(2023, 11, 14, 22, 13, 21, tzinfo=UTC),
        file_mode="0o100644",
        is_directory=is_directory,
        url="https://acme.example/x",
        e_tag='"1"',
        request_id="r-1",
    )
    assert file_info(Answer(200, {}, b"")) == FileInfo()


@pytest.mark.parametrize(
    ("text", "number"),
    [("0", 0), ("9" * 19, int("9" * 19)), ("9" * 20, None), ("-1", None), ("", None), ("\u0663", None)],
)
def test_a_length_that_is_a_number(text: str, number: int | None) -> None:
    assert file_info(Answer(200, {"Content-Length": text}, b"")).content_length == number


async def test_a_file_whose_date_is_no_text_goes_on(server: Server, client: BatchClient) -> None:
    data = answer(200, b"abc", Last_Modified="caf\xe9").data.replace("caf\xe9".encode(), b"caf\xe9")
    server.say(Reply(data[:-2], End.CLOSE), Reply(data))
    async with file_of(client) as file:
        assert await file.read() == b"abc"


async def test_headers_that_are_no_text(server: Server, client: BatchClient) -> None:
    said = dict.fromkeys(["ocp_batch_file_mode", "ocp_batch_file_url", "Content_Type", "ETag"], "caf\xe9")
    data = answer(200, b"", **said).data.replace("caf\xe9".encode(), b"caf\xe9")
    server.say(Reply(data))
    found = await client.tasks.get_file_properties("j", "t", "a b")
    assert (found.file_mode, found.url, found.content_type, found.e_tag) == ("caf\ufffd",) * 4
    server.say(Reply(data.replace(b"request-1", b"\xff")))
    receipt = await client.jobs.delete("j")
    assert (receipt.e_tag, receipt.request_id) == ("caf\ufffd", "\ufffd")
    server.say(Reply(data.replace(b"200", b"418").replace(b"request-1", b"\xff")))
    with pytest.raises(HttpResponseError) as caught:
        await client.jobs.get("j")
    assert str(caught.value).endswith("[request \ufffd]")


@pytest.mark.parametrize("content", [b"", b"x", CONTENT], ids=len)
@pytest.mark.parametrize("is_chunked", [False, True])
async def test_a_file_in_pieces(server: Server, client: BatchClient, content: bytes, *, is_chunked: bool) -> None:
    chunks = f"{len(content):x}\r\n".encode() + content + b"\r\n0\r\n\r\n" if content else b"0\r\n\r\n"
    chunked = Reply(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" + chunks)
    server.say(*[chunked if is_chunked else answer(200, content)] * 2)
    async with file_of(client) as file:
        pieces = [piece async for piece in file]
        assert [piece async for piece in file] == []
    assert b"".join(pieces) == content
    assert all(0 < len(piece) <= 65_536 for piece in pieces)
    async with file_of(client) as file:
        assert await file.read() == content
    assert server.connections == 1


async def test_a_compressed_file_stays_as_it_is(server: Server, client: BatchClient) -> None:
    server.say(answer(200, b"\x1f\x8b not even gzip", Content_Encoding="gzip"))
    async with file_of(client) as file:
        assert await file.read() == b"\x1f\x8b not even gzip"


async def test_a_stream_is_used_as_it_is_meant(server: Server, client: BatchClient, tmp_path: Path) -> None:
    server.otherwise = answer(200, b"abc")
    stream = file_of(client)
    with pytest.raises(RuntimeError, match=r"^a file stream is read inside its `async with` block$"):
        await stream.read()
    async with stream:
        assert await stream.read() == b"abc"
        with pytest.raises(RuntimeError, match=r"^a file stream that has been read from cannot be downloaded$"):
            await stream.download(tmp_path / "x")
    with pytest.raises(RuntimeError, match=r"^a file stream is read inside its `async with` block$"):
        await stream.read()
    with pytest.raises(RuntimeError, match=r"^a file stream is entered once$"):
        async with stream:
            pass
    assert not [*tmp_path.iterdir()]  # noqa: ASYNC240 - nothing else runs


async def test_two_cannot_read_at_once(server: Server, client: BatchClient) -> None:
    server.say(answer(200, b"abc").cut(-3, End.HOLD))
    async with file_of(client) as file:
        first = asyncio.create_task(file.read())
        await asyncio.sleep(0)
        with pytest.raises(RuntimeError, match=r"^a file stream is read by one at a time$"):
            await file.read()
        first.cancel()
        with pytest.raises(asyncio.CancelledError):
            await first


async def test_what_is_refused(server: Server, client: BatchClient) -> None:
    server.say(refusal(404, "FileNotFound"), refusal(409, "NodeNotReady"), answer(304), refusal(412, "ConditionNotMet"))
    kinds = (ResourceNotFoundError, StateConflictError, ResourceNotModifiedError, ResourceModifiedError)
    for kind in kinds:
        with pytest.raises(kind, match=r"^Tasks_GetTaskFile: ") as caught:
            async with file_of(client):
                pass
        assert caught.value.request_id == "request-1"
    assert len(server.heard) == len(kinds)


async def test_the_head_of_an_endless_refusal_is_enough(server: Server, client: BatchClient) -> None:
    head = b"HTTP/1.1 404 No\r\nContent-Length: 99999999\r\n\r\n"
    server.say(Reply(head + b"x" * 200_000, End.HOLD))
    with pytest.raises(ResourceNotFoundError, match="the answer is not the service's"):
        async with file_of(client):
            pass


async def test_an_opening_is_tried_again(server: Server, client: BatchClient) -> None:
    server.say(DROP, refusal(503, "ServerBusy"), refusal(401, "AuthenticationFailed"), Remote())
    async with file_of(client) as file:
        assert await file.read() == CONTENT
    assert len({heard.headers["client-request-id"] for heard in server.heard}) == 1


# Breaks.


@pytest.mark.parametrize("partial", [False, True])
async def test_a_break_is_mended_where_it_happened(server: Server, client: BatchClient, *, partial: bool) -> None:
    server.otherwise = Remote(breaks=[100_000, 0, 50_000], partial=partial)
    async with file_of(client) as file:
        assert await file.read() == CONTENT
        assert file.properties.content_length == len(CONTENT)
    asked = [heard.headers.get("ocp-range") for heard in server.heard]
    assert asked == [None, "bytes=100000-255999", "bytes=100000-255999", "bytes=150000-255999"]
    assert [heard.headers.get("if-unmodified-since") for heard in server.heard] == [None, THEN, THEN, THEN]
    assert all(heard.headers["authorization"] == signature_of(heard) for heard in server.heard)


async def test_a_break_in_a_part(server: Server, client: BatchClient) -> None:
    server.otherwise = Remote(breaks=[10, 10])
    async with file_of(client, start=1000, end=2000) as file:
        assert await file.read() == CONTENT[1000:2000]
    asked = [heard.headers["ocp-range"] for heard in server.heard]
    assert asked == ["bytes=1000-1999", "bytes=1010-1999", "bytes=1020-1999"]


@given(
    size=st.integers(0, 2000),
    breaks=st.lists(st.integers(0, 700), max_size=3),
    start=st.none() | st.integers(0, 1999),
    length=st.none() | st.integers(1, 2500),
    kind=st.sampled_from(["plain", "partial", "heedless"]),
)
async def test_whatever_breaks_the_bytes_are_the_same(
    size: int, breaks: list[int], start: int | None, length: int | None, kind: str
) -> None:
    content = CONTENT[:size]
    end = None if length is None else (start or 0) + length
    if kind == "heedless":  # takes no ranges at all: only the client's own can be seen
        start = end = None
    async with Server() as server, connect(server) as client:
        server.otherwise = Remote(content, list(breaks), heeds_ranges=kind != "heedless", partial=kind == "partial")
        async with file_of(client, start=start, end=end) as file:
            assert await file.read() == content[start:end]


async def test_breaks_come_to_an_end(server: Server, client: BatchClient) -> None:
    server.otherwise = Remote(breaks=[1000] * 100)
    with pytest.raises(ConnectionLostError):
        async with file_of(client) as file:
            await file.read()
    assert len(server.heard) == AT_ONCE.attempts


async def test_much_progress_makes_the_next_break_the_first(server: Server, client: BatchClient) -> None:
    content = bytes(8 << 20)
    server.otherwise = Remote(content, breaks=[1 << 20] * 7)
    async with file_of(client) as file:
        assert sum([len(piece) async for piece in file]) == len(content)
    assert len(server.heard) == 8 > AT_ONCE.attempts


async def test_a_file_that_changes_is_no_mixture(server: Server, client: BatchClient) -> None:
    other = Remote(b"!" * len(CONTENT), changed=LATER)
    for second in (other, answer(200, CONTENT[1000:], Last_Modified=LATER), answer(200, CONTENT[1000:])):
        server.say(Remote(breaks=[1000]), second)
        with pytest.raises(ResourceModifiedError, match=r"^Tasks_GetTaskFile: 412 ") as caught:
            async with file_of(client) as file:
                await file.read()
        assert caught.value.message == ("No." if second is other else "the file has changed while it was read")


async def test_a_file_that_grows_is_read_as_it_was(server: Server, client: BatchClient) -> None:
    # The very second says nothing: the date is the same.
    server.say(Remote(breaks=[1000]), Remote(CONTENT + b"more"))
    async with file_of(client) as file:
        assert await file.read() == CONTENT
    server.say(Remote(breaks=[1000]), Remote(CONTENT + b"more", heeds_ranges=False))
    async with file_of(client) as file:
        assert await file.read() == CONTENT


async def test_other_bytes_than_those_asked_for(server: Server, client: BatchClient) -> None:
    part = "bytes 999-255999/256000"
    wrong = {
        f"other bytes ({part}) than those from 1000 on": answer(206, CONTENT[999:], Content_Range=part, **HEAD),
        "3 bytes where 255000 are left": answer(200, b"abc", **HEAD),
    }
    for said, second in wrong.items():
        server.say(Remote(breaks=[1000]), second)
        with pytest.raises(DecodeError, match=f"^the service sent {re.escape(said)}$"):
            async with file_of(client) as file:
                await file.read()


@pytest.mark.parametrize(
    ("first", "said"),
    [
        (
            answer(206, b"0123456789", Content_Range="bytes 0-9/100"),
            "other bytes (bytes 0-9/100) than those from 50 on",
        ),
        (answer(206, b"0123456789", Content_Range="bytes */100"), "other bytes (bytes */100) than those from 50 on"),
        (answer(200, bytes(100)), "100 bytes where 10 were asked for"),
    ],
)
async def test_another_part_than_was_asked_for(server: Server, client: BatchClient, first: Reply, said: str) -> None:
    server.say(first)
    with pytest.raises(DecodeError, match=f"^the service sent {re.escape(said)}$"):
        async with file_of(client, start=50, end=60) as file:
            await file.read()


@pytest.mark.parametrize(
    ("before", "after", "is_mended"),
    [('"1"', '"1"', True), ('"1"', '"2"', False), ('"1"', None, True), (None, '"2"', True)],
)
async def test_a_file_that_changes_within_a_second(
    server: Server, client: BatchClient, before: str | None, after: str | None, *, is_mended: bool
) -> None:
    """Its date does not tell, its ETag does, where there is one."""
    first, second = ({"ETag": tag} if tag else {} for tag in (before, after))
    whole = answer(200, CONTENT[:2000], **HEAD, **first)
    server.say(whole.cut(len(whole.data) - 1000), answer(200, CONTENT[1000:2000], **HEAD, **second))
    async with file_of(client) as file:
        if is_mended:
            assert await file.read() == CONTENT[:2000]
        else:
            with pytest.raises(ResourceModifiedError, match="the file has changed while it was read"):
                await file.read()


async def test_each_piece_stands_under_the_timeout(server: Server) -> None:
    whole = Remote()(Heard("GET", "/", {}, b"", 0))
    server.otherwise = whole.cut(70_000, End.HOLD)
    async with connect(server, timeout=0.05) as client:
        with pytest.raises(RequestTimeoutError):
            async with file_of(client) as file:
                await file.read()
    server.otherwise = answer(418)
    assert 1 < len(server.heard) <= AT_ONCE.attempts


async def test_a_stream_that_is_left_early_lets_go(server: Server, client: BatchClient) -> None:
    server.say(Reply(Remote()(Heard("GET", "/", {}, b"", 0)).data[:-1], End.HOLD))
    async with file_of(client) as file:
        assert await anext(file)
    await server.is_left()


async def test_the_client_is_closed_meanwhile(server: Server) -> None:
    server.otherwise = Reply(Remote()(Heard("GET", "/", {}, b"", 0)).data[:100_000], End.HOLD)
    client = connect(server)
    async with file_of(client) as file:
        await anext(file)
        await client.close()
        with pytest.raises(ConnectionLostError):
            await file.read()


async def test_a_large_file_in_little_memory(tmp_path: Path) -> None:
    size, piece = 64 << 20, bytes(1 << 20)

    async def pour(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(f"HTTP/1.1 200 OK\r\nContent-Length: {size}\r\n\r\n".encode())
        for _ in range(size // len(piece)):
            writer.write(piece)
            await writer.drain()
        await reader.read()
        writer.close()

    async with await asyncio.start_server(pour, "127.0.0.1", 0) as listener:
        port = listener.sockets[0].getsockname()[1]
        async with (
            BatchClient(f"http://127.0.0.1:{port}", shared_key(), trust_env=False) as client,
            file_of(client) as file,
        ):
            tracemalloc.start()
            try:
                await file.download(tmp_path / "large")
                _, most = tracemalloc.get_traced_memory()
            finally:
                tracemalloc.stop()
    assert (tmp_path / "large").stat().st_size == size
    assert most < 16 << 20


# Downloads.


@pytest.fixture
def target(tmp_path: Path) -> Path:
    target = tmp_path / "out.bin"
    target.write_bytes(b"before")
    return target


def only(target: Path, content: bytes) -> bool:
    """Whether the directory holds this file alone, with this content."""
    return [path.name for path in target.parent.iterdir()] == [target.name] and target.read_bytes() == content


@pytest.mark.parametrize("content", [b"", b"x", CONTENT, bytes(3_000_001)], ids=len)
async def test_a_download(server: Server, client: BatchClient, target: Path, content: bytes) -> None:
    server.say(answer(200, content), answer(200, content))
    async with file_of(client) as file:
        assert await file.download(target) == len(content)
    assert only(target, content)
    async with file_of(client) as file:
        assert await file.download(os.fspath(target)) == len(content)


async def test_a_download_goes_on_where_it_stopped(server: Server, client: BatchClient, target: Path) -> None:
    server.otherwise = Remote(breaks=[70_000, 70_000])
    async with file_of(client) as file:
        assert await file.download(target) == len(CONTENT)
    assert only(target, CONTENT)
    assert [range_of(heard)[0] for heard in server.heard] == [0, 70_000, 140_000]


async def test_a_download_of_a_file_that_changes_begins_again(
    server: Server, client: BatchClient, target: Path
) -> None:
    new = Remote(b"new" * 50_000, changed=LATER)
    server.say(Remote(breaks=[70_000]), new, new)
    async with file_of(client) as file:
        assert await file.download(target) == 150_000
        assert file.properties.content_length == 150_000
    assert only(target, b"new" * 50_000)
    assert [range_of(heard)[0] for heard in server.heard] == [0, 70_000, 0]


async def test_a_file_that_changes_all_the_time(server: Server, client: BatchClient, target: Path) -> None:
    # Each break comes after a MiB, so that breaks alone would never come to an end.
    stands = Remote(bytes(3 << 20))

    def change(heard: Heard) -> Reply:
        stands.breaks = [(1 << 20) + 1]
        stands.changed = f"Fri, 17 Feb 2017 00:00:{len(server.heard) // 2:02} GMT"
        return stands(heard)

    server.otherwise = change
    with pytest.raises(ResourceModifiedError):
        async with file_of(client) as file:
            await file.download(target)
    assert only(target, b"before")
    assert len(server.heard) <= 3 * AT_ONCE.attempts


@pytest.mark.parametrize("second", [refusal(404, "FileNotFound"), refusal(409, "NodeNotReady"), DROP])
async def test_a_download_that_fails_leaves_nothing(
    server: Server, client: BatchClient, target: Path, second: Reply
) -> None:
    server.say(Remote(breaks=[70_000]))
    server.otherwise = second
    with pytest.raises((ResourceNotFoundError, StateConflictError, ConnectionLostError)):
        async with file_of(client) as file:
            await file.download(target)
    assert only(target, b"before")


async def test_a_download_that_is_cancelled_leaves_nothing(server: Server, client: BatchClient, target: Path) -> None:
    arrived = asyncio.Event()
    whole = Remote(bytes(4 << 20))(Heard("GET", "/", {}, b"", 0))
    server.say(whole.cut(3 << 20, End.HOLD))

    async def download() -> None:
        async with file_of(client) as file:
            arrived.set()
            await file.download(target)

    for turns in (0, 1, 5, 50):
        arrived.clear()
        task = asyncio.create_task(download())
        await arrived.wait()
        for _ in range(turns):
            await asyncio.sleep(0.001)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        assert only(target, b"before")
        await server.is_left()
        server.say(whole.cut(3 << 20, End.HOLD))
    assert not stray_tasks(server)


@pytest.mark.parametrize(
    ("place", "kind"),
    [
        (lambda path: path, IsADirectoryError),
        (lambda path: path / "none" / "out.bin", FileNotFoundError),
        (lambda path: path / "file" / "out.bin", NotADirectoryError),
    ],
)
async def test_a_place_that_cannot_be_written(
    server: Server, client: BatchClient, tmp_path: Path, place: Callable[[Path], Path], kind: type[OSError]
) -> None:
    (tmp_path / "file").write_bytes(b"")
    server.say(answer(200, b"abc"))
    async with file_of(client) as file:
        with pytest.raises(kind):
            await file.download(place(tmp_path))
    assert [path.name for path in tmp_path.iterdir()] == ["file"]  # noqa: ASYNC240 - nothing else runs


@pytest.fixture(autouse=True)
async def _nothing_runs_on(server: Server) -> AsyncIterator[None]:
    yield
    await server.is_left()
