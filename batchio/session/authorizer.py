"""A credential becomes the Authorization header of one request.

Law: nothing is kept that can be rotated: an `AzureNamedKeyCredential` is read for every request.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Protocol

from ..credentials import (
    AsyncTokenCredential,
    AsyncTokenInfoCredential,
    NamedKeyCredential,
    SharedKeyCredential,
    TaskTokenCredential,
    decode_key,
    is_header_text,
)
from ..errors import BatchioError, ConfigurationError, CredentialError
from ..hiding import cause
from .auth import Signer
from .endpoint import Endpoint, token_scope
from .request import Request
from .tokens import TokenSource


class Authorizer(Protocol):
    """Makes the Authorization header."""

    async def authorize(self, request: Request, headers: Mapping[str, str]) -> str:
        """The header's value; `headers` are those that will be sent, with lower-case names."""
        ...

    def refused(self, header: str) -> None:
        """The service has refused this header: make the next one from fresh material."""
        ...

    async def close(self) -> None:
        """Let go of what was opened here."""
        ...


def authorizer_for(credential: Any | None, endpoint: Endpoint, cloud: str | None) -> Authorizer:
    """The authorizer for what the caller gave; raises `ConfigurationError` for anything unknown."""
    scope = token_scope(endpoint, cloud)
    if isinstance(credential, SharedKeyCredential):
        return _KeyAuthorizer(lambda: (credential.account, credential.key))
    if isinstance(credential, TaskTokenCredential):
        return _FixedTokenAuthorizer(credential)
    if credential is None or isinstance(credential, AsyncTokenInfoCredential | AsyncTokenCredential):
        return _TokenAuthorizer(TokenSource(credential, scope))
    if isinstance(credential, NamedKeyCredential):
        return _KeyAuthorizer(lambda: _named_key(credential))
    raise ConfigurationError(
        f"credential: {type(credential).__name__} is none that batchio knows: SharedKeyCredential, "
        "AzureNamedKeyCredential, an asynchronous credential of azure.identity.aio, or TaskTokenCredential"
    )


class _KeyAuthorizer:
    def __init__(self, read: Callable[[], tuple[str, str]]) -> None:
        self._read = read
        self._pair = read()
        self._signer = _signer(self._pair)

    async def authorize(self, request: Request, headers: Mapping[str, str]) -> str:
        try:
            pair = self._read()
            if pair != self._pair:
                self._signer, self._pair = _signer(pair), pair
        except BatchioError:
            raise
        except Exception as error:  # noqa: BLE001 - whatever it is becomes ours
            raise CredentialError(f"the credential gave no key: {type(error).__name__}: {error}") from cause(error)
        return self._signer.sign(request.method, request.resource, headers, len(request.body or b""))

    def refused(self, header: str) -> None:
        """The key is read for every request anyway."""

    async def close(self) -> None:
        """Nothing was opened."""


def _signer(pair: tuple[str, str]) -> Signer:
    return Signer(pair[0], decode_key(*pair))


def _named_key(credential: NamedKeyCredential) -> tuple[str, str]:
    pair = credential.named_key
    return pair.name, pair.key


class _TokenAuthorizer:
    def __init__(self, source: TokenSource) -> None:
        self._source = source

    async def authorize(self, request: Request, headers: Mapping[str, str]) -> str:  # noqa: ARG002 - the protocol's
        token = await self._source.get(request.timeout)
        if not is_header_text(token):
            raise CredentialError("the credential gave a token that cannot stand in a header")
        return f"Bearer {token}"

    def refused(self, header: str) -> None:
        self._source.drop(header.removeprefix("Bearer "))

    async def close(self) -> None:
        await self._source.close()


class _FixedTokenAuthorizer:
    def __init__(self, credential: TaskTokenCredential) -> None:
        self._header = f"Bearer {credential.token}"

    async def authorize(self, request: Request, headers: Mapping[str, str]) -> str:  # noqa: ARG002 - the protocol's
        return self._header

    def refused(self, header: str) -> None:
        """There is no other token."""

    async def close(self) -> None:
        """Nothing was opened."""
