"""A local Batch service: a real HTTP service on one machine, with no account, for tests and development.

Law: it sees batchio's errors, credentials, models and tables only, so that the two sides of the wire cannot share
a mistake.

    async with Emulator() as emulator:
        async with BatchClient(emulator.endpoint, emulator.credential) as client: ...

`python -m batchio.emulator --coverage` says of every operation whether it is real, simulated or left out; what is
left out answers 501 NotImplemented. With `nodes="simulate"` pools get nodes that run tasks for a simulated time:
`commands` tells how long, and with which exit code; with `nodes="process"` their command lines really run here, as
`processes` tells. Life cycles are the rows of `transitions.TRANSITIONS`; the clock moves them
(`Emulator.clock.advance`), and what is to stay in a state can be held there (`Emulator.hold`). The
control endpoints under `/_emulator/` are told in `control`, misbehaviour on demand in `FaultRule`.
"""

from __future__ import annotations

from .clock import Clock
from .emulator import DEVELOPMENT_ACCOUNT, DEVELOPMENT_KEY, Emulator
from .fault_rules import FaultRule, read_rules
from .faults import Faults
from .request_log import RequestRecord

__all__ = [
    "DEVELOPMENT_ACCOUNT",
    "DEVELOPMENT_KEY",
    "Clock",
    "Emulator",
    "FaultRule",
    "Faults",
    "RequestRecord",
    "read_rules",
]
