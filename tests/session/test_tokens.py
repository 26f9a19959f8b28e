"""Tokens: kept, refreshed before they expire, fetched once for all who wait."""

from __future__ import annotations

import asyncio
import contextlib
import sys
from types import SimpleNamespace
from typing import Any, cast
from unittest.mock import AsyncMock, MagicMock

import azure.identity
import azure.identity.aio
import pytest

from batchio import (
    BatchClient,
    ClientAuthenticationError,
    ConfigurationError,
    ConnectError,
    CredentialError,
    RetryPolicy,
    TaskTokenCredential,
)
from batchio.resources.jobs import Jobs
from batchio.session import tokens
from batchio.session.endpoint import parse_endpoint, token_scope
from batchio.session.tokens import TokenSource

from .credentials import SynchronousCredential, TokenCredential, TokenInfoCredential
from .driving import Clock, connect, opened, stray_tasks
from .server import PATIENCE, Heard, Reply, Server, answer, refusal

SCOPE = "https://batch.core.windows.net//.default"


@pytest.fixture
def credential(clock: Clock) -> TokenCredential:
    return TokenCredential(clock)


@pytest.fixture
def source(credential: TokenCredential, clock: Clock) -> TokenSource:
    return TokenSource(credential, SCOPE, wall=clock)


async def settled() -> None:
    """Let everything run that can."""
    for _ in range(10):
        await asyncio.sleep(0)


async def test_a_token_travels_as_bearer(server: Server, credential: TokenCredential) -> None:
    server.say(answer(200, {"id": "j"}))
    async with connect(server, credential) as client:
        await client.jobs.get("j")
    assert server.heard[0].headers["authorization"] == "Bearer token-1"
    assert credential.asked == [SCOPE]
    assert credential.closed == 0


async def test_a_token_is_kept(source: TokenSource, credential: TokenCredential, clock: Clock) -> None:
    assert await source.get(None) == "token-1"
    clock.now += 3600 - 301
    assert await source.get(None) == "token-1"
    assert len(credential.asked) == 1


async def test_a_token_is_refreshed_before_it_expires_and_nobody_waits_for_that(
    source: TokenSource, credential: TokenCredential, clock: Clock
) -> None:
    await source.get(None)
    clock.now += 3600 - 299
    credential.gate.clear()
    assert [await source.get(None) for _ in range(5)] == ["token-1"] * 5
    await settled()
    assert len(credential.asked) == 2
    credential.gate.set()
    await settled()
    assert await source.get(None) == "token-2"
    assert len(credential.asked) == 2


async def test_an_expired_token_is_not_used(source: TokenSource, credential: TokenCredential, clock: Clock) -> None:
    await source.get(None)
    clock.now += 3600 - 29
    assert await source.get(None) == "token-2"
    assert len(credential.asked) == 2


async def test_the_time_to_refresh_is_the_credentials_word(clock: Clock) -> None:
    credential = TokenInfoCredential(clock)
    credential.refresh_in = 1800
    source = TokenSource(credential, SCOPE, wall=clock)
    assert await source.get(None) == "token-1"
    clock.now += 1799
    assert await source.get(None) == "token-1"
    assert len(credential.asked) == 1
    clock.now += 2
    assert await source.get(None) == "token-1"
    await settled()
    assert await source.get(None) == "token-2"


@pytest.mark.parametrize(("refresh_in", "lifetime"), [(-100, 3600), (None, 200)])
async def test_a_token_that_is_to_be_refreshed_at_once_is_not_asked_for_with_every_request(
    clock: Clock, refresh_in: float | None, lifetime: float
) -> None:
    credential = TokenInfoCredential(clock, lifetime=lifetime)
    credential.refresh_in = refresh_in
    source = TokenSource(credential, SCOPE, wall=clock)
    for _ in range(20):
        assert await source.get(None) == "token-1"
        await settled()
    assert len(credential.asked) == 1
    clock.now += 31
    await source.get(None)
    await settled()
    assert await source.get(None) == "token-2"


async def test_a_token_that_hardly_lives_is_asked_for_anew(clock: Clock) -> None:
    source = TokenSource(TokenCredential(clock, lifetime=5), SCOPE, wall=clock)
    assert [await source.get(None) for _ in range(3)] == ["token-1", "token-2", "token-3"]


