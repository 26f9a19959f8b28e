"""The scripted service without its sockets.

Law: what it does to a request is the scripted service's; only the way there and back is another.
"""

from __future__ import annotations

from scripted.service import ScriptedService


class MemoryService(ScriptedService):
    """A `ScriptedService` that is reached by a `MemoryTransport`. After `stop` it refuses connections until `start`."""

    def __init__(self) -> None:
        super().__init__()
        self.is_listening = False

    async def start(self) -> None:
        self.is_listening = True

    async def stop(self) -> None:
        self.is_listening = False
        await super().stop()

    def _tick(self, due: float) -> None:
        """A loop on a virtual clock is never late: look once, and no more."""
        self._ticker = self._loop.call_at(due, lambda: None)
