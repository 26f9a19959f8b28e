"""The client: its arguments, its lifetime, and what it does with what it is given."""

from __future__ import annotations

import asyncio
import base64
import gc
import socket
import urllib.request
import warnings
from dataclasses import replace
from typing import Any

import aiohttp
import pytest
from session.credentials import TokenCredential
from session.driving import AT_ONCE, KEY, Clock, connect, said_by, shared_key, signature_of, stray_tasks, until
from session.server import DROP, HANG, Server, answer, refusal
from yarl import URL

from batchio import (
    Answer,
    BatchClient,
    BatchioError,
    ConfigurationError,
    ConnectError,
    ConnectionLostError,
    EncodeError,
    ResourceNotFoundError,
    RetryPolicy,
    SharedKeyCredential,
    TaskTokenCredential,
    TransportError,
    __version__,
)
from batchio.session.endpoint import Endpoint, parse_endpoint
from batchio.session.proxy import proxy_for

ENDPOINT = "https://acme.westeurope.batch.azure.com"


@pytest.fixture
async def server() -> Any:
    async with Server() as server:
        yield server


@pytest.fixture(autouse=True)
def _no_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in (
        *("AZURE_BATCH_ENDPOINT", "AZURE_BATCH_ACCOUNT", "AZURE_BATCH_ACCESS_KEY"),
        *("AZ_BATCH_ACCOUNT_URL", "AZ_BATCH_AUTHENTICATION_TOKEN"),
        *("HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY", "ALL_PROXY", "http_proxy", "https_proxy", "no_proxy", "all_proxy"),
    ):
        monkeypatch.delenv(name, raising=False)


# Arguments.


@pytest.mark.parametrize(
    ("settings", "name"),
    [
        ({"credential": "a key"}, "credential"),
        ({"credential": 5}, "credential"),
        ({"credential": object()}, "credential"),
        ({"credential": ("acme", KEY)}, "credential"),
        ({"api_version": "2024-07-01"}, "api_version"),
        ({"api_version": "latest"}, "api_version"),
        ({"api_version": None}, "api_version"),
        ({"session": object()}, "session"),
        ({"retry": 5}, "retry"),
        ({"retry": None}, "retry"),
        ({"timeout": 0}, "timeout"),
        ({"timeout": -1}, "timeout"),
        ({"timeout": "60"}, "timeout"),
        ({"timeout": True}, "timeout"),
        ({"timeout": float("nan")}, "timeout"),
        ({"cloud": "mars"}, "cloud"),
        ({"cloud": 5}, "cloud"),
        ({"cloud": "mars", "credential": None}, "cloud"),
        ({"application_id": "a\r\nx: y"}, "application_id"),
        ({"application_id": "ü"}, "application_id"),
        ({"application_id": 5}, "application_id"),
    ],
)
def test_a_bad_argument_is_named(settings: dict[str, Any], name: str) -> None:
    settings = {"credential": shared_key(), **settings}
    with pytest.raises(ConfigurationError, match=f"^{name}: ") as caught:
        BatchClient(ENDPOINT, **settings)
    assert isinstance(caught.value, ValueError)


def test_a_credential_that_nobody_knows_is_told_those_that_are_known() -> None:
    stranger: Any = 5
    with pytest.raises(ConfigurationError) as caught:
        BatchClient(ENDPOINT, stranger)
    assert str(caught.value) == (
        "credential: int is none that batchio knows: SharedKeyCredential, AzureNamedKeyCredential, an asynchronous "
        "credential of azure.identity.aio, or TaskTokenCredential"
    )


def test_an_unknown_argument() -> None:
    settings: Any = {"time_out": 5}
    with pytest.raises(TypeError):
        BatchClient(ENDPOINT, shared_key(), **settings)


