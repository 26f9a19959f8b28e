"""The scripted service: an asyncio server that follows a test's script and keeps the truth.

Law: every byte and every close is the script's; without a script it is a good, fast service.
"""

from __future__ import annotations

import asyncio
import math
import time
from collections.abc import Callable
from email.utils import formatdate
from types import TracebackType
from typing import Any, Self
from uuid import uuid4

import msgspec

from batchio import SharedKeyCredential
from batchio.service.operations import CREATE_TASK_COLLECTION, GET_JOB, GET_TASK

from .acts import NORMAL, Act, fail
from .faults import Fault, Items
from .link import Link
from .shape import MEGABYTE, read_tasks, unsigned
from .truth import ItemError, Record, Result, Truth, success
from .wire import Head, answer, chunked_answer, error_body, half_answer

ACCOUNT = "scripted"
KEY = "c2NyaXB0ZWQta2V5LW9uZQ=="
OTHER_KEY = "c2NyaXB0ZWQta2V5LXR3bw=="
JOB = "job-1"
_TICK = 0.02


class ScriptedService:
    """A Batch service with one job.

    `fault` decides about requests and `items` about tasks; both may be changed while it runs. `latency`: seconds
    of every normal answer. `job_error`: status and code for every request to the job. `keys` and `tokens`: what
    may sign. `offset`: seconds that the service's clock is ahead. `history`, `truth`, `violations`, `patches`:
    what it saw and did. `early_limit`: bodies of more bytes are refused with
    413 and not read. `forget`: keep nothing of that, for measurements of memory.
    """

    def __init__(self) -> None:
        self.job = JOB
        self.fault: Fault | None = None
        self.items: Items | None = None
        self.latency = 0.0
        self.job_error: tuple[int, str] | None = None
        self.keys = [KEY]
        self.tokens: set[str] = set()
        self.offset = 0.0
        self.spelling: Callable[[str], str] = str
        self.forget = False
        self.client_timeout = 10.0
        self.worst_lag = 0.0
        self.early_limit: int | None = None
        self.early_refusals = 0
        self.truth = Truth()
        self.history: list[Record] = []
        self.violations: list[str] = []
        self.patches: list[dict[str, Any]] = []
        self.processed = 0
        self.connections = 0
        self.most_in_flight = 0
        self.port = 0
        self._open: set[Record] = set()
        self._links: set[Link] = set()
        self._handles: set[asyncio.TimerHandle] = set()
        self._news = asyncio.Event()
        self._server: asyncio.Server | None = None
        self._path = CREATE_TASK_COLLECTION.path.format(jobId=self.job)
        self._job_path = GET_JOB.path.format(jobId=self.job)
        self._task_path = GET_TASK.path.format(jobId=self.job, taskId="")

    @property
    def endpoint(self) -> str:
        return f"http://127.0.0.1:{self.port or 1}"

    @property
    def starved(self) -> bool:
        """Whether the loop was so late that a client's timeout may have passed unseen, before or after a request."""
        return self.worst_lag > self.client_timeout / 8

    @property
    def credential(self) -> SharedKeyCredential:
        return SharedKeyCredential(ACCOUNT, KEY)

    async def __aenter__(self) -> Self:
        self._loop = asyncio.get_running_loop()
        await self.start()
        self._tick(self._loop.time())
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for handle in (*self._handles, self._ticker):
            handle.cancel()
        await self.stop()

    async def start(self) -> None:
        """Listen, on the same port as before where there was one."""
        self._server = await self._loop.create_server(lambda: Link(self), "127.0.0.1", self.port)
        self.port = self._server.sockets[0].getsockname()[1]

    async def stop(self) -> None:
        """Refuse new connections and break those that are open."""
        if self._server is not None:
            self._server.close()
            self._server = None
        for link in list(self._links):
            link.abort()
        await self.until(lambda: not self._links)

    async def until(self, condition: Callable[[], bool], seconds: float = 20.0) -> None:
        """Wait for something that requests bring about."""
        async with asyncio.timeout(seconds):
            while not condition():
                self._news.clear()
                await self._news.wait()

    def release(self) -> None:
        """Answer whatever is held for ever, and hold no more of it."""
        for link in list(self._links):
            link.release()

    def early(self, head: Head) -> bytes | None:
        """An answer before the body is read, for a body that is too large."""
        size = int(head.headers.get("content-length", "0"))
        if self.early_limit is None or size <= self.early_limit:
            return None
        self.early_refusals += 1
        return answer(413, error_body("RequestBodyTooLarge", "Too large."), self._own_headers(head))

    def opened(self, link: Link) -> int:
        self._links.add(link)
        self.connections += 1
        return self.connections

    def closed(self, link: Link, record: Record | None) -> None:
        self._links.discard(link)
        if record is not None and record.ended is None:
            record.gone = True
            self._end(record)
        self._news.set()

    def serve(self, link: Link, head: Head, body: bytes) -> Record | None:
        if (head.method, head.path) != (CREATE_TASK_COLLECTION.method, self._path):
            link.send(self._simple(head, body))
            return None
        tasks = read_tasks(head, body, self.violations)
        if self.forget:
            self.processed += len(tasks)
            link.send(self._answer(NORMAL, head, [success(task["id"], self.endpoint) for task in tasks]))
            return None
        record = self._record(link, head, body, tasks)
        scripted = self.fault(record) if self.fault else None
        refusal = self._refusal(head, body, tasks)
        act = scripted if scripted is not None and (refusal is None or scripted.status != 200) else refusal
        record.act = act = act or NORMAL
        self._later(act.wait, lambda: self._process(link, head, record, tasks, act))
        self._news.set()
        return record

    def _record(self, link: Link, head: Head, body: bytes, tasks: list[dict[str, Any]]) -> Record:
        ids = tuple(task["id"] for task in tasks)
        record = Record(
            number=len(self.history) + 1,
            at=self._loop.time(),
            ids=ids,
            folded=frozenset(task_id.lower() for task_id in ids),
            client_request_id=head.headers.get("client-request-id", ""),
            date=head.headers.get("ocp-date", ""),
            authorization=head.headers.get("authorization", ""),
            size=len(body),
            tasks=tasks,
            connection=link.number,
            turn=link.turn,
        )
        self.history.append(record)
        self._open.add(record)
        record.in_flight = len(self._open)
        self.most_in_flight = max(self.most_in_flight, record.in_flight)
        return record

    def _refusal(self, head: Head, body: bytes, tasks: list[dict[str, Any]]) -> Act | None:
        """What the service itself would say no to."""
        if (bad := self._unsigned(head)) is not None:
            return bad
        if self.job_error is not None:
            return fail(*self.job_error)
        if len(body) >= MEGABYTE:
            return fail(413, "RequestBodyTooLarge")
        return None if 1 <= len(tasks) <= 100 else fail(400, "InvalidRequestBody")

    def _unsigned(self, head: Head) -> Act | None:
        code = unsigned(head, ACCOUNT, self.keys, self.tokens, time.time() + self.offset)
        return None if code is None else fail(code, "AuthenticationFailed")

    def _process(self, link: Link, head: Head, record: Record, tasks: list[dict[str, Any]], act: Act) -> None:
        count = math.ceil(act.share * len(tasks))
        told = [self._task(task["id"]) for task in tasks[:count]]
        self.processed += count
        self._news.set()
        if act.hold == math.inf:
            link.holding = lambda: self._finish(link, head, record, told, act)
            return
        self._later(act.hold or self.latency, lambda: self._finish(link, head, record, told, act))

    def _task(self, task_id: str) -> Result:
        folded = task_id.lower()
        seen = self.truth.tries.get(folded, 0)
        self.truth.tries[folded] = seen + 1
        error = self.items(folded, seen) if self.items else None
        if error is None and self.truth.add(task_id):
            return {**success(task_id, self.endpoint), "status": self.spelling("success")}
        status, code, message = error or ItemError("clienterror", "TaskExists", "The specified task already exists.")
        told = {"code": code, "message": {"lang": "en-US", "value": message}}
        return {"status": self.spelling(status), "taskId": task_id, "error": told}

    def _finish(self, link: Link, head: Head, record: Record, told: list[Result], act: Act) -> None:
        if record.ended is not None:
            return
        if act.edit is not None:
            told = act.edit(told)
        if act.ending is None and act.cut is None:
            record.status = act.status
            record.whole = act.text is None
        if record.whole and act.status == 200:
            for item in told:
                status = str(item["status"]).lower()
                if status in {"success", "clienterror", "servererror"}:
                    code = item.get("error", {}).get("code", "")
                    record.told.setdefault(str(item["taskId"]).lower(), (status, code))
        if act.ending is not None:
            self._end(record)
            link.abort(reset=act.ending == "reset")
        else:
            data = self._answer(act, head, told)
            link.send(data, leave=act.leave or act.cut is not None, pieces=act.pieces, done=lambda: self._end(record))
        self._news.set()

    def _end(self, record: Record) -> None:
        record.ended = self._loop.time()
        self._open.discard(record)

    def _answer(self, act: Act, head: Head, told: list[Result]) -> bytes:
        headers = {**self._own_headers(head), **act.headers}
        if act.cut is not None:
            return half_answer(act.status, msgspec.json.encode({"value": told}), headers, chunked=act.cut == "chunked")
        if act.text is not None:
            return answer(act.status, act.text, headers, content_type=act.content_type or "application/json")
        if act.status != 200:
            return answer(act.status, error_body(act.code, "Scripted refusal."), headers)
        body = msgspec.json.encode({"odata.metadata": self.endpoint, "value": told})
        return chunked_answer(body, headers) if act.chunked else answer(200, body, headers)

    def _simple(self, head: Head, body: bytes) -> bytes:
        """The few other requests that a submission may make."""
        headers = self._own_headers(head)
        if (bad := self._unsigned(head)) is not None:
            return answer(bad.status, error_body(bad.code, "Not signed."), headers)
        if head.path == self._job_path and head.method in {"PATCH", "PUT"}:
            self.patches.append(msgspec.json.decode(body))
            return answer(200, b"", headers)
        if head.path == self._job_path and head.method == "GET":
            return answer(200, msgspec.json.encode({"id": self.job, "state": "active"}), headers)
        task_id = head.path.removeprefix(self._task_path)
        if head.method == "GET" and head.path.startswith(self._task_path) and self.truth.has(task_id):
            return answer(200, msgspec.json.encode({"id": task_id, "state": "active"}), headers)
        return answer(404, error_body("ResourceNotFound", f"{head.method} {head.path}"), headers)

    def _own_headers(self, head: Head) -> dict[str, str]:
        return {
            "request-id": str(uuid4()),
            "client-request-id": head.headers.get("client-request-id", ""),
            "Date": formatdate(time.time() + self.offset, usegmt=True),
        }

    def _tick(self, due: float) -> None:
        now = self._loop.time()
        self.worst_lag = max(self.worst_lag, now - due)
        self._ticker = self._loop.call_at(now + _TICK, self._tick, now + _TICK)

    def _later(self, seconds: float, call: Callable[[], None]) -> None:
        if seconds <= 0:
            call()
            return

        def run() -> None:
            self._handles.discard(handle)
            call()

        handle = self._loop.call_later(seconds, run)
        self._handles.add(handle)