async def test_one_refresh_serves_all_who_wait(source: TokenSource, credential: TokenCredential) -> None:
    credential.gate.clear()
    waiting = [asyncio.create_task(source.get(None)) for _ in range(100)]
    await settled()
    credential.gate.set()
    assert set(await asyncio.gather(*waiting)) == {"token-1"}
    assert len(credential.asked) == 1


async def test_one_refresh_serves_all_requests(server: Server, credential: TokenCredential) -> None:
    server.otherwise = answer(200, {"id": "j"})
    async with connect(server, credential) as client:
        await asyncio.gather(*(client.jobs.get("j") for _ in range(100)))
    assert len(credential.asked) == 1
    assert {heard.headers["authorization"] for heard in server.heard} == {"Bearer token-1"}


async def test_one_who_is_cancelled_does_not_disturb_the_others(
    source: TokenSource, credential: TokenCredential
) -> None:
    credential.gate.clear()
    first, *others = [asyncio.create_task(source.get(None)) for _ in range(3)]
    await settled()
    first.cancel()
    await settled()
    assert first.cancelled()
    credential.gate.set()
    assert await asyncio.gather(*others) == ["token-1", "token-1"]
    assert len(credential.asked) == 1


async def test_a_failed_refresh_does_not_matter_while_the_token_is_valid(
    source: TokenSource, credential: TokenCredential, clock: Clock
) -> None:
    await source.get(None)
    clock.now += 3600 - 200
    credential.failure = OSError("the token service is away")
    for _ in range(10):
        assert await source.get(None) == "token-1"
        await settled()
    assert len(credential.asked) == 2  # not with every request
    clock.now += 31
    assert await source.get(None) == "token-1"
    await settled()
    assert len(credential.asked) == 3
    credential.failure = None
    clock.now += 31
    await source.get(None)
    await settled()
    assert await source.get(None) == "token-4"


async def test_a_failed_refresh_matters_when_the_token_is_over(
    source: TokenSource, credential: TokenCredential, clock: Clock
) -> None:
    await source.get(None)
    clock.now += 3600
    credential.failure = OSError("the token service is away")
    with pytest.raises(CredentialError):
        await source.get(None)
    credential.failure = None
    assert await source.get(None) == "token-3"


async def test_no_token_at_all(server: Server, credential: TokenCredential) -> None:
    credential.failure = OSError("the token service is away")
    async with connect(server, credential) as client:
        with pytest.raises(
            CredentialError, match=r"^the credential gave no token: OSError: the token service is away$"
        ) as caught:
            await client.jobs.get("j")
    assert caught.value.__cause__ is credential.failure
    assert not server.heard
    assert len(credential.asked) == 1


async def test_all_who_wait_hear_of_the_failure(source: TokenSource, credential: TokenCredential) -> None:
    credential.failure = OSError("away")
    failures = await asyncio.gather(*(source.get(None) for _ in range(10)), return_exceptions=True)
    assert [type(failure) for failure in failures] == [CredentialError] * 10
    assert len(credential.asked) == 1


async def test_a_credential_that_hangs_is_bounded_by_the_calls_timeout(
    server: Server, credential: TokenCredential
) -> None:
    credential.gate.clear()
    server.say(answer(200, {"id": "j"}))
    async with connect(server, credential) as client, asyncio.timeout(PATIENCE):
        with pytest.raises(CredentialError, match=r"^the credential gave no token within 0\.01 s$"):
            await client.jobs.get("j", timeout=0.01)
        patient = asyncio.create_task(client.jobs.get("j"))
        with pytest.raises(CredentialError):
            await client.jobs.get("j", timeout=0.01)
        credential.gate.set()
        assert (await patient).id == "j"
    assert len(credential.asked) == 1


async def test_a_fetch_is_bounded_for_those_who_have_no_timeout(
    source: TokenSource, credential: TokenCredential, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tokens, "_FETCH_SECONDS", 0.01)
    credential.gate.clear()
    with pytest.raises(CredentialError, match="TimeoutError"):
        await asyncio.wait_for(source.get(None), PATIENCE)
    credential.gate.set()
    assert await source.get(None) == "token-2"


