"""A file of a task or a node, read piece by piece.

Law: bytes come once, in order and from one and the same file, however often the connection breaks; a file that
has changed meanwhile is an error and never a mixture.
"""

from __future__ import annotations

import asyncio
import enum
import os
from collections.abc import AsyncIterator, Mapping
from contextlib import ExitStack
from datetime import datetime
from types import TracebackType
from typing import TYPE_CHECKING, Protocol, Self

import msgspec

from ..errors import (
    BatchioError,
    ConnectionLostError,
    DecodeError,
    HttpResponseError,
    ResourceModifiedError,
    TransportError,
)
from ..hiding import without_frames
from ..service.options import RANGE
from .options import range_text
from .request import Request, header, http_date, printable
from .saving import PartFile

if TYPE_CHECKING:
    from .incoming import Incoming
    from .session import Session
    from .telemetry import Call

_A_LOT = 1 << 20
"""Bytes after which a break of the connection is the first one again."""


class _State(enum.Enum):
    NEW = enum.auto()
    OPEN = enum.auto()
    READ = enum.auto()
    CLOSED = enum.auto()


class FileInfo(msgspec.Struct, frozen=True, kw_only=True):
    """What the headers say of a file; None where they say nothing.

    `content_length`: bytes of the file, or of the part of it that was asked for. `file_mode`: octal, on Linux only.
    `url`: of the file. `creation_time`: absent on Linux.
    """

    content_length: int | None = None
    content_type: str | None = None
    creation_time: datetime | None = None
    last_modified: datetime | None = None
    file_mode: str | None = None
    is_directory: bool | None = None
    url: str | None = None
    e_tag: str | None = None
    request_id: str | None = None


class _Headed(Protocol):
    @property
    def headers(self) -> Mapping[str, str]: ...


def file_info(answer: _Headed) -> FileInfo:
    """What an answer says of a file."""
    head = answer.headers
    is_directory = head.get("ocp-batch-file-isdirectory")
    return FileInfo(
        content_length=_number(head.get("Content-Length")),
        content_type=header(head, "Content-Type"),
        creation_time=http_date(head.get("ocp-creation-time")),
        last_modified=http_date(head.get("Last-Modified")),
        file_mode=header(head, "ocp-batch-file-mode"),
        is_directory=None if is_directory is None else is_directory.lower() == "true",
        url=header(head, "ocp-batch-file-url"),
        e_tag=header(head, "ETag"),
        request_id=header(head, "request-id"),
    )


def _number(text: str | None) -> int | None:
    return int(text) if text and text.isascii() and text.isdigit() and len(text) < 20 else None


