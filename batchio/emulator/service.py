"""The service without its socket.

Law: a call is settled by the state and the clock alone; what a call gets is an answer or a refusal, whatever
happens.
"""

from __future__ import annotations

from collections.abc import Awaitable
from typing import Any

from ..service.operations import Operation
from . import (
    applications,
    certificates,
    files,
    job_changes,
    job_schedules,
    jobs,
    nodes,
    pool_reports,
    pool_scaling,
    pools,
    tasks,
)
from .bodies import MAX_BODY
from .calls import Answer, Call, Handler
from .queries import check_query
from .refusals import Refusal, bad_header

REAL: dict[str, Handler] = {
    **applications.HANDLERS,
    **certificates.HANDLERS,
    **jobs.HANDLERS,
    **job_changes.HANDLERS,
    **job_schedules.HANDLERS,
    **tasks.HANDLERS,
    **pools.HANDLERS,
    **pool_scaling.HANDLERS,
}
"""What does here what it does in the service."""

SIMULATED: dict[str, Handler] = {
    **jobs.SIMULATED,
    **tasks.SIMULATED,
    **pool_scaling.SIMULATED,
    **pool_reports.SIMULATED,
    **nodes.SIMULATED,
    **files.SIMULATED,
}
"""What answers as the service does, of nodes that are simulated or of what is made up."""

REAL_WITH_PROCESSES = frozenset({*files.SIMULATED, *jobs.SIMULATED})
"""What is real where command lines really run: the files, and what preparation and release tasks did."""

HANDLERS: dict[str, Handler] = {**REAL, **SIMULATED}
"""Operation id -> handler. An operation that is not in here answers 501."""

_JSON = "application/json; odata=minimalmetadata"
_HEX = frozenset("0123456789abcdefABCDEF")


def perform(call: Call, operation: Operation[Any]) -> Answer | Awaitable[Answer]:
    """Check what all operations have in common and let the operation's handler answer. Raises `Refusal`."""
    check_query(operation, call.query_string)
    check_client_request_id(call.headers.get("client-request-id"))
    handler = HANDLERS.get(operation.id)
    if handler is None:
        raise Refusal("NotImplemented", (("Operation", operation.id),))
    if operation.body is not None and not (operation.body_optional and not call.body):
        _check_body(call)
    call.store.settle()
    return handler(call)


def check_client_request_id(given: str | None) -> None:
    """Refuse an id that is no GUID."""
    if given is None:
        return
    parts = given.split("-")
    if [len(part) for part in parts] != [8, 4, 4, 4, 12] or not _HEX.issuperset("".join(parts)):
        raise bad_header("client-request-id", given, "Not a GUID without decoration")


def _check_body(call: Call) -> None:
    if len(call.body) >= MAX_BODY:
        raise Refusal("RequestBodyTooLarge", (("MaxLimit", str(MAX_BODY)),))
    content_type = call.headers.get("Content-Type")
    if content_type is None:
        raise Refusal("MissingRequiredHeader", (("HeaderName", "Content-Type"), ("Reason", f"{_JSON} is needed")))
    kind, *parameters = [part.strip().lower() for part in content_type.split(";")]
    if kind != "application/json" or "odata=minimalmetadata" not in parameters:
        raise bad_header("Content-Type", content_type, f"{_JSON} is needed")