async def test_closing_ends_the_waiting(server: Server, credential: TokenCredential) -> None:
    credential.gate.clear()
    client = connect(server, credential)
    calls = [asyncio.create_task(client.jobs.get("j")) for _ in range(3)]
    await settled()
    await client.close()
    failures = await asyncio.gather(*calls, return_exceptions=True)
    assert [str(failure) for failure in failures] == ["the client is closed"] * 3
    with pytest.raises(ConnectError, match=r"^the client is closed$"):
        await client.jobs.get("j")
    assert len(credential.asked) == 1
    assert credential.closed == 0
    assert not server.heard
    assert not stray_tasks(server)


async def test_closing_before_the_fetch_has_begun(source: TokenSource, credential: TokenCredential) -> None:
    call = asyncio.create_task(source.get(None))
    await asyncio.sleep(0)
    await source.close()
    with pytest.raises(ConnectError, match=r"^the client is closed$"):
        await call
    assert not credential.asked


# The service refuses a token.


async def test_a_refused_token_is_replaced_once(server: Server, credential: TokenCredential) -> None:
    server.say(refusal(401, "AuthenticationFailed"), answer(201))
    async with connect(server, credential, retry=RetryPolicy(attempts=1)) as client:
        await client.jobs.create({"id": "j", "poolInfo": {"poolId": "p"}})
    first, second = server.heard
    assert [first.headers["authorization"], second.headers["authorization"]] == ["Bearer token-1", "Bearer token-2"]
    assert first.headers["client-request-id"] == second.headers["client-request-id"]


async def test_a_token_that_is_refused_again_is_an_error(server: Server, credential: TokenCredential) -> None:
    server.otherwise = refusal(401, "AuthenticationFailed")
    async with connect(server, credential) as client, asyncio.timeout(PATIENCE):
        with pytest.raises(ClientAuthenticationError):
            await client.jobs.get("j")
        assert len(server.heard) == 2
        with pytest.raises(ClientAuthenticationError):
            await client.jobs.get("j")
    assert len(server.heard) == 4


async def test_one_refresh_serves_all_who_were_refused(server: Server, credential: TokenCredential) -> None:
    def judge(heard: Heard) -> Reply:
        is_old = heard.headers["authorization"] == "Bearer token-1"
        return refusal(401, "AuthenticationFailed") if is_old else answer(200, {"id": "j"})

    server.otherwise = judge
    async with connect(server, credential) as client:
        await asyncio.gather(*(client.jobs.get("j") for _ in range(20)))
    assert len(credential.asked) == 2


async def test_a_late_refusal_of_the_old_token_does_not_cost_the_new_one(
    source: TokenSource, credential: TokenCredential
) -> None:
    assert await source.get(None) == "token-1"
    source.drop("token-1")
    assert await source.get(None) == "token-2"
    source.drop("token-1")
    assert await source.get(None) == "token-2"
    assert len(credential.asked) == 2


async def test_a_lack_of_rights_is_not_asked_twice(server: Server, credential: TokenCredential) -> None:
    server.otherwise = refusal(403, "AuthorizationFailure")
    async with connect(server, credential) as client:
        with pytest.raises(ClientAuthenticationError):
            await client.jobs.get("j")
    assert len(server.heard) == 1


@pytest.mark.parametrize("text", ["", "a\r\nx: y", "ü", "a\nb"])
async def test_a_token_that_cannot_stand_in_a_header(server: Server, text: str) -> None:
    credential = AsyncMock()
    credential.get_token_info.return_value = SimpleNamespace(token=text, expires_on=9e9, refresh_on=None)
    async with connect(server, credential) as client:
        with pytest.raises(
            CredentialError, match=r"^the credential gave a token that cannot stand in a header$"
        ) as caught:
            await client.jobs.get("j")
    if text:
        assert text not in str(caught.value)
    assert not server.heard


async def test_a_token_without_an_end_is_an_error(server: Server) -> None:
    credential = AsyncMock()
    credential.get_token_info.return_value = SimpleNamespace(token="t", expires_on=None)
    async with connect(server, credential) as client:
        with pytest.raises(CredentialError, match="TypeError"):
            await client.jobs.get("j")


