"""The core: a call becomes requests, tries and one value or error.

Law: the only place where retries of single calls happen; `send` is one signed try for everybody else.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Mapping
from random import Random
from typing import Any, TypeVar, cast
from urllib.parse import parse_qsl, quote, urlencode, urlsplit

import msgspec
from yarl import URL

from ..errors import BatchioError, DecodeError, HttpResponseError, ThrottledError, VersionError
from ..hiding import without_frames
from ..models import Model
from ..service.operations import JSON, Operation
from ..service.options import MAX_PAGE_SIZE
from ..service.versions import is_known, versions_of
from . import codec
from .attempt import Counters, told
from .auth import HttpDate, canonical_resource
from .authorizer import Authorizer
from .endpoint import Endpoint
from .failures import closed
from .files import FileInfo, FileStream, file_info
from .incoming import Incoming, start_of
from .options import split_options
from .pages import PageBody, Pages
from .request import Answer, Receipt, Request, escape, path_of, receipt_of
from .request_id import new_request_id
from .retry import RetryPolicy, is_refused_credential
from .telemetry import UNSEEN, Call, Telemetry
from .transport import Transport
from .tries import Tries, rest

_CONTENT = (200, 206)
_DONE = (200, 201, 202, 204)
_NOT_LET_IN = (401, 403)
_REFUSED = (429, 503)
_ERROR_BYTES = 65_536
_IN_LINKS = "%/?:@!$&'()*+,;=-._~"

A = TypeVar("A")
Body = Model | Mapping[str, Any] | None


class Session:
    """One account, one credential, one way to carry requests; shared by all resources of a client."""

    def __init__(
        self,
        endpoint: Endpoint,
        api_version: str,
        authorizer: Authorizer,
        transport: Transport,
        *,
        retry: RetryPolicy,
        timeout: float | None,
        user_agent: str,
        telemetry: Telemetry | None = None,
        wall: Callable[[], float] = time.time,
        rng: Random | None = None,
    ) -> None:
        self.endpoint = endpoint
        self.api_version = api_version
        self.timeout = timeout
        self.rng = rng or Random()  # noqa: S311 - jitter, not cryptography
        self._authorizer = authorizer
        self._transport = transport
        self.policy = retry
        self.counters = Counters()
        self.telemetry = telemetry
        self._wall = wall
        self._date = HttpDate()
        self._closing = asyncio.Event()
        self._headers = {"accept": "application/json", "return-client-request-id": "true", "user-agent": user_agent}

    async def fetch(
        self, operation: Operation[A], arguments: tuple[str, ...], options: Mapping[str, Any], body: Body = None
    ) -> A:
        """Call an operation that answers with a model."""
        answer = await self._call(operation, arguments, options, body)
        with without_frames(DecodeError):
            return cast("A", codec.decode_answer(operation, answer.body, self.api_version))

    async def act(
        self, operation: Operation[None], arguments: tuple[str, ...], options: Mapping[str, Any], body: Body = None
    ) -> Receipt:
        """Call an operation that answers with headers alone.

        The service's examples have some statuses that its tables have not: they are read where nothing else is in
        the answer, so that a stranger's page is not taken for the service's word.
        """
        request = self.request(operation, arguments, options, body)
        answer = await self.call(request, _DONE)
        if answer.status not in operation.success and answer.body:
            raise self.error(request, answer)
        return receipt_of(answer)

    async def ask(self, operation: Operation[bool], arguments: tuple[str, ...], options: Mapping[str, Any]) -> bool:
        """Call an operation whose status is the answer: 404 means no."""
        return (await self._call(operation, arguments, options, None)).status != 404

    async def look(
        self, operation: Operation[None], arguments: tuple[str, ...], options: Mapping[str, Any]
    ) -> FileInfo:
        """Call an operation that answers with the headers of a file."""
        return file_info(await self._call(operation, arguments, options, None))

    def stream(self, operation: Operation[None], arguments: tuple[str, ...], options: Mapping[str, Any]) -> FileStream:
        """A file; nothing is sent before it is entered."""
        request = self.request(operation, arguments, options)
        headers = {**request.headers, "accept": "application/octet-stream"}
        request = msgspec.structs.replace(request, headers=headers)
        return FileStream(self, request, options.get("start") or 0, options.get("end"))

    def pages(self, operation: Operation[A], arguments: tuple[str, ...], options: Mapping[str, Any]) -> Pages[A]:
        """A listing; nothing is sent before it is iterated."""
        self.request(operation, arguments, options)  # so that a wrong argument is told here
        limit = options.get("limit")
        if limit and "page_size" in operation.takes:
            options = {"page_size": min(limit, MAX_PAGE_SIZE), **options}
        kind = PageBody[operation.items]  # type: ignore[name-defined]  # a model that is known at run time only

        async def fetch(token: str | None) -> PageBody[A]:
            request = self.request(operation, arguments, options)
            answer = await self.call(request if token is None else self._follow(request, token), operation.success)
            with without_frames(DecodeError):
                return cast("PageBody[A]", codec.decode_page(operation, answer.body, kind))

        return Pages(fetch, limit, prefetch=options.get("prefetch") is not False)

    def request(
        self, operation: Operation[Any], arguments: tuple[str, ...], options: Mapping[str, Any], body: Body = None
    ) -> Request:
        """The request of an operation, checked in full; nothing is sent."""
        if not is_known(operation, self.api_version):
            raise VersionError.of(operation.id, self.api_version, versions_of(operation))
        split = split_options(operation, options, self.api_version)
        return self.prepare(
            operation.id,
            operation.method,
            path_of(operation, arguments),
            query=split.query,
            headers=split.headers,
            body=codec.encode(operation, body, self.api_version),
            timeout=split.own.get("timeout", self.timeout),
            job_id=arguments[0] if "{jobId}" in operation.path else None,
        )

    def prepare(
        self,
        operation: str,
        method: str,
        path: str,
        *,
        query: Mapping[str, str],
        headers: Mapping[str, str],
        body: bytes | None,
        timeout: float | None,
        job_id: str | None = None,
    ) -> Request:
        """A request from its parts; `path` is escaped, `query` is not, `headers` have lower-case names."""
        all_query = {**query, "api-version": self.api_version}
        all_headers = {**self._headers, **headers}
        all_headers.setdefault("client-request-id", new_request_id())
        if body is not None:
            all_headers.setdefault("content-type", JSON)
        return Request(
            operation=operation,
            method=method,
            path=path,
            url=f"{self.endpoint.url}{path}?{urlencode(all_query, quote_via=quote, safe='$')}",
            query=all_query,
            resource=canonical_resource(path, all_query),
            headers=all_headers,
            body=body,
            timeout=timeout,
            job_id=job_id,
        )

    async def call(self, request: Request, success: tuple[int, ...]) -> Answer:
        """Send a request, again where that is allowed, until it succeeds or an error stands."""
        seen = self.seen(request)
        with seen or UNSEEN:
            tries = self.tries()
            while True:
                try:
                    answer = await self.send(request, tries.number, seen)
                except BatchioError as error:
                    failure = error.with_traceback(None)  # frames hold the signature, and tools show what they hold
                except asyncio.CancelledError as error:
                    raise error.with_traceback(None) from None
                else:
                    if answer.status in success:
                        return answer
                    failure = self.error(request, answer)
                await tries.again(request, failure)

    def tries(self) -> Tries:
        """The tries of one call, of which the first begins now."""
        return Tries(self.policy, rng=self.rng, closing=self._closing, retried=self.retried)

    def seen(self, request: Request) -> Call | None:
        """A call as the telemetry sees it, where there is one; a block around all its tries."""
        return None if self.telemetry is None else self.telemetry.call(request, self.endpoint.url)

    async def send(self, request: Request, number: int = 1, seen: Call | None = None) -> Answer:
        """One try: dated, signed, sent. Whatever was answered is returned; raises `TransportError`.

        `number`: of the try, from 1; `seen`: the call that it is a try of.
        """
        headers = await self._signed(request)
        url = URL(request.url, encoded=True)
        self.counters.bytes_sent += len(request.body or b"")
        with told(self.counters, request, headers, number, seen) as attempt:
            answer = await self._transport.send(request.method, url, headers, request.body, request.timeout)
            if attempt is not None:
                attempt.answered(answer.status, answer.headers)
        return self._heard(request, answer, headers)

    async def open(self, request: Request, number: int = 1, seen: Call | None = None) -> Incoming:
        """One try, for an answer that is read piece by piece; raises the error that any other answer stands for."""
        headers = await self._signed(request)
        url = URL(request.url, encoded=True)
        with told(self.counters, request, headers, number, seen) as attempt:
            incoming = await self._transport.open(request.method, url, headers, request.timeout)
            if attempt is not None:
                attempt.answered(incoming.status, incoming.headers)
        if incoming.status in _CONTENT:
            return incoming
        try:
            body = await start_of(incoming, _ERROR_BYTES, request.timeout)
        finally:
            incoming.close()
        answer = self._heard(request, Answer(incoming.status, incoming.headers, body), headers)
        raise self.error(request, answer)

    def retried(self, requests: int = 1) -> None:
        """So many requests are sent again."""
        self.counters.retries += requests
        if self.telemetry is not None:
            self.telemetry.retried(self.endpoint.url, requests)

    def _heard(self, request: Request, answer: Answer, headers: Mapping[str, str]) -> Answer:
        if answer.status in _NOT_LET_IN and is_refused_credential(self.error(request, answer)):
            # The next try is signed with fresh material.
            self._authorizer.refused(headers["authorization"])
        elif answer.status in _REFUSED and isinstance(self.error(request, answer), ThrottledError):
            self.counters.refused += 1
            if self.telemetry is not None:
                self.telemetry.refused(self.endpoint.url)
        return answer

    async def _signed(self, request: Request) -> dict[str, str]:
        headers = {**request.headers, "ocp-date": self._date.at(self._wall())}
        headers["authorization"] = await self._authorizer.authorize(request, headers)
        return headers

    def error(self, request: Request, answer: Answer) -> HttpResponseError:
        """The error that an answer stands for."""
        return codec.error_of(request.operation, answer, now=self._wall())

    async def rest(self, seconds: float) -> None:
        """Wait, and no longer than the client is open; raises what a call on a closed one raises."""
        await rest(seconds, self._closing)
        if self._closing.is_set():
            raise closed()

    async def close(self) -> None:
        """Close what was opened here; what was handed in stays open."""
        self._closing.set()
        try:
            await self._transport.close()
        finally:
            await self._authorizer.close()

    async def _call(
        self, operation: Operation[Any], arguments: tuple[str, ...], options: Mapping[str, Any], body: Body
    ) -> Answer:
        return await self.call(self.request(operation, arguments, options, body), operation.success)

    def _follow(self, first: Request, link: str) -> Request:
        if not self.endpoint.owns(link):
            raise DecodeError("the page's nextLink leads to another host; it was not followed")
        parts = urlsplit(link)
        path = escape("nextLink", parts.path, safe=_IN_LINKS) or "/"
        query = dict(parse_qsl(parts.query, keep_blank_values=True))
        return msgspec.structs.replace(
            first,
            path=path,
            url=f"{self.endpoint.url}{path}?{escape('nextLink', parts.query, safe=_IN_LINKS)}",
            query=query,
            resource=canonical_resource(path, query),
        )
