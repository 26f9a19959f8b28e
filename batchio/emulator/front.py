"""The socket side: requests in, answers out.

Law: this reads, waits and writes, and decides nothing: what happens to a request is said by the fault plan, the
doorkeeper, the router and the service. Whatever goes wrong leaves as an answer in the service's shape.
"""

from __future__ import annotations

import asyncio
import logging
import time
import uuid
from collections.abc import Awaitable, Callable
from typing import NamedTuple

from aiohttp import web
from multidict import CIMultiDict

from ..hiding import without_secrets
from . import ticks
from .arrivals import host_of, receive
from .authentication import Doorkeeper
from .calls import Answer, Call
from .control import PREFIX, Control
from .faults import FaultPlan, Faults, page, status_refusal
from .queries import query_pairs
from .refusals import Refusal
from .request_log import RequestLog, RequestRecord, told
from .routes import Router
from .service import perform
from .store import Store
from .task_collections import count_tasks
from .visitors import check_visitor

LOGGER = logging.getLogger("batchio.emulator")

REFUSAL_DELAY = 0.02
"""An overloaded service says so soon: the latency of such a refusal is at most this many seconds."""


class _Dropped(Exception):  # noqa: N818  # it is what a fault rule asked for, not an error
    """The connection closes without an answer."""


class _Sent(NamedTuple):
    """An answer and the code that goes into the log."""

    answer: Answer
    code: str | None = None


class Front:
    """Takes requests from aiohttp. `flying` are the tasks of the requests that are under way.

    `kept` returns as soon as everything that has changed is kept, and raises `Refusal` where it cannot be.
    """

    def __init__(
        self,
        *,
        store: Store,
        doorkeeper: Doorkeeper,
        router: Router,
        faults: Faults,
        log: RequestLog,
        control: Control,
        latency: float,
        loopback: bool,
        kept: Callable[[], Awaitable[None]] | None = None,
    ) -> None:
        self._store = store
        self._doorkeeper = doorkeeper
        self._router = router
        self._faults = faults
        self._log = log
        self._control = control
        self._latency = latency
        self._loopback = loopback
        self._kept = kept
        self._number = 0
        self.flying: set[asyncio.Task[object]] = set()

    async def handle(self, request: web.BaseRequest) -> web.StreamResponse:
        """Answer one request."""
        task = asyncio.current_task()
        if task is not None:
            self.flying.add(task)
        try:
            return await self._handle(request)
        finally:
            if task is not None:
                self.flying.discard(task)

    async def _handle(self, request: web.BaseRequest) -> web.StreamResponse:
        started = time.monotonic()
        call = self._call(request)
        if call.path.startswith(PREFIX):
            return _response(call, await self._controlled(request, call))
        problem = self._route(call) or await receive(request, call)
        plan = self._faults.plan(None if call.operation is None else call.operation.id, call.path)
        try:
            sent = await self._keep(call, await self._settle(call, plan, problem))
        except _Dropped:
            self._record(call, plan, started, 0, None)
            return _drop(request)
        self._record(call, plan, started, sent.answer.status, sent.code)
        if plan.drop == "body":
            return await _cut(request, call, sent.answer)
        return _response(call, sent.answer)

    def _call(self, request: web.BaseRequest) -> Call:
        target = request.raw_path if request.raw_path.startswith("/") else str(request.rel_url)
        path, _, query_string = target.partition("#")[0].partition("?")
        return Call(
            self._store,
            method=request.method,
            path=path,
            query_string=query_string,
            query=dict(query_pairs(query_string)),
            headers=request.headers,
            body=b"",
            base=f"{request.scheme}://{host_of(request)}",
            request_id=str(uuid.uuid4()),
        )

    def _route(self, call: Call) -> Refusal | None:
        """Find the operation for a client; a problem is kept until the fault rules and the doorkeeper had their say."""
        try:
            check_visitor(call.headers, loopback=self._loopback)
            route = self._router.find(call.method, call.path)
        except Refusal as problem:
            return problem
        call.operation, call.params = route.operation, route.params
        return None

    async def _settle(self, call: Call, plan: FaultPlan, problem: Refusal | None) -> _Sent:
        try:
            answer = await self._faulty(call, plan, problem)
        except Refusal as refusal:
            return _refused(call, refusal)
        except _Dropped:
            raise
        except Exception:
            LOGGER.exception("%s %s failed inside the emulator [request %s]", call.method, call.path, call.request_id)
            return _refused(call, Refusal("InternalError"))
        return _Sent(answer)

    async def _keep(self, call: Call, sent: _Sent) -> _Sent:
        """The answer once all that it tells of is kept, or else a refusal."""
        try:
            if self._kept is not None:
                await self._kept()
        except Refusal as refusal:
            return _refused(call, refusal)
        return sent

    async def _faulty(self, call: Call, plan: FaultPlan, problem: Refusal | None) -> Answer:
        """The answer, through everything that the plan has in store. Raises `Refusal` and `_Dropped`."""
        latency = self._latency + plan.latency
        if plan.buckets:
            tasks = count_tasks(call.body) if call.body else 1
            overload = plan.overload(tasks, time.monotonic())
            if overload is not None:
                await _wait(min(latency, REFUSAL_DELAY))
                raise overload
        await _wait(latency)
        if plan.drop == "before":
            raise _Dropped
        if plan.status is not None:
            refusal = status_refusal(plan.status)
            html = page(plan.status)
            if not html:
                raise refusal
            return Answer(refusal.status, html, refusal.headers, "text/html; charset=utf-8")
        answer = await self._answer(call, plan, problem)
        if plan.drop == "after":
            raise _Dropped
        return answer

    async def _answer(self, call: Call, plan: FaultPlan, problem: Refusal | None) -> Answer:
        self._doorkeeper.check(call.method, call.path, call.query_string, call.headers, call.params.get("jobId"))
        if problem is not None or call.operation is None:
            raise problem or Refusal("ResourceNotFound")
        call.items = plan.item_faults()
        answer = perform(call, call.operation)
        return answer if isinstance(answer, Answer) else await answer

    async def _controlled(self, request: web.BaseRequest, call: Call) -> Answer:
        try:
            check_visitor(call.headers, loopback=self._loopback)
            problem = await receive(request, call)
            if problem is not None:
                raise problem
            answer = self._control.answer(call.method, call.path, call.query_string, call.body)
        except Refusal as refusal:
            return _refused(call, refusal).answer
        return (await self._keep(call, _Sent(answer))).answer

    def _record(self, call: Call, plan: FaultPlan, started: float, status: int, code: str | None) -> None:
        self._number += 1
        given = call.headers.get("client-request-id")
        self._log.add(
            RequestRecord(
                number=self._number,
                at=call.now,
                method=call.method,
                path=told(without_secrets(call.path)),
                query=told(without_secrets(call.query_string)),
                operation=None if call.operation is None else call.operation.id,
                status=status,
                code=code,
                request_id=call.request_id,
                client_request_id=None if given is None else told(given),
                size=len(call.body),
                tasks=call.tasks,
                seconds=time.monotonic() - started,
                faults=tuple(plan.named),
            )
        )


