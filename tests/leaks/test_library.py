"""Every operation and every kind of answer, with secrets in all that is sent and in all that comes back."""

from __future__ import annotations

import json
import pickle
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any

import pytest
from azure.core.credentials import AzureNamedKeyCredential
from session.credentials import TokenCredential
from session.driving import Clock
from session.server import DROP, HANG, Heard, Reply, Server, answer, refusal
from test_operations import OPERATIONS, resource_method

from batchio import BatchClient, BatchioError, RetryPolicy, SharedKeyCredential, TaskTokenCredential, models, to_wire

from .conftest import Ear
from .marks import KEY, check, mark, sas, shown_by
from .planting import planted

if TYPE_CHECKING:
    from recording import Recorder

TOKEN = mark("token")


class Token(TokenCredential):
    """Gives the marked token."""

    def __init__(self) -> None:
        super().__init__(Clock(9e9))

    async def get_token(self, *scopes: str, **more: Any) -> Any:
        return (await super().get_token(*scopes, **more))._replace(token=TOKEN)


class BrokenCredential(TokenCredential):
    """Says in its error what nobody should say."""

    def __init__(self) -> None:
        super().__init__(Clock(9e9))
        self.failure = RuntimeError(f"POST /token client_secret={mark('client-secret')}&scope=x")


CREDENTIALS: dict[str, Callable[[], Any]] = {
    "key": lambda: SharedKeyCredential("acme", KEY),
    "named key": lambda: AzureNamedKeyCredential("acme", KEY),
    "token": Token,
    "task token": lambda: TaskTokenCredential(TOKEN),
    "broken": BrokenCredential,
}


def text_of(heard: Heard) -> str:
    return heard.body.decode("utf-8", "replace")


def _request(heard: Heard) -> str:
    """The request as a proxy's page or a debugging service would show it."""
    head = "\r\n".join([f"{heard.method} {heard.target} HTTP/1.1", *(f"{n}: {v}" for n, v in heard.headers.items())])
    return f"{head}\r\n\r\n{text_of(heard)}"


def _error(status: int, code: str, heard: Heard) -> Reply:
    """The service's error, which quotes the request and a value of it."""
    values = [
        {"key": "PropertyName", "value": "userAccounts[0].password"},
        {"key": "PropertyValue", "value": mark("property-value")},
        {"key": "Request", "value": _request(heard)},
    ]
    message = {"lang": "en-US", "value": f"This is wrong: {_request(heard)}"}
    return answer(status, {"code": code, "message": message, "values": values}, Location=sas("location"))


def spoken(say: Callable[[Heard], Reply]) -> Callable[[Heard], Reply]:
    """The answer; to a HEAD without a body, behind which the next answer would not be found."""

    def told(heard: Heard) -> Reply:
        reply = say(heard)
        return Reply(b"".join(reply.data.partition(b"\r\n\r\n")[:2]), reply.end) if heard.method == "HEAD" else reply

    return told


def _raw(head: str) -> Reply:
    return Reply(f"HTTP/1.1 {head}\r\n\r\n".encode())


