"""Query and header options: their Python names, their types and their names on the wire.

Law: an option is described once; the type checker, the client's check and the emulator read the same lines.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import TYPE_CHECKING, TypedDict

import msgspec

if TYPE_CHECKING:
    from ..odata import Filter


class Wire(msgspec.Struct, frozen=True):
    """Where an option travels: its name, whether that is a header, and which api-versions know it."""

    name: str
    header: bool = False
    since: str | None = None
    until: str | None = None


WIRE: dict[str, Wire] = {
    "server_timeout": Wire("timeOut"),
    "filter": Wire("$filter"),
    "select": Wire("$select"),
    "expand": Wire("$expand"),
    "page_size": Wire("maxresults"),
    "start_time": Wire("startTime"),
    "end_time": Wire("endtime"),
    "recursive": Wire("recursive"),
    "force": Wire("force", since="2024-07-01.20.0"),
    "client_request_id": Wire("client-request-id", header=True),
    "if_match": Wire("If-Match", header=True),
    "if_none_match": Wire("If-None-Match", header=True),
    "if_modified_since": Wire("If-Modified-Since", header=True),
    "if_unmodified_since": Wire("If-Unmodified-Since", header=True),
}
"""Option -> its place on the wire.

`timeout`, `limit` and `prefetch` are the client's own and never travel; `start` and `end` travel together, in
`RANGE`.
"""

RANGE = Wire("ocp-range", header=True)
"""Bytes of a file, the last one included: `bytes=0-99`."""

MAX_PAGE_SIZE = 1000


class CallOptions(TypedDict, total=False):
    """Options of every operation."""

    timeout: float | None
    """Seconds for one try, in place of the client's `timeout`; None: no limit."""
    server_timeout: int
    """Seconds that the service may work on the request."""
    client_request_id: str
    """A GUID that marks the request in the service's logs; made anew where it is not given."""


class _Dates(TypedDict, total=False):
    if_modified_since: datetime
    """Go on only if the resource was changed after this time (whole seconds count)."""
    if_unmodified_since: datetime
    """Go on only if the resource was not changed after this time (whole seconds count)."""


class _Conditions(_Dates, total=False):
    if_match: str
    """Go on only if the resource's ETag is this one."""
    if_none_match: str
    """Go on only if the resource's ETag is another one."""


class _Select(TypedDict, total=False):
    select: str | Sequence[str]
    """Wire names of the properties to return."""


class _Expand(TypedDict, total=False):
    expand: str | Sequence[str]
    """Wire names of related properties to return in full, e.g. `stats`."""


class _Filter(TypedDict, total=False):
    filter: str | Filter
    """An OData filter, as text or built with `batchio.odata`; what it may name is said at the REST operation."""


class _Recursive(TypedDict, total=False):
    recursive: bool
    """Whether what is below a directory counts, too."""


class _Items(CallOptions, total=False):
    limit: int | None
    """Items in all; the listing stops there."""
    prefetch: bool
    """Whether the next page is fetched while the present one is read; it is, unless this is False."""


class ConditionalOptions(CallOptions, _Conditions, total=False):
    """Options of an operation that can be made conditional."""


class SelectOptions(CallOptions, _Select, total=False):
    """Options of a read that can be narrowed."""


class ConditionalReadOptions(SelectOptions, _Expand, _Conditions, total=False):
    """Options of a read that can be narrowed and made conditional."""


class PageOptions(_Items, total=False):
    """Options of every listing but that of subtasks."""

    page_size: int
    """Items a page, 1 to 1000."""


class ListOptions(PageOptions, _Filter, _Select, _Expand, total=False):
    """Options of a listing of jobs, tasks, pools or job schedules."""


class FilterListOptions(PageOptions, _Filter, total=False):
    """Options of a listing that can be filtered."""


class SelectListOptions(PageOptions, _Select, total=False):
    """Options of a listing that can be narrowed."""


class FilterSelectListOptions(PageOptions, _Filter, _Select, total=False):
    """Options of a listing that can be filtered and narrowed."""


class SubtaskListOptions(_Items, _Select, total=False):
    """Options of a listing of subtasks."""


class FileListOptions(PageOptions, _Filter, _Recursive, total=False):
    """Options of a listing of files."""


class UsageListOptions(PageOptions, _Filter, total=False):
    """Options of a listing of usage metrics."""

    start_time: datetime
    """The earliest time to report on; at least 2.5 hours ago. The start of the last interval if absent."""
    end_time: datetime
    """The latest time to report on; at least 2 hours ago. The end of the last interval if absent."""


class RecursiveOptions(CallOptions, _Recursive, total=False):
    """Options of a deletion of files."""


class FilePropertiesOptions(CallOptions, _Dates, total=False):
    """Options of a look at a file."""


class FileOptions(FilePropertiesOptions, total=False):
    """Options of the read of a file; `start` and `end` as in a slice."""

    start: int
    """The first byte to read, from 0."""
    end: int
    """The byte to stop before; the end of the file if absent."""


class ForceOptions(ConditionalOptions, total=False):
    """Options of a deletion or termination that can be forced."""

    force: bool
    """Do it even where the service would wait for something else first; since api-version 2024-07-01.20.0."""
