"""Tokens of azure-identity: kept until shortly before they expire, fetched once for all who wait.

Law: the credential belongs to whoever made it. One that was handed in is never closed.
"""

from __future__ import annotations

import asyncio
import importlib
import inspect
import math
import time
from collections.abc import Callable
from typing import Any

import msgspec

from ..errors import ConfigurationError, ConnectError, CredentialError
from ..hiding import cause

_MARGIN = 300.0
_HARD_MARGIN = 30.0
_PAUSE = 30.0
_FETCH_SECONDS = 120.0
_CLOSE_SECONDS = 5.0


class _Token(msgspec.Struct, frozen=True):
    text: str
    refresh_at: float
    expires_at: float

    def __repr__(self) -> str:
        return f"_Token(expires_at={self.expires_at})"

    def not_before(self, moment: float) -> _Token:
        """The same, not refreshed before a moment that it lives to see."""
        refresh_at = min(max(self.refresh_at, moment), self.expires_at - _HARD_MARGIN)
        return msgspec.structs.replace(self, refresh_at=refresh_at)


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
        self._closed = False

    async def get(self, timeout: float | None) -> str:
        """The token; waits only where none is valid, and no longer than `timeout` seconds.

        Raises `CredentialError`, and `ConnectError` where this source is closed.
        """
        token, now = self._token, self._wall()
        if token is not None and now < token.refresh_at:
            return token.text
        if self._closed:
            raise _closed_error()
        fetching = self._fetching or self._start()
        if token is not None and now < token.expires_at - _HARD_MARGIN:
            return token.text
        # Not awaited itself: a caller that is cancelled must not take the token from the others who wait for it.
        done, _ = await asyncio.wait([fetching], timeout=timeout)
        if not done:
            raise CredentialError(f"the credential gave no token within {timeout:g} s")
        if fetching.cancelled():
            raise _closed_error()
        return fetching.result().text

    def drop(self, token: str) -> None:
        """Forget a token that the service has refused; a newer one stays, and one refresh serves all refused."""
        if self._token is not None and self._token.text == token:
            self._token = None

    async def close(self) -> None:
        """Stop fetching, and close the credential if it is our own."""
        self._closed = True
        self._token = None
        fetching = self._fetching
        if fetching is not None:
            fetching.cancel()
            # Not for ever: it is somebody else's code that is asked to end.
            await asyncio.wait([fetching], timeout=_CLOSE_SECONDS)
        if self._own and self._credential is not None:
            await self._credential.close()

    def _start(self) -> asyncio.Task[_Token]:
        self._fetching = asyncio.create_task(self._fetch(), name="batchio token")
        self._fetching.add_done_callback(self._fetched)
        return self._fetching

    def _fetched(self, task: asyncio.Task[_Token]) -> None:
        self._fetching = None
        if self._closed or task.cancelled():
            return
        token = self._token if task.exception() else task.result()
        if token is not None:
            # Whether it is new or still holds: do not ask again with every request.
            self._token = token.not_before(self._wall() + _PAUSE)

    async def _fetch(self) -> _Token:
        try:
            async with asyncio.timeout(_FETCH_SECONDS):
                found = await self._ask()
            return _read(found)
        except ConfigurationError:
            raise
        except asyncio.CancelledError:
            task = asyncio.current_task()
            if task is None or task.cancelling():
                raise
            raise CredentialError("the credential gave no token: something in it was cancelled") from None
        except Exception as error:  # noqa: BLE001 - whatever it is becomes ours
            raise CredentialError(f"the credential gave no token: {type(error).__name__}: {error}") from cause(error)

    async def _ask(self) -> Any:
        if self._credential is None:
            # Loaded here, because it costs more than all of batchio, and in a thread, because the loop must go on.
            identity: Any = await asyncio.to_thread(importlib.import_module, "azure.identity.aio")
            self._credential = identity.DefaultAzureCredential()
        answer = _asker(self._credential)(self._scope)
        if not inspect.isawaitable(answer):
            raise ConfigurationError(_SYNCHRONOUS)
        return await answer


def _read(found: Any) -> _Token:
    """The token in a credential's answer; raises whatever is wrong with that."""
    if not isinstance(found.token, str):
        raise TypeError(f"its token is a {type(found.token).__name__}")
    expires_at = float(found.expires_on)
    refresh_at = float(getattr(found, "refresh_on", None) or expires_at - _MARGIN)
    if math.isnan(expires_at) or math.isnan(refresh_at):
        raise ValueError("its expires_on or refresh_on is no number")
    return _Token(found.token, refresh_at, expires_at)


_SYNCHRONOUS = (
    "credential: a synchronous credential would block the event loop; "
    "use its namesake of azure.identity.aio, whose get_token is awaited"
)


def refuse_synchronous(credential: Any) -> None:
    """Raise `ConfigurationError` for a credential whose `get_token` is a plain function."""
    ask = _asker(credential)
    target = inspect.unwrap(getattr(ask, "__func__", ask))
    if inspect.isfunction(target) and not inspect.iscoroutinefunction(target):
        raise ConfigurationError(_SYNCHRONOUS)


def _closed_error() -> ConnectError:
    return ConnectError("the client is closed", lasting=True)


def _asker(credential: Any) -> Callable[[str], Any]:
    ask: Callable[[str], Any] = getattr(credential, "get_token_info", None) or credential.get_token
    return ask
