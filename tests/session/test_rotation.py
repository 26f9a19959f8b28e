"""AzureNamedKeyCredential: the key is read for every request, so that a rotated one is used at once."""

from __future__ import annotations

import base64
from typing import Any

import pytest
from azure.core.credentials import AzureNamedKeyCredential

from batchio import BatchClient, BatchioError, ClientAuthenticationError, ConfigurationError, CredentialError

from .driving import ACCOUNT, KEY, connect, signature_of
from .server import Heard, Reply, Server, answer, refusal

OTHER_KEY = base64.b64encode(b"the key after rotation").decode()


async def test_a_key_is_rotated_between_requests(server: Server) -> None:
    credential = AzureNamedKeyCredential(ACCOUNT, KEY)
    server.otherwise = answer(200, {"id": "j"})
    async with connect(server, credential) as client:
        await client.jobs.get("j")
        credential.update(ACCOUNT, OTHER_KEY)
        await client.jobs.get("j")
        credential.update("other", KEY)
        await client.jobs.get("j")
    first, second, third = server.heard
    assert first.headers["authorization"] == signature_of(first, key=KEY)
    assert second.headers["authorization"] == signature_of(second, key=OTHER_KEY)
    assert third.headers["authorization"] == signature_of(third, "other", KEY)


async def test_a_key_is_rotated_between_two_tries(server: Server) -> None:
    credential = AzureNamedKeyCredential(ACCOUNT, KEY)

    def refuse_and_rotate(_: Heard) -> Reply:
        credential.update(ACCOUNT, OTHER_KEY)
        return refusal(403, "AuthenticationFailed")

    server.say(refuse_and_rotate, answer(200, {"id": "j"}))
    async with connect(server, credential) as client:
        await client.jobs.get("j")
    first, second = server.heard
    assert first.headers["authorization"] == signature_of(first, key=KEY)
    assert second.headers["authorization"] == signature_of(second, key=OTHER_KEY)


async def test_a_key_that_stays_wrong_is_an_error(server: Server) -> None:
    server.otherwise = refusal(403, "AuthenticationFailed")
    async with connect(server, AzureNamedKeyCredential(ACCOUNT, KEY)) as client:
        with pytest.raises(ClientAuthenticationError):
            await client.jobs.get("j")
    assert len(server.heard) == 2


def test_a_bad_key_is_refused_when_the_client_is_made() -> None:
    with pytest.raises(ConfigurationError, match="not base64"):
        BatchClient("https://acme.batch.azure.com", AzureNamedKeyCredential("acme", "?"))


async def test_a_bad_key_after_rotation_is_an_error_and_not_the_end(server: Server) -> None:
    credential = AzureNamedKeyCredential(ACCOUNT, KEY)
    server.otherwise = answer(200, {"id": "j"})
    async with connect(server, credential) as client:
        credential.update(ACCOUNT, "?!?")
        with pytest.raises(ConfigurationError, match="not base64") as caught:
            await client.jobs.get("j")
        assert "?!?" not in str(caught.value)
        assert not server.heard
        credential.update(ACCOUNT, OTHER_KEY)
        await client.jobs.get("j")
    assert server.heard[0].headers["authorization"] == signature_of(server.heard[0], key=OTHER_KEY)


class Vault:
    """A credential of somebody's own, that reads its key from somewhere."""

    def __init__(self) -> None:
        self.is_open = True

    @property
    def named_key(self) -> Any:
        if not self.is_open:
            raise KeyError("vault")
        return AzureNamedKeyCredential(ACCOUNT, KEY).named_key


async def test_a_credential_that_gives_no_key(server: Server) -> None:
    vault = Vault()
    server.otherwise = answer(200, {"id": "j"})
    async with connect(server, vault) as client:
        await client.jobs.get("j")
        vault.is_open = False
        with pytest.raises(CredentialError, match=r"^the credential gave no key: KeyError: 'vault'$") as caught:
            await client.jobs.get("j")
    assert isinstance(caught.value.__cause__, KeyError)
    assert isinstance(caught.value, BatchioError)
    assert len(server.heard) == 1
