"""What a caller gives to be sent, and where to: refused with an error of ours, or right."""

from __future__ import annotations

import json
from collections.abc import Iterator

import msgspec
from yarl import URL

from batchio import BatchioError, ConfigurationError, EncodeError, from_wire
from batchio.emulator.bodies import read_body
from batchio.emulator.refusals import Refusal
from batchio.service.operations import OPERATIONS
from batchio.service.versions import VERSIONS, is_known
from batchio.session import codec
from batchio.session.endpoint import parse_endpoint

from .answers import sample_of
from .target import Target, text_of

SENDING = [row for row in OPERATIONS.values() if row.body]


def send_body(data: bytes) -> None:
    """What is sent, the service can read; what is refused is told with the path."""
    row, version = SENDING[(data[:1] or b"\0")[0] % len(SENDING)], VERSIONS[(data[1:2] or b"\0")[0] % len(VERSIONS)]
    try:
        mapping = json.loads(data[2:])
    except (ValueError, RecursionError):
        return
    assert row.body is not None
    if not is_known(row, version):
        return
    try:
        body = codec.encode(row, mapping, version)
    except BatchioError as error:
        assert len(str(error)) < 1_000 + len(data)
    else:
        assert body is None or msgspec.json.decode(body) is not None
        if body is not None:
            try:
                read_body(row.body, version, body, changes=row.method == "PATCH")
            except Refusal as refusal:
                assert _is_of_the_service(refusal), (refusal.code, refusal.values, body[:300])
    try:
        model = from_wire(row.body, mapping)
    except EncodeError:
        return
    repr(model)
    try:
        codec.encode(row, model, version)
    except BatchioError:
        return


def _is_of_the_service(refusal: Refusal) -> bool:
    """What the service alone judges: several properties together, which enum values there are, how long is too long."""
    said = " ".join(value for _, value in refusal.values).lower()
    return any(words in said for words in ("one of", "invalid enum value", "longer than p10675199d"))


def read_endpoint(data: bytes) -> None:
    """An endpoint is refused, or it is where every request goes."""
    text = text_of(data)
    try:
        endpoint = parse_endpoint(text, allow_http=data[:1] != b" ")
    except ConfigurationError:
        return
    url = URL(f"{endpoint.url}/jobs?a=b", encoded=True)
    assert (url.scheme, (url.raw_host or "").lower(), url.port) == (endpoint.scheme, endpoint.host, endpoint.port), url
    assert url.path == "/jobs"
    assert url.user is None
    assert endpoint.owns(f"{endpoint.url}/jobs")
    assert parse_endpoint(endpoint.url, allow_http=True) == endpoint


def body_seeds() -> Iterator[bytes]:
    """Every body with every field."""
    for at, row in enumerate(SENDING):
        assert row.body is not None
        for version in (0, len(VERSIONS) - 2, len(VERSIONS) - 1):
            yield bytes([at, version]) + msgspec.json.encode(sample_of(row.body))


def endpoint_seeds() -> Iterator[bytes]:
    """Endpoints, with a scheme and without one."""
    yield from (
        b"https://acme.westeurope.batch.azure.com/",
        b"acme.westeurope.batch.azure.com",
        b"http://127.0.0.1:8080",
    )
    yield from (b"http://[::1]:80", b"HTTPS://ACME.Batch.azure.com:443", b"localhost:80")


BODIES = Target(
    send_body, body_seeds, (b"Infinity", b"NaN", b'"\\udc00"', b'"id":', b"1e999", b'"odata.metadata":"x",')
)
ENDPOINTS = Target(
    read_endpoint,
    endpoint_seeds,
    (b"@", b":", b"/", b"#", b"?", b"[", b"]", b"%", b".", b"\\", b"\t", "\uff0e\u3002".encode()),
)