@pytest.mark.parametrize(
    ("endpoint", "url"),
    [
        (ENDPOINT, ENDPOINT),
        (f"{ENDPOINT}/", ENDPOINT),
        (f" {ENDPOINT}\n", ENDPOINT),
        ("acme.westeurope.batch.azure.com", ENDPOINT),
        ("HTTPS://acme.westeurope.batch.azure.com", ENDPOINT),
        ("https://acme.example:8443", "https://acme.example:8443"),
        ("http://localhost:10000", "http://localhost:10000"),
        ("http://batch.localhost", "http://batch.localhost"),
        ("http://127.0.0.1:80", "http://127.0.0.1:80"),
        ("http://127.9.9.9", "http://127.9.9.9"),
        ("http://[::1]:10000/", "http://[::1]:10000"),
        ("https://acme_1.example.", "https://acme_1.example."),
        ("https://xn--mnchen-3ya.example", "https://xn--mnchen-3ya.example"),
        ("https://0.0.0.0", "https://0.0.0.0"),
    ],
)
def test_endpoints(endpoint: str, url: str) -> None:
    client = BatchClient(endpoint, shared_key())
    assert client.endpoint == url
    assert repr(client) == f"BatchClient({url!r}, api_version='2024-07-01.20.0')"


HOW = "(https://ACCOUNT.REGION.batch.azure.com)"
REFUSED: dict[str, list[Any]] = {
    f"the account's URL is missing {HOW}": [
        "",
        "  ",
        None,
        5,
    ],
    "http to acme.westeurope.batch.azure.com would show the credential; use https": [
        "http://acme.westeurope.batch.azure.com",
    ],
    "http to 192.168.0.1 would show the credential; use https": [
        "http://192.168.0.1",
    ],
    "http to localhost.evil.example would show the credential; use https": [
        "http://localhost.evil.example",
    ],
    "http to 127.0.0.1.evil.example would show the credential; use https": [
        "http://127.0.0.1.evil.example",
    ],
    "http to 0.0.0.0 would show the credential; use https": [
        "http://0.0.0.0",
    ],
    f"an https URL with a host is needed {HOW}": [
        "ftp://acme.example",
        "file:///etc/passwd",
        "https://",
        "https:///jobs",
        "https://ac me.example",
        "https://größe.example",
        "https://acme.example\\evil.example",
        "https://acme.example:0",
        "https://acme\n.example",
        "https://ac\tme.example",
        "http://x[::1]",
        "https://\u212aelvin.example",
        "https://acme..example",
        "https://.example",
        f"https://{'a' * 64}.example",
        f"https://{'a.' * 127}example",
        "https://xn--.example",
        "https://256.0.0.1",
        "https://127.1",
        "https://0x7f.1",
        "https://1234567890",
        "https://[fe80::1%25lo]",
    ],
    "a URL with a user name or password is refused": [
        "https://user@acme.example",
        "https://user:pass-word@acme.example",
        "https://:pass-word@acme.example",
        "https://@acme.example",
    ],
    f"not a URL {HOW}": [
        "https://user:pass/word@acme.example",
        "https://acme.example:port",
        "https://acme.example:99999",
        "https://[::1",
    ],
    "only scheme and host, without a path or query": [
        "https://acme.example/jobs",
        "https://acme.example?x=1",
        "https://acme.example#x",
    ],
}


@pytest.mark.parametrize(
    ("endpoint", "said"), [(endpoint, said) for said, endpoints in REFUSED.items() for endpoint in endpoints]
)
def test_endpoints_that_are_refused(endpoint: Any, said: str) -> None:
    with pytest.raises(ConfigurationError) as caught:
        BatchClient(endpoint, shared_key())
    assert str(caught.value) == f"endpoint: {said}"
    assert caught.value.__cause__ is None


@pytest.mark.parametrize(
    ("endpoint", "parsed"),
    [
        ("HTTPS://Acme.example/", Endpoint("https://Acme.example", "https", "acme.example", 443)),
        ("https://acme.example:8443", Endpoint("https://acme.example:8443", "https", "acme.example", 8443)),
        ("http://localhost", Endpoint("http://localhost", "http", "localhost", 80)),
        ("http://[::1]:81", Endpoint("http://[::1]:81", "http", "::1", 81)),
    ],
)
def test_the_parts_of_an_endpoint(endpoint: str, parsed: Endpoint) -> None:
    assert parse_endpoint(endpoint) == parsed
    assert parsed.owns(f"{parsed.url}/jobs")


