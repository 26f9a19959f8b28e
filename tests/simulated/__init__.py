"""The engine on a virtual clock, with a service in memory: hours of trouble in seconds, the same each time.

Law: nothing of the client is replaced but its transport and its clocks; whatever is drawn comes from one seed.
"""

from __future__ import annotations

from .clock import StuckError, VirtualLoop, run
from .service import MemoryService
from .transport import connect

__all__ = ["MemoryService", "StuckError", "VirtualLoop", "connect", "run"]
