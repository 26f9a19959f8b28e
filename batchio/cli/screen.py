"""What people see while a command runs: stderr, and nothing but stderr.

Law: it writes what it is given. A stderr that is closed or broken never disturbs the command.
"""

from __future__ import annotations

import asyncio
import sys
import time
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager, suppress
from typing import TYPE_CHECKING

from ..hiding import without_secrets
from .output import can_draw, write_error

if TYPE_CHECKING:
    from rich.console import Console
    from rich.live import Live

LIVE_SECONDS = 0.25
_PLAIN_SECONDS = 10.0


class Screen:
    """`quiet`: neither progress nor notes; warnings and errors always. `plain_seconds`: between two lines of progress
    where there is no terminal.
    """

    def __init__(self, *, quiet: bool, plain_seconds: float = _PLAIN_SECONDS) -> None:
        self._quiet = quiet
        self._plain_seconds = plain_seconds
        self._noted_at = time.monotonic()
        self._console: Console | None = None

    @property
    def is_live(self) -> bool:
        """Whether what is shown is drawn anew again and again: there is a terminal, and it is wanted."""
        # While it draws, stderr is rich's own, which before rich 15 is no terminal.
        return self._console is not None or (not self._quiet and can_draw(sys.stderr))

    def note(self, text: str) -> None:
        """Something good to know."""
        if not self._quiet:
            self.warn(text)

    def warn(self, text: str) -> None:
        """Something that has to be known."""
        if self._console is not None:
            # Above the live line, which would be torn otherwise.
            with suppress(OSError, ValueError):
                self._console.print(without_secrets(text), markup=False, highlight=False, soft_wrap=True)
            return
        write_error(text)

    def note_now_and_then(self, text: Callable[[], str]) -> None:
        """The same, but no more often than progress is shown; for what has no loop to wait in."""
        now = time.monotonic()
        if now - self._noted_at >= self._plain_seconds:
            self._noted_at = now
            self.note(text())

    @asynccontextmanager
    async def showing(self, line: Callable[[], str]) -> AsyncGenerator[None]:
        """Show what `line()` says, again and again, while the block runs."""
        if self._quiet or sys.stderr is None:
            yield
            return
        show = self._live if self.is_live else self._plain
        task = asyncio.create_task(show(line), name="batchio progress")
        try:
            yield
        finally:
            task.cancel()
            await asyncio.wait([task])

    async def _plain(self, line: Callable[[], str]) -> None:
        while True:
            await asyncio.sleep(self._plain_seconds)
            self.note(line())

    async def _live(self, line: Callable[[], str]) -> None:
        from rich.console import Console  # noqa: PLC0415 - only where there is a terminal
        from rich.live import Live  # noqa: PLC0415 - as above

        console = Console(stderr=True)
        with suppress(OSError), Live(console=console, auto_refresh=False, transient=True) as live:
            self._console = console
            try:
                await _refresh(live, line)
            finally:
                self._console = None


async def _refresh(live: Live, line: Callable[[], str]) -> None:
    from rich.text import Text  # noqa: PLC0415 - only where there is a terminal

    while True:
        live.update(Text(line(), overflow="ellipsis", no_wrap=True), refresh=True)
        await asyncio.sleep(LIVE_SECONDS)
