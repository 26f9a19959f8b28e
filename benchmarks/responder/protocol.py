"""HTTP as far as clients of the benchmarks speak it, on a bare `asyncio.Protocol`.

Law: no more of a request is looked at than its end, its path and the ids in it.
"""

from __future__ import annotations

import asyncio
import functools
import itertools
import json
import re
from typing import cast
from urllib.parse import parse_qs, urlsplit

from benchmarks.gauges import cpu_seconds

from . import answers
from .arrivals import Arrivals, task_ids
from .listing import Listing

_LENGTH = re.compile(rb"(?i)\r\ncontent-length: *(\d+)")
_CHUNKED = re.compile(rb"(?i)\r\ntransfer-encoding: *chunked")
_CLIENT_REQUEST_ID = re.compile(rb"(?i)\r\nclient-request-id: *([^\r]*)")
_COLLECTION = re.compile(rb"POST /jobs/([^/?]+)/addtaskcollection[? ]")
# The number in the job's name says how many tasks it has.
_LISTING = re.compile(rb"GET /jobs/([^/?]*?(\d+))/tasks\?(?:[^ ]*skiptoken=WATV2(?::|%3A)0(?::|%3A)(\d+))?")
_HOST = re.compile(rb"(?i)\r\nhost: *([^\r]*)")
_numbers = itertools.count()
_LAST_CHUNK = b"\r\n0\r\n\r\n"


class Service:
    """What all connections share."""

    def __init__(self, *, latency: float, chunked: bool, scheme: str) -> None:
        self.latency = latency
        self.scheme = scheme
        self.arrivals = Arrivals()
        self.answers = answers.Answers(chunked=chunked)
        self._results: dict[bytes, answers.Results] = {}
        self._listing = functools.cache(Listing)
        self._job = functools.cache(answers.job)

    def answer(self, head: bytes, body: bytes, connection: int) -> tuple[bytes, float]:
        """The answer to a request of a connection, and the seconds that it takes."""
        found = _CLIENT_REQUEST_ID.search(head)
        client_request_id = found[1] if found else b""
        collection = _COLLECTION.match(head)
        if collection is not None:
            self.arrivals.connections.add(connection)
            status, content = self._add(collection[1], body)
            return self.answers.response(status, content, client_request_id), self.latency
        target = head.split(b" ", 2)[1].decode()
        if target.startswith("/benchmark/"):
            return self.answers.response(200, self._control(target), client_request_id), 0.0
        self.arrivals.connections.add(connection)
        self.arrivals.reads += 1
        return self.answers.response(200, self._read(head, target), client_request_id), 0.0

    def _add(self, job_id: bytes, body: bytes) -> tuple[int, bytes]:
        ids = task_ids(body)
        if 0 < len(ids) <= answers.MAX_TASKS and len(body) < answers.MAX_BODY:
            results = self._results.get(job_id) or self._results.setdefault(job_id, answers.Results(job_id))
            self.arrivals.note(body, ids)
            return 200, results.body(ids)
        self.arrivals.refused += 1
        if len(body) >= answers.MAX_BODY:
            return 413, answers.error("RequestBodyTooLarge", "The request body is too large.")
        return 400, answers.error("InvalidRequestBody", f"{len(ids)} tasks in a collection.")

    def _read(self, head: bytes, target: str) -> bytes:
        path = urlsplit(target).path
        if (listing := _LISTING.match(head)) is not None and (host := _HOST.search(head)) is not None:
            pages = self._listing(f"{self.scheme}://{host[1].decode()}", listing[1].decode(), int(listing[2]))
            return pages.page(int(listing[3] or 0))
        if path.endswith("/taskcounts"):
            return b'{"taskCounts":{"active":0,"running":0,"completed":0,"succeeded":0,"failed":0}}'
        return self._job(path.split("/")[2]) if path.startswith("/jobs/") else b"{}"

    def _control(self, target: str) -> bytes:
        parts = urlsplit(target)
        if parts.path == "/benchmark/reset":
            self.arrivals.reset()
            return b"{}"
        if parts.path == "/benchmark/latency":
            self.latency = float(parse_qs(parts.query)["seconds"][0])
            return b"{}"
        if parts.path == "/benchmark/cpu":
            return json.dumps({"cpu": cpu_seconds()}).encode()
        if parts.path == "/benchmark/counts":
            return json.dumps(self.arrivals.counted(int(parse_qs(parts.query)["tasks"][0]))).encode()
        return b"{}"


class Connection(asyncio.Protocol):
    """One connection: a request, its answer, the next request."""

    def __init__(self, service: Service) -> None:
        self._service = service
        self._number = next(_numbers)
        self._pieces: list[bytes] = []
        self._missing = 0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        # uvloop's transports are not subclasses of asyncio's.
        self._transport = cast("asyncio.WriteTransport", transport)

    def data_received(self, data: bytes) -> None:
        if self._missing > len(data):
            self._missing -= len(data)
            self._pieces.append(data)
            return
        if self._pieces:
            self._pieces.append(data)
            data = b"".join(self._pieces)
            self._pieces = []
        self._missing = 0
        self._read(data)

    def _read(self, data: bytes) -> None:
        end = data.find(b"\r\n\r\n")
        if end < 0:
            self._wait(data, 1)
            return
        head, start = data[: end + 2], end + 4
        length = _LENGTH.search(head)
        if length is None and _CHUNKED.search(head):
            if data.endswith(_LAST_CHUNK):
                self._reply(head, _unchunked(data[start:]))
            else:
                self._wait(data, 1)
            return
        missing = start + (int(length[1]) if length else 0) - len(data)
        if missing > 0:
            self._wait(data, missing)
        else:
            self._reply(head, data[start:])

    def _wait(self, data: bytes, missing: int) -> None:
        self._pieces = [data]
        self._missing = missing

    def _reply(self, head: bytes, body: bytes) -> None:
        answer, latency = self._service.answer(head, body, self._number)
        if latency:
            asyncio.get_running_loop().call_later(latency, self._transport.write, answer)
        else:
            self._transport.write(answer)


def _unchunked(body: bytes) -> bytes:
    pieces: list[bytes] = []
    place = 0
    while True:
        end = body.index(b"\r\n", place)
        size = int(body[place:end].split(b";")[0], 16)
        if not size:
            return b"".join(pieces)
        pieces.append(body[end + 2 : end + 2 + size])
        place = end + 2 + size + 2
