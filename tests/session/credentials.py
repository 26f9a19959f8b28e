"""Credentials for tests: what azure-identity offers, and under the test's control."""

from __future__ import annotations

import asyncio
from typing import Any, NamedTuple

from .driving import Clock


class Token(NamedTuple):
    """What azure-core calls AccessToken."""

    token: str
    expires_on: int


class TokenInfo(NamedTuple):
    """What azure-core calls AccessTokenInfo."""

    token: str
    expires_on: int
    refresh_on: int | None = None


class TokenCredential:
    """Gives token-1, token-2 ...; `gate` holds it, `failure` is raised instead, `lifetime` is in seconds."""

    def __init__(self, clock: Clock, *, lifetime: float = 3600.0) -> None:
        self.clock = clock
        self.lifetime = lifetime
        self.asked: list[str] = []
        self.gate = asyncio.Event()
        self.gate.set()
        self.failure: Exception | None = None
        self.closed = 0

    async def get_token(self, *scopes: str, **_: Any) -> Token:
        """The next token."""
        self.asked += scopes
        number = len(self.asked)
        await self.gate.wait()
        if self.failure is not None:
            raise self.failure
        return Token(f"token-{number}", int(self.clock.now + self.lifetime))

    async def close(self) -> None:
        """Counted: nobody but its owner may call it."""
        self.closed += 1


class TokenInfoCredential(TokenCredential):
    """The newer kind; `refresh_in` is in seconds."""

    refresh_in: float | None = None

    async def get_token_info(self, *scopes: str, options: Any = None) -> TokenInfo:
        """The next token, and when to ask again."""
        assert options is None
        token, expires_on = await self.get_token(*scopes)
        return TokenInfo(token, expires_on, None if self.refresh_in is None else int(self.clock.now + self.refresh_in))


class SynchronousCredential:
    """What azure.identity without `.aio` offers."""

    def get_token(self, *_: str, **__: Any) -> Token:
        """Blocks."""
        raise AssertionError("a synchronous credential was asked")
