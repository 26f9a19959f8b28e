"""A request as it comes off the socket.

Law: a body is read as far as it is wanted and no longer than it may take; what is wrong with it is handed on.
"""

from __future__ import annotations

import asyncio
import re

from aiohttp import HttpVersion11, web

from .bodies import MAX_BODY
from .calls import Call
from .refusals import Refusal

BODY_TIMEOUT = 60.0
"""Seconds in which a body has to come."""

_HOST = re.compile(r"[A-Za-z0-9._-]{1,253}(?::\d{1,5})?|\[[0-9a-fA-F:.]{2,45}\](?::\d{1,5})?", re.ASCII)


def host_of(request: web.BaseRequest) -> str:
    """The host and port by which the client reached us, so that it can follow links that we give."""
    host = request.headers.get("Host", "")
    if _HOST.fullmatch(host):
        return host
    address: tuple[str, int] = request.get_extra_info("sockname", ("localhost", 80))
    return f"[{address[0]}]:{address[1]}" if ":" in address[0] else f"{address[0]}:{address[1]}"


async def receive(request: web.BaseRequest, call: Call) -> Refusal | None:
    """Read the body into the call; gives the problem where it breaks off or is badly framed."""
    try:
        async with asyncio.timeout(BODY_TIMEOUT):
            call.body = await _body(request)
    except web.RequestPayloadError:
        return Refusal("InvalidRequestBody", (("Reason", "The body is badly framed"),))
    except TimeoutError:
        return Refusal("OperationTimedOut", (("Reason", "The body did not come"),), status=408)
    return None


async def _body(request: web.BaseRequest) -> bytes:
    """The body. One that is too large comes cut, at the length that is refused; aiohttp throws the rest away."""
    if (request.content_length or 0) >= MAX_BODY:
        return bytes(MAX_BODY)
    # Who speaks HTTP/1.0 knows no answer before the answer.
    if request.headers.get("Expect", "").lower() == "100-continue" and request.version >= HttpVersion11:
        await request.writer.write(b"HTTP/1.1 100 Continue\r\n\r\n")
        request.writer.output_size = 0
    content = request.content
    if content.is_eof():
        # Most bodies have come with the headers.
        return content.read_nowait()
    chunks: list[bytes] = []
    size = 0
    while size < MAX_BODY and (chunk := await content.readany()):
        chunks.append(chunk)
        size += len(chunk)
    return b"".join(chunks)[:MAX_BODY]