@pytest.mark.parametrize(
    "rubbish",
    [
        None,
        "a token",
        SimpleNamespace(token=None, expires_on=9e9),
        SimpleNamespace(token=b"s3cret", expires_on=9e9),
        SimpleNamespace(token="s3cret", expires_on="tomorrow"),
        SimpleNamespace(token="s3cret", expires_on=float("nan")),
        SimpleNamespace(token="s3cret", expires_on=10**400),
        # It would be asked for anew with every request.
        SimpleNamespace(token="s3cret", expires_on=9e9, refresh_on=float("nan")),
    ],
)
async def test_rubbish_is_no_token(server: Server, rubbish: Any) -> None:
    credential = AsyncMock()
    credential.get_token_info.return_value = rubbish
    async with connect(server, credential) as client:
        with pytest.raises(CredentialError, match=r"^the credential gave no token: ") as caught:
            await client.jobs.get("j")
    assert "s3cret" not in str(caught.value)
    assert not server.heard


async def test_a_credential_that_was_cancelled_is_not_a_client_that_was_closed(server: Server) -> None:
    """Something inside of it was; the next call asks again."""
    credential = AsyncMock()
    credential.get_token_info.side_effect = [
        asyncio.CancelledError(),
        SimpleNamespace(token="t", expires_on=9e9, refresh_on=None),
    ]
    server.say(answer(200, {"id": "j"}))
    async with connect(server, credential) as client:
        with pytest.raises(CredentialError, match=r"^the credential gave no token: something in it was cancelled$"):
            await client.jobs.get("j")
        await client.jobs.get("j")


async def test_a_credential_that_does_not_end_does_not_keep_a_client_from_closing(
    server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tokens, "_CLOSE_SECONDS", 0.01)
    leave = asyncio.Event()

    class Stubborn(TokenCredential):
        async def get_token(self, *_: str, **__: Any) -> Any:
            while not leave.is_set():
                with contextlib.suppress(asyncio.CancelledError):
                    await leave.wait()
            raise ValueError("at last")

    client = connect(server, Stubborn(Clock()))
    call = asyncio.create_task(client.jobs.get("j"))
    await settled()
    async with asyncio.timeout(PATIENCE):
        await client.close()
        leave.set()
        with pytest.raises(CredentialError):
            await call


# Kinds of credentials.


SYNCHRONOUS = (
    r"^credential: a synchronous credential would block the event loop; "
    r"use its namesake of azure\.identity\.aio, whose get_token is awaited$"
)


def test_a_synchronous_credential_is_refused() -> None:
    endpoint = "https://acme.westeurope.batch.azure.com"
    for synchronous in (SynchronousCredential(), azure.identity.DefaultAzureCredential()):
        with pytest.raises(ConfigurationError, match=SYNCHRONOUS):
            BatchClient(endpoint, cast("Any", synchronous))


async def test_a_synchronous_credential_in_disguise_is_refused_at_the_first_request(server: Server) -> None:
    disguised = MagicMock(spec=["get_token"])
    async with connect(server, disguised) as client:
        with pytest.raises(ConfigurationError, match=SYNCHRONOUS):
            await client.jobs.get("j")
    assert not server.heard


async def test_credentials_that_are_accepted(clock: Clock) -> None:
    endpoint = "https://acme.westeurope.batch.azure.com"
    async with azure.identity.aio.DefaultAzureCredential() as default:
        for credential in (TokenCredential(clock), TokenInfoCredential(clock), AsyncMock(), default):
            await BatchClient(endpoint, credential).close()


async def test_a_mock_of_a_credential_works(server: Server) -> None:
    credential = SimpleNamespace(get_token=AsyncMock(return_value=SimpleNamespace(token="mocked", expires_on=9e9)))
    server.say(answer(200, {"id": "j"}))
    async with connect(server, credential) as client:
        await client.jobs.get("j")
    assert server.heard[0].headers["authorization"] == "Bearer mocked"
    credential.get_token.assert_awaited_once_with(SCOPE)


async def test_a_task_token(server: Server) -> None:
    server.say(answer(200, {"id": "j"}), refusal(401, "AuthenticationFailed"), refusal(401, "AuthenticationFailed"))
    async with connect(server, TaskTokenCredential("node-token")) as client:
        await client.jobs.get("j")
        with pytest.raises(ClientAuthenticationError):
            await client.jobs.get("j")
    assert {heard.headers["authorization"] for heard in server.heard} == {"Bearer node-token"}