def test_http_beyond_this_machine_must_be_allowed() -> None:
    assert BatchClient("http://emulator:10000", shared_key(), allow_http=True).endpoint == "http://emulator:10000"


async def test_what_a_client_says_of_itself(server: Server) -> None:
    server.otherwise = answer(200, {"id": "j"})
    for application_id in (None, "", "render-farm/2"):
        async with connect(server, application_id=application_id) as client:
            await client.jobs.get("j")
    assert [heard.headers["user-agent"] for heard in server.heard] == [
        f"batchio/{__version__}",
        f"batchio/{__version__}",
        f"render-farm/2 batchio/{__version__}",
    ]
    assert {heard.headers["accept"] for heard in server.heard} == {"application/json"}


async def test_the_version_is_one_argument(server: Server) -> None:
    server.say(answer(200, {"id": "j"}))
    async with connect(server, api_version="2025-06-01") as client:
        assert client.api_version == "2025-06-01"
        await client.jobs.get("j")
    assert server.heard[0].query["api-version"] == "2025-06-01"


# From the environment.

NODE = {"AZ_BATCH_ACCOUNT_URL": "https://node.batch.azure.com"}
TOKEN = {"AZ_BATCH_AUTHENTICATION_TOKEN": "node-token"}
OURS = {"AZURE_BATCH_ENDPOINT": ENDPOINT}
NAMED = {"AZURE_BATCH_ACCOUNT": "acme"}
KEYED = {"AZURE_BATCH_ACCESS_KEY": KEY}


@pytest.mark.parametrize(
    ("environment", "endpoint", "credential"),
    [
        (OURS, ENDPOINT, None),
        (OURS | NAMED, ENDPOINT, None),
        (OURS | NAMED | KEYED, ENDPOINT, SharedKeyCredential),
        (OURS | TOKEN, ENDPOINT, None),
        (OURS | NODE | TOKEN, ENDPOINT, None),
        (NODE, "https://node.batch.azure.com", None),
        (NODE | TOKEN, "https://node.batch.azure.com", TaskTokenCredential),
        (NODE | TOKEN | NAMED | KEYED, "https://node.batch.azure.com", SharedKeyCredential),
        (OURS | {"AZURE_BATCH_ACCESS_KEY": ""}, ENDPOINT, None),
        (NODE | {"AZURE_BATCH_ENDPOINT": ""} | TOKEN, "https://node.batch.azure.com", TaskTokenCredential),
    ],
)
def test_from_environment(
    monkeypatch: pytest.MonkeyPatch, environment: dict[str, str], endpoint: str, credential: type | None
) -> None:
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    made: list[Any] = []

    class Client(BatchClient):
        def __init__(self, endpoint: str, credential: Any = None, **settings: Any) -> None:
            made.append(credential)
            super().__init__(endpoint, credential, **settings)

    client = Client.from_environment(timeout=5.0)
    assert isinstance(client, Client)
    assert client.endpoint == endpoint
    assert [type(each) for each in made] == [credential or type(None)]


@pytest.mark.parametrize(
    ("environment", "missing"),
    [
        ({}, "AZURE_BATCH_ENDPOINT is not set"),
        (NAMED | KEYED, "AZURE_BATCH_ENDPOINT is not set"),
        (TOKEN, "AZURE_BATCH_ENDPOINT is not set"),
        (OURS | KEYED, "AZURE_BATCH_ACCOUNT is not set"),
        (OURS | NAMED | {"AZURE_BATCH_ACCESS_KEY": "?"}, "the key of account 'acme' is not base64"),
        ({"AZURE_BATCH_ENDPOINT": "http://acme.example"}, "endpoint: "),
        (NODE | {"AZ_BATCH_AUTHENTICATION_TOKEN": "a b"}, "credential: "),
    ],
)
def test_from_an_environment_that_lacks_something(
    monkeypatch: pytest.MonkeyPatch, environment: dict[str, str], missing: str
) -> None:
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    with pytest.raises(ConfigurationError, match=missing):
        BatchClient.from_environment()


