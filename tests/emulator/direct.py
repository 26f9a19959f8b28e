"""The service without its socket: a request goes through the router and the operation's own code, and no further.

Law: as `wire`, for tests that need thousands of requests in a second.
"""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from typing import Any
from urllib.parse import quote, urlsplit

import msgspec

from batchio.emulator.calls import Answer, Call
from batchio.emulator.queries import query_pairs
from batchio.emulator.refusals import Refusal
from batchio.emulator.routes import Router
from batchio.emulator.service import perform
from batchio.emulator.store import Store
from batchio.service.operations import OPERATIONS

from .wire import JSON, VERSION, Reply

BASE = "http://emulator"
ROUTER = Router(OPERATIONS.values())


class Direct:
    """Asks a store as a client would; what fails inside the service is raised, not answered."""

    def __init__(self, store: Store) -> None:
        self.store = store

    def call(
        self,
        method: str,
        path: str,
        body: object = None,
        *,
        query: Mapping[str, str] | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> Reply:
        pairs = {"api-version": VERSION, **(query or {})}
        text = "&".join(f"{quote(name, safe='$-')}={quote(value, safe='')}" for name, value in pairs.items())
        return self.send(method, path, text, body, headers or {})

    def follow(self, link: str) -> Reply:
        """The page behind a link."""
        parts = urlsplit(link)
        return self.send("GET", parts.path, parts.query, None, {})

    def send(self, method: str, path: str, query: str, body: object, headers: Mapping[str, str]) -> Reply:
        data = b"" if body is None else msgspec.json.encode(body)
        call = Call(
            self.store,
            method=method,
            path=path,
            query_string=query,
            query=dict(query_pairs(query)),
            headers={"Content-Type": JSON, **headers} if data else headers,
            body=data,
            base=BASE,
            request_id=str(uuid.UUID(int=0)),
        )
        try:
            route = ROUTER.find(method, path)
            call.operation, call.params = route.operation, route.params
            answer = perform(call, route.operation)
        except Refusal as refusal:
            return Reply(refusal.status, refusal.headers, refusal.body(BASE, call.request_id, call.now))
        assert isinstance(answer, Answer)
        return Reply(answer.status, answer.headers, answer.body)

    def all(self, path: str) -> list[dict[str, Any]]:
        """Every item of a listing; none where its parent is not there."""
        reply = self.call("GET", path)
        if reply.status == 404:
            return []
        items = reply.items
        assert "odata.nextLink" not in reply.json
        return items