class FileStream:
    """A file that is being read, in bounded memory; once, and in one of three ways.

    A connection that breaks is made anew at the byte where it stopped, as often as the client's retry policy
    allows; the timeout of a try holds for each piece. A file that has changed by then raises
    `ResourceModifiedError` (`download` begins again). Raises as every call does.

    >>> async with client.tasks.get_file("render", "frame-1", "stdout.txt") as file:
    ...     print(file.properties.content_length)
    ...     async for piece in file:
    ...         sys.stdout.buffer.write(piece)
    >>> async with client.tasks.get_file("render", "frame-1", "wd/frame.exr") as file:
    ...     await file.download("frame.exr")
    """

    def __init__(self, session: Session, request: Request, start: int, end: int | None) -> None:
        self._session = session
        self._request = request
        self._start = start
        self._end = end
        self._tries = session.tries()
        self._seen: Call | None = None
        self._told = ExitStack()
        self._incoming: Incoming | None = None
        self._properties = FileInfo()
        self._changed: str | None = None
        self._state = _State.NEW
        self._is_reading = False
        self._read = 0
        self._since_break = 0
        self._skip = 0

    @property
    def properties(self) -> FileInfo:
        """What the headers say of the file; known inside the `async with` block."""
        return self._properties

    async def __aenter__(self) -> Self:
        if self._state is not _State.NEW:
            raise RuntimeError("a file stream is entered once")
        self._state = _State.OPEN
        self._tries = self._session.tries()
        with ExitStack() as stack:
            self._seen = self._session.seen(self._request)
            if self._seen is not None:
                stack.enter_context(self._seen)
            while self._incoming is None:
                try:
                    await self._open()
                except (TransportError, HttpResponseError) as failure:
                    await self._tries.again(self._request, failure)
            self._told = stack.pop_all()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._state = _State.CLOSED
        self._close()
        if isinstance(error, BatchioError | asyncio.CancelledError):
            self._told.__exit__(kind, error, traceback)
        else:
            # What else happens in the block is no failure of the call.
            self._told.close()

    def __aiter__(self) -> AsyncIterator[bytes]:
        return self

    async def __anext__(self) -> bytes:
        """The next piece, at most 64 KiB."""
        if self._state in (_State.NEW, _State.CLOSED):
            raise RuntimeError("a file stream is read inside its `async with` block")
        if self._is_reading:
            raise RuntimeError("a file stream is read by one at a time")
        self._is_reading = True
        try:
            while self._state is _State.OPEN:
                try:
                    piece = await self._next()
                except (TransportError, HttpResponseError) as failure:
                    await self._broken(failure)
                    continue
                if piece:
                    return piece
        finally:
            self._is_reading = False
        raise StopAsyncIteration

    async def read(self) -> bytes:
        """All that is left, at once; it has to fit into memory."""
        return b"".join([piece async for piece in self])

    async def download(self, path: str | os.PathLike[str]) -> int:
        """Write the file to `path`; the number of bytes.

        It is written under a temporary name in the same directory and renamed at the end: under its own name there
        is the whole file or what was there before. Raises `OSError` where it cannot be written.
        """
        if self._read:
            raise RuntimeError("a file stream that has been read from cannot be downloaded")
        async with PartFile(path) as part:
            left = self._session.policy.attempts
            while True:
                try:
                    async for piece in self:
                        await part.write(piece)
                except ResourceModifiedError:
                    left -= 1
                    if not left:
                        raise
                    await part.empty()
                    self._read = 0
                else:
                    await part.keep()
                    return self._read

    async def _next(self) -> bytes:
        """The next piece; it may be empty anywhere."""
        length = self._properties.content_length
        if self._read == length:
            return self._at_the_end()
        incoming = self._incoming or await self._open()
        piece = await incoming.read()
        if not piece:
            if length is not None:
                raise ConnectionLostError(f"the file ended at byte {self._read} of {length}")
            return self._at_the_end()
        skipped = min(self._skip, len(piece))
        self._skip -= skipped
        piece = piece[skipped : None if length is None else skipped + length - self._read]
        self._read += len(piece)
        self._since_break += len(piece)
        return piece

    def _at_the_end(self) -> bytes:
        self._state = _State.READ
        self._close()
        return b""

    async def _open(self) -> Incoming:
        request = self._rest() if self._read else self._request
        # The frames behind it hold the signature.
        with without_frames(BatchioError, asyncio.CancelledError):
            incoming = await self._session.open(request, self._tries.number, self._seen)
        try:
            if self._read:
                self._go_on_with(incoming)
            else:
                self._begin_with(incoming)
        except BaseException:
            incoming.close()
            raise
        self._incoming = incoming
        return incoming

    def _rest(self) -> Request:
        """The request for what is left of the very same file."""
        length, end = self._properties.content_length, self._end
        end = end if length is None else self._start + length
        headers = {**self._request.headers, RANGE.name: range_text(self._start + self._read, end)}
        if self._changed is not None:
            headers["if-unmodified-since"] = self._changed
        return msgspec.structs.replace(self._request, headers=headers)

    def _begin_with(self, incoming: Incoming) -> None:
        self._properties = file_info(incoming)
        self._changed = header(incoming.headers, "Last-Modified")
        self._check_part(incoming)
        length, end = self._properties.content_length, self._end
        if length is not None and end is not None and length > end - self._start:
            raise DecodeError(f"the service sent {length} bytes where {end - self._start} were asked for")

    def _check_part(self, incoming: Incoming) -> bool:
        """Raises `DecodeError` for an answer that says that it begins elsewhere; gives whether it says where."""
        here, part = self._start + self._read, incoming.headers.get("Content-Range")
        if part is not None and not part.startswith(f"bytes {here}-"):
            raise DecodeError(f"the service sent other bytes ({printable(part)}) than those from {here} on")
        return part is not None

    def _go_on_with(self, incoming: Incoming) -> None:
        """Look whether this answer goes on where the last one stopped; the service may not have looked itself."""
        e_tag, known = header(incoming.headers, "ETag"), self._properties.e_tag
        is_other = e_tag is not None and known is not None and e_tag != known
        if is_other or header(incoming.headers, "Last-Modified") != self._changed:
            raise ResourceModifiedError(
                "the file has changed while it was read", status=412, operation=self._request.operation
            )
        length, said = self._properties.content_length, _number(incoming.headers.get("Content-Length"))
        self._skip = 0
        if not self._check_part(incoming) and length is not None and said is not None and said != length - self._read:
            if said < self._start + length:
                raise DecodeError(f"the service sent {said} bytes where {length - self._read} are left")
            # The whole file: the range was not heeded.
            self._skip = self._start + self._read

    async def _broken(self, failure: TransportError | HttpResponseError) -> None:
        if self._incoming is not None:
            self._close()
            if self._since_break:
                self._tries.went_well(anew=self._since_break >= _A_LOT)
            self._since_break = 0
        await self._tries.again(self._request, failure)

    def _close(self) -> None:
        incoming, self._incoming = self._incoming, None
        if incoming is not None:
            incoming.close()
