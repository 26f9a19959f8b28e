"""Query and header options: their Python names, their types and their names on the wire.

Law: an option is described once; the type checker, the client's check and the emulator read the same lines.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import TypedDict

import msgspec


class Wire(msgspec.Struct, frozen=True):
    """Where an option travels: its name, and whether that is a header."""

    name: str
    header: bool = False


WIRE: dict[str, Wire] = {
    "server_timeout": Wire("timeOut"),
    "filter": Wire("$filter"),
    "select": Wire("$select"),
    "expand": Wire("$expand"),
    "page_size": Wire("maxresults"),
    "force": Wire("force"),
    "client_request_id": Wire("client-request-id", header=True),
    "if_match": Wire("If-Match", header=True),
    "if_none_match": Wire("If-None-Match", header=True),
    "if_modified_since": Wire("If-Modified-Since", header=True),
    "if_unmodified_since": Wire("If-Unmodified-Since", header=True),
}
"""Option -> its place on the wire. `timeout` and `limit` are the client's own and never travel."""

MAX_PAGE_SIZE = 1000


class CallOptions(TypedDict, total=False):
    """Options of every operation."""

    timeout: float | None
    """Seconds for one try, in place of the client's `timeout`; None: no limit."""
    server_timeout: int
    """Seconds that the service may work on the request."""
    client_request_id: str
    """A GUID that marks the request in the service's logs; made anew where it is not given."""


class _Conditions(TypedDict, total=False):
    if_match: str
    """Go on only if the resource's ETag is this one."""
    if_none_match: str
    """Go on only if the resource's ETag is another one."""
    if_modified_since: datetime
    """Go on only if the resource was changed after this time (whole seconds count)."""
    if_unmodified_since: datetime
    """Go on only if the resource was not changed after this time (whole seconds count)."""


class _Select(TypedDict, total=False):
    select: str | Sequence[str]
    """Wire names of the properties to return."""


class _Expand(TypedDict, total=False):
    expand: str | Sequence[str]
    """Wire names of related properties to return in full, e.g. `stats`."""


class _List(TypedDict, total=False):
    page_size: int
    """Items a page, 1 to 1000."""
    limit: int
    """Items in all; the listing stops there."""


class _Filter(TypedDict, total=False):
    filter: str
    """An OData filter; which properties it may name is said at the REST operation."""


class ConditionalOptions(CallOptions, _Conditions, total=False):
    """Options of an operation that can be made conditional."""


class SelectOptions(CallOptions, _Select, _Expand, total=False):
    """Options of a read that can be narrowed."""


class ConditionalReadOptions(SelectOptions, _Conditions, total=False):
    """Options of a read that can be narrowed and made conditional."""


class ListOptions(CallOptions, _List, _Filter, _Select, _Expand, total=False):
    """Options of a listing."""


class ForceOptions(ConditionalOptions, total=False):
    """Options of a deletion or termination that can be forced."""

    force: bool
    """Do it even where the service would wait for something else first."""