async def test_settings_go_before_the_environment(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AZURE_BATCH_ENDPOINT", server.endpoint)
    monkeypatch.setenv("AZURE_BATCH_ACCESS_KEY", KEY)  # with no account, which does not matter then
    server.say(answer(200, {"id": "j"}))
    async with BatchClient.from_environment(credential=TaskTokenCredential("mine"), api_version="2025-06-01") as client:
        await client.jobs.get("j")
    assert server.heard[0].headers["authorization"] == "Bearer mine"
    assert server.heard[0].query["api-version"] == "2025-06-01"


# Proxies.

FAR = "http://acme.example"


async def test_the_environments_proxy(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("http_proxy", server.endpoint.replace("//", "//user:pass%40word@"))
    server.say(answer(200, {"id": "j"}))
    async with BatchClient(FAR, shared_key(), allow_http=True, retry=AT_ONCE) as client:
        monkeypatch.delenv("http_proxy")  # it was read once, when the client was made
        await client.jobs.get("j")
    (heard,) = server.heard
    assert heard.target == f"{FAR}/jobs/j?api-version=2024-07-01.20.0"
    basic = base64.b64encode(b"user:pass@word").decode()
    assert heard.headers["proxy-authorization"] == f"Basic {basic}"
    assert heard.headers["authorization"] == signature_of(replace(heard, target=heard.target.removeprefix(FAR)))


@pytest.mark.parametrize(
    "no_proxy", ["acme.example", "example", ".example", "*", "other,acme.example", "acme.example:80"]
)
async def test_no_proxy_is_honoured(server: Server, monkeypatch: pytest.MonkeyPatch, no_proxy: str) -> None:
    monkeypatch.setenv("http_proxy", server.endpoint)
    monkeypatch.setenv("no_proxy", no_proxy)
    await fails_to_reach_it(monkeypatch)
    assert not server.connections


@pytest.mark.parametrize(
    ("endpoint", "no_proxy", "is_near"),
    [
        ("https://acme.example", "acme.example:443", True),
        ("https://acme.example", "acme.example:80", False),
        ("https://acme.example:8443", "acme.example:8443", True),
        ("https://acme.example:8443", "acme.example:443", False),
        ("https://acme.example:8443", "acme.example", True),
        ("https://10.1.2.3:8443", "10.1.2.3:8443", True),
        ("https://[fd00::1]", "fd00::1", True),
        ("https://[fd00::1]", "fd00::2", False),
    ],
)
def test_no_proxy_with_a_port(monkeypatch: pytest.MonkeyPatch, endpoint: str, no_proxy: str, *, is_near: bool) -> None:
    monkeypatch.setenv("https_proxy", "http://proxy.example:3128")
    monkeypatch.setenv("no_proxy", no_proxy)
    assert (proxy_for(endpoint) == {}) is is_near


async def test_a_request_of_the_callers_own_asks_for_no_packed_answer(server: Server) -> None:
    """Of a packed body that is cut aiohttp gives what it could unpack, and says nothing."""
    server.otherwise = answer(200)
    async with connect(server) as client:
        await client.request("GET", "/x")
        await client.request("GET", "/x", headers={"Accept-Encoding": "gzip"})
    assert [heard.headers["accept-encoding"] for heard in server.heard] == ["identity", "gzip"]


async def test_without_trust_in_the_environment_there_is_no_proxy(
    server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("http_proxy", server.endpoint)
    await fails_to_reach_it(monkeypatch, trust_env=False)
    assert not server.connections


async def fails_to_reach_it(monkeypatch: pytest.MonkeyPatch, **settings: Any) -> None:
    """Whoever goes to `acme.example` himself does not arrive."""

    def lookup(*_: Any, **__: Any) -> Any:
        raise socket.gaierror(socket.EAI_NONAME, "unknown")

    monkeypatch.setattr(socket, "getaddrinfo", lookup)
    async with BatchClient(FAR, shared_key(), allow_http=True, retry=RetryPolicy(attempts=1), **settings) as client:
        with pytest.raises(ConnectError, match=r"no connection to acme\.example"):
            await client.jobs.get("j")


async def test_this_machine_is_reached_without_a_proxy(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    async with Server() as proxy:
        monkeypatch.setenv("http_proxy", proxy.endpoint)
        server.say(answer(200, {"id": "j"}))
        async with connect(server, trust_env=True) as client:
            await client.jobs.get("j")
        assert not proxy.connections
    assert len(server.heard) == 1


async def test_a_proxy_without_a_scheme(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("http_proxy", server.endpoint.removeprefix("http://"))
    server.say(answer(200, {"id": "j"}))
    async with BatchClient(FAR, shared_key(), allow_http=True) as client:
        await client.jobs.get("j")
    assert len(server.heard) == 1


@pytest.mark.parametrize(
    ("proxy", "told"),
    [
        ("", {}),
        ("proxy.example:3128", {"proxy": URL("http://proxy.example:3128")}),
        (
            "https://user@proxy.example",
            {"proxy": URL("https://proxy.example"), "proxy_headers": {"Authorization": "Basic dXNlcjo="}},
        ),
    ],
)
def test_what_is_told_of_a_proxy(monkeypatch: pytest.MonkeyPatch, proxy: str, told: dict[str, Any]) -> None:
    monkeypatch.setenv("http_proxy", proxy)
    assert proxy_for(FAR) == told


def test_a_proxy_that_is_no_url(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("http_proxy", "http://user:s3cret@[::1")
    with pytest.raises(ConfigurationError) as caught:
        proxy_for(FAR)
    assert str(caught.value) == "trust_env: the environment's proxy is no URL"
    assert caught.value.__suppress_context__


def test_a_proxy_that_aiohttp_cannot_use(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("https_proxy", "socks5://user:s3cret@127.0.0.1:1080")
    with pytest.raises(ConfigurationError, match=r"^trust_env: ") as caught:
        BatchClient(ENDPOINT, shared_key())
    assert "s3cret" not in str(caught.value)
    BatchClient(ENDPOINT, shared_key(), trust_env=False)


async def test_a_proxy_that_refuses_means_that_nothing_was_sent(
    server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("https_proxy", server.endpoint.replace("//", "//user:s3cret@"))
    server.otherwise = answer(407)
    async with BatchClient(ENDPOINT, shared_key(), retry=AT_ONCE) as client:
        with pytest.raises(ConnectError) as caught:
            await client.jobs.delete("j")
    assert not caught.value.sent
    assert "s3cret" not in f"{caught.value} {caught.value.__cause__!r} {caught.value.__cause__}"
    basic = base64.b64encode(b"user:s3cret").decode()
    assert {heard.headers["proxy-authorization"] for heard in server.heard} == {f"Basic {basic}"}
    assert {heard.method for heard in server.heard} == {"CONNECT"}
    assert len(server.heard) == AT_ONCE.attempts
    assert not any("authorization" in heard.headers for heard in server.heard)


async def test_the_environment_is_read_once_and_no_thread_is_needed(
    server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    reads = 0
    getproxies = urllib.request.getproxies

    def counted() -> dict[str, str]:
        nonlocal reads
        reads += 1
        return getproxies()

    def refuse(*_: Any) -> Any:
        raise AssertionError("a thread was asked for")

    monkeypatch.setattr(urllib.request, "getproxies", counted)
    server.otherwise = answer(200, {"id": "j"})
    async with connect(server, trust_env=True) as client:
        assert reads == 1
        monkeypatch.setattr(asyncio.get_running_loop(), "run_in_executor", refuse)
        for _ in range(5):
            await client.jobs.get("j")
        monkeypatch.undo()
    assert reads == 1


# A session that was handed in.


async def test_a_session_that_was_handed_in_is_used_and_not_closed(server: Server) -> None:
    server.otherwise = answer(200, {"id": "j"})
    async with aiohttp.ClientSession(headers={"x-mine": "yes", "user-agent": "mine"}) as session:
        async with connect(server, session=session) as client:
            await client.jobs.get("j")
            await client.request("POST", "/x")
        assert not session.closed
        async with session.get(server.endpoint) as response:
            assert response.status == 200
    assert len(server.heard) == 3
    read, post, _ = server.heard
    assert {read.connection, post.connection} == {1}
    assert read.headers["x-mine"] == "yes"
    assert read.headers["user-agent"] == f"batchio/{__version__}"
    assert "content-type" not in post.headers
    assert [read.headers["authorization"], post.headers["authorization"]] == [signature_of(read), signature_of(post)]


async def test_its_middlewares_stay_and_its_retries_do_not(server: Server) -> None:
    seen: list[str] = []

    async def middleware(request: aiohttp.ClientRequest, handler: aiohttp.ClientHandlerType) -> aiohttp.ClientResponse:
        seen.append(request.method)
        request.headers["x-middleware"] = "was here"
        return await handler(request)

    server.say(answer(200, {"id": "j"}), answer(202))
    server.otherwise = DROP
    async with (
        aiohttp.ClientSession(middlewares=[middleware]) as session,
        connect(server, session=session, retry=RetryPolicy(attempts=1)) as client,
    ):
        await client.jobs.get("j")
        await client.request("POST", "/x")
        with pytest.raises(ConnectionLostError):
            await client.jobs.get("j")
    assert seen == ["GET", "POST", "GET"]
    assert [heard.headers["x-middleware"] for heard in server.heard] == ["was here"] * 3


async def test_its_own_view_of_statuses_does_not_count(server: Server) -> None:
    server.otherwise = refusal(404, "JobNotFound")
    async with aiohttp.ClientSession(raise_for_status=True) as session, connect(server, session=session) as client:
        with pytest.raises(ResourceNotFoundError):
            await client.jobs.get("j")


async def test_its_timeout_does_not_count_and_ours_does(server: Server) -> None:
    server.otherwise = HANG
    timeout = aiohttp.ClientTimeout(total=0.001)
    async with aiohttp.ClientSession(timeout=timeout) as session, connect(server, session=session) as client:
        with pytest.raises(TransportError, match=r"no answer within 0\.05 s"):
            await client.jobs.delete("j", timeout=0.05)


async def test_a_base_url_does_not_count(server: Server) -> None:
    server.say(answer(200, {"id": "j"}))
    session = aiohttp.ClientSession("https://elsewhere.example/")
    async with session, connect(server, session=session) as client:
        await client.jobs.get("j")
    assert server.heard[0].path == "/jobs/j"


@pytest.mark.parametrize("name", ["Content-Type", "if-match", "Range", "OCP-Range"])
async def test_its_headers_must_not_spoil_the_signature(name: str) -> None:
    async with aiohttp.ClientSession(headers={name: "x"}) as session:
        with pytest.raises(ConfigurationError, match=f"^session: its header {name} "):
            BatchClient(ENDPOINT, shared_key(), session=session)


async def test_a_session_that_its_owner_has_closed(server: Server) -> None:
    async with aiohttp.ClientSession() as session:
        client = connect(server, session=session)
    with pytest.raises(ConnectError, match="closed") as caught:
        await client.jobs.get("j")
    assert caught.value.lasting
    assert not server.heard


async def test_what_aiohttp_refuses_to_send_is_told_at_once(server: Server) -> None:
    with warnings.catch_warnings():
        # aiohttp 3.14 warns of it; those before do not.
        warnings.simplefilter("ignore", DeprecationWarning)
        session = aiohttp.ClientSession(auth=aiohttp.BasicAuth("user", "password"))
    async with session, connect(server, session=session) as client:
        with pytest.raises(ConfigurationError, match="aiohttp does not send this request") as caught:
            await client.jobs.get("j")
    assert isinstance(caught.value.__cause__, ValueError)
    assert not server.heard


# `request`.


async def test_a_request_that_has_no_method_yet(server: Server) -> None:
    server.say(DROP, refusal(503, "ServerBusy"), answer(200, b"hello", ETag='"1"'))
    async with connect(server) as client:
        found = await client.request(
            "put", "/some where/größe", query={"a b": "c&d", "e": ""}, headers={"If-Match": '"1"'}, json={"x": [1]}
        )
    assert isinstance(found, Answer)
    assert (found.status, found.body, found.headers["etag"]) == (200, b"hello", '"1"')
    assert len(server.heard) == 3
    heard = server.heard[2]
    assert heard.method == "PUT"
    assert heard.path == "/some%20where/gr%C3%B6%C3%9Fe"
    assert heard.query == {"a b": "c&d", "e": "", "api-version": "2024-07-01.20.0"}
    assert heard.json == {"x": [1]}
    assert heard.headers["if-match"] == '"1"'
    assert heard.headers["authorization"] == signature_of(heard)


async def test_a_request_that_is_refused(server: Server) -> None:
    server.say(refusal(404, "JobNotFound"))
    async with connect(server) as client:
        with pytest.raises(ResourceNotFoundError, match=r"^GET /jobs/none: 404 JobNotFound: No"):
            await client.request("GET", "/jobs/none")


@pytest.mark.parametrize("status", [200, 201, 202, 204])
async def test_any_success_is_a_success(server: Server, status: int) -> None:
    server.say(answer(status))
    async with connect(server) as client:
        assert (await client.request("DELETE", "/x")).status == status


@pytest.mark.parametrize(
    ("arguments", "name"),
    [
        ({"method": ""}, "method"),
        ({"method": "GET /x"}, "method"),
        ({"method": "GET\r\n"}, "method"),
        ({"method": None}, "method"),
        ({"path": "x"}, "path"),
        ({"path": ""}, "path"),
        ({"path": None}, "path"),
        ({"path": "https://evil.example/"}, "path"),
        ({"path": "/\udc80"}, "path"),
        ({"query": {"api-version": "x"}}, "query"),
        ({"query": {"API-Version": "x"}}, "query"),
        ({"query": {"a": 5}}, "query"),
        ({"query": {"a": "b\nc"}}, "query"),
        ({"query": {"": "b"}}, "query"),
        ({"query": {5: "b"}}, "query"),
        ({"headers": {"Authorization": "Bearer x"}}, "headers"),
        ({"headers": {"ocp-date": "x"}}, "headers"),
        ({"headers": {"Date": "x"}}, "headers"),
        ({"headers": {"Host": "evil.example"}}, "headers"),
        ({"headers": {"Content-Length": "5"}}, "headers"),
        ({"headers": {"Transfer-Encoding": "chunked"}}, "headers"),
        ({"headers": {"x y": "z"}}, "headers"),
        ({"headers": {"x": "y\r\nz: 1"}}, "headers"),
        ({"headers": {"x": 5}}, "headers"),
        ({"headers": {"": "x"}}, "headers"),
        ({"headers": {5: "x"}}, "headers"),
        ({"timeout": 0}, "timeout"),
        ({"timeout": "5"}, "timeout"),
    ],
)
async def test_a_bad_argument_of_a_request_is_named(server: Server, arguments: dict[str, Any], name: str) -> None:
    arguments = {"method": "GET", "path": "/x", **arguments}
    async with connect(server) as client:
        with pytest.raises(ConfigurationError, match=f"^{name}: "):
            await client.request(**arguments)
    assert not server.connections


async def test_a_request_whose_body_cannot_be_sent(server: Server) -> None:
    async with connect(server) as client:
        with pytest.raises(EncodeError):
            await client.request("POST", "/x", json={"a": object()})
    assert not server.connections


# Lifetime.


async def test_nothing_is_opened_before_it_is_needed(server: Server) -> None:
    async with connect(server):
        pass
    assert not server.connections


async def test_a_client_can_be_made_outside_of_a_loop_and_closed_twice(server: Server) -> None:
    client = await asyncio.to_thread(connect, server)
    server.say(answer(200, {"id": "j"}))
    await client.jobs.get("j")
    await client.close()
    await client.close()
    await server.is_left()


async def test_a_closed_client_says_so_at_once(server: Server) -> None:
    client = connect(server, retry=RetryPolicy(attempts=8, base=20.0))
    await client.close()
    for call in (client.jobs.get("j"), client.jobs.delete("j"), client.request("GET", "/x")):
        with pytest.raises(ConnectError, match="closed") as caught:
            await call
        assert not caught.value.sent
    assert not server.connections


async def test_closing_ends_the_calls_that_are_on_their_way(server: Server, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("INFO", "batchio")
    server.otherwise = HANG
    client = connect(server, retry=RetryPolicy(attempts=8, base=20.0))
    calls: list[asyncio.Task[Any]] = [asyncio.create_task(client.jobs.get("j")) for _ in range(5)]
    calls += [asyncio.create_task(client.jobs.delete("j")) for _ in range(5)]
    await server.hears(10)
    await client.close()
    failures = await asyncio.gather(*calls, return_exceptions=True)
    for failure in failures:
        assert isinstance(failure, ConnectionLostError)
        assert isinstance(failure.__cause__, aiohttp.ClientError)
    assert not said_by(caplog)  # nothing is tried again
    assert len(server.heard) == 10
    await server.is_left()
    assert not stray_tasks(server)


async def test_closing_ends_the_calls_that_wait_for_their_next_try(server: Server) -> None:
    server.otherwise = refusal(503, "ServerBusy", Retry_After="100")
    client = connect(server, retry=RetryPolicy(deadline=1000.0))
    calls = [asyncio.create_task(client.jobs.get("j")) for _ in range(5)]
    await server.hears(5)
    closing = vars(vars(client)["_session"])["_closing"]
    await until(lambda: len(vars(closing)["_waiters"]) == 5)
    await client.close()
    failures = await asyncio.gather(*calls, return_exceptions=True)
    assert [getattr(failure, "code", None) for failure in failures] == ["ServerBusy"] * 5
    assert len(server.heard) == 5
    assert not stray_tasks(server)


async def test_the_credential_is_let_go_even_if_the_connections_cannot_be(
    server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    credential = TokenCredential(Clock())
    credential.gate.clear()
    client = connect(server, credential)
    call = asyncio.create_task(client.jobs.get("j"))
    await until(lambda: credential.asked)

    async def fail(_: Any) -> None:
        raise OSError("no")

    monkeypatch.setattr("batchio.session.transport.AiohttpTransport.close", fail)
    with pytest.raises(OSError, match="no"):
        await client.close()
    with pytest.raises(ConnectError):
        await call
    assert not stray_tasks(server)


def test_two_loops_one_after_the_other() -> None:
    async def use() -> str | None:
        async with Server() as server:
            server.say(refusal(503, "ServerBusy"), answer(200, {"id": "j"}))
            async with connect(server) as client:
                found = await client.jobs.get("j")
            return found.id

    assert [asyncio.run(use(), debug=True) for _ in range(2)] == ["j", "j"]
    gc.collect()


async def test_many_calls_at_a_time_share_connections(server: Server) -> None:
    server.otherwise = answer(200, {"id": "j"})
    async with connect(server) as client:
        for _ in range(3):
            await asyncio.gather(*(client.jobs.get("j") for _ in range(20)))
    assert len(server.heard) == 60
    assert server.connections <= 20


async def test_one_who_leaves_through_an_error_closes_the_client(server: Server) -> None:
    server.say(answer(200, {"id": "j"}))

    async def use() -> None:
        async with connect(server) as client:
            await client.jobs.get("j")
            raise BatchioError("mine")

    with pytest.raises(BatchioError, match="mine"):
        await use()
    await server.is_left()


async def test_an_endpoint_with_a_version_6_address() -> None:
    assert parse_endpoint("http://[::1]:8080").host == "::1"
    heard: list[str] = []

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        heard.append((await reader.readuntil(b"\r\n\r\n")).decode())
        writer.write(answer(200, {"id": "j"}).data)
        await writer.drain()
        writer.close()

    try:
        listener = await asyncio.start_server(serve, "::1", 0)
    except OSError:
        pytest.skip("this machine has no IPv6 loopback")
    port = listener.sockets[0].getsockname()[1]
    async with BatchClient(f"http://[::1]:{port}", shared_key()) as client:
        assert (await client.jobs.get("j")).id == "j"
    listener.close()
    assert f"Host: [::1]:{port}" in heard[0]