# Quoted by the answer is what can be told to be a secret by its form, or by its name.
ECHOES: dict[str, Callable[[Heard], Reply]] = {
    "refused": lambda heard: _error(400, "InvalidPropertyValue", heard),
    "throttled": lambda heard: _error(503, "ServerBusy", heard),
    "failed": lambda heard: _error(500, "InternalError", heard),
    "not let in": lambda heard: _error(403, "AuthenticationFailed", heard),
    "there already": lambda heard: _error(409, "JobExists", heard),
    "in a page": lambda heard: answer(502, f"<pre>{_request(heard)}</pre>".encode()),
    "in an error that is not the service's": lambda heard: answer(400, {"error": {"message": _request(heard)}}),
    "in JSON that is escaped": lambda heard: answer(400, json.dumps(_request(heard)).replace("&", "\\u0026").encode()),
    "in an answer of the wrong kind": lambda heard: answer(200, f"<pre>{_request(heard)}".encode()),
}
ANSWERS: dict[str, Callable[[Heard], Reply]] = {
    "done": lambda _: answer(200, {"id": "x"}, Set_Cookie=TOKEN, Location=sas("location"), DataServiceId=sas("id")),
    "redirected": lambda _: answer(307, Location=sas("location")),
    "unread": lambda heard: answer(200, {"id": 5, "x": _request(heard), "value": [{"id": 5}]}),
    "cut": lambda heard: Reply(answer(200, {"x": _request(heard)}).data).cut(300),
    "half": lambda _: answer(200, b'{"commandLine": "' + mark("half").encode()),
    "no UTF-8": lambda _: answer(200, b'{"id": "' + mark("half").encode() + b'\xff"}'),
    "a page that leads elsewhere": lambda _: answer(200, {"value": [], "odata.nextLink": sas("next")}),
    "dropped": lambda _: DROP,
    "a bad header": lambda _: _raw(f"200 OK\r\nLocation: {sas('location')}\0"),
    "a bad status line": lambda _: _raw(f"{TOKEN} sig={TOKEN}"),
    "a bad length": lambda _: _raw(f"200 OK\r\nContent-Length: sig={TOKEN}"),
}


async def _outcome(called: Any) -> Any:
    """What a call gives: a value, a file, a whole listing, or its error."""
    try:
        if hasattr(called, "by_page"):
            return [item async for item in called]
        if hasattr(called, "__aenter__"):
            async with called as file:
                # What a file holds is the caller's.
                return file.properties, repr(file), len(await file.read())
        return await called
    except BatchioError as error:
        return error


def _look_at(outcome: Any, where: str) -> None:
    if isinstance(outcome, BatchioError):
        check(shown_by(outcome), where)
        check(pickle.dumps(outcome), f"{where}, pickled")
    check(repr(outcome), where)


# One of each kind: what differs between the others is their bodies.
SOME = ("Pools_CreatePool", "Jobs_GetJob", "Tasks_ListTasks", "Pools_PoolExists", "Nodes_GetNodeFile", "Jobs_DeleteJob")


async def _call(client: BatchClient, where: str, *, private: bool, ids: Iterable[str] = SOME) -> None:
    for id, row in [(id, OPERATIONS[id]) for id in ids]:
        body = [] if row.body is None else [planted(row.body, private=private)]
        arguments = ["x"] * len(row.parameters)
        _look_at(await _outcome(resource_method(client, id)(*arguments, *body)), f"{id}, {where}")


def _client(server: Server, credential: str, recorder: Recorder, **settings: Any) -> BatchClient:
    retry = RetryPolicy(attempts=2, base=0.0, cap=0.0)
    made = CREDENTIALS[credential]()
    return BatchClient(server.endpoint, made, retry=retry, telemetry=recorder.telemetry, **settings)


@pytest.mark.parametrize("way", ECHOES)
async def test_what_quotes_the_request(server: Server, loud: Ear, recorder: Recorder, way: str) -> None:
    server.otherwise = spoken(ECHOES[way])
    for credential in ("key", "token") if way == "refused" else ("token",):
        async with _client(server, credential, recorder) as client:
            await _call(client, way, private=False, ids=OPERATIONS if way == "refused" else SOME)
            check(repr(client) + repr(vars(client)) + repr(client.stats), "client")
    assert "batchio" in loud.loggers
    assert "asyncio" in loud.loggers


@pytest.mark.parametrize("way", ANSWERS)
@pytest.mark.usefixtures("loud")
async def test_whatever_is_answered(server: Server, recorder: Recorder, way: str) -> None:
    server.otherwise = spoken(ANSWERS[way])
    async with _client(server, "task token", recorder) as client:
        await _call(client, way, private=True, ids=OPERATIONS if way == "done" else SOME)
    assert recorder.spans