@pytest.mark.parametrize("token", ["", " ", "a b", "a\n", "ü", "a\tb", None, 5])
def test_a_malformed_task_token(token: Any) -> None:
    with pytest.raises(ConfigurationError, match="credential: "):
        TaskTokenCredential(token)


# Who closes what.


async def test_our_own_credential_is_closed(server: Server, clock: Clock, monkeypatch: pytest.MonkeyPatch) -> None:
    made: list[TokenCredential] = []

    def make() -> TokenCredential:
        made.append(TokenCredential(clock))
        return made[-1]

    monkeypatch.setattr(azure.identity.aio, "DefaultAzureCredential", make)
    clock.now = 9e9
    server.say(answer(200, {"id": "j"}), answer(200, {"id": "j"}))
    async with BatchClient(server.endpoint) as client:
        assert not made
        await client.jobs.get("j")
        await client.jobs.get("j")
    assert [credential.closed for credential in made] == [1]
    with pytest.raises(ConnectError):
        await client.jobs.get("j")
    assert len(made) == 1


async def test_an_own_credential_that_was_never_needed_is_never_made(server: Server) -> None:
    async with BatchClient(server.endpoint):
        pass
    assert not server.heard


async def test_a_credential_that_was_handed_in_is_not_closed(server: Server, credential: TokenCredential) -> None:
    server.say(answer(200, {"id": "j"}))
    async with connect(server, credential) as client:
        await client.jobs.get("j")
    assert credential.closed == 0


async def test_azure_identity_that_cannot_be_loaded(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "azure.identity.aio", None)
    async with BatchClient(server.endpoint) as client:
        with pytest.raises(CredentialError, match=r"azure\.identity\.aio") as caught:
            await client.jobs.get("j")
    assert isinstance(caught.value.__cause__, ImportError)


# Scopes.


@pytest.mark.parametrize(
    ("endpoint", "cloud", "scope"),
    [
        ("https://a.westeurope.batch.azure.com", None, SCOPE),
        ("https://a.usgovvirginia.batch.usgovcloudapi.net", None, "https://batch.core.usgovcloudapi.net//.default"),
        ("https://a.chinaeast2.batch.chinacloudapi.cn", None, "https://batch.chinacloudapi.cn//.default"),
        ("https://A.CHINAEAST2.BATCH.CHINACLOUDAPI.CN", None, "https://batch.chinacloudapi.cn//.default"),
        ("https://notchinacloudapi.cn", None, SCOPE),
        ("https://a.westeurope.batch.azure.com", "china", "https://batch.chinacloudapi.cn//.default"),
        ("https://a.chinaeast2.batch.chinacloudapi.cn", "public", SCOPE),
        ("https://a.westeurope.batch.azure.com", "https://own.example//.default", "https://own.example//.default"),
    ],
)
def test_scopes(endpoint: str, cloud: str | None, scope: str) -> None:
    assert token_scope(parse_endpoint(endpoint), cloud) == scope


def test_an_unknown_cloud_is_told_the_known_ones() -> None:
    with pytest.raises(ConfigurationError) as caught:
        token_scope(parse_endpoint("https://a.example"), "mars")
    known = "public, usgovernment, china"
    assert str(caught.value) == f"cloud: 'mars' is unknown; known are {known}, or give a scope"


async def test_the_cloud_reaches_the_credential(server: Server, credential: TokenCredential) -> None:
    server.say(answer(200, {"id": "j"}))
    async with connect(server, credential, cloud="usgovernment") as client:
        await client.jobs.get("j")
    assert credential.asked == ["https://batch.core.usgovcloudapi.net//.default"]


async def test_a_session_uses_one_clock_for_dates(server: Server, clock: Clock, credential: TokenCredential) -> None:
    server.say(answer(200, {"id": "j"}))
    async with opened(server, credential, clock=clock) as session:
        await Jobs(session).get("j")
    assert server.heard[0].headers["ocp-date"] == "Tue, 14 Nov 2023 22:13:20 GMT"
