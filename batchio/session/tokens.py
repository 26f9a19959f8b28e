"""Tokens of azure-identity: kept until shortly before they expire, fetched once for all who wait.

Law: the credential belongs to whoever made it. One that was handed in is never closed.
"""

from __future__ import annotations

import asyncio
import inspect
import time
from collections.abc import Callable
from typing import Any

import msgspec

from ..errors import ConfigurationError, CredentialError

_MARGIN = 300.0
_HARD_MARGIN = 30.0
_RETRY_SECONDS = 30.0


class _Token(msgspec.Struct, frozen=True):
    text: str
    refresh_at: float
    expires_at: float

    def __repr__(self) -> str:
        return f"_Token(expires_at={self.expires_at})"


class TokenSource:
    """The current token of a credential for one scope."""

    def __init__(self, credential: Any | None, scope: str, *, wall: Callable[[], float] = time.time) -> None:
        if credential is not None:
            refuse_synchronous(credential)
        self._credential = credential
        self._own = credential is None
        self._scope = scope
        self._wall = wall
        self._token: _Token | None = None
        self._fetching: asyncio.Task[_Token] | None = None

    async def get(self) -> str:
        """The token; waits only where none is valid. Raises `CredentialError`."""
        token, now = self._token, self._wall()
        if token is not None and now < token.refresh_at:
            return token.text
        fetching = self._fetching or self._start()
        if token is not None and now < token.expires_at - _HARD_MARGIN:
            return token.text
        # Shielded: a caller that is cancelled must not take the token from the others who wait for it.
        return (await asyncio.shield(fetching)).text

    def drop(self) -> None:
        """Forget a token that the service has refused."""
        self._token = None

    async def close(self) -> None:
        """Stop fetching, and close the credential if it is our own."""
        fetching, self._fetching = self._fetching, None
        if fetching is not None:
            fetching.cancel()
            await asyncio.wait([fetching])
        if self._own and self._credential is not None:
            await self._credential.close()
            self._credential = None

    def _start(self) -> asyncio.Task[_Token]:
        self._fetching = asyncio.create_task(self._fetch(), name="batchio token")
        self._fetching.add_done_callback(self._fetched)
        return self._fetching

    def _fetched(self, task: asyncio.Task[_Token]) -> None:
        if self._fetching is task:
            self._fetching = None
        if task.cancelled():
            return
        if task.exception() is None:
            self._token = task.result()
        elif self._token is not None:
            # The old one still holds: do not ask again with every request.
            later = self._wall() + _RETRY_SECONDS
            self._token = msgspec.structs.replace(self._token, refresh_at=min(later, self._token.expires_at))

    async def _fetch(self) -> _Token:
        try:
            credential = self._credential
            if credential is None:
                credential = self._credential = _default_credential()
            ask = getattr(credential, "get_token_info", None) or credential.get_token
            answer = ask(self._scope)
            if not inspect.isawaitable(answer):
                raise ConfigurationError(_SYNCHRONOUS)
            found = await answer
            expires_at = float(found.expires_on)
            refresh_at = getattr(found, "refresh_on", None) or expires_at - _MARGIN
            return _Token(str(found.token), min(float(refresh_at), expires_at - _HARD_MARGIN), expires_at)
        except ConfigurationError:
            raise
        except Exception as error:
            raise CredentialError(f"the credential gave no token: {type(error).__name__}: {error}") from error


_SYNCHRONOUS = (
    "credential: a synchronous credential would block the event loop; "
    "use its namesake of azure.identity.aio, whose get_token is awaited"
)


def refuse_synchronous(credential: Any) -> None:
    """Raise `ConfigurationError` for a credential whose `get_token` is a plain function."""
    ask = getattr(credential, "get_token_info", None) or credential.get_token
    target = inspect.unwrap(getattr(ask, "__func__", ask))
    if inspect.isfunction(target) and not inspect.iscoroutinefunction(target):
        raise ConfigurationError(_SYNCHRONOUS)


def _default_credential() -> Any:
    # Loaded here, because it costs more than all of batchio.
    from azure.identity.aio import DefaultAzureCredential  # noqa: PLC0415 - see above

    return DefaultAzureCredential()