async def _wait(seconds: float) -> None:
    if seconds > 0:
        await asyncio.sleep(seconds)


def _refused(call: Call, refusal: Refusal) -> _Sent:
    body = refusal.body(call.base, call.request_id, call.now)
    return _Sent(Answer(refusal.status, body, refusal.headers), refusal.code)


def _headers(call: Call, answer: Answer) -> CIMultiDict[str]:
    headers = CIMultiDict(answer.headers)
    headers["request-id"] = call.request_id
    headers["Date"] = ticks.http_date(call.now // ticks.SECOND)
    headers["Server"] = "batchio-emulator"
    if call.headers.get("return-client-request-id", "").lower() == "true":
        given = call.headers.get("client-request-id")
        if given:
            headers["client-request-id"] = given
    if answer.body or answer.pieces:
        headers["Content-Type"] = answer.content_type
    return headers


def _response(call: Call, answer: Answer) -> web.Response:
    return web.Response(status=answer.status, body=answer.pieces or answer.body or None, headers=_headers(call, answer))


def _drop(request: web.BaseRequest) -> web.StreamResponse:
    request.protocol.force_close()
    # aiohttp wants an answer and finds nobody to send it to.
    return web.Response()


async def _cut(request: web.BaseRequest, call: Call, answer: Answer) -> web.StreamResponse:
    if not answer.body:
        return _drop(request)
    response = web.StreamResponse(status=answer.status, headers=_headers(call, answer))
    response.content_length = len(answer.body)
    await response.prepare(request)
    await response.write(answer.body[: len(answer.body) // 2])
    request.protocol.force_close()
    return response
