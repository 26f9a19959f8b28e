"""Values in headers and bodies that have a form of their own, and what is signed: two readings of each agree."""

from __future__ import annotations

import importlib
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec
from yarl import URL

from batchio import BatchioError, RetryPolicy, SharedKeyCredential
from batchio import models as m
from batchio.emulator import authentication, ticks
from batchio.emulator.autoscale.failures import MistakeError
from batchio.emulator.autoscale.times import read_timestamp
from batchio.errors import DecodeError
from batchio.service.operations import GET_TASK_FILE, LIST_JOBS, OPERATIONS
from batchio.service.versions import DEFAULT
from batchio.session import codec, connections
from batchio.session.auth import string_to_sign
from batchio.session.authorizer import authorizer_for
from batchio.session.endpoint import parse_endpoint
from batchio.session.options import split_options
from batchio.session.request import Request, http_date, path_of
from batchio.session.retry import MAX_RETRY_AFTER, parse_retry_after
from batchio.session.session import Session
from batchio.session.transport import AiohttpTransport

from .target import Target, text_of

azure: Any = None
rest: Any = None
try:
    # Not everybody has azure-batch; what signs is a private module of it.
    azure = importlib.import_module("azure.batch._patch")
    rest = importlib.import_module("azure.core.rest")
except ImportError:
    pass

TICK = timedelta(microseconds=1)
_head = connections._head  # pyright: ignore[reportPrivateUsage]  # what stands on the wire
_URLS = ("https://acme.westeurope.batch.azure.com", "http://127.0.0.1:8080", "http://[::1]")


def _session(url: str) -> Session:
    endpoint = parse_endpoint(url)
    carrier = AiohttpTransport(None, trust_env=False, endpoint=url)
    key = authorizer_for(SharedKeyCredential("acme", "a2V5"), endpoint, None)
    return Session(endpoint, DEFAULT, key, carrier, retry=RetryPolicy(), timeout=1.0, user_agent="x")


SESSIONS = [_session(url) for url in _URLS]


def read_time(data: bytes) -> None:
    """Client and emulator read a time or a duration alike; what was read is written so that it is read again."""
    text = text_of(data)
    _http_dates(text)
    read = _or_none(ticks.read_time, text)
    found = _decoded({"creationTime": text})
    if found is not None and found.creation_time is not None:
        moment = found.creation_time
        again = _decoded(m.to_wire(found))
        assert again is not None
        assert again.creation_time == moment
        if read is not None and moment.tzinfo is not None:
            assert abs(read - ticks.from_datetime(moment)) <= 10
    if read is not None and read <= ticks.from_datetime(datetime.max.replace(tzinfo=UTC)):
        assert ticks.read_time(ticks.time_text(read)) == read
    try:
        read_timestamp(text)
    except MistakeError:
        return


def _http_dates(text: str) -> None:
    date = http_date(text)
    read = _or_none(ticks.read_http_date, text)
    if read is not None:
        assert date is not None
        assert ticks.from_datetime(date) == read
    seconds = parse_retry_after(text, 1.7e9)
    assert seconds is None or 0 <= seconds <= MAX_RETRY_AFTER