@pytest.mark.parametrize("credential", CREDENTIALS)
@pytest.mark.parametrize("way", ["refused", "not let in", "dropped", "silence"])
@pytest.mark.usefixtures("loud")
async def test_credentials_of_all_kinds(server: Server, recorder: Recorder, credential: str, way: str) -> None:
    server.otherwise = HANG if way == "silence" else {**ECHOES, **ANSWERS}[way]
    pool = planted(models.PoolAddParameter, private=False)
    async with _client(server, credential, recorder, timeout=0.02 if way == "silence" else 10.0) as client:
        for call in (
            lambda: client.pools.get("x"),
            lambda: client.pools.create(pool),
            lambda: client.tasks.get_file("x", "x", "x"),
        ):
            outcome = await _outcome(call())
            assert isinstance(outcome, BatchioError)
            _look_at(outcome, f"{credential}, {way}")


BAD_BODIES: dict[str, Callable[[dict[str, Any]], Any]] = {
    "a property too many": lambda body: {**body, "passwort": mark("typo")},
    "a wrong type": lambda body: {**body, "userAccounts": mark("accounts")},
    "a wrong type in a list": lambda body: {**body, "userAccounts": [{"name": "n", "password": [mark("list")]}]},
    "half a character": lambda body: {**body, "userAccounts": [{"name": "n", "password": f"{mark('half')}\ud800"}]},
    "no JSON": lambda body: {**body, "metadata": [{"name": "n", "value": mark, "x": mark("object")}]},
    "a wrong duration": lambda body: {**body, "resizeTimeout": mark("duration")},
    "too long": lambda body: {**body, "userAccounts": [{"name": mark("long") * 20, "password": "x"}]},
    "another version's": lambda body: {**body, "upgradePolicy": {"mode": mark("mode")}},
}


@pytest.mark.parametrize("how", BAD_BODIES)
@pytest.mark.usefixtures("loud")
async def test_what_cannot_be_sent(server: Server, recorder: Recorder, how: str) -> None:
    body = BAD_BODIES[how](to_wire(planted(models.PoolAddParameter)))
    async with _client(server, "token", recorder, api_version="2022-01-01.15.0") as client:
        with pytest.raises(BatchioError) as caught:
            await client.pools.create(body)
        # The mapping is the caller's own, and stands in frames that are not left out; its parts are not shown.
        check(_without_the_body(shown_by(caught.value), body), how)
        check(pickle.dumps(caught.value), how)
    assert not server.heard


def _without_the_body(text: str, body: Any) -> str:
    return "\n".join(line for line in text.split("\n") if repr(body) not in line)


@pytest.mark.usefixtures("loud")
async def test_a_request_of_the_callers_own(server: Server, recorder: Recorder) -> None:
    server.otherwise = refusal(400, "InvalidHeaderValue")
    body = {"password": mark("free")}
    async with _client(server, "token", recorder) as client:
        wrong: list[dict[str, Any]] = [
            {"query": {"Sig": mark("query"), "$filter": f"url eq '{sas('filter')}'"}},
            {"headers": {"x-ms-copy-source": sas("header"), "cookie": mark("cookie")}, "json": body},
            {"headers": {"x-mine": mark("header") + "\n"}},
            {"query": {"x": mark("query") + "\0"}},
            {"json": {"password": mark("free") + "\ud800"}},
        ]
        for more in wrong:
            with pytest.raises(BatchioError) as caught:
                await client.request("PUT", f"/x?{sas('path')}", **more)
            # The caller's own arguments stand in the frames of `request` and of what checks and encodes them.
            own = ("/client.py:", "/session/options.py:", "/session/codec.py:")
            shown = "\n".join(
                line for line in shown_by(caught.value).split("\n") if not any(map(line.__contains__, own))
            )
            check(shown, repr(sorted(more)))
            check(pickle.dumps(caught.value), "pickle")


async def test_names_of_files(server: Server, loud: Ear, recorder: Recorder) -> None:
    server.otherwise = ECHOES["refused"]
    name = f"wd/out?sig={mark('name')}&se=1"
    async with _client(server, "key", recorder) as client:
        outcome = await _outcome(client.tasks.get_file("j", "t", name))
        assert isinstance(outcome, BatchioError)
        check(str(outcome) + repr(outcome), "error")
        check(pickle.dumps(outcome), "pickle")
    assert any("Tasks_GetTaskFile" in line for line in loud.said)


