"""What things are called in spans and metrics: after OpenTelemetry's conventions for HTTP and those of Azure's SDKs.

Law: names and values alone. Whatever stands in a metric is one of few values.
"""

from __future__ import annotations

import functools
from urllib.parse import urlsplit

from ..errors import HttpResponseError
from ..session.log import shown_url
from ..session.request import Request

NAMESPACE = {"azure.resource_provider.namespace": "Microsoft.Batch"}
_PORTS = {"https": 443, "http": 80}
_METHODS = frozenset({"CONNECT", "DELETE", "GET", "HEAD", "OPTIONS", "PATCH", "POST", "PUT", "TRACE"})

Attributes = dict[str, str | int]


@functools.lru_cache(maxsize=256)
def place_of(endpoint: str) -> Attributes:
    """The host and port of an account; not to be changed."""
    parts = urlsplit(endpoint)
    return {"server.address": parts.hostname or "", "server.port": parts.port or _PORTS.get(parts.scheme, 0)}


@functools.lru_cache(maxsize=256)
def destination_of(endpoint: str, method: str) -> Attributes:
    """The same with the method; not to be changed."""
    return {"http.request.method": method if method in _METHODS else "_OTHER", **place_of(endpoint)}


def name_of(request: Request) -> str:
    """The name of a request's span: `Batch.GetJob` for `Jobs_GetJob`, the method where there is no operation."""
    group, _, verb = request.operation.partition("_")
    if verb and group.isalpha():
        return f"Batch.{verb}"
    return str(destination_of("", request.method)["http.request.method"]).replace("_OTHER", "HTTP")


def about(request: Request, endpoint: str) -> Attributes:
    """The attributes of a request's span that are known before it leaves."""
    found: Attributes = {
        **destination_of(endpoint, request.method),
        **NAMESPACE,
        "url.full": shown_url(endpoint, request),
        "azure.client.request.id": request.client_request_id,
    }
    if request.method not in _METHODS:
        found["http.request.method_original"] = request.method
    if request.job_id is not None:
        found["azure.batch.job.id"] = request.job_id
    return found


def answer_of(status: int, error: BaseException | None) -> Attributes:
    """The attributes of what came back: a status, or the error instead."""
    if error is not None:
        return {"error.type": type_of(error)}
    if status >= 400:
        return {"http.response.status_code": status, "error.type": str(status)}
    return {"http.response.status_code": status}


def type_of(error: BaseException) -> str:
    """The service's code, or the name of the class."""
    if isinstance(error, HttpResponseError):
        return error.code or str(error.status)
    kind = type(error)
    return f"{kind.__module__}.{kind.__qualname__}"
