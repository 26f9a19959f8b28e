"""A request as the handlers see it, and what they give back.

Law: a call and an answer are values; handlers do no I/O.
"""

from __future__ import annotations

from collections.abc import AsyncIterable, Awaitable, Callable, Mapping
from functools import cached_property
from typing import Any

import msgspec

from ..service.operations import Operation
from . import ticks
from .bodies import plain, read_body
from .faults import ItemFaults
from .refusals import bad_query
from .resources import e_tag
from .store import Store

JSON = "application/json;odata=minimalmetadata"


class Call:
    """One request to the service.

    `path` and `query_string` are as they stood in the request line, `query` has lower-case names, `base` is the
    address by which the client reached the emulator, `now` the emulator's time in ticks.
    """

    def __init__(
        self,
        store: Store,
        *,
        method: str,
        path: str,
        query_string: str,
        query: Mapping[str, str],
        headers: Mapping[str, str],
        body: bytes,
        base: str,
        request_id: str,
    ) -> None:
        self.store = store
        self.method = method
        self.path = path
        self.query_string = query_string
        self.query = query
        self.headers = headers
        self.body = body
        self.base = base
        self.request_id = request_id
        self.operation: Operation[Any] | None = None
        self.params: Mapping[str, str] = {}
        self.items: ItemFaults | None = None
        self.tasks = 0
        """How many tasks a collection had; for the log."""

    @cached_property
    def now(self) -> int:
        """The emulator's time when the call came, in ticks."""
        return self.store.clock.ticks()

    @cached_property
    def content(self) -> bytes:
        """The body as it is read, and kept of a task: see `plain`."""
        return plain(self.body)

    @property
    def version(self) -> str:
        """The api-version, which has been checked."""
        return self.query["api-version"]

    def flag(self, name: str) -> bool:
        """A query parameter that is true or false. Raises `Refusal`."""
        text = self.query.get(name)
        if text is None:
            return False
        if text.lower() not in ("true", "false"):
            raise bad_query(name, text, "true or false")
        return text.lower() == "true"

    def read(self, model: Any) -> Any:
        """The body as the strict struct of a model. Raises `Refusal`."""
        return read_body(model, self.version, self.content)

    def read_changes(self, model: Any) -> Any:
        """The body of a PATCH: nothing in it is required. Raises `Refusal`."""
        return read_body(model, self.version, self.content, changes=True)

    def read_optional(self, model: Any) -> Any:
        """The body as the strict struct of a model, where the body may be left out. Raises `Refusal`."""
        return read_body(model, self.version, self.content or b"{}")


class Answer(msgspec.Struct, frozen=True):
    """What goes back: status, body, and headers beside those that every answer has.

    `pieces`: a body that is not in memory, with its `Content-Length` among the headers.
    """

    status: int
    body: bytes = b""
    headers: dict[str, str] = {}
    content_type: str = JSON
    pieces: AsyncIterable[bytes] | None = None


Handler = Callable[[Call], "Answer | Awaitable[Answer]"]
"""A handler of one operation; one that has to wait (for a file, say) gives an awaitable."""


def answer_json(call: Call, kind: str, content: dict[str, Any], headers: dict[str, str] | None = None) -> Answer:
    """A 200 with a JSON body; `kind` names it in the metadata (`jobs/@Element`)."""
    body = msgspec.json.encode({"odata.metadata": f"{call.base}/$metadata#{kind}", **content})
    return Answer(200, body, headers or {})


def change_headers(stamp: int) -> dict[str, str]:
    """ETag and Last-Modified of the change with this stamp."""
    return {"ETag": e_tag(stamp), "Last-Modified": ticks.http_date(stamp // ticks.SECOND)}


def answer_created(url: str, stamp: int) -> Answer:
    """A 201 for the new resource at this URL."""
    return Answer(201, headers={**change_headers(stamp), "DataServiceId": url, "Location": url})