@pytest.mark.parametrize("way", ["wants a sign-in", "says no", "is away", "says nothing", "is none", "is not there"])
@pytest.mark.usefixtures("loud")
async def test_a_proxy_with_a_password(
    server: Server, recorder: Recorder, monkeypatch: pytest.MonkeyPatch, way: str
) -> None:
    address = server.endpoint.removeprefix("http://")
    for name in ("http_proxy", "https_proxy"):
        monkeypatch.setenv(name, f"http://user:{mark('proxy')}@{address}")
    monkeypatch.delenv("no_proxy", raising=False)
    monkeypatch.delenv("NO_PROXY", raising=False)
    ways: dict[str, Any] = {
        "wants a sign-in": lambda heard: answer(407, text_of(heard).encode(), Proxy_Authenticate="Basic"),
        "says no": lambda heard: answer(502, f"<pre>{_request(heard)}".encode()),
        "says nothing": HANG,
        "is none": Reply(f"SSH-2.0-{mark('banner')}\r\n\r\n".encode()),
    }
    server.otherwise = ways.get(way, DROP)
    if way == "is not there":
        await server.stop()
    retry = RetryPolicy(attempts=1)
    for endpoint in ("https://acme.westeurope.batch.azure.com", "http://acme.westeurope.batch.azure.com"):
        async with BatchClient(
            endpoint,
            TaskTokenCredential(TOKEN),
            allow_http=True,
            retry=retry,
            timeout=0.1 if way == "says nothing" else 10.0,
            telemetry=recorder.telemetry,
        ) as client:
            outcome = await _outcome(client.pools.get("p"))
            assert isinstance(outcome, BatchioError)
            _look_at(outcome, f"{endpoint}, {way}")
            check(repr(vars(client)), "client")
    if way in ("wants a sign-in", "says no"):
        assert all("proxy-authorization" in heard.headers for heard in server.heard)
        assert len(server.heard) == 2


def test_a_proxy_that_is_no_url(monkeypatch: pytest.MonkeyPatch, ear: Ear) -> None:
    monkeypatch.setenv("https_proxy", f"http://user:{mark('proxy')}@[x")
    with pytest.raises(BatchioError) as caught:
        BatchClient("https://acme.westeurope.batch.azure.com", TaskTokenCredential(TOKEN))
    check(shown_by(caught.value), "error")
    assert not ear.said


@pytest.mark.parametrize(
    ("endpoint", "account", "key"),
    [
        (f"https://user:{mark('endpoint')}@acme.batch.azure.com", "acme", KEY),
        (f"https://{mark('endpoint')}@acme.batch.azure.com", "acme", KEY),
        (f"https://acme.batch.azure.com/?sig={mark('endpoint')}", "acme", KEY),
        (f"ftp://user:{mark('endpoint')}@[acme", "acme", KEY),
        ("https://acme.batch.azure.com", "acme", f"{KEY[:-3]}!"),
        ("https://acme.batch.azure.com", "acme\n", KEY),
        ("https://acme.batch.azure.com", None, KEY),
    ],
)
def test_a_wrong_environment(
    monkeypatch: pytest.MonkeyPatch, ear: Ear, endpoint: str, account: str | None, key: str
) -> None:
    monkeypatch.setenv("AZURE_BATCH_ENDPOINT", endpoint)
    monkeypatch.setenv("AZURE_BATCH_ACCESS_KEY", key)
    monkeypatch.delenv("AZURE_BATCH_ACCOUNT", raising=False)
    if account is not None:
        monkeypatch.setenv("AZURE_BATCH_ACCOUNT", account)
    with pytest.raises(BatchioError) as caught:
        BatchClient.from_environment()
    lines = shown_by(caught.value).split("\n")
    # The endpoint stands in the frames of whoever gave it.
    check("\n".join(line for line in lines if "endpoint.py" not in line and "endpoint=" not in line), endpoint)
    assert not ear.said