def read_duration(data: bytes) -> None:
    """The same for durations."""
    text = text_of(data)
    read = _or_none(ticks.read_duration, text)
    found = _decoded({"constraints": {"maxWallClockTime": text}})
    if read is not None:
        assert ticks.read_duration(ticks.duration_text(abs(read))) == abs(read)
    if found is None or found.constraints is None or found.constraints.max_wall_clock_time is None:
        return
    span = found.constraints.max_wall_clock_time
    assert span <= m.UNLIMITED
    again = _decoded(m.to_wire(found))
    assert again == found
    if read is not None:
        assert abs(read - span // TICK * 10) <= 10
    if timedelta() <= span:
        written = m.to_wire(found)["constraints"]["maxWallClockTime"]
        assert abs(ticks.read_duration(written) - span // TICK * 10) <= 10


def _decoded(body: dict[str, Any]) -> m.CloudJob | None:
    try:
        return codec.decode(msgspec.json.encode(body), m.CloudJob)
    except DecodeError:
        return None


def _or_none(read: Any, text: str) -> int | None:
    try:
        found: int = read(text)
    except ValueError:
        return None
    return found


def read_link(data: bytes) -> None:
    """A nextLink is followed to the client's own host or not at all, and signed as the service will read it."""
    link = text_of(data)
    for session in SESSIONS:
        first = session.request(LIST_JOBS, (), {})
        try:
            request = session._follow(first, link)  # pyright: ignore[reportPrivateUsage]  # what a listing does
        except BatchioError:
            continue
        url = URL(request.url, encoded=True)
        assert (url.scheme, url.raw_host, url.port) == (
            session.endpoint.scheme,
            session.endpoint.host,
            session.endpoint.port,
        )
        assert url.user is None
        line = _head("GET", url, request.headers, None).split(b"\r\n")[0]
        assert line.isascii()
        assert line.count(b" ") == 2
        _signed_alike(request, line.split()[1].decode(), {})


def _signed_alike(request: Request, target: str, extra: dict[str, str]) -> None:
    """The emulator makes the same of the target that was sent."""
    path, _, query = target.partition("?")
    names = [pair.partition("=")[0].lower() for pair in query.split("&") if pair]
    if len(set(names)) < len(names) or any("%" in name or "+" in name for name in names):
        # Names that come twice: no service sends them, and nobody has said what they mean.
        return
    headers = {**request.headers, **extra}
    length = len(request.body or b"")
    sent = headers | ({"Content-Length": str(length)} if request.body is not None else {})
    title = {
        name.title().replace("Md5", "MD5") if not name.startswith("ocp-") else name: value
        for name, value in sent.items()
    }
    ours = string_to_sign(request.method, "acme", request.resource, headers, length)
    assert ours == authentication.string_to_sign("acme", request.method, path, query, title)


def read_request(data: bytes) -> None:
    """Whatever a caller gives is refused, or put on the wire so that the emulator and azure-batch sign it alike."""
    rows = list(OPERATIONS.values())
    row = rows[(data[:1] or b"\0")[0] % len(rows)]
    texts = text_of(data[1:]).split("\n")
    arguments = tuple((texts + ["a"] * 3)[: len(row.parameters)])
    texts = texts[len(arguments) :]
    options = {name: _option(name, text) for name, text in zip(sorted(row.takes), texts, strict=False) if text}
    session = SESSIONS[0]
    try:
        split = split_options(row, options)
        body = b"{}" if row.body else None
        request = session.prepare(
            row.id,
            row.method,
            path_of(row, arguments),
            query=split.query,
            headers=split.headers,
            body=body,
            timeout=1.0,
        )
    except BatchioError:
        return
    url = URL(request.url, encoded=True)
    date = {"ocp-date": "Tue, 14 Nov 2023 22:13:20 GMT"}
    target = _head(row.method, url, {**request.headers, **date}, body).split(b"\r\n")[0].split()[1].decode()
    _signed_alike(request, target, date)
    headers = {**request.headers, **date}
    # azure-batch signs names such as `timeOut` as they are written.
    if azure is not None and all(name.islower() for name in request.query):
        ours = string_to_sign(row.method, "acme", request.resource, headers, len(body or b""))
        assert _by_azure(request, headers) == ours


def _option(name: str, text: str) -> Any:
    numbers = {"page_size", "server_timeout", "start", "end", "limit", "timeout"}
    if name in numbers:
        return len(text)
    if name.endswith(("_time", "_since")):
        return datetime.fromtimestamp(len(text) * 86_400.5, UTC)
    if name in ("force", "recursive", "prefetch"):
        return len(text) % 2 == 0
    return text


def _by_azure(request: Request, headers: dict[str, str]) -> str:
    policy = azure.BatchSharedKeyAuthPolicy(azure.AzureNamedKeyCredential("acme", "a2V5"))
    signed: list[str] = []
    policy._sign_string = signed.append
    length = {"content-length": str(len(request.body))} if request.body is not None else {}
    sent = rest.HttpRequest(request.method, request.url, headers={**headers, **length})
    policy.on_request(azure.PipelineRequest(sent, None))
    return signed[0]


def time_seeds() -> Iterator[bytes]:
    """Times of the wire, of headers, of people."""
    yield from (b"2024-07-01T12:00:00.1234567Z", b"2024-07-01T12:00:00+02:00", b"9999-12-31T23:59:59.9999999Z")
    yield from (b"Tue, 14 Nov 2023 22:13:20 GMT", b"Tue, 14 Nov 2023 22:13:20 -0730", b"120", b"1.5", b"2024-07-01")
    yield from (b"Sunday, 06-Nov-94 08:49:37 GMT", b"Sun Nov  6 08:49:37 1994", b"0001-01-01T00:00:00-14:00")


def duration_seeds() -> Iterator[bytes]:
    """Durations of the wire."""
    yield from (
        b"P1DT2H3M4.5S",
        b"PT0S",
        b"P10675199DT2H48M5.4775807S",
        b"-PT1.0000001S",
        b"P7D",
        b"PT1H",
        b"P2W",
        b"P1Y2M",
    )


def link_seeds() -> Iterator[bytes]:
    """Links of each of the endpoints, and of others."""
    for session in SESSIONS:
        yield f"{session.endpoint.url}/jobs?$skiptoken=WATV2%3A1&$filter=a%20eq%20%27b%27".encode()
        yield f"{session.endpoint.url}:443/jobs/a%2Fb/tasks?%24skiptoken=a+b#x".encode()
    yield from (
        b"/jobs?$skiptoken=x",
        b"https://acme.westeurope.batch.azure.com@evil/jobs",
        b"//evil/jobs",
        b"http://[::1%25x]/a",
    )


def request_seeds() -> Iterator[bytes]:
    """Every operation with every option."""
    for at, row in enumerate(OPERATIONS.values()):
        yield (
            bytes([at])
            + "\n".join(["a"] * len(row.parameters) + ["state eq 'a+b & c/d%\u00e9'"] * len(row.takes)).encode()
        )
    at = list(OPERATIONS).index(GET_TASK_FILE.id)
    yield bytes([at]) + b"job\ntask\nwd/a;b c+d%.txt\nxx\nxxx"


_TIMES = (
    b"T",
    b"Z",
    b"+",
    b"-",
    b":",
    b".",
    b"24:00",
    b" GMT",
    b"+14:00",
    b"Feb",
    b"29",
    b"60",
    b"0000",
    b"99999999999",
)
_URL = (
    b"%",
    b"%0d%0a",
    b"@",
    b"#",
    b"?",
    b"&",
    b"=",
    b";",
    b"//",
    b"\\",
    b"..",
    b"%2e",
    b"[",
    b"]",
    b":80",
    b"\t",
    b"+",
)
TIMES = Target(read_time, time_seeds, _TIMES)
DURATIONS = Target(
    read_duration, duration_seeds, (b"P", b"T", b"D", b"H", b"M", b"S", b"W", b"Y", b".", b"-", b"9" * 9)
)
LINKS = Target(read_link, link_seeds, _URL)
REQUESTS = Target(read_request, request_seeds, _URL)
