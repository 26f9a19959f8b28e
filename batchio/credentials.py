"""What signs a request.

Law: a credential is a value that shows no secret; signing and fetching tokens happen in `session`.
"""

from __future__ import annotations

import base64
import binascii
from typing import Any, Protocol, runtime_checkable

from .errors import ConfigurationError


class SharedKeyCredential:
    """An account's name and one of its two access keys (base64, as the portal shows it).

    Raises `ConfigurationError` when the key is not base64.

    >>> SharedKeyCredential("myaccount", "c2VjcmV0")
    SharedKeyCredential('myaccount', key='***')
    """

    __slots__ = ("_account", "_key")

    def __init__(self, account: str, key: str) -> None:
        decode_key(account, key)
        self._account = account
        self._key = key

    @property
    def account(self) -> str:
        """The account's name."""
        return self._account

    @property
    def key(self) -> str:
        """The access key, base64. A secret."""
        return self._key

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self._account!r}, key='***')"


class TaskTokenCredential:
    """The bearer token that a task's node gives to the task (`AZ_BATCH_AUTHENTICATION_TOKEN`)."""

    __slots__ = ("_token",)

    def __init__(self, token: str) -> None:
        if not isinstance(token, str) or not is_header_text(token) or " " in token:
            raise ConfigurationError("credential: the task's authentication token is empty or malformed")
        self._token = token

    @property
    def token(self) -> str:
        """The bearer token. A secret."""
        return self._token

    def __repr__(self) -> str:
        return f"{type(self).__name__}(token='***')"


@runtime_checkable
class NamedKeyCredential(Protocol):
    """What azure-core's `AzureNamedKeyCredential` offers; read anew for every request, so that rotation works."""

    @property
    def named_key(self) -> Any:
        """A pair with `name` and `key`."""


@runtime_checkable
class AsyncTokenCredential(Protocol):
    """What azure-identity's asynchronous credentials offer (`azure.identity.aio`)."""

    async def get_token(self, *scopes: str, **kwargs: Any) -> Any:
        """An access token with `token` and `expires_on` (POSIX seconds)."""


@runtime_checkable
class AsyncTokenInfoCredential(Protocol):
    """The newer form of `AsyncTokenCredential`, which also says when to refresh."""

    async def get_token_info(self, *scopes: str, options: Any = None) -> Any:
        """An access token with `token`, `expires_on` and `refresh_on` (POSIX seconds)."""


Credential = (
    SharedKeyCredential | TaskTokenCredential | NamedKeyCredential | AsyncTokenCredential | AsyncTokenInfoCredential
)
"""What `BatchClient` takes as its credential."""


def is_header_text(text: str) -> bool:
    """Whether a text can stand in a header as it is: printable ASCII, and not empty."""
    return bool(text) and text.isascii() and text.isprintable()


def decode_key(account: str, key: str) -> bytes:
    """The bytes of an access key; `ConfigurationError` names what is wrong, never the key itself."""
    if not isinstance(account, str) or not is_header_text(account) or set(": ") & set(account):
        raise ConfigurationError("credential: the account name is empty or malformed")
    try:
        secret = base64.b64decode(key, validate=True)
    except (binascii.Error, ValueError, TypeError):
        # The chained error could quote the key.
        raise ConfigurationError(f"credential: the key of account {account!r} is not base64") from None
    if not secret:
        raise ConfigurationError(f"credential: the key of account {account!r} is empty")
    return secret
